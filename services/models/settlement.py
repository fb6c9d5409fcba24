"""A quarter of a plan settled from the feed: the settlement, its partitions, and one line for each member it touched."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Index,
    PrimaryKeyConstraint,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlmodel import Field, SQLModel

from services.models.base import CText, Fen, Instant, Scoped, instant, one_of

SETTLEMENT_STATES = ("settling", "settled", "cancelled")
Fens = ARRAY(BigInteger)


def _zero() -> int:
    return Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})  # type: ignore[no-any-return]


class Settlement(Scoped, table=True):
    """One feed of one plan, worked partition by partition. Its sums are those of its partitions; a feed is settled once.

    `plan_from`, `rule_digest`: the wording of its own year; a late bill of an earlier year is computed by that year's.
    `as_of`: when members, covers and cards were looked up. `over_cap`: members whose year lies above the cap (年度办理).
    """

    __tablename__ = "settlement"
    __table_args__ = (one_of("state", SETTLEMENT_STATES), CheckConstraint("quarter BETWEEN 1 AND 4", name="quarter_of_four"),
                      Index("settlement_plan", "plan", "year", "quarter"),
                      Index("settlement_feed", "feed_id", unique=True, postgresql_where=text("state <> 'cancelled'")),
                      # What was paid before is looked up once: another settlement of the plan waits until this one is through.
                      Index("settlement_settling", "plan", unique=True, postgresql_where=text("state = 'settling'")))

    plan: str = Field(sa_type=Text)
    plan_from: date
    year: int = Field(sa_type=SmallInteger)
    quarter: int = Field(sa_type=SmallInteger)
    feed_id: uuid.UUID = Field(foreign_key="feed_file.id")
    parts: int = Field(sa_type=SmallInteger)
    rule_digest: str = Field(sa_type=Text)
    state: str = Field(default="settling", sa_type=Text)
    fault: str | None = Field(default=None, sa_type=Text)            # why it stands still, in words
    as_of: datetime | None = instant()
    started_at: datetime = Field(sa_type=Instant)
    ended_at: datetime | None = instant()
    rows: int = _zero()                              # of the feed
    rejected: int = _zero()                          # by the feed's own checks
    bills: int = _zero()                             # new and changed
    unchanged: int = _zero()                         # rows that said what was known
    unresolved: int = _zero()                        # rows of nobody who is covered
    lines: int = _zero()
    paying: int = _zero()
    due_fen: int = _zero()
    receivable_fen: int = _zero()
    over_cap: int = _zero()
    claims: int = _zero()                            # opened for what lies above the cap, at the year's end
    unresolved_sha256: str | None = Field(default=None, sa_type=Text)
    account_id: uuid.UUID | None = None
    person_id: uuid.UUID | None = None


class SettlementPart(Scoped, table=True):
    """A partition that was committed: it is there with all its bills, lines, payments and bookings, or not at all.

    `digest`: SHA-256 over its lines. `buckets`: how many lines pay how much, by `city.figures.STEPS`.
    """

    __tablename__ = "settlement_part"
    __table_args__ = (UniqueConstraint("settlement_id", "part", name="settlement_part_once"),)

    settlement_id: uuid.UUID = Field(foreign_key="settlement.id")
    part: int = Field(sa_type=SmallInteger)
    digest: str = Field(sa_type=Text)
    rows: int = _zero()
    bills: int = _zero()
    unchanged: int = _zero()
    unresolved: int = _zero()
    lines: int = _zero()
    paying: int = _zero()
    due_fen: int = _zero()
    receivable_fen: int = _zero()
    over_cap: int = _zero()
    buckets: list[int] = Field(sa_type=Fens)
    ended_at: datetime = Field(sa_type=Instant)
    unresolved_sha256: str | None = Field(default=None, sa_type=Text)      # its rows of nobody; none: no such rows, or of before 0066


class SettlementLine(SQLModel, table=True):
    """A member's year as it stood in this settlement, with all that its worksheet is computed from. Append-only, fen.

    `org_key`: the member's unit. `paid`, `lines`, `took`: by the wording's benefits in order: paid before, due for the year so
    far, and what this settlement gives of it (adds up to `due_fen`; all zero where less is due than was paid: `receivable_fen`).
    No foreign keys: whole cities are written at once, sorted, into the year's own table.
    """

    __tablename__ = "settlement_line"
    __table_args__ = (PrimaryKeyConstraint("year", "part", "person_id", "settlement_id", name="settlement_line_key"),
                      {"postgresql_partition_by": "LIST (year)"})

    settlement_id: uuid.UUID
    part: int = Field(sa_type=SmallInteger)
    person_id: uuid.UUID
    year: int = Field(sa_type=SmallInteger)
    org_key: str = Field(sa_type=CText)
    cover_id: uuid.UUID
    effective: date
    until: date
    category: str = Field(sa_type=Text)
    outpatient_own_1: int | None = Field(default=None, sa_type=Fen)
    stays_own_1: list[int] | None = Field(default=None, sa_type=Fens)
    over_cap: int = Field(sa_type=Fen)
    other_reimb: int = Field(sa_type=Fen)
    paid: list[int] = Field(sa_type=Fens)
    lines: list[int] = Field(sa_type=Fens)
    took: list[int] = Field(sa_type=Fens)
    total_fen: int = Field(sa_type=Fen)
    due_fen: int = Field(sa_type=Fen)
    receivable_fen: int = Field(sa_type=Fen)
    outcome: str = Field(sa_type=Text)
    flags: list[str] = Field(sa_type=ARRAY(Text))
    card_id: uuid.UUID | None = None
    why_unpaid: str | None = Field(default=None, sa_type=Text)
