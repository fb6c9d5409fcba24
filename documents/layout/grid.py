"""A letter's body on the grid: paragraphs and headings as set lines of 28 cells, tables with their heights."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser

from documents.errors import DocumentError
from documents.faces import require
from documents.layout.lines import Line, Run, set_lines
from documents.layout.tables import Cell, Row, set_table

CHAINS = {"h2": "hei", "h3": "kai"}
_SPACE = re.compile(r"[ \t\r\n]+")


def paragraph(runs: list[Run], *, tag: str = "p", style: str = "", first: float = 2.0, rest: float = 0.0,
              names: frozenset[str] = frozenset()) -> str:
    """One paragraph as HTML, a block for each line. MissingGlyph names characters that its faces lack."""
    require("".join(run.text for run in runs), CHAINS.get(tag, "body"))
    rows = "".join(_row(line) for line in set_lines(runs, first=first, rest=rest, names=names))
    return f"<{tag}{f' class={chr(34)}{style}{chr(34)}' if style else ''}>{rows}</{tag}>"


def _row(line: Line) -> str:
    style = f"padding-left:{line.indent:g}em;" if line.indent else ""
    style += f"letter-spacing:{line.spacing:.5f}em" if abs(line.spacing) > 1e-5 else ""
    words = "".join(f'<span class="{run.style}">{escape(run.text, quote=False)}</span>' if run.style else escape(run.text, quote=False)
                    for run in line.runs)
    return f'<span class="l"{f" style={chr(34)}{style}{chr(34)}" if style else ""}>{words}</span>'


def on_grid(html: str, names: frozenset[str] = frozenset()) -> str:
    """Set a body: p, h2, h3, table, div; in lines span, strong, br. DocumentError for any other element."""
    reader = _Reader(names)
    reader.feed(html)
    reader.close()
    last = reader.done[-1] if reader.done else ""
    if last.startswith("<p>"):
        kind = "short" if last.count('<span class="l"') == 1 else "last"
        reader.done[-1] = last.replace("<p>", f'<p class="{kind}">', 1)
    return "".join(reader.done)


@dataclass(slots=True)
class _Open:
    tag: str
    style: str
    runs: list[Run] = field(default_factory=list)


class _Reader(HTMLParser):
    """Collects the text of each paragraph and cell, and writes it set."""

    def __init__(self, names: frozenset[str]) -> None:
        super().__init__(convert_charrefs=True)
        self.names, self.done = names, list[str]()
        self.block: _Open | None = None
        self.rows: list[Row] | None = None
        self.dense = False
        self.cell: Cell | None = None
        self.inline: list[tuple[bool, str]] = []
        self.head = False
        self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open an element."""
        given = {name: value or "" for name, value in attrs}
        style = given.get("class", "")
        if self.rows is not None:
            self._in_table(tag, style, given)
        elif tag == "table":
            self.rows, self.dense = [], style == "dense"
        elif tag in ("p", "h2", "h3"):
            self.block = _Open(tag, style)
        elif tag in ("span", "strong", "b"):
            self.inline.append((style == "whole", "hei" if tag != "span" else style if style in ("kai", "hei") else ""))
        elif tag == "br" and self.block:
            self._close(self.block)
            self.block = _Open(self.block.tag, "flush")
        elif tag == "div":
            self.done.append(f'<div class="{escape(style)}">' if style else "<div>")
        else:
            raise DocumentError("unknown_element", f"文书正文里不能用 <{tag}>", remedy="可用 p、h2、h3、table、div、span、br")

    def _in_table(self, tag: str, style: str, given: dict[str, str]) -> None:
        rows = self.rows if self.rows is not None else []
        if tag == "thead":
            self.head = True
        elif tag == "tr":
            rows.append(Row(head=self.head, total=style == "total"))
        elif tag in ("td", "th"):
            self.cell, self.words = Cell(tag, style, int(given.get("colspan", "1"))), ""
            rows[-1].cells.append(self.cell)
        elif tag in ("p", "br"):
            self._cell_line()

    def _cell_line(self) -> None:
        words = _SPACE.sub(" ", self.words).strip(" ")
        if self.cell is not None and words:
            self.cell.paragraphs.append(words)
        self.words = ""

    def handle_endtag(self, tag: str) -> None:
        """Close an element; a paragraph or table is set."""
        if tag == "table" and self.rows is not None:
            self.done.append(set_table(self.rows, dense=self.dense))
            self.rows = None
        elif self.rows is not None:
            if tag in ("td", "th", "p"):
                self._cell_line()
            if tag in ("td", "th"):
                self.cell = None
            self.head = self.head and tag != "thead"
        elif tag in ("p", "h2", "h3") and self.block is not None:
            self._close(self.block)
            self.block = None
        elif tag in ("span", "strong", "b") and self.inline:
            self.inline.pop()
        elif tag == "div":
            self.done.append("</div>")

    def handle_data(self, data: str) -> None:
        """Words: of a cell, of a paragraph, or the white space between."""
        if self.rows is not None:
            self.words += data if self.cell is not None else ""
        elif self.block is not None:
            whole, style = self.inline[-1] if self.inline else (False, "")
            self.block.runs.append(Run(data, whole, style))
        elif data.strip():
            raise DocumentError("loose_text", f"文书正文有不属于任何段落的文字：{data.strip()[:20]}")

    def _close(self, block: _Open) -> None:
        runs = _tidy(block.runs)
        if runs:
            self.done.append(paragraph(runs, tag=block.tag, style=block.style, first=0 if "flush" in block.style.split() else 2,
                                       names=self.names))


def _tidy(runs: list[Run]) -> list[Run]:
    """White space as HTML has it: one space for many, none at the ends."""
    tidy: list[Run] = []
    for run in runs:
        text = _SPACE.sub(" ", run.text)
        if not tidy or tidy[-1].text.endswith(" "):
            text = text.lstrip(" ")
        if text:
            tidy.append(Run(text, run.whole, run.style))
    if tidy and tidy[-1].text.endswith(" "):
        tidy[-1] = Run(tidy[-1].text.rstrip(" "), tidy[-1].whole, tidy[-1].style)
    return [run for run in tidy if run.text]
