"""火灾事故认定书 and its shorter kin: number, who, where, when and why; most of it told in sentences. Pure."""

from __future__ import annotations

import re
from statistics import median

from services.evidence.recognition.common import a_day, a_name, found, in_order, name, one
from services.evidence.recognition.labels import Labels
from services.evidence.recognition.layout import Page, Token, joined, overlap
from services.evidence.recognition.lines import Found
from services.evidence.recognition.places import Reader
from services.evidence.recognition.values import days_in, written

_LABELS = Labels("fire")
_CITED = re.compile(r"(?:\([\u4e00-\u9fff]{1,4}\)\s*)?[\u4e00-\u9fff]{1,12}\s*\[?\(?\s*(?:19|20)\d\d\s*[\])]?\s*第?\s*\d{1,6}\s*号")
_LEVELS = re.compile(r"简\s*认|简\s*字|认\s*字|认\s*定|消\s*火|火\s*认|消")
_CAUSE = re.compile(r"(?:(?:起火|火灾|事故|失火)的?原因\s*(?:为|是|系)\s*:?|(?:火灾|起火|火情)(?:系|是|因|由))\s*([^。;；]{3,90}?)"
                    r"(?=。|;|；|所致|引起(?:的|,|。)|引发(?:的|,|火灾)|造成(?:的|,|火灾)|$)")
_PLACE = re.compile(r"(?:位于|地处|地址为|[称在于]|[,，])\s*,?\s*([\u4e00-\u9fffA-Za-z0-9()#-]{6,60}?)\s*(?:突然)?"
                    r"(?:发生|突发|起火|失火|着火|的|(?=居民|村民|住户|户主|业主|当事人))")
_WHO = re.compile(r"(?:当事人|户主|村民|居民|业主|房主|承租人)\s*([\u4e00-\u9fff·]{2,12}?)(?=[\s(,、:;的家男女]|位于|于|在|$)")
_OF = re.compile(r"的(?:当事人|居民|村民|住户|户主|业主)?([\u4e00-\u9fff·]{2,12}?)(?:的)?(?:家|户|住宅|住处|住房|房屋|居所|自建房|院落|宅)"
                 r"(?:内|中)?(?:突然)?(?:发生|突发|起火|失火|着火)")      # 的某某家发生火灾
# 关于某某家火灾事故原因的认定书
_ABOUT = re.compile(r"关于([\u4e00-\u9fff·]{2,12}?)(?:家|户|住宅|住所)(?:的)?(?:发生)?(?:火灾|起火|失火)")
_ADDRESSED = re.compile(r"(?:^|[\s,。:;])(?:兹?证明|兹有)?(?:当事人|户主|居民|村民)?([\u4e00-\u9fff·]{2,12})"
                        r"\s*\(\s*(?:男|女|身份证|公民身份|证件)")
_NOT_ISSUED = re.compile(r"送达|受理|报警|接警|接报|勘验|打印|出生|签收|申请|调查|起火|失火|收到|复核|有效|立案|出警|扑灭")
_CUT = 0.89             # of a text whose end was not seen
_PROSE = 0.89           # of a sentence: nothing on the sheet proves where it begins and ends
# Words around a cause.
_AROUND = re.compile(r"^(?:经|根据|综合)[^，,]{0,12}[，,]|[，,](?:并|进而|从而|最终)?(?:蔓延|引发|造成|导致|酿成)[^，,]{0,8}$|所致$")
_WHOLE_PLACE = re.compile(r".*[市区县镇乡村路街巷道里].*(?:室|号|户|组|队|层|楼|栋|幢|院|区|村|店|厂|房|元|库|场|部|家)$")
_NO_PLACE = re.compile(r"[年月日]\d|\d{4}年|火灾|报警|许$|时许|本火|当事人对")


def read(page: Page) -> list[Found]:
    """All fields: labels first, then what the sentences tell."""
    reader = Reader(page, _LABELS)
    return _number(reader) + _who(reader) + _where(reader) + in_order(_days(reader), "on", "issued_on") + _why(reader)


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


def _who(reader: Reader) -> list[Found]:
    told = name(reader)
    if told:
        return told
    for token in reader.tokens:
        match = _ADDRESSED.search(token.text) or _WHO.search(token.text)
        read = a_name(match[1]) if match else None
        if match and read:
            return [found(reader.page, "name", read[0], token.confidence * 0.89, (token.part(match.start(1), match.end(1)),))]
    match = _ABOUT.search(reader.running.text) or _OF.search(reader.running.text) or _WHO.search(reader.running.text)
    read = a_name(match[1]) if match else None
    if match and read:
        tokens = reader.running.tokens(match.start(1), match.end(1))
        return [found(reader.page, "name", read[0], min(token.confidence for token in tokens) * _PROSE, tokens)]
    return []


