"""Originals (原件) asked for and logged: of which paper, why, by when; received and given back, each with a receipt number."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session, col, select

from services.access.actor import REVIEWERS, Actor, Role
from services.audit import service as audit
from services.audit.chain import Entry
from services.core.clock import business_day
from services.core.errors import Conflict, InputError, NotFound
from services.core.ids import uuidv7
from services.core.texts import written
from services.enrolment.numbers import draw, office_code, office_of
from services.intake.queries import claim_for
from services.models import Claim, OriginalRequest, Paper
from services.models.original import WAYS
from statemachines.states import ClaimState

MAY_ASK = (*sorted(REVIEWERS),)
MAY_RECEIVE = (Role.UNIT_CLERK, *sorted(REVIEWERS))
_READERS = (Role.MEMBER, Role.AUDITOR, *MAY_RECEIVE)


@dataclass(frozen=True, slots=True)
class Original:
    """One request with its paper. `state`: asked, overdue, received, returned or dropped."""

    row: OriginalRequest
    paper_kind: str
    file_name: str
    state: str


def ask_original(session: Session, *, paper_id: uuid.UUID, reason: str, due_on: date, actor: Actor, now: datetime) -> OriginalRequest:
    """Ask for the original of a paper on file, with the reason and the last day. Conflict when it is asked for already."""
    actor.require(*MAY_ASK, what="索取原件")
    paper = session.get(Paper, paper_id)
    if paper is None:
        raise NotFound("paper_missing", "没有这一材料，或不在您的管辖范围内", remedy="核对编号", field="paper_id")
    claim = claim_for(session, paper.claim_id, actor)
    session.refresh(claim, with_for_update=True)
    if claim.state == ClaimState.CANCELLED:
        raise Conflict("claim_over", "案件已注销，不再索取原件", remedy="核对案件")
    if due_on < business_day(now):
        raise InputError("due_past", f"期限 {due_on} 早于今天", remedy="改正期限", field="due_on")
    if session.exec(select(OriginalRequest.id).where(OriginalRequest.paper_id == paper_id, col(OriginalRequest.returned_at).is_(None),
                                                     col(OriginalRequest.dropped_at).is_(None))).first():
        raise Conflict("original_asked", "这份材料的原件已经索取，尚未归还", remedy="在原件登记中查看")
    row = OriginalRequest(id=uuidv7(), org_key=claim.org_key, claim_id=claim.id, paper_id=paper_id, reason=written(reason, "reason"),
                          due_on=due_on, asked_by=actor.account_id, asked_person=actor.person_id, asked_at=now)
    session.add(row)
    session.flush()
    _record(session, row, "original_asked", {"due_on": due_on.isoformat()}, actor, now)
    return row


def receive_original(session: Session, *, request_id: uuid.UUID, from_whom: str, how: str = "counter", same: bool, note: str = "",
                     actor: Actor, now: datetime) -> OriginalRequest:
    """The original came in. `same`: it is what the copy shows; if not, `note` says what differs. Draws the receipt number."""
    actor.require(*MAY_RECEIVE, what="登记收到原件")
    row, claim = _open(session, request_id, actor)
    if row.received_at is not None:
        raise Conflict("original_received", f"原件已收到，收据 {row.received_no}", remedy="核对登记")
    if not same and not note.strip():
        raise InputError("note_missing", "原件与影像不一致的，须写明差异", remedy="补上差异", field="note")
    row.received_no = _receipt(session, claim, now)
    row.received_how, row.received_from, row.same = _way(how), written(from_whom, "from_whom"), same
    row.received_note, row.received_by, row.received_at = note.strip() or None, actor.account_id, now
    return _keep(session, row, "original_received", {"receipt": row.received_no, "same": same, "how": how}, actor, now)


def return_original(session: Session, *, request_id: uuid.UUID, to_whom: str, how: str = "counter", actor: Actor,
                    now: datetime) -> OriginalRequest:
    """The original went back to its owner, against a receipt. Conflict when it never came."""
    actor.require(*MAY_RECEIVE, what="登记归还原件")
    row, claim = _open(session, request_id, actor)
    if row.received_at is None:
        raise Conflict("original_not_received", "原件尚未收到", remedy="不再需要的，撤销索取")
    row.returned_no = _receipt(session, claim, now)
    row.returned_how, row.returned_to = _way(how), written(to_whom, "to_whom")
    row.returned_by, row.returned_at = actor.account_id, now
    return _keep(session, row, "original_returned", {"receipt": row.returned_no, "how": how}, actor, now)


def drop_original(session: Session, *, request_id: uuid.UUID, reason: str, actor: Actor, now: datetime) -> OriginalRequest:
    """It is no longer needed. Conflict once it was received: then it must go back."""
    actor.require(*MAY_ASK, what="撤销索取原件")
    row, _ = _open(session, request_id, actor)
    if row.received_at is not None:
        raise Conflict("original_here", "原件已在手，须归还", remedy="登记归还", field="request_id")
    row.dropped_at, row.dropped_why = now, written(reason, "reason")
    return _keep(session, row, "original_dropped", {"reason": row.dropped_why}, actor, now)


def originals_of(session: Session, *, claim_id: uuid.UUID, actor: Actor, today: date) -> list[Original]:
    """The claim's log of originals, oldest first."""
    actor.require(*_READERS, what="查看原件登记")
    claim = claim_for(session, claim_id, actor)
    rows = session.exec(select(OriginalRequest, Paper).join(Paper, col(Paper.id) == col(OriginalRequest.paper_id)).where(
        OriginalRequest.claim_id == claim.id).order_by(col(OriginalRequest.asked_at), col(OriginalRequest.id))).all()
    return [Original(row, paper.kind, paper.file_name, _state(row, today)) for row, paper in rows]


