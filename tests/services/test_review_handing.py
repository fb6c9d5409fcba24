"""A level in somebody's hands: handed to a colleague, taken over by the head, a substitute who counts as both persons."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from services.access import service as access
from services.access.actor import Actor
from services.core.db import Database
from services.core.errors import Conflict, GuardFailed, InputError, NotPermitted
from services.models import Substitute
from services.payment import service as payment
from services.review import queries
from services.review import service as review
from tests.services.review_world import (
    ROOT,
    SYSTEM,
    in_review,
    levels,
    passes,
    report,
    route,
    verify,
)
from tests.services.test_review_chain import marry
from tests.support.world import World, build_world

OFFICE, DISTRICT = "cn.xj.", "cn.xj.wlmq.tsd."


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def at_office(world: World, now: datetime, n: int = 3) -> uuid.UUID:
    """A claim at the office's first level."""
    claim = in_review(world, n, now)
    for login in ("xj.clerk", "xj.district"):
        passes(world, claim, login, now)
    return claim


def on_leave(world: World, absent: str, substitute: str, roles: str, now: datetime) -> Actor:
    """The substitute signs in on a day of the colleague's leave."""
    with world.db.unit_of_work(ROOT) as session:
        session.add(Substitute(absent_id=world.account(absent), account_id=world.account(substitute), roles=roles,
                               from_on=now.date(), until_on=now.date() + timedelta(days=5), reason="年休假",
                               made_by=world.account(absent), made_at=now))
    with world.db.view(ROOT) as session:
        world.actors[substitute] = access.authenticate(session, world.tokens[substitute], now=now)
    return world.actors[substitute]


def does(world: World, login: str, verb: object, claim: uuid.UUID, now: datetime, **more: object) -> None:
    actor = world.actor(login)
    with world.db.unit_of_work(actor.scope) as session:
        verb(session, claim_id=claim, actor=actor, now=now, **more)     # type: ignore[operator]


def records(world: World, claim: uuid.UUID, event: str) -> list[dict[str, object]]:
    with world.db.view(ROOT) as session:
        return list(session.execute(sa.text("SELECT record FROM audit_record WHERE chain_id = :id AND event = :event"
                                            " ORDER BY seq"), {"id": claim, "event": event}).scalars())


def test_the_holder_hands_a_level_to_a_named_colleague(world: World, now: datetime) -> None:
    claim = at_office(world, now)
    to = world.account("xj.office2")
    with pytest.raises(NotPermitted) as error:
        does(world, "xj.office1", review.delegate, claim, now, to_account=to, reason="出差")
    assert error.value.code == "not_the_holder"
    does(world, "xj.office1", review.take, claim, now)
    for account, code in ((world.account("xj.district"), "colleague_not_eligible"), (world.account("xj.office1"), "same_holder")):
        with pytest.raises(InputError) as refused:
            does(world, "xj.office1", review.delegate, claim, now, to_account=account, reason="出差")
        assert refused.value.code == code
    with pytest.raises(InputError):
        does(world, "xj.office1", review.delegate, claim, now, to_account=to, reason=" ")
    does(world, "xj.office1", review.delegate, claim, now, to_account=to, reason="出差一周")
    [record] = records(world, claim, "delegate")
    assert record["reason"] == "出差一周" and record["details"]["to_account"] == str(to)      # type: ignore[index]
    with pytest.raises(Conflict) as taken:
        passes(world, claim, "xj.office1", now)
    assert taken.value.code == "taken_by_another"
    assert passes(world, claim, "xj.office2", now).decided_fen == 1_500_000


def test_the_head_hands_out_what_nobody_has_taken_and_names_only_those_who_may(world: World, now: datetime) -> None:
    claim = at_office(world, now)
    marry(world, 3, "xj.office2", now)
    with world.db.view(world.actor("xj.head").scope) as session:
        assert [one.account_id for one in queries.colleagues(session, claim, on=now.date())] == [world.account("xj.office1")]
    with pytest.raises(InputError):
        does(world, "xj.head", review.delegate, claim, now, to_account=world.account("xj.office2"), reason="分派")
    does(world, "xj.head", review.delegate, claim, now, to_account=world.account("xj.office1"), reason="分派")
    assert passes(world, claim, "xj.office1", now).decided_fen == 1_500_000


