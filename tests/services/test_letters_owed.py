"""STATES.md's column "letter owed" as an oracle: each move through its verb, then exactly the letters of its row, once and none else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest
import sqlalchemy as sa

from flows.archive_claims import archive_claims
from flows.dispatch import ROUTES
from flows.send_notices import draft_notices
from services.evidence import service as evidence
from services.insurer import service as insurer
from services.insurer.applying import give_back
from services.intake import service as intake
from services.lifecycle.create import create
from services.lifecycle.service import Move, fire
from services.models import Claim, Notice, Receivable
from services.notice import service as notice
from services.notice.contexts import BUILDERS
from services.notice.issuing import ORDER
from services.notice.rules import BY_CALENDAR
from services.payment import receivables
from services.payment import service as payment
from services.review import objection
from services.review import service as review
from services.rulebook.parts import LETTERS
from tests.services import after_world
from tests.services.letters_reader import NOW, Reader, does, on
from tests.services.paying_world import decided, heirs, made, prove_heirs, read, returned_file, sent
from tests.services.review_world import MALIGNANT, add_paper, in_review, passes, report, route, verify
from tests.services.supplement_world import undone
from tests.support.databases import Fresh
from tests.support.road import pay
from tests.support.world import ROOT, World, build_world

# The rows of the claim table that an event writes, and what supplement, objection, payment and receivable owe; "none" is a row too.
OWED = {
    "claim.create": "receipt", "claim.resume": "receipt", "claim.approve": "decision | consolation | refund", "claim.refuse": "refusal",
    "claim.forward": "transfer", "claim.insurer_pay": "cover_note | refund", "claim.insurer_refuse": "cover_note",
    "claim.recall": "recalled", "claim.settle": "payment", "claim.reopen": "reopened", "claim.cancel": "withdrawal",
    "claim.note_death": "heirs", "claim.advance": "advance", "supplement.create": "supplement", "supplement.lapse": "not_pursued",
    "objection.create": "objection_receipt", "objection.decide": "reexamined", "payment.bounce": "account",
    "receivable.create": "repayment", "receivable.receive": "repayment", "receivable.write_off": "repayment",
}
NONE = ("claim.verify", "claim.answer", "claim.send_back", "claim.unhold", "review_step.pass", "supplement.answer", "handoff.create",
        "payment_run.release", "payment.credit", "notice.create")


def test_the_house_drafts_for_these_events_and_no_other() -> None:
    drafting = {topic for topic, flows in ROUTES.items() if draft_notices in flows}
    assert drafting == set(OWED)
    assert drafting.isdisjoint(NONE)
    assert set(NONE) <= set(ROUTES)
    assert ROUTES["claim.close"] == (archive_claims,), "the sheet that a closing owes is no letter to anybody: test_dossier"


def test_a_rule_book_may_name_every_letter_of_the_house_and_each_has_its_place_in_a_claim() -> None:
    assert set(LETTERS) == set(BUILDERS) == set(ORDER)
    assert {code for codes in OWED.values() for code in codes.split(" | ")} | set(BY_CALENDAR) | {"reminder"} == set(BUILDERS)


@pytest.fixture(scope="module")
def world(server: str) -> Iterator[World]:
    db = Fresh(server)
    yield build_world(db, NOW)
    db.drop()


@pytest.fixture
def reader(world: World) -> Reader:
    return Reader(world)


ONE = [{"paper": "pathology", "reason": "报告没有加盖医院印章"}]


def test_papers_asked_answered_verified_routed_sent_back_and_withdrawn(world: World, reader: Reader) -> None:
    claim = report(world, 0, NOW)
    assert reader.new(claim, NOW) == [("receipt", "member")]
    listed = does(world, "xj.clerk", evidence.ask, claim_id=claim, items=ONE, now=NOW)
    assert reader.new(claim, NOW) == [("supplement", "member")]
    does(world, "xj.clerk", evidence.deliver, supplement_id=listed.id, now=NOW)  # type: ignore[attr-defined]
    does(world, "xj.clerk", evidence.answer, supplement_id=listed.id, now=NOW,  # type: ignore[attr-defined]
         items=[{"paper": "pathology", "state": "unavailable", "note": "医院已撤销"}])
    assert reader.new(claim, NOW) == []                                      # answer
    verify(world, claim, NOW, verifier=world.actor("xj.clerk"))
    assert reader.new(claim, NOW) == []                                      # verify
    route(world, claim, now=NOW)
    assert reader.new(claim, NOW) == []                                      # route
    passes(world, claim, "xj.clerk", NOW)
    does(world, "xj.district", review.send_back, claim_id=claim, reason="papers_missing", now=NOW)
    assert reader.new(claim, NOW) == []                                      # send_back
    with world.db.unit_of_work(ROOT.scope) as session:
        add_paper(session, claim, "cn.xj.wlmq.tsd.u001.", "withdrawal", NOW)
    does(world, "xj.clerk", intake.withdraw, claim_id=claim, reason="withdrawn", now=NOW)
    assert reader.new(claim, NOW) == [("withdrawal", "member")]


def test_nobody_is_confirmed_a_withdrawal_of_a_duplicate(world: World, reader: Reader) -> None:
    claim = report(world, 1, NOW)
    assert reader.new(claim, NOW) == [("receipt", "member")]
    with world.db.unit_of_work(ROOT.scope) as session:
        session.execute(sa.text("UPDATE claim SET outcome = 'duplicate' WHERE id = :id"), {"id": claim})
        assert notice.draft(session, topic="claim.cancel", claim_ids=[claim], actor=ROOT, now=NOW) == []
    assert reader.new(claim, NOW) == []


def test_a_list_that_lapses_is_told_and_taken_up_again(world: World, reader: Reader) -> None:
    claim = report(world, 2, NOW)
    reader.new(claim, NOW)
    listed = does(world, "xj.clerk", evidence.ask, claim_id=claim, items=ONE, now=NOW)
    reader.new(claim, NOW)
    does(world, "xj.clerk", evidence.deliver, supplement_id=listed.id, now=NOW)  # type: ignore[attr-defined]
    for day in (date(2026, 4, 6), date(2026, 4, 16)):
        with world.db.unit_of_work(ROOT.scope) as session:
            notice.remind(session, actor=ROOT, now=on(day))
            notice.remind(session, actor=ROOT, now=on(day))
        assert reader.new(claim, on(day)) == [("reminder", "member")]
    with world.db.unit_of_work(ROOT.scope) as session:
        ids = [row.id for row in notice.dispatch(session, notice_ids=list(reader.seen), actor=ROOT, now=on(date(2026, 4, 16)))]
    with world.db.unit_of_work(ROOT.scope) as session:
        for one in ids:
            notice.deliver(session, notice_id=one, proof="会员打开", actor=ROOT, now=on(date(2026, 4, 16)))
    end = on(date(2026, 4, 24))
    with world.db.unit_of_work(ROOT.scope) as session:
        assert evidence.lapse(session, actor=ROOT, now=end)
    assert reader.new(claim, end) == [("not_pursued", "member")]
    does(world, "xj.clerk", evidence.answer, supplement_id=listed.id, now=on(date(2026, 5, 6)),  # type: ignore[attr-defined]
         items=[{"paper": "pathology", "state": "unavailable", "note": "医院已撤销"}])
    assert reader.new(claim, on(date(2026, 5, 6))) == [("receipt", "member")]


def test_who_let_a_claim_rest_is_told_before_the_right_ends(world: World, reader: Reader) -> None:
    """Two years from 12 March 2026: the letter of thirty days before, once."""
    with world.db.unit_of_work(ROOT.scope) as session:
        claim = decided(session, world, 1, 0, now=NOW, state="closed", kind="nothing").id
        session.execute(sa.text("UPDATE claim SET outcome = 'not_pursued' WHERE id = :id"), {"id": claim})
    assert reader.calendar(claim, on(date(2028, 2, 10))) == []
    assert reader.calendar(claim, on(date(2028, 2, 11))) == [("limitation", "member")]
    assert reader.calendar(claim, on(date(2028, 3, 12))) == []


def test_approved_paid_objected_to_reexamined_and_lowered(world: World, reader: Reader) -> None:
    claim = after_world.decided(world, 3, NOW)
    written = reader.new(claim, NOW)
    assert sorted(written) == [("decision", "member"), ("receipt", "member")]
    pay(world, [claim], NOW)
    assert reader.new(claim, NOW) == [("payment", "member")]
    raised = after_world.lodged(world, claim, NOW)
    assert reader.new(claim, NOW) == [("objection_receipt", "member")]
    assert after_world.accepted(world, raised, NOW) == 2
    assert reader.new(claim, NOW) == [("reopened", "member")]


def test_a_dismissed_objection_is_answered(world: World, reader: Reader) -> None:
    with world.db.unit_of_work(ROOT.scope) as session:
        claim = decided(session, world, 4, 0, now=NOW, kind="nothing", state="refused", reason="in_situ").id
    late = after_world.lodged(world, claim, on(date(2026, 9, 1)), by="xj.m4", late_reason="住院")
    assert reader.new(claim, on(date(2026, 9, 1))) == [("objection_receipt", "member")]
    with world.db.unit_of_work(ROOT.scope) as session:
        session.execute(sa.text("UPDATE objection SET late = true WHERE id = :id"), {"id": late})
    does(world, "xj.head", objection.dismiss, objection_id=late, words="逾期且没有新的事实", now=on(date(2026, 9, 1)))
    assert reader.new(claim, on(date(2026, 9, 1))) == [("reexamined", "member")]


@pytest.mark.parametrize(("topic", "kind", "fen", "more", "letters"), [
    ("claim.approve", "pay", 6_000_000, {}, ["decision"]),
    ("claim.approve", "refund", 10_000, {}, ["refund"]),
    ("claim.approve", "pay", 200_000, {"benefit": "consolation", "event": {"diagnosed_on": "2026-02-14"}}, ["decision", "consolation"]),
    ("claim.refuse", "nothing", 0, {"state": "refused", "reason": "in_situ"}, ["refusal"]),
    ("claim.insurer_pay", "pay", 10_000_000, {"office": "nx", "answer": "pay"}, ["cover_note"]),
    ("claim.insurer_pay", "refund", 10_000, {"office": "nx", "answer": "refund"}, ["refund"]),
    ("claim.insurer_refuse", "nothing", 0, {"office": "nx", "answer": "nothing", "state": "refused"}, ["cover_note"]),
])
def test_each_kind_of_decision_has_its_letter(world: World, topic: str, kind: str, fen: int, more: dict[str, object],
                                              letters: list[str]) -> None:
    with undone(world) as session:
        claim = decided(session, world, 5, fen, now=NOW, kind=kind, **more)  # type: ignore[arg-type]
        for _ in range(2):
            notice.draft(session, topic=topic, claim_ids=[claim.id], actor=ROOT, now=NOW)
        rows = session.execute(sa.text("SELECT id, code FROM notice WHERE claim_id = :id ORDER BY drafted_at, id"), {"id": claim.id}).all()
        assert sorted(row.code for row in rows) == sorted(letters)
        assert len(notice.issue(session, notice_ids=[row.id for row in rows], actor=ROOT, now=NOW)) == len(letters)


def test_a_hold_over_three_days_is_told_once_and_each_new_hold_again(world: World, reader: Reader) -> None:
    claim = in_review(world, 5, NOW)
    reader.new(claim, NOW)
    does(world, "xj.district", review.hold, claim_id=claim, reason="investigation", now=NOW)
    assert reader.calendar(claim, on(date(2026, 3, 23))) == []               # the third day
    assert reader.calendar(claim, on(date(2026, 3, 24))) == [("held", "member")]
    assert reader.calendar(claim, on(date(2026, 3, 25))) == []
    does(world, "xj.district", review.unhold, claim_id=claim, now=on(date(2026, 3, 25)))
    assert reader.calendar(claim, on(date(2026, 4, 1))) == []
    due = on(date(2026, 4, 13))                 # 15 working days after 20 March, 清明 (6 April) off
    assert reader.calendar(claim, on(date(2026, 4, 12))) == []
    assert reader.calendar(claim, due) == [("extended", "member")]
    assert reader.calendar(claim, on(date(2026, 4, 20))) == []


def test_a_bank_return_a_death_and_what_is_asked_back(world: World, reader: Reader) -> None:
    [claim] = made(world, NOW, 6_000_000)
    run = sent(world, NOW)
    read(world, returned_file(world, run, "returned"), NOW)
    assert reader.new(claim, NOW) == [("account", "member")]
    with world.db.unit_of_work(ROOT.scope) as session:
        prove_heirs(session, session.get_one(Claim, claim), NOW)
    does(world, "xj.office1", payment.note_death, claim_id=claim, died_on=date(2026, 3, 19), heirs=heirs([1, 2], [1, 2]), now=NOW)
    assert reader.new(claim, NOW) == [("heirs", "heir")] * 2                 # to each of them
    with world.db.unit_of_work(ROOT.scope) as session:
        row = Receivable(org_key="cn.xj.wlmq.tsd.u001.", state="open", claim_id=claim, round=1,
                         person_id=session.get_one(Claim, claim).person_id, amount_fen=700_000, why="advance", created_at=NOW)
        create(session, "receivable", [row], actor=ROOT, now=NOW)
        owed = row.id
    assert reader.new(claim, NOW) == [("repayment", "heir")] * 2
    does(world, "xj.maker", receivables.agree, receivable_id=owed, agreement="4月底一次返还7000元", now=NOW)
    assert reader.new(claim, NOW) == []
    does(world, "xj.maker", receivables.receive, receivable_id=owed, amount=Decimal("7000.00"), reference="B9", now=NOW)
    assert reader.new(claim, NOW) == [("repayment", "heir")] * 2


def test_the_insurers_file_comes_back_with_a_word_to_the_member(world: World, reader: Reader) -> None:
    claim = in_review(world, 0, NOW, office="nx", event={**MALIGNANT, "icd10": "C50.900"})
    assert reader.new(claim, NOW) == [("receipt", "member")]
    passes(world, claim, "nx.clerk", NOW)
    with world.db.unit_of_work(ROOT.scope) as session:
        assert insurer.forward(session, claim_ids=[claim], actor=ROOT, now=NOW) == [claim]
        insurer.pack(session, claim_ids=[claim], actor=ROOT, now=NOW)
        session.execute(sa.text("UPDATE claim SET verified_on = '2026-03-20' WHERE id = :id"), {"id": claim})   # review_world fires past it
    assert reader.new(claim, NOW) == [("transfer", "insurer")]
    assert does(world, "nx.office1", insurer.recall, claim_id=claim, reason="案卷须补充病理报告", now=NOW)
    assert reader.new(claim, NOW) == []                                      # asked for; the insurer has not confirmed
    with world.db.unit_of_work(ROOT.scope) as session:
        parcel = session.execute(sa.text("SELECT id FROM handoff WHERE claim_id = :id"), {"id": claim}).scalar_one()
        fire(session, "handoff", "recall", [Move(parcel, reason="案卷须补充病理报告", facts={"recall_confirmed": True})],
             actor=world.insurer(), now=NOW)
        give_back(session, claim, reason="案卷须补充病理报告", root=ROOT, now=NOW)
    assert reader.new(claim, NOW) == [("recalled", "member")]


def test_a_transfer_that_never_left_is_not_sent_after_the_recall(world: World, reader: Reader) -> None:
    claim = in_review(world, 1, NOW, office="nx", event={**MALIGNANT, "icd10": "C50.900"})
    reader.new(claim, NOW)
    passes(world, claim, "nx.clerk", NOW)
    with world.db.unit_of_work(ROOT.scope) as session:
        assert insurer.forward(session, claim_ids=[claim], actor=ROOT, now=NOW) == [claim]
        [drafted] = notice.draft(session, topic="claim.forward", claim_ids=[claim], actor=ROOT, now=NOW)
        key = drafted.id
    assert does(world, "nx.office1", insurer.recall, claim_id=claim, reason="案卷须补充病理报告", now=NOW) is None
    with world.db.unit_of_work(ROOT.scope) as session:
        assert notice.issue(session, notice_ids=[key], actor=ROOT, now=NOW) == []
        assert session.get_one(Notice, key, populate_existing=True).state == "voided"
    reader.seen.add(key)
    assert reader.new(claim, NOW) == [("recalled", "member")]
