"""The office's decision: recomputed and frozen under the cover's lock, written once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import Actor
from services.benefit import queries as worksheets
from services.benefit import service as benefit
from services.benefit import whole_year
from services.core.errors import GuardFailed
from services.core.ids import uuidv7
from services.core.money import to_yuan
from services.intake import advances
from services.ledger import service as ledger
from services.lifecycle.facts import CLAIM
from services.lifecycle.service import Move, fire
from services.models import Decision, Worksheet
from services.review.chain import Routable, grow
from services.review.inputs import check_two_eyes
from services.rulebook.exclusions import clause_of
from services.rulebook.registry import version


@dataclass(frozen=True, slots=True)
class Decided:
    """The decision that was taken."""

    kind: str
    amount_fen: int


def decide(session: Session, claim: Routable, *, reason: str | None, actor: Actor, root: Actor,
           now: datetime) -> Decided | None:
    """Decide to pay. None when the amount now asks for a higher level, which was added to the chain.

    GuardFailed when a required paper is open, nothing is left to pay (refuse instead), a line waits for a reviewer's amount, the
    actor set one, or a year that is reckoned as a whole is stated in part.
    """
    benefit.lock(session, claim_ids=[claim.id])
    [sheet] = benefit.preview(session, claim_ids=[claim.id], why="before the decision", actor=actor, now=now)
    amount = to_yuan(sheet.total_fen + sheet.refund_fen)
    if grow(session, [claim], {claim.id: amount}, actor=root, now=now):
        return None
    check_two_eyes(session, claim.id, actor)
    _check_papers(session, claim)
    whole_year.check(sheet)
    payable = sheet.total_fen + sheet.refund_fen - worksheets.decided_before(session, claim.id)
    _check_payable(sheet, payable)
    frozen = benefit.freeze(session, claim_id=claim.id, actor=actor, now=now)
    kind = "refund" if frozen.outcome == "refund" else "pay"
    _write(session, claim, frozen, kind=kind, amount_fen=payable, reason=reason, clause=clauses_of(frozen),
           actor=actor, now=now)
    fire(session, "claim", "approve", [Move(claim.id, reason=reason, details={
        "amount_fen": payable, "kind": kind, "worksheet": str(frozen.id)})], actor=actor, now=now)
    _outcome(session, claim, kind, payable)
    return Decided(kind, payable)


def refuse_claim(session: Session, claim: Routable, *, reason: str, clause: str, actor: Actor, now: datetime) -> None:
    """Decide to pay nothing; the worksheet is frozen and takes nothing from the cover."""
    check_two_eyes(session, claim.id, actor)
    frozen = benefit.freeze(session, claim_id=claim.id, actor=actor, now=now, pays=False)
    _write(session, claim, frozen, kind="nothing", amount_fen=0, reason=reason, clause=clause, actor=actor, now=now)
    fire(session, "claim", "refuse", [Move(claim.id, reason=reason, details={"clause": clause})], actor=actor, now=now)
    _outcome(session, claim, "nothing", 0)


def clauses_of(sheet: Worksheet) -> str:
    """The clauses a decision rests on: those of its lines, or of the waiting period for a refund; else why nothing is paid."""
    listed = sheet.output["lines"] or sheet.output["nothing"]
    clauses = [str(item["clause"]) for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
    if sheet.outcome == "refund" and isinstance(listed, list):
        clauses = [str(item["clause"]) for item in listed if item.get("reason") == "waiting_period"] or clauses
    book = version(str(sheet.output["plan"]), date.fromisoformat(str(sheet.output["version"])))
    return "；".join(dict.fromkeys(clause_of(book, clause) for clause in clauses))


def _check_papers(session: Session, claim: Routable) -> None:
    """A correction of a decided claim may ask for papers after the verification was over; the first round cannot come here without."""
    row = session.connection().exec_driver_sql(f"SELECT {CLAIM['papers_open']} FROM claim c WHERE c.id = %(id)s", {"id": claim.id}).one()
    if row[0]:
        raise GuardFailed("papers_incomplete", "材料未齐", remedy="退回材料环节补齐后再决定", field="papers_open")


def _check_payable(sheet: Worksheet, payable_fen: int) -> None:
    if sheet.outcome == "manual":
        raise GuardFailed("amount_manual", "有待遇须由审核人核定金额", remedy="核定金额并写明理由后再办理", field="manual")
    if payable_fen <= 0:
        raise GuardFailed("nothing_to_pay", "按现有事实和已占用额度核算，没有应付金额", remedy="请改为作出不予给付决定，写明理由和条款",
                          field="amount")


def _write(session: Session, claim: Routable, sheet: Worksheet, *, kind: str, amount_fen: int, reason: str | None,
           clause: str, actor: Actor, now: datetime) -> None:
    session.add(Decision(id=uuidv7(), org_key=claim.org_key, claim_id=claim.id, round=claim.round, source="office",
                         kind=kind, amount_fen=amount_fen, worksheet_id=sheet.id, decided_by=actor.account_id,
                         decided_person=actor.person_id, reason=reason, clause=clause, at=now))
    session.flush()
    advances.deduct(session, given={claim.id: amount_fen}, actor=actor, now=now)
    ledger.decided(session, claim_ids=[claim.id], actor=actor, now=now)


def _outcome(session: Session, claim: Routable, kind: str, amount_fen: int) -> None:
    session.execute(sa.text("UPDATE claim SET outcome = :kind, amount_fen = :amount WHERE id = :id"),
                    {"kind": kind, "amount": amount_fen, "id": claim.id})
