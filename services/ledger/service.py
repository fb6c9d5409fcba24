"""Bookings of premium and of the fund itself; what claims' money does is in `claims`.

Each verb writes whole transactions in one statement, for one cover or for two hundred thousand.

The caller holds the transaction and has asked who may; `actor` is kept as who did it. Amounts are fen.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import Actor
from services.core.clock import business_day
from services.core.ids import uuidv7
from services.ledger import claims
from services.ledger.accounts import Account, check_balanced, prefix
from services.ledger.claims import advanced, decided, follow, lapsed, recoveries
from services.ledger.settlements import follow_file
from services.models import LedgerEntry, LedgerTransaction, PremiumVoucher

__all__ = ["Line", "Placed", "advanced", "allocate", "catch_up", "charge", "decided", "follow", "follow_file", "give_back", "hold",
           "lapsed", "move_account", "open_fund", "prepaid", "raise_due", "receive", "recoveries", "reduce"]


@dataclass(frozen=True, slots=True)
class Line:
    """One entry to be: debit above zero."""

    account: Account
    amount_fen: int
    org_key: str
    cover_id: uuid.UUID | None = None


def hold(session: Session, plan: str) -> None:
    """Bookings that look at balances of a plan wait for one another until the end of the transaction."""
    session.execute(sa.text("SELECT pg_advisory_xact_lock(hashtextextended('ledger:' || :plan, 0))"), {"plan": plan})


# The covers' own amount is what is booked, so that premium and ledger cannot differ from the first day.
_CHARGE = """
    WITH due AS (
        SELECT v.id, v.org_key, v.plan, v.premium_fen, b.prefix
        FROM cover v JOIN unnest(CAST(:plans AS text[]), CAST(:prefixes AS text[])) AS b(plan, prefix) ON b.plan = v.plan
        WHERE v.premium_fen > 0 AND {which}
        AND NOT EXISTS (SELECT 1 FROM ledger_entry e WHERE e.cover_id = v.id AND e.account = b.prefix || 'receivable')),
    made AS (
        INSERT INTO ledger_transaction (id, org_key, plan, kind, booked_on, account_id, at)
        SELECT uuidv7(), org_key, plan, 'due', :on, :account, :at FROM due GROUP BY org_key, plan
        RETURNING id, org_key, plan)
    INSERT INTO ledger_entry (id, org_key, transaction_id, account, cover_id, amount_fen)
    SELECT uuidv7(), d.org_key, m.id, d.prefix || 'receivable', d.id, d.premium_fen
    FROM due d JOIN made m ON m.org_key = d.org_key AND m.plan = d.plan
    UNION ALL
    SELECT uuidv7(), d.org_key, m.id, min(d.prefix) || 'income', NULL, -sum(d.premium_fen)::bigint
    FROM due d JOIN made m ON m.org_key = d.org_key AND m.plan = d.plan GROUP BY d.org_key, m.id"""
_CHARGE_UNIT = sa.text(_CHARGE.format(which="v.plan = :plan AND v.org_id = :org AND v.created_at = :at")).bindparams(
    sa.bindparam("account", type_=sa.Uuid))
_CHARGE_ALL = sa.text(_CHARGE.format(which="true")).bindparams(sa.bindparam("account", type_=sa.Uuid))


def charge(session: Session, *, plan: str, org_id: uuid.UUID, actor: Actor, now: datetime) -> None:
    """Premium due for the covers that a unit got at `now` under a plan: receivable by cover against income."""
    session.execute(_CHARGE_UNIT, {"plans": [plan], "prefixes": [prefix(plan)], "plan": plan, "org": org_id,
                                   "on": business_day(now), "account": actor.account_id, "at": now})


def raise_due(session: Session, *, plan: str, line: Line, reason: str, actor: Actor, now: datetime) -> None:
    """More is due for one cover than before: `line` is its receivable."""
    _post(session, plan, "due", [line, Line(Account.INCOME, -line.amount_fen, line.org_key)], on=business_day(now),
          reason=reason, actor=actor, now=now)


# What is still owed is let go; what came in already is owed back.
_REDUCE = sa.text("""
    WITH less AS (
        SELECT v.id, v.org_key, w.fen, least(w.fen, greatest(0, coalesce((SELECT sum(e.amount_fen) FROM ledger_entry e
            WHERE e.cover_id = v.id AND e.account = CAST(:prefix AS text) || 'receivable'), 0)))::bigint AS let_go
        FROM unnest(CAST(:covers AS uuid[]), CAST(:fens AS bigint[])) AS w(id, fen) JOIN cover v ON v.id = w.id
        WHERE w.fen > 0),
    made AS (
        INSERT INTO ledger_transaction (id, org_key, plan, kind, booked_on, reason, account_id, at)
        SELECT uuidv7(), org_key, :plan, 'reduced', :on, :reason, :account, :at FROM less GROUP BY org_key RETURNING id, org_key),
    lines AS (
        SELECT m.id, l.org_key, 'income' AS account, NULL::uuid AS cover, sum(l.fen)::bigint AS fen
        FROM less l JOIN made m ON m.org_key = l.org_key GROUP BY m.id, l.org_key
        UNION ALL SELECT m.id, l.org_key, 'receivable', l.id, -l.let_go FROM less l JOIN made m ON m.org_key = l.org_key
        UNION ALL SELECT m.id, l.org_key, 'refund_payable', l.id, l.let_go - l.fen FROM less l JOIN made m ON m.org_key = l.org_key)
    INSERT INTO ledger_entry (id, org_key, transaction_id, account, cover_id, amount_fen)
    SELECT uuidv7(), org_key, id, CAST(:prefix AS text) || account, cover, fen FROM lines WHERE fen <> 0""").bindparams(
    sa.bindparam("account", type_=sa.Uuid))


def reduce(session: Session, *, plan: str, less: Mapping[uuid.UUID, int], reason: str, actor: Actor, now: datetime) -> None:
    """Less is due for these covers (fen by cover). The plan is held by the caller (`hold`)."""
    session.execute(_REDUCE, {"covers": list(less), "fens": list(less.values()), "plan": plan, "prefix": prefix(plan),
                              "on": business_day(now), "reason": reason, "account": actor.account_id, "at": now})


def receive(session: Session, voucher: PremiumVoucher, *, actor: Actor, now: datetime) -> None:
    """Money came in: cash against what the unit has paid ahead."""
    _post(session, voucher.plan, "received", [Line(Account.CASH, voucher.amount_fen, voucher.org_key),
                                              Line(Account.PREPAID, -voucher.amount_fen, voucher.org_key)],
          on=voucher.dated_on, voucher=voucher.id, actor=actor, now=now)


# The kinds are those of the index `ledger_transaction_ahead`: among a large plan's bookings an organisation's few are found by it.
AHEAD = sa.text("""
    SELECT -coalesce(sum(e.amount_fen), 0) FROM ledger_transaction t JOIN ledger_entry e ON e.transaction_id = t.id
    WHERE t.plan = :plan AND t.kind IN ('received', 'allocated', 'returned') AND t.org_key = :key
    AND e.org_key = :key AND e.account = :account""")


def prepaid(session: Session, *, plan: str, org_key: str) -> int:
    """What an organisation has paid ahead under a plan and no cover has used yet. Asked by every roster."""
    return int(session.execute(AHEAD, {"plan": plan, "key": org_key, "account": prefix(plan) + Account.PREPAID}).scalar_one())


# Cover by cover, the earliest first, until the money is used up; the last one may get a part.
_ALLOCATE = sa.text("""
    WITH owed AS (
        SELECT v.id, v.org_key, v.effective, v.certificate_no, sum(e.amount_fen)::bigint AS fen
        FROM cover v JOIN ledger_entry e ON e.cover_id = v.id AND e.account = CAST(:prefix AS text) || 'receivable'
        WHERE v.plan = :plan AND v.org_key >= :key AND v.org_key < :past
        AND (CAST(:certificates AS text[]) IS NULL OR v.certificate_no = ANY(CAST(:certificates AS text[])))
        GROUP BY v.id HAVING sum(e.amount_fen) > 0),
    placed AS (SELECT owed.*, sum(fen) OVER (ORDER BY effective, certificate_no) - fen AS before FROM owed),
    given AS (SELECT id, org_key, least(fen, :pool - before)::bigint AS fen FROM placed WHERE before < :pool),
    made AS (
        INSERT INTO ledger_transaction (id, org_key, plan, kind, booked_on, voucher_id, account_id, at)
        SELECT uuidv7(), :key, :plan, 'allocated', :on, :voucher, :account, :at WHERE EXISTS (SELECT 1 FROM given)
        RETURNING id)
    INSERT INTO ledger_entry (id, org_key, transaction_id, account, cover_id, amount_fen)
    SELECT uuidv7(), g.org_key, m.id, CAST(:prefix AS text) || 'receivable', g.id, -g.fen FROM given g, made m
    UNION ALL
    SELECT uuidv7(), :key, m.id, CAST(:prefix AS text) || 'prepaid', NULL, sum(g.fen)::bigint FROM given g, made m GROUP BY m.id
    RETURNING transaction_id, cover_id""").bindparams(
    sa.bindparam("voucher", type_=sa.Uuid), sa.bindparam("account", type_=sa.Uuid))


@dataclass(frozen=True, slots=True)
class Placed:
    """What became of money paid ahead: `pool_fen` lay there before; `booking` put it on `covers` (a count), none when nothing was owed."""

    pool_fen: int
    booking: uuid.UUID | None = None
    covers: int = 0


def allocate(session: Session, *, plan: str, org_key: str, on: date, voucher: PremiumVoucher | None = None,
             certificates: Sequence[str] | None = None, actor: Actor, now: datetime) -> Placed:
    """Place what the organisation has paid ahead on its covers that still owe; `voucher`: the slip that is the occasion.

    `certificates` names the covers; none: every one at and under the organisation. The plan is held by the caller.
    """
    pool = prepaid(session, plan=plan, org_key=org_key)
    if pool <= 0:
        return Placed(pool)
    done = session.execute(_ALLOCATE, {
        "plan": plan, "prefix": prefix(plan), "key": org_key, "past": f"{org_key.rstrip('.')}/",
        "certificates": None if certificates is None else list(certificates),
        "pool": pool, "on": on, "voucher": voucher.id if voucher else None, "account": actor.account_id, "at": now}).all()
    return Placed(pool, done[0].transaction_id if done else None, sum(row.cover_id is not None for row in done))


def give_back(session: Session, voucher: PremiumVoucher, *, actor: Actor, now: datetime) -> None:
    """Money went back: what was owed back for a cover, or what was paid ahead, against cash."""
    owed = Account.OWED_BACK if voucher.cover_id else Account.PREPAID
    _post(session, voucher.plan, "returned", [Line(owed, voucher.amount_fen, voucher.org_key, voucher.cover_id),
                                              Line(Account.CASH, -voucher.amount_fen, voucher.org_key)],
          on=voucher.dated_on, voucher=voucher.id, reason=voucher.reason, actor=actor, now=now)


_OPENING = """
    WITH due AS (
        SELECT f.id, f.plan, f.opening_fen, coalesce(b.prefix, '') AS prefix FROM fund f
        LEFT JOIN unnest(CAST(:plans AS text[]), CAST(:prefixes AS text[])) AS b(plan, prefix) ON b.plan = f.plan
        WHERE f.opening_fen > 0 AND {which}
        AND NOT EXISTS (SELECT 1 FROM ledger_entry e WHERE e.source_id = f.id AND e.step = 'fund' AND e.attempt = 0)),
    made AS (
        INSERT INTO ledger_transaction (id, org_key, plan, kind, booked_on, account_id, at)
        SELECT uuidv7(), :key, plan, 'opening', coalesce((SELECT min(t.booked_on) FROM ledger_transaction t WHERE t.plan = due.plan), :on),
            :account, :at FROM due RETURNING id, plan)
    INSERT INTO ledger_entry (id, org_key, transaction_id, account, source_id, step, attempt, amount_fen)
    SELECT uuidv7(), :key, m.id, d.prefix || s.account, s.source, 'fund', s.attempt, s.fen FROM due d JOIN made m ON m.plan = d.plan
    CROSS JOIN LATERAL (VALUES ('cash', d.id, 0, d.opening_fen), ('opening', NULL::uuid, NULL::int, -d.opening_fen))
        AS s(account, source, attempt, fen)"""
_OPENING_ONE = sa.text(_OPENING.format(which="f.plan = :plan")).bindparams(sa.bindparam("account", type_=sa.Uuid))
_OPENING_ALL = sa.text(_OPENING.format(which="true")).bindparams(sa.bindparam("account", type_=sa.Uuid))


def open_fund(session: Session, *, plan: str, actor: Actor, now: datetime) -> None:
    """What a plan's fund began with. Once."""
    session.execute(_OPENING_ONE, {"plan": plan, "plans": [plan], "prefixes": [prefix(plan)], "key": actor.org_key,
                                   "on": business_day(now), "account": actor.account_id, "at": now})


