"""What of a plan can be paid now, and as which order of the bank's file: one that the bank cannot take stops no other."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import date
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import Actor
from services.core.crypto import key_ring
from services.core.db import driver_cursor
from services.core.errors import InputError
from services.enrolment.people import CARD
from services.lifecycle.facts import ACTOR_DECIDED, PAYMENT, bound
from services.lifecycle.money_facts import REPLACED
from services.payment.port import BankFormat, Order

_PURPOSES = {"benefit": "互助金", "refund": "退费", "advance": "先予支付", "difference": "补差"}
_DECIDED, _PAYEES_READY = bound(ACTOR_DECIDED), bound(PAYMENT["payees_ready"])
# A claim that owes money: decided, or refused in a later round that lets the earlier decision stand, if only in part.
OWING = """(c.state IN ('payable', 'paid', 'closed') OR (c.state = 'refused' AND EXISTS (SELECT 1 FROM reopening q
    WHERE q.claim_id = c.id AND q.round = c.round AND q.after_fen > 0)))"""
# Exactly the guards' own expressions, so that what is picked can also be included. What was paid before a later round began and came
# back since is still owed by the decision before it; the reopening itself cancels what was never paid.
_READY = sa.text(f"""
    SELECT r.id FROM payment r JOIN claim c ON c.id = r.claim_id
    WHERE r.waiting AND r.state = 'planned' AND r.channel = 'bank' AND r.bank_card_id IS NOT NULL AND c.plan = :plan
    AND ({OWING} OR r.purpose = 'advance') AND NOT {REPLACED} AND {_PAYEES_READY}
    AND NOT {PAYMENT["held"]} AND {PAYMENT["bank_allowed"]} AND NOT {_DECIDED}
    ORDER BY c.id, r.id FOR UPDATE OF c, r""")
# A planned payment without an account, or with one its plan does not pay to, takes the payee's present one.
_FILL_CARDS = sa.text("""
    UPDATE payment p SET bank_card_id = y.bank_card_id FROM payee y, claim c WHERE y.id = p.payee_id
    AND c.id = p.claim_id AND c.plan = :plan AND p.waiting AND p.state = 'planned' AND y.bank_card_id IS NOT NULL
    AND (p.bank_card_id IS NULL OR NOT (c.banks = '[]'::jsonb OR EXISTS (SELECT 1 FROM bank_card b
         WHERE b.id = p.bank_card_id AND c.banks ? b.bank)))""")
_LINES = sa.text("""
    SELECT p.id, p.org_key, p.attempt, p.amount_fen, p.purpose, c.claim_no, b.id AS card_id
    FROM payment p JOIN claim c ON c.id = p.claim_id JOIN payee y ON y.id = p.payee_id
    JOIN bank_card b ON b.id = p.bank_card_id
    WHERE p.id = ANY(CAST(:ids AS uuid[])) ORDER BY c.claim_no, y.ordinal, p.id""")
# Also what was left out of an earlier run and goes into this one: its reason is over.
_NOTE = sa.text("""
    UPDATE payment p SET left_out = r.words FROM unnest(CAST(:ids AS uuid[]), CAST(:words AS text[])) AS r(id, words)
    WHERE p.id = r.id AND p.left_out IS DISTINCT FROM r.words""")

Line = sa.Row[tuple[object, ...]]


class Account(NamedTuple):
    """Where money goes: digits in full, the bank's code, and in whose name."""

    number: str
    bank: str
    holder: str


def accounts(session: Session, card_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Account]:
    """The accounts of bank cards, also of replaced ones."""
    ring = key_ring()
    rows = driver_cursor(session).execute("SELECT id, number_sealed, bank, holder FROM bank_card WHERE id = ANY(%(ids)s::uuid[])",
                                          {"ids": list(set(card_ids))})
    return {card: Account(ring.open(bytes(sealed), field=CARD), bank, holder) for card, sealed, bank, holder in rows}


def orders(session: Session, payment_ids: Sequence[uuid.UUID], reference: Callable[[int], str]) -> list[tuple[Line, Order]]:
    """The payments in the order of their claims' numbers, each with what the bank is told; `reference` of a line from 1."""
    rows = session.execute(_LINES, {"ids": list(payment_ids)}).all()
    found = accounts(session, [row.card_id for row in rows])
    return [(row, Order(reference(line), row.amount_fen, account.bank, account.number, account.holder,
                        f"{_PURPOSES[row.purpose]} {row.claim_no}"))
            for line, row in enumerate(rows, 1) for account in (found[row.card_id],)]


def pick(session: Session, *, plan: str, layout: BankFormat, reference: Callable[[int], str], actor: Actor,
         today: date) -> tuple[list[uuid.UUID], list[str]]:
    """Payments that are ready and that the bank's file can carry, and the reasons of those left out, kept with each."""
    session.execute(_FILL_CARDS, {"plan": plan})
    ready = list(session.execute(_READY, {"plan": plan, "persons": list(actor.persons), "today": today}).scalars())
    refused = {row.id: words for row, order in orders(session, ready, reference) if (words := layout_refusal(layout, order))}
    session.execute(_NOTE, {"ids": ready, "words": [refused.get(payment) for payment in ready]})
    return [payment for payment in ready if payment not in refused], list(refused.values())


def layout_refusal(layout: BankFormat, order: Order) -> str | None:
    """Why the bank's file cannot carry a line, in words."""
    try:
        layout.check(order)
    except InputError as problem:
        return f"{problem.message}；{problem.remedy}"
    return None
