"""Payees, payments, runs and the lines that went to and came from the bank."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import Boolean, Column, Computed, Index, SmallInteger, Text, UniqueConstraint, text
from sqlmodel import Field

from services.models.base import Bytes, Fen, Instant, Moving, Scoped, instant, one_of
from services.models.case import Asked
from services.models.claim import GENESIS
from statemachines.states import PaymentRunState, PaymentState

PURPOSES = ("benefit", "refund", "advance", "difference")


class Payee(Scoped, table=True):
    """Who receives a claim's money: the member, or the heirs, whose shares add up to one."""

    __tablename__ = "payee"
    __table_args__ = (one_of("basis", ("law", "named")), Index("payee_claim", "claim_id"))

    claim_id: uuid.UUID = Field(foreign_key="claim.id")
    person_id: uuid.UUID = Field(foreign_key="person.id")
    relation: str = Field(default="self", sa_type=Text)
    ordinal: int = 1                                 # heirs in the order named; of equal remainders the first gets the fen
    share_num: int = 1
    share_den: int = 1
    bank_card_id: uuid.UUID | None = Field(default=None, foreign_key="bank_card.id")
    proof_sha256: str | None = Field(default=None, sa_type=Text)
    basis: str | None = Field(default=None, sa_type=Text)            # of an heir: law | named
    guardian_id: uuid.UUID | None = Field(default=None, foreign_key="person.id")   # whose account a minor's card is
    active: bool = True
    added_at: datetime = Field(sa_type=Instant)


class PaymentRun(Moving, table=True):
    """A batch of payments of one plan fund: made by one person, released by another, sent as one file.

    A run has an audit chain of its own, as a claim has.
    """

    __tablename__ = "payment_run"
    __table_args__ = (one_of("state", PaymentRunState),
                      Index("payment_run_settlement", "settlement_id", postgresql_where=text("settlement_id IS NOT NULL")))

    settlement_id: uuid.UUID | None = Field(default=None, foreign_key="settlement.id")   # it carries that settlement's lines
    run_no: str = Field(sa_type=Text, unique=True)
    plan: str = Field(sa_type=Text)
    bank: str = Field(sa_type=Text)
    made_by: uuid.UUID
    made_person: uuid.UUID
    made_at: datetime = Field(sa_type=Instant)
    checked_by: uuid.UUID | None = None
    checked_person: uuid.UUID | None = None
    released_at: datetime | None = instant()
    count: int = 0
    total_fen: int = Field(default=0, sa_type=Fen)
    digest: str | None = Field(default=None, sa_type=Text)
    file_name: str | None = Field(default=None, sa_type=Text)
    file_sha256: str | None = Field(default=None, sa_type=Text)
    sent_at: datetime | None = instant()
    audit_seq: int = 0
    audit_head: bytes = Field(default=GENESIS, sa_type=Bytes)


