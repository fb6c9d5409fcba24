"""Money paid ahead of the decision (保险法 25): one person proposes the sum that nobody disputes, another confirms it."""

from __future__ import annotations

import uuid

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field

from services.models.base import Fen
from services.models.case import Asked


class Advance(Asked, table=True):
    """`amount_fen` of the worksheet `worksheet_id`, in one round; confirmed, it became payments of purpose `advance`."""

    __tablename__ = "advance"
    __table_args__ = (CheckConstraint("amount_fen > 0", name="advance_positive"), Index("advance_claim", "claim_id"),
                      Index("advance_open", "claim_id", unique=True,
                            postgresql_where=text("confirmed_at IS NULL AND withdrawn_at IS NULL")))

    claim_id: uuid.UUID = Field(foreign_key="claim.id")
    round: int
    amount_fen: int = Field(sa_type=Fen)
    computed_fen: int = Field(sa_type=Fen)           # what the worksheet gave
    worksheet_id: uuid.UUID = Field(foreign_key="worksheet.id")
