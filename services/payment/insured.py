"""What the insurer paid itself: its settle message is the bank's line of those payments."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import Actor
from services.insurer.messages import Settle
from services.ledger import service as ledger
from services.lifecycle.service import Move, fire
from services.models import BankLine

_PAYMENTS = sa.text("""
    SELECT p.id, p.claim_id, p.org_key, p.amount_fen, p.attempt, c.claim_no, m.digest, m.body
    FROM payment p JOIN claim c ON c.id = p.claim_id
    JOIN LATERAL (SELECT digest, body FROM insurer_message i WHERE i.claim_no = c.claim_no AND i.kind = 'settle'
                  AND i.round = c.round AND i.state = 'applied' ORDER BY i.seq DESC LIMIT 1) m ON true
    WHERE p.claim_id = ANY(CAST(:ids AS uuid[])) AND p.channel = 'insurer' AND p.state = 'planned' AND p.round = c.round
    ORDER BY c.id, p.id FOR UPDATE OF c, p""")


def announce(session: Session, *, claim_ids: Sequence[uuid.UUID], actor: Actor, now: datetime) -> list[uuid.UUID]:
    """Planned → sent → credited for payments the insurer has settled, with its serial and bank time as proof.

    A settled sum that differs from what is owed moves nothing: its line is kept with the fault `amount_differs`.
    Returns the claims whose payments were credited.
    """
    claims: dict[uuid.UUID, list[sa.Row[tuple[object, ...]]]] = {}
    for row in session.execute(_PAYMENTS, {"ids": list(claim_ids)}):
        claims.setdefault(row.claim_id, []).append(row)
    lines = [line for rows in claims.values() for line in _lines(rows, now)]
    kept = _insert(session, lines)
    good = [line for line in kept if line.fault is None and line.payment_id is not None]
    moves = [Move(line.payment_id, details={"serial": line.serial}) for line in good if line.payment_id]
    fire(session, "payment", "announce", moves, actor=actor, now=now)
    credits = [Move(line.payment_id, details={"serial": line.serial}, sets={"serial": line.serial, "credited_at": line.bank_time})
               for line in good if line.payment_id]
    fire(session, "payment", "credit", credits, actor=actor, now=now)
    moved = {line.payment_id for line in good if line.payment_id}
    ledger.follow(session, payment_ids=sorted(moved), steps=("sent", "credited"), now=now)
    return [claim for claim, rows in claims.items() if any(row.id in moved for row in rows)]


def _lines(rows: Sequence[sa.Row[tuple[object, ...]]], now: datetime) -> list[BankLine]:
    first = rows[0]
    message = Settle.model_validate(first.body)
    settled = int(message.amount * 100)
    fault = None if settled == sum(row.amount_fen for row in rows) else "amount_differs"
    if fault:
        return [BankLine(org_key=first.org_key, payment_id=None, kind="credit", attempt=0, reference=first.claim_no,
                         amount_fen=settled, serial=message.serial, bank_time=message.bank_time, fault=fault,
                         file_sha256=first.digest, line_no=1, at=now)]
    return [BankLine(org_key=row.org_key, payment_id=row.id, kind="credit", attempt=row.attempt,
                     reference=row.claim_no, amount_fen=row.amount_fen, serial=message.serial,
                     bank_time=message.bank_time, file_sha256=first.digest, line_no=line, at=now)
            for line, row in enumerate(rows, 1)]


def _insert(session: Session, lines: Sequence[BankLine]) -> list[BankLine]:
    """The lines not kept before: a mismatch is kept once, however often the flow comes by."""
    known = set(session.execute(sa.text("SELECT file_sha256 FROM bank_line WHERE file_sha256 = ANY(CAST(:shas AS text[]))"),
                                {"shas": [line.file_sha256 for line in lines]}).scalars())
    new = [line for line in lines if line.file_sha256 not in known]
    session.add_all(new)
    session.flush()
    return new
