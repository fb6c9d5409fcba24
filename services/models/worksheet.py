"""Worksheets (every yuan with its clause) and the decisions taken on them."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import Index, Text, UniqueConstraint
from sqlmodel import Field

from services.models.base import Fen, Instant, Json, Scoped, one_of

DECISION_KINDS = ("pay", "part", "refund", "nothing")


class Worksheet(Scoped, table=True):
    """One computation with its inputs, so that it can be reproduced. The frozen one stands behind the decision."""

    __tablename__ = "worksheet"
    __table_args__ = (UniqueConstraint("claim_id", "round", "seq", name="worksheet_once"),)

    claim_id: uuid.UUID = Field(foreign_key="claim.id")
    round: int
    seq: int
    frozen: bool = False
    input: dict[str, object] = Field(sa_type=Json)
    output: dict[str, object] = Field(sa_type=Json)
    outcome: str = Field(sa_type=Text)
    total_fen: int = Field(sa_type=Fen)
    refund_fen: int = Field(default=0, sa_type=Fen)
    facts_digest: str = Field(sa_type=Text)
    rule_digest: str = Field(sa_type=Text)
    why: str = Field(sa_type=Text)                   # first | papers changed | frozen at decision | ...
    made_at: datetime = Field(sa_type=Instant)


class Decision(Scoped, table=True):
    """One decision per claim and round, by the office or by the insurer; never changed afterwards."""

    __tablename__ = "decision"
    __table_args__ = (one_of("kind", DECISION_KINDS), one_of("source", ("office", "insurer")),
                      UniqueConstraint("claim_id", "round", name="decision_once"), Index("decision_org", "org_key"))

    claim_id: uuid.UUID = Field(foreign_key="claim.id")
    round: int
    source: str = Field(sa_type=Text)
    kind: str = Field(sa_type=Text)
    amount_fen: int = Field(sa_type=Fen)
    worksheet_id: uuid.UUID = Field(foreign_key="worksheet.id")
    decided_by: uuid.UUID | None = None              # account; none for the insurer
    decided_person: uuid.UUID | None = None
    reason: str | None = Field(default=None, sa_type=Text)
    clause: str = Field(sa_type=Text)
    answer: dict[str, object] = Field(default_factory=dict, sa_type=Json)   # the insurer's liabilities and letter
    at: datetime = Field(sa_type=Instant)
