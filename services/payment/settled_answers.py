"""What a bank answers to lines of settlements: matched by the same rules as claims' payments, moved by one statement a file.

Runs are locked before their lines, everywhere: so a run's record and its bookings go one after the other.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import system
from services.core.db import driver_cursor
from services.core.settings import settings
from services.ledger import service as ledger
from services.payment import settled
from services.payment.picking import accounts
from services.payment.sent import Matched, Sent

SERIES = "S"        # what the number of a settlement's run begins with
_LOCK_RUNS = sa.text("""
    SELECT id FROM payment_run WHERE run_no IN (SELECT unnest(CAST(:numbers AS text[]))) ORDER BY id FOR UPDATE""")
_SENT = """
    SELECT l.reference, p.id, l.run_id, p.org_key, l.attempt, l.amount_fen, p.state, p.attempt, p.card_id
    FROM unnest(%(references)s::text[]) AS w(reference) CROSS JOIN LATERAL (
        SELECT s.reference, s.settlement_payment_id, s.run_id, s.attempt, s.amount_fen FROM bank_line s
        WHERE s.kind = 'sent' AND s.reference = w.reference OFFSET 0) l
    JOIN settlement_payment p ON p.id = l.settlement_payment_id ORDER BY p.id FOR UPDATE OF p"""
_CREDIT = """
    UPDATE settlement_payment p SET state = 'credited', serial = r.serial, credited_at = r.at, return_reason = NULL
    FROM unnest(%(ids)s::uuid[], %(serials)s::text[], %(times)s::timestamptz[]) AS r(id, serial, at) WHERE p.id = r.id"""
# A returned line is no longer credited, whatever its earlier answer said; the bank's lines keep both.
_RETURN = """
    UPDATE settlement_payment p SET state = 'returned', serial = NULL, credited_at = NULL, return_reason = r.reason
    FROM unnest(%(ids)s::uuid[], %(reasons)s::text[]) AS r(id, reason) WHERE p.id = r.id"""


def of_settlement(reference: str) -> bool:
    """Whether a reference is one of a settlement's run."""
    return reference.startswith(SERIES)


def lines_sent(session: Session, references: Sequence[str]) -> dict[str, Sent]:
    """The lines we sent under these references, locked, and where each stands; what is not ours is not among them."""
    if not references:
        return {}
    session.execute(_LOCK_RUNS, {"numbers": list({reference.partition("-")[0] for reference in references})})
    rows = driver_cursor(session).execute(_SENT, {"references": list(set(references))}, binary=True).fetchall()
    found = accounts(session, [row[8] for row in rows])
    return {row[0]: Sent(row[1], None, row[2], row[3], row[4], row[5], row[6], row[7], account.number, account.holder)
            for row in rows for account in (found[row[8]],)}


def moved(session: Session, matched: Matched, *, file_sha256: str, now: datetime, line_no: int | None = None) -> None:
    """Lines move as a file says (or one line of it), the books and each run's record with them."""
    if not matched:
        return
    cursor = driver_cursor(session)
    credited = [pair for pair in matched if pair[0].status == "credited"]
    returned = [pair for pair in matched if pair[0].status == "returned"]
    if credited:
        cursor.execute(_CREDIT, {"ids": [known.payment_id for _, known in credited], "serials": [answer.serial for answer, _ in credited],
                                 "times": [answer.bank_time for answer, _ in credited]})
    if returned:
        cursor.execute(_RETURN, {"ids": [known.payment_id for _, known in returned], "reasons": [answer.reason for answer, _ in returned]})
    ledger.follow_file(session, file_sha256=file_sha256, steps=("credited", "bounced"), line_no=line_no, now=now)
    _record(session, matched, file_sha256, now)


def _record(session: Session, matched: Matched, file_sha256: str, now: datetime) -> None:
    sums: dict[uuid.UUID, dict[str, int]] = {}
    for answer, known in matched:
        of_run = sums.setdefault(known.run_id, {"credited": 0, "credited_fen": 0, "returned": 0, "returned_fen": 0})
        of_run[answer.status] += 1
        of_run[f"{answer.status}_fen"] += answer.amount_fen
    worker = system(settings().root_org)
    keys = {row.id: row.org_key for row in session.execute(
        sa.text("SELECT id, org_key FROM payment_run WHERE id IN (SELECT unnest(CAST(:ids AS uuid[])))"), {"ids": list(sums)})}
    for run_id in sorted(sums):
        settled.note(session, run_id, keys[run_id], "answer", {"file": file_sha256, **sums[run_id]}, actor=worker, now=now)
