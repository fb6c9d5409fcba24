"""Whether somebody stands on the claimant's side: claimant, payee or heir, their family, also through an absent colleague.

The machines compare by the same expression (`facts.on_claimant_side`); this is for verbs that fire no event of the claim.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import Actor
from services.core.errors import NotPermitted
from services.lifecycle.facts import ACTOR, bound, on_claimant_side

_ON_SIDE = sa.text(bound(f"SELECT EXISTS (SELECT 1 FROM claim c WHERE c.id = ANY(:claims) AND {on_claimant_side(ACTOR)})"))


def on_side(session: Session, claim_ids: Iterable[uuid.UUID], actor: Actor) -> bool:
    """Of at least one of the claims."""
    return bool(session.execute(_ON_SIDE, {"claims": list(claim_ids), "persons": list(actor.persons)}).scalar())


def require_apart(session: Session, claim_ids: Iterable[uuid.UUID], actor: Actor) -> None:
    """NotPermitted for somebody on the claimant's side of one of the claims."""
    if on_side(session, claim_ids, actor):
        raise NotPermitted("actor_on_claimant_side", "经办人是申请人、领款人或其家属，须回避", remedy="由同级其他人员或上级办理")
