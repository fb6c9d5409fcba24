"""What a board shows. Counts are claims unless a docstring says clocks; days are whole days; money is fen.

`as_of` is the moment a figure is of: that of the last refresh for an organisation above the unit, now for a unit.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

# Working days since a clock's start, pauses included: 0-5, 6-10, 11-15, 16-30, more.
BANDS: tuple[tuple[int, int | None], ...] = ((0, 5), (6, 10), (11, 15), (16, 30), (31, None))
SOON = 3                # due soon: within so many working days after today
WHOLE = "whole"         # the stage that stands for a claim's whole way: from its report to its first payment or refusal
OpenBy = Literal["kind", "plan", "org"]
TimeBy = Literal["stage", "level", "plan", "org", "insurer"]
Number = Literal[
    "open", "due_today", "soon", "late", "paused", "band",           # clocks now; `kind`, `band`
    "time",                                                          # visits that ended in the months; `stage`, `level`
    "kept", "missed",                                                # clocks stopped in the months; `kind`
    "verified", "complete", "decided", "asked", "returned", "refused", "paid",   # claims of the months, see Rates
    "manual"]                                                        # waiting for somebody's amount; `level`


@dataclass(frozen=True, slots=True)
class Cut:
    """Which part of the house. `org_key` ends in a dot: it and all below. `month`: its first day; None: the twelve months that end
    with today's. `insurer`: only the plans it insures, and of clocks and stages those that are its own to keep.
    """

    org_key: str
    plan: str | None = None
    month: date | None = None
    insurer: str | None = None


@dataclass(frozen=True, slots=True)
class Which:
    """The number that is drilled into. Empty fields ask for all; `band` is a place in BANDS; `month` narrows the cut's months."""

    number: Number
    kind: str = ""
    stage: str = ""
    level: str = ""
    band: int | None = None
    month: date | None = None


@dataclass(frozen=True, slots=True)
class OpenRow:
    """Clocks that run or are paused now. `key`: clock kind, plan code or organisation key; `name`: an organisation's, else the key.

    `due_today`, `soon` and `late` are of running ones; `ages` is by BANDS and adds up to `open`, which includes `paused`.
    """

    key: str
    name: str
    open: int
    due_today: int
    soon: int
    late: int
    paused: int
    ages: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class OpenNow:
    """`total.key` is empty; the rows come by name of key, the total is their sum."""

    as_of: datetime
    total: OpenRow
    rows: tuple[OpenRow, ...]


@dataclass(frozen=True, slots=True)
class Spread:
    """Of n lengths in days: the smallest length within which half, nine tenths, nineteen twentieths were done."""

    median: int
    p90: int
    p95: int


@dataclass(frozen=True, slots=True)
class TimeRow:
    """`key` as asked (stage, level, plan, organisation key, insurer); `stage` of which the lengths are."""

    key: str
    name: str
    stage: str
    n: int
    days: Spread
    workdays: Spread


@dataclass(frozen=True, slots=True)
class Turnaround:
    """Only rows with n > 0."""

    as_of: datetime
    rows: tuple[TimeRow, ...]


@dataclass(frozen=True, slots=True)
class KeptRow:
    """Clocks of one kind (empty: all) that stopped in a month with a verdict. `share` is None when there were none."""

    month: date
    kind: str
    kept: int
    missed: int

    @property
    def share(self) -> float | None:
        """Kept of all, 0 to 1."""
        return self.kept / (self.kept + self.missed) if self.kept + self.missed else None


@dataclass(frozen=True, slots=True)
class Compared:
    """A month beside the month before and the same month last year."""

    now: KeptRow
    last_month: KeptRow
    last_year: KeptRow


@dataclass(frozen=True, slots=True)
class Kept:
    """`months`: all kinds together, oldest first, the twelve that end with the cut's month (or today's), empty ones too;
    `kinds`: of the cut's month (or today's), compared; `total`: all kinds of it."""

    as_of: datetime
    months: tuple[KeptRow, ...]
    kinds: tuple[Compared, ...]
    total: Compared


@dataclass(frozen=True, slots=True)
class Rates:
    """A month's claims. `verified`: first verified in it, `complete` of these without having been asked for anything.

    `decided`: first paid out or refused by decision in it; of these `asked` had to supply something, with `rounds` lists in all,
    `returned` were sent back or down, `refused` were refused. `paid`: reached `paid` in it; `paid_fen`: money credited in it.
    """

    month: date
    verified: int
    complete: int
    decided: int
    asked: int
    rounds: int
    returned: int
    refused: int
    paid: int
    paid_fen: int


@dataclass(frozen=True, slots=True)
class Quality:
    """Rates by month, oldest first, twelve; `now`, `last_month` and `last_year` compare the cut's month (or today's); `whole` is the
    sum over the cut (its month, or the twelve), with `month` its first.
    """

    as_of: datetime
    months: tuple[Rates, ...]
    now: Rates
    last_month: Rates
    last_year: Rates
    whole: Rates


@dataclass(frozen=True, slots=True)
class ManualRow:
    """Claims under review whose newest worksheet wants a person's amount, by plan and by the level where they lie."""

    plan: str
    level: str
    name: str
    role: str
    claims: int


@dataclass(frozen=True, slots=True)
class OpenReading:
    """A reading of the register that nobody has confirmed, and the plans in use that rest on it. `claims`: open claims of these."""

    id: str
    question: str
    reading: str
    confidence: str
    plans: tuple[str, ...]
    claims: int


@dataclass(frozen=True, slots=True)
class Unverified:
    """How many figures of a plan in use have no public source (`origin: UNVERIFIED`), at which keys of its file."""

    plan: str
    keys: tuple[str, ...]
    claims: int


@dataclass(frozen=True, slots=True)
class Outstanding:
    """What waits for somebody's word."""

    as_of: datetime
    manual: tuple[ManualRow, ...]
    readings: tuple[OpenReading, ...]
    unverified: tuple[Unverified, ...]


@dataclass(frozen=True, slots=True)
class Behind:
    """A claim behind a number. `kind`: its clock or stage; `due_on` of a clock; `days` of a visit, or None; `fen` decided, or None."""

    claim_id: uuid.UUID
    claim_no: str
    plan: str
    state: str
    org_key: str
    org: str
    kind: str
    due_on: date | None
    days: int | None
    fen: int | None


@dataclass(frozen=True, slots=True)
class Page:
    """Claims by their days, from live rows (a claim stands once for each clock or visit that is counted). `after`: there is more."""

    rows: tuple[Behind, ...]
    after: str


@dataclass(frozen=True, slots=True)
class Place:
    """An organisation with a board: its kind and, for choosing, the ones one step down (with claims) by name."""

    key: str
    name: str
    kind: str
    below: tuple[tuple[str, str], ...]
