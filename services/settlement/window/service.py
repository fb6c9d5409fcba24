"""The window's verbs: a hospital settles, corrects, reverses. Each call is answered at once, and the same call again alike."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session, select

from services.access.actor import Actor, Role
from services.access.service import open_account
from services.core.clock import business_day
from services.core.crypto import key_ring
from services.core.errors import Conflict, InputError, NotFound, NotPermitted
from services.core.ids import uuidv7
from services.core.money import to_fen
from services.enrolment import people
from services.ledger import window as ledger
from services.models import Hospital, Organisation, WindowBill, WindowVersion
from services.rulebook import registry
from services.settlement.window import covering, sharing
from services.settlement.window.covering import Place
from services.settlement.window.rules import Bill
from services.settlement.window.sharing import Change

BILL = "window.bill"
KIND = "settlement"


@dataclass(frozen=True, slots=True)
class Adjusted:
    """Another bill of the same member whose share changed with this call."""

    bill_id: uuid.UUID
    hospital_id: uuid.UUID
    setl_id: str
    before_fen: int
    after_fen: int


@dataclass(frozen=True, slots=True)
class Done:
    """What a call came to: the bill as it stands, and which of the same hospital's bills changed with it."""

    hospital_id: uuid.UUID
    bill_id: uuid.UUID
    adjusted: tuple[Adjusted, ...] = ()


def add_hospital(session: Session, *, code: str, name: str, org_id: uuid.UUID, plan: str, login: str, pay_to: str = "hospital",
                 actor: Actor, now: datetime) -> Hospital:
    """A hospital with its program's account at an office; its token is issued like any account's.

    InputError: not an office, a plan that settles no bills. Conflict: the code or login is taken.
    """
    actor.require(Role.ADMINISTRATOR, what="登记定点医院")
    org = session.get(Organisation, org_id)
    if org is None or not org.org_key.startswith(actor.org_key):
        raise NotFound("organisation_missing", "没有这一组织，或不在您的管辖范围内", remedy="核对组织", field="org_id")
    if org.kind != "office" or org.office != registry.latest(plan).office:
        raise InputError("org_not_office", "定点医院登记在办理该计划的办事处", remedy="选择该计划的办事处", field="org_id")
    if KIND not in registry.latest(plan).kinds:
        raise InputError("plan_without_window", "本计划不办理医院端一单结算", remedy="换一个计划", field="plan")
    if session.execute(sa.text("SELECT 1 FROM hospital WHERE code = :code"), {"code": code}).first():
        raise Conflict("hospital_there", f"定点医药机构编号 {code} 已登记", remedy="核对编号")
    account = open_account(session, login=login, name=name, org_id=org_id, roles=[Role.HOSPITAL], actor=actor, now=now)
    made = Hospital(org_key=org.org_key, code=code, name=name, plan=plan, account_id=account.id, pay_to=pay_to, created_at=now)
    session.add(made)
    session.flush()
    return made


def hospital_of(session: Session, actor: Actor) -> Hospital:
    """The hospital that an account speaks for. NotPermitted when it is none's."""
    actor.require(Role.HOSPITAL, what="一单结算")
    found = session.exec(select(Hospital).where(Hospital.account_id == actor.account_id)).first()
    if found is None or found.closed_on is not None:
        raise NotPermitted("hospital_missing", "该账号没有登记定点医院，或已停用", remedy="请管理员登记定点医院")
    return found


def settle(session: Session, *, bill: Bill, actor: Actor, now: datetime) -> Done:
    """A hospital's settlement. Conflict when its number stands with another content."""
    hospital = hospital_of(session, actor)
    known = _held(session, hospital, bill.setl_id)
    if known is not None:
        if _content_of(session, known, 0) != _digest(bill):
            raise Conflict("setl_differs", f"结算ID {bill.setl_id} 已有不同内容的结算",
                           remedy="内容有变的，用更正接口（…/corrections）；另一次结算用新的结算ID")
        return Done(hospital.id, known.id)
    row = _row(session, hospital, bill, covering.placed(session, bill, hospital.plan), now)
    return _applied(session, row, bill, why="settled", since=_key(row), reason=None, actor=actor, now=now)


def correct(session: Session, *, bill: Bill, reason: str, actor: Actor, now: datetime) -> Done:
    """The whole settlement as it should read, under the next `correction_no`; an older number changes nothing any more.

    NotFound: no such settlement. Conflict: reversed, or the number stands with another content. InputError: another person.
    """
    hospital = hospital_of(session, actor)
    row = _standing(session, hospital, bill.setl_id)
    kept = _content_of(session, row, bill.correction_no)
    if kept is not None:
        if kept != _digest(bill):
            raise Conflict("correction_differs", f"更正序号 {bill.correction_no} 已有不同内容", remedy="再次更正用下一个序号")
        return Done(row.hospital_id, row.id)
    if row.state == "reversed":
        raise Conflict("setl_reversed", f"结算ID {bill.setl_id} 已冲正", remedy="另以新的结算ID结算")
    _hold_cover(session, row)
    place = covering.placed(session, bill, hospital.plan)
    if row.person_index != people.index_of(bill.number) and (place.person_id is None or place.person_id != row.person_id):
        raise InputError("wrong_value", "certno：更正不能换人", remedy="冲正后以新的结算ID结算", field="certno")
    if bill.correction_no < row.correction_no:
        _note(session, row, bill, actor, now)
        return Done(row.hospital_id, row.id)
    was, before = row.cover_id, _since(session, row)
    if row.settled_on != bill.settled_on:
        _leave_day(session, row, actor, now)
    _fill(row, bill, place)
    session.add(row)
    session.flush()
    left = _rest(session, row, was, before, actor, now) if was is not None and was != row.cover_id else []
    since = min(before, _key(row)) if was == row.cover_id else _key(row)
    done = _applied(session, row, bill, why="corrected", since=since, reason=reason, actor=actor, now=now)
    if left:
        _book(session, row, left, actor, now)
    return Done(row.hospital_id, row.id, (*done.adjusted, *_adjusted(left, row)))


