"""A simulated house in a test's database: the root alone before it, a fixed business day."""

from __future__ import annotations

import uuid
from datetime import date

from services.core.clock import at_hour
from services.core.db import Database, Scope
from services.models import Organisation
from services.simulate.years.service import Made, simulate
from services.simulate.years.size import Size

NOW = at_hour(date(2026, 11, 20), 14)       # a Friday afternoon
ROOT = Scope("cn")
SMALL = Size(members=260, claims=300, orgs=9, seed=7, now=NOW)


def fill(db: Database, size: Size = SMALL, *, workers: int = 1) -> Made:
    """The root organisation with a key of its own, then everything."""
    with db.unit_of_work(ROOT) as session:
        session.add(Organisation(id=uuid.UUID(int=1), org_key="cn.", name="全国", kind="nation"))
    return simulate(db, size, root="cn", workers=workers)