def test_the_head_takes_over_with_a_reason_and_then_decides(world: World, now: datetime) -> None:
    claim = at_office(world, now)
    does(world, "xj.office1", review.take, claim, now)
    with pytest.raises(NotPermitted):
        does(world, "xj.senior", review.take_over, claim, now, reason="催办")
    with pytest.raises(InputError):
        does(world, "xj.head", review.take_over, claim, now, reason="")
    does(world, "xj.head", review.take_over, claim, now, reason="经办人突然离岗")
    with world.db.view(ROOT) as session:
        step = queries.chain(session, claim)[2]
        assert (step.role, step.duty_key, step.taken_by) == ("head", OFFICE, world.account("xj.head"))
    with pytest.raises(NotPermitted):
        passes(world, claim, "xj.office1", now)
    assert passes(world, claim, "xj.head", now).decided_fen == 1_500_000
    assert len(records(world, claim, "take_over")) == 1


def test_the_head_does_not_take_a_level_that_leaves_a_later_one_without_anybody(world: World, now: datetime) -> None:
    claim = at_office(world, now, n=0)                       # 60,000: the senior reviewer decides after the first level
    with world.db.unit_of_work(ROOT) as session:
        session.execute(sa.text("UPDATE account SET active = false WHERE login = 'xj.senior'"))
    with pytest.raises(GuardFailed) as error:
        does(world, "xj.head", review.take_over, claim, now, reason="催办")
    assert error.value.code == "level_without_person"
    assert passes(world, claim, "xj.office1", now).next_level == "office_senior"
    assert levels(world.db, claim)[-1] == ("office_senior", "open", OFFICE)


def test_a_substitute_takes_what_the_absent_colleague_had_and_counts_as_both(world: World, now: datetime) -> None:
    claim = at_office(world, now, n=0)
    does(world, "xj.office1", review.take, claim, now)
    on_leave(world, "xj.office1", "xj.senior", "office_reviewer", now)
    with world.db.view(world.actor("xj.senior").scope) as session:
        assert claim in [item.claim_id for item in queries.worklist(session, world.actor("xj.senior"))]
    assert passes(world, claim, "xj.senior", now).next_level == "office_senior"
    with world.db.view(ROOT) as session:
        counted = session.execute(sa.text("SELECT person_id, through FROM deciding_person WHERE claim_id = :id AND act = 'review'"
                                          " AND subject_id = :step"), {"id": claim, "step": queries.chain(session, claim)[2].id})
        assert {tuple(row) for row in counted} == {(world.person("xj.senior"), None),
                                                   (world.person("xj.office1"), world.person("xj.senior"))}
    with pytest.raises(NotPermitted):                        # the deciding level went up: the senior has acted
        passes(world, claim, "xj.senior", now)
    assert levels(world.db, claim)[-1] == ("office_senior", "open", OFFICE)
    assert passes(world, claim, "xj.head", now).decided_fen == 6_000_000


def test_the_absent_colleague_is_separated_from_what_the_substitute_did(world: World, now: datetime) -> None:
    """office2 verified in the place of office1: neither passes the office's first level."""
    on_leave(world, "xj.office1", "xj.office2", "office_reviewer", now)
    claim = report(world, 3, now)
    verify(world, claim, now, verifier=world.actor("xj.office2"))
    route(world, claim, now=now)
    for login in ("xj.clerk", "xj.district"):
        passes(world, claim, login, now)
    assert levels(world.db, claim)[-1] == ("office_first", "open", OFFICE)
    with world.db.view(ROOT) as session:
        assert queries.chain(session, claim)[-1].role == "senior_reviewer"       # handed up: nobody of the level's own role is left
    for login in ("xj.office1", "xj.office2"):
        with world.db.view(world.actor(login).scope) as session:
            assert queries.worklist(session, world.actor(login)) == []
    assert passes(world, claim, "xj.senior", now).decided_fen == 1_500_000


