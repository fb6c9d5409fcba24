"""What a replay says. Money in fen; every number is of claims in the reader's sight."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from services.access.actor import Role

Basis = Literal["governed", "as_if"]
# Who may see totals; each claim is for who may open it (the administrator sees no claim).
READERS = frozenset({Role.SENIOR_REVIEWER, Role.HEAD, Role.AUDITOR, Role.ADMINISTRATOR})
BY_CLAIM = READERS - {Role.ADMINISTRATOR}


@dataclass(frozen=True, slots=True)
class Changed:
    """A claim that would come out otherwise. `before`: its frozen worksheet; `after`: under the file; premium refunds included."""

    claim_no: str
    year: int | None            # of the decision
    before: int
    after: int

    @property
    def difference(self) -> int:
        """More is positive."""
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class Uncomputed:
    """Claims that the file cannot compute for one reason: what is wrong, what to do, and which they are."""

    code: str
    message: str
    remedy: str
    claims: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Apart:
    """A claim whose two amounts should be one: `first` as it stands, `second` as computed or decided (None: none), and why."""

    claim_no: str
    first: int
    second: int | None
    why: str


@dataclass(frozen=True, slots=True)
class Sum:
    """Claims and fen before and after under a key: a year, a benefit, a range of differences."""

    key: str
    claims: int
    changed: int
    before: int
    after: int

    @property
    def difference(self) -> int:
        """More is positive."""
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class Replay:
    """One file against the closed claims of its plan.

    `closed` = `without_sheet` + the claims in `outside` + `computed` + those in `uncomputed` + `waiting`. Sums are over the
    `computed`. `decided` is what was decided on the computed claims, which differs from `before` as `decided_otherwise` lists.
    """

    plan: str
    name: str
    version: str
    digest: str
    insurer: str | None
    basis: Basis
    closed: int
    without_sheet: int
    outside: Mapping[str, int]          # earlier | ended | later: outside of the file's dates
    computed: int
    before: int
    after: int
    decided: int
    changed: tuple[Changed, ...]        # largest difference first
    uncomputed: tuple[Uncomputed, ...]
    waiting: tuple[str, ...]            # under the file a reviewer would have to set an amount
    proven: int                         # the wording of the day recomputed gives the frozen amount again
    unproven: tuple[Apart, ...]
    decided_otherwise: tuple[Apart, ...]
    linked: int                         # computed on payments before them that the file would have changed too
    years: tuple[Sum, ...]              # by the year of the decision
    benefits: tuple[Sum, ...]
    names: Mapping[str, str]            # of the benefits
    ranges: tuple[Sum, ...]             # of the difference, from least to most
    unasked: tuple[str, ...]            # facts that the file reads and no wording before it asked for
    added: tuple[str, ...]              # benefits that no wording before it had: nobody ever reported for them
    bundles: tuple[str, ...]            # plans that contain this one, whose claims are not in these numbers

    @property
    def difference(self) -> int:
        """What the fund would have paid more (less: negative)."""
        return self.after - self.before

    @property
    def counted_outside(self) -> int:
        """Claims that the file's dates do not govern."""
        return sum(self.outside.values())

    @property
    def unread(self) -> int:
        """Claims that the file cannot compute."""
        return sum(len(one.claims) for one in self.uncomputed)
