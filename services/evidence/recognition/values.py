"""From words as they stand on a page to a field's written form: dates, amounts, numbers, names, texts. Pure.

Signs that readers mix up (O for 0, l for 1, 曰 for 日) are mended only where the shape leaves no other meaning: inside a date,
an amount or a number with a check digit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from services.core.errors import InputError
from services.core.identity import check_name
from services.core.words import read_back

_HALF = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {
    ord("\u3000"): ord(" "), ord("\u00a0"): ord(" "), ord("￥"): ord("¥"), ord("〔"): ord("["), ord("〕"): ord("]"),
    ord("【"): ord("["), ord("】"): ord("]"), **dict.fromkeys(map(ord, "「『〖"), ord("[")), **dict.fromkeys(map(ord, "」』〗"), ord("]")),
    ord("—"): ord("-"), ord("–"): ord("-"), ord("－"): ord("-"), ord("―"): ord("-"),
    ord("∶"): ord(":"), ord("︰"): ord(":"), ord("•"): ord("·"), ord("・"): ord("·"), ord("‧"): ord("·"), ord("∙"): ord("·"),
    ord("～"): ord("~"), ord("。"): ord("。")}
# Old shapes in which readers see signs now and then; papers and registers have the new ones.
_OLD = str.maketrans("學總醫國門車陽電術診斷檢驗報費銀號區員東華紅縣專業單質腦腫臟膽療龍馬"
                     "時間開關額實現個綜結統處點線壓燒發熱廚廳樓藥齡別肅寧齊蘭慶貴廣動櫃臥",
                     "学总医国门车阳电术诊断检验报费银号区员东华红县专业单质脑肿脏胆疗龙马"
                     "时间开关额实现个综结统处点线压烧发热厨厅楼药龄别肃宁齐兰庆贵广动柜卧")
_DIGITS = str.maketrans({"O": "0", "o": "0", "〇": "0", "Q": "0", "D": "0", "l": "1", "I": "1", "|": "1", "i": "1", "!": "1",
                         "Z": "2", "z": "2", "S": "5", "s": "5", "B": "8", "G": "6", "b": "6", "g": "9", "q": "9"})
_LIKE = r"0-9OoQDlI|iZzSsBb"
_HAN = r"\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003fffd"
_NUMERALS = {sign: place for place, sign in enumerate("〇一二三四五六七八九")} | {"零": 0, "○": 0, "O": 0, "0": 0}


def plain(text: str) -> str:
    """Every sign in its half-width form, one for one, so that places in the text stay what they are."""
    return text.translate(_HALF).translate(_OLD)


def digits(text: str) -> str:
    """Signs that look like digits as digits."""
    return text.translate(_DIGITS)


@dataclass(frozen=True, slots=True)
class Day:
    """A date in a text, and how sure its shape is (1 when year, month and day are set apart)."""

    day: date
    start: int
    end: int
    sure: float = 1.0


_Y, _M = rf"([12{{}}][{_LIKE}]\s?[{_LIKE}]\s?[{_LIKE}])".replace("{}", "ZzlI|"), rf"([{_LIKE}]{{1,2}})"
_CHINESE_DATE = re.compile(rf"(?<![{_LIKE}]){_Y}\s*[年]\s*{_M}\s*[月]\s*{_M}\s*(?:[日曰目号口]|(?![{_LIKE}]))")
_SIGN_DATE = re.compile(rf"(?<![{_LIKE}.]){_Y}\s*([-./,·年])\s*{_M}\s*[-./,·月]\s*{_M}(?:(?![{_LIKE}])|(?=[{_LIKE}]{{1,2}}\s*:))\s*日?")
_LOOSE_DATE = re.compile(rf"(?<![{_LIKE}]){_Y}\s*[-./年 ]\s*([{_LIKE}]{{2}})\s*[-./月 ]?\s*([{_LIKE}]{{2}})"
                         rf"(?=$|[^{_LIKE}]|[{_LIKE}]{{1,2}}:)")
_CLOCKED_DATE = re.compile(r"(?<!\d)((?:19|20)\d\d)[-./](\d{1,2})[-./](\d{1,2})(?=(?:0\d|1\d|2[0-3]):[0-5]\d)")      # 2026/6/710:50:33
_SOLID_DATE = re.compile(r"(?<!\d)((?:19|20)\d\d)([01]\d)([0-3]\d)(?!\d)")
_NUMERAL_DATE = re.compile(r"([〇一二三四五六七八九零○O0]{4})年([一二三四五六七八九十]{1,2})月([一二三四五六七八九十]{1,3})[日曰]")
_SAME_YEAR = re.compile(rf"\s*(?:日|曰)?\s*(?:至|到|-+|~)\s*{_M}\s*[月./-]\s*{_M}\s*[日曰]?(?![{_LIKE}./-])")


def days_in(text: str) -> list[Day]:
    """All dates in a text from left to right; such as do not exist in the calendar are none."""
    found: list[Day] = []
    for day in _dates(text):
        if all(day.end <= other.start or day.start >= other.end for other in found):
            found.append(day)
    return sorted(found + list(_same_year(text, found)), key=lambda day: day.start)


def _dates(text: str) -> Iterator[Day]:
    for match in _CHINESE_DATE.finditer(text):
        yield from _day(match, match[1], match[2], match[3])
    for match in _CLOCKED_DATE.finditer(text):
        yield from _day(match, match[1], match[2], match[3], 0.97 if len(match[3]) > 1 else 0.88)
    for match in _SIGN_DATE.finditer(text):
        yield from _day(match, match[1], match[3], match[4])
    for match in _NUMERAL_DATE.finditer(text):
        year = "".join(str(_NUMERALS[sign]) for sign in match[1])
        yield from _day(match, year, str(_ten(match[2])), str(_ten(match[3])))
    for match in _SOLID_DATE.finditer(text):
        yield from _day(match, match[1], match[2], match[3], 0.93)
    for match in _LOOSE_DATE.finditer(text):
        yield from _day(match, match[1], match[2], match[3], 0.88)


def _day(match: re.Match[str], year: str, month: str, day: str, sure: float = 1.0) -> Iterator[Day]:
    parts = [digits(part).replace(" ", "") for part in (year, month, day)]
    try:
        read = date(int(parts[0]), int(parts[1]), int(parts[2]))
    except ValueError:
        return
    mended = parts != [year.replace(" ", ""), month, day]
    if 1900 <= read.year <= 2100:
        uneven = (len(month) == 1 and day[0] == "0") or (len(day) == 1 and month[0] == "0")     # 2026-09-1: a figure may be lost
        yield Day(read, match.start(), match.end(), sure * (0.97 if mended else 1.0) * (0.88 if uneven else 1.0))


def _same_year(text: str, found: list[Day]) -> Iterator[Day]:
    """The second day of 2026年9月1日至9月12日, which does without a year."""
    for first in found:
        match = _SAME_YEAR.match(text, first.end)
        if match and all(match.end() <= other.start or first.end > other.start for other in found):
            yield from _day(match, str(first.day.year), match[1], match[2], 0.95)


def _ten(words: str) -> int:
    """十二 → 12, 二十 → 20, 三十一 → 31."""
    tens, ten, ones = words.partition("十")
    return (_NUMERALS.get(tens, 1) * 10 if ten else _NUMERALS[words[0]]) + (_NUMERALS.get(ones, 0) if ten and ones else 0)


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount of yuan in a text."""

    yuan: Decimal
    start: int
    end: int
    sure: float = 1.0

    @property
    def written(self) -> str:
        """With two decimals."""
        return f"{self.yuan:.2f}"


