"""Refusals, refunds of nothing, and the amount that a decision may still spend."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa

from services.benefit import queries as worksheets
from services.benefit import service as benefit
from services.core.clock import at_hour
from services.core.db import Database
from services.core.errors import Conflict, GuardFailed, InputError
from services.enrolment.queries import covers_of
from services.lifecycle.service import Move, fire
from services.review import service as review
from tests.services.review_world import (
    MALIGNANT,
    ROOT,
    SYSTEM,
    claim_row,
    digest,
    in_review,
    outcome,
    passes,
    report,
    verify,
)
from tests.support.world import World, build_world

OVARY = {**MALIGNANT, "icd10": "C56.x00"}
WAITING = {**MALIGNANT, "icd10": "C54.100", "diagnosed_on": "2026-01-10", "specimen_on": "2026-01-08"}


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def refuse(world: World, claim: object, login: str, now: datetime, *, reason: str = "not_in_list",
           clause: str = "一览表 恶性") -> None:
    actor = world.actor(login)
    with world.db.unit_of_work(actor.scope) as session:
        review.refuse(session, claim_id=claim, reason=reason, clause=clause, actor=actor, now=now)  # type: ignore[arg-type]


def test_nothing_to_pay_is_refused_not_passed(world: World, now: datetime) -> None:
    claim = in_review(world, 3, now, event={**MALIGNANT, "icd10": "C79.600", "behaviour": "6"})
    for login in ("xj.clerk", "xj.district"):
        passes(world, claim, login, now)
    with pytest.raises(GuardFailed) as error:
        passes(world, claim, "xj.office1", now)
    assert error.value.code == "nothing_to_pay" and "不予给付" in error.value.remedy
    refuse(world, claim, "xj.office1", now, reason="not_primary")
    assert outcome(world.db, claim) == ("refused", "nothing", 0)
    with world.db.view(ROOT) as session:
        assert session.execute(sa.text("SELECT count(*) FROM reservation")).scalar_one() == 0
        row = session.execute(sa.text("SELECT kind, reason, clause, w.frozen FROM decision d JOIN worksheet w"
                                      " ON w.id = d.worksheet_id")).one()
    assert tuple(row) == ("nothing", "not_primary", "一览表 恶性", True)


def test_a_refusal_needs_a_known_reason_and_a_clause(world: World, now: datetime) -> None:
    claim = in_review(world, 3, now)
    for reason, clause, field in (("because", "一览表", "reason"), ("not_in_list", " ", "clause")):
        with pytest.raises(InputError) as error:
            refuse(world, claim, "xj.clerk", now, reason=reason, clause=clause)
        assert error.value.field == field


def test_a_level_below_may_recommend_refusal_but_not_refuse(world: World, now: datetime) -> None:
    claim = in_review(world, 3, now)
    passes(world, claim, "xj.clerk", now)
    with pytest.raises(GuardFailed) as error:
        refuse(world, claim, "xj.district", now)
    assert error.value.code == "level_not_deciding"
    district = world.actor("xj.district")
    with world.db.unit_of_work(district.scope) as session:
        review.pass_level(session, claim_id=claim, seen=digest(world.db, claim), recommends="refuse",
                          reason="facts_unproved", actor=district, now=now)
    refuse(world, claim, "xj.office1", now, reason="facts_unproved")
    assert claim_row(world.db, claim).state == "refused"


def test_the_union_never_refuses_an_insured_claim(world: World, now: datetime) -> None:
    claim = in_review(world, 0, now, office="nx", event={**MALIGNANT, "icd10": "C50.900"})
    with pytest.raises(GuardFailed) as error:
        refuse(world, claim, "nx.clerk", now)
    assert error.value.code == "not_office_route"
    done = passes(world, claim, "nx.clerk", now)
    assert (done.next_level, done.decided_fen) == (None, None)
    assert claim_row(world.db, claim).state == "in_review"


def test_a_stale_version_is_a_conflict(world: World, now: datetime) -> None:
    claim = in_review(world, 3, now)
    clerk = world.actor("xj.clerk")
    with pytest.raises(Conflict) as error, world.db.unit_of_work(clerk.scope) as session:
        review.pass_level(session, claim_id=claim, version=1, seen=digest(world.db, claim), actor=clerk, now=now)
    assert error.value.code == "stale_version"


def second_claim_on_the_cover(world: World, n: int, now: datetime, *, office: str, icd10: str) -> object:
    """Another diagnosis of the same member a month later, in review."""
    day = "2026-04-20"
    return in_review(world, n, now + timedelta(days=35), office=office,
                     event={**MALIGNANT, "icd10": icd10, "diagnosed_on": day, "specimen_on": day})


def test_the_worksheet_knows_what_other_claims_reserved(world: World, now: datetime) -> None:
    """安康保 pays breast cancer once: 100000 reserved by the first claim leaves the second its stays only."""
    first = in_review(world, 0, now, office="nx", event={**MALIGNANT, "icd10": "C50.900", "stays": [{"days": 10}]})
    with world.db.unit_of_work(ROOT) as session:
        sheet = benefit.freeze(session, claim_id=first, actor=SYSTEM, now=now)
    assert (sheet.frozen, sheet.total_fen) == (True, 10_070_000)           # 100000 + (10 − 3) × 100
    later = now + timedelta(days=35)
    second = in_review(world, 0, later, office="nx", event={**MALIGNANT, "icd10": "C50.100", "stays": [{"days": 5}],
                                                            "diagnosed_on": "2026-04-20", "specimen_on": "2026-04-20"})
    with world.db.view(ROOT) as session:
        newest = worksheets.latest(session, [second])[second]
        paid = worksheets.computation(session, [second])[second].paid
    assert newest.total_fen == 20_000                                       # (5 − 3) × 100
    assert [(item.benefit, f"{item.amount}", item.days) for item in paid] == [
        ("breast_cancer", "100000.00", 0), ("breast_cancer_allowance", "700.00", 7)]
    with world.db.unit_of_work(ROOT) as session:
        benefit.release(session, claim_ids=[first])
        [again] = benefit.preview(session, claim_ids=[second], why="released", actor=SYSTEM, now=later)
    assert (again.total_fen, again.seq) == (10_020_000, 2)


def test_the_same_input_makes_no_second_worksheet(world: World, now: datetime) -> None:
    claim = in_review(world, 3, now)
    with world.db.unit_of_work(ROOT) as session:
        [sheet] = benefit.preview(session, claim_ids=[claim], why="again", actor=SYSTEM, now=now)
        assert (sheet.seq, sheet.why) == (1, "first")


def test_a_premium_is_given_back_once_on_a_cover(world: World, now: datetime) -> None:
    early = at_hour(date(2026, 1, 12))
    with world.db.view(ROOT) as session:
        [cover] = covers_of(session, world.member(1).person_id)
        assert cover.premium_fen == 10_000
    first = in_review(world, 1, early, office="nx", event=WAITING)
    second = in_review(world, 1, early, office="nx", event={**WAITING, "icd10": "C56.x00", "diagnosed_on": "2026-01-11",
                                                            "specimen_on": "2026-01-11"})
    with world.db.unit_of_work(ROOT) as session:
        one = benefit.freeze(session, claim_id=first, actor=SYSTEM, now=early)
    with world.db.unit_of_work(ROOT) as session:
        two = benefit.freeze(session, claim_id=second, actor=SYSTEM, now=early)
    assert (one.outcome, one.refund_fen) == ("refund", 10_000)
    assert (two.outcome, two.refund_fen, two.total_fen) == ("nothing", 0, 0)


def test_two_decisions_at_the_same_moment_never_overrun_the_cap(world: World, now: datetime) -> None:
    """Breast cancer is 100000 once per cover. Both claims saw 100000; the second to decide gets nothing of it."""
    claims = [in_review(world, 0, now, office="nx", event={**MALIGNANT, "icd10": "C50.900"}),
              second_claim_on_the_cover(world, 0, now, office="nx", icd10="C50.100")]
    for _ in range(3):
        with world.db.unit_of_work(ROOT) as session:
            session.execute(sa.text("DELETE FROM reservation"))
        gate = threading.Barrier(2)

        def decide(claim: object, gate: threading.Barrier = gate) -> int:
            with world.db.unit_of_work(ROOT) as session:
                session.execute(sa.text("SELECT 1"))
                gate.wait(timeout=10)
                return benefit.freeze(session, claim_id=claim, actor=SYSTEM, now=now).total_fen  # type: ignore[arg-type]

        with ThreadPoolExecutor(2) as pool:
            totals = sorted(pool.map(decide, claims))
        assert totals == [0, 10_000_000]
        with world.db.view(ROOT) as session:
            held = session.execute(sa.text("SELECT sum(amount_fen) FROM reservation WHERE state = 'reserved'")).scalar_one()
        assert held == 10_000_000


def test_two_reviewers_decide_two_claims_of_one_cover_at_once(world: World, now: datetime) -> None:
    """xj-women pays one disease once (A-51): of two passes at the same moment one pays, the other must refuse."""
    first = in_review(world, 3, now)
    later = now + timedelta(days=35)
    second = in_review(world, 3, later, event={**MALIGNANT, "icd10": "C53.100", "diagnosed_on": "2026-04-20"})
    for claim in (first, second):
        for login in ("xj.clerk", "xj.district"):
            passes(world, claim, login, later)
    gate = threading.Barrier(2)

    def decide(claim: object, login: str) -> str:
        gate.wait(timeout=10)
        try:
            return str(passes(world, claim, login, later).decided_fen)  # type: ignore[arg-type]
        except GuardFailed as error:
            return error.code

    with ThreadPoolExecutor(2) as pool:
        ends = sorted(pool.map(decide, (first, second), ("xj.office1", "xj.office2")))
    assert ends == ["1500000", "nothing_to_pay"]
    assert sorted(claim_row(world.db, claim).state for claim in (first, second)) == ["in_review", "payable"]


def test_a_quiet_paid_or_refused_claim_is_closed(world: World, now: datetime) -> None:
    claim = in_review(world, 3, now, event={**MALIGNANT, "icd10": "C79.600", "behaviour": "6"})
    for login in ("xj.clerk", "xj.district"):
        passes(world, claim, login, now)
    refuse(world, claim, "xj.office1", now, reason="not_primary")
    with world.db.unit_of_work(ROOT) as session:
        assert review.close(session, actor=SYSTEM, now=now) == [claim]
    assert claim_row(world.db, claim).state == "closed"


def test_a_reopened_claim_pays_the_difference_and_holds_its_cover_once(world: World, now: datetime) -> None:
    claim = in_review(world, 3, now, event={"kind": "diagnosis", "icd10": "D06.900", "behaviour": "2",
                                            "severity": "in_situ", "diagnosed_on": "2026-03-16"})     # 1000
    for login in ("xj.clerk", "xj.district", "xj.office1"):
        passes(world, claim, login, now)
    head = world.actor("xj.head")
    with world.db.unit_of_work(head.scope) as session:
        fire(session, "claim", "reopen", [Move(claim, facts={"reopen_ground": "objection"})], actor=head, now=now)
        session.execute(sa.text("UPDATE claim SET round = 2, verified_person = NULL, event = event || :event WHERE id = :id")
                        .bindparams(sa.bindparam("event", type_=sa.dialects.postgresql.JSONB)),
                        {"id": claim, "event": {"icd10": "C53.900", "behaviour": "3", "severity": "malignant"}})
    with world.db.unit_of_work(ROOT) as session:
        benefit.preview(session, claim_ids=[claim], why="objection", actor=SYSTEM, now=now)
        review.route(session, claim_ids=[claim], actor=SYSTEM, now=now)
    for login in ("xj.clerk", "xj.district"):
        passes(world, claim, login, now)
    assert passes(world, claim, "xj.office2", now).decided_fen == 1_400_000
    with world.db.view(ROOT) as session:
        held = session.execute(sa.text("SELECT round, benefit, amount_fen, state FROM reservation ORDER BY round")).all()
    assert [tuple(row) for row in held] == [(1, "in_situ", 100_000, "released"), (2, "malignant", 1_500_000, "reserved")]


def test_verified_claims_are_ready_to_route(world: World, now: datetime) -> None:
    from services.review import queries

    claim = report(world, 3, now)
    with world.db.view(ROOT) as session:
        assert queries.ready_to_route(session, [claim]) == []
    verify(world, claim, now, verifier=world.actor("xj.clerk"))
    with world.db.view(ROOT) as session:
        assert queries.ready_to_route(session, [claim]) == [claim]
