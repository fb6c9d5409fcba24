"""Whether somebody stands on the claimant's side: claimant, payee or heir, their family, also through an absent colleague."""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import Actor
from services.core.errors import GuardFailed
from services.lifecycle.facts import ACTOR, bound, on_claimant_side

_ON_SIDE = sa.text(bound(f"SELECT {on_claimant_side(ACTOR)} FROM claim c WHERE c.id = :claim"))


def on_side(session: Session, claim_id: uuid.UUID, actor: Actor) -> bool:
    """The machines' own comparison, for verbs that fire no event of the claim."""
    return bool(session.execute(_ON_SIDE, {"claim": claim_id, "persons": list(actor.persons)}).scalar())


def require_apart(session: Session, claim_id: uuid.UUID, actor: Actor) -> None:
    """Nobody on the claimant's side chooses who decides. GuardFailed."""
    if on_side(session, claim_id, actor):
        raise GuardFailed("actor_on_claimant_side", "经办人是申请人、领款人或其家属，须回避", remedy="由同级其他人员或上级办理")
