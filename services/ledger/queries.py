"""Reads: balances of a plan's accounts, what each cover's premium came to, and the proof that it all agrees."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session

from services.ledger.accounts import name_of


@dataclass(frozen=True, slots=True)
class Balance:
    """One account of one plan in the caller's region, fen. `balance_fen` is debit less credit."""

    plan: str
    account: str
    name: str
    debit_fen: int
    credit_fen: int

    @property
    def balance_fen(self) -> int:
        """Debit less credit."""
        return self.debit_fen - self.credit_fen


@dataclass(frozen=True, slots=True)
class Premium:
    """One cover's premium in fen. Due is net of what was taken off; open is still to be paid; owed_back not yet returned."""

    due_fen: int = 0
    paid_fen: int = 0
    open_fen: int = 0
    owed_back_fen: int = 0
    returned_fen: int = 0       # on vouchers, for a cover taken back or made smaller
    refunded_fen: int = 0       # on a claim, when the event fell into the waiting period


_BALANCES = sa.text("""
    SELECT t.plan, e.account, coalesce(sum(e.amount_fen) FILTER (WHERE e.amount_fen > 0), 0)::bigint AS debit,
           -coalesce(sum(e.amount_fen) FILTER (WHERE e.amount_fen < 0), 0)::bigint AS credit
    FROM ledger_entry e JOIN ledger_transaction t ON t.id = e.transaction_id
    WHERE CAST(:plan AS text) IS NULL OR t.plan = :plan GROUP BY t.plan, e.account ORDER BY t.plan, e.account""")


def balances(session: Session, plan: str | None = None) -> list[Balance]:
    """The trial balance: within one plan the balances add up to zero (seen from where the whole plan is in sight)."""
    return [Balance(row.plan, row.account, name_of(row.account), row.debit, row.credit)
            for row in session.execute(_BALANCES, {"plan": plan})]


_OF_COVERS = sa.text("""
    SELECT e.cover_id,
      coalesce(sum(e.amount_fen) FILTER (WHERE t.kind IN ('due', 'reduced')), 0)::bigint AS due,
      -coalesce(sum(e.amount_fen) FILTER (WHERE t.kind = 'allocated'), 0)::bigint AS paid,
      coalesce(sum(e.amount_fen) FILTER (WHERE e.account IN ('receivable', 'memo_receivable')), 0)::bigint AS open,
      -coalesce(sum(e.amount_fen) FILTER (WHERE e.account IN ('refund_payable', 'memo_refund_payable')), 0)::bigint AS owed_back,
      coalesce(sum(e.amount_fen) FILTER (WHERE t.kind = 'returned'), 0)::bigint AS returned,
      coalesce(sum(e.amount_fen) FILTER (WHERE t.kind IN ('refunded', 'refund_reversed')), 0)::bigint AS refunded
    FROM ledger_entry e JOIN ledger_transaction t ON t.id = e.transaction_id
    WHERE e.cover_id = ANY(CAST(:covers AS uuid[])) GROUP BY e.cover_id""")


def premiums(session: Session, cover_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Premium]:
    """Each cover's premium; one without any booking is all zeros."""
    found = {row.cover_id: Premium(*row[1:]) for row in session.execute(_OF_COVERS, {"covers": list(cover_ids)})}
    return {cover: found.get(cover, Premium()) for cover in cover_ids}


# Money in and out as its own papers say (vouchers, credited refunds) against cash in the ledger, plan by plan; each
# cover's premium against what the ledger asks for it; and every booking against itself.
PROOF = """
    WITH moved AS (
        SELECT plan, sum(CASE kind WHEN 'received' THEN amount_fen ELSE -amount_fen END) AS fen FROM premium_voucher GROUP BY plan
        UNION ALL
        SELECT c.plan, -sum(p.amount_fen) FROM payment p JOIN claim c ON c.id = p.claim_id
        WHERE p.state = 'credited' AND p.purpose = 'refund' GROUP BY c.plan),
    papers AS (SELECT plan, sum(fen) AS fen FROM moved GROUP BY plan),
    cash AS (SELECT t.plan, sum(e.amount_fen) AS fen FROM ledger_entry e JOIN ledger_transaction t ON t.id = e.transaction_id
             WHERE e.account IN ('cash', 'memo_cash') GROUP BY t.plan),
    asked AS (SELECT e.cover_id, sum(e.amount_fen) AS fen FROM ledger_entry e JOIN ledger_transaction t ON t.id = e.transaction_id
              WHERE e.cover_id IS NOT NULL AND t.kind IN ('due', 'reduced') GROUP BY e.cover_id)
    SELECT coalesce(papers.plan, cash.plan), format('收费减退费 %s 分，分户账 %s 分', coalesce(papers.fen, 0), coalesce(cash.fen, 0))
    FROM papers FULL JOIN cash ON cash.plan = papers.plan WHERE coalesce(papers.fen, 0) <> coalesce(cash.fen, 0)
    UNION ALL
    SELECT v.certificate_no, format('应缴 %s 分，分户账 %s 分', v.premium_fen, coalesce(asked.fen, 0))
    FROM cover v LEFT JOIN asked ON asked.cover_id = v.id WHERE v.premium_fen <> coalesce(asked.fen, 0)
    UNION ALL
    SELECT t.id::text, format('借贷相差 %s 分', coalesce(e.fen, 0))
    FROM ledger_transaction t LEFT JOIN (SELECT transaction_id, sum(amount_fen) AS fen FROM ledger_entry GROUP BY 1) e
    ON e.transaction_id = t.id WHERE e.fen IS DISTINCT FROM 0 ORDER BY 1"""
