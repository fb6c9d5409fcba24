"""Proving the record: every chain whole, in order, unchanged, and ending where its claim and the daily head say."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.audit import chain
from services.core.crypto import key_ring
from services.models import AuditHead
from services.models.claim import GENESIS

Tail = tuple[int, bytes]


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with one chain. `code`: changed, removed, reordered, rechained, head_differs, tail_missing."""

    code: str
    chain_id: str
    seq: int
    message: str


_RECORDS = sa.text("""
    SELECT chain_id, seq, org_key, machine, subject_id, event, account_id, person_id, at, record, prev, hash
    FROM audit_record ORDER BY chain_id, seq""")
_HEADS = sa.text("SELECT id, audit_seq, audit_head FROM claim UNION ALL SELECT id, audit_seq, audit_head FROM payment_run")
_BATCH = 5000


def verify(session: Session) -> list[Finding]:
    """Check all chains in bounded memory."""
    findings: list[Finding] = []
    tails: dict[uuid.UUID, Tail] = {}
    rows = session.connection().execution_options(stream_results=True, yield_per=_BATCH).execute(_RECORDS)
    for chain_id, records in groupby(rows, key=lambda row: row.chain_id):
        found, tails[chain_id] = _chain(records)
        findings += found
    return findings + _heads(session, tails) + _days(session, tails)


def _chain(records: Iterator[Any]) -> tuple[list[Finding], Tail]:
    """One chain in order, and its last (seq, hash)."""
    key = key_ring().audit_key
    findings = []
    seq, prev = 0, GENESIS
    for row in records:
        where = str(row.chain_id)
        if row.seq != seq + 1:
            findings.append(Finding("removed", where, row.seq, f"第{seq}条之后缺第{seq + 1}条"))
        if row.prev != prev:
            findings.append(Finding("reordered", where, row.seq, f"第{row.seq}条与前一条不相接"))
        if row.hash != chain.digest(key, row.prev, chain.canonical(row.record)):
            findings.append(Finding("changed", where, row.seq, f"第{row.seq}条内容与其校验值不符"))
        elif not _columns_agree(row):
            findings.append(Finding("changed", where, row.seq, f"第{row.seq}条的索引列与记录内容不符"))
        seq, prev = row.seq, row.hash
    return findings, (seq, prev)


def _columns_agree(row: Any) -> bool:
    """The columns that queries use say the same as the signed record."""
    record = row.record
    text = [str(row.chain_id), row.seq, row.org_key, row.machine, str(row.subject_id), row.event,
            str(row.account_id) if row.account_id else None, str(row.person_id) if row.person_id else None]
    signed = [record["chain"], record["seq"], record["org"], record["machine"], record["subject"], record["event"],
              record["account"], record["person"]]
    return text == signed and datetime.fromisoformat(record["at"]) == row.at


def _heads(session: Session, tails: dict[uuid.UUID, Tail]) -> list[Finding]:
    """The rows that carry a chain's head agree with its last record."""
    findings = []
    for chain_id, seq, head in session.execute(_HEADS):
        if tails.get(chain_id, (0, GENESIS)) != (seq, head):
            findings.append(Finding("head_differs", str(chain_id), seq, f"记录末条与案件所载第{seq}条不符"))
    return findings


def _days(session: Session, tails: dict[uuid.UUID, Tail]) -> list[Finding]:
    """Each daily head: its digest, and that no chain has become shorter since."""
    findings = []
    for day in session.exec(select(AuditHead).order_by(col(AuditHead.day))):
        if day.digest != digest_of(day.day, day.heads):
            findings.append(Finding("changed", str(day.day), 0, f"{day.day}的每日总校验值被改动"))
        for chain_id, head in day.heads.items():
            seq = int(str(head[0]))
            last = tails.get(uuid.UUID(chain_id), (0, GENESIS))[0]
            if last < seq:
                findings.append(Finding("tail_missing", chain_id, seq, f"{day.day}时有{seq}条，现仅{last}条"))
    return findings


def digest_of(day: date, heads: dict[str, list[object]]) -> bytes:
    """The day's digest over all heads."""
    key = key_ring().audit_key
    return chain.digest(key, hashlib.sha256(day.isoformat().encode()).digest(), chain.canonical(dict(heads)))


def seal_day(session: Session, *, day: date, now: datetime) -> AuditHead:
    """Write the head over all chains as they stand; exported by the caller to a second place."""
    heads: dict[str, list[object]] = {}
    for chain_id, seq, head in session.execute(_HEADS):
        heads[str(chain_id)] = [seq, head.hex()]
    sealed = AuditHead(day=day, chains=len(heads), records=sum(int(str(head[0])) for head in heads.values()),
                       heads=heads, digest=digest_of(day, heads), at=now)
    return session.merge(sealed)