def test_a_substitute_for_the_claimants_husband_may_not_act(world: World, now: datetime) -> None:
    claim = at_office(world, now)
    marry(world, 3, "xj.office1", now)
    on_leave(world, "xj.office1", "xj.office2", "office_reviewer", now)
    with pytest.raises(GuardFailed) as error:
        passes(world, claim, "xj.office2", now)
    assert error.value.code == "actor_on_claimant_side"
    with world.db.view(ROOT) as session:
        assert queries.colleagues(session, claim, on=now.date()) == []


def test_a_maker_who_stood_in_for_a_decider_pays_nothing_out(world: World, now: datetime) -> None:
    """The maker stands for the one who decided: counted as both, the claim's payment is not for that maker."""
    claim = at_office(world, now)
    passes(world, claim, "xj.office1", now)
    on_leave(world, "xj.office1", "xj.maker", "office_reviewer", now)
    maker = world.actor("xj.maker")
    with world.db.unit_of_work(ROOT) as session:
        payment.plan(session, claim_ids=[claim], actor=SYSTEM, now=now)
    with pytest.raises(InputError) as error, world.db.unit_of_work(maker.scope) as session:
        payment.build_run(session, plan="xj-women", bank="ICBC", actor=maker, now=now)
    assert error.value.code == "run_empty"


def test_a_checker_who_stands_for_the_maker_releases_nothing(world: World, now: datetime) -> None:
    claim = at_office(world, now)
    passes(world, claim, "xj.office1", now)
    maker = world.actor("xj.maker")
    with world.db.unit_of_work(ROOT) as session:
        payment.plan(session, claim_ids=[claim], actor=SYSTEM, now=now)
    with world.db.unit_of_work(maker.scope) as session:
        run = payment.build_run(session, plan="xj-women", bank="ICBC", actor=maker, now=now).id
        payment.submit(session, run_id=run, actor=maker, now=now)
    checker = on_leave(world, "xj.maker", "xj.checker", "finance_maker", now)
    with pytest.raises(GuardFailed) as error, world.db.unit_of_work(checker.scope) as session:
        payment.release(session, run_id=run, actor=checker, now=now)
    assert error.value.code == "maker_not_separate"


def test_a_run_made_in_the_checkers_place_is_not_the_checkers_to_release(world: World, now: datetime) -> None:
    """Also when the leave is over by then."""
    claim = at_office(world, now)
    passes(world, claim, "xj.office1", now)
    maker, checker = on_leave(world, "xj.checker", "xj.maker", "finance_checker", now), world.actor("xj.checker")
    with world.db.unit_of_work(ROOT) as session:
        payment.plan(session, claim_ids=[claim], actor=SYSTEM, now=now)
    with world.db.unit_of_work(maker.scope) as session:
        run = payment.build_run(session, plan="xj-women", bank="ICBC", actor=maker, now=now).id
        payment.submit(session, run_id=run, actor=maker, now=now)
        session.execute(sa.text("UPDATE substitute SET ended_at = :now"), {"now": now})
    with pytest.raises(GuardFailed) as error, world.db.unit_of_work(checker.scope) as session:
        payment.release(session, run_id=run, actor=checker, now=now)
    assert error.value.code == "maker_not_separate"


def test_a_hold_says_who_and_since_when(world: World, now: datetime) -> None:
    claim = at_office(world, now)
    does(world, "xj.office1", review.hold, claim, now, reason="court_or_police")
    with world.db.view(ROOT) as session:
        held = queries.held(session, claim)
    assert held is not None
    assert (held.reason, held.words, held.since) == ("court_or_police", "司法或公安机关正在处理", now)
    assert held.by == world.actor("xj.office1").name
    does(world, "xj.office1", review.unhold, claim, now)
    with world.db.view(ROOT) as session:
        assert queries.held(session, claim) is None
