"""Premium comes in and goes back: a voucher for each slip of the bank, placed on covers, booked in the plan's ledger."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from services.access.actor import OFFICE, Actor, Role
from services.core.clock import business_day
from services.core.errors import Conflict, InputError, NotFound
from services.core.ids import check_digit, uuidv7
from services.core.money import show, to_fen, to_yuan
from services.enrolment import cover_queries, numbers
from services.enrolment.endorsing import Change, write
from services.ledger import queries as ledger_queries
from services.ledger import service as ledger
from services.models import Cover, PremiumVoucher
from services.rulebook import registry

MAY_BOOK = (Role.FINANCE_MAKER, Role.SYSTEM, *sorted(OFFICE))
_PREFIX = {"received": "SK", "returned": "TK"}      # 收款, 退款


@dataclass(frozen=True, slots=True)
class Received:
    """What a payment did. `broken`: renewals paid after the former cover had ended, which wait again."""

    voucher: PremiumVoucher
    covers: int
    prepaid_fen: int
    broken: tuple[str, ...]


def receive(session: Session, *, org_id: uuid.UUID, plan: str, amount: Decimal, received_on: date, payer: str, reference: str,
            certificates: Sequence[str] | None = None, actor: Actor, now: datetime) -> Received:
    """Premium of an organisation came in (yuan): placed on its covers that still owe, the earliest first.

    `certificates` names the covers it is for. What is more than owed stays paid ahead and serves the next roster or payment.
    A renewal that is paid in full only after the former cover's last day is a broken one (plans.md, `unbroken`).
    Conflict `voucher_entered` when the bank's reference was entered before.
    """
    actor.require(*MAY_BOOK, what="登记收费")
    org = numbers.organisation(session, org_id, actor.org_key)
    registry.latest(plan)
    if certificates is not None:
        _check_certificates(session, certificates, plan, org.org_key)
    ledger.hold(session, plan)
    voucher = _voucher(session, "received", org_key=org.org_key, org_id=org.id, plan=plan, amount=amount, on=received_on,
                       party=payer, reference=reference, actor=actor, now=now)
    ledger.receive(session, voucher, actor=actor, now=now)
    placed = ledger.allocate(session, plan=plan, org_key=org.org_key, on=received_on, voucher=voucher, certificates=certificates,
                             actor=actor, now=now)
    broken = _break_late(session, placed, plan, org.org_key, actor, now)
    return Received(voucher, placed.covers, ledger.prepaid(session, plan=plan, org_key=org.org_key), broken)


def place_ahead(session: Session, *, org_key: str, plan: str, actor: Actor, now: datetime) -> None:
    """What an organisation paid before its roster came in serves the covers that owe: to pay first is the usual order (安康保办法 第四条).

    Its own money alone: what a superior one paid ahead is placed with that one's next slip. The plan's books are held to the end of
    the transaction.
    """
    ledger.hold(session, plan)
    placed = ledger.allocate(session, plan=plan, org_key=org_key, on=business_day(now), actor=actor, now=now)
    _break_late(session, placed, plan, org_key, actor, now)


def give_back(session: Session, *, org_id: uuid.UUID, plan: str, amount: Decimal, returned_on: date, payee: str, reference: str,
              reason: str, certificate_no: str | None = None, actor: Actor, now: datetime) -> PremiumVoucher:
    """Premium goes back outside a claim (yuan): what is owed back for one cover, or what the organisation paid ahead.

    InputError `more_than_owed` names what there is to give back.
    """
    actor.require(*MAY_BOOK, what="登记退费")
    org = numbers.organisation(session, org_id, actor.org_key)
    registry.latest(plan)
    if not reason.strip():
        raise InputError("reason_missing", "退费须写明理由", remedy="写明理由", field="reason")
    ledger.hold(session, plan)
    cover = _cover_of(session, certificate_no, plan, org.org_key) if certificate_no else None
    most = (ledger_queries.premiums(session, [cover.id])[cover.id].owed_back_fen if cover
            else ledger.prepaid(session, plan=plan, org_key=org.org_key))
    if to_fen(amount) > most:
        raise InputError("more_than_owed", f"应退 {show(to_yuan(most))} 元，不能退 {show(amount)} 元",
                         remedy="核对金额；理赔中的退费由付款批次办理", field="amount")
    # Booked where the money is owed back: on the cover's own unit, or on the organisation that paid ahead.
    voucher = _voucher(session, "returned", org_key=cover.org_key if cover else org.org_key,
                       org_id=cover.org_id if cover else org.id, plan=plan,
                       amount=amount, on=returned_on, party=payee, reference=reference, reason=reason.strip(),
                       cover_id=cover.id if cover else None, actor=actor, now=now)
    ledger.give_back(session, voucher, actor=actor, now=now)
    return voucher


def _cover_of(session: Session, certificate_no: str, plan: str, org_key: str) -> Cover:
    cover = cover_queries.by_certificate(session, certificate_no)
    if cover.plan != plan or not cover.org_key.startswith(org_key):
        raise InputError("cover_differs", f"凭证 {certificate_no} 不属于这一计划或组织", remedy="核对凭证号", field="certificate_no")
    return cover


def _check_certificates(session: Session, certificates: Sequence[str], plan: str, org_key: str) -> None:
    known = set(session.exec(select(Cover.certificate_no).where(
        col(Cover.certificate_no).in_(list(certificates)), Cover.plan == plan, col(Cover.org_key) >= org_key,
        col(Cover.org_key) < f"{org_key.rstrip('.')}/")).all())
    missing = [number for number in certificates if number not in known]
    if missing or not certificates:
        raise NotFound("cover_missing", f"该组织在本计划下没有凭证 {'、'.join(missing[:5]) or '（空）'}", remedy="核对凭证号",
                       field="certificates")


def _voucher(session: Session, kind: str, *, org_key: str, org_id: uuid.UUID, plan: str, amount: Decimal, on: date, party: str,
             reference: str, actor: Actor, now: datetime, reason: str | None = None,
             cover_id: uuid.UUID | None = None) -> PremiumVoucher:
    """The slip, numbered. Written under the plan's lock, so that one reference comes in once."""
    fen = to_fen(amount)
    if fen <= 0:
        raise InputError("amount_positive", "金额须大于零", remedy="改正金额", field="amount")
    if on > business_day(now):
        raise InputError("voucher_future", f"日期 {on} 晚于今天", remedy="按银行回单填写", field="date")
    if not party.strip() or not reference.strip():
        raise InputError("voucher_incomplete", "须写明对方名称和银行流水号", remedy="按银行回单填写",
                         field="reference" if party.strip() else "party")
    same = session.execute(sa.text("SELECT 1 FROM premium_voucher WHERE plan = :plan AND kind = :kind AND reference = :reference"),
                           {"plan": plan, "kind": kind, "reference": reference.strip()}).first()
    if same:
        raise _entered(reference)
    code = _PREFIX[kind] + numbers.office_code(numbers.office_of(session, org_key))
    body = f"{on.year}{numbers.draw(session, f'no:{code}', on.year)[0]:07d}"
    voucher = PremiumVoucher(id=uuidv7(), org_key=org_key, org_id=org_id, kind=kind, plan=plan, cover_id=cover_id,
                             voucher_no=f"{code}{body}{check_digit(body)}", amount_fen=fen, dated_on=on, party=party.strip(),
                             reference=reference.strip(), reason=reason, account_id=actor.account_id, at=now)
    session.add(voucher)
    try:
        session.flush()
    except IntegrityError as error:
        if "premium_voucher_once" not in str(error.orig):
            raise
        raise _entered(reference) from None       # by another office, whose slips are out of sight
    return voucher


