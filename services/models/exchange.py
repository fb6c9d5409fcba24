"""What the office and an insurer owe each other: the period's report, what was done together, and the books compared day by day."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, Text, text
from sqlmodel import Field

from services.models.base import Fen, Instant, Json, Row, Scoped, instant, one_of

REPORT_STATUS = ("prepared", "issued")
# What the cooperation rules of 安康保 (arts. 13, 16–18) ask for and nobody's record but this one knows.
COOPERATION = ("policies", "summary", "meeting", "notice", "lecture", "team")


class ExchangeReport(Scoped, table=True):
    """A period's report to one insurer, of one organisation (`org_key`): prepared by one person, issued by another, then frozen.

    `contents` are its figures, `digest` SHA-256 over them; workbook and letter lie under their hashes once issued. A correction is the
    next `version` of the same period: `why`, and `changes` names each figure that differs from the version before.
    """

    __tablename__ = "exchange_report"
    __table_args__ = (
        one_of("status", REPORT_STATUS),
        Index("exchange_report_period", "org_key", "insurer", "from_on", "until_on", "version"),  # not unique: merged offices keep theirs
        CheckConstraint("from_on <= until_on", name="exchange_report_days"),
        CheckConstraint("(status = 'issued') = (issued_at IS NOT NULL AND number IS NOT NULL AND workbook_sha256 IS NOT NULL"
                        " AND letter_sha256 IS NOT NULL)", name="exchange_report_issued"),
        CheckConstraint("issued_person IS DISTINCT FROM prepared_person OR status = 'prepared'", name="exchange_report_two_persons"))

    insurer: str = Field(sa_type=Text)
    from_on: date
    until_on: date
    version: int = 1
    status: str = Field(default="prepared", sa_type=Text)
    contents: dict[str, object] = Field(sa_type=Json)
    digest: str = Field(sa_type=Text)
    why: str | None = Field(default=None, sa_type=Text)              # of a correction
    changes: list[dict[str, str]] = Field(default_factory=list, sa_type=Json)    # [{"what", "before", "after"}]
    prepared_by: uuid.UUID                                           # account
    prepared_person: uuid.UUID
    prepared_at: datetime = Field(sa_type=Instant)
    issued_by: uuid.UUID | None = None
    issued_person: uuid.UUID | None = None
    issued_at: datetime | None = instant()
    number: str | None = Field(default=None, sa_type=Text)           # of the letter
    workbook_sha256: str | None = Field(default=None, sa_type=Text)
    letter_sha256: str | None = Field(default=None, sa_type=Text)


class CooperationAct(Scoped, table=True):
    """Something done under the cooperation rules on a day, as entered. Append-only: `withdraws` names an entry made in error."""

    __tablename__ = "cooperation_act"
    __table_args__ = (one_of("code", COOPERATION), Index("cooperation_act_held", "insurer", "held_on"),
                      Index("cooperation_act_withdrawn", "withdraws", unique=True, postgresql_where=text("withdraws IS NOT NULL")))

    insurer: str = Field(sa_type=Text)
    code: str = Field(sa_type=Text)
    held_on: date
    note: str = Field(sa_type=Text)
    withdraws: uuid.UUID | None = Field(default=None, foreign_key="cooperation_act.id")
    account_id: uuid.UUID
    person_id: uuid.UUID
    at: datetime = Field(sa_type=Instant)


class Reconciliation(Row, table=True):
    """One day's comparison of our books with the insurer's list. Kept once: the same day asked again finds this row. Sums are fen.

    Counts and sums alone, which are no secret of an organisation; the differences are (`ReconciliationDifference`).
    """

    __tablename__ = "reconciliation"

    day: date = Field(unique=True)
    files: int                          # on the insurer's list
    heard: int                          # our messages on it
    said: int                           # theirs
    kept: int                           # of theirs, those we hold
    applied: int                        # of those, acted on
    ours_decided_fen: int = Field(sa_type=Fen)
    theirs_decided_fen: int = Field(sa_type=Fen)
    ours_paid_fen: int = Field(sa_type=Fen)
    theirs_settled_fen: int = Field(sa_type=Fen)
    differences: int
    digest: str = Field(sa_type=Text)   # SHA-256 of the insurer's list
    at: datetime = Field(sa_type=Instant)


class ReconciliationDifference(Scoped, table=True):
    """One thing on which a day's books differ: both values in words, since when. Append-only; what is put right is not there next day."""

    __tablename__ = "reconciliation_difference"
    __table_args__ = (Index("reconciliation_difference_day", "reconciliation_id", "org_key"),)

    reconciliation_id: uuid.UUID = Field(foreign_key="reconciliation.id")
    claim_id: uuid.UUID | None = Field(default=None, foreign_key="claim.id")     # none: the insurer speaks of a claim we do not know
    claim_no: str = Field(sa_type=Text)
    round: int
    version: int
    kind: str = Field(sa_type=Text)
    ours: str = Field(sa_type=Text)
    theirs: str = Field(sa_type=Text)
    since: date
    listed_on: date | None = None       # the newest list that had the file: asked again until the difference is put right
