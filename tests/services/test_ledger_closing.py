"""Months closed by two: nothing is booked into them, a late fact stands in the open month with its own day, and they stay."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.core.clock import at_hour
from services.core.db import Database
from services.core.errors import Conflict, GuardFailed, HuzhuError, InputError, NotFound, NotPermitted
from services.core.months import month_of
from services.ledger import closing, queries
from services.reporting import checks
from tests.services.api_world import Api
from tests.services.claim_pages import person
from tests.services.paying_world import made, read, returned_file, sent
from tests.services.premium_world import receive
from tests.support.databases import Superuser
from tests.support.world import ROOT, XJ_PLAN, World, build_world

MARCH, APRIL, LATER = date(2026, 3, 1), date(2026, 4, 1), at_hour(date(2026, 4, 3), 10)


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def close(world: World, *, plan: str = XJ_PLAN, month: date = MARCH, maker: str = "xj.maker", checker: str = "xj.checker",
          at: datetime = LATER) -> None:
    one, other = world.actor(maker), world.actor(checker)
    with world.db.unit_of_work(one.scope) as session:
        asked = closing.ask(session, plan=plan, month=month, actor=one, now=at).id
    with world.db.unit_of_work(other.scope) as session:
        closing.agree(session, closing_id=asked, actor=other, now=at)


def test_a_late_fact_is_booked_in_the_open_month_with_its_own_day(world: World, now: datetime) -> None:
    """The bank credited on 24 March; its file is read on 3 April, after March was closed."""
    made(world, now, 200_000)
    content = returned_file(world, sent(world, now), "credited")
    close(world)
    read(world, content, LATER)
    with world.db.view(world.actor("xj.checker").scope) as session:
        march = {row.account: row for row in queries.trial_balance(session, first=MARCH, end=APRIL, plan=XJ_PLAN)}
        april = {row.account: row for row in queries.trial_balance(session, first=APRIL, end=date(2026, 5, 1), plan=XJ_PLAN)}
        [late] = queries.late(session, first=APRIL, end=date(2026, 5, 1))
    assert (march["in_transit"].after_fen, april["in_transit"].before_fen, april["in_transit"].after_fen) == (-200_000, -200_000, 0)
    assert (march["cash"].after_fen, april["cash"].credit_fen, april["cash"].after_fen) == (1_000_000_000, 200_000, 999_800_000)
    assert (late.kind, late.fact_on, late.booked_on, late.fen) == ("credited", date(2026, 3, 24), date(2026, 4, 3), 200_000)
    for month in (march, april):
        assert sum(row.after_fen for row in month.values()) == 0
        assert sum(row.debit_fen for row in month.values()) == sum(row.credit_fen for row in month.values())


def test_whoever_books_and_however(world: World, now: datetime, superuser: Superuser) -> None:
    close(world)
    receive(world, "100.00", LATER, on=date(2026, 3, 20))
    superuser.execute("""
        WITH t AS (INSERT INTO ledger_transaction (id, org_key, plan, kind, booked_on, at)
            VALUES (uuidv7(), 'cn.xj.', 'xj-women', 'received', '2026-03-31', '2026-04-02T09:00:00+08:00') RETURNING id)
        INSERT INTO ledger_entry (id, org_key, transaction_id, account, amount_fen)
        SELECT uuidv7(), 'cn.xj.', t.id, s.account, s.fen FROM t, (VALUES ('cash', 1), ('prepaid', -1)) AS s(account, fen)""")
    days = superuser.execute("SELECT fact_on, booked_on FROM ledger_transaction WHERE kind = 'received' ORDER BY 1").fetchall()
    assert days == [(date(2026, 3, 20), date(2026, 4, 3)), (date(2026, 3, 31), date(2026, 4, 2))]


@pytest.mark.parametrize(("code", "kind", "words"), [
    ("month_not_over", InputError, {"month": APRIL}), ("plan_unseen", NotFound, {"maker": "nx.maker"}),
    ("role_missing", NotPermitted, {"maker": "xj.head"}), ("role_missing", NotPermitted, {"checker": "xj.maker"}),
    ("two_persons_needed", GuardFailed, {"maker": "xj.checker"}), ("plan_unseen", NotFound, {"plan": "xj-woman"})])
def test_who_may_not_close(world: World, code: str, kind: type[HuzhuError], words: dict[str, object]) -> None:
    with pytest.raises(kind, match=code):
        close(world, **words)  # type: ignore[arg-type]


def test_once_and_in_order(world: World, superuser: Superuser) -> None:
    close(world)
    for month in (MARCH, date(2026, 2, 1)):
        with pytest.raises(Conflict, match="month_closed"):
            close(world, month=month)
    with pytest.raises(sa.exc.IntegrityError, match="an answered closing stays"), world.db.unit_of_work(ROOT.scope) as session:
        session.execute(sa.text("UPDATE ledger_closing SET agreed_at = NULL"))


def test_declined_with_a_reason_and_asked_again(world: World) -> None:
    maker, head = world.actor("xj.maker"), world.actor("xj.head")
    with world.db.unit_of_work(maker.scope) as session:
        asked = closing.ask(session, plan=XJ_PLAN, month=MARCH, actor=maker, now=LATER).id
        with pytest.raises(Conflict, match="closing_asked"):
            closing.ask(session, plan=XJ_PLAN, month=MARCH, actor=maker, now=LATER)
    with world.db.unit_of_work(head.scope) as session:
        assert closing.decline(session, closing_id=asked, why="银行对账单未到", actor=head, now=LATER).why == "银行对账单未到"
        with pytest.raises(Conflict, match="closing_answered"):
            closing.agree(session, closing_id=asked, actor=head, now=LATER)
    close(world)


def test_whoever_was_stood_in_for_is_offered_no_second_answer(db: Database, tmp_path: Path) -> None:
    """Asked by the checker's substitute: on the page the checker reads why, the head finds the buttons."""
    api = Api(db, LATER, tmp_path)
    maker = replace(api.world.actor("xj.maker"), stands_for=frozenset({api.world.person("xj.checker")}))
    receive(api.world, "100.00", LATER, on=date(2026, 3, 20))
    with db.unit_of_work(maker.scope) as session:
        closing.ask(session, plan=XJ_PLAN, month=MARCH, actor=maker, now=LATER)
    for login, first in (("xj.checker", True), ("xj.head", False)):
        page = person(api, login).get("/ledger?month=2026-03").text
        assert ("提出结账的人和由其代理的人不能确认" in page, "确认结账</button>" in page) == (first, not first), login