def reverse(session: Session, *, setl_id: str, reason: str, actor: Actor, now: datetime) -> Done:
    """The settlement counts no more (冲正); what it took of the cover's limits is there for the others again. Twice is once."""
    hospital = hospital_of(session, actor)
    row = _standing(session, hospital, setl_id)
    if row.state == "reversed":
        return Done(row.hospital_id, row.id)
    _hold_cover(session, row)
    share, was = row.share_fen, row.cover_id
    row.state, row.outcome, row.reason, row.benefits, row.amounts, row.share_fen = "reversed", "nothing", "reversed", [], [], 0
    row.version, row.changed_at = row.version + 1, now
    session.add(row)
    session.flush()
    sharing.keep(session, [_plain(session, row, "reversed", -share, reason, actor, now)])
    changes = _rest(session, row, was, _since(session, row), actor, now) if was is not None else []
    _book(session, row, changes, actor, now)
    return Done(row.hospital_id, row.id, _adjusted(changes, row))


# What a day holds is not agreed while a call is under way: calls share this lock, `reconciling` takes it alone.
_LOCKS = sa.text("""SELECT pg_advisory_xact_lock_shared(hashtextextended('window-days:' || :plan, 0)),
    pg_advisory_xact_lock(hashtextextended('window:' || :hospital || ':' || :setl, 0))""")


def _held(session: Session, hospital: Hospital, setl_id: str) -> WindowBill | None:
    """The bill of this number, which nobody else changes until the end of the transaction."""
    session.execute(_LOCKS, {"plan": hospital.plan, "hospital": str(hospital.id), "setl": setl_id})
    return session.exec(select(WindowBill).where(WindowBill.hospital_id == hospital.id, WindowBill.setl_id == setl_id)
                        .execution_options(populate_existing=True)).first()


def _standing(session: Session, hospital: Hospital, setl_id: str) -> WindowBill:
    row = _held(session, hospital, setl_id)
    if row is None:
        raise NotFound("setl_missing", f"没有结算ID {setl_id} 的结算", remedy="先上传原结算，再更正或冲正", field="setl_id")
    return row


def _hold_cover(session: Session, row: WindowBill) -> None:
    """Lock the covers, then read the bill again: another bill of the cover may have changed it meanwhile."""
    if row.cover_id is not None:
        covering.lock(session, row.cover_id)
        session.refresh(row)


def _leave_day(session: Session, row: WindowBill, actor: Actor, now: datetime) -> None:
    """The whole share goes from the day the bill is leaving: each day's list has a settlement whole, or not at all."""
    if share := row.share_fen:
        row.share_fen, row.benefits, row.amounts, row.version = 0, [], [], row.version + 1
        session.add(row)
        session.flush()
        sharing.keep(session, [_plain(session, row, "adjusted", -share, None, actor, now)])


def _digest(bill: Bill) -> bytes:
    return key_ring().index(bill.content, field=BILL)


def _content_of(session: Session, row: WindowBill, correction_no: int) -> bytes | None:
    """The content that came under a correction's number; 0 is the settlement itself."""
    found = session.exec(select(WindowVersion.digest).where(
        WindowVersion.bill_id == row.id, WindowVersion.correction_no == correction_no,
        sa.column("why").in_(("settled", "corrected", "superseded")))).first()
    return None if found is None else bytes(found)


def _key(row: WindowBill) -> tuple[object, ...]:
    return row.settled_at, row.setl_id, str(row.hospital_id)


def _since(session: Session, row: WindowBill) -> tuple[object, ...]:
    """From where on other bills found what this one took: one of an agreed day counted before them all, also before earlier ones."""
    return () if _agreed(session, row) else _key(row)


def _row(session: Session, hospital: Hospital, bill: Bill, place: Place, now: datetime) -> WindowBill:
    row = WindowBill(id=uuidv7(), org_key=hospital.org_key, hospital_id=hospital.id, setl_id=bill.setl_id, mdtrt_id=bill.mdtrt_id,
                     settled_at=bill.settled_at, settled_on=bill.settled_on, plan=hospital.plan, plan_from=bill.settled_on,
                     person_index=b"", med_type=bill.med_type, medfee_fen=0, pool_paid_fen=0,
                     pool_own_fen=0, large_own_fen=0, digest=b"", outcome="nothing", share_fen=0, version=0, received_at=now,
                     changed_at=now)
    _fill(row, bill, place)
    session.add(row)
    session.flush()
    return row


