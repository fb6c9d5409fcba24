"""The chain: who must act, growth, returns, escalation, and that a level is never passed for want of a person."""

from __future__ import annotations

from datetime import datetime

import pytest
import sqlalchemy as sa

from services.core.db import Database
from services.core.errors import Conflict, GuardFailed, InputError, NotFound, NotPermitted
from services.enrolment import service as enrolment
from services.review import queries
from services.review import service as review
from tests.services.review_world import (
    ROOT,
    SYSTEM,
    change_facts,
    claim_row,
    digest,
    in_review,
    levels,
    outcome,
    passes,
    report,
    route,
    verify,
)
from tests.support.world import World, build_world

UNIT, DISTRICT, CITY, OFFICE = "cn.xj.wlmq.tsd.u001.", "cn.xj.wlmq.tsd.", "cn.xj.wlmq.", "cn.xj."


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def test_s09_sixty_thousand_goes_up_to_the_senior_reviewer_and_is_decided(world: World, now: datetime) -> None:
    claim = in_review(world, 0, now)                                      # 4 shares × 15000, over 20,000
    assert levels(world.db, claim) == [("unit", "open", UNIT), ("district", "waiting", DISTRICT),
                                       ("office_first", "waiting", OFFICE), ("office_senior", "waiting", OFFICE)]
    assert passes(world, claim, "xj.clerk", now).next_level == "district"  # the verifier may certify: no decision
    assert passes(world, claim, "xj.district", now).next_level == "office_first"
    assert passes(world, claim, "xj.office1", now).next_level == "office_senior"
    done = passes(world, claim, "xj.senior", now)
    assert (done.decided_fen, done.next_level) == (6_000_000, None)
    assert outcome(world.db, claim) == ("payable", "pay", 6_000_000)
    with world.db.view(ROOT) as session:
        decision = queries.decision(session, claim)
        assert decision is not None
        assert (decision.kind, decision.source, decision.amount_fen) == ("pay", "office", 6_000_000)
        assert decision.decided_person == world.person("xj.senior") and "恶性" in decision.clause
        held = session.execute(sa.text("SELECT benefit, amount_fen, state FROM reservation")).all()
    assert [tuple(row) for row in held] == [("malignant", 6_000_000, "reserved")]


def test_fifteen_thousand_is_decided_at_the_first_office_level(world: World, now: datetime) -> None:
    claim = in_review(world, 3, now)                                      # 1 share
    assert [level for level, *_ in levels(world.db, claim)] == ["unit", "district", "office_first"]
    for login in ("xj.clerk", "xj.district"):
        passes(world, claim, login, now)
    assert passes(world, claim, "xj.office2", now).decided_fen == 1_500_000


def test_nobody_acts_on_another_level(world: World, now: datetime) -> None:
    claim = in_review(world, 3, now)
    for login in ("xj.district", "xj.office1", "xj.maker"):
        with pytest.raises(NotPermitted) as error:
            passes(world, claim, login, now)
        assert error.value.code == "not_your_level"
    with pytest.raises(NotFound):
        passes(world, claim, "xj.clerk2", now)
    assert levels(world.db, claim)[0][1] == "open"


def test_the_verifier_may_not_pass_a_deciding_level(world: World, now: datetime) -> None:
    claim = in_review(world, 3, now, verifier="office1")
    for login in ("xj.clerk", "xj.district"):
        passes(world, claim, login, now)
    with pytest.raises(GuardFailed) as error:
        passes(world, claim, "xj.office1", now)
    assert error.value.code == "actor_decided_before"
    assert passes(world, claim, "xj.office2", now).decided_fen == 1_500_000


def test_the_claimants_husband_may_not_pass(world: World, now: datetime) -> None:
    claim = in_review(world, 3, now)
    for login in ("xj.clerk", "xj.district"):
        passes(world, claim, login, now)
    marry(world, 3, "xj.office2", now)
    with pytest.raises(GuardFailed) as error:
        passes(world, claim, "xj.office2", now)
    assert error.value.code == "actor_on_claimant_side"
    assert passes(world, claim, "xj.office1", now).decided_fen == 1_500_000


def marry(world: World, n: int, login: str, now: datetime) -> None:
    admin = world.actor("xj.admin")
    with world.db.unit_of_work(ROOT) as session:
        enrolment.add_kin(session, person_id=world.member(n, "xj").person_id, relative_id=world.person(login),
                          relation="husband", actor=admin, now=now)


def test_s13_the_only_district_reviewer_is_the_husband_so_the_city_acts(world: World, now: datetime) -> None:
    marry(world, 2, "xj.district", now)
    claim = in_review(world, 2, now)
    with world.db.view(ROOT) as session:
        district = queries.chain(session, claim)[1]
    assert (district.level, district.duty_key, district.escalated, district.state) == ("district", CITY, True, "waiting")
    assert passes(world, claim, "xj.clerk", now).next_level == "district"
    with pytest.raises(NotPermitted):
        passes(world, claim, "xj.district", now)
    for login in ("xj.city", "xj.office1"):
        passes(world, claim, login, now)
    assert passes(world, claim, "xj.senior", now).decided_fen == 3_000_000     # 2 shares, over 20,000
    with world.db.view(ROOT) as session:
        told = session.execute(sa.text("SELECT record -> 'details' ->> 'to' FROM audit_record WHERE event = 'escalate'"))
        assert told.scalars().all() == [CITY]


