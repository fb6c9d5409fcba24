"""The insurer decided on another amount than our worksheet: what is open, accepted by two persons, or insisted on.

The insurer decides (STATES: `insurer_pay`, `insurer_refuse`), so what is paid is what it decided, whatever becomes of the
disagreement: accepting changes no sum, and insisting changes none either. Insisting is a correction of the claim (two persons,
once the insurer's money has come): its new round goes to the insurer as a new dossier, which the insurer answers with a decision
of its own, and only that one moves money.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.access import standing
from services.access.actor import OFFICE, Actor, Role
from services.audit import service as audit
from services.audit.chain import Entry
from services.core.clock import business_day
from services.core.errors import Conflict, InputError, NotPermitted
from services.core.ids import uuidv7
from services.core.money import show, to_fen, to_yuan
from services.core.texts import written
from services.insurer.messages import Decide
from services.lifecycle.apart import require_apart
from services.models import Claim, Disagreement, Reopening, Worksheet
from services.review import amendment
from services.rulebook.parts import ClockRule
from services.rulebook.registry import version as wording
from services.sla import service as sla
from services.sla.calendars import calendar_for
from statemachines.states import ClaimState

REFUND = "refund"           # the premium given back, beside the liabilities of the rule-book
BUDGET = ClockRule(days=10, kind="working", clause="与保险公司金额不一致的处理时限（办事处内部预算）", origin="ours", start="opened")
SENIORS = (Role.SENIOR_REVIEWER, Role.HEAD)


@dataclass(frozen=True, slots=True)
class Difference:
    """One liability on which the two differ; fen."""

    liability: str
    ours_fen: int
    theirs_fen: int
    reason: str | None
    clause: str


def differences(sheet: Worksheet, body: Decide) -> list[Difference]:
    """Ours beside theirs, liability by liability. A line for which nobody has set an amount yet is no amount of ours."""
    lines = sheet.output["lines"]
    assert isinstance(lines, list)
    ours = {str(line["benefit"]): Decimal(str(line["amount"])) for line in lines if not line.get("manual")}
    waiting = {str(line["benefit"]) for line in lines if line.get("manual")}
    told = [Difference(item.liability, to_fen(ours.get(item.liability, Decimal(0))), to_fen(item.amount), item.reason, item.clause)
            for item in body.liabilities if item.liability not in waiting]
    reason, clause = next(((item.reason, item.clause) for item in body.liabilities if item.reason), (None, body.liabilities[0].clause))
    told.append(Difference(REFUND, sheet.refund_fen, to_fen(body.refund), reason, clause))
    return [one for one in told if one.ours_fen != one.theirs_fen]


def opened(session: Session, *, sheet: Worksheet, handoff_id: uuid.UUID, body: Decide, actor: Actor, now: datetime) -> list[Disagreement]:
    """After the insurer's decision: earlier rounds' disagreements end with it, and what differs now opens anew."""
    found = differences(sheet, body)
    _answered(session, sheet, {one.liability for one in found}, now)
    count = sla.count(BUDGET, business_day(now), cal=calendar_for(session, sheet.org_key))
    made = [Disagreement(id=uuidv7(), org_key=sheet.org_key, claim_id=sheet.claim_id, round=sheet.round, handoff_id=handoff_id,
                         worksheet_id=sheet.id, liability=one.liability, ours_fen=one.ours_fen, theirs_fen=one.theirs_fen,
                         reason=one.reason, clause=one.clause, opened_at=now, due_on=count.due, due_words=count.words) for one in found]
    session.add_all(made)
    session.flush()
    if made:
        _record(session, made, "disagree", None, actor, now)
    return made


# The insurer has spoken again: where the two still differ it stands by its word, elsewhere one of them came round.
_ANSWERED = sa.text("""
    UPDATE disagreement SET closed_at = :now,
        result = CASE WHEN liability = ANY(CAST(:differing AS text[])) THEN 'upheld' ELSE 'changed' END
    WHERE claim_id = :claim AND round < :round AND closed_at IS NULL""")


def _answered(session: Session, sheet: Worksheet, differing: set[str], now: datetime) -> None:
    session.execute(_ANSWERED, {"now": now, "differing": sorted(differing), "claim": sheet.claim_id, "round": sheet.round})


def ask_accept(session: Session, *, claim_id: uuid.UUID, liabilities: Sequence[str], reason: str, actor: Actor, now: datetime) -> None:
    """One person would leave it at the insurer's amounts, and says why; nothing ends until another person agrees."""
    _may_ask(actor, "提出接受保险公司的金额")
    rows = _open(session, claim_id, liabilities, actor)
    _ask(rows, "accept", written(reason, "reason"), actor, now)
    session.flush()
    _record(session, rows, "ask_accept", reason, actor, now)


def accept(session: Session, *, claim_id: uuid.UUID, actor: Actor, now: datetime) -> int:
    """Another person, a senior reviewer or the head, agrees to all that was asked to be accepted; gives how many lines."""
    actor.require(*SENIORS, what="同意接受保险公司的金额")
    rows = [row for row in _rows(session, claim_id, actor) if row.asked == "accept"]
    if not rows:
        raise Conflict("nothing_asked", "没有待同意的接受意见", remedy="刷新后核对")
    for row in rows:
        standing.require_second(session, row.id, row.asked_person, actor=actor)
    _close(session, rows, "accepted", None, actor, now)
    return len(rows)


