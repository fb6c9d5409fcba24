"""What claims' money does, step by step: decided, sent, credited, sent back by the bank, asked back. Set-based.

Each step is booked once for its source (the decision, reopening, payment, receivable) and attempt, from the row that
proves it: what the bank did, from the bank's lines. So a verb calls its step after it wrote, in the same transaction, and
calling again books nothing. Amounts are fen.

| step | debit | credit | proved by |
|---|---|---|---|
| decided | 互助金支出 or 退还费用 | 应付互助金 | decision |
| lapsed | 应付互助金 | 互助金支出 or 退还费用 | reopening: decided and never paid; at its end what the bank returned and is not due |
| advanced, dropped | 先予支付款 | 应付互助金; dropped: the other way | payment of an advance, its cancelling before the decision |
| deducted | 应付互助金 | 先予支付款 | decision |
| sent | 应付互助金 | 在途款项 | line to the bank (the insurer's: its settlement) |
| credited | 在途款项 | 专户存款 | line of the bank or of the insurer's settlement, on the bank's day |
| bounced | 在途款项, after a credit 专户存款 | 应付互助金 | line of the bank |
| owed | 应收返还款 | 互助金支出 or 退还费用; of an advance (`why` is `advance`) 先予支付款 | receivable |
| recovered, written_off | 专户存款; 免予返还 | 应收返还款 | receivable |
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from types import MappingProxyType

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import Actor
from services.core.ids import uuidv7s

__all__ = ["BOOK", "DAY", "STEPS", "advanced", "decided", "follow", "lapsed", "recoveries"]

# One line for each source; the other side is one line a transaction (of a refund, one a cover; of a run, one a release, because
# its money leaves the account that the fund had then). A transaction holds what one organisation's plan did on one day. `id`: of a
# source's line.
BOOK = """
    WITH due AS ({due}),
    made AS (
        INSERT INTO ledger_transaction (id, org_key, plan, kind, booked_on, fact_on, account_id, at)
        SELECT uuidv7(), book_key, plan, '{step}', fact_on, fact_on, :account, :at FROM due GROUP BY book_key, plan, fact_on
        RETURNING id, org_key, plan, fact_on)
    INSERT INTO ledger_entry (id, org_key, transaction_id, account, cover_id, bank_account_id, source_id, step, attempt, amount_fen)
    SELECT {id}, d.org_key, m.id, d.memo || d.account, NULL::uuid, NULL::uuid, d.source_id, '{step}', d.attempt, d.fen
    FROM due d JOIN made m ON m.org_key = d.book_key AND m.plan = d.plan AND m.fact_on = d.fact_on
    UNION ALL
    SELECT uuidv7(), m.org_key, m.id, d.memo || d.other, d.cover_id, CASE WHEN d.memo = '' AND d.other = 'cash' THEN (
        SELECT f.id FROM fund_account f WHERE f.plan = m.plan AND f.entered_at <= coalesce(d.paid_at, 'infinity')
            ORDER BY f.entered_at DESC, f.id DESC LIMIT 1) END,
        NULL::uuid, NULL, NULL::int, -sum(d.fen)::bigint
    FROM due d JOIN made m ON m.org_key = d.book_key AND m.plan = d.plan AND m.fact_on = d.fact_on
    GROUP BY m.id, m.org_key, m.plan, d.memo, d.other, d.cover_id, d.paid_at"""
DAY = "({} AT TIME ZONE 'Asia/Shanghai')::date"
_MEMO = "CASE c.route WHEN 'insurer' THEN 'memo_' ELSE '' END"
_REFUND_OF = "CASE WHEN {} THEN c.cover_id END"
_ONCE = "NOT EXISTS (SELECT 1 FROM ledger_entry e WHERE e.source_id = {} AND e.step = '{}' AND e.attempt = {})"


def _due(step: str, source: str, *, attempt: str = "0", org: str = "c.org_key", book: str = "c.org_key", on: str, account: str,
         fen: str, other: str, refund: str = "false", paid_at: str = "NULL::timestamptz", rows: str) -> str:
    """The rows of one step, as `BOOK` wants them. `refund`: the other side is kept for the claim's cover. `paid_at`: as of when
    the fund's account is the one that moved; none: the present one.
    """
    once = _ONCE.format(source, step, attempt)
    return f"""SELECT {source} AS source_id, {attempt} AS attempt, {org} AS org_key, {book} AS book_key, c.plan, {_MEMO} AS memo,
        {DAY.format(on)} AS fact_on, {account} AS account, ({fen})::bigint AS fen, {other} AS other,
        {_REFUND_OF.format(refund)} AS cover_id, {paid_at} AS paid_at FROM {rows} AND {{which}} AND {once}"""


_PAID = """bank_line l JOIN payment p ON p.id = l.payment_id JOIN claim c ON c.id = p.claim_id
    LEFT JOIN payment_run n ON n.id = l.run_id WHERE l.fault IS NULL"""
_RUN_KEY = "coalesce(n.org_key, p.org_key)"
_EXPENSE = "CASE d.kind WHEN 'refund' THEN 'refunds' ELSE 'benefits' END"
_CREDITED_BEFORE = """EXISTS (SELECT 1 FROM bank_line b WHERE b.payment_id = l.payment_id AND b.attempt = l.attempt AND b.kind = 'credit'
    AND b.fault IS NULL)"""
_BOUNCED_FROM = f"CASE WHEN {_CREDITED_BEFORE} THEN 'cash' ELSE 'in_transit' END"
# The decision before the reopening says whether what lapsed, or is asked back, was a benefit or a refund.
_GAVE_REFUND = """(SELECT d.kind FROM decision d WHERE d.claim_id = {0}.claim_id AND d.round < {0}.round AND d.amount_fen > 0
    ORDER BY d.round DESC LIMIT 1) IS NOT DISTINCT FROM 'refund'"""
_LAPSED_OF, _OWED_OF = _GAVE_REFUND.format("q"), f"v.why <> 'advance' AND {_GAVE_REFUND.format('v')}"
# Advances of the claim that no decision took off yet.
_ADVANCE_LEFT = """((SELECT -coalesce(sum(e.amount_fen), 0) FROM payment p JOIN ledger_entry e ON e.source_id = p.id
        AND e.step IN ('advanced', 'dropped') WHERE p.claim_id = c.id AND p.purpose = 'advance')
    - (SELECT coalesce(sum(e.amount_fen), 0) FROM decision o JOIN ledger_entry e ON e.source_id = o.id AND e.step = 'deducted'
        WHERE o.claim_id = c.id)
    - (SELECT coalesce(sum(o.amount_fen), 0) FROM receivable o JOIN ledger_entry e ON e.source_id = o.id AND e.step = 'owed'
        WHERE o.claim_id = c.id AND o.why = 'advance'))"""

_RECOVERED = "FROM ledger_entry k WHERE k.source_id = v.id AND k.step = 'recovered'"
_LAPSED = "FROM ledger_entry k WHERE k.source_id = q.id AND k.step = 'lapsed'"

_DUE = {
    "decided": _due("decided", "d.id", on="d.at", account="'payable'", fen="-d.amount_fen", other=_EXPENSE, refund="d.kind = 'refund'",
                    rows="decision d JOIN claim c ON c.id = d.claim_id WHERE d.amount_fen > 0"),
    # At the round's beginning, and what more of it, or the first of it, at its end: at the very moment of the conclusion.
    "lapsed": _due("lapsed", "q.id", attempt=f"(SELECT count(*)::int {_LAPSED})", account="'payable'", refund=_LAPSED_OF,
                   on=f"CASE WHEN q.concluded_at = :at OR EXISTS (SELECT 1 {_LAPSED}) THEN coalesce(q.concluded_at, q.confirmed_at)"
                      " ELSE q.confirmed_at END",
                   fen=f"q.lapsed_fen - (SELECT coalesce(sum(k.amount_fen), 0) {_LAPSED})",
                   other=f"CASE WHEN {_LAPSED_OF} THEN 'refunds' ELSE 'benefits' END",
                   rows=f"""reopening q JOIN claim c ON c.id = q.claim_id WHERE q.confirmed_at IS NOT NULL
                       AND q.lapsed_fen > (SELECT coalesce(sum(k.amount_fen), 0) {_LAPSED})"""),
    "advanced": _due("advanced", "p.id", on="p.created_at", account="'payable'", fen="-p.amount_fen", other="'advances'",
                     rows="payment p JOIN claim c ON c.id = p.claim_id WHERE p.purpose = 'advance' AND p.state <> 'cancelled'"),
    "dropped": _due("dropped", "p.id", on=":at", account="'payable'", fen="p.amount_fen", other="'advances'",
                    rows="""payment p JOIN claim c ON c.id = p.claim_id WHERE p.purpose = 'advance' AND p.state = 'cancelled'
                        AND EXISTS (SELECT 1 FROM ledger_entry b WHERE b.source_id = p.id AND b.step = 'advanced')
                        AND NOT EXISTS (SELECT 1 FROM decision o JOIN ledger_entry b ON b.source_id = o.id AND b.step = 'deducted'
                            WHERE o.claim_id = c.id)"""),
    "deducted": _due("deducted", "d.id", on="d.at", account="'payable'", other="'advances'",
                     fen=f"least(d.amount_fen, {_ADVANCE_LEFT})",
                     rows=f"""decision d JOIN claim c ON c.id = d.claim_id AND c.round = d.round WHERE d.amount_fen > 0
                         AND EXISTS (SELECT 1 FROM payment p WHERE p.claim_id = c.id AND p.purpose = 'advance')
                         AND {_ADVANCE_LEFT} > 0"""),
    "sent": _due("sent", "p.id", attempt="l.attempt", org="p.org_key", book=_RUN_KEY, on="coalesce(l.bank_time, l.at)",
                 account="'payable'", fen="l.amount_fen", other="'in_transit'",
                 rows=f"{_PAID} AND (l.kind = 'sent' OR (l.kind = 'credit' AND p.channel = 'insurer'))"),
    "credited": _due("credited", "p.id", attempt="l.attempt", org="p.org_key", book=_RUN_KEY, on="coalesce(l.bank_time, l.at)",
                     account="'in_transit'", fen="l.amount_fen", other="'cash'", refund="p.purpose = 'refund'",
                     paid_at="n.released_at", rows=f"{_PAID} AND l.kind = 'credit'"),
    "bounced": _due("bounced", "p.id", attempt="l.attempt", org="p.org_key", book=_RUN_KEY, on="coalesce(l.bank_time, l.at)",
                    account="'payable'", fen="-l.amount_fen", other=_BOUNCED_FROM,
                    refund=f"p.purpose = 'refund' AND {_CREDITED_BEFORE}", paid_at="n.released_at", rows=f"{_PAID} AND l.kind = 'return'"),
    "owed": _due("owed", "v.id", on="v.created_at", account="'recoverable'", fen="v.amount_fen",
                 other=f"CASE WHEN v.why = 'advance' THEN 'advances' WHEN {_OWED_OF} THEN 'refunds' ELSE 'benefits' END", refund=_OWED_OF,
                 rows="receivable v JOIN claim c ON c.id = v.claim_id WHERE true"),
    # In parts as it came: each the sum received less what is booked.
    "recovered": _due("recovered", "v.id", attempt=f"(SELECT 1 + count(*)::int {_RECOVERED})", on=":at",
                      account="'recoverable'", other="'cash'",
                      fen=f"-v.received_fen - (SELECT coalesce(sum(k.amount_fen), 0) {_RECOVERED})",
                      rows=f"""receivable v JOIN claim c ON c.id = v.claim_id
                          WHERE v.received_fen + (SELECT coalesce(sum(k.amount_fen), 0) {_RECOVERED}) > 0"""),
    "written_off": _due("written_off", "v.id", on="coalesce(v.closed_at, :at)", account="'recoverable'",
                        fen="v.received_fen - v.amount_fen", other="'written_off'",
                        rows="""receivable v JOIN claim c ON c.id = v.claim_id WHERE v.state = 'written_off'
                            AND v.received_fen < v.amount_fen"""),
}
STEPS = tuple(_DUE)     # in the order in which a claim's money can take them
# What narrows a step to the rows of one call.
_WHICH = {"decided": "c.id", "lapsed": "c.id", "deducted": "c.id", "advanced": "p.id", "dropped": "p.id", "sent": "p.id",
          "credited": "p.id", "bounced": "p.id", "owed": "v.id", "recovered": "v.id", "written_off": "v.id"}


# Identifiers made beforehand (`uuidv7s`); a source of several lines takes more than there are.
_GIVEN = "coalesce((CAST(:fresh AS uuid[]))[(row_number() OVER ())::int], uuidv7())"


def _statements(which: str | None) -> MappingProxyType[str, sa.TextClause]:
    return MappingProxyType({step: sa.text(BOOK.format(step=step, id=_GIVEN if which else "uuidv7()", due=due.format(
        which=which.format(_WHICH[step]) if which else "true"))).bindparams(
        sa.bindparam("account", type_=sa.Uuid), sa.bindparam("at", type_=sa.DateTime(timezone=True)))
        for step, due in _DUE.items()})


# Hashed where no index is taken: `= ANY(…)` would look through all of a call's rows for each line.
_THESE, _ALL = _statements("{} IN (SELECT unnest(CAST(:ids AS uuid[])))"), _statements(None)


def _book(session: Session, steps: Sequence[str], ids: Sequence[uuid.UUID], actor: Actor | None, now: datetime) -> None:
    if ids:
        for step in steps:
            session.execute(_THESE[step], {"ids": list(ids), "account": actor.account_id if actor else None, "at": now,
                                           "fresh": uuidv7s(len(ids))})


def decided(session: Session, *, claim_ids: Sequence[uuid.UUID], actor: Actor, now: datetime) -> None:
    """The claims' decisions not yet booked: owed from now on; what was paid ahead is taken off."""
    _book(session, ("decided", "deducted"), claim_ids, actor, now)