def test_nobody_up_to_the_root_leaves_the_claim_verified_and_passes_nothing(world: World, now: datetime) -> None:
    with world.db.unit_of_work(ROOT) as session:
        session.execute(sa.text("UPDATE account SET active = false WHERE login = ANY(:logins)"), {
            "logins": ["xj.district", "xj.city", "xj.office1", "xj.office2", "xj.senior", "xj.head"]})
    claim = report(world, 3, now)
    verify(world, claim, now, verifier=world.actor("xj.clerk"))
    with pytest.raises(GuardFailed) as error:
        route(world, claim, now=now)
    assert error.value.code == "level_without_person" and claim_row(world.db, claim).claim_no in error.value.message
    assert claim_row(world.db, claim).state == "verified"
    with world.db.unit_of_work(ROOT) as session:
        session.execute(sa.text("UPDATE account SET active = true WHERE login = ANY(:logins)"), {
            "logins": ["xj.office1", "xj.senior"]})
    assert route(world, claim, now=now).routed == (claim,)
    assert [duty for _, _, duty in levels(world.db, claim)] == [UNIT, OFFICE, OFFICE]


def test_one_substitute_counts_as_both_persons(world: World, now: datetime) -> None:
    """With one office reviewer standing in for the district, the office's first level goes to the senior reviewer."""
    with world.db.unit_of_work(ROOT) as session:
        session.execute(sa.text("UPDATE account SET active = false WHERE login = ANY(:logins)"), {
            "logins": ["xj.district", "xj.city", "xj.office2"]})
    claim = in_review(world, 3, now)
    passes(world, claim, "xj.clerk", now)
    assert passes(world, claim, "xj.office1", now).next_level == "office_first"
    with pytest.raises(NotPermitted):
        passes(world, claim, "xj.office1", now)
    assert passes(world, claim, "xj.senior", now).decided_fen == 1_500_000


def test_the_chain_grows_when_the_amount_rises_over_a_limit_and_never_shrinks(world: World, now: datetime) -> None:
    claim = in_review(world, 2, now, event={"kind": "diagnosis", "icd10": "D06.900", "behaviour": "2",
                                            "severity": "in_situ", "diagnosed_on": "2026-03-16"})   # 2 × 1000
    assert [level for level, *_ in levels(world.db, claim)] == ["unit", "district", "office_first"]
    passes(world, claim, "xj.clerk", now)
    send_back(world, claim, "xj.district", now)
    set_event(world, claim, icd10="C53.900", behaviour="3", severity="malignant")                  # 2 × 15000
    change_facts(world.db, claim, "pathology again")
    verify(world, claim, now, verifier=world.actor("xj.clerk"))
    route(world, claim, now=now)
    assert [(level, state) for level, state, _ in levels(world.db, claim)] == [
        ("unit", "open"), ("district", "waiting"), ("office_first", "waiting"), ("office_senior", "waiting")]
    with world.db.view(ROOT) as session:
        assert [step.level for step in queries.chain(session, claim) if step.decides] == ["office_senior"]
    passes(world, claim, "xj.clerk", now)
    send_back(world, claim, "xj.district", now)
    set_event(world, claim, icd10="D06.900", behaviour="2", severity="in_situ")
    verify(world, claim, now, verifier=world.actor("xj.clerk"))
    route(world, claim, now=now)
    assert levels(world.db, claim)[-1][:2] == ("office_senior", "waiting")


def set_event(world: World, claim: object, **facts: str) -> None:
    with world.db.unit_of_work(ROOT) as session:
        for name, value in facts.items():
            session.execute(sa.text("UPDATE claim SET event = event || jsonb_build_object(CAST(:name AS text),"
                                    " CAST(:value AS text)) WHERE id = :id"), {"name": name, "value": value, "id": claim})


def send_back(world: World, claim: object, login: str, now: datetime) -> None:
    actor = world.actor(login)
    with world.db.unit_of_work(actor.scope) as session:
        review.send_back(session, claim_id=claim, reason="diagnosis_doubt", actor=actor, now=now)  # type: ignore[arg-type]


def test_a_passed_level_stands_when_the_claim_comes_back_unchanged(world: World, now: datetime) -> None:
    claim = in_review(world, 3, now)
    passes(world, claim, "xj.clerk", now)
    send_back(world, claim, "xj.district", now)
    assert claim_row(world.db, claim).state == "reported"
    verify(world, claim, now, verifier=world.actor("xj.clerk"))
    route(world, claim, now=now)
    assert [state for _, state, _ in levels(world.db, claim)] == ["passed", "open", "waiting"]


