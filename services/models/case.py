"""The case: one report of one event of one person; the sum of its claims is what the member asks about."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import Index, Text, text
from sqlmodel import Field

from services.models.base import Bytes, Instant, Json, Scoped, instant, one_of

CHANNELS = ("member", "clerk", "phone", "insurer", "api")
LINES = ("95511", "office")             # whose telephone rang: the insurer's report line, or the union's


class Case(Scoped, table=True):
    """A report (报案) with its 10-day count."""

    __tablename__ = "case_file"
    __table_args__ = (one_of("channel", CHANNELS), Index("case_person", "person_id"), Index("case_org", "org_key"))

    case_no: str = Field(sa_type=Text, unique=True)
    person_id: uuid.UUID = Field(foreign_key="person.id")
    org_id: uuid.UUID = Field(foreign_key="organisation.id")
    event_kind: str = Field(sa_type=Text)
    diagnosed_on: date
    hospital: str | None = Field(default=None, sa_type=Text)
    reported_on: date
    reported_at: datetime = Field(sa_type=Instant)
    reported_by: uuid.UUID | None = None             # account; none for a program
    reporter_name: str = Field(sa_type=Text)
    channel: str = Field(sa_type=Text)
    committee_told_at: datetime | None = instant()
    insurer_told_at: datetime | None = instant()
    last_timely_day: date
    count_words: str = Field(sa_type=Text)
    late: bool = False
    late_reason: str | None = Field(default=None, sa_type=Text)
    answers: list[dict[str, object]] = Field(default_factory=list, sa_type=Json)   # what each cover answered the report
    joined_into: uuid.UUID | None = Field(default=None, foreign_key="case_file.id")   # a second report of one event
    joined_at: datetime | None = instant()


class ByTwo(Scoped):
    """Who asked for something, who else confirmed it, or when it was taken back."""

    asked_by: uuid.UUID | None = None                # account
    asked_person: uuid.UUID | None = None
    asked_at: datetime = Field(sa_type=Instant)
    confirmed_by: uuid.UUID | None = None
    confirmed_person: uuid.UUID | None = None
    confirmed_at: datetime | None = instant()
    withdrawn_at: datetime | None = instant()


class Asked(ByTwo):
    """What one person asks for and another confirms, with its reason."""

    reason: str = Field(sa_type=Text)


class Consent(Scoped, table=True):
    """A person's consent for one purpose (PIPL arts 23, 29): without `insurer` nothing goes to the insurer."""

    __tablename__ = "consent"
    __table_args__ = (one_of("purpose", ("insurer", "processing")), Index("consent_case", "case_id"))

    case_id: uuid.UUID = Field(foreign_key="case_file.id")
    person_id: uuid.UUID = Field(foreign_key="person.id")
    purpose: str = Field(sa_type=Text)
    given_at: datetime = Field(sa_type=Instant)
    recorded_by: uuid.UUID
    paper_sha256: str | None = Field(default=None, sa_type=Text)
    withdrawn_at: datetime | None = instant()
    words_version: str | None = Field(default=None, sa_type=Text)    # of the words consented to (intake/purposes.yaml)
    withdrawn_by: uuid.UUID | None = None            # account
    withdrawn_why: str | None = Field(default=None, sa_type=Text)
    withdrawn_sha256: str | None = Field(default=None, sa_type=Text)


class ReportNote(Scoped, table=True):
    """What was said at a report that is no form: a telephone call, or a further report joined to the case.

    Caller's number and words are sealed: they speak of an illness. `called_at` makes the report's day.
    """

    __tablename__ = "report_note"
    __table_args__ = (one_of("channel", CHANNELS), one_of("line", LINES), Index("report_note_case", "case_id"))

    case_id: uuid.UUID = Field(foreign_key="case_file.id")
    channel: str = Field(sa_type=Text)
    reporter_name: str = Field(sa_type=Text)
    relation: str | None = Field(default=None, sa_type=Text)         # of the caller to the member, in words
    line: str | None = Field(default=None, sa_type=Text)             # of LINES; only of calls
    number_called: str | None = Field(default=None, sa_type=Text)
    caller_phone_sealed: bytes | None = Field(default=None, sa_type=Bytes)
    called_at: datetime | None = instant()
    said_sealed: bytes | None = Field(default=None, sa_type=Bytes)
    event: dict[str, object] = Field(sa_type=Json)
    hospital: str | None = Field(default=None, sa_type=Text)
    reported_on: date
    taken_by: uuid.UUID | None = None                # account
    taken_person: uuid.UUID | None = None
    at: datetime = Field(sa_type=Instant)


class DuplicateVerdict(Asked, table=True):
    """Whether two cases are one event: `join` (asked by one person, where claims fall away confirmed by another), `apart`."""

    __tablename__ = "duplicate_verdict"
    __table_args__ = (one_of("verdict", ("join", "apart")), Index("duplicate_verdict_case", "case_id"),
                      Index("duplicate_verdict_other", "other_id"),
                      Index("duplicate_verdict_once", "case_id", "other_id", unique=True,
                            postgresql_where=text("withdrawn_at IS NULL")))

    case_id: uuid.UUID = Field(foreign_key="case_file.id")       # the later report
    other_id: uuid.UUID = Field(foreign_key="case_file.id")      # the case that stays
    verdict: str = Field(sa_type=Text)


class CancelRequest(Asked, table=True):
    """A claim that one person calls a duplicate or a mistake; it is cancelled when another person confirms."""

    __tablename__ = "cancel_request"
    __table_args__ = (one_of("ground", ("duplicate", "mistake")),
                      Index("cancel_request_open", "claim_id", unique=True,
                            postgresql_where=text("confirmed_at IS NULL AND withdrawn_at IS NULL")))

    claim_id: uuid.UUID = Field(foreign_key="claim.id")
    ground: str = Field(sa_type=Text)


class ReportDraft(Scoped, table=True):
    """A report begun and not yet made; its words are sealed, and only its own account sees it."""

    __tablename__ = "report_draft"
    __table_args__ = (Index("report_draft_account", "account_id"),)

    account_id: uuid.UUID
    words_sealed: bytes = Field(sa_type=Bytes)
    saved_at: datetime = Field(sa_type=Instant)
    version: int = 1


class ReportImport(Scoped, table=True):
    """One uploaded workbook of reports. `outcome`: [{"row": "3", "case_no": "…", "like": "…、…"}], `faults` as a roster's."""

    __tablename__ = "report_import"

    sha256: str = Field(sa_type=Text)
    file_name: str = Field(sa_type=Text)
    rows: int
    accepted: int
    outcome: list[dict[str, str]] = Field(default_factory=list, sa_type=Json)
    faults: list[dict[str, str]] = Field(default_factory=list, sa_type=Json)
    errors_sha256: str | None = Field(default=None, sa_type=Text)
    account_id: uuid.UUID | None = None
    at: datetime = Field(sa_type=Instant)
