"""The values that belong to labels: in the same line, to the right, in the cell below, over several lines. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Generic, TypeVar

from services.evidence.recognition.labels import Labels, Mark
from services.evidence.recognition.layout import Page, Running, Token, joined, same_row

T = TypeVar("T")
_LIKE_A_LABEL = re.compile(r"\s*[\[(]?[\u4e00-\u9fff]{2,8}[\])]?\s*:|\s*\[[\u4e00-\u9fff]{2,8}\]")      # of a label that no table has
_TIGHT = 1.2           # between the middles of two lines of one cell, in heights of a line
_RIVALLED = 0.85        # of a value that another place contradicts, or that only a stand-in for its label names
Parse = Callable[[str], tuple[T, float] | None]


@dataclass(frozen=True, slots=True)
class Value(Generic[T]):
    """A value that was found for a label, with what it was read from."""

    value: T
    confidence: float
    tokens: tuple[Token, ...]
    mark: Mark


class Reader:
    """A page with the labels of its sheet."""

    def __init__(self, page: Page, labels: Labels) -> None:
        self.page, self.labels = page, labels
        page.set(list(_whole_dates(page)))
        self.tokens = _gather(page, labels)
        page.set(self.tokens)
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
        return sorted((mark for mark in self.all if mark.key == key), key=lambda mark: (mark.kin, -mark.sure))

    def of(self, token: Token) -> list[Mark]:
        """Labels in a token."""
        return self._marks.get(id(token), [])

    def value(self, key: str, parse: Parse[T], *, below: bool = True) -> Value[T] | None:
        """The surest value of a key; where it has none, of the labels that stand in for it (`…_else` in the table)."""
        best = _best(list(self.values(key, parse, below=below)))
        if best is None and f"{key}_else" in self.labels.keys.values():
            best = _best(list(self.values(f"{key}_else", parse, below=below)))
            best = replace(best, confidence=min(best.confidence, _RIVALLED)) if best else None
        return best

    def values(self, key: str, parse: Parse[T], *, below: bool = True) -> Iterator[Value[T]]:
        """One value for each label of a key that has one, as far as it parses; of labels that no table has when the others have none."""
        found = False
        for mark in self.marks(key):
            if found and mark.kin:
                return
            for tokens, way in self.places(mark, below=below):
                tokens = [whole_name(self.page, tokens[0])] if len(tokens) == 1 else tokens
                text = " ".join(token.text for token in tokens)
                read = parse(text) if text.strip() else None
                if read is not None:
                    yield Value(read[0], min(token.confidence for token in tokens) * mark.sure * way * read[1], tuple(tokens), mark)
                    found = True
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
        if not inline and not right and len(mark.token.text) > 12:
            yield from (([token], 0.94) for token in self._next_line(mark.token))

    def inline(self, mark: Mark) -> Token | None:
        """What follows a label in its own token, up to the next label."""
        following = [other.start for other in self.of(mark.token) if other.start >= mark.end]
        end = min(following, default=len(mark.token.text))
        text = mark.token.text[mark.end:end]
        lead = len(text) - len(text.lstrip(" :;|_.)]"))
        if not re.search(r"[^\W_]", text):
            return None
        return mark.token.part(mark.end + lead, mark.end + len(text.rstrip(" |_,、[")))

    def _next_line(self, token: Token) -> list[Token]:
        """The first words of the next line, up to a label: where a sentence goes on."""
        under = self.page.between(token.y + 0.5 * token.height, token.y + 2.1 * max(token.height, self.page.unit))
        first = min(under, key=lambda other: other.left, default=None)
        if first is None or first.left > token.left + 3 * self.page.unit:
            return []
        marks = self.of(first)
        return [first] if not marks else [first.part(0, marks[0].start)] if marks[0].start else []

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
        same = self._same_place(head)
        cells: list[Token] = [same] if same else []
        for token in self.page.below(head):
            if self.of(token):
                break
            if not self.claimed(token) and token is not same:
                cells.append(token)
        return cells

    def _same_place(self, head: Token) -> Token | None:
        """The cell at the same place of the row below a row of heads, when both rows have as many cells: columns that are not
        set under each other are still columns."""
        heads = sorted(self.page.row(head), key=lambda token: token.left)
        under = self.page.between(head.y + 0.6 * head.height, head.y + 4 * max(head.height, self.page.unit))
        if len(heads) < 3 or not under:
            return None
        row = sorted((token for token in under if same_row(token, under[0])), key=lambda token: token.left)
        if len(row) != len(heads) or any(map(self.of, row)):
            return None
        return next((cell for token, cell in zip(heads, row, strict=True)
                     if token.left <= head.left + 1e-6 and token.right >= head.right - 1e-6), None)

    def claimed(self, token: Token) -> bool:
        """Whether a label left of a token, with nothing behind it, claims the token for its own."""
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
        if not first and len(mark.token.text) > 12:
            first = self._next_line(mark.token)
        if not first:
            return []
        return _read_well(first + list(self._following(mark, first, most)))

    def _following(self, mark: Mark, first: list[Token], most: int) -> Iterator[Token]:
        last, start = first[-1], first[0].left
        bound = min((other.token.left for other in self.all if other.token.left > last.right and same_row(other.token, last)),
                    default=self.page.right)
        for _ in range(most):
            full = last.right > start + 0.72 * (bound - start) or last.right > 0.85 * bound
            under = self.page.between(last.y + 0.5 * last.height, last.y + 2.1 * max(last.height, self.page.unit))
            nearest = [token for token in under if min(abs(token.left - start), abs(token.left - mark.token.left)) < 3 * self.page.unit]
            if not nearest:
                return
            below = min(nearest, key=lambda token: (round((token.y - last.y) / self.page.unit), token.left))
            if _LIKE_A_LABEL.match(below.text):
                return
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


_DATE_PIECE = re.compile(r"(?:19|20)\d\d(?:\s*年(?:\s*\d{1,2}(?:\s*月(?:\s*\d{1,2})?)?)?)?$")
_DATE_REST = re.compile(r"\s*(?:年|月|日|\d{1,2})(?:\s*(?:月|日|\d{1,2}))*$")


_DOTTED = re.compile(r"[\u4e00-\u9fff]{2,}·[\u4e00-\u9fff]+")


def _read_well(tokens: list[Token]) -> list[Token]:
    """Without single signs that were hardly read: they are of a stamp more likely than of the words."""
    return [token for token in tokens if len(token.text.strip()) > 1 or token.confidence > 0.5] or tokens


def whole_name(page: Page, token: Token) -> Token:
    """A name with a middle dot that its narrow cell breaks in two: with the rest that stands right under it."""
    if not _DOTTED.fullmatch(token.text.strip()):
        return token
    under = next((other for other in page.below(token, rows=1.0) if re.fullmatch(r"[\u4e00-\u9fff]{1,3}", other.text.strip())), None)
    return joined([token, under]) if under and under.y - token.y < _TIGHT * max(token.height, under.height) else token


def _whole_dates(page: Page) -> Iterator[Token]:
    """Tokens with dates put together that stand in pieces: 2026 年 9 月 1 日 with a blank form's gaps between."""
    gone: set[int] = set()
    for token in page.tokens:
        if id(token) in gone:
            continue
        if _DATE_PIECE.search(token.text):
            pieces = [token]
            for other in page.right_of(token):
                if not _DATE_REST.match(other.text) or other.left - pieces[-1].right > 4 * page.unit:
                    break
                pieces.append(other)
            whole = joined(pieces, " ")
            if len(pieces) > 1 and re.search(r"\d{4}\s*年\s*\d{1,2}\s*月\s*\d{1,2}\s*日?$", whole.text):
                gone |= {id(piece) for piece in pieces}
                token = whole
        if id(token) not in gone:
            yield token


def _best(values: list[Value[T]]) -> Value[T] | None:
    """The surest; when another label as good says something else, neither is sure."""
    best = max(values, key=lambda value: value.confidence, default=None)
    if best is None:
        return None
    rivalled = any(value.value != best.value and value.mark.sure >= best.mark.sure - 0.04 for value in values)
    return replace(best, confidence=min(best.confidence, _RIVALLED)) if rivalled else best


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
    if beside is not None and re.search(r"[方位人者]名$", compact) and beside.text.lstrip().startswith("称"):
        return beside
    if len(compact) < 2:
        return None
    under = next((other for other in page.below(token, rows=1.2) if id(other) not in gone), None)
    if under is None:
        return None
    tight = under.y - token.y < _TIGHT * max(token.height, under.height) and abs(under.left - token.left) < 2 * page.unit
    return under if labels.across(compact, re.sub(r"\s", "", under.text), tight=tight) else None
