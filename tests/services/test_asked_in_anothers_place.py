"""Whoever asked in a colleague's place counts as that colleague also later: for holds, closed months, reports, runs above a limit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from typing import TypeVar, cast

import pytest

from services.access.actor import Actor
from services.core.clock import at_hour
from services.core.db import Database
from services.core.errors import GuardFailed, HuzhuError, NotPermitted
from services.evidence import holds
from services.evidence.holds import Subject
from services.insurer import exchange
from services.ledger import closing
from services.payment import service as payment
from tests.services.exchange_world import INSURER
from tests.services.paying_world import made
from tests.support.databases import Fresh, past_row_security
from tests.support.world import XJ_PLAN, World, build_world

Made = TypeVar("Made")
MARCH, LATER = (date(2026, 3, 1), date(2026, 3, 31)), at_hour(date(2026, 4, 3), 10)
ABOVE = 4_000_000_000       # fen: above every limit of a payment


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def as_(world: World, login: str, stands_for: str | None = None) -> Actor:
    """Somebody, on a day when she stands in for a colleague or on another."""
    actor = world.actor(login)
    return replace(actor, stands_for=frozenset({world.person(stands_for)})) if stands_for else actor


def does(world: World, actor: Actor, verb: Callable[..., Made], **more: object) -> Made:
    with world.db.unit_of_work(actor.scope) as session:
        return verb(session, actor=actor, **more)


def refused(world: World, kind: type[HuzhuError], code: str, actor: Actor, verb: Callable[..., object], **more: object) -> None:
    with pytest.raises(kind) as error:
        does(world, actor, verb, **more)
    assert error.value.code == code


def test_a_hold_is_not_lifted_by_one_person_in_two_places(world: World, now: datetime) -> None:
    head, senior = as_(world, "xj.head"), as_(world, "xj.senior")
    hold = does(world, head, holds.place, subject=Subject(head.org_key, person_id=world.member(0, "xj").person_id), ground="lawsuit",
                reason="法院要求保存证据", now=now).id
    does(world, as_(world, "xj.senior", "xj.head"), holds.ask_lift, hold_id=hold, why="案件已经审结", now=now)
    refused(world, NotPermitted, "same_person", head, holds.lift, hold_id=hold, now=now)
    refused(world, NotPermitted, "same_person", senior, holds.lift, hold_id=hold, now=now)
    # Asked anew by another one, it is no longer what the substitute asked.
    does(world, head, holds.ask_lift, hold_id=hold, why="案件已经审结", now=now)
    assert does(world, senior, holds.lift, hold_id=hold, now=now).lifted_person == senior.person_id


def test_a_month_is_not_closed_by_one_person_in_two_places(world: World) -> None:
    maker, checker = as_(world, "xj.maker", "xj.checker"), as_(world, "xj.checker")
    asked = does(world, maker, closing.ask, plan=XJ_PLAN, month=MARCH[0], now=LATER).id
    for verb, more in ((closing.agree, {}), (closing.decline, {"why": "银行对账单未到"})):
        refused(world, GuardFailed, "two_persons_needed", checker, verb, closing_id=asked, now=LATER, **more)
    refused(world, GuardFailed, "two_persons_needed", as_(world, "xj.head", "xj.checker"), closing.agree, closing_id=asked, now=LATER)
    assert does(world, as_(world, "xj.head"), closing.agree, closing_id=asked, now=LATER).agreed_at == LATER


def test_a_report_is_not_issued_by_whom_it_was_prepared_for(world: World) -> None:
    period = {"insurer": INSURER, "from_on": MARCH[0], "until_on": MARCH[1], "now": LATER}
    report = does(world, as_(world, "nx.office1", "nx.head"), exchange.prepare, **period)
    refused(world, GuardFailed, "second_person", as_(world, "nx.head"), exchange.issue, report_id=report.id, now=LATER)
    assert does(world, as_(world, "nx.senior"), exchange.issue, report_id=report.id, now=LATER).status == "issued"


def test_a_run_above_its_limits_is_not_allowed_by_whom_it_was_made_for(world: World, now: datetime) -> None:
    with past_row_security(cast(Fresh, world.db)) as connection:        # a fund that this run does not exhaust
        connection.execute("UPDATE fund SET opening_fen = %s", (10**13,))
    made(world, now, ABOVE)
    maker, head = as_(world, "xj.maker", "xj.head"), as_(world, "xj.head")
    run = does(world, maker, payment.build_run, plan=XJ_PLAN, bank="ICBC", now=now).id
    does(world, maker, payment.submit, run_id=run, now=now)
    refused(world, GuardFailed, "maker_not_separate", head, payment.allow_over, run_id=run, reason="经主任办公会同意", now=now)
