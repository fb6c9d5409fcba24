"""Settled quarters of members whose record changed between them: merged, covered twice, dead, of another category, with a claim.

Every amount was reckoned by hand from the leaflet, as in test_city_settlement.
"""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import date

import pytest
import sqlalchemy as sa

from services.benefit import queries as benefit
from services.benefit import service as deciding
from services.core.clock import at_hour
from services.core.db import Database
from services.core.errors import Conflict
from services.engine.one import compute
from services.enrolment import categories, covers, persons
from services.enrolment import service as enrolment
from services.enrolment.merging import merge_people
from services.enrolment.people import index_of
from services.intake import opening as intake
from services.settlement.city import queries
from services.simulate.synthetic import Synthetic, synthetic_id, synthetic_person
from tests.services import beijing_world, city_world
from tests.services.city_world import PLAN, Row, lines, settle
from tests.support.databases import Superuser
from tests.support.proof import PROOF, keep_proof
from tests.support.world import ROOT

APRIL, JULY, OCTOBER, JANUARY = (at_hour(day) for day in (date(2026, 4, 10), date(2026, 7, 10), date(2026, 10, 10), date(2027, 1, 12)))


@pytest.fixture
def city(db: Database) -> city_world.City:
    return city_world.build(db, APRIL)


def end_cover(city: city_world.City, member: int, last_day: date) -> None:
    with city.world.db.unit_of_work(ROOT.scope) as session:
        number = session.execute(sa.text("SELECT certificate_no FROM cover WHERE person_id = :person AND plan = :plan"),
                                 {"person": city.persons[member], "plan": PLAN}).scalar_one()
        covers.end(session, certificate_no=number, reason="retirement", last_day=last_day, actor=ROOT, now=APRIL)


def enrol(city: city_world.City, member: Synthetic, effective: date) -> uuid.UUID:
    with city.world.db.unit_of_work(ROOT.scope) as session:
        done = enrolment.enrol(
            session, content=beijing_world.roster(member), file_name="名单.xlsx", plan=PLAN, org_id=city.world.org(beijing_world.UNIT),
            effective=effective, payer_kind="public", actor=ROOT, now=JULY)
        assert not done.faults, done.faults
        return persons.add_person(session, name=member.name, id_number=member.id_number, actor=ROOT, now=APRIL).id


