"""Tables of letters: column widths chosen, cells broken into lines, rows as high as whole half rows of the grid.

A table may only be parted where an even number of half rows has been set, so that the text after it is on the grid again
on whichever page it ends.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape

from documents.faces import measure, require
from documents.layout.lines import Run, set_lines

WIDTH = 156.0                   # mm, the text block
EM = 12 * 25.4 / 72             # mm: 小四
PADDING = 3.0                   # mm, both sides of a cell together
HALF_ROW = 10.4489 / 2          # mm
SHORT = 6                       # em: a cell this short is never broken
STEP = 14                       # em: nor a step of a computation this short
SMALL = 10.5 / 12


@dataclass(slots=True)
class Cell:
    """A cell as the template wrote it: its paragraphs, its class, over how many columns."""

    tag: str
    style: str = ""
    span: int = 1
    paragraphs: list[str] = field(default_factory=list)

    @property
    def scale(self) -> float:
        """Size of its characters against the table's."""
        return SMALL if "code" in self.style.split() else 1.0

    @property
    def kept(self) -> bool:
        """Never broken: numbers, sums, headings."""
        return bool({"n", "c", "money"} & set(self.style.split())) or self.tag == "th"


@dataclass(slots=True)
class Row:
    """A row; `head` rows are repeated on each page."""

    cells: list[Cell] = field(default_factory=list)
    head: bool = False
    total: bool = False


def set_table(rows: list[Row], *, dense: bool = False) -> str:
    """The table as HTML whose every line and height is given. `dense`: no half row of white in a row, for a letter of one page."""
    columns = max(sum(cell.span for cell in row.cells) for row in rows)
    widths = _widths(rows, columns)
    parts = [f'<table class="set{" dense" if dense else ""}"><colgroup>',
             *(f'<col style="width:{wide * EM + PADDING:.3f}mm">' for wide in widths), "</colgroup>"]
    halves, inside = 0, ""
    for place, row in enumerate(rows):
        section = "thead" if row.head else "tbody"
        if section != inside:
            parts.append((f"</{inside}>" if inside else "") + f"<{section}>")
            inside = section
        cells, high = _row(row, widths, 0 if dense else 1)
        halves += high
        last = rows[place + 1].total if place + 1 < len(rows) else False
        keep = ";break-after:avoid" if halves % 2 or last or place == sum(one.head for one in rows) else ""
        parts.append(f'<tr style="height:{high * HALF_ROW:.4f}mm{keep}">{cells}</tr>')
    parts.append(f"</{inside}></table>")
    if halves % 2:
        parts.append('<div class="half"></div>')
    return "".join(parts)


def _row(row: Row, widths: list[float], white: int) -> tuple[str, int]:
    """The row's cells, and its height in half rows with `white` of them empty."""
    parts, column, most = [], 0, 1
    for cell in row.cells:
        wide = (sum(widths[column:column + cell.span]) + (cell.span - 1) * PADDING / EM) / cell.scale
        column += cell.span
        lines = _lines(cell, wide)
        most = max(most, len(lines))
        scope = (' scope="col"' if row.head else ' scope="row"') if cell.tag == "th" else ""
        style = f' class="{cell.style}"' if cell.style else ""
        span = f' colspan="{cell.span}"' if cell.span > 1 else ""
        parts.append(f"<{cell.tag}{scope}{style}{span}>{'<br>'.join(escape(line) for line in lines)}</{cell.tag}>")
    high = most + white
    return "".join(parts), high + high % 2 if row.head and white else high


def _lines(cell: Cell, wide: float) -> list[str]:
    chain = "hei" if cell.tag == "th" else "body"
    lines: list[str] = []
    for text in cell.paragraphs:
        require(text, chain)
        lines += [line.text for line in set_lines([Run(text, whole=cell.kept)], first=0, columns=wide + 1e-3, flush=False)]
    return lines


def _widths(rows: list[Row], columns: int) -> list[float]:
    """In em. No column narrower than its short cells and headings; what is left goes to those with most to say."""
    least, natural = [1.0] * columns, [1.0] * columns
    for row in rows:
        column = 0
        for cell in row.cells:
            if cell.span == 1:
                short = STEP if "steps" in cell.style.split() else SHORT
                for text in cell.paragraphs:
                    wide = measure(text)
                    natural[column] = max(natural[column], wide)
                    least[column] = max(least[column], wide if cell.kept or wide <= short else SHORT)
            column += cell.span
    room = (WIDTH - columns * PADDING) / EM
    if sum(natural) <= room:
        spare = (room - sum(natural)) / sum(natural)
        return [wide * (1 + spare) for wide in natural]
    if sum(least) >= room:
        return [wide * room / sum(least) for wide in least]
    low, high = 0.0, 1.0
    for _ in range(30):         # the share of its natural width that every column may have
        middle = (low + high) / 2
        total = sum(max(a, b * middle) for a, b in zip(least, natural, strict=True))
        low, high = (middle, high) if total < room else (low, middle)
    return [max(a, b * low) for a, b in zip(least, natural, strict=True)]
