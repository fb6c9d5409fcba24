"""A reviewer's amount where no rate is published, and answers to exclusion questions: two eyes, ceiling, record."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa

from services.audit.verify import verify as verify_audit
from services.benefit import queries as worksheets
from services.core.db import Database
from services.core.errors import Conflict, GuardFailed, HuzhuError, InputError, NotPermitted
from services.intake import service as intake
from services.models import Worksheet
from services.notice import service as notice
from services.payment import service as payment
from services.review import questions
from services.review import service as review
from services.review.inputs import Answer
from tests.services.beijing_world import BREAST_CANCER, Beijing, build
from tests.services.review_world import ROOT, SYSTEM, digest, in_review, levels, outcome, passes, route, verify
from tests.support.world import EFFECTIVE, World, enrol_members

CEILING = Decimal("39605.00")       # 简表 第3行 最高互助金39605元


def inpatient_in_review(beijing: Beijing, now: datetime, event: Mapping[str, object] = BREAST_CANCER) -> uuid.UUID:
    """Reported by the unit's clerk, papers verified by her, computed and routed."""
    world, clerk = beijing.world, beijing.world.actor("bj.clerk")
    with world.db.unit_of_work(clerk.scope) as session:
        case = intake.report(session, person_id=beijing.person_id, event=event, channel="clerk", actor=clerk, now=now)
        claim_id = uuid.UUID(str(session.execute(sa.text("SELECT id FROM claim WHERE case_id = :case"),
                                                 {"case": case.id}).scalar_one()))
    verify(world, claim_id, now, verifier=clerk)
    assert route(world, claim_id, now=now).routed == (claim_id,)
    return claim_id


@pytest.fixture
def beijing(db: Database, now: datetime) -> Beijing:
    return build(db, now, [("bj-inpatient", 1, "")])


def set_amount(world: World, claim: uuid.UUID, login: str, amount: str, now: datetime, *, benefit: str = "inpatient",
               reason: str = "按结算单自付部分核定") -> Worksheet:
    actor = world.actor(login)
    with world.db.unit_of_work(actor.scope) as session:
        sheet = review.set_amount(session, claim_id=claim, benefit=benefit, amount=Decimal(amount), reason=reason,
                                  actor=actor, now=now)
        session.expunge(sheet)
        return sheet


def answer(world: World, claim: uuid.UUID, login: str, exclusion: str, said: Answer, now: datetime) -> Worksheet:
    actor = world.actor(login)
    with world.db.unit_of_work(actor.scope) as session:
        sheet = review.answer_exclusion(session, claim_id=claim, exclusion=exclusion, answer=said, reason="经查阅病历",
                                        actor=actor, now=now)
        session.expunge(sheet)
        return sheet


def refused(run: object, *arguments: object, **more: object) -> HuzhuError:
    with pytest.raises(HuzhuError) as error:
        run(*arguments, **more)     # type: ignore[operator]
    return error.value


def test_a_manual_line_goes_from_report_to_approved(beijing: Beijing, now: datetime) -> None:
    """39605 at most; above 20000 the senior joins the chain, and who set the amount does not decide."""
    world, claim = beijing.world, inpatient_in_review(beijing, now)
    passes(world, claim, "bj.clerk", now)
    passes(world, claim, "bj.district", now)
    error = refused(passes, world, claim, "bj.office1", now)
    assert (error.code, error.field) == ("amount_manual", "manual")
    first = set_amount(world, claim, "bj.office1", "39605.00", now)
    assert (first.outcome, first.total_fen) == ("pay", 3_960_500)
    assert [name for name, *_ in levels(world.db, claim)] == ["unit", "district", "office_first", "office_senior"]
    assert passes(world, claim, "bj.office1", now).next_level == "office_senior"
    done = passes(world, claim, "bj.senior", now)
    assert done.decided_fen == 3_960_500
    assert outcome(world.db, claim) == ("payable", "pay", 3_960_500)
    with world.db.view(ROOT) as session:
        taken = session.execute(sa.text("SELECT benefit, amount_fen, state FROM reservation")).all()
    assert [tuple(row) for row in taken] == [("inpatient", 3_960_500, "reserved")]
    with world.db.unit_of_work(ROOT) as session:
        drafted = [row for topic in ("claim.create", "claim.approve")
                   for row in notice.draft(session, topic=topic, claim_ids=[claim], actor=SYSTEM, now=now)]
        letters = notice.issue(session, notice_ids=[row.id for row in drafted], actor=SYSTEM, now=now)
        assert [letter.code for letter in letters] == ["receipt", "decision"]
        payment.plan(session, claim_ids=[claim], actor=SYSTEM, now=now)
        [owed] = session.execute(sa.text("SELECT amount_fen, purpose FROM payment WHERE claim_id = :id"), {"id": claim}).all()
    assert tuple(owed) == (3_960_500, "benefit")


