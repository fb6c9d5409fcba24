"""Fields that several sheets have: name, hospital, days, disease, amounts. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import TypeVar

from services.evidence.recognition.labels import Mark
from services.evidence.recognition.layout import Page, Running, Token, joined, same_row, spanned
from services.evidence.recognition.lines import Found
from services.evidence.recognition.places import Reader, Value
from services.evidence.recognition.values import Day, amounts_in, count_in, days_in, name_in, written

PROVEN, DOUBTED = 0.995, 0.8
TOLD = 0.89             # of what no label names: read out of a sentence, or from where it stands. Never certain by itself
_AFTER_WORDS, _WORDS = 0.88, re.compile(r"[\u4e00-\u9fff]{2}")       # words between a label and its value may be another label
_PLACE = r"医院|卫生院|卫生服务中心|医疗中心|保健院|疗养院|诊所|门诊部|防治院|卫生所|妇幼保健中心|中医馆|康复中心|急救中心|肿瘤中心"
_BRANCH = r"(?:\([\u4e00-\u9fff]{1,8}(?:院区|分院|院)\)|[\u4e00-\u9fff]{1,4}院区)?"
_HOSPITAL = re.compile(rf"[\u4e00-\u9fff·()（）]{{2,30}}(?:{_PLACE}){_BRANCH}")
_NOT_HOSPITAL = re.compile(r"^\W*(?:就医|就诊|定点|住院|收治|治疗|经治|诊治|所在)?(?:医疗机构|医院)(?:名称)?\W*"
                           r"(?=[\u4e00-\u9fff]{4})|^\W*(?:盖章|公章|专用章|章(?=\W))\W*|^\W+"
                           r"|^(?:在|于|来|到|经|由|至|赴|为|向|携|持|从)(?=.{4})")
_TITLED = re.compile(r"[\u4e00-\u9fff()·]{0,18}|\W*[A-Za-z .,']*")       # after its name
_NO_PART = re.compile(r"证明|患者|报告|诊断|医师|[由在于至该此我]|^本|单位|机构|名称|日期|盖章|专用|医保|[出住入]院")   # not only a name
_ADVICE = re.compile(r"我院|本院|转院|上级医院|当地医院|外院|他院|贵院|就近|到医院|来医院|社区医院|出院|回院|返院|住院|入院")


def found(page: Page, name: str, value: str, confidence: float, tokens: Iterable[Token]) -> Found:
    """A field with its box."""
    return Found(page.number, name, value, round(max(0.0, min(0.999, confidence)), 4), spanned(tokens))


T = TypeVar("T")


def one(page: Page, name: str, value: Value[T] | None, text: str = "", confidence: float | None = None) -> list[Found]:
    """A field of a value found for a label, or none."""
    if value is None:
        return []
    return [found(page, name, text or str(value.value), value.confidence if confidence is None else confidence, value.tokens)]


def a_name(text: str) -> tuple[str, float] | None:
    """Parse of a name; two to four Han characters are surest."""
    name = name_in(text)
    if not name:
        return None
    if len(name) > 2 and name[-1] in "男女":        # a name, or one with the sex behind it
        return (name[:-1] if len(name) > 3 else name), DOUBTED
    return name, 1.0 if 2 <= len(name) <= 4 or "·" in name else 0.85


def a_day(text: str) -> tuple[Day, float] | None:
    """Parse of the first date in a text."""
    days = days_in(text)
    return (days[0], days[0].sure * (_AFTER_WORDS if _WORDS.search(text[:days[0].start]) else 1.0)) if days else None


def two_days(text: str) -> tuple[tuple[Day, Day], float] | None:
    """Parse of a period: its two dates in order."""
    days = days_in(text)
    if len(days) < 2 or days[0].day > days[1].day:
        return None
    return (days[0], days[1]), min(days[0].sure, days[1].sure)


def money(text: str) -> tuple[Decimal, float] | None:
    """Parse of an amount."""
    amounts = amounts_in(text)
    if not amounts or (amounts[0].sure <= 0.8 and re.match(r"\s*(?:[.、)]|[\u4e00-\u9fff])", text[amounts[0].end:])):      # 3.按病种
        return None
    words = re.sub(r"人民币|金额|元|共|计|为", "", text[:amounts[0].start])
    return amounts[0].yuan, amounts[0].sure * (_AFTER_WORDS if _WORDS.search(words) else 1.0)


def count(text: str) -> tuple[int, float] | None:
    """Parse of a number of days; dates are none."""
    if days_in(text) or re.search(r"\d[.,]\d", text):
        return None
    number = count_in(text)
    return (number, 1.0) if number is not None and number < 1000 else None


def a_date(reader: Reader, field: str, key: str = "") -> list[Found]:
    """A field that is the date behind a label."""
    value = reader.value(key or field, a_day)
    return one(reader.page, field, value, value.value.day.isoformat()) if value else []


def in_order(fields: list[Found], *names: str) -> list[Found]:
    """The fields; dates that do not follow each other as named are doubted."""
    days = [field.value for name in names for field in fields if field.name == name]
    if days == sorted(days):
        return fields
    return [replace(field, confidence=min(field.confidence, DOUBTED)) if field.name in names else field for field in fields]


def name(reader: Reader, field: str = "name", key: str = "name") -> list[Found]:
    """The person's name; the same name at two places proves itself, another at the second place casts doubt."""
    values = sorted((value for value in reader.values(key, a_name)
                     if value.mark.sure >= 0.95 or same_row(value.tokens[0], value.mark.token) or _fills(value)),
                    key=lambda value: -value.confidence)
    if not values:
        return _told_name(reader, field)
    best = values[0]
    same = [value for value in values[1:] if value.value == best.value]
    confidence = PROVEN if same else best.confidence
    if any(value.value != best.value and (value.confidence > 0.85 or not same) for value in values[1:]):
        confidence = min(confidence, DOUBTED)
    return one(reader.page, field, best, best.value, confidence)


