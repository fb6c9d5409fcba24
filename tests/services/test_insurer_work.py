"""What is owed about files at the insurer stands in the work of who follows them, else of the whole office."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.core.clock import business_day
from services.core.db import Database
from services.insurer import ageing, disagreements
from services.reporting import disagreements as reporting
from services.reporting import worklists
from services.reporting.tasks import Task, tasks
from services.reporting.worklists import Wish
from services.review import queries as review
from tests.services.handoff_world import collect, number, with_insurer
from tests.services.insurer_world import Twin, running
from tests.services.review_world import ROOT
from tests.support.world import World, build_world

ALLOWANCE = "breast_cancer_allowance"


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twin]:
    with running(Path(tmp_path_factory.mktemp("twin"))) as found:
        yield found


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def work(world: World, login: str, at: datetime, due: str = "") -> dict[str, Task]:
    """The account's tasks about the insurer, by kind."""
    actor, today = world.actor(login), business_day(at)
    with world.db.view(actor.scope) as session:
        listed = worklists.worklist(session, actor, wish=Wish(due=due), today=today)
        return {task.key.kind: task for task in tasks(session, listed.keys, actor, today=today)
                if task.key.kind in (worklists.HANDOFF, worklists.DIFFER)}


def differing(world: World, twin: Twin, now: datetime) -> uuid.UUID:
    claim = with_insurer(world, twin, now)
    no = number(world, claim)
    twin.walk(no, "ack", "file")
    twin.desk(no, "decide", adjust={ALLOWANCE: {"amount": "500.00", "reason": "no_paid_days"}})
    collect(world, twin, claim, now)
    return claim


def test_an_unheard_file_is_the_offices_until_somebody_follows_it(world: World, twin: Twin, now: datetime) -> None:
    claim = with_insurer(world, twin, now)                 # Friday 20 March: Tuesday was the last day for the receipt
    tuesday, wednesday = now + timedelta(days=4), now + timedelta(days=5)
    assert work(world, "nx.office1", tuesday) == {}
    task = work(world, "nx.office1", wednesday)[worklists.HANDOFF]
    assert (task.claim_no, task.reasons, task.due_on) == (number(world, claim), ("unheard",), None)
    assert [set(work(world, login, wednesday)) for login in ("nx.senior", "nx.clerk", "xj.office1")] == [{"handoff"}, set(), set()]
    senior = world.actor("nx.senior")
    with world.db.unit_of_work(senior.scope) as session:
        ageing.take(session, claim_id=claim, actor=senior, now=now)
    assert [set(work(world, login, wednesday)) for login in ("nx.senior", "nx.office1")] == [{"handoff"}, set()]
    with world.db.unit_of_work(ROOT) as session:
        session.execute(sa.text("UPDATE account SET active = false WHERE id = :id"), {"id": senior.account_id})
    assert set(work(world, "nx.office1", wednesday)) == {"handoff"}, "who has left follows nothing"
    twin.walk(number(world, claim), "ack")
    collect(world, twin, claim, wednesday)
    assert work(world, "nx.office1", wednesday) == {}


def test_a_file_past_the_insurers_day_is_late_by_that_day(world: World, twin: Twin, now: datetime) -> None:
    claim = with_insurer(world, twin, now)
    twin.walk(number(world, claim), "ack")
    collect(world, twin, claim, now)
    with world.db.view(ROOT) as session:
        due = session.execute(sa.text("SELECT min(due_on) FROM sla_clock WHERE claim_id = :id AND state = 'running'"
                                      " AND kind IN ('assessment', 'insurer_pay', 'agreement')"), {"id": claim}).scalar_one()
    on_the_day = now + (due - business_day(now))
    assert work(world, "nx.office1", on_the_day) == {}
    task = work(world, "nx.office1", on_the_day + timedelta(days=1), due="late")[worklists.HANDOFF]
    assert (task.due_on, task.reasons, task.clock) == (due, ("late", "at_insurer"), "late")


