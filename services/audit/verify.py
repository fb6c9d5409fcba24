"""Proving the record: every chain whole, in order, unchanged, and ending where its claim and the daily head say."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.audit import chain
from services.core.crypto import key_ring
from services.core.db import Database, Scope, driver_cursor
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


_LOWEST, _HIGHEST = uuid.UUID(int=0), uuid.UUID(int=(1 << 128) - 1)


@dataclass(frozen=True, slots=True)
class Span:
    """Chains from `first` to `last`, both among them."""

    first: uuid.UUID = _LOWEST
    last: uuid.UUID = _HIGHEST


# Texts as the record spells them: no value is built only to be spelled again.
_RECORDS = """
    SELECT chain_id::text, seq, org_key, machine, subject_id::text, event, account_id::text, person_id::text, at, record::text,
           prev, hash
    FROM audit_record WHERE chain_id BETWEEN %s AND %s ORDER BY chain_id, seq"""
_HEADS = """SELECT id, audit_seq, audit_head FROM claim UNION ALL SELECT id, audit_seq, audit_head FROM payment_run"""
_HEADS_OF_SPAN = f"SELECT id::text, audit_seq, audit_head FROM ({_HEADS}) h WHERE id BETWEEN %s AND %s"
# One statement sees one moment: a chain that grew between two reads is not taken for one that was touched.
_STILL_DIFFERS = sa.text(f"""
    SELECT h.id, h.audit_seq FROM ({_HEADS}) h LEFT JOIN LATERAL (
        SELECT seq, hash FROM audit_record a WHERE a.chain_id = h.id ORDER BY seq DESC LIMIT 1) a ON true
    WHERE h.id = ANY(CAST(:ids AS uuid[])) AND (h.audit_seq, h.audit_head) IS DISTINCT FROM (
        coalesce(a.seq, 0), coalesce(a.hash, :genesis)) ORDER BY h.id""").bindparams(sa.bindparam("genesis", type_=sa.LargeBinary))
_BOUNDS = sa.text(f"""
    SELECT id FROM (SELECT id, row_number() OVER (ORDER BY id) AS nth FROM ({_HEADS}) h) n WHERE nth % :size = 0 ORDER BY id""")
_BATCH = 5000
_CHAINS_A_SPAN = 10_000
_parse = json.JSONDecoder().raw_decode
Seqs = dict[str, int]           # the last place of each chain
Tell = Callable[[int, int], None]       # spans done, of how many


def verify(session: Session) -> list[Finding]:
    """Check all chains in bounded memory, in this process."""
    findings, seqs = verify_span(session, Span())
    return findings + _days(session, seqs)


def verify_all(db: Database, scope: Scope, *, workers: int | None = None, chains_a_span: int = _CHAINS_A_SPAN,
               tell: Tell = lambda *_: None) -> list[Finding]:
    """The same by spans of chains, a process for each core (`workers`) where there is more than one span."""
    with db.view(scope) as session:
        cuts = list(session.execute(_BOUNDS, {"size": chains_a_span}).scalars())
        if not cuts:
            return verify(session)
    firsts = [_LOWEST, *cuts]
    lasts = [*(uuid.UUID(int=cut.int - 1) for cut in cuts), _HIGHEST]
    findings: list[Finding] = []
    seqs: Seqs = {}
    spawn = multiprocessing.get_context("spawn")        # a forked copy of a program with threads may hang
    with ProcessPoolExecutor(workers or os.cpu_count() or 1, mp_context=spawn) as pool:
        jobs = [pool.submit(_job, db.url, scope, Span(*ends)) for ends in zip(firsts, lasts, strict=True)]
        for done, job in enumerate(jobs, 1):
            found, last = job.result()
            findings += found
            seqs |= last
            tell(done, len(jobs))
    with db.view(scope) as session:
        return findings + _days(session, seqs)


def _job(url: str, scope: Scope, span: Span) -> tuple[list[Finding], Seqs]:
    with _database(url).view(scope) as session:
        return verify_span(session, span)


@lru_cache(maxsize=1)
def _database(url: str) -> Database:
    return Database(url, pool_size=1)


def verify_span(session: Session, span: Span) -> tuple[list[Finding], Seqs]:
    """Check the chains of a span against their hashes, their columns and the heads that claims and runs carry."""
    findings: list[Finding] = []
    tails: dict[str, Tail] = {}
    connection = driver_cursor(session).connection
    with connection.cursor("audit_verify", binary=True) as rows:
        rows.itersize = _BATCH
        rows.execute(_RECORDS, (span.first, span.last))
        for chain_id, records in groupby(rows, key=itemgetter(0)):
            found, tails[chain_id] = _chain(chain_id, records)
            findings += found
    return findings + _heads(session, span, tails), {chain_id: seq for chain_id, (seq, _) in tails.items()}


def _chain(chain_id: str, records: Iterator[Any]) -> tuple[list[Finding], Tail]:
    """One chain in order, and its last (seq, hash)."""
    key = key_ring().audit_key
    findings = []
    last, before = 0, GENESIS
    for row in records:
        seq, text, prev, digest = row[1], row[9], row[10], row[11]
        if seq != last + 1:
            findings.append(Finding("removed", chain_id, seq, f"第{last}条之后缺第{last + 1}条"))
        if prev != before:
            findings.append(Finding("reordered", chain_id, seq, f"第{seq}条与前一条不相接"))
        record = _parse(text)[0]
        if digest != chain.digest(key, prev, chain.canonical(record)):
            findings.append(Finding("changed", chain_id, seq, f"第{seq}条内容与其校验值不符"))
        elif not _columns_agree(row, record):
            findings.append(Finding("changed", chain_id, seq, f"第{seq}条的索引列与记录内容不符"))
        last, before = seq, digest
    return findings, (last, before)


_signed = itemgetter("chain", "seq", "org", "machine", "subject", "event", "account", "person")


def _columns_agree(row: Any, record: dict[str, Any]) -> bool:
    """The columns that queries use say the same as the signed record."""
    return bool(row[:8] == _signed(record)) and datetime.fromisoformat(record["at"]) == row[8]


def _heads(session: Session, span: Span, tails: dict[str, Tail]) -> list[Finding]:
    """The rows that carry a chain's head agree with its last record."""
    rows = driver_cursor(session).execute(_HEADS_OF_SPAN, (span.first, span.last), binary=True)
    differing = [chain_id for chain_id, seq, head in rows if tails.get(chain_id, (0, GENESIS)) != (seq, head)]
    if not differing:
        return []
    still = session.execute(_STILL_DIFFERS, {"ids": differing, "genesis": GENESIS})
    return [Finding("head_differs", str(chain_id), seq, f"记录末条与案件所载第{seq}条不符") for chain_id, seq in still]


def _days(session: Session, seqs: Seqs) -> list[Finding]:
    """Each daily head: its digest, and that no chain has become shorter since."""
    findings = []
    for day in session.exec(select(AuditHead).order_by(col(AuditHead.day))):
        if day.digest != digest_of(day.day, day.heads):
            findings.append(Finding("changed", str(day.day), 0, f"{day.day}的每日总校验值被改动"))
        for chain_id, head in day.heads.items():
            seq = int(str(head[0]))
            last = seqs.get(chain_id, 0)
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
    for chain_id, seq, head in session.execute(sa.text(_HEADS)):
        heads[str(chain_id)] = [seq, head.hex()]
    sealed = AuditHead(day=day, chains=len(heads), records=sum(int(str(head[0])) for head in heads.values()),
                       heads=heads, digest=digest_of(day, heads), at=now)
    return session.merge(sealed)
