"""Lines of a CSV file become text columns. A line that is none of the table costs its row, never its neighbours. Pure."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl
from polars.exceptions import ComputeError, SchemaError

from services.settlement.feed.columns import USED

_LOST = "\ufffd"            # what stands for bytes that are no character
_END = "__end"
_RAGGED = (ComputeError, SchemaError)      # what Polars says to lines of unlike length, later ones and the first


@dataclass
class Broken:
    """Rows that cannot be read, by number within the file."""

    line: list[int] = field(default_factory=list)
    encoding: list[int] = field(default_factory=list)


def parse(content: bytes, headings: Sequence[str], first: int, broken: Broken) -> pl.DataFrame:
    """Text columns of USED and `row_no` of whole lines, the first of which is row `first`; blank lines are no rows.

    One pass where the lines are as they mostly are: no quotes, right number of commas. Else line by line.
    """
    count = content.count(b"\n")
    if b'"' not in content and content.count(b",") == count * (len(headings) - 1):
        try:
            return numbered(_read(content, headings), first)
        except _RAGGED:        # one line longer, another shorter
            pass
    return _line_by_line(content, headings, first, broken)


def numbered(frame: pl.DataFrame, first: int) -> pl.DataFrame:
    """The same of rows that came as text columns already."""
    return _used(frame).with_columns(pl.int_range(first, first + pl.len(), dtype=pl.Int64).alias("row_no"))


def _read(content: bytes, headings: Sequence[str], quote: str | None = None) -> pl.DataFrame:
    wanted = [place for place, name in enumerate(headings) if name in USED or name == _END]
    schema = {str(place): pl.String for place in range(len(headings))}
    return pl.read_csv(content, has_header=False, schema=schema, quote_char=quote, columns=wanted,
                       truncate_ragged_lines=quote is not None).rename({str(place): headings[place] for place in wanted})


def _used(frame: pl.DataFrame) -> pl.DataFrame:
    """Every column of USED, the missing ones empty."""
    return frame.select(*(pl.col(name) if name in frame.columns else pl.lit(None, pl.String).alias(name) for name in USED))


def _line_by_line(content: bytes, headings: Sequence[str], first: int, broken: Broken) -> pl.DataFrame:
    plain, quoted = list[tuple[int, str]](), list[tuple[int, str]]()
    for number, line in enumerate(content.decode("utf-8", "replace").split("\n")[:-1], first):
        if not line.strip():
            continue
        if _LOST in line:
            broken.encoding.append(number)
        elif '"' in line:
            (quoted.append((number, line)) if line.count('"') % 2 == 0 else broken.line.append(number))
        elif line.count(",") == len(headings) - 1:
            plain.append((number, line))
        else:
            broken.line.append(number)
    frames = [_quoted(quoted, headings, broken), _numbered(_used(_read(_joined(plain), headings)), plain)]
    return pl.concat(frames).sort("row_no")


def _joined(lines: Sequence[tuple[int, str]], end: str = "") -> bytes:
    return "".join(f"{line}{end}\n" for _, line in lines).encode()


def _numbered(frame: pl.DataFrame, lines: Sequence[tuple[int, str]]) -> pl.DataFrame:
    return frame.with_columns(pl.Series("row_no", [number for number, _ in lines], dtype=pl.Int64))


def _quoted(lines: Sequence[tuple[int, str]], headings: Sequence[str], broken: Broken) -> pl.DataFrame:
    """A column of our own after the last says of each line whether it had as many fields as the heading."""
    try:
        frame = _read(_joined(lines, ',"#"'), [*headings, _END], '"')
    except _RAGGED:
        frame = None
    if frame is None or frame.height != len(lines):
        return _one_by_one(lines, headings, broken)
    whole = (frame[_END] == "#").fill_null(False)
    broken.line.extend(number for (number, _), good in zip(lines, whole, strict=True) if not good)
    return _numbered(_used(frame), lines).filter(whole)


def _one_by_one(lines: Sequence[tuple[int, str]], headings: Sequence[str], broken: Broken) -> pl.DataFrame:
    """A quote within a field that is not quoted is a sign like any other."""
    good, rows = list[tuple[int, str]](), list[list[str]]()
    for number, line in lines:
        fields = next(csv.reader([line]))
        if len(fields) == len(headings):
            good.append((number, line))
            rows.append(fields)
        else:
            broken.line.append(number)
    columns = {str(place): list(values) for place, values in enumerate(zip(*rows, strict=True))} if rows else {}
    frame = pl.DataFrame({name: columns.get(str(place), []) for place, name in enumerate(headings) if name in USED},
                         schema_overrides={name: pl.String for name in headings if name in USED})
    return _numbered(_used(frame), good)
