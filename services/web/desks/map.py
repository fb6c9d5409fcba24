"""How claims really move: a map drawn from the record, with its figures beside it. Sums only, nobody's claim is read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from babel.numbers import format_compact_decimal
from fastapi import Response
from sqlmodel import Session

from services.access.actor import REVIEWERS, Role
from services.core.months import month_of
from services.reporting.moves import queries, rules
from services.reporting.moves.queries import Cut, Map, Seats
from services.web.door import Pages
from services.web.downloads import saved
from services.web.map_book import workbook
from services.web.map_drawing import drawing
from services.web.map_words import KINDS, SHADES, SHARES, words_of
from services.web.menu import Item
from services.web.visit import Visit
from services.web.work_words import plan_names

pages = Pages()
READERS = REVIEWERS | {Role.AUDITOR}
FIELDS = ("org", "plan", "month", "with", "share")
MOST = 24           # moves that are all drawn where nothing else is asked; of more than that, the thick ones
SPOKEN = 3          # differences told in words
LONG = 100_000      # a count from here on is drawn in short: 12.3万


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for."""

    org: str
    plan: str
    month: date | None
    other: str
    share: str

    def address(self, **changed: str) -> str:
        """The page's address with other choices; empty ones are left out."""
        kept = {"org": self.org, "plan": self.plan, "month": f"{self.month:%Y-%m}" if self.month else "", "with": self.other,
                "share": self.share} | changed
        return urlencode({name: value for name, value in kept.items() if value})


@pages.get("/map", roles=READERS, menu=Item(23, "流程地图"))
def shown(visit: Visit) -> Response:
    """The drawing, the figures, the loops, the roads; beside another organisation's where one is chosen."""
    asked = _asked(visit)
    seats, own, other = visit.read(lambda session: _read(visit, session, asked))
    share = asked.share or ("100" if len(own.edges) <= MOST else "95")
    thick = rules.thick(own.edges, int(share) / 100)
    reviewed = [stop for stop in own.stops if rules.stage(stop.place) == "in_review"]
    return visit.page(
        "map.html", asked=asked, seats=seats, map=own, other=other, plans=plan_names(), kinds=KINDS, shades=SHADES, shares=SHARES,
        share=share, hidden=len(own.edges) - len(thick), place=lambda text: visit.say(words_of(text)), percentile=rules.percentile,
        start=rules.START, straight=own.kinds.get(rules.STRAIGHT, 0), short=lambda n: _short(visit, n),
        numbers={(edge.source, edge.target): number for number, edge in enumerate(own.edges)},
        drawn=drawing(own.edges, thick, own.stops, lambda edge: _short(visit, edge.n)),
        worst=rules.bottleneck(own.stops), level=rules.bottleneck(reviewed), reviewing=sum(stop.days for stop in reviewed),
        differences=rules.compared(own.stops, other.stops) if other else [], spoken=SPOKEN)


@pages.get("/map/workbook", roles=READERS)
def book(visit: Visit) -> Response:
    """The same as a workbook."""
    asked = _asked(visit)
    _, own, _ = visit.read(lambda session: _read(visit, session, asked))
    return saved(workbook(own, plans=plan_names()), f"流程地图{own.cut.first:%Y-%m}.xlsx")


def _asked(visit: Visit) -> Asked:
    given = {name: visit.query.get(name, "").strip() for name in FIELDS}
    share = given["share"] if given["share"] in SHARES else ""
    return Asked(given["org"] or visit.actor.org_key, given["plan"], month_of(given["month"]) if given["month"] else None,
                 given["with"], share)


def _read(visit: Visit, session: Session, asked: Asked) -> tuple[Seats, Map, Map | None]:
    first, until = queries.months(asked.month, visit.today)
    seats = queries.seats(session, asked.org, own=visit.actor.org_key)
    own = queries.drawn(session, Cut(asked.org, asked.plan, first, until), seats.chosen)
    if not asked.other or asked.other == asked.org:
        return seats, own, None
    beside = queries.seats(session, asked.other, own=visit.actor.org_key)
    return seats, own, queries.drawn(session, Cut(asked.other, asked.plan, first, until), beside.chosen)


def _short(visit: Visit, count: int) -> str:
    """A count that fits the drawing; the table has it to the last claim."""
    return f"{count:,}" if count < LONG else format_compact_decimal(count, locale=visit.language.locale, fraction_digits=1)
