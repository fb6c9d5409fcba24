"""What a settled quarter paid, on the member's own page: sum, account, day and worksheet; nobody else's."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from services.access.actor import Role
from services.core.clock import FixedClock, at_hour
from services.core.db import Database, Scope
from services.enrolment import service as enrolment
from services.models import PaymentRun
from services.simulate.synthetic import synthetic_person
from services.wiring import Wiring
from tests.services import city_world, settled_world
from tests.services.beijing_world import UNIT
from tests.services.city_world import City, Row, settle
from tests.support.apps import app_over
from tests.support.signed_in import Visitor, sign_in
from tests.support.world import ROOT, open_login

APRIL = at_hour(date(2026, 4, 10))
ROWS = [Row(0, "A1", "2026-01-05", "8406.00"), Row(1, "B1", "2026-01-06", "5000.00", stay=True), Row(2, "C1", "2026-03-06", "1000.00")]


def member(city: City, n: int, *, language: str = "zh") -> Visitor:
    """Signed in as nothing but a member of the unit."""
    login = f"bj.m{n}"
    if login not in city.world.actors:
        with city.world.db.unit_of_work(Scope("cn")) as session:
            open_login(session, city.world, login, UNIT, Role.MEMBER, city.persons[n], city.members[n].name, APRIL)
    app = app_over(Wiring(city.world.db, FixedClock(APRIL), None, Scope("cn")))     # type: ignore[arg-type]
    return sign_in(app, city.world.db, city.world, login, APRIL, language)


@pytest.fixture
def city(db: Database) -> City:
    return city_world.build(db, APRIL)


def test_the_member_reads_what_was_paid_and_why(city: City) -> None:
    assert "按季度结算的互助金" not in member(city, 0).get("/mine").text
    done = settle(city, ROWS, APRIL, quarter=1)
    address = f"/mine/settlements/{done.id}/2026"
    mine = member(city, 0).get("/mine").text
    last4 = city.members[0].card[-4:]
    assert "1,321.20" in mine and f"****{last4}" in mine and address in mine and "已制单" in mine and "740.00" not in mine
    sheet = member(city, 0).get(address)
    assert sheet.status_code == 200 and "1,321.20" in sheet.text and "门诊起付线1800元" in sheet.text
    other = member(city, 1).get(address).text                   # each the own line under one address
    assert "740.00" in other and "1,321.20" not in other
    assert "本年应付" in member(city, 2).get(address).text and "Benefits settled by the quarter" in member(city, 2, language="en").get(
        "/mine").text
    assert member(city, 3).get(address).status_code == 404
    for wrong in ("2025", "x", "99999", "-1"):
        assert member(city, 0).get(f"/mine/settlements/{done.id}/{wrong}").status_code == 404, wrong
    with city.world.db.view(ROOT.scope) as session:
        assert session.execute(sa.text("SELECT count(*) FROM access_record WHERE what LIKE 'settlement_line:%'")).scalar_one() == 0


def test_it_follows_the_money_and_a_merged_record(city: City) -> None:
    done = settle(city, ROWS, APRIL, quarter=1)
    with city.world.db.view(ROOT.scope) as session:
        [run] = session.execute(sa.select(PaymentRun.id).where(PaymentRun.settlement_id == done.id)).scalars()  # type: ignore[call-overload]
    settled_world.submitted(city.world, run, APRIL, "bj.maker")
    settled_world.released(city.world, run, APRIL, "bj.checker")
    assert "已复核放行" in member(city, 0).get("/mine").text
    with city.world.db.unit_of_work(ROOT.scope) as session:
        kept = enrolment.add_person(session, name=city.members[0].name, id_number=synthetic_person(901).id_number, actor=ROOT,
                                    now=APRIL + timedelta(days=1))
        session.execute(sa.text("UPDATE person SET merged_into = :kept WHERE id = :own"), {"kept": kept.id, "own": city.persons[0]})
        open_login(session, city.world, "bj.kept", UNIT, Role.MEMBER, kept.id, kept.name, APRIL)
    app = app_over(Wiring(city.world.db, FixedClock(APRIL), None, Scope("cn")))     # type: ignore[arg-type]
    assert "1,321.20" in sign_in(app, city.world.db, city.world, "bj.kept", APRIL).get(f"/mine/settlements/{done.id}/2026").text