# Cash that lies on another account of the fund, or on none that was known, less what runs released before are still to take from it.
_MOVE = """
    WITH latest AS (SELECT DISTINCT ON (plan) id, plan, entered_at FROM fund_account WHERE {which} ORDER BY plan, entered_at DESC, id DESC),
    held AS (
        SELECT a.id, a.plan, e.bank_account_id AS old, sum(e.amount_fen)::bigint AS fen
        FROM latest a JOIN ledger_transaction t ON t.plan = a.plan
        JOIN ledger_entry e ON e.transaction_id = t.id AND e.account = 'cash' AND e.bank_account_id IS DISTINCT FROM a.id {only}
        WHERE NOT EXISTS (SELECT 1 FROM ledger_entry m WHERE m.source_id = a.id AND m.step = 'fund')
        GROUP BY a.id, a.plan, e.bank_account_id),
    leaving AS (
        SELECT n.plan, (SELECT f.id FROM fund_account f WHERE f.plan = n.plan AND f.entered_at <= n.released_at
            ORDER BY f.entered_at DESC, f.id DESC LIMIT 1) AS old, p.amount_fen AS fen
        FROM payment_run n JOIN payment p ON p.run_id = n.id AND p.state IN ('released', 'sent')
        UNION ALL
        SELECT n.plan, (SELECT f.id FROM fund_account f WHERE f.plan = n.plan AND f.entered_at <= n.released_at
            ORDER BY f.entered_at DESC, f.id DESC LIMIT 1), (SELECT coalesce(sum(q.amount_fen), 0)::bigint FROM settlement_payment q
            WHERE q.run_id = n.id AND q.state IN ('batched', 'sent'))
        FROM payment_run n WHERE n.settlement_id IS NOT NULL AND n.state IN ('released', 'sent')),
    due AS (
        SELECT * FROM (SELECT h.id, h.plan, h.old, h.fen - coalesce((SELECT sum(l.fen) FROM leaving l WHERE l.plan = h.plan
            AND l.old IS NOT DISTINCT FROM h.old), 0)::bigint AS fen FROM held h) x WHERE fen > 0),
    made AS (
        INSERT INTO ledger_transaction (id, org_key, plan, kind, booked_on, account_id, at)
        SELECT uuidv7(), :key, plan, 'account_moved', :on, :account, :at FROM due GROUP BY plan RETURNING id, plan)
    INSERT INTO ledger_entry (id, org_key, transaction_id, account, bank_account_id, source_id, step, attempt, amount_fen)
    SELECT uuidv7(), :key, m.id, 'cash', d.old, NULL::uuid, 'fund', NULL::int, -d.fen FROM due d JOIN made m ON m.plan = d.plan
    UNION ALL
    SELECT uuidv7(), :key, m.id, 'cash', d.id, d.id, 'fund', 0, sum(d.fen)::bigint FROM due d JOIN made m ON m.plan = d.plan
    GROUP BY m.id, d.id"""