def _fills(value: Value[str]) -> bool:
    """Whether a name is all that stands under a label that stands alone."""
    return value.mark.start == 0 and value.tokens[0].text.strip() == value.value


_WHO = r"(?:(?:兹有|兹证明|兹)?(?:患者|病人|病员|参保人|被保险人|就诊人)|兹有|兹证明)\s*:?\s*"
_SEX = r"\s*(?:同志|女士|先生)?\s*[,、(/|]?\s*(?:性别)?\s*:?\s*[男女]\s*(?:性)?\s*"
_HAN = r"([\u4e00-\u9fff·]{2,12}?)"
_TOLD = re.compile(rf"(?:{_WHO}|(?<=\n)){_HAN}{_SEX}[,、;。)/|]?\s*(?:年龄|现年)?\s*:?\s*\d{{1,3}}\s*[岁周,]")
_TOLD_SEX = re.compile(rf"{_WHO}{_HAN}{_SEX}[,、;。)]")


def _told_name(reader: Reader, field: str) -> list[Found]:
    """A name told in a sentence: 兹有患者某某，女，51岁."""
    lined = Running(reader.tokens, "\n")
    for pattern in (_TOLD, _TOLD_SEX):
        match = pattern.search("\n" + lined.text)
        read = a_name(match[1]) if match else None
        if match and read:
            tokens = lined.tokens(match.start(1) - 1, match.end(1) - 1)
            return [found(reader.page, field, read[0], min(token.confidence for token in tokens) * TOLD * read[1], tokens)]
    return _by_sex(reader, field)


_SEXED = re.compile(r"(?:^|\s)(?:性\s*别|[男女](?=$|[\s/,]))")


def _by_sex(reader: Reader, field: str) -> list[Found]:
    """Whom nothing names stands before his sex in one row: behind an unknown label, or alone in his cell."""
    for token in reader.tokens:
        match = _SEXED.search(token.text)
        if match is None:
            continue
        before = [token.part(0, match.start())] if match.start() else []
        for part in (*before, *reader.page.left_of(token)[:2]):
            start = max(part.text.rfind(":"), part.text.rfind(" ", 0, len(part.text.rstrip())), part.text.rfind("]")) + 1
            text = part.text[start:].strip()
            read = a_name(text)
            if read and read[0] == text:
                return [found(reader.page, field, read[0], part.confidence * DOUBTED, [part.part(start, len(part.text))])]
    return []


def a_hospital(text: str) -> tuple[str, float] | None:
    """Parse of a hospital's name."""
    parts = [part for part in text.split() if _HOSPITAL.search(part)]
    text = parts[0] if parts else text.replace(" ", "")
    match = _HOSPITAL.search(text)
    if match is None and re.fullmatch(r"[\u4e00-\u9fff]{4,24}医", text):    # a stamp covers the last sign
        return written(text) + "院", 0.8
    if not match or _ADVICE.search(match.group()):
        return None
    place = written(_NOT_HOSPITAL.sub("", match.group()))
    sure = DOUBTED if _NO_PART.search(place) else 1.0 if match.start() == 0 else 0.95
    return (place, sure) if len(place) > 3 else None