def _state(row: OriginalRequest, today: date) -> str:
    if row.dropped_at:
        return "dropped"
    if row.returned_at:
        return "returned"
    if row.received_at:
        return "received"
    return "overdue" if row.due_on < today else "asked"


def _open(session: Session, request_id: uuid.UUID, actor: Actor) -> tuple[OriginalRequest, Claim]:
    row = session.get(OriginalRequest, request_id)
    if row is None:
        raise NotFound("original_missing", "没有这一原件登记，或不在您的管辖范围内", remedy="核对编号")
    claim = claim_for(session, row.claim_id, actor)
    session.refresh(claim, with_for_update=True)     # the claim first, as everywhere
    session.refresh(row)
    if row.returned_at or row.dropped_at:
        raise Conflict("original_over", "这一原件登记已了结", remedy="需要的请重新索取")
    return row, claim


def _receipt(session: Session, claim: Claim, now: datetime) -> str:
    """收据编号 of the office: YJ for 原件, year, serial without gaps."""
    code, year = office_code(office_of(session, claim.org_key)), business_day(now).year
    return f"{code}YJ{year}-{draw(session, f'original:{code}', year)[0]:05d}"


def _way(how: str) -> str:
    if how not in WAYS:
        raise InputError("original_way", f"不认识的交接方式“{how}”", remedy=f"可用：{'、'.join(WAYS)}", field="how")
    return how


def _keep(session: Session, row: OriginalRequest, event: str, details: dict[str, object], actor: Actor, now: datetime) -> OriginalRequest:
    session.add(row)
    session.flush()
    _record(session, row, event, details, actor, now)
    return row


def _record(session: Session, row: OriginalRequest, event: str, details: dict[str, object], actor: Actor, now: datetime) -> None:
    audit.append(session, [Entry(row.claim_id, row.org_key, "paper", row.paper_id, event, reason=row.reason, details=details)],
                 account=actor.account_id, person=actor.person_id, at=now)
