"""What a settlement's money does at the bank, many lines added up: sent, credited and sent back by run and bank's day.

The same steps and accounts as claims' money (`claims`), but one entry for each run, step and day: the proof are the run's bank
lines. A file is read once, so what it says is booked once; `attempt` numbers the bookings of a run's step.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.ledger.claims import BOOK, DAY

_CREDITED_BEFORE = """EXISTS (SELECT 1 FROM bank_line b WHERE b.settlement_payment_id = l.settlement_payment_id AND b.attempt = l.attempt
    AND b.kind = 'credit' AND b.fault IS NULL)"""


def _said(step: str, kind: str, *, account: str, sign: str, other: str) -> sa.TextClause:
    due = f"""
        SELECT n.id AS source_id, n.org_key, n.org_key AS book_key, n.plan, '' AS memo, x.fact_on, '{account}' AS account,
               ({sign}x.fen)::bigint AS fen, x.other, NULL::uuid AS cover_id, n.released_at AS paid_at,
               ((SELECT count(*) FROM ledger_entry e WHERE e.source_id = n.id AND e.step = '{step}')
                + row_number() OVER (PARTITION BY n.id ORDER BY x.fact_on, x.other))::int AS attempt
        FROM (SELECT l.run_id, {DAY.format("coalesce(l.bank_time, l.at)")} AS fact_on, {other} AS other, sum(l.amount_fen) AS fen
              FROM bank_line l WHERE l.file_sha256 = :sha AND l.kind = '{kind}' AND l.settlement_payment_id IS NOT NULL
              AND l.fault IS NULL AND (CAST(:line AS int) IS NULL OR l.line_no = :line) GROUP BY 1, 2, 3) x
        JOIN payment_run n ON n.id = x.run_id"""
    return _statement(step, due)


def _statement(step: str, due: str) -> sa.TextClause:
    return sa.text(BOOK.format(step=step, due=due, id="uuidv7()")).bindparams(
        sa.bindparam("account", type_=sa.Uuid), sa.bindparam("at", type_=sa.DateTime(timezone=True)))


_BY_FILE = {
    "sent": _said("sent", "sent", account="payable", sign="", other="'in_transit'"),
    "credited": _said("credited", "credit", account="in_transit", sign="", other="'cash'"),
    "bounced": _said("bounced", "return", account="payable", sign="-",
                     other=f"CASE WHEN {_CREDITED_BEFORE} THEN 'cash' ELSE 'in_transit' END"),
}


def follow_file(session: Session, *, file_sha256: str, steps: Sequence[str], now: datetime, line_no: int | None = None) -> None:
    """Book what a file to or from the bank says of settlements' lines, or one line of it; the caller's runs are locked."""
    for step in steps:
        session.execute(_BY_FILE[step], {"sha": file_sha256, "line": line_no, "account": None, "at": now})
