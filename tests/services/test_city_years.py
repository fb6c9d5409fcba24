"""Which years of the city plan a cover answers, and that a claim about one year stays about that year."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from services.core.db import Database
from services.core.errors import InputError
from services.enrolment import queries
from services.intake.service import amend
from services.models import Cover
from services.simulate.synthetic import synthetic_person
from tests.services import city_world
from tests.services.city_world import PLAN
from tests.services.test_city_members import APRIL, JANUARY, enrol, report


def test_a_claim_of_one_year_is_not_amended_into_another(db: Database) -> None:
    """Its day may be stated apart from its year; the cover runs through two."""
    city = city_world.build(db, APRIL)
    person = enrol(city, synthetic_person(90, region="110199", born=date(1981, 2, 3), bank="BOB_UNION_CARD"), date(2025, 6, 1))
    told = {"settled_on": "2026-03-01", "over_cap_own_1": "50000.00"}
    claim, clerk = report(city, person, 2026, **told), city.world.actor("bj.clerk")
    with city.world.db.unit_of_work(clerk.scope) as session:
        with pytest.raises(InputError, match="event_differs"):
            amend(session, claim_id=claim, reason="年度填错", actor=clerk, now=JANUARY,
                  event={"kind": "medical_year", "year": 2025, **told})
        amend(session, claim_id=claim, reason="金额填错", actor=clerk, now=JANUARY,
              event={"kind": "medical_year", "year": 2026, **told, "over_cap_own_1": "40000.00"})


@pytest.mark.parametrize(("ended", "found"), [(None, [False, True, True]), (date(2025, 4, 30), [False, True, False]),
                                              (date(2025, 2, 28), [False, False, False])])
def test_a_year_is_answered_by_a_cover_that_was_in_force_in_it(ended: date | None, found: list[bool]) -> None:
    """Through 2026-02-28 as agreed, ended early, taken back before its first day."""
    facts: dict[str, Any] = {"plan": PLAN, "effective": date(2025, 3, 1), "until": date(2026, 2, 28), "ended_on": ended}
    cover = Cover(**facts)
    assert [queries.answers(cover, {"kind": "medical_year", "year": year}) for year in (2024, 2025, 2026)] == found
