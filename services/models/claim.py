"""The claim: one plan's answer to a case. Its row carries the head of its audit chain."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import Index, Text, text
from sqlmodel import Field

from services.models.base import Bytes, Fen, Instant, Json, Moving, one_of
from statemachines.states import ClaimState

GENESIS = bytes(32)
_OPEN = "state NOT IN ('closed', 'cancelled')"


class Claim(Moving, table=True):
    """`event` holds the facts in the words of `vocabulary.md`; `digest` covers them and the accepted papers."""

    __tablename__ = "claim"
    __table_args__ = (
        one_of("state", ClaimState),
        Index("claim_org_state", "org_key", "state"),
        Index("claim_open_org", "org_key", "pay_due", postgresql_where=text(_OPEN)),
        Index("claim_in_review", "org_key", postgresql_where=text("state = 'in_review'")),
        Index("claim_to_verify", "org_key", postgresql_where=text("state = 'reported'")),
        Index("claim_number", "claim_no"),        # COLLATE "C" in the database: by the beginning, also under row security
        Index("claim_open_due", "pay_due", postgresql_where=text(_OPEN)),
        Index("claim_case", "case_id"), Index("claim_cover", "cover_id"), Index("claim_person", "person_id"),
        {"info": {"fillfactor": 50}},
    )

    claim_no: str = Field(sa_type=Text, unique=True)
    code: str = Field(sa_type=Text)                  # with the number it opens the public progress page
    case_id: uuid.UUID = Field(foreign_key="case_file.id")
    person_id: uuid.UUID = Field(foreign_key="person.id")
    cover_id: uuid.UUID = Field(foreign_key="cover.id")
    plan: str = Field(sa_type=Text)
    plan_from: date
    route: str = Field(sa_type=Text)                 # office | insurer
    round: int = 1
    event: dict[str, object] = Field(sa_type=Json)
    digest: str = Field(sa_type=Text)
    outcome: str | None = Field(default=None, sa_type=Text)     # pay | part | refund | nothing | manual | withdrawn | not_pursued
    amount_fen: int | None = Field(default=None, sa_type=Fen)
    held: bool = False
    hold_reason: str | None = Field(default=None, sa_type=Text)
    died: bool = False
    identity_matched: bool = False
    required: list[str] = Field(sa_type=Json)        # kinds of papers that the rule-book asks for this event
    banks: list[str] = Field(sa_type=Json)           # banks the plan allows (reading A-41); empty: any
    findings: list[dict[str, object]] = Field(default_factory=list, sa_type=Json)   # of the checks, see evidence.rules.Finding
    inputs: dict[str, dict[str, dict[str, object]]] = Field(default_factory=dict, sa_type=Json)   # a reviewer's, see review.inputs
    verified_person: uuid.UUID | None = None         # the verifier of this round, for separation of persons
    verified_on: date | None = None                  # the file was complete on this day
    pay_due: date | None = None                      # copy of the pay clock's due day, for worklists
    audit_seq: int = 0
    audit_head: bytes = Field(default=GENESIS, sa_type=Bytes)
    created_at: datetime = Field(sa_type=Instant)
    updated_at: datetime = Field(sa_type=Instant)