class Payment(Moving, table=True):
    """One obligation; a returned one is sent again under the same row with a higher attempt, never as a second row."""

    __tablename__ = "payment"
    __table_args__ = (one_of("state", PaymentState), one_of("purpose", PURPOSES),
                      one_of("channel", ("bank", "insurer")),
                      Index("payment_once_part", "claim_id", "round", "payee_id", "purpose", "part", unique=True,
                            postgresql_where=text("live")),
                      Index("payment_claim", "claim_id"), Index("payment_run_id", "run_id"),
                      Index("payment_waiting", "org_key", postgresql_where=text("waiting")),
                      # A run moves all payments of a page in one transaction: there is room for two versions of each (migration 0043).
                      {"info": {"fillfactor": 45}})

    claim_id: uuid.UUID = Field(foreign_key="claim.id")
    round: int
    payee_id: uuid.UUID = Field(foreign_key="payee.id")
    person_id: uuid.UUID = Field(foreign_key="person.id")
    purpose: str = Field(sa_type=Text)
    # Of what the round pays the payee: a second one when more falls to her after the first went out, say a former payee's that came back.
    part: int = Field(default=1, sa_type=SmallInteger, sa_column_kwargs={"server_default": "1"})
    channel: str = Field(sa_type=Text)
    amount_fen: int = Field(sa_type=Fen)
    attempt: int = 1
    bank_card_id: uuid.UUID | None = Field(default=None, foreign_key="bank_card.id")
    run_id: uuid.UUID | None = Field(default=None, foreign_key="payment_run.id")
    serial: str | None = Field(default=None, sa_type=Text)
    credited_at: datetime | None = instant()
    return_reason: str | None = Field(default=None, sa_type=Text)
    left_out: str | None = Field(default=None, sa_type=Text)         # why the last run made could not take it, in words
    corrected_person: uuid.UUID | None = None        # who proposed a new bank card; another person confirms
    proposed_card_id: uuid.UUID | None = Field(default=None, foreign_key="bank_card.id")
    created_at: datetime = Field(sa_type=Instant)
    # Both made by the database: an index that looked at `state` itself would be written again with every move.
    live: bool | None = Field(default=None, sa_column=Column(Boolean, Computed("state <> 'cancelled'", persisted=True), nullable=False))
    # For an office: to be taken into a run, or for another account.
    waiting: bool | None = Field(default=None, sa_column=Column(
        Boolean, Computed("state IN ('planned', 'returned')", persisted=True), nullable=False))


class BankLine(Scoped, table=True):
    """A line of a file to (sent) or from (credit, return) a bank or the insurer: the proof of what really moved."""

    __tablename__ = "bank_line"
    __table_args__ = (one_of("kind", ("sent", "credit", "return")),
                      UniqueConstraint("file_sha256", "line_no", name="bank_line_once"),
                      Index("bank_line_payment", "payment_id"),
                      Index("bank_line_settlement", "settlement_payment_id",
                            postgresql_where=text("settlement_payment_id IS NOT NULL")),
                      Index("bank_line_reference", "reference", postgresql_where=text("kind = 'sent'")))

    payment_id: uuid.UUID | None = Field(default=None, foreign_key="payment.id")
    settlement_payment_id: uuid.UUID | None = None   # instead of a claim's
    run_id: uuid.UUID | None = Field(default=None, foreign_key="payment_run.id")
    kind: str = Field(sa_type=Text)
    attempt: int = 1
    reference: str = Field(sa_type=Text)
    amount_fen: int = Field(sa_type=Fen)
    serial: str | None = Field(default=None, sa_type=Text)
    bank_time: datetime | None = instant()
    reason: str | None = Field(default=None, sa_type=Text)
    fault: str | None = Field(default=None, sa_type=Text)      # why an incoming line matches nothing
    file_sha256: str = Field(sa_type=Text)
    line_no: int
    at: datetime = Field(sa_type=Instant)


class LineVerdict(Asked, table=True):
    """What becomes of a line that matched nothing: one person says so, another confirms; of a line at most one stands.

    `fault` is what the line had; an assigned line has none any more. A verdict taken back keeps its row.
    """

    __tablename__ = "line_verdict"
    __table_args__ = (one_of("verdict", ("assign", "dismiss")), Index("line_verdict_payment", "payment_id"),
                      Index("line_verdict_once", "line_id", unique=True, postgresql_where=text("withdrawn_at IS NULL")))

    line_id: uuid.UUID = Field(foreign_key="bank_line.id")
    verdict: str = Field(sa_type=Text)
    payment_id: uuid.UUID | None = Field(default=None, foreign_key="payment.id")     # of assign
    settlement_payment_id: uuid.UUID | None = None   # of assign, instead of a claim's
    fault: str = Field(sa_type=Text)
    withdrawn_by: uuid.UUID | None = None            # account
    withdrawn_why: str | None = Field(default=None, sa_type=Text)
