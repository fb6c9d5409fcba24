"""Claims whose money has all arrived are paid, on the day of the bank's credit."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import Actor
from services.benefit import service as benefit
from services.core.clock import business_day
from services.lifecycle.facts import CLAIM
from services.lifecycle.service import Move, fire
from services.outbox import service as outbox
from services.outbox.service import Work
from services.payment.bulk import in_bulk

_LOCK = sa.text("SELECT id FROM claim WHERE id = ANY(CAST(:ids AS uuid[])) AND state = 'payable' ORDER BY id FOR UPDATE")
_COMPLETE = sa.text(f"""
    SELECT c.id, (SELECT max(CASE p.purpose WHEN 'advance' THEN greatest(p.credited_at, (SELECT max(d.at) FROM decision d
        WHERE d.claim_id = c.id)) ELSE p.credited_at END) FROM payment p WHERE p.claim_id = c.id AND p.state = 'credited') AS at
    FROM claim c WHERE c.id = ANY(CAST(:ids AS uuid[])) AND {CLAIM["credited_minus_decided_fen"]} = 0
    AND EXISTS (SELECT 1 FROM payment p WHERE p.claim_id = c.id AND p.round = c.round AND p.state = 'credited')
    ORDER BY c.id""")
# Money that came once more, after the bank had sent it back, or to heirs, in a claim that waits for none.
_AFTERWARDS = sa.text("""
    SELECT p.org_key, p.claim_id, p.id FROM payment p JOIN claim c ON c.id = p.claim_id
    WHERE p.claim_id IN (SELECT unnest(CAST(:ids AS uuid[]))) AND p.state = 'credited' AND c.state IN ('paid', 'refused', 'closed')
    AND (p.attempt > 1 OR c.died) ORDER BY p.id""")
TOLD = "claim.settle"       # owes each payee the letter on what arrived; those who have it get no other


@in_bulk
def settle(session: Session, *, claim_ids: Sequence[uuid.UUID], actor: Actor, now: datetime) -> list[uuid.UUID]:
    """Payable → paid for every claim whose credits equal its decisions; the others wait. Returns the settled claims.

    The pay clock stops on the day the last credit reached the bank, not on the day we heard of it; what was paid ahead, with
    the decision. A credit in a claim that waits for no money moves nothing; its letter is owed.
    """
    locked = list(session.execute(_LOCK, {"ids": list(claim_ids)}).scalars())
    complete = session.execute(_COMPLETE, {"ids": locked}).all()
    settled = [row.id for row in complete]
    fire(session, "claim", "settle", [Move(row.id, on=business_day(row.at), details={"credited_at": row.at.isoformat()})
                                      for row in complete], actor=actor, now=now)
    if settled:
        benefit.mark_paid(session, claim_ids=settled)
    if before := sorted(set(claim_ids) - set(locked)):
        outbox.add(session, [Work(TOLD, row.org_key, row.claim_id, row.id)
                             for row in session.execute(_AFTERWARDS, {"ids": before})], now=now)
    return settled
