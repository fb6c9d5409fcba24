"""The share of like claims that needed longer than what is left.

T of a claim that has passed = working days from entering a stage (in review: a level) to the end of the promise, pauses out. A
claim that has been there for `elapsed` finished working days without an end is compared with those with T > elapsed; longer than
what is left needed those with T > elapsed + left. `left` counts from the present day on, the present day included.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

FEWEST = 30                         # fewer like claims say too little: what is compared grows wider
LEVEL, STAGE, OFFICE, NATION = WIDTHS = ("level", "stage", "office", "nation")
# A rank is a share in ten-thousandths; before all shares stand promises already missed and claims that outlast all that passed.
WHOLE, OUTLASTS, LATE = 10_000, 15_000, 20_000
# Shares in percent: to each board band its lowest; above them what outlasts every like claim, and what is late.
BANDS: tuple[int, ...] = (0, 1, 5, 10, 25, 50)
EDGES: tuple[int, ...] = (*(low * WHOLE // 100 for low in BANDS), OUTLASTS, LATE)       # the lowest rank of each


class Like(NamedTuple):
    """What makes claims alike: the promise (a clock's kind), office, plan, stage and, in review, the level."""

    promise: str
    office: str
    plan: str
    stage: str
    level: str


class Counted(NamedTuple):
    """A row of the histograms: `n` claims alike whose T was so many working days."""

    like: Like
    days: int
    n: int


@dataclass(frozen=True, slots=True)
class Tail:
    """How many needed more than so many days. `days` ascending; `over[i]`: how many needed more than `days[i]`."""

    days: tuple[int, ...]
    over: tuple[int, ...]
    all: int

    def beyond(self, day: int) -> int:
        """How many needed more than `day` days."""
        at = bisect_right(self.days, day)
        return self.over[at - 1] if at else self.all


@dataclass(frozen=True, slots=True)
class Share:
    """`longer` of the `compared` like claims needed longer than what is left; `width` says which claims were alike.

    `compared` 0: not one claim of this stage that has passed took as long as this one has waited already.
    """

    width: str
    compared: int
    longer: int

    @property
    def rank(self) -> int:
        """The greater, the likelier late."""
        return round(WHOLE * self.longer / self.compared) if self.compared else OUTLASTS


Tails = Mapping[tuple[str, str, str, str, str], Tail]


def tail(counts: Mapping[int, int]) -> Tail:
    """Of a histogram {days: claims}."""
    days, over, left = sorted(counts), [], sum(counts.values())
    for day in days:
        left -= counts[day]
        over.append(left)
    return Tail(tuple(days), tuple(over), sum(counts.values()))


def keys(like: Like) -> tuple[tuple[str, str, str, str, str], ...]:
    """Where claims alike are counted, from the narrowest to the widest, in the order of `WIDTHS`; no level is '-'."""
    promise, office, plan, stage, level = like
    return ((promise, office, plan, stage, level), (promise, office, plan, stage, "-"), (promise, office, "-", stage, "-"),
            (promise, "-", "-", stage, "-"))


def tails(rows: Iterable[Counted]) -> Tails:
    """Every histogram in all its widths."""
    sums: dict[tuple[str, str, str, str, str], dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for like, days, n in rows:
        for key in dict.fromkeys(keys(like)):
            sums[key][days] += n
    return {key: tail(counts) for key, counts in sums.items()}


def share(known: Tails, like: Like, elapsed: int, left: int) -> Share:
    """Of the narrowest comparison with at least `FEWEST` claims; of the widest with any when none has so many.

    `left` is at least 0: a promise whose day is over is late, and nothing is left to forecast.
    """
    last = Share(NATION, 0, 0)
    for width, key in zip(WIDTHS, keys(like), strict=True):
        found = known.get(key)
        if found is None or (compared := found.beyond(elapsed)) == 0:
            continue
        last = Share(width, compared, found.beyond(elapsed + left))
        if compared >= FEWEST:
            return last
    return last
