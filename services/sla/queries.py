"""Clocks as people read them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlmodel import Session, col, select

from services.models import SlaAlert, SlaClock
from services.sla.rules import FOLLOWS, INSURER, WINDOWS, Op

__all__ = ["INSURER", "WINDOWS", "alerts_of", "clocks", "clocks_of", "moves"]


def moves(kind: str) -> dict[str, list[tuple[str, str]]]:
    """The (machine, event) pairs that start, pause, resume and stop a clock, by what they do; those that stop all clocks left out."""
    found: dict[str, list[tuple[str, str]]] = {op.value: [] for op in Op}
    for move, steps in FOLLOWS.items():
        for step in steps:
            if kind in step.kinds:
                found[step.op.value].append(move)
    return found


def clocks_of(session: Session, claim_id: uuid.UUID) -> list[SlaClock]:
    """A claim's clocks, oldest round and start first."""
    return list(session.exec(select(SlaClock).where(SlaClock.claim_id == claim_id).order_by(
        col(SlaClock.round), col(SlaClock.start_on), col(SlaClock.kind), col(SlaClock.id))))


def clocks(session: Session, claim_ids: Sequence[uuid.UUID], kind: str) -> dict[uuid.UUID, SlaClock]:
    """Each claim's newest clock of one kind."""
    rows = session.exec(select(SlaClock).where(col(SlaClock.claim_id).in_(list(claim_ids)), SlaClock.kind == kind)
                        .order_by(col(SlaClock.round), col(SlaClock.start_on), col(SlaClock.id)))
    return {clock.claim_id: clock for clock in rows}


def alerts_of(session: Session, claim_id: uuid.UUID) -> list[SlaAlert]:
    """What a claim's clocks owed and who was told, in the order in which it was owed."""
    query = (select(SlaAlert).join(SlaClock, col(SlaClock.id) == col(SlaAlert.clock_id)).where(SlaClock.claim_id == claim_id)
             .order_by(col(SlaAlert.due_on), col(SlaAlert.clock_id), col(SlaAlert.lap), col(SlaAlert.step)))
    return list(session.exec(query))
