"""An objection: lodged, heard by other people in a new round, concluded with the difference paid or asked back."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from services.access.actor import Role
from services.core.db import Database
from services.core.errors import Conflict, GuardFailed, HuzhuError, InputError, NotFound, NotPermitted
from services.reporting.checks import run
from services.reporting.separation import proof
from services.review import objection, upholding
from services.review import service as review
from tests.services.after_world import (
    IN_SITU,
    MALIGNANT,
    accepted,
    arrived,
    ask,
    colleague,
    concluded,
    decided,
    facts_become,
    letter,
    lodged,
    payments,
    planned,
    routed,
)
from tests.services.paying_world import decided as insured
from tests.services.paying_world import in_run
from tests.services.review_world import claim_row, digest, in_review, levels, passes
from tests.support.road import pay
from tests.support.world import ROOT, World, build_world

DAY = timedelta(days=1)


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def upholds(world: World, claim: uuid.UUID, login: str, now: datetime) -> int:
    actor, seen = world.actor(login), digest(world.db, claim)
    with world.db.unit_of_work(actor.scope) as session:
        return upholding.uphold(session, claim_id=claim, seen=seen, actor=actor, now=now)


def test_an_objection_upheld_after_payment_pays_the_difference(world: World, now: datetime) -> None:
    claim = decided(world, 3, now)                                          # 1000.00
    pay(world, [claim], now)
    [first] = ask(world, "SELECT * FROM decision WHERE claim_id = :id", id=claim)
    made = lodged(world, claim, now)
    assert accepted(world, made, now) == 2
    assert claim_row(world.db, claim).state == "verified"
    facts_become(world, claim, MALIGNANT)                                   # 15000.00
    routed(world, claim, now)
    passes(world, claim, "xj.clerk", now)                                   # certifying is no deciding
    # The district's reviewer decided before: the level went to the city.
    assert [(level, duty) for level, _, duty in levels(world.db, claim)][1][1] == "cn.xj.wlmq."
    passes(world, claim, "xj.city", now)
    assert passes(world, claim, "xj.office2", now).decided_fen == 1_400_000
    [done] = concluded(world, claim, now)
    assert (done.result, done.before_fen, done.after_fen, done.receivable_fen) == ("raised", 100_000, 1_500_000, 0)
    assert planned(world, claim, now) == [("credited", 1, 100_000), ("planned", 2, 1_400_000)]
    assert ask(world, "SELECT * FROM decision WHERE claim_id = :id AND round = 1", id=claim) == [first]
    [row] = ask(world, "SELECT state, result, decided_person FROM objection")
    assert (row.state, row.result, row.decided_person) == ("decided", "raised", world.person("xj.office2"))
    assert concluded(world, claim, now) == []


def test_nobody_who_decided_before_acts_in_the_round_that_hears_it(world: World, now: datetime) -> None:
    claim = decided(world, 3, now)
    accepted(world, lodged(world, claim, now), now)
    routed(world, claim, now)
    passes(world, claim, "xj.clerk", now)
    with pytest.raises(HuzhuError):
        passes(world, claim, "xj.district", now)
    passes(world, claim, "xj.city", now)
    with pytest.raises(GuardFailed, match="actor_decided_before"):
        passes(world, claim, "xj.office1", now)
    assert passes(world, claim, "xj.office2", now).decided_fen == 100_000    # never paid: decided anew, whole


def test_without_other_people_the_level_goes_up_and_never_passes(world: World, now: datetime) -> None:
    """The office's only two reviewers, its senior and its head decided: the level goes to the union above the office."""
    colleague(world, "xj.root", Role.OFFICE_REVIEWER, 1, now, "cn.")
    claim = decided(world, 3, now)
    accepted(world, lodged(world, claim, now), now)
    for login in ("xj.office2", "xj.senior", "xj.head"):
        with world.db.unit_of_work(ROOT.scope) as session:
            session.execute(sa.text("UPDATE account SET active = false WHERE id = :id"),
                            {"id": world.account(login)})
    routed(world, claim, now)
    assert [duty for _, _, duty in levels(world.db, claim)][-1] == "cn."


def test_an_unpaid_decision_lapses_and_is_decided_anew(world: World, now: datetime) -> None:
    claim = decided(world, 3, now)
    assert planned(world, claim, now) == [("planned", 1, 100_000)]
    accepted(world, lodged(world, claim, now), now)
    assert payments(world, claim) == [("cancelled", 1, 100_000)]
    assert ask(world, "SELECT round, state, kept FROM sla_clock WHERE claim_id = :id AND kind = 'pay' ORDER BY round", id=claim) == [
        (1, "stopped", None), (2, "running", None)]
    facts_become(world, claim, MALIGNANT)
    routed(world, claim, now)
    for login in ("xj.clerk", "xj.city"):
        passes(world, claim, login, now)
    assert passes(world, claim, "xj.office2", now).decided_fen == 1_500_000
    assert concluded(world, claim, now)[0].result == "raised"
    assert planned(world, claim, now) == [("cancelled", 1, 100_000), ("planned", 2, 1_500_000)]


