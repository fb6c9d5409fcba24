"""How far the letters in sight are: one count of each state, those that cannot be issued, and what was issued today."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date

import sqlalchemy as sa
from sqlmodel import Session


@dataclass(frozen=True, slots=True)
class Progress:
    """Counts of letters on claims. `stuck` are drafts that could not be issued; `today` were issued today."""

    drafted: int
    stuck: int
    issued: int
    dispatched: int
    delivered: int
    today: int

    def shown(self) -> dict[str, int]:
        """As JSON."""
        return asdict(self)


_COUNTS = sa.text("""
    SELECT count(*) FILTER (WHERE state = 'drafted'), count(*) FILTER (WHERE state = 'drafted' AND stuck IS NOT NULL),
           count(*) FILTER (WHERE state = 'issued'), count(*) FILTER (WHERE state = 'dispatched'),
           count(*) FILTER (WHERE state = 'delivered'), count(*) FILTER (WHERE issued_on = :today) FROM notice""")


def progress(session: Session, *, today: date) -> Progress:
    """Of every letter in sight."""
    return Progress(*session.execute(_COUNTS, {"today": today}).one())
