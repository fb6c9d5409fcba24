"""The rows not taken, as a file for the office: number of the row, settlement, column, reason, remedy. Never a value, never a name."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterable, Sequence

import polars as pl

from services.settlement.feed.lines import Broken
from services.settlement.feed.reasons import REASONS
from services.settlement.feed.rules import Fault

FILE = "rejects.csv.gz"
HEADINGS = ("row_no", "setl_id", "column", "code", "reason", "remedy")
_HIDE = ("id_form", "id_is_identity")       # a setl_id that may be something else
Line = tuple[int, str, str, str]            # row_no, setl_id, column, code


def of(rows: pl.DataFrame, faults: Sequence[Fault], broken: Broken) -> list[Line]:
    """A line for each row and fault of a batch, in the file's order."""
    lines: list[Line] = [(number, "", "", code) for code in ("line", "encoding") for number in getattr(broken, code)]
    hidden = [fault.rows for fault in faults if fault.code in _HIDE and fault.column == "setl_id"]
    ids = rows["setl_id"].fill_null("").str.strip_chars()
    for mask in hidden:
        ids = ids.set(mask, "")
    for fault in faults:
        lines += [(number, setl_id, fault.column, fault.code)
                  for number, setl_id in zip(rows["row_no"].filter(fault.rows), ids.filter(fault.rows), strict=True)]
    return sorted(lines)


def packed(lines: Iterable[Line], *, head: bool = False) -> bytes:
    """As a gzip member: members after one another are one file."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    if head:
        text.write("\ufeff")
        writer.writerow(HEADINGS)
    for number, setl_id, column, code in lines:
        reason = REASONS[code]
        writer.writerow((number, setl_id, column or reason.column, code, reason.text, reason.remedy))
    return gzip.compress(text.getvalue().encode(), compresslevel=6, mtime=0)