def test_a_closed_month_that_was_changed_is_named(world: World, now: datetime, superuser: Superuser) -> None:
    made(world, now, 200_000)
    close(world)
    with world.db.view(ROOT.scope) as session:
        assert closing.changed(session) == []
    superuser.execute("UPDATE ledger_transaction SET booked_on = '2026-04-01' WHERE kind = 'decided'")
    with world.db.view(ROOT.scope) as session:
        found = [(row.claim_no, row.what) for row in checks.run(session) if row.check == "closed_stays"]
    assert found == [("xj-women 2026-03", "benefits：结账时借 200000 贷 0 分，现为借 0 贷 0 分"),
                     ("xj-women 2026-03", "payable：结账时借 0 贷 200000 分，现为借 0 贷 0 分")]


def test_two_who_ask_at_once(world: World) -> None:
    """One asks; the other is told so, not met with a fault of the database."""
    def ask(login: str) -> str:
        actor = world.actor(login)
        try:
            with world.db.unit_of_work(actor.scope) as session:
                closing.ask(session, plan=XJ_PLAN, month=MARCH, actor=actor, now=LATER)
                session.execute(sa.text("SELECT pg_sleep(0.3)"))
        except Conflict as problem:
            return problem.code
        return "asked"
    with ThreadPoolExecutor() as pool:
        said = [one.result() for one in [pool.submit(ask, "xj.maker"), pool.submit(ask, "xj.checker")]]
    assert sorted(said) == ["asked", "closing_asked"]


@pytest.mark.parametrize("text", ["9999-12", "1999-12", "2026-3", "2026-13", "202603", "2026-03-01", "", "２０２６-03"])
def test_a_month_is_written_as_one(text: str) -> None:
    with pytest.raises(InputError, match="month_wrong"):
        month_of(text)
