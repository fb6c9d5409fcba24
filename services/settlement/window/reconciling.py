"""A hospital's day: its own list against ours, agreed when nothing differs, then paid by two persons and booked."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session, select

from services.access import standing
from services.access.actor import Actor, Role
from services.core.clock import business_day
from services.core.errors import Conflict, InputError, NotFound
from services.ledger import window as ledger
from services.models import WindowDay
from services.settlement.window import queries
from services.settlement.window.service import hospital_of

MOST = 20_000           # settlements of one hospital's day

_ALONE = sa.text("SELECT pg_advisory_xact_lock(hashtextextended('window-days:' || :plan, 0))")
_LISTED = sa.text("""
    INSERT INTO window_listed (day_id, org_key, setl_id, share_fen)
    SELECT :day, :org, x.setl_id, x.fen FROM unnest(CAST(:setls AS text[]), CAST(:fens AS bigint[])) AS x(setl_id, fen)""")


def listed(session: Session, *, day: date, lines: Mapping[str, int], actor: Actor, now: datetime) -> WindowDay:
    """The hospital hands in its list of a day that is over (fen by settlement, net of that day's corrections and reversals).

    Agreed at once when nothing differs; else the differences are named, and a later list takes the place of this one.
    Conflict: agreed already with other figures. The same list again changes nothing.
    """
    hospital = hospital_of(session, actor)
    if day >= business_day(now):
        raise InputError("day_not_over", f"{day} 还没有结束", remedy="次日起再对账", field="day")
    if len(lines) > MOST:
        raise InputError("list_long", f"清单最多 {MOST} 笔", remedy="请与办事处联系", field="items")
    session.execute(_ALONE, {"plan": hospital.plan})
    row = session.exec(select(WindowDay).where(WindowDay.hospital_id == hospital.id, WindowDay.day == day).with_for_update()).first()
    if row is not None and row.state != "differs":
        if (row.their_bills, row.their_fen) != _figures(lines) or _kept(session, row.id) != dict(lines):
            raise Conflict("day_agreed", f"{day} 已对账相符", remedy="之后的更正、冲正计入发生当日的对账")
        return row
    ours = next(iter(queries.days(session, first=day, last=day, hospital_id=hospital.id)), None)
    bills, fen = _figures(lines)
    row = row or WindowDay(org_key=hospital.org_key, hospital_id=hospital.id, plan=hospital.plan, day=day, listed_at=now, their_bills=0,
                           their_fen=0, our_bills=0, our_fen=0, differences=0, state="differs")
    row.listed_at, row.their_bills, row.their_fen = now, bills, fen
    row.our_bills, row.our_fen = (ours.our_bills, ours.our_fen) if ours else (0, 0)
    session.add(row)
    session.flush()
    session.execute(sa.text("DELETE FROM window_listed WHERE day_id = :day"), {"day": row.id})
    session.execute(_LISTED, {"day": row.id, "org": row.org_key, "setls": list(lines), "fens": list(lines.values())})
    row.differences = len(queries.differences(session, hospital_id=hospital.id, day=day, limit=MOST))
    if not row.differences:
        row.state, row.agreed_at = "agreed", now
    session.add(row)
    session.flush()
    return row


def _figures(lines: Mapping[str, int]) -> tuple[int, int]:
    return len(lines), sum(lines.values())


def _kept(session: Session, day_id: uuid.UUID) -> dict[str, int]:
    rows = session.execute(sa.text("SELECT setl_id, share_fen FROM window_listed WHERE day_id = :day"), {"day": day_id})
    return {row.setl_id: row.share_fen for row in rows}


def pay(session: Session, *, day_id: uuid.UUID, reference: str, paid_on: date, actor: Actor, now: datetime) -> WindowDay:
    """The maker enters the bank's payment of an agreed day. A day of nothing needs none."""
    actor.require(Role.FINANCE_MAKER, what="登记向医院拨付")
    row = _locked(session, day_id)
    if row.state != "agreed" or not row.our_fen:
        raise Conflict("day_not_payable", "该日没有已对账相符、尚未拨付的款项", remedy="核对对账结果")
    if paid_on > business_day(now) or paid_on < row.day:
        raise InputError("paid_on", "拨付日期须在对账日之后，且不晚于今天", remedy="按银行回单填写", field="paid_on")
    if not reference.strip():
        raise InputError("reference_missing", "没有填写银行流水号", remedy="按银行回单填写", field="reference")
    row.state, row.reference, row.paid_on = "paying", reference.strip(), paid_on
    row.made_by, row.made_person = actor.account_id, actor.person_id
    session.add(row)
    standing.note(session, "window_day", "pay", [(row.org_key, row.id, row.id)], actor=actor, now=now)
    return row


def confirm(session: Session, *, day_id: uuid.UUID, actor: Actor, now: datetime) -> WindowDay:
    """Another person has seen the bank's slip: paid, and booked."""
    actor.require(Role.FINANCE_CHECKER, what="复核向医院拨付")
    row = _locked(session, day_id)
    if row.state != "paying":
        raise Conflict("day_not_paying", "该日没有待复核的拨付", remedy="核对状态")
    if not standing.is_second(session, row.id, row.made_person, actor=actor):
        raise Conflict("same_person", "登记人不能复核", remedy="请另一位财务复核")
    row.state, row.checked_by, row.checked_person, row.paid_at = "paid", actor.account_id, actor.person_id, now
    session.add(row)
    ledger.paid(session, day_id=row.id, plan=row.plan, actor=actor, now=now)
    return row


def send_back(session: Session, *, day_id: uuid.UUID, actor: Actor) -> WindowDay:
    """The entry was wrong: agreed again, to be entered anew."""
    actor.require(Role.FINANCE_CHECKER, what="退回向医院拨付的登记")
    row = _locked(session, day_id)
    if row.state != "paying":
        raise Conflict("day_not_paying", "该日没有待复核的拨付", remedy="核对状态")
    row.state, row.reference, row.paid_on, row.made_by, row.made_person = "agreed", None, None, None, None
    session.add(row)
    return row


def _locked(session: Session, day_id: uuid.UUID) -> WindowDay:
    row = session.exec(select(WindowDay).where(WindowDay.id == day_id).with_for_update()).first()
    if row is None:
        raise NotFound("window_day_missing", "没有这一对账日，或不在您的管辖范围内", remedy="核对编号")
    return row