def test_a_member_merged_between_two_quarters(city: city_world.City) -> None:
    """The first record's bills are found again under its number: the same is nothing, another takes the place, none counts twice."""
    settle(city, [Row(1, "B1", "2026-01-06", "5000.00", stay=True)], APRIL, quarter=1)          # 740 paid
    end_cover(city, 1, date(2026, 4, 30))
    part = index_of(city.members[1].id_number)[0] // 4
    elsewhere = next(number for serial in range(50, 500) if index_of(
        number := synthetic_id("110199", date(1980, 1, 2), serial, "F"))[0] // 4 != part)
    kept = replace(city.members[1], id_number=elsewhere)
    person = enrol(city, kept, date(2026, 5, 1))
    with city.world.db.unit_of_work(ROOT.scope) as session:
        merge_people(session, kept_id=person, dropped_id=city.persons[1], why="同一人", actor=ROOT, now=APRIL)
    city = replace(city, persons=[*city.persons, person], members=[*city.members, kept])
    same = settle(city, [Row(1, "B1", "2026-01-06", "5000.00", stay=True), Row(8, "B2", "2026-05-06", "3000.00", stay=True)],
                  JULY, quarter=2)
    [line] = lines(city, same.id).values()
    assert (same.bills, same.unchanged, same.unresolved) == (1, 1, 0)
    assert (line.person_id, line.stays_own_1, line.paid, line.due_fen) == (person, [500000, 300000], [0, 74000, 0], 47000)
    more = settle(city, [Row(1, "B1", "2026-01-06", "6000.00", stay=True)], OCTOBER, quarter=3)
    [line] = lines(city, more.id).values()
    assert (line.stays_own_1, line.due_fen) == ([600000, 300000], 20000)
    less = settle(city, [Row(8, "B1", "2026-01-06", "6000.00", stay=True, reversed=True)], OCTOBER, quarter=3)
    [line] = lines(city, less.id).values()
    assert (line.stays_own_1, line.total_fen, line.receivable_fen) == ([300000], 34000, 107000)   # (3000 - 1300) x 20 %; 1410 was paid


def test_two_covers_of_a_year_a_cover_that_ended_and_a_death(city: city_world.City) -> None:
    end_cover(city, 2, date(2026, 4, 30))
    enrol(city, city.members[2], date(2026, 6, 1))
    end_cover(city, 3, date(2026, 4, 30))
    with city.world.db.unit_of_work(ROOT.scope) as session:
        persons.note_died(session, person_id=city.persons[4], died_on=date(2026, 4, 9), actor=ROOT, now=APRIL)
    done = settle(city, [
        Row(2, "C1", "2026-04-30", "1000.00"), Row(2, "C2", "2026-05-31", "5000.00"), Row(2, "C3", "2026-06-01", "2000.00"),
        Row(3, "D1", "2026-04-30", "2000.00"), Row(3, "D2", "2026-05-01", "2000.00"),
        Row(4, "E1", "2026-04-02", "2000.00")], JULY, quarter=2)
    found = lines(city, done.id)
    assert {key[0]: (line.outpatient_own_1, line.due_fen, line.why_unpaid) for key, line in found.items()} == {
        2: (300000, 24000, None), 3: (200000, 4000, None), 4: (200000, 4000, "died")}
    with city.world.db.view(city.maker.scope) as session:
        assert sorted(line.split(",")[1:3] for line in queries.unresolved_csv(session, done.id).split()[1:]) == [
            ["C2", "no_cover"], ["D2", "no_cover"]]


def test_a_model_worker_from_a_day_on(city: city_world.City) -> None:
    """The year's last day decides: 20 % in spring, 25 % of the whole year in autumn, and the difference is paid."""
    settle(city, [Row(5, "F1", "2026-02-01", "3800.00")], APRIL, quarter=1)                     # 400
    keep_proof()
    with city.world.db.unit_of_work(ROOT.scope) as session:
        categories.add_category(session, person_id=city.persons[5], category="model_worker", from_on=date(2026, 7, 1), proof_sha256=PROOF,
                                actor=ROOT, now=JULY)
    done = settle(city, [Row(5, "F2", "2026-08-01", "1000.00")], OCTOBER, quarter=3)
    [line] = lines(city, done.id).values()
    assert (line.category, line.total_fen, line.due_fen) == ("model_worker", 75000, 35000)      # (4800 - 1800) x 25 %


def test_what_was_cancelled_for_good_is_due_again(city: city_world.City, superuser: Superuser) -> None:
    settle(city, [Row(6, "G1", "2026-02-01", "3800.00")], APRIL, quarter=1)
    superuser.execute("UPDATE settlement_payment SET state = 'cancelled', run_id = NULL, line = NULL")
    done = settle(city, [Row(6, "G2", "2026-05-01", "1000.00")], JULY, quarter=2)
    [line] = lines(city, done.id).values()
    assert (line.paid, line.due_fen) == ([0, 0, 0], 60000)


def test_a_late_bill_of_last_year_is_that_year_s(city: city_world.City) -> None:
    before = replace(city.members[7])
    enrol(city, before, date(2025, 1, 1))
    done = settle(city, [Row(7, "H1", "2025-12-31", "2800.00"), Row(7, "H2", "2026-01-01", "2000.00")], APRIL, quarter=1)
    assert {key: (line.outpatient_own_1, line.due_fen) for key, line in lines(city, done.id).items()} == {
        (7, 2025): (280000, 20000), (7, 2026): (200000, 4000)}
    with city.world.db.view(ROOT.scope) as session:
        assert session.execute(sa.text("SELECT amount_fen FROM settlement_payment")).scalars().all() == [24000]


def test_the_last_quarter_waits_for_the_year_s_end(city: city_world.City) -> None:
    """A claim about a year that is not over is refused by intake, and nobody would open it later."""
    row = [Row(0, "A0", "2026-12-05", "60000.00", over="50000.00")]
    with pytest.raises(Conflict) as refused:
        city_world.begin(city, row, at_hour(date(2026, 12, 31)), quarter=4)
    assert refused.value.code == "year_not_over"
    assert settle(city, row, at_hour(date(2027, 1, 1)), quarter=4).claims == 1


def test_above_the_cap_with_a_claim_already_and_without_a_cover_at_the_year_s_end(city: city_world.City) -> None:
    """A claim about what lies above the cap is not opened twice; one about less does not stand in its way, nor an end or a death."""
    for member, event in ((0, {"over_cap_own_1": "50000.00"}), (1, {"outpatient_own_1": "2800.00"})):
        with city.world.db.unit_of_work(ROOT.scope) as session:
            intake.report(session, person_id=city.persons[member], event={"kind": "medical_year", "year": 2026, **event}, channel="api",
                          actor=ROOT, now=JANUARY)
    end_cover(city, 2, date(2026, 11, 30))
    with city.world.db.unit_of_work(ROOT.scope) as session:
        persons.note_died(session, person_id=city.persons[3], died_on=date(2026, 4, 9), actor=ROOT, now=APRIL)
    done = settle(city, [Row(member, f"A{member}", "2026-04-05", "60000.00", over="50000.00") for member in range(4)], JANUARY, quarter=4)
    with city.world.db.view(ROOT.scope) as session:
        found = session.execute(sa.text("SELECT person_id, count(*) FROM claim WHERE event ? 'over_cap_own_1' GROUP BY 1")).all()
    place = {person: number for number, person in enumerate(city.persons)}
    assert (done.claims, done.over_cap) == (3, 4)
    assert sorted((place[row[0]], row[1]) for row in found) == [(0, 1), (1, 1), (2, 1), (3, 1)]


def test_a_settlement_and_a_claim_of_the_year_see_one_another(city: city_world.City, superuser: Superuser) -> None:
    """What one gave the other takes off, also where a stay that the claim was paid for is reversed and other bills come."""
    settle(city, [Row(1, "B1", "2026-01-06", "5000.00", stay=True)], JANUARY, quarter=4)                    # 740
    with city.world.db.unit_of_work(ROOT.scope) as session:
        intake.report(session, person_id=city.persons[1], event={"kind": "medical_year", "year": 2026, "stays_own_1": ["6000.00"]},
                      channel="api", actor=ROOT, now=JANUARY)
    claim, due = seen_by_the_claim(city)
    assert due == "200.00"                                                                                  # (6000 - 1300) x 20 % - 740
    superuser.execute("INSERT INTO reservation (id, org_key, cover_id, claim_id, round, benefit, amount_fen, days, state, made_at)"
                      " SELECT uuidv7(), org_key, cover_id, id, 1, 'inpatient', 20000, 0, 'paid', now() FROM claim WHERE id = %s", [claim])
    done = settle(city, [Row(1, "B1", "2026-01-06", "6000.00", stay=True), Row(1, "B2", "2026-05-01", "2300.00")], JANUARY, quarter=4)
    [line] = lines(city, done.id).values()
    assert (line.paid, line.took) == ([0, 94000, 0], [10000, 0, 0])
    done = settle(city, [Row(1, "B1", "2026-01-06", "6000.00", stay=True, reversed=True), Row(1, "B3", "2026-06-01", "10000.00")],
                  JANUARY, quarter=4)
    [line] = lines(city, done.id).values()
    assert (line.lines, line.due_fen) == ([210000, 0, 0], 106000)                                           # 2100 - 940 - 100
    with city.world.db.view(ROOT.scope) as session:
        assert benefit.bases(session, [claim])[claim].words["paid"] == [{"benefit": "outpatient", "amount": "1900.00", "days": 0}]


def seen_by_the_claim(city: city_world.City) -> tuple[uuid.UUID, str]:
    with city.world.db.view(ROOT.scope) as session:
        claim = session.execute(sa.text("SELECT id FROM claim")).scalar_one()
        basis = benefit.bases(session, [claim])[claim]
        return claim, str(compute(basis.book, basis.computation).total)


def report(city: city_world.City, person: uuid.UUID, year: int = 2026, apart: str | None = None, **event: object) -> uuid.UUID:
    """A claim about a year, the only one that the report opens."""
    with city.world.db.unit_of_work(ROOT.scope) as session:
        case = intake.report(session, person_id=person, event={"kind": "medical_year", "year": year, **event}, channel="api",
                             late_reason="补报", apart=apart, actor=ROOT, now=JANUARY)
        return uuid.UUID(str(session.execute(sa.text("SELECT id FROM claim WHERE case_id = :case"), {"case": case.id}).scalar_one()))


def seen(city: city_world.City, claim: uuid.UUID) -> tuple[object, str]:
    """What a claim sees of other takings, and its total."""
    with city.world.db.view(ROOT.scope) as session:
        basis = benefit.bases(session, [claim])[claim]
        return basis.words["paid"], str(compute(basis.book, basis.computation).total)


def freeze(city: city_world.City, claim: uuid.UUID) -> None:
    """Decided, its takings reserved."""
    with city.world.db.unit_of_work(ROOT.scope) as session:
        deciding.freeze(session, claim_id=claim, actor=ROOT, now=JANUARY)


def cover_of(city: city_world.City, claim: uuid.UUID) -> date:
    with city.world.db.view(ROOT.scope) as session:
        found: date = session.execute(sa.text("SELECT v.effective FROM claim c JOIN cover v ON v.id = c.cover_id WHERE c.id = :id"),
                                      {"id": claim}).scalar_one()
        return found


def test_two_covers_of_a_year_open_one_claim_and_give_the_year_once(city: city_world.City) -> None:
    for member in (2, 3):
        end_cover(city, member, date(2026, 4, 30))
    first = report(city, city.persons[2], over_cap_own_1="50000.00")
    for member in (2, 3):
        enrol(city, city.members[member], date(2026, 6, 1))
    with pytest.raises(Conflict) as refused:
        report(city, city.persons[2], over_cap_own_1="50000.00")
    assert refused.value.code == "duplicate_report"
    second = report(city, city.persons[2], apart="另一批票据", over_cap_own_1="50000.00")
    assert [cover_of(city, claim) for claim in (first, second)] == [date(2026, 1, 1), date(2026, 6, 1)]
    freeze(city, first)
    assert seen(city, second) == ([{"benefit": "over_cap", "amount": "20000.00", "days": 0}], "0.00")
    assert cover_of(city, report(city, city.persons[3], over_cap_own_1="50000.00")) == date(2026, 6, 1)


def test_a_cover_of_two_years_gives_each_year_its_own(city: city_world.City) -> None:
    person = enrol(city, synthetic_person(90, region="110199", born=date(1981, 2, 3), bank="BOB_UNION_CARD"), date(2025, 6, 1))
    before = report(city, person, 2025, over_cap_own_1="40000.00")
    freeze(city, before)
    claim = report(city, person, 2026, over_cap_own_1="50000.00")
    assert cover_of(city, before) == cover_of(city, claim) == date(2025, 6, 1)
    assert seen(city, claim) == ([{"benefit": "over_cap", "amount": "16000.00", "days": 0, "earlier": True}], "20000.00")


def test_what_a_claim_set_off_is_not_set_off_again(city: city_world.City) -> None:
    """940 for a stay; then a claim without it pays 20000 - 940: the next claim and the next settlement give the 200 that are new."""
    freeze(city, report(city, city.persons[1], stays_own_1=["6000.00"]))
    above = report(city, city.persons[1], apart="封顶线以上", over_cap_own_1="50000.00")
    assert seen(city, above)[1] == "19060.00"
    freeze(city, above)
    later = report(city, city.persons[1], apart="门诊", over_cap_own_1="50000.00", outpatient_own_1="2800.00")
    assert seen(city, later) == ([{"benefit": "over_cap", "amount": "20000.00", "days": 0}], "200.00")
    [line] = lines(city, settle(city, [Row(1, "B1", "2026-03-01", "2800.00")], JANUARY, quarter=4).id).values()
    assert (line.paid, line.due_fen) == ([0, 0, 2_000_000], 20000)


def test_a_settlement_that_set_off_a_claim_goes_on_when_that_claim_is_refused(city: city_world.City, superuser: Superuser) -> None:
    freeze(city, report(city, city.persons[1], stays_own_1=["6000.00"]))                                    # 940
    bills = [Row(1, "B1", "2026-01-06", "5000.00", stay=True), Row(1, "B2", "2026-05-01", "4300.00")]       # 740, 500
    [line] = lines(city, settle(city, bills, JANUARY, quarter=4).id).values()
    assert (line.took, line.due_fen) == ([50000, -20000, 0], 30000)
    superuser.execute("UPDATE reservation SET state = 'released'")
    [line] = lines(city, settle(city, [Row(1, "B3", "2026-06-01", "1000.00")], JANUARY, quarter=4).id).values()
    assert (line.paid, line.due_fen) == ([30000, 0, 0], 114000)                                             # 740 + 700 - 300
    other = report(city, city.persons[1], apart="另一批票据", stays_own_1=["5000.00"], outpatient_own_1="5300.00")
    assert seen(city, other)[1] == "0.00"
