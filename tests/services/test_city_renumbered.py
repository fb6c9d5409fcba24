"""A member whose identity number was corrected between two quarters: the year goes on where it stood, in whichever partition."""

from __future__ import annotations

from datetime import date

from services.core.clock import at_hour
from services.core.db import Database
from services.enrolment import service as enrolment
from services.settlement.city import own, queries
from services.simulate.synthetic import synthetic_person
from tests.services import city_world
from tests.services.city_world import Row, lines, settle
from tests.support.world import ROOT

APRIL, JULY = at_hour(date(2026, 4, 10)), at_hour(date(2026, 7, 10))


def test_the_year_goes_on_under_a_corrected_number(db: Database) -> None:
    """By hand: (8406.00 - 1800) × 20% = 1321.20; with 1000.00 more (9406.00 - 1800) × 20% = 1521.20, so 200.00 are due."""
    city = city_world.build(db, APRIL)
    first = settle(city, [Row(0, "A1", "2026-01-05", "8406.00")], APRIL, quarter=1)
    assert lines(city, first.id)[0, 2026].due_fen == 132_120
    number = synthetic_person(902, region="110199", born=date(1980, 1, 1)).id_number
    with db.unit_of_work(ROOT.scope) as session:
        enrolment.correct_person(session, person_id=city.persons[0], words={"id_number": number}, why="登记时看错", actor=ROOT, now=JULY)
    second = settle(city, [Row(0, "A2", "2026-04-05", "1000.00", certno=number)], JULY, quarter=2)
    line = lines(city, second.id)[0, 2026]
    assert (line.total_fen, line.due_fen, sum(line.paid)) == (152_120, 20_000, 132_120)
    with db.view(ROOT.scope) as session:
        assert queries.line(session, first, city.persons[0], 2026).due_fen == 132_120
        assert [one.due_fen for one in own.of_member(session, city.persons[0], today=JULY.date())] == [20_000, 132_120]
