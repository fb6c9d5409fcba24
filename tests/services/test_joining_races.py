"""Joining beside others: kept apart while it is confirmed, and what a claim that came over counts from."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from services.core.clock import at_hour
from services.core.db import Database, Scope
from services.core.errors import Conflict
from services.intake import service
from services.models import Case, Claim
from tests.services.test_joining import two
from tests.support.claims import XJ_EVENT
from tests.support.world import EFFECTIVE, NX_PLAN, ROOT, World, build_world, enrol_members

CN = Scope("cn")


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


_THREADS: list[threading.Thread] = []


def waiting(session: Session, verb: Callable[[], None]) -> None:
    """Start somebody else's verb and go on once it waits for this transaction."""
    _THREADS.append(threading.Thread(target=verb))
    _THREADS[-1].start()
    while _THREADS[-1].is_alive() and not session.execute(sa.text("SELECT 1 FROM pg_locks WHERE NOT granted")).first():
        time.sleep(0.01)


def waited(found: list[str]) -> list[str]:
    """What came of it."""
    _THREADS.pop().join()
    return found


def test_kept_apart_while_a_second_person_confirms(world: World, now: datetime) -> None:
    """Who confirms waits for the cases and then finds the joining withdrawn: nothing is cancelled."""
    first, _, second, other = two(world, now)
    clerk, office, office2 = world.actor("xj.clerk"), world.actor("xj.office1"), world.actor("xj.office2")
    refused: list[str] = []

    def confirms() -> None:
        try:
            with world.db.unit_of_work(office2.scope) as session:
                service.confirm_join(session, case_id=second.id, actor=office2, now=now)
        except Conflict as error:
            refused.append(error.code)

    with world.db.unit_of_work(clerk.scope) as session:
        service.join(session, case_id=second.id, into_id=first.id, reason="同一次确诊", actor=clerk, now=now)
    with world.db.unit_of_work(office.scope) as session:
        service.keep_apart(session, case_id=second.id, other_id=first.id, reason="两次原发", actor=office, now=now)
        waiting(session, confirms)
    assert waited(refused) == ["join_withdrawn"]
    with world.db.view(CN) as session:
        assert session.get_one(Case, second.id).joined_into is None
        assert session.get_one(Claim, other.id).state == "reported"


def test_a_claim_that_came_over_counts_from_the_first_report(world: World, now: datetime) -> None:
    """Told to committee and insurer on 18 March; the other plan's report of 2 April is late by itself and joins."""
    member, clerk = world.member(0, "xj"), world.actor("xj.clerk")
    told, later = at_hour(date(2026, 3, 18)), at_hour(date(2026, 4, 2))
    with world.db.unit_of_work(CN) as session:
        first = service.report(session, person_id=member.person_id, event=XJ_EVENT, channel="clerk", committee_told_at=told,
                               insurer_told_at=told, reported_on=date(2026, 3, 18), actor=clerk, now=now)
        enrol_members(session, world, "nx", NX_PLAN, [replace(member.synthetic, shares=1)], EFFECTIVE, now)
        second = service.report(session, person_id=member.person_id, event=XJ_EVENT, channel="clerk", late_reason="住院", actor=ROOT,
                                now=later)
        service.join(session, case_id=second.id, into_id=first.id, reason="同一事件", actor=clerk, now=later)
        clocks = session.execute(sa.text("SELECT kind, state, stopped_on, kept FROM sla_clock WHERE kind IN ('report', 'first_notice') "
                                         "ORDER BY kind, id")).all()
        assert [tuple(clock) for clock in clocks] == [
            ("first_notice", "stopped", date(2026, 3, 18), True), *[("report", "stopped", date(2026, 3, 18), True)] * 2]
