"""What a settlement pays, line by line, and the lists from which members were told before."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import Boolean, CheckConstraint, Column, Computed, Index, SmallInteger, Text, text
from sqlmodel import Field, SQLModel

from services.core.ids import uuidv7
from services.models.base import CText, Fen, Instant, Scoped, instant, one_of

# `batched`: in a run, which says itself whether it is released; so a release writes no line.
STATES = ("planned", "batched", "sent", "credited", "returned", "cancelled")


class SettlementPayment(SQLModel, table=True):
    """What one settlement owes one person: paid once; a returned one is sent again under the same row with a higher attempt.

    A line moves with its run or by a line of the bank, ten thousand at once, and stands on its run's chain of the record. It has
    no foreign keys: looking up four of them would cost a city's millions more than writing the lines; `huzhu check` names a line
    without its settlement's line, run or card (`settlement_whole`). `id` and (run, line) are unique, too; rows are COPYed into the one
    partition `settlement_payment_all`. The reference told to the bank is the run's number and `line`.
    """

    __tablename__ = "settlement_payment"
    __table_args__ = (
        one_of("state", STATES), CheckConstraint("amount_fen > 0", name="amount_positive"),
        CheckConstraint("(state IN ('planned', 'cancelled')) = (run_id IS NULL) AND (run_id IS NULL) = (line IS NULL)"
                        " AND (run_id IS NULL OR card_id IS NOT NULL)", name="carried"),
        CheckConstraint("(state = 'credited') = (credited_at IS NOT NULL) AND (state = 'credited') = (serial IS NOT NULL)",
                        name="credit_proved"),
        Index("settlement_payment_waiting", "settlement_id", "id", postgresql_where=text("waiting")))

    settlement_id: uuid.UUID = Field(primary_key=True)
    part: int = Field(primary_key=True, sa_type=SmallInteger)
    person_id: uuid.UUID = Field(primary_key=True)
    id: uuid.UUID = Field(default_factory=uuidv7, sa_column_kwargs={"server_default": text("uuidv7()")})
    org_key: str = Field(sa_type=CText, nullable=False)
    amount_fen: int = Field(sa_type=Fen)
    card_id: uuid.UUID | None = None                 # none: no account was known; it waits for one
    run_id: uuid.UUID | None = None
    line: int | None = None                          # of the run's file, from 1
    state: str = Field(default="planned", sa_type=Text, sa_column_kwargs={"server_default": "planned"})
    attempt: int = Field(default=1, sa_type=SmallInteger, sa_column_kwargs={"server_default": "1"})
    version: int = Field(default=1, sa_type=SmallInteger, sa_column_kwargs={"server_default": "1"})    # of what persons change
    serial: str | None = Field(default=None, sa_type=Text)
    credited_at: datetime | None = instant()
    return_reason: str | None = Field(default=None, sa_type=Text)
    left_out: str | None = Field(default=None, sa_type=Text)         # why it is in no run, in words
    proposed_card_id: uuid.UUID | None = None
    corrected_person: uuid.UUID | None = None        # who proposed another card; another person confirms
    # Made by the database: an index that looked at `state` itself would be written again with every move.
    waiting: bool | None = Field(default=None, sa_column=Column(
        Boolean, Computed("state IN ('planned', 'returned')", persisted=True), nullable=False))


class SettlementTelling(Scoped, table=True):
    """A run's members were told what they will be paid: by the channel for short messages, or from a list taken away for it.

    `sha256` is the list's, so that a copy that turns up is known; the list itself is not kept. Append-only.
    """

    __tablename__ = "settlement_telling"
    __table_args__ = (one_of("channel", ("list", "sms")), Index("settlement_telling_run", "run_id"))

    run_id: uuid.UUID = Field(foreign_key="payment_run.id")
    channel: str = Field(sa_type=Text)
    lines: int
    reason: str = Field(sa_type=Text)
    sha256: str = Field(sa_type=Text)
    account_id: uuid.UUID
    person_id: uuid.UUID | None = None
    at: datetime = Field(sa_type=Instant)
