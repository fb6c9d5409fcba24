"""What a settlement gives, booked once for each of its partitions: owed from the moment the partition is written. And what of it
was given up, line by line.
"""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import Actor
from services.core.clock import business_day
from services.ledger.accounts import Account, prefix

_BOOK = sa.text("""
    WITH made AS (
        INSERT INTO ledger_transaction (id, org_key, plan, kind, booked_on, fact_on, account_id, at)
        VALUES (uuidv7(), :key, :plan, :step, :on, :on, :account, :at) RETURNING id)
    INSERT INTO ledger_entry (id, org_key, transaction_id, account, source_id, step, attempt, amount_fen)
    SELECT uuidv7(), :key, made.id, side.account, side.source, side.step, side.attempt, side.fen FROM made, (VALUES
        (CAST(:payable AS text), CAST(:source AS uuid), CAST(:step AS text), 0, CAST(:owed AS bigint)),
        (CAST(:benefits AS text), NULL, NULL, NULL, CAST(:given AS bigint))) AS side(account, source, step, attempt, fen)""").bindparams(
    sa.bindparam("account", type_=sa.Uuid))


def decided(session: Session, *, plan: str, org_key: str, part_id: uuid.UUID, fen: int, actor: Actor, now: datetime) -> None:
    """互助金支出 against 应付互助金, proved by the partition (`settlement_part`). Nothing to give books nothing."""
    if fen:
        _book(session, "decided", plan, org_key, part_id, fen, actor, now)


def lapsed(session: Session, *, plan: str, org_key: str, payment_id: uuid.UUID, fen: int, actor: Actor, now: datetime) -> None:
    """应付互助金 against 互助金支出, proved by a line (`settlement_payment`) that is cancelled for good: it is owed no longer."""
    _book(session, "lapsed", plan, org_key, payment_id, -fen, actor, now)


def _book(session: Session, step: str, plan: str, org_key: str, source: uuid.UUID, fen: int, actor: Actor, now: datetime) -> None:
    memo = prefix(plan)
    session.execute(_BOOK, {
        "step": step, "key": org_key, "plan": plan, "on": business_day(now), "account": actor.account_id, "at": now, "source": source,
        "payable": memo + Account.PAYABLE, "benefits": memo + Account.BENEFITS, "owed": -fen, "given": fen})
