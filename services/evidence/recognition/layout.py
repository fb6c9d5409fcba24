"""Lines of a page put upright and beside each other: rows, columns, and what stands where from a label. Pure geometry.

Lengths are in heights of the page. A page photographed askew keeps its lines askew; their slope, which may change from top to
bottom, is found from how lines gather into rows, and all neighbourhood is looked for in the upright copy.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from services.evidence.recognition.lines import Box, Line, Words
from services.evidence.recognition.values import plain

_SLOPES = [step / 200 for step in range(-24, 25)]                # ± 0.12, about 7 degrees
_TURNS = (-0.06, -0.04, -0.02, 0.0, 0.02, 0.04, 0.06)            # how much the slope changes from top to bottom
MOST = 800              # lines of a page that are looked at: a sheet of the densest print has fewer
_SAME_ROW, _FEW = 0.6, 6
_AGAINST = 0.8          # weight of a slope to the other side than the margins tell
_ONE_SIDE, _LEANS = 12, 0.04            # pairs, and how far they lean: a left margin that is believed where the right one is ragged
_Point = tuple[float, float, float, float]     # middle of a line, its left and right end


@dataclass(frozen=True, slots=True)
class Token:
    """A run of words, upright: `left` and `right` from the left edge, `y` its middle, `height` of its letters.

    `text` has half-width signs. `slope` is that of the page there.
    """

    text: str
    confidence: float
    left: float
    right: float
    y: float
    height: float
    box: Box
    slope: float = 0.0

    def part(self, start: int, end: int) -> Token:
        """The token of some of its signs; where they stand is reckoned by the signs' widths."""
        whole = width_of(self.text) or 1.0
        from_, to = width_of(self.text[:start]) / whole, width_of(self.text[:end]) / whole
        left, right = (self.left + (self.right - self.left) * at for at in (from_, to))
        return replace(self, text=self.text[start:end], left=left, right=right, box=self._cut(from_, to))

    def _cut(self, from_: float, to: float) -> Box:
        """Signs are not all as wide as reckoned: half a sign of air on both sides."""
        box, air = self.box, 0.5 / (width_of(self.text) or 1.0)
        if from_ <= 0 and to >= 1:
            return box
        from_, to = max(0.0, from_ - air), min(1.0, to + air)
        left, right = box.left + box.width * from_, box.left + box.width * to
        drop = min(box.height * 0.6, abs(self.slope) * (self.right - self.left))
        top, bottom = (box.top + drop * from_, box.bottom - drop * (1 - to))
        if self.slope < 0:
            top, bottom = (box.top + drop * (1 - to), box.bottom - drop * from_)
        return Box(left, top, right, bottom)


def width_of(text: str) -> float:
    """Width of a text in Han characters."""
    return sum(1.0 if ord(sign) > 0x2E7F else 0.52 for sign in text)


def spanned(tokens: Iterable[Token]) -> Box | None:
    """The box around tokens."""
    boxes = [token.box for token in tokens]
    if not boxes:
        return None
    return Box(max(0.0, min(box.left for box in boxes)), max(0.0, min(box.top for box in boxes)),
               min(1.0, max(box.right for box in boxes)), min(1.0, max(box.bottom for box in boxes)))


def joined(tokens: Sequence[Token], between: str = "") -> Token:
    """One token of several, from left to right or from top to bottom."""
    first = tokens[0]
    box = spanned(tokens) or first.box
    return replace(first, text=between.join(token.text for token in tokens), confidence=min(token.confidence for token in tokens),
                   left=min(token.left for token in tokens), right=max(token.right for token in tokens),
                   y=sum(token.y for token in tokens) / len(tokens),
                   height=max(token.y + token.height / 2 for token in tokens) - min(token.y - token.height / 2 for token in tokens),
                   box=box)


