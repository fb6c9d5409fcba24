"""Reads of periods' reports, cooperation entries and the daily comparison."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.core.errors import NotFound
from services.insurer.exchange import digest_of
from services.insurer.exchange_facts import Contents
from services.models import ExchangeReport, Reconciliation


@dataclass(frozen=True, slots=True)
class Head:
    """A report in a list."""

    id: uuid.UUID
    org_key: str
    office: str
    insurer: str
    from_on: date
    until_on: date
    version: int
    status: str
    number: str | None
    prepared: str | None
    prepared_at: datetime
    issued: str | None
    issued_at: datetime | None
    newest: bool


@dataclass(frozen=True, slots=True)
class Report:
    """A report with its figures. `intact`: they are still those that were sealed."""

    head: Head
    row: ExchangeReport
    contents: Contents
    intact: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """Something done under the cooperation rules; `withdrawn`: why it no longer counts."""

    id: uuid.UUID
    insurer: str
    code: str
    held_on: date
    note: str
    by: str | None
    at: datetime
    withdrawn: str | None


@dataclass(frozen=True, slots=True)
class Different:
    """A difference of a compared day. `days`: since it began; `owner`: who looks after the file."""

    claim_no: str
    round: int
    version: int
    kind: str
    ours: str
    theirs: str
    since: date
    days: int
    owner_id: uuid.UUID | None
    owner: str | None


_HEADS = """
    SELECT r.id, r.org_key, o.name AS office, r.insurer, r.from_on, r.until_on, r.version, r.status, r.number, p.name AS prepared,
           r.prepared_at, i.name AS issued, r.issued_at,
           NOT EXISTS (SELECT 1 FROM exchange_report n WHERE n.org_key = r.org_key AND n.insurer = r.insurer AND n.from_on = r.from_on
                       AND n.until_on = r.until_on AND n.version > r.version) AS newest
    FROM exchange_report r LEFT JOIN organisation o ON o.org_key = r.org_key LEFT JOIN account p ON p.id = r.prepared_by
    LEFT JOIN account i ON i.id = r.issued_by"""
_LISTED = sa.text(f"{_HEADS} WHERE (:insurer = '' OR r.insurer = :insurer)"
                  " ORDER BY r.until_on DESC, r.from_on DESC, r.insurer, r.org_key, r.version DESC LIMIT :limit OFFSET :skip")
_ONE = sa.text(f"{_HEADS} WHERE r.id = :id")
_ENTRIES = sa.text("""
    SELECT a.id, a.insurer, a.code, a.held_on, a.note, p.name AS by, a.at, w.note AS withdrawn FROM cooperation_act a
    LEFT JOIN account p ON p.id = a.account_id LEFT JOIN cooperation_act w ON w.withdraws = a.id
    WHERE a.withdraws IS NULL ORDER BY a.held_on DESC, a.id DESC LIMIT :limit""")
_DIFFERENT = sa.text("""
    SELECT d.claim_no, d.round, d.version, d.kind, d.ours, d.theirs, d.since, r.day - d.since AS days, h.owner AS owner_id, a.name AS owner
    FROM reconciliation_difference d JOIN reconciliation r ON r.id = d.reconciliation_id
    LEFT JOIN LATERAL (SELECT w.owner FROM handoff f JOIN handoff_owner w ON w.handoff_id = f.id WHERE f.claim_id = d.claim_id
        AND f.round = d.round ORDER BY w.at DESC, w.id DESC LIMIT 1) h ON true LEFT JOIN account a ON a.id = h.owner
    WHERE r.day = :day AND (CAST(:owner AS uuid) IS NULL OR h.owner = :owner) ORDER BY d.since, d.claim_no, d.round, d.version, d.kind
    LIMIT :limit""")


def reports(session: Session, *, insurer: str = "", skip: int = 0, limit: int = 50) -> list[Head]:
    """Reports in the caller's sight, the newest period first."""
    return [Head(*row) for row in session.execute(_LISTED, {"insurer": insurer, "skip": skip, "limit": limit})]


def report(session: Session, report_id: uuid.UUID) -> Report:
    """One report. NotFound outside the caller's sight."""
    row = session.get(ExchangeReport, report_id, populate_existing=True)
    head = session.execute(_ONE, {"id": report_id}).first()
    if row is None or head is None:
        raise NotFound("report_missing", "没有这一报告，或不在您的管辖范围内", remedy="核对编号")
    contents = Contents.model_validate(row.contents)
    return Report(Head(*head), row, contents, digest_of(contents) == row.digest)


def entries(session: Session, *, limit: int = 100) -> list[Entry]:
    """What was entered, newest day first, with what was withdrawn."""
    return [Entry(*row) for row in session.execute(_ENTRIES, {"limit": limit})]


def days(session: Session, *, until: date | None = None, limit: int = 31) -> Sequence[Reconciliation]:
    """Compared days up to one, or all, newest first."""
    asked = select(Reconciliation).order_by(col(Reconciliation.day).desc()).limit(limit)
    return session.exec(asked.where(col(Reconciliation.day) <= until) if until else asked).all()


def day(session: Session, wanted: date) -> Reconciliation:
    """One compared day. NotFound when it was not compared."""
    found = session.exec(select(Reconciliation).where(Reconciliation.day == wanted)).first()
    if found is None:
        raise NotFound("day_missing", f"{wanted} 没有对账", remedy="核对日期；每天早晨对前一日的账")
    return found


def differences(session: Session, wanted: date, *, owner: uuid.UUID | None = None, limit: int = 500) -> list[Different]:
    """A day's differences in the caller's sight, the oldest first; of one owner's files only when asked."""
    return [Different(*row) for row in session.execute(_DIFFERENT, {"day": wanted, "owner": owner, "limit": limit})]
