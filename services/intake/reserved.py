"""What a claim holds on its cover and no longer needs: a sum paid ahead, or decided and never paid, falls away with the claim."""

from __future__ import annotations

import uuid
from collections.abc import Collection

import sqlalchemy as sa
from sqlmodel import Session

from services.core.errors import Conflict

# A decision's own rows are the decision's: `services.benefit` takes and releases them.
_RELEASE = sa.text("""
    UPDATE reservation r SET state = 'released' WHERE r.claim_id IN (SELECT unnest(CAST(:ids AS uuid[]))) AND r.state = 'reserved'
    AND NOT EXISTS (SELECT 1 FROM decision d WHERE d.claim_id = r.claim_id)""")
_FREE = sa.text("""
    UPDATE reservation SET state = 'released' WHERE claim_id IN (SELECT unnest(CAST(:ids AS uuid[]))) AND state <> 'released'""")
# A sum paid ahead of any decision is asked back by the end itself (`advances.deduct`); what a decision gave is not. What two
# persons gave up is hers for good: it takes the cover like what nobody asked for.
_KEPT = sa.text("""
    SELECT c.claim_no FROM claim c WHERE c.id IN (SELECT unnest(CAST(:ids AS uuid[])))
    AND EXISTS (SELECT 1 FROM decision d WHERE d.claim_id = c.id AND d.amount_fen > 0)
    AND (SELECT coalesce(sum(p.amount_fen), 0) FROM payment p WHERE p.claim_id = c.id AND p.state <> 'cancelled')
        > (SELECT coalesce(sum(CASE v.state WHEN 'written_off' THEN v.received_fen ELSE v.amount_fen END), 0) FROM receivable v
            WHERE v.claim_id = c.id)
    ORDER BY c.claim_no""")


def give_back(session: Session, claim_ids: Collection[uuid.UUID]) -> None:
    """Claims that end undecided: what was reserved for money paid ahead is free for other claims."""
    session.execute(_RELEASE, {"ids": list(claim_ids)})


def free(session: Session, claim_ids: Collection[uuid.UUID]) -> None:
    """Claims that never should have been: all they hold, also by an earlier round's decision, is free for other claims.

    `require_nothing_kept` goes before: money that somebody has and was not asked for stays taken.
    """
    session.execute(_FREE, {"ids": list(claim_ids)})


def require_nothing_kept(session: Session, claim_ids: Collection[uuid.UUID]) -> None:
    """Conflict `cancel_after_payment`: an earlier round's decision was paid and the money was not asked back, or was given up."""
    kept = session.execute(_KEPT, {"ids": list(claim_ids)}).scalars().all()
    if kept:
        raise Conflict("cancel_after_payment", f"案件 {'、'.join(kept)} 已有给付的款项，尚未登记应返还或已免予返还，不能撤回或注销",
                       remedy="本轮决定不予给付并登记应返还款后，再由两人更正、注销；已免予返还的，以决定结束本轮；只是不再异议的，撤回异议即可")
