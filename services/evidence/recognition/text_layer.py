"""A PDF's own text, believed where the machine sees the same words on the drawn page. Pure.

A text layer may be hidden, may lie under another picture, or spell signs wrongly; what counts is what a person sees. So every
line is seen first, and the file's own spelling takes its place, with full certainty, where both say the same: then `一` is not a
dash and a name's rare character is right. Where their digits differ, what was seen stays, as something to look at.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from difflib import SequenceMatcher

from services.evidence.recognition.lines import Box, Line

Glyph = tuple[str, float, float, float, float]      # sign, left, top, right, bottom in fractions of the page

_ALIKE, _MOSTLY = 0.7, 0.8
_DOUBTED = 0.8              # confidence of a line whose digits the file spells otherwise
_GAP = 0.4                  # of a line's height, from which signs stand apart


def spelled(lines: Sequence[Line], glyphs: Sequence[Glyph], aspect: float) -> tuple[str, tuple[Line, ...]]:
    """("text", lines) when the file's own text stands for most of the page, else ("ocr", lines). `aspect`: width over height."""
    shown = [glyph for glyph in glyphs if _is_sign(glyph[0])]
    mended = tuple(_mended(line, _within(line.box, shown), aspect) for line in lines) if shown else tuple(lines)
    whole = sum(len(line.text) for line in mended)
    sure = sum(len(line.text) for line in mended if line.confidence >= 1)
    return "text" if shown and whole and sure >= _MOSTLY * whole else "ocr", mended


def _is_sign(sign: str) -> bool:
    """Not private use, unassigned or a control: such a layer says nothing."""
    return len(sign) == 1 and unicodedata.category(sign)[0] != "C" and sign != "\ufffd"


def _within(box: Box, glyphs: Sequence[Glyph]) -> list[Glyph]:
    inside = [glyph for glyph in glyphs if box.left <= (glyph[1] + glyph[3]) / 2 <= box.right
              and box.top <= (glyph[2] + glyph[4]) / 2 <= box.bottom]
    return sorted(inside, key=lambda glyph: glyph[1])


def _mended(line: Line, glyphs: Sequence[Glyph], aspect: float) -> Line:
    told = _text(glyphs, line.box.height, aspect)
    said, saw = _plain(told), _plain(line.text)
    if not said or SequenceMatcher(None, said, saw, autojunk=False).ratio() < _ALIKE:
        return line
    if _digits(said) != _digits(saw):
        return replace(line, confidence=min(line.confidence, _DOUBTED))
    return replace(line, text=told, confidence=1.0)


def _text(glyphs: Sequence[Glyph], height: float, aspect: float) -> str:
    """Signs from left to right; a sign drawn twice at one place (a poor man's bold) counts once."""
    text, end, start = "", 0.0, -1.0
    for sign, left, _, right, _ in glyphs:
        if text and sign == text[-1] and (left - start) * 3 < right - left:
            continue
        apart = text and (left - end) * aspect > _GAP * height
        text += f" {sign}" if apart else sign
        start, end = left, right
    return text


def _plain(text: str) -> str:
    return "".join(sign for sign in unicodedata.normalize("NFKC", text) if sign.isalnum())


def _digits(text: str) -> str:
    return "".join(sign for sign in text if sign.isdecimal())
