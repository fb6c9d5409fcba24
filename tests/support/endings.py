"""How a claim ended with its insurer: every table that says so, without ids, times, numbers and digests."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence

import sqlalchemy as sa

# Each gives the rows of one claim (`:id`, `:no`) in an order of its own.
TABLES = {
    "claim": "SELECT state, outcome, amount_fen, round, route, held FROM claim WHERE id = :id",
    "handoff": "SELECT state, round, package, liabilities, answers, flags, report_no IS NOT NULL, case_no IS NOT NULL,"
               " receipt_no IS NOT NULL, serial IS NOT NULL, recall_reason FROM handoff WHERE claim_id = :id ORDER BY round",
    "inbox": "SELECT claim_no = :no, kind, round, version, state, body - 'report_no' - 'case_no' - 'letter' - 'serial' - 'bank_time'"
             " - 'account_last4' #- '{said,letter}' FROM insurer_message WHERE claim_no IN (:no, 'NOBODY-' || :no) ORDER BY seq",
    "decision": "SELECT round, source, kind, amount_fen, reason, clause FROM decision WHERE claim_id = :id ORDER BY round, at",
    "reservation": "SELECT benefit, amount_fen, days, state FROM reservation WHERE claim_id = :id ORDER BY benefit",
    "payment": "SELECT state, round, purpose, channel, amount_fen, attempt, serial IS NOT NULL, credited_at IS NOT NULL FROM payment"
               " WHERE claim_id = :id ORDER BY round, purpose",
    "bank_line": "SELECT kind, attempt, amount_fen, fault, serial IS NOT NULL FROM bank_line WHERE reference = :no ORDER BY line_no",
    "receivable": "SELECT state, round, amount_fen, received_fen FROM receivable WHERE claim_id = :id ORDER BY round",
    "ledger": "SELECT e.account, e.amount_fen, e.step, e.attempt FROM ledger_entry e WHERE e.cover_id = (SELECT cover_id FROM claim WHERE"
              " id = :id) OR e.source_id IN (SELECT id FROM decision WHERE claim_id = :id UNION SELECT id FROM payment WHERE claim_id = :id"
              " UNION SELECT id FROM receivable WHERE claim_id = :id) ORDER BY 1, 2, 3",
    "letters": "SELECT code, recipient, state, attempt FROM notice WHERE claim_id = :id ORDER BY code, recipient",
    "lists": "SELECT state, source, round, items FROM supplement WHERE claim_id = :id ORDER BY asked_at",
    "clocks": "SELECT kind, round, state, kept FROM sla_clock WHERE claim_id = :id ORDER BY kind, round, subject",
    "owed": "SELECT topic FROM outbox WHERE claim_id = :id ORDER BY topic",
}
Ending = dict[str, list[tuple[object, ...]]]


def ending(ask: Callable[..., Sequence[sa.Row[tuple[object, ...]]]], claim: uuid.UUID, number: str) -> Ending:
    """By table what is there of a claim."""
    return {table: [tuple(row) for row in ask(statement, id=claim, no=number)] for table, statement in TABLES.items()}


def differences(one: Ending, other: Ending) -> dict[str, tuple[list[tuple[object, ...]], list[tuple[object, ...]]]]:
    """The tables in which two endings differ, both sides."""
    return {table: (one[table], other[table]) for table in TABLES if one[table] != other[table]}
