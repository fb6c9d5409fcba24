"""Labels on a page, and the values that belong to them: in the same line, to the right, in the cell below, over several lines. Pure."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Generic, TypeVar

from services.evidence.recognition.layout import Page, Running, Token, joined, same_row

_TABLE = Path(__file__).with_name("labels.toml")
_NUMBERING = "".join(sorted(set(" *·.、|-([)]0123456789一二三四五六七八九十")))
_TAIL = r"\s*(?:\([^()]{0,10}\))?\s*[\])]?\s*[:;]\s*|\s*\]\s*"
_TITLE = re.compile(r"\s*[及和与]?(?:证明|报告|书|记录|小结|专用|病历|凭证|结算单|清单|收据|票据|签名|签字|签章)")
_GLUED = frozenset({"姓名", "性别", "年龄", "民族", "科别", "科室", "床号", "职业", "户名", "电话", "单号", "编号", "诊断"})
_NOT_GLUED = re.compile(r"意见|依据|明确|为|医|结|名|日|时|及|与|和|标准|治疗|不|。|,")
T = TypeVar("T")
Parse = Callable[[str], tuple[T, float] | None]


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


@dataclass(frozen=True, slots=True)
class Value(Generic[T]):
    """A value that was found for a label, with what it was read from."""

    value: T
    confidence: float
    tokens: tuple[Token, ...]
    mark: Mark


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
        if before and (len(name) > 3 or text[match.start() - 1] == " " or amount):
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


class Reader:
    """A page with the labels of its sheet."""

    def __init__(self, page: Page, labels: Labels) -> None:
        self.page, self.labels = page, labels
        self.tokens = _gather(page, labels)
        page.tokens = self.tokens
        self._marks = {id(token): labels.marks(token) for token in self.tokens}

    @cached_property
    def all(self) -> list[Mark]:
        """All labels of the page in reading order."""
        return [mark for token in self.tokens for mark in self._marks[id(token)]]

    @cached_property
    def running(self) -> Running:
        """The whole page as one text."""
        return Running(self.tokens)

    def marks(self, key: str) -> list[Mark]:
        """The labels of one key, surest first."""
        return sorted((mark for mark in self.all if mark.key == key), key=lambda mark: -mark.sure)

    def of(self, token: Token) -> list[Mark]:
        """Labels in a token."""
        return self._marks.get(id(token), [])

    def value(self, key: str, parse: Parse[T], *, below: bool = True) -> Value[T] | None:
        """The surest value of a key; where it has none, of the labels that stand in for it (`…_else` in the table)."""
        best = max(self.values(key, parse, below=below), key=lambda value: value.confidence, default=None)
        if best is None and f"{key}_else" in self.labels.keys.values():
            best = max(self.values(f"{key}_else", parse, below=below), key=lambda value: value.confidence, default=None)
        return best

    def values(self, key: str, parse: Parse[T], *, below: bool = True) -> Iterator[Value[T]]:
        """One value for each label of a key that has one, as far as it parses."""
        for mark in self.marks(key):
            for tokens, way in self.places(mark, below=below):
                text = " ".join(token.text for token in tokens)
                read = parse(text) if text.strip() else None
                if read is not None:
                    yield Value(read[0], min(token.confidence for token in tokens) * mark.sure * way * read[1], tuple(tokens), mark)
                    break

    def places(self, mark: Mark, *, below: bool = True) -> Iterator[tuple[list[Token], float]]:
        """Where the value of a label may stand, likeliest first, and how likely."""
        inline = self.inline(mark)
        right = self.right(mark) if self._last(mark) else []
        if inline:
            yield [inline], 1.0
            if right and right[0].left - inline.right < 3 * self.page.unit:
                yield [inline, *right[:2]], 0.98
        way = 0.95 if inline else 1.0
        for count in range(1, min(len(right), 6) + 1):
            yield right[:count], way if count == 1 else way * 0.98
        if below:
            yield from (([token], way * 0.97) for token in self.under(mark)[:1])

    def inline(self, mark: Mark) -> Token | None:
        """What follows a label in its own token, up to the next label."""
        following = [other.start for other in self.of(mark.token) if other.start >= mark.end]
        end = min(following, default=len(mark.token.text))
        text = mark.token.text[mark.end:end]
        lead = len(text) - len(text.lstrip(" :;|_."))
        if not re.search(r"[^\W_]", text):
            return None
        return mark.token.part(mark.end + lead, mark.end + len(text.rstrip(" |_,、")))

    def _last(self, mark: Mark) -> bool:
        return all(other.start <= mark.start for other in self.of(mark.token))

    def right(self, mark: Mark) -> list[Token]:
        """Tokens to the right of a label up to the next label."""
        row: list[Token] = []
        for token in self.page.right_of(mark.token):
            marks = self.of(token)
            if not marks:
                row.append(token)
                continue
            if marks[0].start > 0 and token.text[:marks[0].start].strip(" |"):
                row.append(token.part(0, marks[0].start))
            break
        return row

    def under(self, mark: Mark) -> list[Token]:
        """Tokens in the cells under a label, nearest first; none that a label of their own row claims."""
        head = mark.token if mark.alone else mark.token.part(mark.start, mark.end)
        if not mark.alone and self._last(mark) and mark.start == 0 and len(self.of(mark.token)) == 1:
            return []
        cells: list[Token] = []
        for token in self.page.below(head):
            if self.of(token):
                break
            if not self._claimed(token):
                cells.append(token)
        return cells

    def _claimed(self, token: Token) -> bool:
        nearest = next(iter(self.page.left_of(token)), None)
        if nearest is None:
            return False
        marks = self.of(nearest)
        return bool(marks) and not nearest.text[marks[-1].end:].strip(" :;|_")

    def block(self, mark: Mark, *, most: int = 6) -> list[Token]:
        """A text that may run over several lines: what follows the label, and lines under it up to the next label."""
        inline = self.inline(mark)
        first = [inline] if inline else []
        if self._last(mark):
            first += self.right(mark)
        if not first:
            first = self.under(mark)[:1]
        if not first:
            return []
        return first + list(self._following(mark, first, most))

    def _following(self, mark: Mark, first: list[Token], most: int) -> Iterator[Token]:
        last, start = first[-1], first[0].left
        bound = min((other.token.left for other in self.all if other.token.left > last.right and same_row(other.token, last)),
                    default=self.page.right)
        for _ in range(most):
            full = last.right > start + 0.72 * (bound - start) or last.right > 0.85 * bound
            nearest = [token for token in self.tokens if 0.5 * last.height < token.y - last.y < 2.1 * max(last.height, self.page.unit)
                       and min(abs(token.left - start), abs(token.left - mark.token.left)) < 3 * self.page.unit]
            if not nearest:
                return
            below = min(nearest, key=lambda token: (round((token.y - last.y) / self.page.unit), token.left))
            if not full and not re.match(r"\s*[2-9②③④⑤]\s*[.、,)]?(?!\d)", below.text):
                return
            if self.of(below) and self.of(below)[0].start > 1 and full:
                yield below.part(0, self.of(below)[0].start)
            if self.of(below) or below.left > start + 2.5 * self.page.unit or (mark.token.left - below.left > 2.5 * self.page.unit):
                return
            if any(self.of(other) for other in self.page.left_of(below)):
                return
            yield below
            last = below


def _gather(page: Page, labels: Labels) -> list[Token]:
    """Tokens with labels put together that a reader took apart: 姓 名, and labels that run over two lines of a cell."""
    tokens, gone, out = page.tokens, set[int](), list[Token]()
    for token in tokens:
        if id(token) in gone:
            continue
        compact = re.sub(r"\s", "", token.text)
        partner = _partner(page, token, compact, labels, gone)
        while partner is not None:
            gone.add(id(partner))
            token = joined([token, partner])
            compact = re.sub(r"\s", "", token.text)
            partner = _partner(page, token, compact, labels, gone)
        out.append(token)
    return [replace(token) for token in out]


def _partner(page: Page, token: Token, compact: str, labels: Labels, gone: set[int]) -> Token | None:
    rests = [name[len(compact):] for name in labels.keys if len(name) > len(compact) and name.startswith(compact)]
    if not compact:
        return None
    beside = next((other for other in page.right_of(token) if id(other) not in gone), None)
    if (beside is not None and len(compact) <= 2 and compact not in labels.keys and beside.left - token.right < 6 * page.unit
            and rests and re.sub(r"\s", "", beside.text).startswith(tuple(rests))):
        return beside
    if len(compact) < 2:
        return None
    under = next((other for other in page.below(token, rows=1.2) if id(other) not in gone), None)
    return under if under is not None and labels.across(compact, re.sub(r"\s", "", under.text)) else None
