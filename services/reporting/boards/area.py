"""Which rows a cut means: its organisation, the ones one step down, its plans, its months."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session

from services.core.clock import at_hour, business_day
from services.core.errors import NotFound
from services.core.months import months_on
from services.reporting.boards.views import Cut, Place
from services.reporting.figures.service import NAME
from services.reporting.figures.tallies import BELOW
from services.rulebook import registry
from services.sla.queries import INSURER

# What an insurer has to keep itself.
OF_INSURER = (*INSURER, "agreement", "refusal_letter")
AT_INSURER = "with_insurer"
# Statements on tallies name organisations by `:keys`; on rows, parts of the tree by `parts`, which they join by a range of the key.
# From the first to past the last of them is said in so many words: a join by ranges alone would be planned over the whole house.
PARTS = """(SELECT key, low COLLATE "C" AS low, high COLLATE "C" AS high
    FROM unnest(CAST(:part_keys AS text[]), CAST(:lows AS text[]), CAST(:highs AS text[])) AS u(key, low, high))"""
IN_PART = "{0}.org_key >= p.low AND {0}.org_key < p.high AND {0}.org_key >= :rows_low AND {0}.org_key < :rows_high"
OF_PLANS = "(NOT :of_plans OR {0}.plan IN (SELECT unnest(CAST(:plans AS text[]))))"
OF_KINDS = "(NOT :of_kinds OR {0}.kind IN (SELECT unnest(CAST(:kinds AS text[]))))"
_PLACE = sa.text("""
    SELECT o.id, o.name, o.kind FROM organisation o WHERE o.org_key = :key
    AND o.org_key >= current_setting('app.org_path') || '.' AND o.org_key < current_setting('app.org_path') || '/'""")
_STEP_DOWN = sa.text("""
    SELECT o.org_key, o.name, o.kind FROM organisation o WHERE o.parent_id = :id AND EXISTS (
        SELECT FROM claim c WHERE c.org_key >= o.org_key AND c.org_key < (rtrim(o.org_key, '.') || '/') COLLATE "C")
    ORDER BY o.name, o.org_key""")
_AS_OF = sa.text("SELECT as_of FROM figures_refresh WHERE name = :name")


@dataclass(frozen=True, slots=True)
class Area:
    """A cut made ready for statements. `own` tallies stand under the organisation's key; of its parts those in `tallied` have some."""

    key: str
    name: str
    kind: str
    below: Mapping[str, str]
    tallied: tuple[str, ...]
    cut: Cut
    as_of: datetime
    today: date

    @property
    def has_tallies(self) -> bool:
        """Whether its own figures were added up beforehand."""
        return self.kind not in BELOW

    def values(self, *, by_part: bool) -> dict[str, object]:
        """Parameters: of the whole organisation, or of its parts one by one (and what hangs on itself alone)."""
        rows = [(self.key, self.key, _past(self.key))]
        keys = [self.key] if self.has_tallies else []
        if by_part:
            loose = [key for key in self.below if key not in self.tallied]
            rows = [(self.key, self.key, f"{self.key}\x01"), *((key, key, _past(key)) for key in loose)]
            keys = list(self.tallied)
        elif self.has_tallies:
            rows = []
        plans = plans_of(self.cut)
        return {"keys": keys, "part_keys": [row[0] for row in rows], "lows": [row[1] for row in rows], "highs": [row[2] for row in rows],
                "rows_low": min((row[1] for row in rows), default=""), "rows_high": max((row[2] for row in rows), default=""),
                "low": self.key, "high": _past(self.key), "of_plans": plans is not None, "plans": plans or [],
                "of_kinds": self.cut.insurer is not None, "kinds": list(OF_INSURER)}

    def label(self, key: str) -> str:
        """What people call an organisation of this board."""
        return self.name if key == self.key else self.below.get(key, key)

    @property
    def month(self) -> date:
        """The cut's month, or today's."""
        return (self.cut.month or self.today).replace(day=1)

    @property
    def months(self) -> dict[str, object]:
        """Bounds of the cut's months: days, and the same as instants."""
        first = self.month if self.cut.month else months_on(self.month, -11)
        return span(first, self.month)


@dataclass(frozen=True, slots=True)
class _Found:
    """An organisation as the tables have it; `below`: key, name and kind of those one step down that have claims."""

    name: str
    kind: str
    below: tuple[tuple[str, str, str], ...]
    as_of: datetime | None


def _find(session: Session, key: str) -> _Found:
    """Looked up once in a transaction: a page asks for several numbers of one organisation, all as of one moment."""
    kept: dict[str, _Found] = session.info.setdefault("board_places", {})
    if key not in kept:
        row = session.execute(_PLACE, {"key": key}).one_or_none()
        if row is None:
            raise NotFound("organisation_missing", "没有这个组织，或不在您的管辖范围内", remedy="核对组织", field="org_key")
        below = tuple((one.org_key, one.name, one.kind) for one in session.execute(_STEP_DOWN, {"id": row.id}))
        as_of = session.execute(_AS_OF, {"name": NAME}).scalar() if row.kind not in BELOW else None
        kept[key] = _Found(row.name, row.kind, below, as_of)
    return kept[key]


def area(session: Session, cut: Cut, now: datetime) -> Area:
    """The cut, looked up. NotFound: no such organisation in sight."""
    found = _find(session, cut.org_key)
    return Area(key=cut.org_key, name=found.name, kind=found.kind, below={key: name for key, name, _ in found.below},
                tallied=tuple(key for key, _, kind in found.below if kind not in BELOW), cut=cut, as_of=found.as_of or now,
                today=business_day(now))


def place(session: Session, cut: Cut) -> Place:
    """Whose board it is. NotFound: no such organisation in sight."""
    found = _find(session, cut.org_key)
    return Place(cut.org_key, found.name, found.kind, tuple((key, name) for key, name, _ in found.below))


def insurers() -> dict[str, str]:
    """The insurer of each plan that has one."""
    return {book.plan: book.insurer for book in registry.plans() if book.insurer}


def plans_of(cut: Cut) -> list[str] | None:
    """The plans the cut means; None for all."""
    if cut.insurer is None:
        return [cut.plan] if cut.plan else None
    return [plan for plan, insurer in insurers().items() if insurer == cut.insurer and cut.plan in (None, plan)]


def span(first: date, last: date) -> dict[str, object]:
    """Bounds of months from first to last: `first_day`, `past_day`, and as instants `first`, `past`."""
    past = months_on(last, 1)
    return {"first_day": first, "past_day": past, "first": at_hour(first, 0), "past": at_hour(past, 0)}


def last_day_within(numbers: Mapping[date, int], today: date, working: int) -> date:
    """The last day not more than so many working days after today (before it, when negative: the first day at least so near)."""
    day, step = today, timedelta(days=1 if working >= 0 else -1)
    while (following := day + step) in numbers and abs(numbers[following] - numbers[today]) <= abs(working):
        day = following
    return day


def _past(key: str) -> str:
    return f"{key.rstrip('.')}/"
