"""What hangs on a claim, one select each."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlmodel import Session, SQLModel, col, select

from services.core.money import show, to_yuan
from services.enrolment.queries import masked_card
from services.models import (
    Account,
    AuditRecord,
    BankCard,
    Claim,
    Decision,
    Handoff,
    Notice,
    Organisation,
    Paper,
    Payee,
    Payment,
    Person,
    ReviewStep,
    SlaClock,
    Supplement,
    Worksheet,
)
from services.reporting import settled_lines, views
from services.reporting.views import View

SYSTEM = "系统"


def _shown(row: SQLModel, shape: type[View]) -> dict[str, object]:
    """The columns that a shape shows."""
    return row.model_dump(include=set(shape.model_fields))


def yuan(fen: int) -> str:
    """Fen as a decimal string in yuan."""
    return show(to_yuan(fen))


def papers(session: Session, claim_id: uuid.UUID) -> list[Paper]:
    """Uploaded files, oldest first."""
    return list(session.exec(select(Paper).where(Paper.claim_id == claim_id).order_by(col(Paper.id))).all())


def paper_view(paper: Paper) -> views.PaperView:
    """One file's row."""
    return views.PaperView(**_shown(paper, views.PaperView))


def supplements(session: Session, claim_id: uuid.UUID) -> list[views.SupplementView]:
    """Supplement lists, oldest first."""
    rows = session.exec(select(Supplement, Claim.claim_no).join(Claim, col(Claim.id) == col(Supplement.claim_id))
                           .where(col(Supplement.claim_id) == claim_id).order_by(col(Supplement.id))
                           .execution_options(populate_existing=True))
    return [views.SupplementView(**_shown(row, views.SupplementView), claim_no=number) for row, number in rows]


def worksheets(session: Session, claim_id: uuid.UUID) -> list[views.WorksheetView]:
    """Computations, newest first."""
    rows = session.exec(select(Worksheet).where(Worksheet.claim_id == claim_id)
                        .order_by(col(Worksheet.round).desc(), col(Worksheet.seq).desc())).all()
    return [views.WorksheetView(**_shown(row, views.WorksheetView), total=yuan(row.total_fen), refund=yuan(row.refund_fen))
            for row in rows]


def chain(session: Session, claim_id: uuid.UUID) -> list[views.StepView]:
    """Levels by round and order, with the names of who took and who did."""
    steps = session.exec(select(ReviewStep).where(ReviewStep.claim_id == claim_id)
                         .order_by(col(ReviewStep.round), col(ReviewStep.ordinal))).all()
    who = names(session, [account for step in steps for account in (step.taken_by, step.done_by) if account])
    orgs = dict(session.exec(select(Organisation.id, Organisation.name).where(
        col(Organisation.id).in_({step.duty_org for step in steps}))).all())
    hidden = {"taken_by", "done_by", "duty_org"}
    return [views.StepView(**step.model_dump(include=set(views.StepView.model_fields) - hidden),
                           duty_org=orgs.get(step.duty_org, ""), taken_by=who.get(step.taken_by) if step.taken_by else None,
                           done_by=who.get(step.done_by) if step.done_by else None) for step in steps]


