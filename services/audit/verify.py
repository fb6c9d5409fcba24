"""Proving the record: every chain whole, in order, unchanged, and ending where its claim and the daily seals say."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from datetime import date
from functools import lru_cache
from itertools import groupby
from operator import itemgetter

import sqlalchemy as sa
from sqlmodel import Session, col

from services.audit import chain, checking
from services.audit.checking import Finding, Tail
from services.audit.spans import CHAINS, HEADS, HIGHEST, LOWEST, Span
from services.core.clock import at_hour
from services.core.crypto import key_ring
from services.core.db import Database, Scope, driver_cursor
from services.models import AuditHead
from services.models.claim import GENESIS

_RECORDS = f"SELECT {checking.COLUMNS} FROM audit_record WHERE chain_id BETWEEN %s AND %s ORDER BY audit_record.chain_id, seq"
_HEADS_OF_SPAN = f"SELECT id::text, audit_seq, audit_head FROM ({HEADS}) h WHERE id BETWEEN %s AND %s"
# One statement sees one moment: a chain that grew between two reads is not taken for one that was touched.
_STILL_DIFFERS = sa.text(f"""
    SELECT h.id, h.audit_seq FROM ({HEADS}) h LEFT JOIN LATERAL (
        SELECT seq, hash FROM audit_record a WHERE a.chain_id = h.id ORDER BY seq DESC LIMIT 1) a ON true
    WHERE h.id IN (SELECT unnest(CAST(:ids AS uuid[]))) AND (h.audit_seq, h.audit_head) IS DISTINCT FROM (
        coalesce(a.seq, 0), coalesce(a.hash, :genesis)) ORDER BY h.id""").bindparams(sa.bindparam("genesis", type_=sa.LargeBinary))
_STILL_GONE = sa.text(f"""
    SELECT g.id FROM unnest(CAST(:ids AS uuid[])) AS g(id) WHERE NOT EXISTS (SELECT FROM ({HEADS}) h WHERE h.id = g.id)""")
_BOUNDS = sa.text(f"""
    SELECT id FROM (SELECT id, row_number() OVER (ORDER BY id) AS nth FROM ({HEADS}) h WHERE id > :after) n
    WHERE nth % :size = 0 ORDER BY id""")
# The days of before release 0.9, which hold every chain's end themselves: which chains are shorter now.
_SHORTER = sa.text("""
    SELECT e.key, (e.value ->> 0)::int AS length, coalesce((SELECT max(seq) FROM audit_record a WHERE a.chain_id = e.key::uuid), 0)
    FROM audit_head h CROSS JOIN LATERAL jsonb_each(h.heads) e WHERE h.day = :day AND (e.value ->> 0)::int > coalesce(
        (SELECT max(seq) FROM audit_record a WHERE a.chain_id = e.key::uuid), 0) ORDER BY e.key""")
_BATCH = 5000
Tell = Callable[[int, int], None]       # spans done, of how many
Job = tuple[Callable[..., list[Finding]], tuple[object, ...]]


def verify(session: Session) -> list[Finding]:
    """Check all chains in bounded memory, in this process."""
    return verify_span(session, Span()) + old_days(session)


def verify_all(db: Database, scope: Scope, *, workers: int | None = None, chains_a_span: int = CHAINS,
               tell: Tell = lambda *_: None) -> list[Finding]:
    """The same by spans of chains, a process for each core (`workers`) where there is more than one span."""
    with db.view(scope) as session:
        ends = bounds(session, chains_a_span)
    findings = in_processes([(_job, (db.url, scope, span)) for span in ends], workers, tell)
    with db.view(scope) as session:
        return findings + old_days(session)


def bounds(session: Session, size: int, after: uuid.UUID = LOWEST) -> list[Span]:
    """Spans of so many chains each, over all ids after one; the last one is open."""
    cuts = list(session.execute(_BOUNDS, {"size": size, "after": after}).scalars())
    firsts = [LOWEST if after == LOWEST else uuid.UUID(int=after.int + 1), *cuts]
    lasts = [*(uuid.UUID(int=cut.int - 1) for cut in cuts), HIGHEST]
    return [Span(*ends) for ends in zip(firsts, lasts, strict=True)]


def in_processes(jobs: list[Job], workers: int | None, tell: Tell) -> list[Finding]:
    """Do the jobs side by side, few of them under way at once, so that no more than those are in memory; in this process for one."""
    count = min(workers or os.cpu_count() or 1, len(jobs))
    findings: list[Finding] = []
    waiting: Iterator[Job] = iter(jobs)
    if count <= 1:
        for done, (function, arguments) in enumerate(waiting, 1):
            findings += function(*arguments)
            tell(done, len(jobs))
        return findings
    spawn = multiprocessing.get_context("spawn")        # a forked copy of a program with threads may hang
    with ProcessPoolExecutor(count, mp_context=spawn) as pool:
        under_way: set[Future[list[Finding]]] = set()
        done = 0
        while True:
            for function, arguments in waiting:
                under_way.add(pool.submit(function, *arguments))
                if len(under_way) >= 2 * count:
                    break
            if not under_way:
                return findings
            finished, under_way = wait(under_way, return_when=FIRST_COMPLETED)
            for job in finished:
                findings += job.result()
            done += len(finished)
            tell(done, len(jobs))


def _job(url: str, scope: Scope, span: Span) -> list[Finding]:
    with connected(url).view(scope) as session:
        return verify_span(session, span)


@lru_cache(maxsize=1)
def connected(url: str) -> Database:
    """The database of a process that checks."""
    return Database(url, pool_size=1)


def verify_span(session: Session, span: Span) -> list[Finding]:
    """Check the chains of a span against their hashes, their columns and the heads that claims and runs carry."""
    findings: list[Finding] = []
    tails: dict[str, Tail] = {}
    connection = driver_cursor(session).connection
    with connection.cursor("audit_verify", binary=True) as rows:
        rows.itersize = _BATCH
        rows.execute(_RECORDS, (span.first, span.last))
        for chain_id, records in groupby(rows, key=itemgetter(0)):
            found, tails[chain_id] = checking.check(chain_id, records)
            findings += found
    return findings + agreeing(session, span, tails)


def agreeing(session: Session, span: Span, tails: dict[str, Tail]) -> list[Finding]:
    """The rows that carry a chain's head agree with its last record, and no chain is without its row."""
    rows = driver_cursor(session).execute(_HEADS_OF_SPAN, (span.first, span.last), binary=True)
    differing, without = [], set(tails)
    for chain_id, seq, head in rows:
        without.discard(chain_id)
        if tails.get(chain_id, (0, GENESIS)) != (seq, head):
            differing.append(chain_id)
    found: list[Finding] = []
    if differing:
        still = session.execute(_STILL_DIFFERS, {"ids": differing, "genesis": GENESIS})
        found += [Finding("head_differs", str(chain_id), seq, f"记录末条与案件所载第{seq}条不符") for chain_id, seq in still]
    if without:
        found += [checking.gone(str(row[0]), tails[str(row[0])][0]) for row in session.execute(_STILL_GONE, {"ids": sorted(without)})]
    return found


def old_days(session: Session) -> list[Finding]:
    """Each daily head of before the signed seals: its digest, and that no chain has become shorter since."""
    findings = []
    for day in session.scalars(sa.select(col(AuditHead.day)).order_by(col(AuditHead.day))).all():
        head = session.get_one(AuditHead, day)
        if head.digest != digest_of(day, head.heads):
            findings.append(Finding("changed", str(day), 0, f"{day}的每日总校验值被改动"))
        session.expunge(head)       # one day's list in memory, not all of them
        findings += [checking.shorter(chain_id, then, now, str(day)) for chain_id, then, now in session.execute(_SHORTER, {"day": day})]
    return findings


def digest_of(day: date, heads: dict[str, list[object]]) -> bytes:
    """The digest over all heads that a day of the former kind carries."""
    key = key_ring().audit_key_at(at_hour(day))
    return chain.digest(key, hashlib.sha256(day.isoformat().encode()).digest(), chain.canonical(dict(heads)))