def test_who_set_the_amount_gives_the_deciding_level_to_a_colleague(beijing: Beijing, now: datetime) -> None:
    world, claim = beijing.world, inpatient_in_review(beijing, now)
    passes(world, claim, "bj.clerk", now)
    passes(world, claim, "bj.district", now)
    set_amount(world, claim, "bj.office1", "12000.00", now)
    assert levels(world.db, claim)[-1][0] == "office_first"
    assert refused(passes, world, claim, "bj.office1", now).code == "amount_by_decider"
    actor = world.actor("bj.office1")
    with pytest.raises(GuardFailed, match="amount_by_decider"), world.db.unit_of_work(actor.scope) as session:
        review.refuse(session, claim_id=claim, reason="facts_unproved", clause="简表 第3行", actor=actor, now=now)
    assert passes(world, claim, "bj.office2", now).decided_fen == 1_200_000
    assert outcome(world.db, claim) == ("payable", "pay", 1_200_000)


def test_a_second_thought_shows_old_new_and_why(beijing: Beijing, now: datetime) -> None:
    world, claim = beijing.world, inpatient_in_review(beijing, now)
    passes(world, claim, "bj.clerk", now)
    before = digest(world.db, claim)
    set_amount(world, claim, "bj.district", "8000.00", now, reason="初步核定")
    second = set_amount(world, claim, "bj.district", "9000.50", now, reason="补算第二张结算单")
    assert (second.total_fen, second.why) == (900_050, "核定住院医疗互助金 9000.50 元。理由：补算第二张结算单")
    with world.db.view(ROOT) as session:
        kept = session.execute(sa.text(
            "SELECT record -> 'details' ->> 'old', record -> 'details' ->> 'new', record ->> 'reason', person_id FROM audit_record"
            " WHERE chain_id = :claim AND event = 'set_amount' ORDER BY seq"), {"claim": claim}).all()
        assert [tuple(row) for row in kept] == [
            (None, "8000.00", "初步核定", world.person("bj.district")),
            ("8000.00", "9000.50", "补算第二张结算单", world.person("bj.district"))]
        assert [sheet.total_fen for sheet in worksheets.worksheets(session, claim)] == [0, 800_000, 900_050]
        assert verify_audit(session) == []
        amounts, _ = questions.asked(session, claim)
    [item] = amounts
    assert (item.benefit, item.ceiling, item.amount) == ("inpatient", "39605.00", "9000.50")
    assert item.given is not None and item.given.reason == "补算第二张结算单"
    # Who looked at the file before the amount was set does not pass the level on it.
    actor = world.actor("bj.district")
    with pytest.raises(GuardFailed) as error, world.db.unit_of_work(actor.scope) as session:
        review.pass_level(session, claim_id=claim, seen=before, actor=actor, now=now)
    assert error.value.field == "change_seen"
    passes(world, claim, "bj.district", now)
    assert passes(world, claim, "bj.office1", now).decided_fen == 900_050


def test_an_amount_that_another_claim_left_no_room_for_waits_again(beijing: Beijing, now: datetime) -> None:
    """39605 a period: 30000 decided on one stay leaves 9605 for the other, whose 30000 no longer stands."""
    world = beijing.world
    first = inpatient_in_review(beijing, now)
    other = {**BREAST_CANCER, "icd10": "I63.900", "behaviour": None, "severity": None, "specimen_on": None,
             "diagnosed_on": "2026-03-18", "stays": [{"from": "2026-03-13", "to": "2026-03-18"}]}
    second = inpatient_in_review(beijing, now, {name: value for name, value in other.items() if value})
    for claim in (first, second):
        passes(world, claim, "bj.clerk", now)
        set_amount(world, claim, "bj.district", "30000.00", now)
        for login in ("bj.district", "bj.office1"):
            passes(world, claim, login, now)
    assert passes(world, first, "bj.senior", now).decided_fen == 3_000_000
    assert refused(passes, world, second, "bj.senior", now).code == "amount_manual"
    senior = world.actor("bj.senior")
    with world.db.unit_of_work(senior.scope) as session:
        review.send_down(session, claim_id=second, to_level="office_first", reason="computation_doubt", actor=senior, now=now)
    assert refused(set_amount, world, second, "bj.office1", "9605.01", now).code == "amount_above_ceiling"
    set_amount(world, second, "bj.office1", "9605.00", now)
    passes(world, second, "bj.office1", now)
    assert passes(world, second, "bj.senior", now).decided_fen == 960_500


