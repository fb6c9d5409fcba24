"""A feed is received: kept sealed, looked at from outside, entered once. Staging and settling come later."""

from __future__ import annotations

from datetime import date, datetime
from typing import BinaryIO

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from services.access.actor import OFFICE, Actor, Role
from services.audit import service as audit
from services.audit.chain import Entry
from services.core.clock import business_day
from services.core.errors import Conflict, InputError
from services.models import FeedFile
from services.models.claim import GENESIS
from services.rulebook import registry
from services.settlement.feed import keeping, reading
from services.settlement.feed.keeping import Progress, Stored
from services.storage import service as storage

YEARS = range(2012, 2051)       # those that bills have a table for (migration 0049)
MAY_RECEIVE = (Role.FINANCE_MAKER, Role.SYSTEM, *sorted(OFFICE))


def _silent(_what: str, _done: int, _of: int) -> None:
    return None


def receive(session: Session, file: BinaryIO, *, file_name: str, size: int, plan: str, year: int, quarter: int,
            progress: Progress = _silent, actor: Actor, now: datetime) -> FeedFile:
    """A quarter's file, streamed into the store and entered as `received`; the same bytes for the plan again give the row they have.

    `size` only measures progress. InputError when the plan is not settled from feeds, the quarter has not begun, or the file's format
    or heading is wrong; Conflict when the same file was received for another quarter. Nothing is kept then.
    """
    actor.require(*MAY_RECEIVE, what="接收医保数据")
    _check_quarter(plan, year, quarter, now)
    stored = keeping.keep(file, size=size, progress=progress)
    try:
        known = session.exec(select(FeedFile).where(FeedFile.plan == plan, FeedFile.sha256 == stored.sha256)).first()
        if known:
            storage.drop_parts(stored.upload)
            return _same_quarter(known, year, quarter)
        fmt = reading.told(stored)
        reading.check_heading(stored, fmt)
        made = FeedFile(id=stored.upload, org_key=actor.org_key, plan=plan, year=year, quarter=quarter, file_name=file_name,
                        sha256=stored.sha256, size=stored.size, format=fmt, account_id=actor.account_id, person_id=actor.person_id,
                        received_at=now)
        session.add(made)
        session.flush()
    except BaseException as error:
        storage.drop_parts(stored.upload)
        if isinstance(error, IntegrityError):
            raise Conflict("feed_known", "同一文件刚被他人接收", remedy="刷新后查看数据文件") from None
        raise
    _record(session, made, actor, now)
    return made


def opened(feed: FeedFile) -> Stored:
    """The received bytes, for staging."""
    return Stored(feed.id, feed.size, feed.sha256)


def forget(feed: FeedFile) -> None:
    """Take the received bytes out of the store; the row, its hash and the rejects stay."""
    storage.drop_parts(feed.id)


def _check_quarter(plan: str, year: int, quarter: int, now: datetime) -> None:
    if quarter not in (1, 2, 3, 4):
        raise InputError("feed_quarter", f"没有第 {quarter} 季度", remedy="写 1 至 4", field="quarter")
    if year not in YEARS:
        raise InputError("feed_quarter", f"没有 {year} 年的结算", remedy=f"写 {YEARS[0]} 至 {YEARS[-1]}", field="year")
    if date(year, quarter * 3 - 2, 1) > business_day(now):
        raise InputError("feed_quarter", f"{year} 年第 {quarter} 季度还没有开始", remedy="核对年度和季度", field="quarter")
    book = registry.resolve(plan, date(year, 12, 31))
    if book.mode != "year_to_date":
        raise InputError("feed_plan", f"{book.name}不按医保数据结算", remedy="选择按年累计结算的计划", field="plan")


def _same_quarter(known: FeedFile, year: int, quarter: int) -> FeedFile:
    if (known.year, known.quarter) != (year, quarter):
        raise Conflict("feed_known", f"同一文件已作为 {known.year} 年第 {known.quarter} 季度接收", remedy="核对年度、季度和文件")
    return known


def _record(session: Session, feed: FeedFile, actor: Actor, now: datetime) -> None:
    """A feed opens a chain of its own."""
    entry = Entry(feed.id, feed.org_key, "feed", feed.id, "receive", details={
        "plan": feed.plan, "year": feed.year, "quarter": feed.quarter, "sha256": feed.sha256, "size": feed.size, "format": feed.format})
    links = audit.link_all([entry], {feed.id: (0, GENESIS)}, account=actor.account_id, person=actor.person_id, at=now)
    audit.insert(session, links, account=actor.account_id, person=actor.person_id, at=now)