def test_send_down_opens_the_lower_level_and_those_between_stand(world: World, now: datetime) -> None:
    claim = in_review(world, 0, now)
    for login in ("xj.clerk", "xj.district", "xj.office1"):
        passes(world, claim, login, now)
    senior = world.actor("xj.senior")
    with pytest.raises(InputError) as error, world.db.unit_of_work(senior.scope) as session:
        review.send_down(session, claim_id=claim, to_level="office_head", reason="computation_doubt", actor=senior, now=now)
    assert error.value.field == "to_level"
    with world.db.unit_of_work(senior.scope) as session:
        review.send_down(session, claim_id=claim, to_level="district", reason="computation_doubt", actor=senior, now=now)
    assert [state for _, state, _ in levels(world.db, claim)] == ["passed", "open", "passed", "waiting"]
    assert passes(world, claim, "xj.district", now).next_level == "office_senior"
    assert passes(world, claim, "xj.senior", now).decided_fen == 6_000_000


def test_send_down_resets_the_levels_between_when_the_facts_changed(world: World, now: datetime) -> None:
    claim = in_review(world, 0, now)
    for login in ("xj.clerk", "xj.district", "xj.office1"):
        passes(world, claim, login, now)
    change_facts(world.db, claim, "a new paper")
    senior = world.actor("xj.senior")
    with world.db.unit_of_work(senior.scope) as session:
        review.send_down(session, claim_id=claim, to_level="district", reason="papers_changed", actor=senior, now=now)
    assert [state for _, state, _ in levels(world.db, claim)] == ["passed", "open", "waiting", "waiting"]


def test_nobody_passes_what_they_have_not_been_shown(world: World, now: datetime) -> None:
    claim = in_review(world, 3, now)
    old = digest(world.db, claim)
    change_facts(world.db, claim, "a new paper")
    clerk = world.actor("xj.clerk")
    with pytest.raises(GuardFailed) as error, world.db.unit_of_work(clerk.scope) as session:
        review.pass_level(session, claim_id=claim, seen=old, actor=clerk, now=now)
    assert error.value.code == "change_not_seen"


def test_a_breached_level_goes_to_the_parent_organisation(world: World, now: datetime) -> None:
    claim = in_review(world, 3, now)
    passes(world, claim, "xj.clerk", now)
    with world.db.unit_of_work(ROOT) as session:
        step = queries.chain(session, claim)[1]
        assert review.escalate(session, step_ids=[step.id], actor=SYSTEM, now=now) == [step.id]
    assert levels(world.db, claim)[1] == ("district", "open", CITY)
    with pytest.raises(NotPermitted):
        passes(world, claim, "xj.district", now)
    assert passes(world, claim, "xj.city", now).next_level == "office_first"


def test_a_taken_level_is_not_another_colleagues_until_dropped(world: World, now: datetime) -> None:
    claim = in_review(world, 3, now)
    for login in ("xj.clerk", "xj.district"):
        passes(world, claim, login, now)
    first = world.actor("xj.office1")
    with world.db.unit_of_work(first.scope) as session:
        review.take(session, claim_id=claim, actor=first, now=now)
    with pytest.raises(Conflict) as error:
        passes(world, claim, "xj.office2", now)
    assert error.value.code == "taken_by_another"
    with world.db.unit_of_work(first.scope) as session:
        review.drop(session, claim_id=claim, actor=first, now=now)
    assert passes(world, claim, "xj.office2", now).decided_fen == 1_500_000


def test_a_hold_stops_the_pass_until_it_ends(world: World, now: datetime) -> None:
    claim = in_review(world, 3, now)
    district = world.actor("xj.district")
    with world.db.unit_of_work(district.scope) as session:
        review.hold(session, claim_id=claim, reason="investigation", actor=district, now=now)
    with pytest.raises(GuardFailed) as error:
        passes(world, claim, "xj.clerk", now)
    assert error.value.code == "on_hold"
    with world.db.unit_of_work(district.scope) as session:
        review.unhold(session, claim_id=claim, actor=district, now=now)
    assert passes(world, claim, "xj.clerk", now).next_level == "district"


def test_the_worklist_shows_what_is_mine_and_hides_what_separation_forbids(world: World, now: datetime) -> None:
    first, second = in_review(world, 3, now), in_review(world, 5, now)
    for claim in (first, second):
        passes(world, claim, "xj.clerk", now)
    marry(world, 5, "xj.district", now)
    with world.db.view(world.actor("xj.district").scope) as session:
        items = queries.worklist(session, world.actor("xj.district"), 10)
    assert [item.claim_id for item in items] == [first]
    assert (items[0].level, items[0].total_fen) == ("district", 1_500_000)
    assert items[0].due_on is not None and items[0].due_on.isoformat() == "2026-03-24"    # Friday + 2 working days
    with world.db.view(world.actor("xj.district").scope) as session:
        assert queries.worklist(session, world.actor("xj.district"), 10, items[0].cursor) == []
        assert queries.worklist(session, world.actor("xj.clerk"), 10) == []
