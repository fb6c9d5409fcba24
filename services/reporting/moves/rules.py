"""What is counted of a claim's road, and what is read out of the counts. Pure: the definitions that the SQL must equal.

A place is a stage, or a stage and its review level: "verified", "in_review:district". Days are whole calendar days.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise

Histogram = Mapping[int, int]       # days -> how often
START = ""
STEP = ">"
ENDS = frozenset({"closed", "cancelled"})
ANSWERED = frozenset({"paid", "refused"})
# Where a claim waits for somebody before its answer has arrived; behind it only the objection window runs.
WAITING = frozenset({"reported", "supplementing", "verified", "in_review", "with_insurer", "payable"})
STRAIGHT, PAPERS, BACK, AGAIN, REFUSED, LAPSED, WITHDRAWN = (
    "straight", "papers", "back", "again", "refused", "lapsed", "withdrawn")


@dataclass(frozen=True, slots=True)
class Visit:
    """A claim at one place, on business days; `left` is None while it is there."""

    place: str
    entered: date
    left: date | None = None


@dataclass(frozen=True, slots=True)
class Return:
    """A claim entering `place` again, which it had left towards `via` `days` ago; `first`: for the first time."""

    place: str
    via: str
    on: date
    days: int
    first: bool


@dataclass(frozen=True, slots=True)
class Edge:
    """Moves between two places in a cut; `waits` is of the days at `source` before."""

    source: str
    target: str
    n: int
    days: int
    waits: Histogram = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stop:
    """A place where claims wait: how many left it, the days they all waited, their share of all waiting (0…1)."""

    place: str
    n: int
    days: int
    share: float
    median: int
    p90: int


@dataclass(frozen=True, slots=True)
class Difference:
    """One place in two cuts; None where nobody was there."""

    place: str
    own: Stop | None
    other: Stop | None

    @property
    def points(self) -> float:
        """By how much the own share of the waiting is larger (0…1)."""
        return (self.own.share if self.own else 0.0) - (self.other.share if self.other else 0.0)


def stage(place: str) -> str:
    """"in_review:district" -> "in_review"."""
    return place.partition(":")[0]


def moves(road: Sequence[Visit]) -> list[tuple[str, str, date, int]]:
    """From, to, day, days waited; the first is from START into the first place."""
    if not road:
        return []
    found = [(START, road[0].place, road[0].entered, 0)]
    for here, there in pairwise(road):
        left = here.left or there.entered
        found.append((here.place, there.place, left, (left - here.entered).days))
    return found


def returns(road: Sequence[Visit]) -> list[Return]:
    """Every entry into a place that was left before."""
    found, left, times = [], dict[str, tuple[date, str]](), Counter[str]()
    for position, visit in enumerate(road):
        if visit.place in left:
            day, via = left[visit.place]
            times[visit.place] += 1
            found.append(Return(visit.place, via, visit.entered, (visit.entered - day).days, times[visit.place] == 1))
        if visit.left is not None and position + 1 < len(road):
            left[visit.place] = (visit.left, road[position + 1].place)
    return found


def ended(road: Sequence[Visit]) -> tuple[str, date, int] | None:
    """The whole road as text, the day of its end, the days to the answer; None for a claim still on its way."""
    if not road or road[-1].place not in ENDS or road[-1].left is not None:
        return None
    answers = [visit.entered for visit in road if visit.place in ANSWERED]
    answered = answers[-1] if answers else road[-1].entered
    return STEP.join(visit.place for visit in road), road[-1].entered, (answered - road[0].entered).days


def kind(road: str) -> str:
    """What a finished road is called: the straight one touches every place once and ends with the money."""
    places = road.split(STEP)
    if places[-1] == "cancelled":
        return WITHDRAWN
    if not ANSWERED & set(places):
        return LAPSED
    if places.count("verified") > 1 and _reopened(places):
        return AGAIN
    if "supplementing" in places:
        return PAPERS
    if len(set(places)) < len(places):
        return BACK
    return STRAIGHT if "paid" in places else REFUSED


def _reopened(places: Sequence[str]) -> bool:
    answered = ANSWERED | {"payable", "closed"}
    return any(here in answered and there == "verified" for here, there in pairwise(places))


def percentile(waits: Histogram, share: float) -> int:
    """The smallest number of days within which at least this share (0…1) lies; 0 of nothing."""
    total, seen = sum(waits.values()), 0
    for days in sorted(waits):
        seen += waits[days]
        if seen >= share * total:
            return days
    return 0


def merged(histograms: Iterable[Histogram]) -> dict[int, int]:
    """One histogram of several."""
    found: Counter[int] = Counter()
    for waits in histograms:
        found.update(waits)
    return dict(found)


def stops(edges: Iterable[Edge]) -> list[Stop]:
    """Where claims waited before their answer, the longest share first."""
    left: dict[str, list[Edge]] = {}
    for edge in edges:
        if stage(edge.source) in WAITING:
            left.setdefault(edge.source, []).append(edge)
    total = sum(edge.days for group in left.values() for edge in group)
    found = []
    for place, group in left.items():
        days, waits = sum(edge.days for edge in group), merged(edge.waits for edge in group)
        found.append(Stop(place, sum(edge.n for edge in group), days, days / total if total else 0.0, percentile(waits, 0.5),
                          percentile(waits, 0.9)))
    return sorted(found, key=lambda stop: (-stop.days, stop.place))


def bottleneck(found: Sequence[Stop]) -> Stop | None:
    """The place with the largest share of all waiting; None where nobody waited a day."""
    return found[0] if found and found[0].days else None


def thick(edges: Sequence[Edge], share: float) -> list[Edge]:
    """The most walked edges which together make up at least this share (0…1) of all moves; the road's beginning is always there."""
    total = sum(edge.n for edge in edges if edge.source != START)
    kept, seen = [edge for edge in edges if edge.source == START], 0
    for edge in sorted((edge for edge in edges if edge.source != START), key=lambda edge: (-edge.n, edge.source, edge.target)):
        if seen >= share * total:
            break
        kept.append(edge)
        seen += edge.n
    return kept


def compared(own: Sequence[Stop], other: Sequence[Stop]) -> list[Difference]:
    """Place by place, where the shares differ most first."""
    ours, theirs = {stop.place: stop for stop in own}, {stop.place: stop for stop in other}
    found = [Difference(place, ours.get(place), theirs.get(place)) for place in ours.keys() | theirs.keys()]
    return sorted(found, key=lambda one: (-abs(one.points), one.place))
