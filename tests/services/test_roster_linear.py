"""The second look at a roster's people meets each row once: it once compared every row with every other."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import sqlalchemy as sa

from services.core.db import Database
from services.enrolment import service, staging
from tests.services.roster_files import roster, woman
from tests.services.test_roster_joining import APRIL, UNIT, UNIT_NAME
from tests.support.world import NX_PLAN, build_world

PEOPLE = 2_000


def _nodes(plan: dict[str, object]) -> Iterator[dict[str, object]]:
    yield plan
    below = plan.get("Plans", [])
    assert isinstance(below, list)
    for part in below:
        yield from _nodes(part)


def test_no_row_is_compared_with_the_others(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    who = world.actor("nx.clerk")
    with db.unit_of_work(who.scope) as session:
        done = service.enrol(session, content=roster([woman(place) for place in range(PEOPLE)], UNIT_NAME), file_name="名单.xlsx",
                             plan=NX_PLAN, org_id=world.org(UNIT), effective=APRIL, payer_kind="self", actor=who, now=now)
        # The roster's own tables live until the commit.
        (explained,) = session.execute(sa.text(f"EXPLAIN (ANALYZE, FORMAT JSON) {staging.CHANGED}")).scalar_one()
    assert done.accepted == PEOPLE
    nodes = list(_nodes(explained["Plan"]))
    assert {"roster_row", "roster_standing", "person"} <= {str(node.get("Relation Name")) for node in nodes}
    compared = sum(int(str(node.get("Rows Removed by Join Filter", 0))) for node in nodes)
    assert compared <= PEOPLE, explained
