"""What a period's report to an insurer says, and its figures, read set-based in the reader's sight as they stood when the period ended.

《关爱女职工“安康保”管理办法》 (seed 003): who owes whom what, by when
  第十一条  the unit's union gives the roster, printed and sealed, when it enrols                        union
  第十二条  the premium goes to the insurer's account by bank transfer                                   union
  第十三条  after acceptance the insurer gives each unit its policy and invoice, and sums the
           enrolments up to the region's women's department; no days are set                            insurer
  第十四条  the claimant reports within ten days to her unit's committee and to the insurer            union's side
  第十五条  the insurer pays within 15 working days (clocks `pay`, `insurer_pay`)                       insurer
  第十六条  both hold joint meetings; the insurer tells promptly of covers, claims and services        both; this report
  第十七条  the insurer gives one or two lectures a year on health or insurance                         insurer, by the year's end
  第十八条  the insurer keeps a team that works with the unions on enrolment and claims                 insurer
By law the insurer assesses within 30 days (保险法 23) and pays in advance after 60 (25); the letter on a refusal goes within
three (24).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from pydantic import BaseModel, ConfigDict

from services.rulebook import registry

AGES: tuple[tuple[str, int], ...] = (("0-7", 7), ("8-15", 15), ("16-30", 30), ("31-60", 60), ("61-", 10_000_000))     # days since sent


class Fact(BaseModel):
    """A frozen value of a report; sums are fen."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Covers(Fact):
    """One plan: covers in force when the period ended, begun and ended in it; premium of those begun, received, given back."""

    plan: str
    in_force: int
    begun: int
    ended: int
    premium_fen: int
    received_fen: int
    returned_fen: int


class Claims(Fact):
    """One plan's claims in the period: reported, handed over, asked about, given back; answered by outcome with the sum due; paid."""

    plan: str
    reported: int
    handed_over: int
    questioned: int
    rejected: int
    recalled: int
    paid_out: int           # decisions of each outcome: pay, part, refund, nothing
    part: int
    refund: int
    nothing: int
    decided_fen: int
    paid: int
    paid_fen: int


class Open(Fact):
    """A file at the insurer when the period ended: days since it was sent, and the nearest day that binds the insurer."""

    claim_no: str
    plan: str
    sent_on: date
    days: int
    band: str
    due_on: date | None


class Differing(Fact):
    """A decision of the period on which the two do not agree; `ended`: how, or empty while open when the period ended."""

    claim_no: str
    liability: str
    ours_fen: int
    theirs_fen: int
    opened_on: date
    ended: str


class Duty(Fact):
    """What one side owes: how often kept and missed in the period, and still open past its day when it ended. None: there is no count."""

    side: str               # insurer | union
    code: str
    clause: str
    kept: int
    missed: int
    late: int


class Missed(Fact):
    """One thing done late or not yet: `done_on` None."""

    code: str
    claim_no: str
    due_on: date
    done_on: date | None


class Act(Fact):
    """Done under the cooperation rules, as entered."""

    code: str
    held_on: date
    note: str


class Reserved(Fact):
    """A line of the reserves (`reserves.Reserve`)."""

    plan: str
    band: str
    count: int
    uncomputed: int
    computed_fen: int
    said: int
    said_fen: int
    reserve_fen: int


class Contents(Fact):
    """The whole report."""

    insurer: str
    from_on: date
    until_on: date
    covers: tuple[Covers, ...]
    claims: tuple[Claims, ...]
    open: tuple[Open, ...]
    differing: tuple[Differing, ...]
    duties: tuple[Duty, ...]
    missed: tuple[Missed, ...]
    acts: tuple[Act, ...]
    reserves: tuple[Reserved, ...]

    def ages(self) -> Mapping[str, int]:
        """Open files by age band, youngest first, empty bands too."""
        return {band: sum(1 for one in self.open if one.band == band) for band, _ in AGES}


def insurers() -> dict[str, tuple[str, ...]]:
    """Each insurer with the plans it carries in any wording."""
    found: dict[str, set[str]] = {}
    for book in registry.plans():
        if book.insurer:
            found.setdefault(book.insurer, set()).add(book.plan)
    return {name: tuple(sorted(plans)) for name, plans in sorted(found.items())}


def changes(before: Contents, after: Contents) -> list[dict[str, str]]:
    """Each figure that differs: where it stands, before and after; a list's line by what names it."""
    old, new = dict(_flat(before)), dict(_flat(after))
    return [{"what": name, "before": old.get(name, "—"), "after": new.get(name, "—")}
            for name in dict.fromkeys([*old, *new]) if old.get(name) != new.get(name)]


_NAMED_BY = {"covers": ("plan",), "claims": ("plan",), "open": ("claim_no",), "differing": ("claim_no", "liability"),
             "duties": ("side", "code"), "missed": ("code", "claim_no", "due_on"), "acts": ("code", "held_on", "note"),
             "reserves": ("plan", "band")}


def _flat(contents: Contents) -> Iterable[tuple[str, str]]:
    for section, keys in _NAMED_BY.items():
        for line in getattr(contents, section):
            values = line.model_dump(mode="json")
            name = "/".join([section, *(str(values[key]) for key in keys)])
            rest = {key: value for key, value in values.items() if key not in keys}
            yield from ((f"{name}/{key}", "—" if value is None else str(value)) for key, value in (rest or {"": "有"}).items())
