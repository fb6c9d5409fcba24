"""In a later round: nothing more is due. The earlier decision stands, or gives less than it did."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlmodel import Session, col, select

from services.access.actor import Actor
from services.benefit import queries as worksheets
from services.benefit import service as benefit
from services.benefit import whole_year
from services.core.errors import Conflict, GuardFailed
from services.models import Decision
from services.review import service as review
from services.review.deciding import clauses_of
from services.review.desk import sit_down
from services.review.rules import STANDS


def uphold(session: Session, *, claim_id: uuid.UUID, version: int | None = None, seen: str, actor: Actor, now: datetime) -> int:
    """Decide, at the deciding level of a later round, that nothing more is paid; gives what was paid too much, in fen.

    Upheld when that is zero; else what was too much becomes a receivable when the round is concluded. Conflict: first round,
    or more is due (pass the level instead). GuardFailed: an amount waits for a reviewer, separation, a
    year stated in part.
    """
    desk = sit_down(session, claim_id=claim_id, version=version, actor=actor, now=now)
    if desk.claim.round == 1:
        raise Conflict("first_round", "首次审核没有可以维持的决定", remedy="作出给付或不予给付决定")
    if desk.claim.route != "office":
        raise GuardFailed("not_office_route", "本计划由保险公司作出决定", remedy="证明后移送", field="route")
    benefit.lock(session, claim_ids=[claim_id])
    [sheet] = benefit.preview(session, claim_ids=[claim_id], why="before the decision", actor=actor, now=now)
    if sheet.outcome == "manual":
        raise GuardFailed("amount_manual", "有待遇须由审核人核定金额", remedy="核定金额并写明理由后再办理", field="manual")
    whole_year.check(sheet)
    more = sheet.total_fen + sheet.refund_fen - worksheets.decided_before(session, claim_id)
    if more > 0:
        raise Conflict("more_to_pay", "按现有事实还应补付，不能维持原决定", remedy="通过本级审核，作出补付决定")
    review.refuse_at(session, desk, reason=STANDS, clause=clauses_of(sheet) or _earlier_clause(session, claim_id), seen=seen,
                     actor=actor, now=now)
    return -more


def _earlier_clause(session: Session, claim_id: uuid.UUID) -> str:
    return session.exec(select(Decision.clause).where(Decision.claim_id == claim_id).order_by(col(Decision.round).desc())).first() or ""
