"""Letters to nobody on a claim: a certificate of cover, a month's summary, the sheet that files a closed claim.

A letter on a claim to somebody is a `Notice`, which moves with its claim.
"""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, Text, UniqueConstraint, text
from sqlmodel import Field

from services.models.base import Instant, Json, Scoped, instant, one_of

KINDS = ("cover_certificate", "monthly_summary", "archive_sheet", "board_report")


class OfficeLetter(Scoped, table=True):
    """Issued the moment it is made, then frozen; what ends it is being voided, or replaced by `replaced_by`.

    It stands on no claim's record and holds nobody's clock, so it has no machine; numbers, bytes and the public check are as
    those of notices. `subject`: what it is about, so that the same asked twice on one day is one letter.
    """

    __tablename__ = "office_letter"
    __table_args__ = (
        one_of("code", KINDS),
        UniqueConstraint("series", "year", "serial", name="office_letter_number"),
        UniqueConstraint("check_code", name="office_letter_check"),
        Index("office_letter_subject", "code", "subject"), Index("office_letter_org", "org_key"),
        Index("office_letter_sha256", "sha256"),
        Index("office_letter_claim", "claim_id", postgresql_where=text("claim_id IS NOT NULL")),
        CheckConstraint("(code = 'archive_sheet') = (claim_id IS NOT NULL) AND (dossier_sha256 IS NULL OR claim_id IS NOT NULL)",
                        name="office_letter_filed"),
        CheckConstraint("(voided_at IS NULL) = (void_reason IS NULL)", name="office_letter_voided"))

    code: str = Field(sa_type=Text)                  # folder under documents/notices/
    subject: str = Field(sa_type=Text)               # "<cover id>", "<organisation id>:2026-03", "<claim id>:<how often closed>"
    cover_id: uuid.UUID | None = Field(default=None, foreign_key="cover.id")
    person_id: uuid.UUID | None = Field(default=None, foreign_key="person.id")
    claim_id: uuid.UUID | None = Field(default=None, foreign_key="claim.id")     # of an archive sheet
    dossier_sha256: str | None = Field(default=None, sa_type=Text)              # of the dossier that it leads, once bound
    valid_on: date                                   # the day, or the last day of the month, that it speaks of
    series: str = Field(sa_type=Text)
    year: int
    serial: int
    number: str = Field(sa_type=Text)
    issued_on: date
    context: dict[str, object] = Field(sa_type=Json)
    digest: str = Field(sa_type=Text)                # SHA-256 over what it says, apart from number and code
    sha256: str = Field(sa_type=Text)                # of the PDF
    check_code: str = Field(sa_type=Text)
    issued_by: uuid.UUID | None = None               # account
    issued_person: uuid.UUID | None = None
    issued_at: datetime = Field(sa_type=Instant)
    replaced_by: uuid.UUID | None = None
    voided_at: datetime | None = instant()
    void_reason: str | None = Field(default=None, sa_type=Text)
    voided_by: uuid.UUID | None = None