def test_the_earlier_decision_stands(world: World, now: datetime) -> None:
    claim = decided(world, 3, now)
    pay(world, [claim], now)
    made = lodged(world, claim, now)
    accepted(world, made, now)
    routed(world, claim, now)
    for login in ("xj.clerk", "xj.city"):
        passes(world, claim, login, now)
    with pytest.raises(GuardFailed, match="nothing_to_pay"):
        passes(world, claim, "xj.office2", now)
    assert upholds(world, claim, "xj.office2", now) == 0
    [done] = concluded(world, claim, now)
    assert (done.result, done.receivable_fen, claim_row(world.db, claim).state) == ("upheld", 0, "refused")
    assert ask(world, "SELECT 1 FROM receivable") == []


def test_a_lower_result_pays_nothing_and_asks_the_rest_back(world: World, now: datetime) -> None:
    claim = decided(world, 3, now, event=MALIGNANT, by=("clerk", "district", "office1"))
    pay(world, [claim], now)
    accepted(world, lodged(world, claim, now), now)
    facts_become(world, claim, IN_SITU)
    routed(world, claim, now)
    for login in ("xj.clerk", "xj.city"):
        passes(world, claim, login, now)
    assert upholds(world, claim, "xj.office2", now) == 1_400_000
    [done] = concluded(world, claim, now)
    assert (done.result, done.before_fen, done.after_fen, done.receivable_fen) == ("lowered", 1_500_000, 100_000, 1_400_000)
    [owed] = ask(world, "SELECT state, amount_fen, person_id FROM receivable")
    assert tuple(owed) == ("open", 1_400_000, world.member(3, "xj").person_id)
    with world.db.unit_of_work(ROOT.scope) as session:
        assert review.close(session, actor=ROOT, now=now + 30 * DAY) == []     # what is owed back keeps the file open


def test_what_is_more_cannot_be_refused_as_standing(world: World, now: datetime) -> None:
    claim = decided(world, 3, now)
    pay(world, [claim], now)
    accepted(world, lodged(world, claim, now), now)
    facts_become(world, claim, MALIGNANT)
    routed(world, claim, now)
    for login in ("xj.clerk", "xj.city"):
        passes(world, claim, login, now)
    with pytest.raises(Conflict, match="more_to_pay"):
        upholds(world, claim, "xj.office2", now)


def test_late_is_a_flag_that_the_head_decides_on(world: World, now: datetime) -> None:
    claim = decided(world, 3, now)
    [sent] = letter(world, "claim.approve", claim, now)
    arrived(world, sent, now)                                               # 15 days from the next day
    with pytest.raises(InputError, match="late_reason_missing"):
        lodged(world, claim, now + 30 * DAY)
    late = now + 30 * DAY
    made = lodged(world, claim, late, late_reason="住院治疗，未能及时查看")
    with pytest.raises(GuardFailed, match="late_needs_head"):
        accepted(world, made, late, by="xj.senior")
    head = world.actor("xj.head")
    with world.db.unit_of_work(head.scope) as session:
        found = objection.dismiss(session, objection_id=made, words="逾期十余日，所述原因没有证明", actor=head, now=late)
    assert (found.state, found.result, claim_row(world.db, claim).round) == ("decided", "dismissed", 1)
    [said] = letter(world, "objection.decide", claim, late, made)
    arrived(world, said, late)                                              # opens no new days: the next one is late too
    with pytest.raises(InputError, match="late_reason_missing"):
        lodged(world, claim, late + DAY)


def test_an_objection_in_time_must_be_heard(world: World, now: datetime) -> None:
    claim = decided(world, 3, now)
    made = lodged(world, claim, now)
    head = world.actor("xj.head")
    with pytest.raises(GuardFailed, match="objection_must_be_heard"), world.db.unit_of_work(head.scope) as session:
        objection.dismiss(session, objection_id=made, words="理由不成立", actor=head, now=now)


def test_who_may_lodge(world: World, now: datetime) -> None:
    claim = decided(world, 3, now)
    with pytest.raises(NotFound):
        lodged(world, claim, now, by="xj.m1")
    with pytest.raises(NotPermitted):
        lodged(world, claim, now, by="xj.auditor")
    made = lodged(world, claim, now, by="xj.clerk")
    [row] = ask(world, "SELECT objector_id, lodged_person FROM objection WHERE id = :id", id=made)
    assert tuple(row) == (world.member(3, "xj").person_id, world.person("xj.clerk"))
    with pytest.raises(Conflict, match="objection_open"):
        lodged(world, claim, now)
    with pytest.raises(Conflict, match="not_decided"):
        lodged(world, in_review(world, 2, now), now, by="xj.m2")
    with pytest.raises(NotPermitted):
        accepted(world, made, now, by="xj.office2")