def names(session: Session, account_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Account names by id."""
    if not account_ids:
        return {}
    return dict(session.exec(select(Account.id, Account.name).where(
        col(Account.id).in_(list(account_ids)))).all())


def decisions(session: Session, claim_id: uuid.UUID) -> list[views.DecisionView]:
    """Decisions by round."""
    rows = session.exec(select(Decision).where(Decision.claim_id == claim_id).order_by(col(Decision.round))).all()
    return [views.DecisionView(**_shown(row, views.DecisionView), amount=yuan(row.amount_fen)) for row in rows]


def handoffs(session: Session, claim_id: uuid.UUID) -> list[views.HandoffView]:
    """Hand-overs by round."""
    rows = session.exec(select(Handoff).where(Handoff.claim_id == claim_id).order_by(col(Handoff.round))).all()
    return [views.HandoffView(**_shown(row, views.HandoffView)) for row in rows]


def payees(session: Session, claim_id: uuid.UUID) -> list[views.PayeeView]:
    """Active payees with their accounts masked."""
    rows = session.exec(
        select(Payee, Person.name, BankCard).join(Person, col(Person.id) == Payee.person_id)
        .outerjoin(BankCard, col(BankCard.id) == Payee.bank_card_id)
        .where(col(Payee.claim_id) == claim_id, col(Payee.active)).order_by(col(Payee.id)))
    return [views.PayeeView(id=payee.id, name=name, relation=payee.relation, share=f"{payee.share_num}/{payee.share_den}",
                            bank=card.bank if card else None, account=masked_card(card) if card else None)
            for payee, name, card in rows]


def payments(session: Session, *, claim_ids: Sequence[uuid.UUID] = (), run_id: uuid.UUID | None = None,
             payment_id: uuid.UUID | None = None, state: str | None = None) -> list[views.PaymentView]:
    """Payments of claims, of a run, one, or all in a state of the caller's scope; of settlements the first of a run, or that wait."""
    query = (select(Payment, Claim.claim_no, Person.name, BankCard).join(Claim, col(Claim.id) == Payment.claim_id)
             .join(Person, col(Person.id) == Payment.person_id)
             .outerjoin(BankCard, col(BankCard.id) == Payment.bank_card_id).order_by(col(Payment.id))
             .execution_options(populate_existing=True))
    if claim_ids:
        query = query.where(col(Payment.claim_id).in_(list(claim_ids)))
    if run_id:
        query = query.where(col(Payment.run_id) == run_id)
    if payment_id:
        query = query.where(col(Payment.id) == payment_id)
    if state:
        query = query.where(col(Payment.state) == state)
    found = [views.PaymentView(**_shown(row, views.PaymentView), claim_no=number, payee=name, amount=yuan(row.amount_fen),
                               bank=card.bank if card else None, account=masked_card(card) if card else None,
                               proposed=row.proposed_card_id is not None)
             for row, number, name, card in session.exec(query).all()]
    return found + _settled(session, run_id, payment_id, state)


def _settled(session: Session, run_id: uuid.UUID | None, payment_id: uuid.UUID | None, state: str | None) -> list[views.PaymentView]:
    if payment_id:
        return settled_lines.one(session, payment_id)
    if run_id:
        return settled_lines.of_run(session, run_id).lines
    return settled_lines.that_wait(session, state) if state else []


def clocks(session: Session, claim_id: uuid.UUID) -> list[views.ClockView]:
    """Clocks in the order they were started."""
    rows = session.exec(select(SlaClock).where(SlaClock.claim_id == claim_id)
                        .order_by(col(SlaClock.round), col(SlaClock.id))).all()
    return [views.ClockView(**_shown(row, views.ClockView)) for row in rows]


def letters(session: Session, claim_id: uuid.UUID | None = None, *, notice_id: uuid.UUID | None = None) -> list[views.LetterView]:
    """Letters of a claim, or one."""
    query = (select(Notice, Claim.claim_no).join(Claim, col(Claim.id) == Notice.claim_id).order_by(col(Notice.id))
             .execution_options(populate_existing=True))
    if claim_id:
        query = query.where(col(Notice.claim_id) == claim_id)
    if notice_id:
        query = query.where(col(Notice.id) == notice_id)
    return [views.LetterView(**_shown(row, views.LetterView), claim_no=number) for row, number in session.exec(query).all()]


def record(session: Session, claim_id: uuid.UUID) -> list[views.RecordView]:
    """The chained record in words a reader needs: who did what, when, and why."""
    rows = session.exec(select(AuditRecord).where(AuditRecord.chain_id == claim_id).order_by(col(AuditRecord.seq))).all()
    who = names(session, [row.account_id for row in rows if row.account_id])
    return [_entry(row, who.get(row.account_id, SYSTEM) if row.account_id else SYSTEM) for row in rows]


def _entry(row: AuditRecord, by: str) -> views.RecordView:
    said = {name: str(row.record[name]) if row.record.get(name) is not None else None for name in ("from", "to", "reason")}
    details = row.record.get("details")
    return views.RecordView(seq=row.seq, machine=row.machine, event=row.event, source=said["from"], target=said["to"],
                            at=row.at, by=by, reason=said["reason"], details=details if isinstance(details, dict) else {})
