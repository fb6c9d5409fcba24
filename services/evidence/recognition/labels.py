"""Labels as sheets print them, and where they stand in a line of words. Pure."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from pathlib import Path

from services.evidence.recognition import kin
from services.evidence.recognition.layout import Token

_TABLE = Path(__file__).with_name("labels.toml")
_NUMBERING = "".join(sorted(set(" *·.、|-([)]0123456789一二三四五六七八九十")))
_TAIL = r"\s*(?:\([^()]{0,10}\))?\s*[\])]?\s*[:;]\s*|\s*\]\s*"
_TITLE = re.compile(r"\s*[及和与]?(?:证明|报告|书|记录|小结|专用|病历|凭证|结算单|清单|收据|票据|签名|签字|签章)"
                    r"|[\u4e00-\u9fff]{1,4}(?:收据|票据|清单|凭证|小结|证明书?|记录)$")
# English beside the Chinese.
_GLOSS = re.compile(r"\s*(?:[A-Z][a-z]{2,}|NAME|DATE|BRANCH|NO|No|A/C)(?:[ .'/-]{1,2}[A-Za-z]+)*(?![\dA-Za-z(-])\.?")
# What stands right before a label and makes it another's: the doctor's name, the last stay, another hospital's number.
_QUALIFIED = re.compile(
    r"(?:经办|代办|代理|联系|监护|申报|负责|收款|开票|复核|审核|审批|签发|填报|责任|记录|委托|担保|紧急联系|法定代表)人?(?:员|者)?$"
    r"|(?:医师|医生|护士|家属|亲属|配偶|父亲|母亲|子女|陪护|操作员|主任)$|(?:上次|前次|上一次|既往|历次|下次|预计|拟|预约|计划|原|原始|外院|他院|上年|去年|上期)$")
_COMPOUND = re.compile(r"(?<=[\u4e00-\u9fff])(?<![元天日岁男女号名院年月族])$")      # 送达日期 is no 日期
_OTHERS = re.compile(r"(?:上年|去年|历年|累计|本年|年度|年内|预估)(?:度|内|已|的)?$")      # sums of more than this sheet
_OF_WHAT = re.compile(r"标本|组织|活检|穿刺|切片|切除")
_SHORT = re.compile(r".{0,29}$|[\u4e00-\u9fff·]{2,12}\s")             # a value alone behind its label, or up to a blank
_BEHEADED = {"断": "诊断", "称": "名称", "名": "姓名"}
_DOUBTFUL = 0.87        # of a label that may name something else too
_KIN = 0.84             # of a label that only its words tell
# What makes a label of the table a longer one: before it, behind it, in the second line of its cell.
_AHEAD = re.compile(r"[\u4e00-\u9fff]{1,6}$")
_LONGER = re.compile(r"((?:\([\u4e00-\u9fff]{1,6}\))?[\u4e00-\u9fff]{1,10})"
                     r"(?:\([^()]{0,8}\))?\s*(?:(:)|$|(?=[¥\d])|\]|\s(?![\u4e00-\u9fff]))")
_REST = re.compile(
    r"(?:.{0,5}(?:日期|时间|金额|支付|支出|负担|地点|地址|原因|意见|名称|姓名|单位|医院|机构|诊断|结果|号码|编号|费用|合计|总额|天数|自付"
    r"|自费|认定|情况|部位)|[期间付出额担因址号人名点用费见果况目称数]|支[付出]|[基资]金.{0,4}|\(.{1,6}\))$")
_TRANSPARENT = re.compile(r"(?:盖章|公章|签章|全称|名称|如下|填写)$")
_GLUED = frozenset({"姓名", "性别", "年龄", "民族", "科别", "科室", "床号", "职业", "户名", "电话", "单号", "编号", "诊断"})
_PATIENT = frozenset({"患者", "病人", "病员", "患儿"})
_NOT_GLUED = re.compile(r"意见|依据|明确|为|医|结|名|日|时|及|与|和|标准|治疗|不|。|,")


@dataclass(frozen=True, slots=True)
class Mark:
    """A label found: whose (`key`, empty for a stop), in which token, from where to where, and how surely it is a label. `kin`: no
    table has it, its words tell."""

    key: str
    name: str
    token: Token
    start: int
    end: int
    sure: float
    kin: bool = False

    @property
    def alone(self) -> bool:
        """Whether nothing but the label stands in the token."""
        return self.start == 0 and not self.token.text[self.end:].strip(" :;|")

    @property
    def glued(self) -> bool:
        """Whether the value follows with neither colon nor blank between."""
        return not self.alone and not re.search(r"[:;\]\s]", self.token.text[self.start:self.end + 1])

    @property
    def passing(self) -> bool:
        """Whether the words stand in the middle of a line with no colon behind them: a label, or a sentence that has these words."""
        return self.start > 0 and not re.search(r"[:;\]]", self.token.text[self.start:self.end])


class Labels:
    """The labels of a sheet by key, with the stops, ready to be looked for."""

    def __init__(self, sheet: str, *, glued: bool = False) -> None:
        """`glued`: short labels need neither colon nor blank behind them, as on a card: 姓名示一兰."""
        self.glued = glued
        self.kin = kin.Kin(sheet)
        table = _table()
        self.keys = {name: key for key, names in table[sheet].items() for entry in names for name in _named(table, entry)}
        self.doubtful = frozenset(name for entry in table.get("doubtful", {}).get(sheet, ()) for name in _named(table, entry))
        for stop in table["stops"]["stops"]:
            self.keys.setdefault(stop, "")
        names = sorted(self.keys, key=len, reverse=True)
        self._find = re.compile("|".join(r"\s*".join(map(re.escape, name)) for name in names))

    def marks(self, token: Token) -> list[Mark]:
        """Labels in a token from left to right."""
        text = _mended(token.text)
        found: list[Mark] = []
        for match in self._find.finditer(text):
            mark = self._mark(token, text, match)
            if mark and not (found and mark.start < found[-1].end):
                found.append(mark)
        return [replace(mark, sure=min(mark.sure, _DOUBTFUL)) if mark.name in self.doubtful else mark
                for mark in self._with_kin(token, text, self._beheaded(token, text, found) or found or self._nearly(token, text))]

    def _beheaded(self, token: Token, text: str, found: list[Mark]) -> list[Mark]:
        """The labels, the first of them a widely set one (诊　　断) whose first sign was not read: 断:胃癌."""
        match = re.match(r"\s*([断称名])\s*:\s*", text)
        name = _BEHEADED[match[1]] if match else ""
        if not match or name not in self.keys or (found and found[0].start < match.end()):
            return []
        return [Mark(self.keys[name], name, token, 0, match.end(), _KIN, kin=True), *found]

    def _with_kin(self, token: Token, text: str, found: list[Mark]) -> list[Mark]:
        """Labels of the table, and between them those that only their words tell."""
        more: list[Mark] = []
        for match in kin.RUN.finditer(text):
            if any(mark.start < match.end(1) and match.start(1) < mark.end for mark in found):
                continue
            key = self.kin.key(match[1])
            of_what = ")" in match[2] and ":" not in match[2] and _OF_WHAT.search(match[1])                # (手术切除标本)直肠癌
            if of_what or (not key and ")" in match[2]) or (":" not in match[2] and any(mark.end == match.start(1) for mark in found)):
                continue                                                # what stands right behind a label is its value
            if key is not None and (match[2].strip() or len(match[1]) < 13):
                gloss = None if match[2].strip() else _GLOSS.match(text, match.end())
                end = gloss.end() if gloss else match.end()
                more.append(Mark(key, re.sub(r"\s", "", match[1]), token, match.start(1), end, _KIN, kin=True))
        return sorted((*found, *more), key=lambda mark: mark.start)

    def across(self, upper: str, lower: str, *, tight: bool = True) -> bool:
        """Whether a label begins in the upper line of a cell and ends in the lower one, which holds little else. `tight`: the lines
        stand as close as those of one cell."""
        if len(lower) > 14 or re.search(r"\d[.,]\d", upper + lower):
            return False
        found = self._find.finditer(upper + lower) if tight or upper not in self.keys else iter(())
        if any(match.start() < len(upper) < match.end() and len(lower) - (match.end() - len(upper)) <= 4 for match in found):
            return True
        return bool(tight and re.fullmatch(r"[\u4e00-\u9fff()/、]+", upper + lower) and len(lower) <= 8 and _REST.fullmatch(lower)
                    and lower not in self.keys and self.kin.key(lower) is None and self.kin.key(upper + lower) is not None)

    def _mark(self, token: Token, text: str, match: re.Match[str]) -> Mark | None:
        name = re.sub(r"\s", "", match.group())
        before, end = text[:match.start()].strip(_NUMBERING), match.end()
        gloss = _GLOSS.match(text, end) if text[end:end + 1] not in ":;" else None
        end = gloss.end() if gloss else end
        after = text[end:]
        tail = re.match(_TAIL, after)
        key = "" if _QUALIFIED.search(before) and not self._wider(before, name) else self.keys[name]
        if not self.keys[name] and text[match.start() - 1:match.start()] == "(" and re.match(r"\)(?!\s*:)", after):
            return None                                                 # (送检标本)直肠癌
        ahead = _AHEAD.search(text, 0, match.start())
        longer_key = self.kin.key(ahead.group() + name) if ahead and not self._wider(before, name) else None
        if ahead and longer_key is not None and longer_key != key and re.match(r"[\s:\])]|$|[¥\d]", after):
            return Mark(longer_key, ahead.group() + name, token, ahead.start(), end + len(tail.group() if tail else ""), _KIN, kin=True)
        if _TITLE.match(after) or re.match(r"\s*[为系是][^:]|[者员](?!:)|的", after):
            return None                                                 # 诊断者 is no diagnosis, 参保人员 no 参保人
        longer = None if tail or before else _LONGER.match(after)
        if longer and not _TRANSPARENT.match(longer[1]):
            whose = self.kin.key(name + longer[1])
            if whose is not None or (longer[2] and len(longer[1]) < 5):
                return Mark(whose or "", name + longer[1], token, match.start(), end + longer.end(), _KIN, kin=True)
        if ahead and longer_key and tail and len(name) < 3:
            return Mark(longer_key, ahead.group() + name, token, ahead.start(), end + tail.end(), _KIN, kin=True)
        if _OTHERS.search(text, 0, match.start()) or (tail and len(name) < 3 and _COMPOUND.search(text, 0, match.start())):
            return Mark("", name, token, match.start(), end + len(tail.group() if tail else ""), 0.9)
        if tail:
            sure = 0.99 if not before or text[match.start() - 1] in " ,;。)" or len(name) > 3 else 0.9
            return Mark(key, name, token, match.start(), end + tail.end(), sure)
        if not re.sub(r"\([^()]{0,10}\)|[\s|_)\].…·]", "", after) and not before:
            return Mark(key, name, token, 0, len(text), 0.98)
        if not before and (len(name) > 2 or after[:1] in " (" or re.match(r"[.\s]*[\d¥]", after)):
            return Mark(key, name, token, match.start(), end, 0.95 if len(name) > 3 else 0.92)
        if not before and name in _PATIENT and key and re.fullmatch(r"[\u4e00-\u9fff]{2,4}\s*", after):     # 病人某某, or a torn sentence
            return Mark(key, name, token, match.start(), end, _KIN, kin=True)
        if (self.glued and key) or (not before and name in _GLUED and _SHORT.match(after) and not _NOT_GLUED.match(after)):
            return Mark(key, name, token, match.start(), end, 0.98 if name == "姓名" else 0.95)
        amount = re.match(r"\s*(?:\([^()]{0,8}\))?\s*(?:[为共计]\s*){0,2}[¥\d]", after) and text[match.start() - 1] in " ,、;:。(|"
        if before and (len(name) > 3 or text[match.start() - 1] in " /" or amount):
            return Mark(key, name, token, match.start(), end, 0.88)
        return None

    def _wider(self, before: str, name: str) -> bool:
        """Whether the words before a label and the label are a label of the table together."""
        return any(before[-length:] + name in self.keys for length in range(1, 7))

    def _nearly(self, token: Token, text: str) -> list[Mark]:
        """A long label with one sign misread, when only one kind of label is so near."""
        head, colon, _ = text.partition(":")
        name = re.sub(r"\s", "", head)
        if not 4 <= len(name) <= 12:
            return []
        near = {known: key for known, key in self.keys.items()
                if len(known) == len(name) and sum(one != other for one, other in zip(known, name, strict=True)) == 1}
        if len(set(near.values())) != 1 or self.kin.key(name) not in (None, next(iter(near.values()))):
            return []
        known, key = near.popitem()
        return [Mark(key, known, token, 0, len(head) + len(colon), 0.9)]


@cache
def _table() -> dict[str, dict[str, list[str]]]:
    return tomllib.loads(_TABLE.read_text(encoding="utf-8"))


def _named(table: dict[str, dict[str, list[str]]], entry: str) -> list[str]:
    """A set that sheets share, or one label; "{起火|失火}{日期|时间}" stands for all four."""
    if entry.startswith("@"):
        return table["shared"][entry[1:]]
    parts = [part.split("|") for part in re.split(r"[{}]", entry) if part]
    return ["".join(words) for words in product(*parts)] if "{" in entry else [entry]


def _mended(text: str) -> str:
    text = re.sub(r"(?<=自付)[-~](?!\d)", "一", text)
    text = re.sub(r"(?<!\d)[.…·_]{2,}|…+", lambda dots: " " * len(dots.group()), text)       # dotted lines between label and value
    text = re.sub(r"N[º°](?=[\s.:\d])", "No", text)
    return text.replace("人院", "入院").replace("曰期", "日期").replace("末检", "未检")
