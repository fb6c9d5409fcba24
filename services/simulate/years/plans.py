"""What happens to members under the simulated plans, and what the columns reading of each rule-book pays for it."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import polars as pl

from services.core.money import show, to_yuan
from services.engine import bulk
from services.engine.frame import schema
from services.rulebook.schema import RuleBook

Words = dict[str, object]
# ICD-10, behaviour, severity; the n-th illness of one person is another one.
_WOMEN = (("C50.900", "3", "malignant"), ("C53.900", "3", "malignant"), ("C56.x00", "3", "malignant"), ("D05.100", "2", "in_situ"))
_SEVERE = (("I63.900", None, "severe"), ("C34.900", "3", "malignant"), ("N18.600", None, "severe"), ("I21.900", None, "severe"))
_INSURED = (("C50.900", "3", None), ("C53.900", "3", None), ("C56.x00", "3", None), ("C54.100", "3", None))
_HOSPITALS = ("示例市第一人民医院", "示例区中心医院", "示例大学附属医院", "示例妇幼保健院")


@dataclass(frozen=True, slots=True)
class Cover:
    """What a computation knows of the cover and its member."""

    effective: date
    until: date
    renewal: bool
    shares: int
    premium_fen: int
    born: date
    sex: str


@dataclass(frozen=True, slots=True)
class Paid:
    """What the rule-book pays, fen; `lines` by benefit without those that pay nothing."""

    outcome: str
    total: int
    refund: int
    lines: Mapping[str, int]
    waiting: bool


def hospital(chance: random.Random) -> str:
    """A hospital that is nowhere."""
    return _HOSPITALS[chance.randrange(len(_HOSPITALS))]


def _illness(kinds: Sequence[tuple[str, str | None, str | None]], unlisted: tuple[str, str | None, str | None],
             ) -> Callable[[random.Random, date, int, bool], Words]:
    def draw(chance: random.Random, day: date, nth: int, refused: bool) -> Words:
        icd10, behaviour, severity = unlisted if refused else kinds[(chance.randrange(2) + 2 * nth) % len(kinds)]
        words: Words = {"kind": "diagnosis", "icd10": icd10, "diagnosed_on": day.isoformat()}
        return words | ({"behaviour": behaviour} if behaviour else {}) | ({"severity": severity} if severity else {})
    return draw


def _insured(chance: random.Random, day: date, nth: int, refused: bool) -> Words:
    icd10, behaviour, _ = ("D05.100", "2", None) if refused else _INSURED[(chance.randrange(2) + 2 * nth) % len(_INSURED)]
    words: Words = {"kind": "diagnosis", "icd10": icd10, "behaviour": behaviour,
                    "specimen_on": day.isoformat(), "diagnosed_on": day.isoformat()}
    if chance.random() < 0.7:
        words["stays"] = [{"days": chance.randrange(4, 40)} for _ in range(chance.randrange(1, 4))]
    return words


def _settlement(chance: random.Random, day: date, nth: int, refused: bool) -> Words:
    own = 0 if refused else int(chance.lognormvariate(12.2, 0.8))
    words: Words = {"kind": "settlement", "settled_on": day.isoformat(), "pool_fund_paid": _yuan(own * 5 + 10_000),
                    "pool_own": _yuan(own)}
    if not refused and chance.random() < 0.1:
        words["large_own"] = _yuan(int(chance.lognormvariate(13, 0.7)))
    return words | ({"out_of_region": True} if chance.random() < 0.1 else {})


def _yuan(fen: int) -> str:
    return show(to_yuan(fen))


EVENTS: Mapping[str, Callable[[random.Random, date, int, bool], Words]] = {
    "bj-women-1y": _illness(_WOMEN, ("K80.200", None, None)),
    "bj-critical-1y": _illness(_SEVERE, ("J18.900", None, "light")),
    "xj-women": _illness(_WOMEN, ("K80.200", None, None)),
    "xj-inpatient-accident": _settlement,
    "nx-ankangbao": _insured,
}
FOR_WOMEN = frozenset({"bj-women-1y", "xj-women", "nx-ankangbao"})
SHARES: Mapping[str, int] = {"bj-women-1y": 2, "bj-critical-1y": 4, "xj-women": 4}


def event_day(event: Mapping[str, object]) -> date:
    """The day the event's report counts from."""
    return date.fromisoformat(str(event.get("diagnosed_on") or event["settled_on"]))


def compute(book: RuleBook, cases: Sequence[tuple[Words, Cover]]) -> list[Paid]:
    """All cases of one rule-book in one pass over columns, in their order."""
    if not cases:
        return []
    types = schema(book)
    rows = [_row(event, cover) for event, cover in cases]
    names = sorted({name for row in rows for name in row} & set(types))
    frame = pl.DataFrame({name: pl.Series(name, [row.get(name) for row in rows], types[name]) for name in names})
    done = bulk.compute(book, frame)
    benefits = list(book.benefits)
    columns = done.select("outcome", "total", "refund", "band", "day", *(f"line.{name}" for name in benefits)).rows()
    waits = book.waiting is not None or book.bands is not None
    return [Paid(str(row[0]), row[1], row[2], {name: fen for name, fen in zip(benefits, row[5:], strict=True) if fen},
                 waits and not cover.renewal and row[4] <= _WAITS)
            for row, (_, cover) in zip(columns, cases, strict=True)]


_WAITS = 30        # the first days that every simulated plan's waiting period has


def _row(event: Words, cover: Cover) -> dict[str, object]:
    row: dict[str, object] = {
        "cover.effective": cover.effective, "cover.until": cover.until, "cover.renewal": cover.renewal,
        "cover.shares": cover.shares, "cover.premium_paid": cover.premium_fen, "person.born": cover.born,
        "person.sex": cover.sex, "person.relation": "employee"}
    for name, value in event.items():
        if name == "stays":
            assert isinstance(value, list)
            row["event.stays.days"] = [stay["days"] for stay in value]
        elif name.endswith("_on"):
            row[f"event.{name}"] = date.fromisoformat(str(value))
        elif name.startswith(("pool", "large")):
            row[f"event.{name}"] = int(Decimal(str(value)) * 100)
        else:
            row[f"event.{name}"] = value
    return row


def last_day(effective: date) -> date:
    """The last covered day of a year's cover; covers begin on the first of a month."""
    return effective.replace(year=effective.year + 1) - timedelta(days=1)