def _where(reader: Reader) -> list[Found]:
    best: list[Found] = []
    for mark in (*reader.marks("place"), *reader.marks("place_else")):
        tokens = reader.block(mark, most=2)
        tokens = tokens[:1] if re.search(r"[,;。]\s*$", mark.token.text) else tokens
        if not tokens:
            continue
        text = written(re.split(r"[。,，;；]", "".join(token.text for token in tokens))[0])
        text = re.sub(r"^(?:[及和与]?(?:地点|地址|部位|位置|场所)[:：])?(?:你|您)?(?:户|家|单位)?(?:位于|地处|在|为|是)?", "", text)
        whole = _WHOLE_PLACE.fullmatch(text) and not _NO_PLACE.search(text)
        if len(text) > 3 and (whole or not best):
            best = [found(reader.page, "place", text, joined(tokens).confidence * mark.sure * (1.0 if whole else _CUT), tokens)]
        if whole:
            break
    if best:
        return best
    text, tokens_of = reader.running.text, reader.running.tokens
    for match in _PLACE.finditer(text):
        if _NO_PLACE.search(match[1]) or not re.search(r"\d|[路街巷号村镇区县院室]", match[1]):
            continue
        where = written(re.sub(r"^(?:你|您)?(?:位于|地处|在)|(?:的?当事人|居民|村民|户主|住户).*$", "", match[1]))
        return [found(reader.page, "place", where, 0.88, tokens_of(match.start(1), match.end(1)))]
    return []


def _days(reader: Reader) -> list[Found]:
    """The day of the fire, behind its label or in its sentence; the day of the paper at its foot."""
    out: list[Found] = []
    fire, issued = reader.value("on", a_day), reader.value("issued_on", a_day)
    text, tokens_of = reader.running.text, reader.running.tokens
    days = days_in(text)
    if fire:
        out += one(reader.page, "on", fire, fire.value.day.isoformat())
    else:
        told = [day for day in days if re.match(r"[^。]{0,80}(?:起火|火灾|失火|着火)", text[day.end:])]
        for day in told[:1]:
            tokens = tokens_of(day.start, day.end)
            out.append(found(reader.page, "on", day.day.isoformat(), min(token.confidence for token in tokens) * day.sure * 0.89, tokens))
    if issued:
        return out + one(reader.page, "issued_on", issued, issued.value.day.isoformat())
    middle = median(token.y for token in reader.tokens)
    for token in reversed(reader.tokens):
        own = days_in(token.text)
        if own and len(token.text.replace(" ", "")) < 24 and token.y > middle and not _NOT_ISSUED.search(_beside(reader, token)):
            sure, part = token.confidence * own[0].sure * 0.89, token.part(own[0].start, own[0].end)
            return [*out, found(reader.page, "issued_on", own[0].day.isoformat(), sure, (part,))]
    return out


def _beside(reader: Reader, token: Token) -> str:
    """The words of a date: its own line, and what stands left of it or over it when it stands alone."""
    if re.search(r"[\u4e00-\u9fff]{2}", token.text):
        return token.text
    left = next(iter(reader.page.left_of(token)), None)
    rows = reader.page.between(token.y - 2.2 * token.height, token.y - 0.5 * token.height)
    over = [other for other in rows if overlap(other, token) > 0.3]
    return "".join(other.text for other in (*([left] if left else []), *over[-1:]) if len(other.text) < 16)


def _why(reader: Reader) -> list[Found]:
    for mark in reader.marks("cause"):
        tokens = reader.block(mark, most=4)
        text = written("".join(token.text for token in tokens)) if tokens else ""
        text = re.sub(r"^(?:认定)?(?:如下)?[：:]?(?:(?:起火|火灾|失火)原因)?(?:为|系|是)?", "", text.split("。")[0])
        told = re.search(r"原因[：:]?(?:为|系|是)[：:]?", text)
        text = re.sub(r"^(?:认定|系|为|是)+", "", _AROUND.sub("", text[told.end():] if told else text))
        if len(text) > 2:
            sure = joined(tokens).confidence * mark.sure * _PROSE
            return [found(reader.page, "cause", text.strip("。；，：:"), sure, tokens)]
    text, tokens_of = reader.running.text, reader.running.tokens
    match = _CAUSE.search(text)
    if match:
        return [found(reader.page, "cause", written(match[1]).strip("。；，：:"), _PROSE, tokens_of(match.start(1), match.end(1)))]
    return []
