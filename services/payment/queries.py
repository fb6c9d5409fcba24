"""What was, is and will be paid."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import sqlalchemy as sa
import sqlmodel as sm
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from services.enrolment import queries as enrolment
from services.enrolment.heirs import PROOFS, papers_asked
from services.models import BankCard, BankLine, Claim, Decision, LineVerdict, Paper, Payee, Payment, PaymentRun, Person
from services.payment.banks import FORMATS, recognised
from services.payment.rules import HEIR_RELATIONS, split

# Of the newest naming of heirs: whether somebody of the first order was left out with a reason.
_LEFT_OUT = sa.text("""
    SELECT record->'details'->>'left_out' FROM audit_record WHERE chain_id = :claim AND machine = 'claim' AND event = 'note_death'
    ORDER BY seq DESC LIMIT 1""")


def banks() -> dict[str, str]:
    """The banks we pay from, whose files we can write and read: code to name."""
    return {code: layout.name for code, layout in FORMATS.items()}


def answered_in(content: bytes) -> set[tuple[int, str, int]]:
    """What a bank's return file says of each line: its number, our reference, fen. InputError when it is none, or cannot be read."""
    return {(answer.line_no, answer.reference, answer.amount_fen) for answer in recognised(content).read(content)}


def payments_of(session: Session, claim_id: uuid.UUID) -> list[Payment]:
    """A claim's payments, oldest round first, heirs in their order."""
    return list(session.exec(sm.select(Payment).join(Payee, col(Payee.id) == col(Payment.payee_id)).where(
        Payment.claim_id == claim_id).order_by(col(Payment.round), col(Payee.ordinal), col(Payment.id))))


def payees_of(session: Session, claim_id: uuid.UUID) -> list[Payee]:
    """Who receives the claim's money now."""
    return list(session.exec(sm.select(Payee).where(Payee.claim_id == claim_id, col(Payee.active)).order_by(
        col(Payee.ordinal), col(Payee.id))))


def runs(session: Session, *, states: Sequence[str] = (), limit: int = 50,
         after: str | None = None) -> list[PaymentRun]:
    """Runs, newest first; `after` is the last number of the former page."""
    query = sm.select(PaymentRun).order_by(col(PaymentRun.made_at).desc(), col(PaymentRun.run_no).desc()).limit(limit)
    if states:
        query = query.where(col(PaymentRun.state).in_(states))
    if after:
        last = aliased(PaymentRun)
        place = sm.select(last.made_at, last.run_no).where(last.run_no == after).scalar_subquery()
        query = query.where(sa.tuple_(col(PaymentRun.made_at), col(PaymentRun.run_no)) < place)
    return list(session.exec(query))


def run_numbered(session: Session, run_no: str) -> PaymentRun | None:
    """The run of a number, in the caller's scope."""
    return session.exec(sm.select(PaymentRun).where(PaymentRun.run_no == run_no)).first()


def lines_of(session: Session, payment_id: uuid.UUID) -> list[BankLine]:
    """What went to and came from the bank for one payment, in order."""
    return list(session.exec(sm.select(BankLine).where(BankLine.payment_id == payment_id).order_by(
        col(BankLine.at), col(BankLine.id))))


def unmatched_lines(session: Session, limit: int = 100) -> list[BankLine]:
    """Incoming lines that moved nothing and that two persons have not dismissed, newest first."""
    dismissed = sm.select(LineVerdict.id).where(LineVerdict.line_id == BankLine.id, LineVerdict.verdict == "dismiss",
                                                col(LineVerdict.confirmed_at).is_not(None), col(LineVerdict.withdrawn_at).is_(None))
    return list(session.exec(sm.select(BankLine).where(col(BankLine.fault).is_not(None), ~dismissed.exists()).order_by(
        col(BankLine.at).desc(), col(BankLine.id)).limit(limit)))


@dataclass(frozen=True, slots=True)
class Receiver:
    """An active payee with the sum the round's decision gives (fen).

    `relation` in Chinese, None for the member; a minor's names the guardian who receives.
    """

    payee: Payee
    person: Person
    card: BankCard | None
    fen: int
    relation: str | None


