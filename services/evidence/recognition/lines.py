"""Where words stand on a page. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

LONGEST = 400               # signs of a line; the densest print has a quarter of it
_BLANKS = re.compile(r"\s{3,}")


@dataclass(frozen=True, slots=True)
class Box:
    """A place on a page as it is shown, upright: fractions of its width and height from the upper left corner, 0 to 1."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """Fraction of the page's width."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Fraction of the page's height."""
        return self.bottom - self.top

    @property
    def middle(self) -> float:
        """Height of its middle line, by which lines of one row are known."""
        return (self.top + self.bottom) / 2


@dataclass(frozen=True, slots=True)
class Line:
    """A run of words as a reader found it. `confidence` 0 to 1; a PDF's own text has 1.

    A stranger's PDF may say a line of thousands of blanks, over which patterns would search for hours: runs of blanks and the
    whole are bounded here, before anything looks at them.
    """

    text: str
    confidence: float
    box: Box

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", _BLANKS.sub("  ", self.text[:LONGEST]))


@dataclass(frozen=True, slots=True)
class Words:
    """All lines of one page. `source`: `ocr` or `text` (the PDF's own); `aspect`: its width over its height."""

    number: int
    source: str
    aspect: float
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """One field found on a page. `value` in the field's written form (vocabulary), `box` none when no place can be named."""

    page: int
    name: str
    value: str
    confidence: float
    box: Box | None
