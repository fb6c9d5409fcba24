"""One-bill settlement at hospitals' windows (一单结算): hospitals, their bills with every version, days reconciled and paid."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel

from services.models.base import Bytes, CText, Fen, Instant, Json, Scoped, instant, one_of

WHYS = ("settled", "corrected", "adjusted", "reversed", "superseded")


class Hospital(Scoped, table=True):
    """A hospital whose program settles with one office's plan, under one account of its own."""

    __tablename__ = "hospital"
    __table_args__ = (one_of("pay_to", ("hospital", "fund")),)

    code: str = Field(sa_type=Text, unique=True)             # 定点医药机构编号
    name: str = Field(sa_type=Text)
    plan: str = Field(sa_type=Text)
    account_id: uuid.UUID = Field(foreign_key="account.id", unique=True)
    pay_to: str = Field(default="hospital", sa_type=Text)    # who advanced the share and is paid by the day's statement
    created_at: datetime = Field(sa_type=Instant)
    closed_on: date | None = None


class WindowBill(Scoped, table=True):
    """One hospital settlement as it stands; `org_key` is its cover's, the hospital's where no cover answers.

    No name and no number is kept: the person is found by the blind index. `benefits` and `amounts` (fen) run side by side.
    """

    __tablename__ = "window_bill"
    __table_args__ = (one_of("state", ("standing", "reversed")), UniqueConstraint("hospital_id", "setl_id", name="window_bill_once"),
                      Index("window_bill_cover", "cover_id", postgresql_where=text("state = 'standing' AND cover_id IS NOT NULL")),
                      Index("window_bill_person", "person_id"), Index("window_bill_day", "hospital_id", "settled_on"),
                      CheckConstraint("share_fen >= 0", name="share_positive"))

    hospital_id: uuid.UUID = Field(foreign_key="hospital.id")
    setl_id: str = Field(sa_type=Text)
    mdtrt_id: str = Field(sa_type=Text)
    settled_at: datetime = Field(sa_type=Instant)
    settled_on: date                                         # the day in China
    plan: str = Field(sa_type=Text)
    plan_from: date
    person_id: uuid.UUID | None = Field(default=None, foreign_key="person.id")
    cover_id: uuid.UUID | None = Field(default=None, foreign_key="cover.id")
    person_index: bytes = Field(sa_type=Bytes)               # blind index of the number: a correction is of the same person
    med_type: str = Field(sa_type=Text)
    out_of_region: bool = False
    medfee_fen: int = Field(sa_type=Fen)
    pool_paid_fen: int = Field(sa_type=Fen)
    pool_own_fen: int = Field(sa_type=Fen)
    large_own_fen: int = Field(sa_type=Fen)
    correction_no: int = 0
    digest: bytes = Field(sa_type=Bytes)                     # keyed, of the whole content
    state: str = Field(default="standing", sa_type=Text)
    outcome: str = Field(sa_type=Text)
    reason: str | None = Field(default=None, sa_type=Text)   # why nothing
    flags: list[str] = Field(default_factory=list, sa_type=ARRAY(Text))
    benefits: list[str] = Field(default_factory=list, sa_type=ARRAY(Text))
    amounts: list[int] = Field(default_factory=list, sa_type=ARRAY(BigInteger))
    share_fen: int = Field(sa_type=Fen)
    version: int = 1
    received_at: datetime = Field(sa_type=Instant)
    changed_at: datetime = Field(sa_type=Instant)


class WindowVersion(Scoped, table=True):
    """What one call made of one bill: its content's digest, what was computed from what, and how the share changed.

    Append-only. `counts_on`: the day whose statement holds the change. A bill of before that another's coming or going
    changed has a version too (`adjusted`); a content that came after a newer one is kept as `superseded` and changes nothing.
    """

    __tablename__ = "window_version"
    __table_args__ = (one_of("why", WHYS), UniqueConstraint("bill_id", "seq", name="window_version_once"),
                      Index("window_version_day", "hospital_id", "counts_on"))

    bill_id: uuid.UUID = Field(foreign_key="window_bill.id")
    hospital_id: uuid.UUID = Field(foreign_key="hospital.id")
    seq: int
    correction_no: int
    why: str = Field(sa_type=Text)
    digest: bytes = Field(sa_type=Bytes)
    counts_on: date
    share_fen: int = Field(sa_type=Fen)
    change_fen: int = Field(sa_type=Fen)
    input: dict[str, object] = Field(sa_type=Json)
    output: dict[str, object] = Field(sa_type=Json)
    rule_digest: str = Field(sa_type=Text)
    reason: str | None = Field(default=None, sa_type=Text)   # the hospital's own words of a correction or reversal
    account_id: uuid.UUID | None = None
    at: datetime = Field(sa_type=Instant)


class WindowDay(Scoped, table=True):
    """One hospital's day: its own list against ours; agreed it never changes, paid by two persons."""

    __tablename__ = "window_day"
    __table_args__ = (one_of("state", ("differs", "agreed", "paying", "paid")),
                      UniqueConstraint("hospital_id", "day", name="window_day_once"),
                      CheckConstraint("checked_person IS DISTINCT FROM made_person OR checked_person IS NULL", name="two_persons"))

    hospital_id: uuid.UUID = Field(foreign_key="hospital.id")
    plan: str = Field(sa_type=Text)
    day: date
    listed_at: datetime = Field(sa_type=Instant)
    their_bills: int
    their_fen: int = Field(sa_type=Fen)
    our_bills: int
    our_fen: int = Field(sa_type=Fen)
    differences: int
    state: str = Field(sa_type=Text)
    agreed_at: datetime | None = instant()
    reference: str | None = Field(default=None, sa_type=Text)   # the bank's serial of the payment
    paid_on: date | None = None
    made_by: uuid.UUID | None = None
    made_person: uuid.UUID | None = None
    checked_by: uuid.UUID | None = None
    checked_person: uuid.UUID | None = None
    paid_at: datetime | None = instant()


class WindowListed(SQLModel, table=True):
    """One line of a hospital's own list of a day: what it took the share of this settlement to be, net of that day."""

    __tablename__ = "window_listed"

    day_id: uuid.UUID = Field(foreign_key="window_day.id", primary_key=True)
    setl_id: str = Field(sa_type=Text, primary_key=True)
    org_key: str = Field(sa_type=CText, nullable=False)
    share_fen: int = Field(sa_type=Fen)