def hospital(reader: Reader, key: str = "hospital") -> list[Found]:
    """The hospital: behind its label, else in the head of the sheet, else anywhere (a signature, a stamp's text)."""
    labelled = reader.value(key, a_hospital)
    head = _in_head(reader)
    if labelled and head and head.value == labelled.value:
        return one(reader.page, "hospital", head, head.value, PROVEN)
    if labelled and head and head.confidence >= 0.9:        # a head that is as good says another: whose sheet is it?
        return one(reader.page, "hospital", labelled, labelled.value, min(labelled.confidence, DOUBTED))
    if labelled:
        return one(reader.page, "hospital", labelled, labelled.value)
    return one(reader.page, "hospital", head, head.value) if head else _told_hospital(reader)


_AT = re.compile(rf"(?:在|于|至|到|来|赴)([\u4e00-\u9fff·()]{{2,24}}?(?:{_PLACE}){_BRANCH})"
                 r"\s*(?=[\u4e00-\u9fff]{0,6}(?:住院|就诊|治疗|就医|门诊|入院|手术))")


def _told_hospital(reader: Reader) -> list[Found]:
    """A hospital told in a sentence: 于某日在某医院住院治疗."""
    for match in _AT.finditer(reader.running.text):
        place = a_hospital(match[1])
        if place:
            tokens = reader.running.tokens(match.start(1), match.end(1))
            return [found(reader.page, "hospital", place[0], min(token.confidence for token in tokens) * 0.88, tokens)]
    return []


def _in_head(reader: Reader) -> Value[str] | None:
    """Largest letters first, among lines that name a hospital."""
    best: tuple[float, Value[str]] | None = None
    names: set[str] = set()
    for token in reader.tokens:
        text = re.sub(r"^[^\w]+|\s", "", token.text)
        match = _HOSPITAL.match(text)
        place = a_hospital(text) if match and len(text) < 45 else None
        if place is None or match is None or reader.claimed(token) or any(mark.start == 0 for mark in reader.of(token)):
            continue
        names.add(place[0])
        weight = token.height / reader.page.unit + (1.0 if token.box.top < 0.3 else 0.3 if token.box.top > 0.6 else 0.0)
        sure = place[1] * (0.98 if token.box.top < 0.3 else 0.92) if _TITLED.fullmatch(text[match.end():]) else TOLD
        value = Value(place[0], token.confidence * sure, (_where(token, place[0]),), Mark("", "", token, 0, 0, 1.0))
        if best is None or weight > best[0] + 1e-9:
            best = (weight, value)
    if best and len(names) > 1:
        return replace(best[1], confidence=min(best[1].confidence, DOUBTED))
    return best[1] if best else None


def _where(token: Token, text: str) -> Token:
    """The part of a token where a text stands, else all of it."""
    plain = text.replace("（", "(").replace("）", ")")
    start = token.text.find(plain)
    return token.part(start, start + len(plain)) if start >= 0 else token


_ITEM = re.compile(r"(?:^|(?<=[^\d.])|(?<=[。;)]))\s*(?:\d\s*[.、)](?!\d)|[①②③④⑤⑥]|\([1-9]\))\s*")
_DISEASE = re.compile(r"癌|瘤|[病炎症征痛血肿]|白血|梗[死塞]|衰竭|硬化|骨折|损伤|结石|息肉|囊|狭窄|畸形|转移|恶性|移植"
                      r"|术后|阻塞|破裂|中毒|烧伤|昏迷|瘫|CIN|LSIL|HSIL")
_NO_DISEASE = re.compile(r"待查|待定|详见|见上|医院|医师|日期|\d{4}[-年.]|建议|患者|检查|治疗|镜下|所见")
_HEDGED = re.compile(r"考虑|符合|倾向|可能|提示|疑|不除外|不排除|建议|结合")
_SEEN = re.compile(r"^(?:可?见|查见|找到|检出|发现)[^，,。]{1,14}[，,]\s*(?:考虑|符合|倾向于?|提示)为?(?=.)")
_CLEAR = re.compile(r"^(?:切缘|脉管|神经|淋巴结|周围|断端|残端).{0,14}(?:未见|阴性|未累及|净)|^未见")
_ENDS = re.compile(r"处理意见|医师意见|建议|注意事项|医师|医生|签名|日期|\(?以下空白\)?|特此证明"
                   r"|免疫组化|IHC|注:|\s(?:治愈|好转|未愈|未治)")