def _fill(row: WindowBill, bill: Bill, place: Place) -> None:
    """The content of a bill, whoever answers for it."""
    row.org_key = place.org_key or row.org_key
    row.mdtrt_id, row.settled_at, row.settled_on, row.med_type = bill.mdtrt_id, bill.settled_at, bill.settled_on, bill.med_type
    row.plan_from = _book_from(row.plan, bill)
    row.person_index = people.index_of(bill.number)
    row.person_id, row.cover_id, row.out_of_region = place.person_id, place.cover_id, bill.out_of_region
    row.medfee_fen, row.pool_paid_fen = to_fen(bill.medfee), to_fen(bill.pool_paid)
    row.pool_own_fen, row.large_own_fen = to_fen(bill.pool_own), to_fen(bill.large_own)
    row.correction_no, row.digest, row.flags, row.reason = bill.correction_no, _digest(bill), list(bill.flags), place.reason


def _book_from(plan: str, bill: Bill) -> date:
    try:
        return registry.resolve(plan, bill.settled_on).from_
    except InputError as error:
        raise InputError(error.code, error.message, remedy=error.remedy, field="setl_time") from None


def _applied(session: Session, row: WindowBill, bill: Bill, *, why: str, since: tuple[object, ...], reason: str | None, actor: Actor,
             now: datetime) -> Done:
    """The share of a bill that came or changed, and what changes with it on its cover."""
    if row.cover_id is None:
        share, row.share_fen, row.benefits, row.amounts = row.share_fen, 0, [], []
        row.outcome, row.version, row.changed_at = "nothing", row.version + 1, now
        session.add(row)
        session.flush()
        sharing.keep(session, [_plain(session, row, why, -share, reason, actor, now)])
        _book(session, row, [], actor, now)
        return Done(row.hospital_id, row.id)
    changes = sharing.share_out(session, cover_id=row.cover_id, plan=row.plan, since=since, changed=row.id, why=why, reason=reason,
                                actor=actor, now=now)
    _book(session, row, changes, actor, now)
    return Done(row.hospital_id, row.id, _adjusted(changes, row))


def _rest(session: Session, row: WindowBill, cover_id: uuid.UUID, since: tuple[object, ...], actor: Actor, now: datetime) -> list[Change]:
    """What changes on a cover that the bill left."""
    return sharing.share_out(session, cover_id=cover_id, plan=row.plan, since=since, changed=None, why="adjusted", reason=None, actor=actor,
                             now=now)


def _adjusted(changes: Sequence[Change], row: WindowBill) -> tuple[Adjusted, ...]:
    return tuple(Adjusted(one.bill.id, one.bill.hospital_id, one.bill.setl_id, one.bill.share_fen, one.share_fen)
                 for one in changes if one.bill.id != row.id)


def _note(session: Session, row: WindowBill, bill: Bill, actor: Actor, now: datetime) -> None:
    """An older correction than the one that stands: kept, so that the same again is known."""
    session.execute(sa.text("UPDATE window_bill SET version = version + 1 WHERE id = :id"), {"id": row.id})
    session.refresh(row)
    version = _plain(session, row, "superseded", 0, None, actor, now)
    sharing.keep(session, [{**version, "correction_no": bill.correction_no, "digest": _digest(bill), "share_fen": row.share_fen}])


def _plain(session: Session, row: WindowBill, why: str, change_fen: int, reason: str | None, actor: Actor,
           now: datetime) -> dict[str, object]:
    """A version without a computation."""
    book = registry.resolve(row.plan, row.settled_on)
    return {"id": uuidv7(), "org_key": row.org_key,
            "bill_id": row.id, "hospital_id": row.hospital_id, "seq": row.version, "correction_no": row.correction_no,
            "why": why, "digest": row.digest, "counts_on": _counts_on(session, row, now), "share_fen": row.share_fen,
            "change_fen": change_fen, "input": {}, "output": {"outcome": row.outcome, "reason": row.reason, "lines": []},
            "rule_digest": book.digest, "reason": reason, "account_id": actor.account_id, "at": now}


def _counts_on(session: Session, row: WindowBill, now: datetime) -> date:
    """The settlement's own day, or today when that day is agreed."""
    return business_day(now) if _agreed(session, row) else row.settled_on


def _agreed(session: Session, row: WindowBill) -> bool:
    found = session.execute(sa.text("SELECT 1 FROM window_day WHERE hospital_id = :hospital AND day = :day AND state <> 'differs'"),
                            {"hospital": row.hospital_id, "day": row.settled_on}).first()
    return found is not None


def _book(session: Session, row: WindowBill, changes: Sequence[Change], actor: Actor, now: datetime) -> None:
    """Every version of this call that has no booking yet."""
    ledger.booked(session, bill_ids=[row.id, *(one.bill.id for one in changes)], plan=row.plan, actor=actor, now=now)