def receivers(session: Session, claim_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Receiver]]:
    """Who gets how much of each claim's present decision, split as it is paid; nothing decided counts as 0."""
    guardian = aliased(Person)
    rows = session.exec(sm.select(Payee, Person, BankCard, guardian.name).join(Person, col(Person.id) == col(Payee.person_id)).join(
        BankCard, col(BankCard.id) == col(Payee.bank_card_id), isouter=True).join(
        guardian, col(guardian.id) == col(Payee.guardian_id), isouter=True).where(
        col(Payee.claim_id).in_(list(claim_ids)), col(Payee.active)).order_by(
        col(Payee.claim_id), col(Payee.ordinal), col(Payee.added_at), col(Payee.id))).all()
    amounts: dict[uuid.UUID, int] = {row.claim_id: row.amount_fen for row in session.exec(
        sm.select(Decision).join(Claim, col(Claim.id) == col(Decision.claim_id)).where(
            col(Decision.claim_id).in_(list(claim_ids)), Decision.round == Claim.round))}
    found: dict[uuid.UUID, list[tuple[Payee, Person, BankCard | None, str | None]]] = {}
    for payee, person, card, by in rows:
        found.setdefault(payee.claim_id, []).append((payee, person, card, by))
    return {claim: [Receiver(payee, person, card, fen, relation_words(payee, by)) for (payee, person, card, by), fen
                    in zip(group, split(amounts.get(claim, 0), [Fraction(payee.share_num, payee.share_den)
                                                                for payee, *_ in group]), strict=True)]
            for claim, group in found.items()}


def shared(fen: int, receiving: Sequence[Receiver]) -> list[int]:
    """A sum (fen) as these receivers' shares split it, one part each in their order; nobody gets nothing."""
    return split(fen, [Fraction(one.payee.share_num, one.payee.share_den) for one in receiving]) if receiving else []


def relation_words(payee: Payee, guardian: str | None) -> str | None:
    """What an heir is to the member, with the guardian who receives; None for the member."""
    relation = HEIR_RELATIONS.get(payee.relation)
    return f"{relation}，由监护人{guardian}代领" if relation and guardian else relation


def papers_of(session: Session, claim_id: uuid.UUID) -> dict[str, str]:
    """The newest paper on the claim's file of each kind that was not rejected: kind to content hash."""
    rows = session.exec(sm.select(Paper.kind, Paper.sha256).where(Paper.claim_id == claim_id, Paper.verdict != "rejected")
                        .order_by(col(Paper.uploaded_at), col(Paper.id)))
    return dict(rows.all())


@dataclass(frozen=True, slots=True)
class ProofNeed:
    """A paper that the succession rests on, and whether it is on file."""

    kind: str
    name: str
    there: bool


@dataclass(frozen=True, slots=True)
class Succession:
    """Who receives in the dead member's place, in order, and the papers asked for."""

    receivers: list[Receiver]
    guardians: dict[uuid.UUID, str]      # payee id to the guardian's name
    proofs: list[ProofNeed]


def succession(session: Session, claim_id: uuid.UUID) -> Succession:
    """The heirs of a claim after a death; nobody and no papers while the member lives."""
    getting = [one for one in receivers(session, [claim_id]).get(claim_id, []) if one.relation]
    if not getting:
        return Succession([], {}, [])
    names = enrolment.people_by_id(session, [one.payee.guardian_id for one in getting if one.payee.guardian_id])
    guardians = {one.payee.id: names[one.payee.guardian_id].name for one in getting if one.payee.guardian_id}
    there = papers_of(session, claim_id)
    left_out = session.execute(_LEFT_OUT, {"claim": claim_id}).scalar() is not None
    asked = papers_asked(basis=getting[0].payee.basis or "law", guardians=bool(guardians), left_out=left_out)
    return Succession(getting, guardians, [ProofNeed(kind, PROOFS[kind], kind in there) for kind in asked])
