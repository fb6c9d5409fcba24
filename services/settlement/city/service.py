"""A quarter settled: begun by a finance maker from a received feed, prepared once, worked partition by partition, concluded.

`start` and what follows stand in transactions of their own, so that a crash between or within them costs only what was not
committed: called again, each does what is left and nothing twice.
"""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from services.access.actor import Actor, Role, system
from services.access.actors import actor_of
from services.core.clock import business_day
from services.core.errors import Conflict, HuzhuError, InputError, NotFound
from services.models import Account, FeedFile, Settlement, SettlementPart
from services.outbox import service as outbox
from services.outbox.service import Work
from services.rulebook import registry
from services.settlement.city import parts, preparing, unresolved
from services.settlement.city.folder import PARTS, Folder
from services.settlement.feed import receive
from services.settlement.paying import service as paying

TOPIC = "settlement.settle"
MAY_SETTLE = (Role.FINANCE_MAKER,)
# No machine moves these two rows: they are at work, and then they are not.
_SETTLED = sa.text("""WITH done AS (UPDATE settlement SET state = 'settled' WHERE id = :settlement)
    UPDATE feed_file SET state = 'settled' WHERE id = :feed""")
_STANDS_STILL = sa.text("""
    WITH stopped AS (
        UPDATE settlement s SET fault = :why, state = CASE WHEN EXISTS (SELECT FROM settlement_part p WHERE p.settlement_id = s.id)
            THEN s.state ELSE 'cancelled' END
        WHERE s.id = :id AND s.state = 'settling' RETURNING s.feed_id)
    UPDATE feed_file f SET state = 'refused', fault = :why FROM stopped WHERE f.id = stopped.feed_id AND :feed""")
_SUMS = ("rows", "bills", "unchanged", "unresolved", "lines", "paying", "due_fen", "receivable_fen", "over_cap")


def start(session: Session, *, feed_id: uuid.UUID, actor: Actor, now: datetime) -> Settlement:
    """A settlement of a received feed, owed to the worker. The same feed again gives the settlement it has.

    Conflict: the feed was refused, another settlement of the plan is still at work, or the last quarter's year is not over.
    InputError: a plan without year to date.
    """
    actor.require(*MAY_SETTLE, what="批量结算")
    feed = session.get(FeedFile, feed_id)
    if feed is None:
        raise NotFound("feed_missing", "没有这一数据文件，或不在您的管辖范围内", remedy="先接收数据文件", field="feed_id")
    known = session.exec(select(Settlement).where(Settlement.feed_id == feed.id, Settlement.state != "cancelled")).first()
    if known is not None:
        return _again(session, known, now)
    if feed.state == "refused":
        raise Conflict("feed_refused", f"数据文件已被退回：{feed.fault or ''}", remedy="请医保部门重新提供")
    if feed.quarter == 4 and business_day(now) <= date(feed.year, 12, 31):      # its claims are about a year that is over
        raise Conflict("year_not_over", f"{feed.year} 年还没有结束，第 4 季度须年终后结算，封顶线以上的才能立案",
                       remedy="次年 1 月 1 日起再运行")
    book = registry.resolve(feed.plan, date(feed.year, 12, 31))
    if book.mode != "year_to_date":
        raise InputError("plan_not_settled", f"{book.name}不按季度批量结算", remedy="核对计划代码", field="plan")
    made = Settlement(org_key=actor.org_key, plan=book.plan, plan_from=book.from_, year=feed.year, quarter=feed.quarter, feed_id=feed.id,
                      parts=PARTS, rule_digest=book.digest, started_at=now, account_id=actor.account_id, person_id=actor.person_id)
    session.add(made)
    try:
        session.flush()
    except IntegrityError as error:
        if "settlement_settling" not in str(error.orig):
            raise
        raise Conflict("settlement_running", f"{book.name}另有一次结算正在进行", remedy="等它完成，或先停止它") from None
    outbox.add(session, [Work(TOPIC, made.org_key, None, made.id, {})], now=now)
    return made


def _again(session: Session, known: Settlement, now: datetime) -> Settlement:
    """One that stands still goes on where it stopped."""
    if known.state == "settling" and known.fault:
        known.fault = None
        session.add(known)
        session.flush()
        outbox.add(session, [Work(TOPIC, known.org_key, None, known.id, {})], now=now)
    return known


def open_one(session: Session, settlement_id: uuid.UUID) -> Settlement | None:
    """The settlement when there is still something to do for it."""
    found = session.get(Settlement, settlement_id)
    return found if found is not None and found.state == "settling" else None


