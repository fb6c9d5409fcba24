"""A claim of the office's route from report to paid, by the stages' public verbs."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlmodel import Session, col, select

from services.enrolment.queries import card_number
from services.models import BankCard, BankLine, Payment, PaymentRun, Person
from services.payment import service as payment
from services.payment.banks import layout_of
from services.payment.port import Answer
from tests.services.review_world import in_review, passes
from tests.support.world import ROOT, World

BANK = "ICBC"


def decided(world: World, n: int, now: datetime) -> uuid.UUID:
    """Verified by the unit's clerk, reviewed level by level, approved by the last level."""
    claim_id = in_review(world, n, now)
    for login in ("clerk", "district", "office1", "senior", "head"):
        if passes(world, claim_id, f"xj.{login}", now).decided_fen:
            return claim_id
    raise AssertionError("the chain never decided")


def paid_out(world: World, n: int, now: datetime) -> uuid.UUID:
    """`decided`, then made, checked, released and credited."""
    claim_id = decided(world, n, now)
    pay(world, [claim_id], now)
    return claim_id


def pay(world: World, claims: list[uuid.UUID], now: datetime) -> uuid.UUID:
    """Planned, in a run by the maker, released by the checker, sent, credited, settled."""
    maker, checker = world.actor("xj.maker"), world.actor("xj.checker")
    with world.db.unit_of_work(ROOT.scope) as session:
        payment.plan(session, claim_ids=claims, actor=ROOT, now=now)
    with world.db.unit_of_work(maker.scope) as session:
        run_id = payment.build_run(session, plan="xj-women", bank=BANK, actor=maker, now=now).id
        payment.submit(session, run_id=run_id, actor=maker, now=now)
    with world.db.unit_of_work(checker.scope) as session:
        payment.release(session, run_id=run_id, actor=checker, now=now)
    with world.db.unit_of_work(ROOT.scope) as session:
        payment.write_file(session, run_id=run_id, actor=ROOT, now=now)
    with world.db.view(ROOT.scope) as session:
        content = credited(session, run_id, now)
    with world.db.unit_of_work(maker.scope) as session:
        payment.read_return(session, content=content, file_name="return.txt", actor=maker, now=now)
    with world.db.unit_of_work(ROOT.scope) as session:
        payment.settle(session, claim_ids=claims, actor=ROOT, now=now)
    return run_id


def credited(session: Session, run_id: uuid.UUID, now: datetime) -> bytes:
    """The bank's return file: every line credited."""
    run = session.get_one(PaymentRun, run_id)
    lines = session.exec(select(BankLine).where(BankLine.run_id == run_id, BankLine.kind == "sent").order_by(
        col(BankLine.line_no))).all()
    return layout_of(BANK).answer(run.run_no, [_answer(session, line, now) for line in lines])


def _answer(session: Session, line: BankLine, now: datetime) -> Answer:
    paid = session.get_one(Payment, line.payment_id)
    card = session.get_one(BankCard, paid.bank_card_id)
    return Answer(line_no=line.line_no, reference=line.reference, amount_fen=line.amount_fen, status="credited",
                  account=card_number(card), holder=session.get_one(Person, paid.person_id).name,
                  serial=f"B{line.line_no}", bank_time=now, reason="")
