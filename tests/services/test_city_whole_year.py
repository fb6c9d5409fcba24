"""A claim about a year that states a part of it, beside what quarters and other claims gave. Amounts reckoned by hand from the leaflet."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from services.core.db import Database
from services.core.errors import GuardFailed
from tests.services import city_world
from tests.services.city_world import Row, lines, settle
from tests.services.review_world import passes, route, verify
from tests.services.test_city_members import APRIL, JANUARY, OCTOBER, freeze, report, seen


@pytest.fixture
def city(db: Database) -> city_world.City:
    return city_world.build(db, APRIL, members=3)


@pytest.mark.parametrize(("above", "due"), [("50000.00", "20000.00"), ("4000.00", "1600.00")])
def test_what_the_quarters_paid_below_the_cap_takes_nothing_off_what_lies_above_it(city: city_world.City, above: str, due: str) -> None:
    """Below it nobody applies (A-06): 40 % of the first 50000 above is due besides the 1640 of the quarters."""
    claim = report(city, city.persons[1], over_cap_own_1=above)
    bill = Row(1, "B1", "2026-04-05", f"{10_000 + int(above[:-3])}.00", over=above)
    [line] = lines(city, settle(city, [bill], JANUARY, quarter=4).id).values()
    assert line.due_fen == 164_000                                                                          # (10000 - 1800) x 20 %
    assert seen(city, claim) == ([{"benefit": "outpatient", "amount": "1640.00", "days": 0}], due)
    freeze(city, claim)
    with city.world.db.view(city.maker.scope) as session:
        assert [str(row[1]) for row in session.execute(sa.text("SELECT benefit, amount_fen FROM reservation"))] == [due.replace(".", "")]


def test_what_the_quarters_paid_too_much_is_taken_off_what_lies_above_the_cap(city: city_world.City) -> None:
    """The bill that 1640 were paid for is reversed: what is left over is set off by the claim, as the settlement says."""
    claim = report(city, city.persons[1], over_cap_own_1="50000.00")
    settle(city, [Row(1, "B1", "2026-04-05", "10000.00")], OCTOBER, quarter=3)
    [line] = lines(city, settle(city, [Row(1, "B1", "2026-04-05", "10000.00", reversed=True),
                                       Row(1, "B2", "2026-11-05", "50000.00", over="50000.00")], JANUARY, quarter=4).id).values()
    assert (line.receivable_fen, line.due_fen) == (164_000, 0)
    assert seen(city, claim)[1] == "18360.00"


def test_a_year_that_another_claim_was_paid_for_is_stated_whole_before_the_decision(city: city_world.City) -> None:
    """940 went out for a stay that this claim leaves out: it would be taken off what lies above the cap."""
    freeze(city, report(city, city.persons[1], stays_own_1=["6000.00"]))
    claim = report(city, city.persons[1], apart="封顶线以上", over_cap_own_1="50000.00")
    verify(city.world, claim, JANUARY, verifier=city.world.actor("bj.clerk"))
    assert route(city.world, claim, now=JANUARY).routed == (claim,)
    passes(city.world, claim, "bj.clerk", JANUARY)
    passes(city.world, claim, "bj.district", JANUARY)
    with pytest.raises(GuardFailed) as refused:
        passes(city.world, claim, "bj.office1", JANUARY)
    assert (refused.value.code, refused.value.field) == ("year_incomplete", "event.stays_own_1")
    assert "住院互助金" in refused.value.message and "0.00" in (refused.value.remedy or "")
