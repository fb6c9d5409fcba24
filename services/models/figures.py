"""Derived figures: what the record says of stages and promises, added up. All may be deleted and is rebuilt from the claims.

Only `services/reporting` writes these tables (infra/decisions/0016); nothing else in the product reads them to decide anything.
The tallies have a number for a key: when an organisation is merged into another, equal rows of both stand side by side and add up.
"""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import BigInteger, Identity, Index, Text, text
from sqlmodel import Field, SQLModel, col

from services.models.audit import AuditRecord
from services.models.base import CText, Instant, instant
from services.models.clock import SlaClock


class StageVisit(SQLModel, table=True):
    """One stay of a claim in a stage, or at one level of the review; `left_at` and all below it are empty while it lasts.

    `event`: what ended it: the claim's event, or `pass` / `send_down` when another level of the review opened. `stay_*` stand on
    the last visit of a stay in a stage (a review of three levels is one stay), `whole_*` on the visit that ends with the claim's
    first payment or refusal and count from its report. `first`: the claim's first visit that ended with `verify`, or with a
    decision; `asked`, `returned`: lists asked for and returns that lie behind it then.
    """

    __tablename__ = "stage_visit"
    __table_args__ = (Index("stage_visit_left", "left_at"), Index("stage_visit_entered", "entered_at"),
                      Index("stage_visit_org", "org_key", "left_at"),
                      Index("stage_visit_returned", "left_at", "claim_id", postgresql_where=text("first AND returned > 0")),
                      Index("stage_visit_whole", "org_key", "left_at", postgresql_where=text("whole_days IS NOT NULL"),
                            postgresql_include=["plan", "whole_days", "whole_workdays"]))

    claim_id: uuid.UUID = Field(primary_key=True)
    ordinal: int = Field(primary_key=True)
    round: int
    org_key: str = Field(sa_type=CText)
    plan: str = Field(sa_type=Text)
    route: str = Field(sa_type=Text)
    stage: str = Field(sa_type=Text)
    level: str = Field(sa_type=Text)
    entered_at: datetime = Field(sa_type=Instant)
    left_at: datetime | None = instant()
    event: str | None = Field(default=None, sa_type=Text)
    next_stage: str | None = Field(default=None, sa_type=Text)
    next_level: str | None = Field(default=None, sa_type=Text)
    days: int | None = None                          # calendar days
    workdays: int | None = None                      # working days by the office's calendar
    stay_days: int | None = None
    stay_workdays: int | None = None
    whole_days: int | None = None
    whole_workdays: int | None = None
    asked: int | None = None
    returned: int | None = None
    first: bool | None = None


class _Tally(SQLModel):
    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger, sa_column_args=(Identity(always=True),))
    org_key: str = Field(sa_type=CText)              # an organisation above the unit; the row is of all below it
    plan: str = Field(sa_type=Text)


class DayTally(_Tally, table=True):
    """How many stays that ended in a month took how many days. `stage` "whole": the claim's whole way; `level`: one level's visit."""

    __tablename__ = "day_tally"
    __table_args__ = (Index("day_tally_org", "org_key", "stage", "month"), Index("day_tally_month", "month"))

    month: date
    stage: str = Field(sa_type=Text)
    level: str = Field(sa_type=Text)
    working: bool
    days: int
    n: int = Field(sa_type=BigInteger)


class MonthTally(_Tally, table=True):
    """How many of something in a month (`boards.views.Rates`; `kept`, `missed` by kind of clock); of `paid_fen` the sum."""

    __tablename__ = "month_tally"
    __table_args__ = (Index("month_tally_org", "org_key", "month"),)

    month: date
    what: str = Field(sa_type=Text)
    kind: str = Field(sa_type=Text)
    n: int = Field(sa_type=BigInteger)


class OpenTally(_Tally, table=True):
    """How many clocks are open now, by the day they are due (`side` due) and, again, by the day they started (`side` start).

    The sides `claim`, `manual` and `risk` (`state`: a place in `forecast.rules.EDGES`) count other things that are open.
    """

    __tablename__ = "open_tally"
    __table_args__ = (Index("open_tally_org", "org_key"),)

    kind: str = Field(sa_type=Text)
    state: str = Field(sa_type=Text)
    side: str = Field(sa_type=Text)
    day: date
    n: int = Field(sa_type=BigInteger)


class FiguresRefresh(SQLModel, table=True):
    """Until which moment the figures were last brought up, and by which calendars and which tree they were counted."""

    __tablename__ = "figures_refresh"

    name: str = Field(primary_key=True, sa_type=Text)
    as_of: datetime = Field(sa_type=Instant)
    basis: str = Field(sa_type=Text)


# The record grows in the order of time, so that a few pages say where a day lies.
Index("audit_record_at", col(AuditRecord.at), postgresql_using="brin", postgresql_with={"autosummarize": True})
# Promises kept and missed by the day their clocks stopped: a month of them, and the claims behind a number in that order.
Index("clock_kept", col(SlaClock.kept), col(SlaClock.stopped_on), col(SlaClock.id), postgresql_where=text("kept IS NOT NULL"))
