"""火灾事故认定书 and its shorter kin: number, who, where, when and why; most of it told in sentences. Pure."""

from __future__ import annotations

import re
from statistics import median

from services.evidence.recognition import fire_told as told
from services.evidence.recognition.common import a_day, found, in_order, name, one
from services.evidence.recognition.labels import Labels
from services.evidence.recognition.layout import Page, Token, joined, overlap
from services.evidence.recognition.lines import Found
from services.evidence.recognition.places import Reader
from services.evidence.recognition.values import Day, days_in, written

_LABELS = Labels("fire")
_CITED = re.compile(r"(?:\([\u4e00-\u9fff]{1,4}\)\s*)?[\u4e00-\u9fff]{1,12}\s*\[?\(?\s*(?:19|20)\d\d\s*[\])]?\s*第?\s*\d{1,6}\s*号")
_LEVELS = re.compile(r"简\s*认|简\s*字|认\s*字|认\s*定|消\s*火|火\s*认|消")
_NOT_ISSUED = re.compile(r"送达|受理|报警|接警|接报|勘验|打印|出生|签收|申请|调查|起火|失火|收到|复核|有效|立案|出警|扑灭")
_OFFICE = re.compile(r"(?:[大支总]队|消防[\u4e00-\u9fff]{0,6}|派出所|委员会|中队|队|局|站)\s*(?:\(.{1,3}\))?$|\((?:印章|盖章|公章|章)\)")
_LIKELY = 0.6           # of an address that may be one
_GUESSED = 0.7          # of a day that only its place in time tells
_CUT = 0.89             # of a text whose end was not seen


def read(page: Page) -> list[Found]:
    """All fields: labels first, then what the sentences tell."""
    reader = Reader(page, _LABELS)
    return _number(reader) + (name(reader) or told.who(reader)) + _where(reader) + in_order(_days(reader), "on", "issued_on") + _why(reader)


def _number(reader: Reader) -> list[Found]:
    """The document's number: 宁消火认字〔2026〕第0012号, written with the brackets 〔 〕."""
    for token in reader.tokens:
        text = token.text
        match = _CITED.search(text)
        if match and "中华" not in match.group():
            shown = re.sub(r"\s", "", match.group())
            shown = re.sub(r"^[^\[(]*?(?:文号|编号|文书号|字号)[:：]?", "", shown)
            shown = re.sub(r"^\(([^()]*)\)", r"（\1）", shown)
            shown = re.sub(r"[\[(]?((?:19|20)\d\d)[\])]?", r"〔\1〕", shown, count=1)
            sure = token.confidence * (0.99 if _LEVELS.search(shown) else 0.9)
            return [found(reader.page, "number", shown, sure, (token.part(match.start(), match.end()),))]
    return []


def _where(reader: Reader) -> list[Found]:
    """Behind its label, when that is an address and no corner of a room; else as the sentences tell it."""
    best: list[Found] = []
    shape = 0.0
    for mark in (*reader.marks("place"), *reader.marks("place_else")):
        tokens = reader.block(mark, most=2)
        tokens = tokens[:1] if re.search(r"[,;。]\s*$", mark.token.text) else tokens
        if not tokens:
            continue
        text = written(re.split(r"[。,，;；]", "".join(token.text for token in tokens))[0])
        text = re.sub(r"^(?:[及和与]?(?:地点|地址|部位|位置|场所)[:：])?(?:你|您)?(?:户|家|单位)?(?:位于|地处|在|为|是)?", "", text)
        looks = told.whole_place(text)
        if len(text) > 3 and (looks > shape or not best):
            sure = joined(tokens).confidence * mark.sure * (1.0 if looks == 1.0 else _CUT)
            best, shape = [found(reader.page, "place", text, sure, tokens)], looks
        if looks == 1.0:
            return best
    return (told.where(reader) if shape < _LIKELY else []) or best


def _days(reader: Reader) -> list[Found]:
    """The day of the fire, behind its label or in its sentence; the day of the paper at its foot."""
    out: list[Found] = []
    fire, issued = reader.value("on", a_day), reader.value("issued_on", a_day)
    text, tokens_of = reader.running.text, reader.running.tokens
    days = days_in(text)
    if fire:
        out += one(reader.page, "on", fire, fire.value.day.isoformat())
    else:
        fires = [day for day in days if re.match(r"[^。]{0,80}(?:起火|火灾|失火|着火|冒烟)", text[day.end:])]
        for day in fires[:1]:
            tokens = tokens_of(day.start, day.end)
            out.append(found(reader.page, "on", day.day.isoformat(), min(token.confidence for token in tokens) * day.sure * 0.89, tokens))
        if not fires:
            out += _earliest(reader)
    if issued:
        return out + one(reader.page, "issued_on", issued, issued.value.day.isoformat())
    return out + _foot(reader, max((field.value for field in out), default=""))


def _earliest(reader: Reader) -> list[Found]:
    """The first of several days told on the page: nothing of a fire's papers comes before the fire itself."""
    told_of = [(day.day, token, day) for token in reader.tokens for day in days_in(token.text)
               if not re.search(r"出生|施行|公布|修订", token.text)]
    if len({day for day, *_ in told_of}) < 2:
        return []
    first, token, day = min(told_of, key=lambda one: one[0])
    return [found(reader.page, "on", first.isoformat(), token.confidence * _GUESSED, (token.part(day.start, day.end),))]


def _foot(reader: Reader, fire: str) -> list[Found]:
    """A date at the foot that is no other's: under or beside the office's name, else the first after the day of the fire, for what
    was served or signed for comes later."""
    middle, dates = median(token.y for token in reader.tokens), list[tuple[bool, bool, int, Token, Day]]()
    for token in reader.tokens:
        own = days_in(token.text)
        if own and len(token.text.replace(" ", "")) < 24 and token.y > middle and not _NOT_ISSUED.search(_beside(reader, token)):
            near = reader.page.between(token.y - 3.5 * token.height, token.y + 0.5 * token.height)
            office = any(_OFFICE.search(other.text) and len(other.text) < 24 and overlap(other, token) > 0.2 for other in near)
            dates.append((office, own[0].day.isoformat() > fire, -own[0].day.toordinal(), token, own[0]))
    if not dates:
        return []
    *_, token, day = max(dates, key=lambda date: date[:3])
    sure, part = token.confidence * day.sure * 0.89, token.part(day.start, day.end)
    return [found(reader.page, "issued_on", day.day.isoformat(), sure, (part,))]


def _beside(reader: Reader, token: Token) -> str:
    """The words of a date: its own line, and what stands left of it or over it when it stands alone."""
    if re.search(r"[\u4e00-\u9fff]{2}", token.text):
        return token.text
    rows = reader.page.between(token.y - 2.2 * token.height, token.y - 0.5 * token.height)
    over = [other for other in rows if overlap(other, token) > 0.3]
    return "".join(other.text for other in (*reader.page.left_of(token), *over[-1:]) if len(other.text) < 16)


def _why(reader: Reader) -> list[Found]:
    for mark in reader.marks("cause"):
        tokens = reader.block(mark, most=4)
        text = told.cause_text(written("".join(token.text for token in tokens))) if tokens else ""
        if told.is_cause(text):
            return [found(reader.page, "cause", text, joined(tokens).confidence * mark.sure * told.PROSE, tokens)]
    return told.why(reader)
