"""居民身份证 (GA 490, GB 11643): the number's check digit proves it, and the number proves birthday and sex. Pure."""

from __future__ import annotations

import re

from services.core.identity import Identity, check_identity
from services.evidence.recognition.common import DOUBTED, PROVEN, a_day, a_name, found, one
from services.evidence.recognition.labels import Labels
from services.evidence.recognition.layout import Page, Token
from services.evidence.recognition.lines import Found
from services.evidence.recognition.places import Reader
from services.evidence.recognition.values import days_in, digits

_LABELS = Labels("id_card", glued=True)
_NUMBER = re.compile(r"(?<!\d)[1-9lIZSB](?:\s?[\dOoQDlI|iZSB]){16}\s?[\dXxOol×K](?!\d)")


def read(page: Page) -> list[Found]:
    """Both sides, or one of them."""
    reader = Reader(page, _LABELS)
    number, tokens = _number(reader)
    out: list[Found] = []
    if number:
        out.append(found(page, "number", number.number, PROVEN if number.valid else 0.6, tokens))
    holder = reader.value("name", a_name)
    out += one(page, "name", holder, holder.value if holder else "")
    return out + _sex(reader, number, tokens) + _born(reader, number, tokens) + _valid(reader)


def _number(reader: Reader) -> tuple[Identity | None, tuple[Token, ...]]:
    best: tuple[Identity | None, tuple[Token, ...]] = (None, ())
    for token in reader.tokens:
        for tokens in ((token,), (token, *reader.page.right_of(token)[:4])):
            text = "".join(part.text for part in tokens)
            for match in _NUMBER.finditer(text):
                body = re.sub(r"\s", "", match.group())
                check = check_identity(digits(body[:17]) + re.sub(r"[xX×K]", "X", digits(body[17]) if body[17] not in "xX×K" else "X"))
                if check.valid or best[0] is None:
                    where = (token.part(match.start(), match.end()),) if len(tokens) == 1 else tokens
                    best = (check, where)
                if check.valid:
                    return best
    return best


def _sex(reader: Reader, number: Identity | None, tokens: tuple[Token, ...]) -> list[Found]:
    told = reader.value("sex", lambda text: (text.strip()[0], 1.0) if text.strip()[:1] in ("男", "女") else None)
    proven = {"M": "男", "F": "女"}.get(number.sex or "") if number and number.valid else None
    if told:
        sure = told.confidence if proven is None else PROVEN if proven == told.value else DOUBTED
        return one(reader.page, "sex", told, told.value, sure)
    return [found(reader.page, "sex", proven, 0.97, tokens)] if proven else []


def _born(reader: Reader, number: Identity | None, tokens: tuple[Token, ...]) -> list[Found]:
    told = reader.value("born", a_day)
    proven = number.born if number and number.valid else None
    if told and proven and told.value.day != proven and told.confidence < 0.97:
        told = None
    if told:
        sure = told.confidence if proven is None else PROVEN if proven == told.value.day else DOUBTED
        return one(reader.page, "born", told, told.value.day.isoformat(), sure)
    return [found(reader.page, "born", proven.isoformat(), 0.97, tokens)] if proven else []


def _until(text: str) -> tuple[str, float] | None:
    days = days_in(text)
    return ("长期", 1.0) if re.match(r"\s*长\s*期", text) else (days[0].day.isoformat(), days[0].sure) if len(days) == 1 else None


def _valid(reader: Reader) -> list[Found]:
    """The second day of the period, or 长期; periods are of 5, 10 or 20 years, which proves both days."""
    until = reader.value("until", _until)
    if until:
        return one(reader.page, "valid_until", until, until.value)
    for token in reader.tokens:
        days = days_in(token.text)
        if days and re.search(r"长\s*期", token.text[days[0].end:]):
            return [found(reader.page, "valid_until", "长期", token.confidence, (token.part(days[0].start, len(token.text)),))]
        if len(days) == 2 and days[1].day > days[0].day:
            first, last = days[0].day, days[1].day
            years = (last.year - first.year) if (first.month, first.day) == (last.month, last.day) else 0
            sure = PROVEN if years in (5, 10, 20) else 0.85
            return [found(reader.page, "valid_until", last.isoformat(), sure, (token.part(days[0].start, days[1].end),))]
    return []