class Page:
    """The lines of one page as upright tokens in reading order."""

    def __init__(self, words: Words) -> None:
        lines = [line for line in words.lines if line.text.strip()][:MOST]
        aspect = words.aspect if 0.05 < words.aspect < 20 else 0.7
        slopes = _slopes(lines, aspect)
        self.number = words.number
        self.source = words.source
        self.aspect = aspect
        tokens = sorted((_token(line, aspect, slopes) for line in lines), key=lambda token: (token.y, token.left))
        self.unit = median(token.height for token in tokens) if tokens else 0.02
        self.right = max((token.right for token in tokens), default=aspect)
        self.set(self._ordered(tokens))

    def set(self, tokens: list[Token]) -> None:
        """These are the page's tokens from now on, in reading order."""
        self.tokens = tokens
        self._by_height = sorted(tokens, key=lambda token: token.y)
        self._heights = [token.y for token in self._by_height]
        self._reach = _SAME_ROW * max((token.height for token in tokens), default=0.0)

    def row(self, token: Token) -> list[Token]:
        """All tokens on the row of this one, itself among them if it is the page's."""
        first = bisect_left(self._heights, token.y - self._reach)
        last = bisect_right(self._heights, token.y + self._reach)
        return [other for other in self._by_height[first:last] if same_row(token, other)]

    def between(self, upper: float, lower: float) -> list[Token]:
        """Tokens whose middle lies between two heights, uppermost first."""
        return self._by_height[bisect_right(self._heights, upper):bisect_left(self._heights, lower)]

    @staticmethod
    def _ordered(tokens: list[Token]) -> list[Token]:
        rows: list[list[Token]] = []
        for token in tokens:
            if rows and same_row(rows[-1][-1], token):
                rows[-1].append(token)
            else:
                rows.append([token])
        return [token for row in rows for token in sorted(row, key=lambda token: token.left)]

    def right_of(self, token: Token) -> list[Token]:
        """Tokens on the same row behind this one, nearest first."""
        return sorted((other for other in self.row(token) if other is not token and other.left > token.right - 0.7 * self.unit
                       and other.right > token.right), key=lambda other: other.left)

    def left_of(self, token: Token) -> list[Token]:
        """Tokens on the same row before this one, nearest first."""
        return sorted((other for other in self.row(token) if other is not token and other.right < token.left + 0.7 * self.unit),
                      key=lambda other: -other.right)

    def below(self, token: Token, rows: float = 4.0) -> list[Token]:
        """Tokens under this one within some rows, nearest first."""
        under = self.between(token.y + 0.6 * token.height, token.y + rows * 1.6 * max(token.height, self.unit))
        return sorted((other for other in under if overlap(token, other) > 0.3), key=lambda other: (other.y, other.left))


def same_row(one: Token, other: Token) -> bool:
    """Whether two tokens stand on one row."""
    return abs(one.y - other.y) < _SAME_ROW * max(min(one.height, other.height), 0.6 * max(one.height, other.height))


def overlap(one: Token, other: Token) -> float:
    """Share of the narrower one that stands over or under the other."""
    shared = min(one.right, other.right) - max(one.left, other.left)
    return shared / (min(one.right - one.left, other.right - other.left) or 1e-6)


def _token(line: Line, aspect: float, slopes: tuple[float, float]) -> Token:
    box = line.box
    x, y = (box.left + box.right) / 2 * aspect, box.middle
    slope = slopes[0] + slopes[1] * y
    wide = box.width * aspect
    height = max(box.height - abs(slope) * wide, 0.35 * box.height, 0.004)
    return Token(plain(line.text).strip(), line.confidence, x - wide / 2, x + wide / 2, y - slope * x, height, box, slope)


