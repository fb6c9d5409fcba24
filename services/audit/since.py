"""Proving what came after a sealed day, on the ground of the statement at the second place; and the statements themselves."""

from __future__ import annotations

import uuid
from datetime import date
from itertools import groupby
from operator import itemgetter

from sqlmodel import Session

from services.audit import checking, sealing, spans
from services.audit.checking import Finding, Tail
from services.audit.place import Place
from services.audit.sealing import Statement
from services.audit.spans import CHAINS, HEADS, LOWEST, Head, Sealed, Span
from services.audit.verify import Job, Tell, agreeing, bounds, connected, in_processes, verify_span
from services.core.db import Database, Scope, driver_cursor
from services.core.errors import NotFound, OutsideError
from services.core.signing import SigningKeys

# The subquery keeps its order, so it is read chain by chain through the key, whatever the planner thinks of the list's length.
_AFTER = f"""
    SELECT a.* FROM unnest(%s::uuid[], %s::int[]) AS g(chain, place) CROSS JOIN LATERAL (
        SELECT {checking.COLUMNS} FROM audit_record WHERE audit_record.chain_id = g.chain AND seq >= g.place ORDER BY seq) a"""
_NEW = f"""SELECT id FROM ({HEADS}) h WHERE id BETWEEN %s AND %s AND id NOT IN (SELECT unnest(%s::uuid[]))"""
_BATCH = 5000
_NO_GROUND = ("audit_seal_missing", "audit_seal_changed")


def verify_since(db: Database, scope: Scope, *, place: Place, keys: SigningKeys, day: date | None = None, workers: int | None = None,
                 chains_a_span: int = CHAINS, tell: Tell = lambda *_: None) -> tuple[Statement, list[Finding]]:
    """The ground taken (the day's statement, or the newest one) and what is wrong with the records after it.

    NotFound when nothing is sealed yet; OutsideError when the ground itself is missing or changed.
    """
    days = sealing.sealed_days(place)
    if not days:
        raise NotFound("audit_seal_missing", "第二处还没有每日总校验", remedy="先运行 huzhu audit seal，或不带 --since 全部核验")
    ground = sealing.proven(place, keys, day or days[-1])
    jobs: list[Job] = []
    first = LOWEST
    for span in ground.spans:
        last = uuid.UUID(span.last)
        jobs.append((_job, (db.url, scope, place, span, Span(first, last))))
        first = uuid.UUID(int=last.int + 1)
    with db.view(scope) as session:
        after = uuid.UUID(ground.spans[-1].last) if ground.spans else LOWEST
        jobs += [(_new, (db.url, scope, span)) for span in bounds(session, chains_a_span, after)]
    return ground, [*check_days(db, scope, place, keys), *in_processes(jobs, workers, tell)]


def _job(url: str, scope: Scope, place: Place, span: Sealed, reach: Span) -> list[Finding]:
    heads = spans.load(place, span)
    with connected(url).view(scope) as session:
        return after(session, reach, heads)


def _new(url: str, scope: Scope, span: Span) -> list[Finding]:
    with connected(url).view(scope) as session:
        return verify_span(session, span)


def after(session: Session, reach: Span, heads: list[Head]) -> list[Finding]:
    """Check the chains of a span from their sealed ends on, and those that came since from their beginnings."""
    ground = {str(head.chain): head for head in heads}
    cursor = driver_cursor(session)
    new = [row[0] for row in cursor.execute(_NEW, (reach.first, reach.last, [head.chain for head in heads]), binary=True)]
    findings: list[Finding] = []
    tails: dict[str, Tail] = {}
    with cursor.connection.cursor("audit_since", binary=True) as rows:
        rows.itersize = _BATCH
        rows.execute(_AFTER, ([*(head.chain for head in heads), *new], [*(head.seq for head in heads), *(0 for _ in new)]))
        for chain_id, records in groupby(rows, key=itemgetter(0)):
            found, tails[chain_id] = checking.check(chain_id, records, ground.get(chain_id))
            findings += found
    cut = [head for head in heads if head.seq and str(head.chain) not in tails]
    return findings + _lost(session, cut) + agreeing(session, reach, tails)


def _lost(session: Session, heads: list[Head]) -> list[Finding]:
    """Chains without the record that was sealed as their last one: cut off, or gone with their claims."""
    now = {chain_id: length for chain_id, _, length in spans.lost(session, heads)}
    return [checking.gone(str(head.chain), head.seq) if now.get(head.chain, 0) is None
            else checking.shorter(str(head.chain), head.seq, now.get(head.chain) or 0, "封存") for head in heads]


def check_days(db: Database, scope: Scope, place: Place, keys: SigningKeys) -> list[Finding]:
    """The statements: each at the place as it is recorded here, signed, after the one before; and chains that one of them missed."""
    with db.view(scope) as session:
        rows = sealing.seals(session)
    there = sealing.sealed_days(place)
    findings = [Finding("seal_missing", str(day), 0, f"{day}的每日总校验在第二处，这里的登记已不在")
                for day in there if day not in {row.day for row in rows}]
    previous = ""
    for row in rows:
        if row.exported_at is None and row.day not in there:       # not written yet; one that lies there is asked, whatever is said here
            continue
        try:
            statement = sealing.proven(place, keys, row.day)
        except OutsideError as error:
            if error.code not in _NO_GROUND:
                raise
            findings.append(Finding("seal_changed", str(row.day), 0, error.message))
            previous = ""
            continue
        if statement.text != row.statement or (previous and statement.previous != previous):
            findings.append(Finding("seal_changed", str(row.day), 0, f"{row.day}的每日总校验与第二处所存或前一日不相接"))
        if statement.losses:
            findings.append(Finding("seal_losses", str(row.day), statement.losses,
                                    f"{row.day}封存时已有{statement.losses}条链比前一次短、不在或被改写：以更早一日核验（--since）可知是哪些"))
        previous = statement.sha256
    return findings


def stands(db: Database, scope: Scope, *, place: Place, keys: SigningKeys) -> list[Finding]:
    """What the newest statement knows and the record no longer has: part of the whole verification.

    A statement that does not hold is named by `check_days`; the one before it is asked then.
    """
    for day in reversed(sealing.sealed_days(place)):
        try:
            ground = sealing.proven(place, keys, day)
        except OutsideError as error:
            if error.code not in _NO_GROUND:
                raise
            continue
        return [finding for span in ground.spans for finding in _span_stands(db, scope, place, span, day)]
    return []


def _span_stands(db: Database, scope: Scope, place: Place, span: Sealed, day: date) -> list[Finding]:
    try:
        heads = spans.load(place, span)
    except OutsideError as error:
        if error.code != spans.DAMAGED:
            raise
        return [Finding("place_damaged", str(day), 0, error.message)]
    with db.view(scope) as session:
        return [_fallen(str(chain), seq, now, same, str(day)) for chain, seq, now, same in spans.fallen(session, heads)]


def _fallen(chain_id: str, seq: int, now: int | None, same: bool | None, when: str) -> Finding:
    if now is None:
        return checking.gone(chain_id, seq)
    if now < seq or same is None:
        return checking.shorter(chain_id, seq, min(now, seq - 1), when)
    return checking.replaced(chain_id, seq)