@pytest.mark.parametrize(("benefit", "amount", "reason", "field"), [
    ("inpatient", "39605.01", "核定", "amount"), ("inpatient", "-1", "核定", "amount"),
    ("inpatient", "1.005", "核定", None), ("inpatients", "1", "核定", "benefit"), ("inpatient", "1", " ", "reason")])
def test_an_amount_above_the_ceiling_or_without_reason_is_refused(beijing: Beijing, now: datetime, benefit: str, amount: str,
                                                                  reason: str, field: str | None) -> None:
    world, claim = beijing.world, inpatient_in_review(beijing, now)
    passes(world, claim, "bj.clerk", now)
    with pytest.raises(InputError) as error:
        set_amount(world, claim, "bj.district", amount, now, benefit=benefit, reason=reason)
    assert error.value.field == field
    with world.db.view(ROOT) as session:
        assert session.execute(sa.text("SELECT inputs FROM claim WHERE id = :id"), {"id": claim}).scalar_one() == {}


def test_nobody_sets_an_amount_out_of_turn(beijing: Beijing, now: datetime) -> None:
    """The certifying clerk, a level that is not open, one who passed already, a colleague at the same file."""
    world, claim = beijing.world, inpatient_in_review(beijing, now)
    assert isinstance(refused(set_amount, world, claim, "bj.clerk", "1", now), NotPermitted)
    assert refused(set_amount, world, claim, "bj.office1", "1", now).code == "not_your_level"
    passes(world, claim, "bj.clerk", now)
    passes(world, claim, "bj.district", now)
    assert refused(set_amount, world, claim, "bj.district", "1", now).code == "not_your_level"
    office = world.actor("bj.office2")
    with world.db.unit_of_work(office.scope) as session:
        review.take(session, claim_id=claim, actor=office, now=now)
    error = refused(set_amount, world, claim, "bj.office1", "1", now)
    assert isinstance(error, Conflict) and error.code == "taken_by_another"


def test_the_insurer_sets_its_own_amounts(beijing: Beijing, now: datetime) -> None:
    world = beijing.world
    claim = in_review(world, 0, now, office="nx", event={**BREAST_CANCER, "severity": "malignant"})
    error = refused(set_amount, world, claim, "nx.district", "1", now)
    assert isinstance(error, NotPermitted | GuardFailed)


def test_an_exclusion_answered_yes_takes_the_money_away(beijing: Beijing, now: datetime) -> None:
    """Suspected is a flag, true refuses, false pays again; each answer is a worksheet and a record."""
    world = beijing.world
    with world.db.unit_of_work(ROOT) as session:
        for plan in ("xj-inpatient-accident", "xj-critical-illness"):
            enrol_members(session, world, "xj", plan, [world.member(3, "xj").synthetic], EFFECTIVE, now)
    claim = in_review(world, 3, now, event={"kind": "death", "on": "2026-03-16", "sudden_death": True, "death": True})
    passes(world, claim, "xj.clerk", now)
    with world.db.view(ROOT) as session:
        _, asked = questions.asked(session, claim)
    name = asked[0].exclusion
    suspected = answer(world, claim, "xj.district", name, "suspected", now)
    assert suspected.total_fen == 1_000_000 and "exclusion_suspected" in suspected.output["flags"]     # type: ignore[operator]
    excluded = answer(world, claim, "xj.district", name, True, now)
    assert (excluded.outcome, excluded.total_fen) == ("nothing", 0)
    with world.db.view(ROOT) as session:
        assert {row["reason"] for row in excluded.output["nothing"]} >= {"excluded"}     # type: ignore[attr-defined]
        _, asked = questions.asked(session, claim)
    assert (asked[0].answer, asked[0].given and asked[0].given.reason) == (True, "经查阅病历")
    passes(world, claim, "xj.district", now)
    assert refused(passes, world, claim, "xj.office1", now).code == "nothing_to_pay"
    paying = answer(world, claim, "xj.office1", name, False, now)
    assert paying.total_fen == 1_000_000
    with pytest.raises(InputError) as error:
        answer(world, claim, "xj.office1", "XJ-A99", True, now)
    assert error.value.field == "exclusion" and "XJ-A09" in error.value.remedy
    assert passes(world, claim, "xj.office1", now).decided_fen == 1_000_000
