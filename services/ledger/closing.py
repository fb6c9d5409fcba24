"""Closing a plan's books by month: one person asks, another agrees. Nothing is booked into a closed month again.

What becomes known later is booked on the day it is entered, its own day kept beside it (`fact_on`): the database sees to it.
"""

from __future__ import annotations

import uuid
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.access import standing
from services.access.actor import Actor, Role
from services.core.clock import business_day
from services.core.errors import Conflict, GuardFailed, InputError, NotFound, NotPermitted
from services.core.ids import uuidv7
from services.core.months import months_on
from services.core.texts import written
from services.models import LedgerClosing

ASKS = (Role.FINANCE_MAKER, Role.FINANCE_CHECKER)
ANSWERS = (Role.FINANCE_CHECKER, Role.HEAD)

_SEEN = sa.text("SELECT 1 FROM ledger_transaction WHERE plan = :plan AND kind NOT IN ('opening', 'account_moved') LIMIT 1")
_PLANS_SEEN = sa.text("SELECT DISTINCT plan FROM ledger_transaction WHERE kind NOT IN ('opening', 'account_moved')")
_LAST = sa.text("SELECT max(month) FROM ledger_closing WHERE plan = :plan AND agreed_at IS NOT NULL")
_HOLD = sa.text("SELECT pg_advisory_xact_lock(hashtextextended('ledger-closing:' || :plan, 0))")
_ONE_AT_A_TIME = sa.text("SELECT pg_advisory_xact_lock(hashtextextended('ledger-closing-asked:' || :plan, 0))")
# What the trial balance says at the end of a month: all that was ever booked until then.
_BALANCES = sa.text("""
    SELECT e.account, coalesce(sum(e.amount_fen) FILTER (WHERE e.amount_fen > 0), 0)::bigint AS debit,
           -coalesce(sum(e.amount_fen) FILTER (WHERE e.amount_fen < 0), 0)::bigint AS credit
    FROM ledger_entry e JOIN ledger_transaction t ON t.id = e.transaction_id
    WHERE t.plan = :plan AND t.booked_on < :end GROUP BY e.account ORDER BY e.account""")


def ask(session: Session, *, plan: str, month: date, actor: Actor, now: datetime) -> LedgerClosing:
    """Ask to close a month that is over. Conflict when it, or a later one, is closed or being closed."""
    account, person = _named(session, plan, actor, ASKS)
    if months_on(month, 1) > business_day(now).replace(day=1):
        raise InputError("month_not_over", f"{month:%Y年%m月}还没有过完", remedy="月份结束后再结账", field="month")
    session.execute(_ONE_AT_A_TIME, {"plan": plan})
    last: date | None = session.execute(_LAST, {"plan": plan}).scalar_one()
    if last is not None and last >= month:
        raise Conflict("month_closed", f"{month:%Y年%m月}已经结账", remedy="后来的事项记入未结账的月份")
    if session.exec(select(LedgerClosing.id).where(LedgerClosing.plan == plan, LedgerClosing.month == month,
                                                   col(LedgerClosing.declined_at).is_(None))).first():
        raise Conflict("closing_asked", f"{month:%Y年%m月}的结账已经提出，等待另一人确认", remedy="请复核人确认")
    row = LedgerClosing(id=uuidv7(), plan=plan, month=month, asked_by=account, asked_person=person, asked_at=now)
    session.add(row)
    session.flush()
    # A closing has no organisation of its own: whom the asker stands in for is of the asker's.
    standing.note(session, "ledger_closing", "ask", [(actor.org_key, row.id, row.id)], actor=actor, now=now)
    return row


def agree(session: Session, *, closing_id: uuid.UUID, actor: Actor, now: datetime) -> LedgerClosing:
    """Another person closes the month; its balances are kept. GuardFailed `two_persons_needed` for the one who asked."""
    row, account, person = _open(session, closing_id, actor)
    session.execute(_HOLD, {"plan": row.plan})       # whoever is booking goes first
    row.balances = balances(session, row.plan, row.month)
    row.answered_by, row.answered_person, row.agreed_at = account, person, now
    session.add(row)
    session.flush()
    return row


def decline(session: Session, *, closing_id: uuid.UUID, why: str, actor: Actor, now: datetime) -> LedgerClosing:
    """Another person says what is not right yet; it may be asked again."""
    row, account, person = _open(session, closing_id, actor)
    row.answered_by, row.answered_person, row.declined_at, row.why = account, person, now, written(why, "why")
    session.add(row)
    session.flush()
    return row


def closings(session: Session, plans: list[str]) -> list[LedgerClosing]:
    """The closings of these plans that were asked, newest month first."""
    return list(session.exec(select(LedgerClosing).where(col(LedgerClosing.plan).in_(plans)).order_by(
        col(LedgerClosing.month).desc(), col(LedgerClosing.plan), col(LedgerClosing.asked_at).desc()).limit(60)))


def balances(session: Session, plan: str, month: date) -> dict[str, list[int]]:
    """Account to [debit, credit] in fen, all time until the end of the month."""
    return {row.account: [row.debit, row.credit] for row in session.execute(_BALANCES, {"plan": plan, "end": months_on(month, 1)})}


def changed(session: Session) -> list[tuple[str, str]]:
    """Closed months whose books are no longer what was closed: (plan and month, account and both balances in words).

    Closings are no secret of an office, bookings are: only plans with bookings in sight are looked at.
    """
    found = []
    seen = set(session.execute(_PLANS_SEEN).scalars())
    for row in session.exec(select(LedgerClosing).where(col(LedgerClosing.agreed_at).is_not(None)).order_by(
            col(LedgerClosing.plan), col(LedgerClosing.month))):
        if row.plan not in seen:
            continue
        present = balances(session, row.plan, row.month)
        found += [(f"{row.plan} {row.month:%Y-%m}", f"{account}：结账时借 {kept[0]} 贷 {kept[1]} 分，现为借 {now[0]} 贷 {now[1]} 分")
                  for account in sorted({*row.balances, *present})
                  if (kept := row.balances.get(account, [0, 0])) != (now := present.get(account, [0, 0]))]
    return found


def _named(session: Session, plan: str, actor: Actor, roles: tuple[Role, ...]) -> tuple[uuid.UUID, uuid.UUID]:
    actor.require(*roles, what="办理结账")
    if actor.account_id is None or actor.person_id is None:
        raise NotPermitted("closer_unnamed", "结账须由实名人员办理", remedy="请由财务人员办理")
    if actor.below_office or session.execute(_SEEN, {"plan": plan}).first() is None:
        raise NotFound("plan_unseen", "没有这一计划的账簿，或不归您的单位管理", remedy="由管理该计划的办事处办理")
    return actor.account_id, actor.person_id


def _open(session: Session, closing_id: uuid.UUID, actor: Actor) -> tuple[LedgerClosing, uuid.UUID, uuid.UUID]:
    row = session.exec(select(LedgerClosing).where(LedgerClosing.id == closing_id).with_for_update()).first()
    if row is None:
        raise NotFound("closing_missing", "没有这一结账申请", remedy="核对编号")
    account, person = _named(session, row.plan, actor, ANSWERS)
    if row.agreed_at or row.declined_at:
        raise Conflict("closing_answered", "这一结账申请已经办理", remedy="刷新后核对")
    if not standing.is_second(session, row.id, row.asked_person, actor=actor):
        raise GuardFailed("two_persons_needed", "结账须由另一人确认", remedy="请由未提出结账的人员办理")
    return row, account, person