_MOVE_ONE = sa.text(_MOVE.format(which="plan = :plan", only="")).bindparams(sa.bindparam("account", type_=sa.Uuid))
_MOVE_ALL = sa.text(_MOVE.format(which="true", only="AND e.bank_account_id IS NULL")).bindparams(sa.bindparam("account", type_=sa.Uuid))


def move_account(session: Session, *, plan: str, actor: Actor, now: datetime) -> None:
    """The fund has another account, or its first is known: what the fund holds lies there from now on. Once an account."""
    session.execute(_MOVE_ONE, {"plan": plan, "key": actor.org_key, "on": business_day(now), "account": actor.account_id, "at": now})


# How refunds were booked at their credit before every step was: turned round, because the steps say it whole.
_OLD_WAY = sa.text("""
    WITH back AS (
        SELECT t.* FROM ledger_transaction t WHERE t.kind = 'refunded' AND NOT EXISTS (SELECT 1 FROM ledger_transaction r
            WHERE r.payment_id = t.payment_id AND r.attempt = t.attempt AND r.kind = 'refund_reversed')),
    made AS (
        INSERT INTO ledger_transaction (id, org_key, plan, kind, booked_on, payment_id, attempt, reason, at)
        SELECT uuidv7(), org_key, plan, 'refund_reversed', booked_on, payment_id, attempt, '改按核定、发送、到账分步记账', :at FROM back
        RETURNING id, payment_id, attempt)
    INSERT INTO ledger_entry (id, org_key, transaction_id, account, cover_id, amount_fen)
    SELECT uuidv7(), e.org_key, m.id, e.account, e.cover_id, -e.amount_fen
    FROM made m JOIN back b ON b.payment_id = m.payment_id AND b.attempt = m.attempt JOIN ledger_entry e ON e.transaction_id = b.id""")


