"""What a letter on a changed day says: read for the letters that are to be issued."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlmodel import Session

from services.core.errors import NotFound
from services.sla import calendars

_CHANGES = sa.text("""
    SELECT r.id::text AS id, r.kind, r.old_due, r.old_calendar, k.due_on, k.words, k.provisional, k.calendar,
           ARRAY(SELECT n.code || ' ' || n.number FROM notice n WHERE r.letters ? n.id::text
                 AND n.claim_id = r.claim_id ORDER BY n.issued_at, n.id) AS named
    FROM clock_recount r JOIN sla_clock k ON k.id = r.clock_id WHERE r.id::text = ANY(CAST(:ids AS text[]))""")


@dataclass(frozen=True, slots=True)
class Recount:
    """A day that moved: the clock as it stands now beside the day that letters had named. `named`: their codes and numbers."""

    kind: str
    old: date
    due: date
    words: str
    provisional: bool
    named: tuple[tuple[str, str], ...]
    sources: tuple[str, ...]


def changes(session: Session, ids: Sequence[str]) -> dict[str, Recount]:
    """By id."""
    found = session.execute(_CHANGES, {"ids": list(ids)}).all() if ids else ()
    return {row.id: Recount(row.kind, row.old_due, row.due_on, row.words, row.provisional,
                            tuple((one.split(" ", 1)[0], one.split(" ", 1)[1]) for one in row.named),
                            _sources(session, row.old_calendar, row.calendar, {row.old_due.year, row.due_on.year})) for row in found}


def _sources(session: Session, old: str, new: str, years: set[int]) -> tuple[str, ...]:
    """The announcements that stand in the new calendar and not in the old one, of these years; of all, when the old is lost."""
    now = calendars.pinned(session, new)
    try:
        before = set(calendars.pinned(session, old).texts)
    except NotFound:
        before = set()
    files = [*now.years.values(), *now.extras]
    changed = [year.source for year in files if year.number in years and year.text not in before]
    return tuple(dict.fromkeys(changed or [now.years[year].source for year in sorted(years) if year in now.years]))