def _entered(reference: str) -> Conflict:
    return Conflict("voucher_entered", f"流水号 {reference.strip()} 已登记过", remedy="核对银行回单，不要重复登记")


# Money is used in the order in which it was entered, so what lay there is what the last slips brought: a cover was paid on the day
# of the latest slip that its place in the pool reaches into, not on the day of the placing.
_LATE = sa.text("""
    WITH slips AS (
        SELECT dated_on, fen, upto FROM (
            SELECT s.dated_on, s.amount_fen AS fen,
                   CAST(:pool AS bigint) - sum(s.amount_fen) OVER (ORDER BY s.at DESC, s.id DESC) + s.amount_fen AS upto
            FROM premium_voucher s WHERE s.kind = 'received' AND s.plan = :plan AND s.org_key = :key) x
        WHERE upto > 0),
    given AS (
        SELECT c.id, c.effective, -e.amount_fen AS fen, sum(-e.amount_fen) OVER (ORDER BY c.effective, c.certificate_no) AS upto
        FROM ledger_entry e JOIN cover c ON c.id = e.cover_id WHERE e.transaction_id = :booking),
    late AS (
        SELECT g.id, max(s.dated_on) AS paid_on FROM given g JOIN slips s ON s.upto > g.upto - g.fen AND s.upto - s.fen < g.upto
        GROUP BY g.id, g.effective HAVING max(s.dated_on) >= g.effective)
    UPDATE cover v SET renewal = false FROM late WHERE v.id = late.id AND v.renewal
    AND (SELECT sum(e.amount_fen) FROM ledger_entry e WHERE e.cover_id = v.id
         AND e.account IN ('receivable', 'memo_receivable')) <= 0
    RETURNING v.id, v.certificate_no, late.paid_on""")


def _break_late(session: Session, placed: ledger.Placed, plan: str, org_key: str, actor: Actor, now: datetime) -> tuple[str, ...]:
    if placed.booking is None:
        return ()
    late = session.execute(_LATE, {"booking": placed.booking, "pool": placed.pool_fen, "plan": plan, "key": org_key}).all()
    for on in sorted({row.paid_on for row in late}):        # the days of the slips in the pool: one as a rule
        change = Change("change", on, f"费用于 {on} 缴清，晚于上一期最后一日：按中断后参保，重新计算观察期")
        write(session, [row.id for row in late if row.paid_on == on], change, actor=actor, now=now)
    return tuple(sorted(row.certificate_no for row in late))
