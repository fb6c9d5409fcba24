"""What the windows' bills do to a plan's books: a share that came, grew or went, and the hospital that is paid for a day.

Each version of a bill is booked once, each paid day once, from the row that proves it. Amounts are fen.

| kind | debit | credit | proved by |
|---|---|---|---|
| decided, lapsed | 互助金支出; lapsed: 应付互助金 | 应付互助金; lapsed: 互助金支出 | window_version: the share grew, or shrank |
| credited | 应付互助金 | 专户存款 | window_day in state `paid` |
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import Actor
from services.ledger.accounts import prefix

_BOOKED = sa.text("""
    WITH due AS (
        SELECT v.id, v.org_key, v.change_fen, v.counts_on, CASE WHEN v.change_fen > 0 THEN 'decided' ELSE 'lapsed' END AS step
        FROM window_version v WHERE v.bill_id IN (SELECT unnest(CAST(:bills AS uuid[]))) AND v.change_fen <> 0
        AND NOT EXISTS (SELECT 1 FROM ledger_entry e WHERE e.source_id = v.id)),
    made AS (
        INSERT INTO ledger_transaction (id, org_key, plan, kind, booked_on, fact_on, account_id, at)
        SELECT uuidv7(), org_key, :plan, step, counts_on, counts_on, :account, :at FROM due GROUP BY org_key, step, counts_on
        RETURNING id, org_key, kind, fact_on)
    INSERT INTO ledger_entry (id, org_key, transaction_id, account, source_id, step, attempt, amount_fen)
    SELECT uuidv7(), d.org_key, m.id, CAST(:prefix AS text) || 'payable', d.id, d.step, 0, -d.change_fen
    FROM due d JOIN made m ON m.org_key = d.org_key AND m.kind = d.step AND m.fact_on = d.counts_on
    UNION ALL
    SELECT uuidv7(), m.org_key, m.id, CAST(:prefix AS text) || 'benefits', NULL::uuid, NULL, NULL::int, sum(d.change_fen)::bigint
    FROM due d JOIN made m ON m.org_key = d.org_key AND m.kind = d.step AND m.fact_on = d.counts_on GROUP BY m.id, m.org_key""").bindparams(
    sa.bindparam("account", type_=sa.Uuid))
_PAID = sa.text("""
    WITH made AS (
        INSERT INTO ledger_transaction (id, org_key, plan, kind, booked_on, fact_on, reason, account_id, at)
        SELECT uuidv7(), d.org_key, d.plan, 'credited', d.paid_on, d.paid_on, d.reference, :account, :at FROM window_day d WHERE d.id = :day
        RETURNING id, org_key, plan)
    INSERT INTO ledger_entry (id, org_key, transaction_id, account, bank_account_id, source_id, step, attempt, amount_fen)
    SELECT uuidv7(), m.org_key, m.id, CAST(:prefix AS text) || s.account,
        CASE WHEN s.account = 'cash' AND CAST(:prefix AS text) = '' THEN (SELECT f.id FROM fund_account f WHERE f.plan = m.plan
            ORDER BY f.entered_at DESC, f.id DESC LIMIT 1) END, s.source, s.step, s.attempt, s.fen
    FROM made m CROSS JOIN window_day d CROSS JOIN LATERAL (VALUES
        ('payable', d.id, 'credited', 0, d.our_fen), ('cash', NULL::uuid, NULL, NULL::int, -d.our_fen))
        AS s(account, source, step, attempt, fen)
    WHERE d.id = :day""").bindparams(sa.bindparam("account", type_=sa.Uuid))


def booked(session: Session, *, bill_ids: Sequence[uuid.UUID], plan: str, actor: Actor, now: datetime) -> None:
    """What versions of these bills of one plan changed and is not booked yet: owed to the hospital from now on, or no longer."""
    session.flush()
    session.execute(_BOOKED, {"bills": list(bill_ids), "plan": plan, "prefix": prefix(plan), "account": actor.account_id, "at": now})


def paid(session: Session, *, day_id: uuid.UUID, plan: str, actor: Actor, now: datetime) -> None:
    """A hospital's day was paid (or, where more was taken back than given, came back)."""
    session.flush()
    session.execute(_PAID, {"day": day_id, "plan": plan, "prefix": prefix(plan), "account": actor.account_id, "at": now})
