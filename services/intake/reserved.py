"""What a claim holds on its cover before anybody decided: only a sum paid ahead, which falls away with the claim."""

from __future__ import annotations

import uuid
from collections.abc import Collection

import sqlalchemy as sa
from sqlmodel import Session

# A decision's own rows are the decision's: `services.benefit` takes and releases them.
_RELEASE = sa.text("""
    UPDATE reservation r SET state = 'released' WHERE r.claim_id IN (SELECT unnest(CAST(:ids AS uuid[]))) AND r.state = 'reserved'
    AND NOT EXISTS (SELECT 1 FROM decision d WHERE d.claim_id = r.claim_id)""")


def give_back(session: Session, claim_ids: Collection[uuid.UUID]) -> None:
    """Claims that end undecided: what was reserved for money paid ahead is free for other claims."""
    session.execute(_RELEASE, {"ids": list(claim_ids)})
