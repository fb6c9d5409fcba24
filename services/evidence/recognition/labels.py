"""Labels as sheets print them, and where they stand in a line of words. Pure."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from services.evidence.recognition.layout import Token

_TABLE = Path(__file__).with_name("labels.toml")
_NUMBERING = "".join(sorted(set(" *·.、|-([)]0123456789一二三四五六七八九十")))
_TAIL = r"\s*(?:\([^()]{0,10}\))?\s*[\])]?\s*[:;]\s*|\s*\]\s*"
_TITLE = re.compile(r"\s*[及和与]?(?:证明|报告|书|记录|小结|专用|病历|凭证|结算单|清单|收据|票据|签名|签字|签章)")
_GLUED = frozenset({"姓名", "性别", "年龄", "民族", "科别", "科室", "床号", "职业", "户名", "电话", "单号", "编号", "诊断"})
_NOT_GLUED = re.compile(r"意见|依据|明确|为|医|结|名|日|时|及|与|和|标准|治疗|不|。|,")


@dataclass(frozen=True, slots=True)
class Mark:
    """A label found: whose (`key`, empty for a stop), in which token, from where to where, and how surely it is a label."""

    key: str
    name: str
    token: Token
    start: int
    end: int
    sure: float

    @property
    def alone(self) -> bool:
        """Whether nothing but the label stands in the token."""
        return self.start == 0 and not self.token.text[self.end:].strip(" :;|")


class Labels:
    """The labels of a sheet by key, with the stops, ready to be looked for."""

    def __init__(self, sheet: str, *, glued: bool = False) -> None:
        """`glued`: short labels need neither colon nor blank behind them, as on a card: 姓名示一兰."""
        self.glued = glued
        table = _table()
        self.keys = {name: key for key, names in table[sheet].items() for entry in names for name in _named(table, entry)}
        for stop in table["stops"]["stops"]:
            self.keys.setdefault(stop, "")
        names = sorted(self.keys, key=len, reverse=True)
        self._find = re.compile("|".join(r"\s*".join(map(re.escape, name)) for name in names))

    def marks(self, token: Token) -> list[Mark]:
        """Labels in a token from left to right."""
        text = _mended(token.text)
        found = [mark for match in self._find.finditer(text) if (mark := self._mark(token, text, match))]
        return found or self._nearly(token, text)

    def across(self, upper: str, lower: str) -> bool:
        """Whether a label begins in the upper line of a cell and ends in the lower one, which holds little else."""
        if len(lower) > 14 or re.search(r"\d[.,]\d", upper + lower):
            return False
        return any(match.start() < len(upper) < match.end() and len(lower) - (match.end() - len(upper)) <= 4
                   for match in self._find.finditer(upper + lower))

    def _mark(self, token: Token, text: str, match: re.Match[str]) -> Mark | None:
        name = re.sub(r"\s", "", match.group())
        before, after = text[:match.start()].strip(_NUMBERING), text[match.end():]
        tail = re.match(_TAIL, after)
        if _TITLE.match(after) or re.match(r"\s*[为系是][^:]", after):
            return None
        if tail:
            sure = 0.99 if not before or text[match.start() - 1] in " ,;。)" or len(name) > 3 else 0.9
            return Mark(self.keys[name], name, token, match.start(), match.end() + tail.end(), sure)
        if not re.sub(r"\([^()]{0,10}\)|[\s|_)\]]", "", after) and not before:
            return Mark(self.keys[name], name, token, 0, len(text), 0.98)
        if not before and (len(name) > 2 or after[:1] in " (" or re.match(r"[.\s]*[\d¥]", after)):
            return Mark(self.keys[name], name, token, match.start(), match.end(), 0.95 if len(name) > 3 else 0.92)
        if (self.glued and self.keys[name]) or (not before and name in _GLUED and len(after) < 30 and not _NOT_GLUED.match(after)):
            return Mark(self.keys[name], name, token, match.start(), match.end(), 0.98 if name == "姓名" else 0.95)
        amount = re.match(r"\s*(?:\([^()]{0,8}\))?\s*(?:[为共计]\s*){0,2}[¥\d]", after) and text[match.start() - 1] in " ,、;:。(|"
        if before and (len(name) > 3 or text[match.start() - 1] in " /" or amount):
            return Mark(self.keys[name], name, token, match.start(), match.end(), 0.88)
        return None

    def _nearly(self, token: Token, text: str) -> list[Mark]:
        """A long label with one sign misread, when only one kind of label is so near."""
        head, colon, _ = text.partition(":")
        name = re.sub(r"\s", "", head)
        if not 4 <= len(name) <= 12:
            return []
        near = {known: key for known, key in self.keys.items()
                if len(known) == len(name) and sum(one != other for one, other in zip(known, name, strict=True)) == 1}
        if len(set(near.values())) != 1:
            return []
        known, key = near.popitem()
        return [Mark(key, known, token, 0, len(head) + len(colon), 0.9)]


@cache
def _table() -> dict[str, dict[str, list[str]]]:
    return tomllib.loads(_TABLE.read_text(encoding="utf-8"))


def _named(table: dict[str, dict[str, list[str]]], entry: str) -> list[str]:
    return table["shared"][entry[1:]] if entry.startswith("@") else [entry]


def _mended(text: str) -> str:
    return text.replace("人院", "入院").replace("曰期", "日期").replace("末检", "未检")
