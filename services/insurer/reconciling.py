"""The daily comparison with the insurer: our books read set-based, compared with its list of the day, kept once."""

from __future__ import annotations

import hashlib
import uuid
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import Actor, Role
from services.core.clock import at_hour, business_day
from services.core.errors import InputError
from services.core.ids import uuidv7
from services.core.money import to_fen
from services.core.settings import settings
from services.insurer.comparing import Books, Difference, File, Kept, Key, Money, compare
from services.insurer.rules import message_id
from services.insurer.statement import Statement
from services.insurer.wire import canonical
from services.models import Reconciliation, ReconciliationDifference

MOST_DAYS = 31          # made up for at once after a standstill

# Dossiers that are open, or moved on the day, or that the insurer names; with each time one was sent and each answer that has a receipt.
_FILES = sa.text("""
    WITH wanted AS (
        SELECT h.id FROM handoff h WHERE h.state IN ('sent', 'received', 'questioned', 'decided')
        UNION SELECT h.id FROM handoff h WHERE h.sent_at >= :start AND h.sent_at < :over
        UNION SELECT m.handoff_id FROM insurer_message m WHERE m.sent_at >= :start AND m.sent_at < :over AND m.state = 'applied'
        UNION SELECT h.id FROM handoff h JOIN claim c ON c.id = h.claim_id WHERE c.claim_no = ANY(CAST(:numbers AS text[])))
    SELECT c.id AS claim_id, c.org_key, c.claim_no, h.id, h.round, h.package, h.state, h.recall_reason IS NOT NULL AS recalled,
           a.event, a.record -> 'details' AS details, a.at,
           h.state IN ('sent', 'received', 'questioned', 'decided') AS open
    FROM wanted w JOIN handoff h ON h.id = w.id JOIN claim c ON c.id = h.claim_id
    LEFT JOIN audit_record a ON a.chain_id = c.id AND a.subject_id = h.id AND a.machine = 'handoff' AND a.event IN ('send', 'reply')
    ORDER BY c.claim_no, h.round, a.seq""")
_INBOX = sa.text("""
    SELECT message_id, claim_no, round, version, kind, seq, state, coalesce(fault, '') AS fault, sent_at FROM insurer_message
    WHERE claim_no = ANY(CAST(:numbers AS text[]))""")
_MONEY = sa.text("""
    SELECT c.claim_no, d.round, d.answer ->> 'total' AS total, d.amount_fen, coalesce(p.fen, 0)::bigint AS paid, p.serials
    FROM claim c JOIN decision d ON d.claim_id = c.id AND d.source = 'insurer'
    LEFT JOIN LATERAL (SELECT sum(p.amount_fen) AS fen, array_agg(p.serial ORDER BY p.serial) FILTER (WHERE p.serial IS NOT NULL) AS serials
        FROM payment p WHERE p.claim_id = c.id AND p.round = d.round AND p.channel = 'insurer' AND p.state = 'credited') p ON true
    WHERE c.claim_no = ANY(CAST(:numbers AS text[]))""")
_CLAIMS = sa.text("SELECT claim_no, id, org_key FROM claim WHERE claim_no = ANY(CAST(:numbers AS text[]))")
_KEPT = sa.text("SELECT id FROM reconciliation WHERE day = :day")
_LOCK = sa.text("SELECT pg_advisory_xact_lock(hashtext('reconciliation'))")
_LAST = sa.text("SELECT max(day) FROM reconciliation")
_UNSETTLED = sa.text("""
    SELECT d.claim_no, d.round, d.version, d.listed_on FROM reconciliation_difference d JOIN reconciliation r ON r.id = d.reconciliation_id
    WHERE r.day = (SELECT max(day) FROM reconciliation WHERE CAST(:before AS date) IS NULL OR day < :before) AND d.listed_on IS NOT NULL""")


def owed(session: Session, *, today: date) -> list[date]:
    """The days that are over and not compared yet: those since the last one, at most `MOST_DAYS`; at first only yesterday."""
    last, yesterday = session.execute(_LAST).scalar_one(), today - timedelta(days=1)
    start = yesterday if last is None else max(last + timedelta(days=1), yesterday - timedelta(days=MOST_DAYS - 1))
    return [start + timedelta(days=n) for n in range((yesterday - start).days + 1)]


def unsettled(session: Session) -> list[date]:
    """The days whose lists had the files that differed last time: asked for again, since a file that is over is on no later list."""
    return sorted({row.listed_on for row in session.execute(_UNSETTLED, {"before": None})})