def _slopes(lines: Sequence[Line], aspect: float) -> tuple[float, float]:
    """Slope at the top and its change down the page, by which most lines share a row with others and rows keep apart."""
    if len(lines) < _FEW:
        return 0.0, 0.0
    points = [((line.box.left + line.box.right) / 2 * aspect, line.box.middle, line.box.left * aspect, line.box.right * aspect)
              for line in lines]
    size, steep = _letter_height(lines), _steepness(lines, aspect)
    margins = _margins(lines, aspect)
    best, slopes = _gathered(points, 0.0, 0.0, size) * (1.04 if steep < 0.012 else 0.9) + 1e-9, (0.0, 0.0)
    for slope in _SLOPES:
        for turn in _TURNS if abs(abs(slope) - steep) <= max(0.015, 0.3 * steep) else ():
            score = (_gathered(points, slope - turn / 2, turn, size) - 0.3 * abs(turn)) * (_AGAINST if slope * margins < 0 else 1.0)
            if score > best:
                best, slopes = score, (slope - turn / 2, turn)
    return slopes


def _steepness(lines: Sequence[Line], aspect: float) -> float:
    """How steep lines are, without the sign: on a page askew the boxes of long lines are taller than those of short ones."""
    sizes = [(line.box.width * aspect, line.box.height) for line in lines if line.box.width > 0][:200]
    rises = [(tall - short) / (wide - narrow) for wide, tall in sizes for narrow, short in sizes if wide > 2 * narrow and wide > 0.1]
    return max(0.0, median(rises)) if len(rises) >= _FEW else 0.0


def _margins(lines: Sequence[Line], aspect: float) -> float:
    """The slope as the margins tell it (they stand upright on the lines); 0 when they tell little.

    Left and right ones together: what a slanting camera does to the one it undoes at the other.
    """
    leans, left = list[float](), 0
    for side in ("left", "right"):
        edges = [(getattr(line.box, side) * aspect, line.box.middle) for line in lines[:300]]
        pairs = [(lower[0] - upper[0]) / (lower[1] - upper[1]) for upper in edges for lower in edges
                 if 0.012 < lower[1] - upper[1] < 0.15 and abs(lower[0] - upper[0]) < 0.16 * (lower[1] - upper[1]) + 0.001]
        if len(pairs) < _FEW:
            ragged = side == "right" and len(leans) == 1 and left > _ONE_SIDE and abs(leans[0]) > _LEANS
            return -leans[0] if ragged else 0.0
        left = len(pairs)
        leans.append(median(pairs))
    lean = -sum(leans) / 2
    return lean if abs(lean) > 0.015 else 0.0


def _letter_height(lines: Sequence[Line]) -> float:
    short = [line.box.height for line in lines if len(line.text) <= 8] or [line.box.height for line in lines]
    return max(0.006, median(short))


def _gathered(points: Sequence[_Point], slope: float, turn: float, size: float) -> float:
    """How closely lines gather into rows: higher when few rows hold them and none stands over another in its row.

    Counted on two combs half a tooth apart.
    """
    placed = [(y - (slope + turn * y) * x, left, right) for x, y, left, right in points]
    tooth, total = size * 0.5, 0
    for shift in (0.0, 0.5):
        rows: dict[int, list[tuple[float, float]]] = {}
        for height, left, right in placed:
            rows.setdefault(int(height / tooth + shift + 1000), []).append((left, right))
        total += sum(len(row) ** 2 - 3 * _clashes(row) for row in rows.values())
    return total / len(points)


def _clashes(row: list[tuple[float, float]]) -> int:
    """Neighbours of a row that stand over each other."""
    row.sort()
    return sum(after[0] < before[1] - 0.25 * (before[1] - before[0]) for before, after in pairwise(row))


class Running:
    """Tokens in reading order as one text, in which a sentence may run over lines, and the tokens of a part of it."""

    def __init__(self, tokens: Sequence[Token], between: str = "") -> None:
        self.spans: list[tuple[int, int, Token]] = []
        parts: list[str] = []
        at = 0
        for token in tokens:
            self.spans.append((at, at + len(token.text), token))
            parts.append(token.text)
            at += len(token.text) + len(between)
        self.text = between.join(parts)

    def tokens(self, start: int, end: int) -> list[Token]:
        """The tokens, or parts of tokens, between two places of the text."""
        return [token.part(max(0, start - first), min(last, end) - first)
                for first, last, token in self.spans if first < end and last > start]
