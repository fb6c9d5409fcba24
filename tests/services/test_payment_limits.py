"""Limits of payment: one payment, a run, a day of an organisation; above them the head's word, besides maker and checker."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import cast

import pytest
from pydantic import ValidationError
from sqlmodel import Session

from services.access.actor import Actor
from services.core.db import Database
from services.core.errors import Conflict, HuzhuError, NotPermitted
from services.payment import queries
from services.payment import service as payment
from services.payment.limits import Limit, in_force, limits
from tests.services.api_world import Api
from tests.services.paying_world import in_run, made
from tests.support.databases import Fresh, past_row_security
from tests.support.signed_in import sign_in
from tests.support.world import World, build_world

LARGE = 4_000_000_000          # 40,000,000.00 yuan: above all three


def entry(org: str, begins: str, payment: int | None = 1) -> Limit:
    return Limit.model_validate({"org": org, "from": begins, "payment": payment, "run": None, "day": None})


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    made_world = build_world(db, now)
    rich(made_world)
    return made_world


def rich(world: World) -> None:
    """A fund that no run here exhausts."""
    with past_row_security(cast(Fresh, world.db)) as connection:
        connection.execute("UPDATE fund SET opening_fen = %s", (10**13,))


def refused(world: World, actor: Actor, verb: Callable[[Session], object]) -> HuzhuError:
    with pytest.raises(HuzhuError) as problem, world.db.unit_of_work(actor.scope) as session:
        verb(session)
    return problem.value


def test_the_nearest_organisation_and_its_latest_date_count() -> None:
    entries = [entry("cn.", "2024-01-01", 1), entry("cn.xj.", "2026-01-01", 2), entry("cn.xj.", "2026-03-20", 3),
               entry("cn.nx.", "2024-01-01", 4)]
    asked = (("cn.xj.", "2025-12-31"), ("cn.xj.wlmq.", "2026-03-19"), ("cn.xj.", "2026-03-20"), ("cn.xjx.", "2026-03-20"),
             ("cn.", "2023-12-31"))
    found = [in_force(org, date.fromisoformat(on), entries) for org, on in asked]
    assert [one and one.payment for one in found] == [1, 2, 3, 1, None]


def test_what_we_ship_holds_for_everybody() -> None:
    shipped = in_force("cn.xj.", date(2026, 3, 20), limits())
    assert shipped is not None
    assert [shipped.payment, shipped.run, shipped.day] == [Decimal(500_000), Decimal(10_000_000), Decimal(30_000_000)]
    with pytest.raises(ValidationError):
        Limit.model_validate({"org": "cn", "from": "2024-01-01", "payment": 0, "run": None, "day": None})


def test_exactly_the_limit_is_released(world: World, now: datetime) -> None:
    made(world, now, 50_000_000)
    run, checker = in_run(world, now), world.actor("xj.checker")
    with world.db.unit_of_work(checker.scope) as session:
        assert payment.release(session, run_id=run, actor=checker, now=now).state == "released"


def test_above_the_limits_waits_for_the_heads_word_and_counts_on_the_day(world: World, now: datetime) -> None:
    checker, head = world.actor("xj.checker"), world.actor("xj.head")
    made(world, now, LARGE)
    run = in_run(world, now)
    above = refused(world, checker, lambda session: payment.release(session, run_id=run, actor=checker, now=now))
    assert isinstance(above, Conflict) and above.code == "limit_exceeded"
    assert all(word in above.message for word in ("单笔限额 500000.00 元", "单批限额", "单日累计限额", "40000000.00"))
    assert isinstance(refused(world, checker, lambda session: payment.allow_over(
        session, run_id=run, reason="经主任办公会同意", actor=checker, now=now)), NotPermitted)
    with world.db.unit_of_work(head.scope) as session:
        payment.allow_over(session, run_id=run, reason="经主任办公会同意", actor=head, now=now)
    with world.db.unit_of_work(checker.scope) as session:
        assert payment.release(session, run_id=run, actor=checker, now=now).state == "released"
    made(world, now, 100)
    small = in_run(world, now)
    again = refused(world, checker, lambda session: payment.release(session, run_id=small, actor=checker, now=now))
    assert again.code == "limit_exceeded" and "单日累计" in again.message and "单笔" not in again.message
    later = now + timedelta(days=1)
    with world.db.unit_of_work(checker.scope) as session:
        assert payment.release(session, run_id=small, actor=checker, now=later).state == "released"


def test_the_word_is_for_what_the_run_held(world: World, now: datetime) -> None:
    """Taken back, changed and submitted again, it is asked for anew."""
    maker, checker, head = (world.actor(f"xj.{who}") for who in ("maker", "checker", "head"))
    first, _ = made(world, now, LARGE, LARGE + 1)
    run = in_run(world, now)
    with world.db.unit_of_work(head.scope) as session:
        payment.allow_over(session, run_id=run, reason="经主任办公会同意", actor=head, now=now)
    with world.db.unit_of_work(checker.scope) as session:
        payment.send_back(session, run_id=run, reason="核对", actor=checker, now=now)
    with world.db.unit_of_work(maker.scope) as session:
        payment.exclude(session, payment_ids=[queries.payments_of(session, first)[0].id], reason="待核实", actor=maker, now=now)
        payment.submit(session, run_id=run, actor=maker, now=now)
    assert refused(world, checker, lambda session: payment.release(session, run_id=run, actor=checker, now=now)).code == "limit_exceeded"


def test_a_run_made_in_the_heads_place_is_not_the_heads_to_allow(world: World, now: datetime) -> None:
    """Also when the leave is over by then."""
    head, maker = world.actor("xj.head"), replace(world.actor("xj.maker"), stands_for=frozenset({world.person("xj.head")}))
    made(world, now, LARGE)
    with world.db.unit_of_work(maker.scope) as session:
        run = payment.build_run(session, plan="xj-women", bank="ICBC", actor=maker, now=now).id
        payment.submit(session, run_id=run, actor=maker, now=now)
    assert refused(world, head, lambda session: payment.allow_over(
        session, run_id=run, reason="经主任办公会同意", actor=head, now=now)).code == "maker_not_separate"


def test_nothing_to_allow(world: World, now: datetime) -> None:
    head = world.actor("xj.head")
    made(world, now, 100)
    run = in_run(world, now)
    assert refused(world, head, lambda session: payment.allow_over(
        session, run_id=run, reason="无", actor=head, now=now)).code == "limit_kept"


def test_the_page_says_it_before_the_release_and_the_head_answers_there(db: Database, now: datetime, tmp_path: Path) -> None:
    api = Api(db, now, tmp_path)
    rich(api.world)
    made(api.world, now, LARGE)
    in_run(api.world, now)
    checker, head = (sign_in(api.app, api.db, api.world, f"xj.{who}", now) for who in ("checker", "head"))
    found = re.search(r'href="(/runs/P[0-9]+)"', checker.get("/runs").text)
    assert found is not None
    address = found[1]
    shown = checker.get(address).text
    assert "付款限额" in shown and "超过限额" in shown and "500,000.00" in shown and "40,000,000.00" in shown
    assert "核准的理由" not in shown
    seen = re.search(r'name="version" value="(\d+)"', head.get(address).text)
    assert seen is not None
    assert head.send(f"{address}/allow", version=seen[1]).status_code == 422
    head.get(address)
    assert head.send(f"{address}/allow", version=seen[1], reason="经主任办公会同意").headers["location"] == f"{address}?done=allowed"
    shown = checker.get(address).text
    assert "核准超限额付款" in shown and "经主任办公会同意" in shown
    assert checker.send(f"{address}/release", version=seen[1]).headers["location"] == f"{address}?done=released"
