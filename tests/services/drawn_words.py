"""Pages typed as text: words where they stand, for tests of what is read from them."""

from __future__ import annotations

import re
import textwrap

from services.evidence.recognition.extract import extract
from services.evidence.recognition.lines import Box, Line, Words


def _wide(text: str) -> int:
    return sum(2 if ord(sign) > 0x2E7F else 1 for sign in text)


def words(drawn: str, *, slope: float = 0.0, confidence: float = 0.98) -> Words:
    """A page drawn with blanks: runs parted by two blanks or more are lines of their own. `slope` tilts it."""
    rows = textwrap.dedent(drawn).strip("\n").split("\n")
    height = 1 / max(30, len(rows) + 2)
    unit = height / 3.2
    lines = []
    for row, text in enumerate(rows):
        for run in re.finditer(r"\S+(?: \S+)*", text):
            left, wide = 0.05 + unit * _wide(text[:run.start()]), unit * _wide(run.group())
            top = (row + 1) * height + slope * left
            lines.append(Line(run.group(), confidence,
                              Box(left, min(top, top + slope * wide), left + wide, max(top, top + slope * wide) + 0.62 * height)))
    return Words(1, "ocr", 1.0, tuple(lines))


def read(drawn: str, **how: float) -> tuple[str | None, dict[str, str]]:
    """Kind and first values by name."""
    reading = extract(words(drawn, **how))
    fields: dict[str, str] = {}
    for field in reading.found:
        fields.setdefault(field.name, field.value)
    return reading.sheet, fields
