"""Papers and the one-time supplement list."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import ARRAY, BigInteger, Float, Index, Text, UniqueConstraint, text
from sqlmodel import Field

from services.models.base import Bytes, Instant, Json, Moving, Scoped, instant, one_of
from statemachines.states import SupplementState


class Paper(Scoped, table=True):
    """One uploaded file, stored by its content hash; kept for as long as the law asks, never overwritten."""

    __tablename__ = "paper"
    __table_args__ = (one_of("verdict", ("waiting", "accepted", "rejected")), Index("paper_claim", "claim_id"),
                      Index("paper_sha256", "sha256"))

    claim_id: uuid.UUID = Field(foreign_key="claim.id")
    kind: str = Field(sa_type=Text)                  # a kind of the rule-book's paper list
    sha256: str = Field(sa_type=Text)
    mime: str = Field(sa_type=Text)
    size: int
    file_name: str = Field(sa_type=Text)
    verdict: str = Field(default="waiting", sa_type=Text)
    fault: str | None = Field(default=None, sa_type=Text)
    uploaded_by: uuid.UUID | None = None             # account; none for a program
    uploaded_at: datetime = Field(sa_type=Instant)
    checked_by: uuid.UUID | None = None
    checked_at: datetime | None = instant()
    pages: int | None = None                         # drawn for viewing; none while that is still to do
    removed_at: datetime | None = instant()          # the time the law asks for is over: the bytes are gone, the row stays
    warnings: list[str] = Field(default_factory=list, sa_type=Json, sa_column_kwargs={"server_default": text("'[]'")})


class PaperPage(Scoped, table=True):
    """One page of a paper drawn for viewing: WEBP view and thumbnail by content hash, or the code of why it cannot be shown."""

    __tablename__ = "paper_page"
    __table_args__ = (
        UniqueConstraint("paper_id", "number", name="paper_page_once"), Index("paper_page_view", "view_sha256"),
        *(Index(f"paper_page_band_{n}", f"band_{n}", postgresql_where=text(f"band_{n} IS NOT NULL")) for n in range(1, 5)))

    paper_id: uuid.UUID = Field(foreign_key="paper.id")
    number: int                                      # from 1
    view_sha256: str | None = Field(default=None, sa_type=Text)
    thumb_sha256: str | None = Field(default=None, sa_type=Text)
    width: int = 0                                   # pixels of the view
    height: int = 0
    rotation: int = 0                                # degrees it was turned clockwise to stand upright
    fault: str | None = Field(default=None, sa_type=Text)
    former: list[str] | None = Field(default=None, sa_type=ARRAY(Text))      # pictures it had before it was turned: they go when it goes
    turned: int = 0                                  # degrees clockwise that a reader or a person turned the view further
    tilt: float = Field(default=0, sa_type=Float)    # degrees it was straightened by
    phash: int | None = Field(default=None, sa_type=BigInteger)      # perceptual hash of 64 bits, as a signed number
    grain: bytes | None = Field(default=None, sa_type=Bytes)         # a finer picture of the page, to see where two copies differ
    print_of: str | None = Field(default=None, sa_type=Text)         # the view that hash and grain were made of
    band_1: int | None = None                        # a quarter of the hash each: near hashes share one (evidence/pictures)
    band_2: int | None = None
    band_3: int | None = None
    band_4: int | None = None


class Supplement(Moving, table=True):
    """A list of what is missing. `items`: [{"paper", "name", "reason", "state": open|answered|unavailable, "note"}]."""

    __tablename__ = "supplement"
    __table_args__ = (one_of("state", SupplementState), one_of("source", ("union", "insurer")),
                      Index("supplement_claim", "claim_id"))

    claim_id: uuid.UUID = Field(foreign_key="claim.id")
    round: int
    source: str = Field(sa_type=Text)
    items: list[dict[str, str]] = Field(sa_type=Json)
    reason: str | None = Field(default=None, sa_type=Text)
    asked_by: uuid.UUID | None = None                # person
    asked_at: datetime = Field(sa_type=Instant)
    delivered_at: datetime | None = instant()
    answered_at: datetime | None = instant()
    deadline: date | None = None
