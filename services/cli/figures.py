"""Tables of figures: amounts and counts stay whole and stand to the right; only words fold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table

from services.cli.output import out


def say_figures(headings: Sequence[str], rows: Iterable[Sequence[object]], *, words: int) -> None:
    """The first `words` columns are words, the others figures."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for place, heading in enumerate(headings):
        if place < words:
            table.add_column(heading, overflow="fold")
        else:
            table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*map(str, row))
    out().print(table, markup=False)
