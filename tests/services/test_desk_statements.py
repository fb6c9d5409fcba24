"""What a desk's page asks of the database: how many statements, planned for whom, and the same claim as the API gives."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.core.db import Database
from services.reporting import claim_parts, claims, searching
from tests.services.api_world import Api
from tests.services.claim_pages import decided, person
from tests.support.world import ROOT

# Upper bounds, the visitor's session included. One more for each list that the page newly shows is fair; one for each row is not.
CLAIM, WORK = 24, 14


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


@contextmanager
def statements(db: Database) -> Iterator[list[str]]:
    sent: list[str] = []

    def keep(_connection: object, _cursor: object, text: str, *_rest: object) -> None:
        sent.append(" ".join(text.split()))
    for engine in (db.writing, db.reading):
        sa.event.listen(engine, "before_cursor_execute", keep)
    yield sent
    for engine in (db.writing, db.reading):
        sa.event.remove(engine, "before_cursor_execute", keep)


def test_pages_ask_few_statements_whatever_the_claim_holds(api: Api) -> None:
    over, reviewed = decided(api), api.in_review(1)
    for login in ("xj.clerk", "xj.district", "xj.head"):
        visitor = person(api, login)
        for address, most in ((f"/claims/{reviewed}", CLAIM), (f"/claims/{over}", CLAIM), ("/work", WORK)):
            with statements(api.db) as sent:
                assert visitor.get(address).status_code == 200
            assert 5 < len(sent) <= most, (login, address, len(sent), sent)


def test_the_desks_claim_is_the_apis_claim(api: Api) -> None:
    numbers = (decided(api), api.in_review(1), api.report(2))
    with api.db.view(ROOT.scope) as session:
        for number in numbers:
            found = claims.locate(session, number)
            whole = claim_parts.whole(session, found.id)
            assert whole.view == claims.whole(session, found.id)
            assert whole.view.record
            assert whole.unit


def prepared(db: Database) -> set[str]:
    with db.unit_of_work(ROOT.scope) as session:
        return set(session.execute(sa.text("SELECT statement FROM pg_prepared_statements WHERE statement LIKE '%FROM claim%'")).scalars())


def test_a_clerks_plans_are_not_left_behind_for_others(api: Api) -> None:
    claim_no = api.in_review()
    clerk, before = person(api, "xj.clerk"), prepared(api.db)
    for _ in range(7):                  # the driver prepares at the sixth time
        assert clerk.get(f"/claims/{claim_no}").status_code == 200
    assert prepared(api.db) == before


def test_an_entry_in_sight_is_not_looked_up_by_its_claim(api: Api) -> None:
    claim_no = api.in_review()
    with api.db.view(ROOT.scope) as session:
        claim = claims.locate(session, claim_no).id
        plan = session.execute(sa.text("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) SELECT * FROM audit_record WHERE chain_id = :claim"),
                               {"claim": claim}).scalars().all()
    scans = [line for line in plan if "on claim" in line]
    assert scans
    assert all("never executed" in line for line in scans), plan


@pytest.mark.parametrize("common", [0, 500])
def test_a_common_name_finds_whom_a_rare_one_finds(api: Api, common: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "_COMMON", common)       # 0: every name is common
    claim_no = api.in_review()
    with api.db.view(ROOT.scope) as session:
        found = claims.locate(session, claim_no)
        name = claims.whole(session, found.id).person.name
        assert claim_no in [hit.claim_no for hit in searching.search(session, name).hits]
        assert not searching.search(session, name + "无").hits