def reconcile(session: Session, *, statement: Statement, earlier: Sequence[Statement] = (), actor: Actor, now: datetime) -> Reconciliation:
    """Compare and keep. A day that was compared before keeps its row. InputError for a day that is not over.

    `earlier`: the lists of `unsettled`; what differed last time and is on no list of today's is compared with them until it is put right.
    """
    actor.require(Role.SYSTEM, what="与保险公司每日对账")
    if statement.day >= business_day(now):
        raise InputError("day_not_over", f"{statement.day} 还没有过完", remedy="次日再对账", field="day")
    session.execute(_LOCK)
    kept = session.execute(_KEPT, {"day": statement.day}).scalar_one_or_none()
    if kept is not None:
        return session.get_one(Reconciliation, kept)
    whole, listed = _whole(session, statement, earlier)
    books, claims = _books(session, whole)
    found = compare(books, whole)
    row = _head(books, statement, found, now)
    session.add(row)
    session.flush()
    root = f"{settings().root_org.rstrip('.')}."
    for one in found:
        claim_id, org_key = claims.get(one.claim_no, (None, root))
        session.add(ReconciliationDifference(
            id=uuidv7(), org_key=org_key, reconciliation_id=row.id, claim_id=claim_id, claim_no=one.claim_no, round=one.round,
            version=one.version, kind=one.kind, ours=one.ours, theirs=one.theirs, since=one.since,
            listed_on=listed.get((one.claim_no, one.round, one.version))))
    session.flush()
    return row


def _whole(session: Session, statement: Statement, earlier: Sequence[Statement]) -> tuple[Statement, dict[Key, date]]:
    """The day's list with the files that still differ and are on it no longer, and on which list each was."""
    waiting = {(row.claim_no, row.round, row.version) for row in session.execute(_UNSETTLED, {"before": statement.day})}
    positions = {(one.claim_no, one.round, one.version): (one, statement.day) for one in statement.positions}
    for former in sorted(earlier, key=lambda one: one.day, reverse=True):
        for one in former.positions:
            key = (one.claim_no, one.round, one.version)
            if key in waiting and former.day < statement.day:
                positions.setdefault(key, (one, former.day))
    whole = statement.model_copy(update={"positions": tuple(position for position, _ in positions.values())})
    return whole, {key: day for key, (_, day) in positions.items()}


def _books(session: Session, statement: Statement) -> tuple[Books, dict[str, tuple[uuid.UUID, str]]]:
    """Our books as far as the day is concerned, and each claim's id and organisation."""
    rows = session.execute(_FILES, {"start": at_hour(statement.day, 0), "over": at_hour(statement.day + timedelta(days=1), 0),
                                    "numbers": [position.claim_no for position in statement.positions]}).all()
    numbers = sorted({row.claim_no for row in rows} | {position.claim_no for position in statement.positions})
    inbox = {row.message_id: Kept((row.claim_no, row.round, row.version), row.kind, row.seq, row.state, row.fault,
                                  business_day(row.sent_at))
             for row in session.execute(_INBOX, {"numbers": numbers})}
    money = {(row.claim_no, row.round): Money(_fen(row.total), row.amount_fen, row.paid, tuple(row.serials or ()))
             for row in session.execute(_MONEY, {"numbers": numbers})}
    books = Books(_files(rows), {uuid.UUID(key): kept for key, kept in inbox.items()}, money)
    return books, {row.claim_no: (row.id, row.org_key) for row in session.execute(_CLAIMS, {"numbers": numbers})}


def _fen(total: str | None) -> int | None:
    return None if total is None else to_fen(Decimal(total))


def _files(rows: Sequence[sa.Row[tuple[object, ...]]]) -> dict[Key, File]:
    """Every version that was sent, and the present one whether or not it was."""
    replies: dict[tuple[str, int], dict[uuid.UUID, date]] = defaultdict(dict)
    sent: dict[Key, sa.Row[tuple[object, ...]]] = {}
    present: dict[Key, sa.Row[tuple[object, ...]]] = {}
    for row in rows:
        present[row.claim_no, row.round, row.package] = row
        if row.event == "send":
            sent[row.claim_no, row.round, int(row.details["version"])] = row
        elif row.event == "reply":
            name = message_id(row.id, f"reply/{row.details['in_reply_to']}")
            replies[row.claim_no, row.round][name] = business_day(row.at)
    return {key: _file(key, {**present, **sent}[key], sent.get(key), replies[key[:2]] if key in present else {})
            for key in sorted({*present, *sent})}


def _file(key: Key, row: sa.Row[tuple[object, ...]], sent: sa.Row[tuple[object, ...]] | None,
          replies: dict[uuid.UUID, date]) -> File:
    return File(digest=str(sent.details["digest"]) if sent else None, state=row.state, sent_on=business_day(sent.at) if sent else None,
                recalled=row.recalled, due=sent is not None and row.open and key[2] == row.package, replies=replies)


def _head(books: Books, statement: Statement, found: Sequence[Difference], now: datetime) -> Reconciliation:
    positions = statement.positions
    said = [message.message_id for position in positions for message in position.said]
    kept = [books.inbox[one] for one in said if one in books.inbox]
    decided = {(position.claim_no, position.round) for position in positions if position.decided is not None}
    ours = [money for key, money in books.money.items() if key in decided]
    return Reconciliation(
        id=uuidv7(), day=statement.day, files=len(positions), heard=sum(len(position.heard) for position in positions), said=len(said),
        kept=len(kept), applied=sum(one.state == "applied" for one in kept),
        ours_decided_fen=sum(money.total_fen or 0 for money in ours), ours_paid_fen=sum(money.paid_fen for money in ours),
        theirs_decided_fen=sum(to_fen(position.decided) for position in positions if position.decided is not None),
        theirs_settled_fen=sum(to_fen(position.settled) for position in positions if position.settled is not None),
        differences=len(found), digest=hashlib.sha256(canonical(statement.wire())).hexdigest(), at=now)