def test_the_objector_withdraws_alone_a_clerk_with_the_paper(world: World, now: datetime) -> None:
    claim = decided(world, 3, now)
    made = lodged(world, claim, now)
    clerk, member = world.actor("xj.clerk"), world.actor("xj.m3")
    with pytest.raises(GuardFailed, match="withdrawal_not_signed"), world.db.unit_of_work(clerk.scope) as session:
        objection.withdraw_objection(session, objection_id=made, actor=clerk, now=now)
    with world.db.unit_of_work(member.scope) as session:
        assert objection.withdraw_objection(session, objection_id=made, actor=member, now=now).state == "withdrawn"
    assert lodged(world, claim, now) != made


def test_a_withdrawn_objection_does_not_stop_a_round_that_began(world: World, now: datetime) -> None:
    claim = decided(world, 3, now)
    made = lodged(world, claim, now)
    accepted(world, made, now)
    member = world.actor("xj.m3")
    with world.db.unit_of_work(member.scope) as session:
        objection.withdraw_objection(session, objection_id=made, actor=member, now=now)
    routed(world, claim, now)
    for login in ("xj.clerk", "xj.city", "xj.office2"):
        passes(world, claim, login, now)
    [done] = concluded(world, claim, now)
    assert (done.result, done.objection_decided) == ("upheld", False)
    assert ask(world, "SELECT state, result FROM objection") == [("withdrawn", None)]


def test_money_on_its_way_is_awaited(world: World, now: datetime) -> None:
    claim = decided(world, 3, now)
    planned(world, claim, now)
    in_run(world, now)
    made = lodged(world, claim, now)
    with pytest.raises(GuardFailed, match="payment_batched"):
        accepted(world, made, now)


def test_the_proof_of_separation_holds_over_rounds_and_finds_who_came_back(world: World, now: datetime) -> None:
    claim = decided(world, 3, now)
    accepted(world, lodged(world, claim, now), now)
    routed(world, claim, now)
    for login in ("xj.clerk", "xj.city", "xj.office2"):
        passes(world, claim, login, now)
    with world.db.view(ROOT.scope) as session:
        assert proof(session, 2026).violations == ()
    with world.db.unit_of_work(ROOT.scope) as session:
        session.execute(sa.text("UPDATE review_step SET done_person = :person WHERE claim_id = :claim AND round = 2 AND decides"),
                        {"person": world.person("xj.district"), "claim": claim})
    with world.db.view(ROOT.scope) as session:
        # She decided in the first round; and the decision still names who truly took it.
        assert {found.kind for found in proof(session, 2026).violations} == {"levels", "named"}


def test_an_insured_claim_goes_round_by_its_own_road(world: World, now: datetime) -> None:
    """The insurer decided and paid; the objection brings the claim back to the unit's certificate, then to the insurer."""
    with world.db.unit_of_work(ROOT.scope) as session:
        claim = insured(session, world, 0, 10_000_000, now=now, office="nx", state="paid", answer="pay").id
        session.execute(sa.text("UPDATE claim SET digest = 'd' WHERE id = :id"), {"id": claim})
    made = lodged(world, claim, now, by="nx.m0")
    assert accepted(world, made, now, by="nx.head") == 2
    assert claim_row(world.db, claim).state == "verified"
    routed(world, claim, now)
    assert [level for level, state, _ in levels(world.db, claim) if state == "open"] == ["unit"]


def test_the_sums_of_a_reopened_claim_agree(world: World, now: datetime) -> None:
    claim = decided(world, 3, now)
    planned(world, claim, now)
    accepted(world, lodged(world, claim, now), now)
    routed(world, claim, now)
    for login in ("xj.clerk", "xj.city", "xj.office2"):
        passes(world, claim, login, now)
    concluded(world, claim, now)
    pay(world, [claim], now)
    assert claim_row(world.db, claim).state == "paid"
    with world.db.view(ROOT.scope) as session:
        assert [breach for breach in run(session) if breach.check in ("money_equal", "paid_once", "separation", "state_recorded")] == []


def test_only_a_later_round_upholds(world: World, now: datetime) -> None:
    claim = in_review(world, 3, now, event=IN_SITU)
    for login in ("xj.clerk", "xj.district"):
        passes(world, claim, login, now)
    with pytest.raises(Conflict, match="first_round"):
        upholds(world, claim, "xj.office1", now)
    office = world.actor("xj.office1")
    with pytest.raises(InputError, match="reason_unknown"), world.db.unit_of_work(office.scope) as session:
        review.refuse(session, claim_id=claim, reason="decision_stands", clause="一览表", actor=office, now=now)
