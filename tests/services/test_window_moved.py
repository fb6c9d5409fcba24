"""A bill that a correction moves: to another period of the member, to another day, before and after that day was agreed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
import sqlalchemy as sa

from services.core.clock import at_hour
from services.enrolment.merging import merge_people
from services.enrolment.service import add_person
from services.simulate.synthetic import REGIONS, synthetic_person
from tests.services.test_window_days import hand_in
from tests.services.window_world import PLAN, Window, bill, window_world
from tests.support.databases import Fresh
from tests.support.world import ROOT

NOW = at_hour(date(2026, 6, 1))


@pytest.fixture(scope="module")
def window(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Window]:
    db = Fresh(server)
    yield window_world(db, NOW, tmp_path_factory.mktemp("keys"))
    db.drop()


def _day(window: Window, hospital: str, day: str) -> dict[str, str]:
    items = window.api.get(f"xj.{hospital}", "/window/lists", day=day).json()["items"]
    return {item["setl_id"]: item["share"] for item in items if item["share"] != "0.00"}


def test_moved_to_another_period_gives_the_limit_back_there(window: Window) -> None:
    """The former period's second bill rises from 3000 to 6000 by it: 12000 × 50 %; the books say so at once."""
    person = window.people[0]
    with window.api.db.unit_of_work(ROOT.scope) as session:
        session.execute(sa.text("""
            INSERT INTO cover SELECT (jsonb_populate_record(v, jsonb_build_object('id', gen_random_uuid(), 'effective', '2025-01-01',
                'until', '2025-12-31', 'certificate_no', 'former', 'premium_fen', 0, 'renewal', true))).*
            FROM cover v JOIN person p ON p.id = v.person_id WHERE v.plan = :plan AND p.name = :name"""),
            {"plan": PLAN, "name": person.name})
        session.execute(sa.text("UPDATE cover v SET renewal = true FROM person p WHERE p.id = v.person_id AND p.name = :name"),
                        {"name": person.name})
    last, first = "2025-12-31 23:59:59", "2026-01-01 00:00:00"
    assert window.share("h1", bill(person, "P1", large_own=10000, at="2025-12-30 10:00:00")) == "5000.00"
    assert window.share("h2", bill(person, "P2", large_own=12000, at=last)) == "3000.00"
    moved = window.correct("h1", bill(person, "P1", large_own=10000, at=first)).json()
    assert (moved["share"], moved["day"], moved["adjusted"]) == ("5000.00", "2026-01-01", [])
    assert window.standing("h2", "P2") == "6000.00"
    window.proven()
    window.books()


def test_moved_to_another_day_leaves_nothing_on_the_first(window: Window) -> None:
    person = window.people[1]
    assert window.share("h1", bill(person, "D1", large_own=4000, at="2026-05-10 23:59:59")) == "2000.00"
    moved = window.correct("h1", bill(person, "D1", large_own=5000, at="2026-05-11 00:00:00")).json()
    assert (moved["share"], moved["day"]) == ("2500.00", "2026-05-11")
    assert (_day(window, "h1", "2026-05-10"), _day(window, "h1", "2026-05-11")) == ({}, {"D1": "2500.00"})
    assert hand_in(window, "h1", "2026-05-10")["state"] == "agreed"
    assert hand_in(window, "h1", "2026-05-11", D1="2500.00")["state"] == "agreed"
    window.proven()


def test_moved_from_an_agreed_day_is_taken_back_today(window: Window) -> None:
    person = window.people[2]
    assert window.share("h1", bill(person, "A1", large_own=4000, at="2026-05-12 10:00:00")) == "2000.00"
    assert hand_in(window, "h1", "2026-05-12", A1="2000.00")["state"] == "agreed"
    assert window.correct("h1", bill(person, "A1", large_own=6000, at="2026-05-13 10:00:00")).json()["share"] == "3000.00"
    days = [_day(window, "h1", day) for day in ("2026-05-12", "2026-05-13", "2026-06-01")]
    assert days == [{"A1": "2000.00"}, {"A1": "3000.00"}, {"A1": "-2000.00"}]
    back = window.reverse("h1", "A1").json()
    assert (back["share"], back["day"]) == ("0.00", "2026-05-13")
    window.proven()
    window.books()


@pytest.mark.parametrize("path", ["/window/settlements/A%00B", "/window/lists?day=2026-05-01&after=%00"])
def test_a_character_that_no_number_has_is_no_fault_of_ours(window: Window, path: str) -> None:
    assert window.api.get("xj.h1", path).status_code in (404, 422)


@pytest.mark.parametrize("verb", ["corrections", "reversal"])
def test_nor_in_the_address_of_a_change(window: Window, verb: str) -> None:
    body = {**bill(window.people[3], "A"), "correction_no": 1} if verb == "corrections" else {}
    assert window.api.post("xj.h1", f"/window/settlements/A%00B/{verb}", {**body, "reason": "x"}).status_code in (404, 422)


def test_a_merged_member_keeps_bills_limit_and_corrections(window: Window) -> None:
    """Corrected under either number; the reversal gives back what the bill took: 8000 of the limit by two bills."""
    kept, dropped = window.people[4], synthetic_person(990, region=REGIONS["xinjiang"], born=date(1980, 3, 5))
    assert window.share("h1", bill(kept, "M1", large_own=10000, at="2026-04-01 10:00:00")) == "5000.00"
    with window.api.db.unit_of_work(ROOT.scope) as session:
        ids = [add_person(session, name=one.name, id_number=one.id_number, actor=ROOT, now=window.now).id for one in (dropped, kept)]
        merge_people(session, kept_id=ids[0], dropped_id=ids[1], why="同一人", actor=ROOT, now=window.now)
    assert window.share("h2", bill(dropped, "M2", large_own=10000, at="2026-04-02 10:00:00")) == "3000.00"
    moved = window.correct("h1", bill(dropped, "M1", large_own=4000, at="2026-04-01 10:00:00")).json()
    assert moved.get("share") == "2000.00", moved
    assert (window.standing("h2", "M2"), window.taken(dropped)) == ("5000.00", 700_000)
    assert window.reverse("h1", "M1").json()["share"] == "0.00"
    assert window.taken(dropped) == 500_000
    window.proven()