_MONEY = re.compile(
    r"(?P<sign>[¥Y羊]\s*)?(?P<body>-?\d[\dOolI]{0,2}(?:[,，.\s]\s?[\dOo]{3})+[.,]\s?[\dOol]{1,2}|-?\d[\dOol]*\s?[.]\s?[\dOol]{1,4}"
    r"|-?\d{1,3}(?:,\d{3})+|-?\d+)(?![\d%])\s*(?P<yuan>元)?")


def amounts_in(text: str) -> list[Amount]:
    """All amounts in a text; parts of dates are none, whole numbers only behind ¥ or before 元 (`sure` less when bare)."""
    spans = [(day.start, day.end) for day in days_in(text)]
    read = (_amount(match) for match in _MONEY.finditer(text)
            if all(match.end() <= start or match.start() >= end for start, end in spans))
    return [amount for amount in read if amount]


def _amount(match: re.Match[str]) -> Amount | None:
    body = re.sub(r"\s", "", match["body"])
    whole, fraction = _split(body)
    mended = digits(whole + fraction)
    if len(fraction) > 2 and fraction.strip("0")[2:]:
        return None
    try:
        yuan = Decimal(f"{digits(whole)}.{digits(fraction) or '0'}").quantize(Decimal("0.01"))
    except InvalidOperation:
        return None
    if abs(yuan) >= Decimal(10) ** 10:
        return None
    marked = bool(match["sign"] or match["yuan"])
    sure = 1.0 if len(fraction) == 2 else 0.97 if marked or len(fraction) == 4 else 0.9 if fraction else 0.8
    return Amount(yuan, match.start(), match.end(), sure * (0.97 if mended != whole + fraction else 1.0))


def _split(body: str) -> tuple[str, str]:
    """Yuan and the rest: the last dot or comma before one, two or four places parts them, all others part thousands."""
    found = re.search(r"[.,，]([\dOolI]{1,2}|[\dOolI]{4})$", body)
    whole, fraction = (body[:found.start()], found[1]) if found else (body, "")
    return re.sub(r"[.,，]", "", whole), fraction


_UPPER = re.compile(r"[零〇壹贰叁肆伍陆柒捌玖拾佰仟万亿元圆角分整正壶戴貳參陸贯陌什伯百千億萬弍叄]{2,}")
_UPPER_MEND = str.maketrans({"〇": "零", "圆": "元", "正": "整", "壶": "壹", "貳": "贰", "弍": "贰", "戴": "贰", "參": "叁", "叄": "叁",
                             "陸": "陆", "陌": "佰", "伯": "佰", "百": "佰", "什": "仟", "千": "仟", "億": "亿", "萬": "万"})


