"""Whom the chain bars: the claimant's side steers nothing, nobody decides unseen, nobody keeps a level he may no longer do."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from services.core.db import Database
from services.core.errors import Conflict, HuzhuError, NotPermitted
from services.enrolment import service as enrolment
from services.evidence import conversation
from services.evidence import service as evidence
from services.intake import cancelling
from services.intake import service as intake
from services.lifecycle.create import create
from services.models import Claim, Payee, Receivable
from services.payment import receivables
from services.review import amendment, queries
from services.review import service as review
from tests.services.review_world import MALIGNANT, ROOT, SYSTEM, change_facts, digest, levels, passes, report
from tests.services.test_review_chain import marry
from tests.services.test_review_handing import OFFICE, at_office, does, on_leave
from tests.support.world import World, build_world


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def code_of(world: World, login: str, verb: object, claim: uuid.UUID, now: datetime, **more: object) -> str:
    try:
        does(world, login, verb, claim, now, **more)
    except HuzhuError as error:
        return error.code
    return "done"


STEERED = {
    "hold": (review.hold, {"reason": "investigation"}),
    "send_down": (review.send_down, {"to_level": "district", "reason": "computation_doubt"}),
    "send_back": (review.send_back, {"reason": "papers_unclear"}),
    "ask": (evidence.ask, {"items": [{"paper": "pathology", "reason": "不清"}]}),
}


@pytest.mark.parametrize("verb", STEERED)
@pytest.mark.parametrize("through", ["himself", "substitute"])
def test_the_claimants_husband_steers_nothing(world: World, now: datetime, verb: str, through: str) -> None:
    claim = at_office(world, now)
    marry(world, 3, "xj.office1", now)
    login = "xj.office1"
    if through == "substitute":
        on_leave(world, "xj.office1", "xj.office2", "office_reviewer", now)
        login = "xj.office2"
    call, words = STEERED[verb]
    assert code_of(world, login, call, claim, now, **words) == "actor_on_claimant_side"
    if through == "himself":
        assert code_of(world, "xj.office2", call, claim, now, **words) == "done"


def test_the_claimants_husband_lifts_no_hold(world: World, now: datetime) -> None:
    claim = at_office(world, now)
    marry(world, 3, "xj.head", now)
    does(world, "xj.office1", review.hold, claim, now, reason="court_or_police")
    assert code_of(world, "xj.head", review.unhold, claim, now) == "actor_on_claimant_side"
    assert code_of(world, "xj.senior", review.unhold, claim, now) == "done"


def heir_of(world: World, claim: uuid.UUID, login: str, now: datetime) -> None:
    """Somebody receives the money whose own family (not the member's) works at the office."""
    with world.db.unit_of_work(ROOT) as session:
        heir = world.member(5, "xj").person_id
        org_key = session.execute(sa.text("SELECT org_key FROM claim WHERE id = :id"), {"id": claim}).scalar_one()
        session.add(Payee(org_key=org_key, claim_id=claim, person_id=heir, relation="child", added_at=now))
        enrolment.add_kin(session, person_id=heir, relative_id=world.person(login), relation="husband", actor=SYSTEM, now=now)


def test_an_heirs_husband_hands_nothing_out_and_reopens_nothing(world: World, now: datetime) -> None:
    claim = at_office(world, now)
    heir_of(world, claim, "xj.head", now)
    able = {"to_account": world.account("xj.office2"), "reason": "休假"}
    assert code_of(world, "xj.head", review.delegate, claim, now, **able) == "actor_on_claimant_side"
    passes(world, claim, "xj.office1", now)
    asked = {"kind": "clerical", "why": "卡号", "changes": [{"what": "姓名", "old": "甲", "new": "乙"}]}
    assert code_of(world, "xj.head", amendment.ask_amendment, claim, now, **asked) == "actor_on_claimant_side"


@pytest.mark.parametrize("family", ["claimant", "heir"])
def test_no_husband_rewrites_the_facts(world: World, now: datetime, family: str) -> None:
    claim = report(world, 3, now)
    if family == "heir":
        heir_of(world, claim, "xj.office1", now)
    else:
        marry(world, 3, "xj.office1", now)
    words = {"event": {**MALIGNANT, "specimen_on": "2026-03-13"}, "reason": "按病历"}
    assert code_of(world, "xj.office1", intake.amend, claim, now, **words) == "actor_on_claimant_side"
    assert code_of(world, "xj.office2", intake.amend, claim, now, **words) == "done"


def test_an_heirs_husband_waives_notes_and_calls_away_nothing(world: World, now: datetime) -> None:
    claim = at_office(world, now)
    heir_of(world, claim, "xj.office1", now)
    assert code_of(world, "xj.office1", evidence.waive, claim, now, kind="diagnosis", reason="已核实") == "actor_on_claimant_side"
    assert code_of(world, "xj.office1", cancelling.ask_cancel, claim, now, ground="mistake", reason="误录") == "actor_on_claimant_side"
    assert code_of(world, "xj.office2", conversation.note, claim, now, words="与医院核实") == "done"
    assert code_of(world, "xj.office1", conversation.note, claim, now, words="无须核实") == "actor_on_claimant_side"
    for login, seen in (("xj.office1", 0), ("xj.office2", 1)):
        with world.db.unit_of_work(world.actor(login).scope) as session:
            assert len(conversation.read(session, claim_id=claim, actor=world.actor(login), now=now)) == seen


def test_an_heirs_husband_lets_no_money_go(world: World, now: datetime) -> None:
    claim = at_office(world, now)
    heir_of(world, claim, "xj.maker", now)
    with world.db.unit_of_work(ROOT) as session:
        row = session.get_one(Claim, claim)
        owed = Receivable(org_key=row.org_key, state="open", claim_id=claim, round=1, person_id=row.person_id, amount_fen=100_000,
                          why="correction", created_at=now)
        create(session, "receivable", [owed], actor=SYSTEM, now=now)
        owed_id = owed.id
    maker = world.actor("xj.maker")
    with pytest.raises(NotPermitted, match="actor_on_claimant_side"), world.db.unit_of_work(maker.scope) as session:
        receivables.agree(session, receivable_id=owed_id, agreement="分三次返还", actor=maker, now=now)


def test_the_claimants_husband_hands_nothing_up(world: World, now: datetime) -> None:
    claim = at_office(world, now)
    marry(world, 3, "xj.head", now)
    with world.db.view(ROOT) as session:
        step = queries.chain(session, claim)[-1].id
    with pytest.raises(NotPermitted) as error, world.db.unit_of_work(world.actor("xj.head").scope) as session:
        review.escalate(session, step_ids=[step], actor=world.actor("xj.head"), now=now)
    assert error.value.code == "actor_on_claimant_side"
    with world.db.unit_of_work(world.actor("xj.senior").scope) as session:
        assert review.escalate(session, step_ids=[step], actor=world.actor("xj.senior"), now=now) == []     # nobody above the office


def test_a_hold_is_not_put_upon_a_hold(world: World, now: datetime) -> None:
    """Who stopped the claim, and why, stays in sight."""
    claim = at_office(world, now)
    assert code_of(world, "xj.senior", review.unhold, claim, now) == "not_held"
    does(world, "xj.office1", review.hold, claim, now, reason="court_or_police")
    assert code_of(world, "xj.office2", review.hold, claim, now, reason="investigation") == "held_already"
    with world.db.view(ROOT) as session:
        held = queries.held(session, claim)
    assert held is not None and (held.reason, held.by) == ("court_or_police", world.actor("xj.office1").name)


def test_nobody_refuses_on_facts_he_was_not_shown(world: World, now: datetime) -> None:
    claim = at_office(world, now)
    seen = digest(world.db, claim)
    change_facts(world.db, claim, "病理会诊")
    words = {"reason": "facts_unproved", "clause": "一览表", "seen": seen}
    assert code_of(world, "xj.office1", review.refuse, claim, now, **words) == "change_not_seen"


def test_a_level_taken_by_a_substitute_is_free_when_the_leave_is_over(world: World, now: datetime) -> None:
    claim = at_office(world, now)
    on_leave(world, "xj.office1", "xj.senior", "office_reviewer", now)
    does(world, "xj.senior", review.take, claim, now)
    with pytest.raises(Conflict) as taken:
        passes(world, claim, "xj.office2", now)
    assert taken.value.code == "taken_by_another"
    back = now + timedelta(days=6)
    assert passes(world, claim, "xj.office1", back).decided_fen == 1_500_000


@pytest.mark.parametrize("change", ["closed", "other duties", "married"])
def test_a_level_is_free_when_its_taker_may_not_act_any_more(world: World, now: datetime, change: str) -> None:
    claim = at_office(world, now)
    does(world, "xj.office1", review.take, claim, now)
    if change == "married":
        marry(world, 3, "xj.office1", now)
    else:
        statement = ("UPDATE account SET active = false WHERE id = :id" if change == "closed"
                     else "UPDATE role_grant SET role = 'finance_maker' WHERE account_id = :id")
        with world.db.unit_of_work(ROOT) as session:
            session.execute(sa.text(statement), {"id": world.account("xj.office1")})
    assert levels(world.db, claim)[-1] == ("office_first", "open", OFFICE)
    assert passes(world, claim, "xj.office2", now).decided_fen == 1_500_000