def disease(reader: Reader, key: str = "disease", *, most: int = 5) -> list[Found]:
    """A diagnosis: a text that may run over lines, without its number, up to the next label or the end of the sentence.

    The longest label says most exactly what follows (出院诊断 before 诊断).
    """
    for mark in sorted(reader.marks(key), key=lambda mark: (mark.passing, mark.kin, -len(mark.name), -mark.sure)):
        tokens = _past_specimen(reader, reader.block(mark, most=most))
        told = "".join(token.text if index == 0 else _joint(tokens[index - 1], token) for index, token in enumerate(tokens))
        text = diagnosis_text(told)
        if len(text) >= 2 and re.search(r"[\u4e00-\u9fff]", text) and (_DISEASE.search(text) or not (mark.passing or mark.glued)):
            sure = joined(tokens).confidence * mark.sure * (0.96 if len(tokens) == 1 else TOLD)
            clear = _DISEASE.search(text) and not _NO_DISEASE.search(text) and not _HEDGED.search(told)
            sure = sure if clear else min(sure, DOUBTED)
            return [found(reader.page, "disease", text, sure, tokens)]
    return []


_ILL = re.compile(r"\W*(?:\d\s*[.、)])?\s*((?:\([^()]{1,12}\))?[\u4e00-\u9fffA-Z0-9Ⅰ-Ⅻ()]{1,24}"
                  r"(?:癌|瘤|[病炎症]|白血病|梗[死塞]|出血|衰竭|硬化|骨折|[期级])(?:\([^()]{1,16}\))?)\W*(?:ICD|[A-Z]\d\d|$)")
_OF_OTHERS = re.compile(r"入院|门诊|初步|临床|术前|待查|既往|史|否认|未见|科$|病历|病理|主治|因|大病|重大疾|疾病$")


def disease_alone(reader: Reader) -> list[Found]:
    """A diagnosis that no label names: a line that is one and nothing else, the lowest such line in the upper three quarters."""
    for token in reversed(reader.tokens):
        match = _ILL.fullmatch(token.text.strip()) or _ILL.match(token.text.strip())
        if match and token.box.top < 0.8 and not _OF_OTHERS.search(token.text) and not _NO_DISEASE.search(token.text) \
                and not reader.page.left_of(token)[1:]:
            text = diagnosis_text(re.sub(r"^.{0,6}诊断(?:[为是])?", "", match[1]))
            if len(text) > 2:
                return [found(reader.page, "disease", text, token.confidence * 0.7, [token])]
    return []


def _past_specimen(reader: Reader, tokens: list[Token]) -> list[Token]:
    """What is diagnosed stands under a bracket that only says of what: (切除标本)."""
    if len(tokens) != 1 or not re.fullmatch(r"\s*\([^()]*(?:标本|组织|活检|穿刺|切片|切除|镜)[^()]*\)\s*", tokens[0].text):
        return tokens
    last = tokens[0]
    under = [token for token in reader.page.between(last.y + 0.5 * last.height, last.y + 2.4 * max(last.height, reader.page.unit))
             if not reader.of(token)]
    return [min(under, key=lambda token: (token.y, token.left))] if under else tokens


def _joint(before: Token, after: Token) -> str:
    if re.match(r"\s*[2-9]\s*[.、)]", after.text) and after.y - before.y > before.height / 2:
        return "；" + re.sub(r"^\s*[2-9]\s*[.、)]\s*", "", after.text)
    latin = before.text[-1:].isascii() and before.text[-1:].isalnum() and after.text[:1].isascii() and after.text[:1].isalnum()
    return (" " if latin and abs(before.y - after.y) < before.height / 2 else "") + after.text


def diagnosis_text(text: str) -> str:
    """A diagnosis without what is around it: its number in a list, the closing stop, words of the form."""
    end = _ENDS.search(text)
    text = text[:end.start()] if end and end.start() > 1 else text
    text = re.sub(r"^\s*\((?=[^()]*(?:标本|送检|切除|活检|穿刺|组织))[^()]{2,16}\)\s*(?=.)", "", text)
    text = re.sub(r"\s*\(?[A-Z]\d\d\.[\dxX]{1,5}(?![\dxX]).*$", "", _SEEN.sub("", text.strip()))
    text = re.split(r"。(?!\s*\d\s*[.、)])", text.strip(" 。"))[0]
    text = re.sub(r"[(\[]?\s*(?:ICD-?1[01]\s*(?:编码)?\s*[:.]?\s*)?[A-Z1Il]\d\d(?:\.[\dxX]{1,5})?(?:/\d)?\s*[)\]]\s*$", "", text)
    text = re.sub(r"\s*[(\[]?\s*ICD.{0,24}$", "", text)
    parts = [written(part).strip("。.；;，、_") for item in _ITEM.split(text) for part in re.split(r"[；;]{2,}", item)]
    return "；".join([part for part in parts if part and not _CLEAR.search(part)] or parts[:1])