def insist(session: Session, *, claim_id: uuid.UUID, liabilities: Sequence[str], reason: str, actor: Actor, now: datetime) -> Reopening:
    """One person holds to our amounts: asked for as a correction, which another person confirms (`claim/confirm-correction`).

    GuardFailed and Conflict as of a correction: the insurer's first sum must have come, no objection may wait.
    """
    _may_ask(actor, "坚持本会的金额")
    rows = _open(session, claim_id, liabilities, actor)
    why = written(reason, "reason")
    names = _names(session, claim_id)
    made = amendment.ask_amendment(session, claim_id=claim_id, kind="amount", why=why, actor=actor, now=now, changes=[
        {"what": names.get(row.liability, row.liability), "old": show(to_yuan(row.theirs_fen)), "new": show(to_yuan(row.ours_fen))}
        for row in rows])
    _ask(rows, "insist", why, actor, now)
    for row in rows:
        row.reopening_id = made.id
    session.flush()
    _record(session, rows, "insist", why, actor, now)
    return made


def withdraw(session: Session, *, claim_id: uuid.UUID, reason: str, actor: Actor, now: datetime) -> int:
    """The word to accept is taken back: the lines are open again. An insistence is taken back as a correction is."""
    actor.require(*sorted(OFFICE), what="撤回接受意见")
    rows = [row for row in _rows(session, claim_id, actor) if row.asked == "accept"]
    if not rows:
        raise Conflict("nothing_asked", "没有待同意的接受意见", remedy="刷新后核对")
    _record(session, rows, "take_back_accept", written(reason, "reason"), actor, now)
    for row in rows:
        row.asked = row.why = row.asked_by = row.asked_person = row.asked_at = None
    session.flush()
    return len(rows)


def close(session: Session, *, claim_id: uuid.UUID, liabilities: Sequence[str], reason: str, actor: Actor, now: datetime) -> None:
    """Ended otherwise (agreed with the insurer in talks, ours was an old reading): a senior reviewer or the head, with the reason."""
    actor.require(*SENIORS, what="了结金额不一致")
    rows = _open(session, claim_id, liabilities, actor)
    _close(session, rows, "closed", written(reason, "reason"), actor, now)


def _may_ask(actor: Actor, what: str) -> None:
    """Nobody asks in a colleague's place: a substitute counts as both, and would then be two."""
    actor.require(*sorted(OFFICE), what=what)
    if actor.person_id is None or actor.stands_for:
        raise NotPermitted("stands_in", f"代理他人期间不能{what}", remedy="代理结束后办理，或由其他人办理")


def _rows(session: Session, claim_id: uuid.UUID, actor: Actor) -> list[Disagreement]:
    """The claim's unfinished lines, the claim locked; those whose insistence was taken back, or will never be answered because the
    claim is cancelled, are open again.
    """
    claim = session.get_one(Claim, claim_id, with_for_update=True)
    require_apart(session, [claim.id], actor)
    rows = list(session.exec(select(Disagreement).where(Disagreement.claim_id == claim_id, col(Disagreement.closed_at).is_(None))
                             .order_by(col(Disagreement.id)).with_for_update().execution_options(populate_existing=True)))
    dropped = set(session.exec(select(Reopening.id).where(
        col(Reopening.id).in_([row.reopening_id for row in rows]), col(Reopening.withdrawn_at).is_not(None))))
    for row in rows:
        if row.reopening_id in dropped or (row.asked == "insist" and claim.state == ClaimState.CANCELLED):
            row.asked = row.why = row.asked_by = row.asked_person = row.asked_at = row.reopening_id = None
    return rows


def _open(session: Session, claim_id: uuid.UUID, liabilities: Sequence[str], actor: Actor) -> list[Disagreement]:
    """The chosen lines. InputError when none is chosen, Conflict when one is no longer open."""
    if not liabilities:
        raise InputError("none_chosen", "没有选定责任", remedy="勾选要办理的责任", field="liability")
    rows = {row.liability: row for row in _rows(session, claim_id, actor) if row.asked is None}
    if not set(liabilities) <= set(rows):
        raise Conflict("disagreement_gone", "所选的责任已有意见或已了结", remedy="刷新后核对")
    return [rows[name] for name in dict.fromkeys(liabilities)]


def _ask(rows: Sequence[Disagreement], what: str, why: str, actor: Actor, now: datetime) -> None:
    for row in rows:
        row.asked, row.why, row.asked_by, row.asked_person, row.asked_at = what, why, actor.account_id, actor.person_id, now


def _close(session: Session, rows: Sequence[Disagreement], result: str, note: str | None, actor: Actor, now: datetime) -> None:
    for row in rows:
        row.result, row.note, row.closed_by, row.closed_person, row.closed_at = result, note, actor.account_id, actor.person_id, now
    session.flush()
    _record(session, rows, f"disagreement_{result}", note or rows[0].why, actor, now)


def _names(session: Session, claim_id: uuid.UUID) -> dict[str, str]:
    claim = session.get_one(Claim, claim_id)
    benefits = wording(claim.plan, claim.plan_from).benefits
    return {REFUND: "退还费用"} | {code: benefit.name for code, benefit in benefits.items()}


def _record(session: Session, rows: Sequence[Disagreement], event: str, reason: str | None, actor: Actor, now: datetime) -> None:
    lines: list[dict[str, object]] = [{"liability": row.liability, "ours_fen": row.ours_fen, "theirs_fen": row.theirs_fen} for row in rows]
    audit.append(session, [Entry(rows[0].claim_id, rows[0].org_key, "handoff", rows[0].handoff_id, event, reason=reason,
                                 details={"round": rows[0].round, "lines": lines})],
                 account=actor.account_id, person=actor.person_id, at=now)
