"""Numbers of a board. Above the unit they come from the derived tables, for a unit from its own rows, by the same definitions."""

from __future__ import annotations

from services.reporting.boards.area import place
from services.reporting.boards.behind import claims
from services.reporting.boards.lengths import turnaround
from services.reporting.boards.months import kept, quality
from services.reporting.boards.outstanding import outstanding
from services.reporting.boards.standing_open import open_now

__all__ = ["claims", "kept", "open_now", "outstanding", "place", "quality", "turnaround"]
