"""Where words stand on a page. Pure."""

from __future__ import annotations

from dataclasses import dataclass


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
    """A run of words as a reader found it. `confidence` 0 to 1; a PDF's own text has 1."""

    text: str
    confidence: float
    box: Box


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
