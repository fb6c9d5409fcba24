"""Feeds of the medical insurance, and the bills they brought. What the columns mean and where they come from: infra/docs/feed.md."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    DateTime,
    Index,
    PrimaryKeyConstraint,
    SmallInteger,
    Text,
    Uuid,
)
from sqlmodel import Field, SQLModel

from services.models.base import CText, Fen, Instant, Json, Scoped, instant, one_of

FEED_STATES = ("received", "staged", "settled", "refused")
FEED_FORMATS = ("csv", "csv.gz", "parquet")
BILL_KINDS = ("outpatient", "inpatient")


class FeedFile(Scoped, table=True):
    """One file of one quarter as received: its bytes lie sealed in the store, under the row's id. `rejects_sha256` names a file there too.

    The same bytes for the same plan are one row, however often they come.
    """

    __tablename__ = "feed_file"
    __table_args__ = (
        one_of("state", FEED_STATES), one_of("format", FEED_FORMATS),
        CheckConstraint("quarter BETWEEN 1 AND 4", name="feed_file_quarter"),
        Index("feed_file_once", "plan", "sha256", unique=True), Index("feed_file_org", "org_key", "received_at"))

    plan: str = Field(sa_type=Text)
    year: int = Field(sa_type=SmallInteger)
    quarter: int = Field(sa_type=SmallInteger)
    file_name: str = Field(sa_type=Text)
    sha256: str = Field(sa_type=Text)
    size: int = Field(sa_type=BigInteger)            # bytes as received
    format: str = Field(sa_type=Text)
    state: str = Field(default="received", sa_type=Text)
    rows: int = 0
    accepted: int = 0
    rejected: int = 0
    reasons: dict[str, int] = Field(default_factory=dict, sa_type=Json)      # rows by reason code
    rejects_sha256: str | None = Field(default=None, sa_type=Text)
    fault: str | None = Field(default=None, sa_type=Text)                    # why the whole was refused
    account_id: uuid.UUID | None = None
    person_id: uuid.UUID | None = None                                       # who sent it
    received_at: datetime = Field(sa_type=Instant)
    staged_at: datetime | None = instant()


class Bill(SQLModel, table=True):
    """One settlement of one person with a hospital, as the latest feed tells it; earlier versions stay, `superseded`.

    Partitioned by year (`bill_2026`); `part` is the first byte of the person's blind index by four (0 to 63), so that a share of
    all members is one range of the key. Money in fen. No foreign keys: rows come by the million, in one sorted COPY a part.
    """

    __tablename__ = "bill"
    __table_args__ = (
        PrimaryKeyConstraint("year", "part", "person_id", "setl_id", "version", name="bill_key"), one_of("kind", BILL_KINDS),
        CheckConstraint("part BETWEEN 0 AND 63", name="bill_part"),
        CheckConstraint("own_1 >= 0 AND over_cap >= 0 AND other_reimb >= 0", name="bill_amounts"),
        {"postgresql_partition_by": "LIST (year)"})

    person_id: uuid.UUID = Field(sa_type=Uuid)
    feed_id: uuid.UUID = Field(sa_type=Uuid)
    own_1: int = Field(sa_type=Fen)                  # own payment class one below the ceiling
    over_cap: int = Field(sa_type=Fen)               # and above it
    other_reimb: int = Field(sa_type=Fen)            # other reimbursements to be taken off what is above
    medfee_sumamt: int = Field(sa_type=Fen)
    inscp_scp_amt: int = Field(sa_type=Fen)
    act_pay_dedc: int = Field(sa_type=Fen)
    hifp_pay: int = Field(sa_type=Fen)
    hifob_pay: int = Field(sa_type=Fen)
    cvlserv_pay: int = Field(sa_type=Fen)
    hifes_pay: int = Field(sa_type=Fen)
    maf_pay: int = Field(sa_type=Fen)
    psn_part_amt: int = Field(sa_type=Fen)
    pool_own: int | None = Field(default=None, sa_type=Fen)
    large_own: int | None = Field(default=None, sa_type=Fen)
    digest: int = Field(sa_type=BigInteger)          # of the content: tells a changed bill from the same again
    setl_at: datetime = Field(sa_type=DateTime(timezone=True))
    setl_on: date = Field(sa_type=Date)              # that moment's day in China
    row_no: int                                      # in the feed's file
    year: int = Field(sa_type=SmallInteger)          # of setl_on
    part: int = Field(sa_type=SmallInteger)
    version: int = Field(default=1, sa_type=SmallInteger)
    reversed: bool = Field(default=False, sa_type=Boolean)
    superseded: bool = Field(default=False, sa_type=Boolean)
    kind: str = Field(sa_type=Text)
    org_key: str = Field(sa_type=CText)              # of the feed
    setl_id: str = Field(sa_type=CText)
    medins_setl_id: str | None = Field(default=None, sa_type=CText)