def lapsed(session: Session, *, claim_ids: Sequence[uuid.UUID], actor: Actor, now: datetime) -> None:
    """The claims were reopened, or the round is over: what was decided and nobody has is owed no longer."""
    _book(session, ("lapsed",), claim_ids, actor, now)


def advanced(session: Session, *, payment_ids: Sequence[uuid.UUID], actor: Actor, now: datetime) -> None:
    """Payments of purpose `advance` that were just planned, or cancelled: owed before any decision, or no longer."""
    _book(session, ("advanced", "dropped"), payment_ids, actor, now)


def follow(session: Session, *, payment_ids: Sequence[uuid.UUID], steps: Sequence[str], now: datetime) -> None:
    """Book what the bank's lines of these payments say: `steps` of sent, credited, bounced, in this order. Any number at once."""
    _book(session, steps, payment_ids, None, now)


def recoveries(session: Session, *, receivable_ids: Sequence[uuid.UUID], actor: Actor, now: datetime) -> None:
    """What the receivables' rows say now and the books do not yet: owed, come back, given up."""
    _book(session, ("owed", "recovered", "written_off"), receivable_ids, actor, now)


def all_of(session: Session, *, actor: Actor, now: datetime) -> None:
    """Every step of every claim that is not booked yet."""
    for step in STEPS:
        session.execute(_ALL[step], {"account": actor.account_id, "at": now})
