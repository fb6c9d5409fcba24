"""结案归档表: a closed claim's whole record in the order in which it came about, first leaf of its dossier."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from documents.layout.context import Letter, Text, Value

Cell = Annotated[str, StringConstraints(strip_whitespace=True)]
_EMPTY = "—"
_DAY, _SUM, _SHORT = re.compile(r"\d{4}年\d+月\d+日"), re.compile(r"\d+\.\d{2}"), 4


def _style(cell: str) -> str:
    """Days and sums are never broken, short words stand in the middle."""
    if _DAY.fullmatch(cell):
        return "n"
    return "money" if _SUM.fullmatch(cell) else "c" if len(cell) <= _SHORT else ""


class Part(Value):
    """One part of the record: a table as it is to be read, every row as wide as its heads; `none` says why there are no rows."""

    title: Text
    heads: Annotated[tuple[Text, ...], Field(min_length=2, max_length=7)]
    rows: tuple[tuple[Cell, ...], ...] = ()
    none: Text = "没有。"

    @model_validator(mode="after")
    def _rows_are_whole(self) -> Part:
        if any(len(row) != len(self.heads) for row in self.rows):
            raise ValueError(f"“{self.title}”每行须有{len(self.heads)}栏")
        return self

    @property
    def shown(self) -> tuple[tuple[tuple[str, str], ...], ...]:
        """The rows, each cell with its class; a stroke where nothing is recorded."""
        return tuple(tuple((cell or _EMPTY, _style(cell)) for cell in row) for row in self.rows)


class Context(Letter):
    """Values of the sheet. `times`: how often the claim has been closed, this time counted."""

    addressee: Text = "档案保管单位"
    closed_on: date
    times: Annotated[int, Field(gt=0)] = 1
    result: Text
    """How it ended, as a clause: 给付60000.00元，已付清."""
    facts: Annotated[tuple[tuple[Text, Text], ...], Field(min_length=1)]
    parts: Annotated[tuple[Part, ...], Field(min_length=1)]
    entries: Annotated[int, Field(gt=0)]
    """Entries of the claim's chained record at the closing, and the hash of the last."""
    record_hash: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
