"""Changing a running cover: the insurer's numbers, more or fewer shares before it begins, its end."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import OFFICE, REVIEWERS, Actor, Role
from services.core.clock import business_day
from services.core.errors import Conflict, InputError, NotFound, NotPermitted
from services.core.money import to_fen
from services.enrolment import cover_queries
from services.enrolment.endorsing import KINDS, Change, write
from services.ledger import service as ledger
from services.ledger.accounts import Account
from services.models import Cover
from services.models.cover import END_REASONS
from services.rulebook import registry

MAY_CHANGE = (Role.UNIT_CLERK, Role.ADMINISTRATOR, Role.SYSTEM, *sorted(REVIEWERS))
_MAY_BACKDATE = (Role.ADMINISTRATOR, Role.SYSTEM, *sorted(OFFICE))
REASON_WORDS = {"transfer": "调离", "retirement": "退休", "death": "身故", "benefit": "保障责任全部终止", "withdrawn": "退保"}

_LOCK = sa.text("""
    SELECT id, certificate_no FROM cover WHERE certificate_no = ANY(CAST(:numbers AS text[])) ORDER BY id FOR UPDATE""")


def endorse(session: Session, *, certificates: Sequence[str], kind: str, on: date, text: str, number: str | None = None,
            policy_no: str | None = None, actor: Actor, now: datetime) -> int:
    """Record the insurer's endorsement (批单) on covers, and its policy number when it brings one; returns how many.

    The record alone: what an endorsement changes of a cover is done by its own verb (`end`, `change_shares`).
    """
    actor.require(*sorted(OFFICE), Role.ADMINISTRATOR, Role.SYSTEM, what="登记批单")
    if kind not in KINDS:
        raise InputError("endorsement_kind", f"不认识的批单类别“{kind}”", remedy=f"可用：{'、'.join(KINDS)}", field="kind")
    if not text.strip():
        raise InputError("endorsement_text", "批单须写明内容", remedy="写明批改内容", field="text")
    if on > business_day(now):
        raise InputError("endorsement_future", f"批单日期 {on} 晚于今天", remedy="按批单填写", field="on")
    found = {row.certificate_no: row.id for row in session.execute(_LOCK, {"numbers": list(certificates)})}
    missing = [wanted for wanted in certificates if wanted not in found]
    if missing or not found:
        raise NotFound("cover_missing", f"没有凭证 {'、'.join(missing[:5]) or '（空）'}，或不在您的管辖范围内", remedy="核对凭证号",
                       field="certificates")
    if policy_no:
        session.execute(sa.text("UPDATE cover SET policy_no = :policy WHERE id = ANY(CAST(:ids AS uuid[]))"),
                        {"policy": policy_no, "ids": list(found.values())})
    words = f"{text.strip()}（保单号 {policy_no}）" if policy_no else text.strip()
    write(session, list(found.values()), Change(kind, on, words, number), actor=actor, now=now)
    return len(found)


def end(session: Session, *, certificate_no: str, reason: str, last_day: date, number: str | None = None, actor: Actor,
        now: datetime) -> Cover:
    """End a cover early: `last_day` is its last covered one; the day before its first takes it back as a whole.

    A cover taken back owes nothing any more, and what was paid for it is owed back; one that has begun keeps its
    premium (no plan gives back a part). A renewal that follows it directly is unbroken no longer and waits again.
    InputError: reason or day; Conflict `cover_ended`, `cover_has_claims`; NotPermitted `beyond_scope`: renewed elsewhere.
    """
    actor.require(*MAY_CHANGE, what="终止保障")
    seen = cover_queries.by_certificate(session, certificate_no)
    if last_day < seen.effective:       # the plan's books before the cover, as whoever places money: never in a ring
        ledger.hold(session, seen.plan)
    cover = cover_queries.by_certificate(session, certificate_no, lock=True)
    _check_end(session, cover, reason, last_day, actor, now)
    _set(session, cover, ended_on=last_day, end_reason=reason)
    if last_day < cover.effective:
        ledger.reduce(session, plan=cover.plan, less={cover.id: cover.premium_fen}, reason=reason, actor=actor, now=now)
        _set(session, cover, premium_fen=0)
    words = f"{REASON_WORDS[reason]}，" + (f"保障至 {last_day} 止" if last_day >= cover.effective else "保障未生效即撤销")
    write(session, [cover.id], Change("remove", max(last_day, business_day(now)), words, number), actor=actor, now=now)
    _break_renewal(session, cover, actor, now)
    return cover_queries.by_certificate(session, certificate_no)


def _check_end(session: Session, cover: Cover, reason: str, last_day: date, actor: Actor, now: datetime) -> None:
    if reason not in END_REASONS:
        raise InputError("end_reason", f"不认识的终止原因“{reason}”", remedy=f"可用：{'、'.join(END_REASONS)}", field="reason")
    if cover.ended_on is not None:
        raise Conflict("cover_ended", f"保障已于 {cover.ended_on} 终止", remedy="核对凭证号")
    if not cover.effective - timedelta(days=1) <= last_day < cover.until:
        raise InputError("last_day", f"最后一日须在 {cover.effective - timedelta(days=1)}（撤销）至 {cover.until - timedelta(days=1)} 之间",
                         remedy="改正日期；到期的保障不必终止", field="last_day")
    if last_day < business_day(now) - timedelta(days=1) and not actor.has(*_MAY_BACKDATE):
        raise InputError("last_day_past", "终止日已过，由办事处补办", remedy="请办事处办理", field="last_day")
    if last_day < cover.effective <= business_day(now) and not actor.has(*_MAY_BACKDATE):
        raise InputError("cover_begun", "保障已生效，撤销由办事处办理", remedy="改为今天或以后终止", field="last_day")
    if reason == "benefit" and any(liability.state == "open" for liability in cover_queries.liabilities(session, cover)):
        raise InputError("benefits_open", "还有未终止的保障责任", remedy="核对已付待遇；其他原因请另选", field="reason")
    if _claimed_after(session, cover, last_day):
        raise Conflict("cover_has_claims", f"该保障有 {last_day} 之后的案件或给付", remedy="先办结或注销案件，或改正日期")


def _claimed_after(session: Session, cover: Cover, last_day: date) -> bool:
    """Whether an event after that day has a claim that is still open, or money reserved or paid for it."""
    return session.execute(sa.text("""
        SELECT 1 FROM claim c JOIN case_file k ON k.id = c.case_id
        WHERE c.cover_id = :cover AND c.state NOT IN ('closed', 'cancelled') AND k.diagnosed_on > :day
        UNION ALL
        SELECT 1 FROM reservation r JOIN claim c ON c.id = r.claim_id JOIN case_file k ON k.id = c.case_id
        WHERE r.cover_id = :cover AND r.state <> 'released' AND k.diagnosed_on > :day LIMIT 1"""),
        {"cover": cover.id, "day": last_day}).first() is not None


# The next cover may be another unit's and out of sight: `cover_standing` (migration 0006) looks past row security.
_NEXT = sa.text("""
    SELECT v.id, v.renewal FROM cover_standing(ARRAY[CAST(:person AS uuid)], :plan, NULL, :day, :day) s
    LEFT JOIN cover v ON v.id = s.clash_id WHERE s.clash_from = :day""")


def _break_renewal(session: Session, cover: Cover, actor: Actor, now: datetime) -> None:
    """Days without cover now lie before the cover that followed this one (plans.md, `unbroken`)."""
    follower = session.execute(_NEXT, {"person": cover.person_id, "plan": cover.plan, "day": cover.until + timedelta(days=1)}).first()
    if follower is None:
        return
    if follower.id is None:
        raise NotPermitted("beyond_scope", "此人已在您的管辖范围之外续保，提前终止会使续保中断", remedy="由上一级办事处办理")
    if follower.renewal:
        session.execute(sa.text("UPDATE cover SET renewal = false WHERE id = :id"), {"id": follower.id})
        words = "上一期保障提前终止：按中断后参保，重新计算观察期"
        write(session, [follower.id], Change("change", business_day(now), words), actor=actor, now=now)


def change_shares(session: Session, *, certificate_no: str, shares: int, actor: Actor, now: datetime) -> Cover:
    """More or fewer shares, until the day before the cover begins: the fee follows, and what was overpaid is owed back."""
    actor.require(*MAY_CHANGE, what="变更份数")
    ledger.hold(session, cover_queries.by_certificate(session, certificate_no).plan)
    cover = cover_queries.by_certificate(session, certificate_no, lock=True)
    book = registry.version(cover.plan, cover.plan_from)
    if not 1 <= shares <= book.shares.max:
        raise InputError("shares", f"本计划每人 1 至 {book.shares.max} 份", remedy="改正份数", field="shares")
    if cover.effective <= business_day(now) or cover.ended_on is not None:
        raise Conflict("cover_begun", "保障已生效或已终止，份数不再变更", remedy="下一期参保时变更")
    if shares == cover.shares:
        return cover
    due = to_fen(book.fee_due(shares, cover.tier, cover.high_risk_work))
    words = f"份数由 {cover.shares} 改为 {shares}"
    if due > cover.premium_fen:
        line = ledger.Line(Account.RECEIVABLE, due - cover.premium_fen, cover.org_key, cover.id)
        ledger.raise_due(session, plan=cover.plan, line=line, reason=words, actor=actor, now=now)
    elif due < cover.premium_fen:
        ledger.reduce(session, plan=cover.plan, less={cover.id: cover.premium_fen - due}, reason=words, actor=actor, now=now)
    _set(session, cover, shares=shares, premium_fen=due)
    write(session, [cover.id], Change("change", business_day(now), words), actor=actor, now=now)
    return cover_queries.by_certificate(session, certificate_no)


def _set(session: Session, cover: Cover, **values: date | str | int | uuid.UUID) -> None:
    rows = Cover.__table__          # type: ignore[attr-defined]
    session.execute(sa.update(rows).where(rows.c.id == cover.id).values(**values))
