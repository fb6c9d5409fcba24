"""How commands speak: a table or lines for people, JSON for programs; errors name what is wrong and what to do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Annotated

import typer
from rich.cells import cell_len
from rich.console import Console
from rich.table import Column, Table

from services.core.errors import HuzhuError, InputError

AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON，供程序读取")]
SAID_NO = 1
_CLOSING = "，。；、：）》”’！？"
_CODE = 24      # places of the longest plan code, with some to spare


def out() -> Console:
    """Standard output; made at call time, so that a redirected stream is honoured."""
    return Console(highlight=False, soft_wrap=True)


def say_json(value: object) -> None:
    """One JSON document."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=1))


def say(text: str) -> None:
    """One line, without markup."""
    out().print(text, markup=False, emoji=False)


def say_item(text: str, *, indent: int = 0, hang: int = 0) -> None:
    """One paragraph within the width of the page, its first line `indent` places in and the others `hang` more."""
    for number, line in enumerate(wrapped(text, max(24, out().width - indent), hang)):
        say(" " * (indent + (hang if number else 0)) + line)


def wrapped(text: str, width: int, hang: int = 0) -> list[str]:
    """The text in lines of at most `width` places, the later ones `hang` fewer.

    A number or a code stays whole and no line begins with a closing mark, unless nothing else fits.
    """
    lines, line = list[str](), list[str]()
    for piece in re.findall(r"[（《“‘]*(?:[!-~]+|.)", text):
        room = width - (hang if lines else 0)
        if line and cell_len("".join(line) + piece) > room:
            carried = _carried(line, piece)
            lines.append("".join(line[:len(line) - len(carried)]).rstrip())
            line, piece = carried, piece if carried else piece.lstrip()
            room = width - hang
        while cell_len(piece) > room:       # one word longer than a line
            lines.append(piece[:room])
            piece = piece[room:]
        line.append(piece)
    return [*lines, "".join(line)] if line else lines


def _carried(line: list[str], piece: str) -> list[str]:
    """What must move to the next line with a closing mark: the word before it and the marks between."""
    found = list[str]()
    while piece in _CLOSING and len(found) < len(line) - 1:
        piece = line[len(line) - 1 - len(found)]
        found.insert(0, piece)
    return found


def say_table(headings: Sequence[str], rows: Iterable[Sequence[object]], *, title: str = "") -> None:
    """A table for people; a column in which nothing stands is left out."""
    lines = [["" if cell is None else str(cell) for cell in row] for row in rows]
    kept = [number for number in range(len(headings)) if not lines or any(line[number] for line in lines)]
    headings, lines = [headings[number] for number in kept], [[line[number] for number in kept] for line in lines]
    # Codes and dates stand in the first column of most tables: they are copied, so they stay whole.
    whole = all(cell_len(line[0]) <= _CODE for line in lines if line)
    columns = [Column(heading, overflow="fold", no_wrap=whole and number == 0) for number, heading in enumerate(headings)]
    table = Table(*columns, title=title or None, title_justify="left")
    for line in lines:
        table.add_row(*line)
    out().print(table, markup=False)


def say_error(error: HuzhuError, *, as_json: bool) -> None:
    """On stderr for people; as a problem document on stdout for programs."""
    if as_json:
        say_json(error.as_problem())
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    named = f"{error.field}：" if error.field and error.field not in error.message else ""
    console.print(f"错误：{named}{error.message}", markup=False)
    if error.remedy:
        console.print(f"办法：{error.remedy}", markup=False)


def day(text: str, *, field: str) -> date:
    """A date argument. InputError names the argument."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError("wrong_value", f"{field}：“{text}”不是日期", remedy="写成 2026-02-13 这样的日期",
                         field=field) from None