def starter(session: Session, settlement: Settlement, *, now: datetime) -> Actor:
    """Who began it, as she stands now: without the right, its runs are nobody's."""
    if settlement.account_id is None:
        return system(settlement.org_key)
    account = session.get_one(Account, settlement.account_id)
    actor = actor_of(session, account, now=now)
    return actor if account.active else replace(actor, roles=frozenset(), lent=frozenset())


def prepare(session: Session, *, settlement: Settlement, progress: preparing.Progress = preparing.silent, actor: Actor,
            now: datetime) -> Folder:
    """Stage the feed and look everybody up, unless a process before did. The caller commits, then `ready`."""
    actor.require(*MAY_SETTLE, what="批量结算")
    folder = Folder.of(settlement.id)
    if not folder.ready:
        preparing.write(session, settlement, folder, progress, now=now)
        settlement.as_of = now
        session.add(settlement)
        session.flush()
    return folder


def ready(settlement_id: uuid.UUID) -> None:
    """After the commit of `prepare`: the partitions may begin."""
    Folder.of(settlement_id).mark_ready()


def settle_part(session: Session, *, settlement_id: uuid.UUID, part: int, now: datetime) -> bool:
    """One partition, in the caller's transaction. False when nothing was left to do for it."""
    settlement = open_one(session, settlement_id)
    if settlement is None:
        return False
    folder = Folder.of(settlement_id)
    if not folder.ready:
        raise Conflict("settlement_unprepared", "结算的数据还没有准备好", remedy="重新运行这次结算")
    return parts.settle(session, settlement=settlement, part=part, folder=folder, actor=starter(session, settlement, now=now), now=now)


def left(session: Session, settlement_id: uuid.UUID) -> list[int]:
    """The partitions not committed yet."""
    done = set(session.exec(select(SettlementPart.part).where(SettlementPart.settlement_id == settlement_id)).all())
    return [part for part in range(PARTS) if part not in done]


def finish(session: Session, *, settlement_id: uuid.UUID, actor: Actor, now: datetime) -> Settlement | None:
    """Add up the partitions, keep the list of rows that belong to nobody, close the runs. None when it was finished before."""
    settlement = session.exec(select(Settlement).where(Settlement.id == settlement_id).with_for_update()).one()
    if settlement.state != "settling":
        return None
    missing = left(session, settlement_id)
    if missing:
        raise Conflict("settlement_unfinished", f"还有 {len(missing)} 个分区没有结算", remedy="重新运行这次结算")
    sums = session.execute(sa.select(*(sa.func.coalesce(sa.func.sum(getattr(SettlementPart, name)), 0) for name in _SUMS))
                           .where(col(SettlementPart.settlement_id) == settlement_id)).one()
    for name, value in zip(_SUMS, sums, strict=True):
        setattr(settlement, name, int(value))
    feed = session.get_one(FeedFile, settlement.feed_id)
    settlement.rows, settlement.rejected = feed.rows, feed.rejected
    of_nobody = session.exec(select(SettlementPart).where(SettlementPart.settlement_id == settlement_id, SettlementPart.unresolved > 0)
                             .order_by(col(SettlementPart.part))).all()
    settlement.unresolved_sha256 = unresolved.keep(of_nobody, Folder.of(settlement_id)) if of_nobody else None
    settlement.ended_at, settlement.fault = now, None
    session.add(settlement)
    session.flush()
    session.execute(_SETTLED, {"settlement": settlement.id, "feed": feed.id})
    session.refresh(settlement)
    paying.close_runs(session, settlement, actor=actor, now=now)
    return settlement


def clear(session: Session, settlement_id: uuid.UUID) -> None:
    """After the commit of `finish` or `stand_still`: what names members goes, unless it is needed yet. Again: nothing.

    The folder goes with the settlement; the feed's bytes when the feed is settled or refused, for a cancelled one may begin anew.
    """
    settlement = session.get(Settlement, settlement_id)
    if settlement is None or settlement.state == "settling":
        return
    Folder.of(settlement_id).remove()
    feed = session.get_one(FeedFile, settlement.feed_id)
    if feed.state in ("settled", "refused"):
        receive.forget(feed)


def stand_still(session: Session, *, settlement_id: uuid.UUID, error: HuzhuError) -> None:
    """Why it does not go on, for whoever follows it. What was committed stays, and the same feed may be started again; where
    nothing was yet, it is cancelled and another may begin. A feed that is itself at fault is refused.
    """
    session.execute(_STANDS_STILL, {"id": settlement_id, "why": f"{error.message}（{error.remedy}）" if error.remedy else error.message,
                                    "feed": error.code == preparing.MOSTLY_WRONG})