def test_a_difference_waits_for_the_office_then_for_another_senior(world: World, twin: Twin, now: datetime) -> None:
    claim = differing(world, twin, now)
    task = work(world, "nx.office1", now)[worklists.DIFFER]
    assert (task.claim_no, task.reasons, task.clock) == (number(world, claim), ("differs",), "")
    assert work(world, "xj.office1", now) == {}
    late = work(world, "nx.office1", now + timedelta(days=30), due="late")[worklists.DIFFER]
    assert late.reasons == ("late", "differs") and late.due_on == late.key.place
    senior, head = world.actor("nx.senior"), world.actor("nx.head")
    with world.db.unit_of_work(senior.scope) as session:
        disagreements.ask_accept(session, claim_id=claim, liabilities=[ALLOWANCE], reason="以出院小结为准", actor=senior, now=now)
    assert [set(work(world, login, now)) for login in ("nx.office1", "nx.senior", "nx.head")] == [set(), set(), {"differ"}]
    assert work(world, "nx.head", now)[worklists.DIFFER].reasons == ("asked",)
    with world.db.unit_of_work(head.scope) as session:
        disagreements.accept(session, claim_id=claim, actor=head, now=now)
    assert work(world, "nx.head", now) == {}


def test_a_claim_is_not_closed_over_an_open_difference(world: World, twin: Twin, now: datetime) -> None:
    claim = differing(world, twin, now)
    year = business_day(now) + timedelta(days=365)
    with world.db.unit_of_work(ROOT) as session:            # paid, its letters delivered: only the difference is left
        session.execute(sa.text("UPDATE claim SET state = 'paid' WHERE id = :id"), {"id": claim})
        session.execute(sa.text("UPDATE handoff SET state = 'settled' WHERE claim_id = :id"), {"id": claim})
        session.execute(sa.text("UPDATE notice SET state = 'voided' WHERE claim_id = :id"), {"id": claim})
        session.execute(sa.text("UPDATE payment SET state = 'cancelled' WHERE claim_id = :id"), {"id": claim})
    senior = world.actor("nx.senior")
    with world.db.unit_of_work(senior.scope) as session:
        assert review.closable(session, year) == []
        disagreements.close(session, claim_id=claim, liabilities=[ALLOWANCE], reason="会商纪要第三项", actor=senior, now=now)
        assert review.closable(session, year) == [claim]


def test_an_insistence_nobody_will_answer_any_more_can_be_ended(world: World, twin: Twin, now: datetime) -> None:
    claim = differing(world, twin, now)
    reviewer, senior = world.actor("nx.office1"), world.actor("nx.senior")
    with world.db.unit_of_work(reviewer.scope) as session:
        disagreements.insist(session, claim_id=claim, liabilities=[ALLOWANCE], reason="出院小结载明九天", actor=reviewer, now=now)
    assert [set(work(world, login, now)) for login in ("nx.office1", "nx.senior")] == [set(), {"differ"}]
    with world.db.unit_of_work(ROOT) as session:            # confirmed: a new round is at the insurer
        session.execute(sa.text("UPDATE reopening SET confirmed_at = :now WHERE claim_id = :id"), {"now": now, "id": claim})
    assert [set(work(world, login, now)) for login in ("nx.office1", "nx.senior")] == [set(), set()]
    with world.db.unit_of_work(ROOT) as session:            # and is recalled, and the claim withdrawn
        session.execute(sa.text("UPDATE claim SET state = 'cancelled' WHERE id = :id"), {"id": claim})
        assert [line.stage for line in reporting.lines_of(session, claim, senior)] == ["open"]
    assert set(work(world, "nx.office1", now)) == {"differ"}
    with world.db.unit_of_work(senior.scope) as session:
        disagreements.close(session, claim_id=claim, liabilities=[ALLOWANCE], reason="会员已撤回申请", actor=senior, now=now)
    assert work(world, "nx.office1", now) == {}