def catch_up(session: Session, *, actor: Actor, now: datetime) -> int:
    """Book everything that stands in funds, covers, decisions and payments and not yet in the ledger: after an upgrade or a bulk
    load. Returns how many entries were written; called again it writes none, and two at once go one after the other.
    """
    session.execute(sa.text("SELECT pg_advisory_xact_lock(hashtextextended('ledger-catch-up', 0))"))
    plans = list(session.execute(sa.text("SELECT plan FROM cover UNION SELECT plan FROM fund ORDER BY plan")).scalars())
    given = {"plans": plans, "prefixes": [prefix(plan) for plan in plans], "on": business_day(now), "at": now,
             "account": actor.account_id}
    before = _entries(session)
    session.execute(_CHARGE_ALL, given)
    session.execute(_OPENING_ALL, {**given, "key": actor.org_key})
    claims.all_of(session, actor=actor, now=now)
    session.execute(_OLD_WAY, {"at": now})
    session.execute(_MOVE_ALL, {**given, "key": actor.org_key})
    return _entries(session) - before


_BANK_ACCOUNT = sa.text("SELECT id FROM fund_account WHERE plan = :plan ORDER BY entered_at DESC, id DESC LIMIT 1")


def _entries(session: Session) -> int:
    return int(session.execute(sa.text("SELECT count(*) FROM ledger_entry")).scalar_one())


def _post(session: Session, plan: str, kind: str, lines: Sequence[Line], *, on: date, actor: Actor, now: datetime,
          voucher: uuid.UUID | None = None, reason: str | None = None) -> None:
    """One transaction from lines; its entries go in with one statement."""
    check_balanced([line.amount_fen for line in lines])
    made = LedgerTransaction(id=uuidv7(), org_key=lines[0].org_key, plan=plan, kind=kind, booked_on=on, voucher_id=voucher,
                             reason=reason, account_id=actor.account_id, at=now)
    session.add(made)
    session.flush()
    names = prefix(plan)
    bank = session.execute(_BANK_ACCOUNT, {"plan": plan}).scalar() if not names else None
    session.execute(sa.insert(LedgerEntry).values([      # one statement: the database looks at it as a whole
        {"id": uuidv7(), "org_key": line.org_key, "transaction_id": made.id, "account": names + line.account,
         "cover_id": line.cover_id, "bank_account_id": bank if line.account == Account.CASH else None,
         "amount_fen": line.amount_fen} for line in lines]))
