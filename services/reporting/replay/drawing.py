"""How many claims change by how much, as the boards draw their charts."""

from __future__ import annotations

from collections.abc import Callable

from documents.charts import Bars
from services.reporting.boards.drawing import SIZES, Chart, Tone, svg, told
from services.reporting.replay.views import Replay

__all__ = ["SIZES", "Chart", "Tone", "histogram", "svg", "told"]


def histogram(found: Replay, name: Callable[[str], str], unit: str) -> Bars:
    """Claims by range of their difference; those that do not change would dwarf the others and stand in the words beside."""
    return Bars(tuple((name(row.key), row.claims) for row in found.ranges if row.key != "0"), unit)
