"""Where head, signature and rear block of a letter stand, in millimetres, after GB/T 9704-2012 (7.2, 7.3 and 10.1)."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date

from documents.faces import measure, require
from documents.layout.lines import COLUMNS, Run, set_lines
from documents.outlines import ink

PITCH = 10.4489                 # one row: a character and seven eighths
CELL = 156 / 28
TOP = 34.562                    # of the first row's box: half the leading hangs above the text block at 37
GAP = 7 / 8                     # between rows, in characters
TITLE, TITLE_LINE, TITLE_COLUMNS = 22 * 25.4 / 72, 13.06, 18.0
MARK_COLUMNS, MARK_LINE = 20, 1.3      # a mark of one line stays larger than the title
SIGNED_COLUMNS = 22             # a longer signature would bring the seal over the words beside the code to scan
RULE = 1.9                      # both lines of the double rule
REAR_COLUMNS = (156 - 2 * 14 * 25.4 / 72) / (14 * 25.4 / 72)
_BREAK = re.compile(r"<br\s*/?>")
_GOOD_END = set("》”）的、，和与及度")
_ORGAN_END = set("省区市州盟县旗司会局厅院部社团业行")


@dataclass(frozen=True, slots=True)
class Head:
    """Everything above the addressee. Tops are of em boxes, below the first row's box; `height` is whole rows."""

    height: float
    marks: tuple[str, ...]
    mark_line: float
    mark_top: float
    mark_size: float
    mark_spacing: float
    rule_top: float
    number_top: float
    title_top: float
    titles: tuple[str, ...]


def letter_head(mark: str, number: str, title: str) -> Head:
    """Letter format: mark with its ink 30 mm from the page's top, double rule 4 mm below, number at the right under it."""
    marks = mark_lines(mark)
    size, spacing = _mark_size(marks, 10.2)
    top, high = _mark_ink(marks, size)
    rule = 30 + high + 4
    below = rule + RULE + CELL * GAP
    return _head(marks, number, title, 30 - top, size, spacing, rule, below, below + CELL + 2 * PITCH)


def official_head(mark: str, number: str, title: str) -> Head:
    """Official document: mark with its ink 35 mm below the text block's top, number two rows under it, rule 4 mm under that."""
    marks = mark_lines(mark)
    size, spacing = _mark_size(marks, 11.0)
    top, high = _mark_ink(marks, size)
    below = 72 + high + 2 * PITCH
    rule = below + CELL + 4
    return _head(marks, number, title, 72 - top, size, spacing, rule, below, rule + 0.9 + 2 * PITCH)


def _head(marks: tuple[str, ...], number: str, title: str, mark_top: float, size: float, spacing: float, rule: float, below: float,
          title_top: float) -> Head:
    require(number)
    titles = title_lines(title)
    end = title_top + TITLE + (len(titles) - 1) * TITLE_LINE
    rows = math.ceil((end + PITCH * 0.85 - TOP) / PITCH - 0.03)
    return Head(rows * PITCH, marks, MARK_LINE if len(marks) > 1 else 1.0, mark_top - TOP, size, spacing, rule - TOP, below - TOP,
                title_top - (TITLE_LINE - TITLE) / 2 - TOP, titles)


def mark_lines(mark: str) -> tuple[str, ...]:
    """The mark on one line; a very long one on two of like length, parted after an organ's name."""
    require(mark, "title")
    return _parted(mark, "title") if measure(mark, "title") > MARK_COLUMNS else (mark,)


def signature_lines(office: str) -> tuple[str, ...]:
    """The signing organ on one line; a very long one on two."""
    require(office)
    return _parted(office, "body") if measure(office) > SIGNED_COLUMNS else (office,)


def _parted(words: str, chain: str) -> tuple[str, ...]:
    """Two lines of like length, parted after a word for a place or an organ where one ends near the middle."""
    half = measure(words, chain) / 2

    def off(at: int) -> float:
        return abs(measure(words[:at], chain) - half)

    ends = [at for at in range(1, len(words)) if words[at - 1] in _ORGAN_END and off(at) <= half / 3]
    at = min(ends or range(1, len(words)), key=off)
    return words[:at], words[at:]


def _mark_size(marks: tuple[str, ...], largest: float) -> tuple[float, float]:
    """Character height and spacing of a mark, so that no line of it fills more than the text block."""
    longest = max(marks, key=lambda line: measure(line, "title"))
    size = min(largest, 156 / measure(longest, "title"))
    return size, min(1.2, max(0.0, (150 - size * measure(longest, "title")) / max(1, len(longest)) / 2))


def _mark_ink(marks: tuple[str, ...], size: float) -> tuple[float, float]:
    """In mm: from the top of the mark's box to its ink, and how high the ink is from first line to last."""
    leading = (MARK_LINE - 1) / 2 if len(marks) > 1 else 0.0
    top, bottom = ink(marks[0])[0] + leading, ink(marks[-1])[1] + leading + (len(marks) - 1) * MARK_LINE
    return top * size, (bottom - top) * size


def title_lines(title: str) -> tuple[str, ...]:
    """The lines of a title: as the template broke it, and long ones in two or three of like length, parted after a phrase."""
    lines: list[str] = []
    for part in _BREAK.split(title):
        words = " ".join(re.sub(r"<[^>]+>", "", part).split())
        require(words, "title")
        lines += _balanced(words)
    return tuple(lines)


def _balanced(words: str) -> list[str]:
    wide = measure(words, "title")
    if wide <= TITLE_COLUMNS:
        return [words]
    count = math.ceil(wide / TITLE_COLUMNS)
    broken = set_lines([Run(words)], first=0, columns=max(wide / count + 1, wide / count * 1.02), flush=False)
    if count != 2 or len(broken) != 2:
        return [line.text for line in broken]
    ends = [at for at in range(2, len(words) - 1)
            if max(measure(words[:at], "title"), measure(words[at:], "title")) <= TITLE_COLUMNS and words[at - 1] in _GOOD_END]
    if not ends:
        return [line.text for line in broken]
    at = min(ends, key=lambda spot: abs(measure(words[:spot], "title") - wide / 2))
    return [words[:at], words[at:]]


def middle(organ: tuple[str, ...], issued_on: str) -> float:
    """Of signature, date and seal: cells from the text block's right edge. The date ends four cells from it."""
    return max(4 + measure(issued_on) / 2, max(map(measure, organ)) / 2)


def rear_rows(copies: str, printed_by: str | None, printed_on: date | None) -> int:
    """Whole rows that the rear block needs at the foot of the last page."""
    lines = len(set_lines([Run(copies)], first=0, rest=3, columns=REAR_COLUMNS, flush=False)) if copies else 0
    imprint = 0 if not printed_by else 2 if long_imprint(printed_by) else 1
    return math.ceil((lines + imprint) * 8.6 / PITCH + 0.2)


def long_imprint(printed_by: str) -> bool:
    """Whether the day goes to a line of its own, under the organ that printed."""
    return measure(printed_by) + measure("2026年12月31日印发") + 1 > REAR_COLUMNS


def enclosure_lines(names: tuple[str, ...]) -> list[tuple[list[Run], float, float]]:
    """附件说明 as paragraphs: runs, first indent and hanging indent in cells."""
    made = []
    for place, name in enumerate(names, 1):
        number = f"{place}. " if len(names) > 1 else ""
        label = "附件：" if place == 1 else ""
        made.append(([Run(label + number + name)], 2.0 if label else 5.0, min(5 + measure(number), COLUMNS / 2)))
    return made
