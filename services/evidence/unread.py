"""What a machine here has still to read."""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from sqlmodel import Session, col

from services.evidence.recognition import engine
from services.evidence.recognition.vocabulary import SHEETS
from services.models import Paper, PaperReading

KINDS = sorted({"other", *(kind for spec in SHEETS.values() for kind in spec.papers)})     # of papers that may be a sheet we know


def pages_left(session: Session, claim_id: uuid.UUID) -> int:
    """Pages of the claim that a machine here will still read, a paper that is not drawn yet counting as one; zero where papers are
    left to hands."""
    if not engine.name():
        return 0
    left = sa.select(sa.func.coalesce(sa.func.sum(sa.func.greatest(sa.func.coalesce(col(Paper.pages), 1), 1)), 0)).where(
        col(Paper.claim_id) == claim_id, col(Paper.kind).in_(KINDS), col(Paper.verdict) != "rejected", col(Paper.removed_at).is_(None),
        ~sa.exists().where(col(PaperReading.paper_id) == col(Paper.id)))
    return int(session.execute(left).scalar_one())