def upper_in(text: str) -> tuple[str, Decimal, int, int] | None:
    """An amount in capitals: its words (without 人民币, as the house writes it), what it says, and where it stands."""
    compact = text.replace(" ", "")
    if "元" not in compact and "圆" not in compact:
        return None
    for match in _UPPER.finditer(compact):
        words = match.group().translate(_UPPER_MEND)
        stripped = re.sub(r"零[角分]", "", words)
        for body in (words, stripped, stripped + "整", words.removesuffix("整"), words + "整"):
            try:
                return words, read_back(body), match.start(), match.end()
            except InputError:
                continue
    return None


def number_in(text: str, least: int, most: int) -> str | None:
    """The first run of digits of a length between the two, blanks and dashes inside dropped; None when there is none."""
    for match in re.finditer(r"\d(?:[\s-]?\d)*", text):
        run = re.sub(r"\D", "", match.group())
        if least <= len(run) <= most:
            return run
    return None


def count_in(text: str) -> int | None:
    """A small whole number (days): 12, 12天, 共 12 日, 十二天."""
    match = re.search(r"(?<![\d.])(\d{1,4})(?![\d.])", text)
    if match:
        return int(match[1])
    numeral = re.search(r"([一二三四五六七八九十]{1,3})\s*[天日]", text)
    return _ten(numeral[1]) if numeral and re.fullmatch(r"[一二三四五六七八九]?十?[一二三四五六七八九]?", numeral[1]) else None


_NOT_NAMES = re.compile(r"性别|年龄|先生|女士|同志|住院|门诊|身份|医保|病历|科室|床号|编号|号码|日期|姓名|民族|出生|单位|电话|费用|合计"
                        r"|医院|科别|病区|病房|联系|关系|职业|身高|体重|工作|手机|就诊|入院|出院|签名|盖章")
# Words of forms that are no part of anybody's name.
_NEVER = re.compile(r"证明|意见|签收|签字|地址|住址|回执|陈述|情况|类别|类型|方式|结果|结论|说明|备注|委托|授权|代表|机构|部门"
                    r"|以上|属实|异议|同意|无误|确认|负责|经手|收费|结算|票据|消防|火灾|起火|事故|认定|调查|诊断|病理|标本"
                    r"|报告|临床|治疗|检查|账户|账号|卡号|银行|统筹|支付|自付|自费|金额|费别|医师|医生|护士|审核|复核|操作"
                    r"|打印|职工|居民|城镇|城乡|本院|外院|购买|销售|名称|信息|普通|综合|专用|其他|合格|正常|阴性|阳性|良性"
                    r"|恶性|收据|凭证|发票|清单|账单|结账|小结|记录|病历|病案|住院|门诊|医保|社保")

_PLACES = re.compile(r"医院|公司|中心|学校|银行|卫生院")
_PHRASE = re.compile(r".{1,3}[人员]$|否认|对本|因|于|未|无|已|经|一般|入院|出院|收到|情况|神志|自述|自诉|本人|家属|名称|签名|签字|盖章|基本"
                     r"|现|既往|应|可|请|须|需要|及|或|的")


def name_in(text: str) -> str | None:
    """A person's name at the start of a text: two to twelve characters, or parts with a middle dot; None when none stands there."""
    text = re.sub(rf"(?<=[{_HAN}])\s+(?=[{_HAN}](?:\s|$|[{_HAN}]?$))", "", re.sub(r"^[^\w]+", "", plain(text).strip()))
    match = re.match(rf"[{_HAN}]+(?:\s?[·.]\s?[{_HAN}]+)*", text)
    if not match:
        return None
    word = re.sub(r"\s", "", match.group())
    rest = text[match.end():].lstrip()
    word = re.sub(r"^(?:兹有|兹证明)?(?:患者|病人|病员)(?=..)", "", word)
    word = re.sub(r"(?<=..)(?:先生|女士|同志)$", "", word)
    if len(word) > 2 and word[-1] in "男女" and re.match(r"[,、/;|\d]", rest):
        word = word[:-1]
    if _PLACES.search(word):
        return None
    stop = _NOT_NAMES.search(word)
    word = word[:stop.start()] if stop else word
    if _NEVER.search(word):
        return None
    checked = check_name(word)
    limit = 24 if "·" in checked.text else 4
    return checked.text if not checked.reasons and 2 <= len(checked.text) <= limit and not _PHRASE.match(checked.text) else None


def written(text: str) -> str:
    """A text in its written form: no blanks beside Han characters, full-width signs among them, full-width brackets."""
    text = re.sub(rf"\s+(?=[{_HAN}()（）,;:。、])|(?<=[{_HAN}()（）,;:。、])\s+", "", re.sub(r"\s+", " ", plain(text).strip()))
    text = text.replace("(", "（").replace(")", "）")
    for half, full in ((",", "，"), (";", "；"), (":", "：")):
        text = re.sub(rf"(?<=[{_HAN}）]){re.escape(half)}|{re.escape(half)}(?=[{_HAN}（])", full, text)
    return text.strip(" :：,，;；、_|")
