"""The map of one organisation's claims: read from the sums above the unit, from its own rows for a unit, by one definition."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.core.clock import at_hour
from services.core.errors import InputError, NotFound
from services.core.months import months_on
from services.models import Organisation
from services.reporting.moves import rules, tallies
from services.reporting.moves.rules import Edge, Histogram, Stop
from services.rulebook import registry

ROADS = 10          # the most walked ones
YEAR = 12
BELOW = 200         # organisations one step down that may be chosen


@dataclass(frozen=True, slots=True)
class Cut:
    """Whose claims: an organisation and all below it; a plan or all; months from `first` up to but without `until`."""

    org_key: str
    plan: str
    first: date
    until: date


@dataclass(frozen=True, slots=True)
class Loop:
    """A place entered again after it had been left towards `via`; `waits` is of the days away, `claims` of the claims it happened to."""

    place: str
    via: str
    n: int
    claims: int
    waits: Histogram

    @property
    def days(self) -> int:
        """Away, all together."""
        return sum(days * n for days, n in self.waits.items())


@dataclass(frozen=True, slots=True)
class Road:
    """One way to the end: `share` and `cumulative` of all claims that ended (0…1)."""

    road: str
    kind: str
    n: int
    share: float
    cumulative: float
    median: int
    p90: int


@dataclass(frozen=True, slots=True)
class Map:
    """Everything of one cut. `ended`: claims that came to their end, by `roads_known` different roads; `kinds`: how many of each kind."""

    cut: Cut
    name: str
    as_of: datetime | None
    edges: tuple[Edge, ...]
    stops: tuple[Stop, ...]
    loops: tuple[Loop, ...]
    roads: tuple[Road, ...]
    ended: int
    roads_known: int
    kinds: dict[str, int] = field(default_factory=dict)

    @property
    def moves(self) -> int:
        """All moves, the reports themselves left out."""
        return sum(edge.n for edge in self.edges if edge.source != rules.START)

    @property
    def reported(self) -> int:
        """Claims reported in the months."""
        return sum(edge.n for edge in self.edges if edge.source == rules.START)


@dataclass(frozen=True, slots=True)
class Seat:
    """An organisation that may be chosen."""

    org_key: str
    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class Seats:
    """The chosen one, those above it in sight (the highest first), right below it, and beside it."""

    chosen: Seat
    above: tuple[Seat, ...]
    below: tuple[Seat, ...]
    beside: tuple[Seat, ...]

    @property
    def summed(self) -> bool:
        """Whether sums are kept for it."""
        return self.chosen.kind in tallies.ABOVE


_SUMS = "FROM {table} t, unnest(t.waits, t.counts) u(days, n) WHERE t.org_key = :low AND t.month >= :first AND t.month < :last" \
        " AND (:plan = '' OR t.plan = :plan)"
_EDGES = f"SELECT t.from_place, t.to_place, u.days, CAST(sum(u.n) AS bigint) {_SUMS.format(table='move_tally')} GROUP BY 1, 2, 3"
_LOOPS = f"""SELECT t.place, t.via, u.days, CAST(sum(u.n) AS bigint),
    CAST(sum(t.claims) FILTER (WHERE u.days = t.waits[1]) AS bigint) {_SUMS.format(table='rework_tally')} GROUP BY 1, 2, 3"""
_ALL_ROADS = """SELECT t.road, CAST(sum(t.n) AS bigint) AS n FROM variant_tally t WHERE t.org_key = :low AND t.month >= :first
    AND t.month < :last AND (:plan = '' OR t.plan = :plan) GROUP BY t.road ORDER BY n DESC, t.road COLLATE "C" """
_ROAD_DAYS = f"""SELECT t.road, u.days, CAST(sum(u.n) AS bigint) {_SUMS.format(table='variant_tally')}
    AND t.road = ANY(CAST(:roads AS text[])) GROUP BY 1, 2"""
_PLAN = "(:plan = '' OR s.plan = :plan)"
_OWN_EDGES = f"SELECT s.from_place, s.to_place, s.days, CAST(sum(s.n) AS bigint) FROM ({tallies.MOVES}) s WHERE {_PLAN} GROUP BY 1, 2, 3"
_OWN_LOOPS = f"""SELECT s.place, s.via, s.days, CAST(sum(s.n) AS bigint), CAST(sum(s.claims) AS bigint) FROM ({tallies.RETURNS}) s
    WHERE {_PLAN} GROUP BY 1, 2, 3"""
_OWN_ALL_ROADS = f"""SELECT s.road, CAST(sum(s.n) AS bigint) AS n FROM ({tallies.ROADS}) s WHERE {_PLAN}
    GROUP BY s.road ORDER BY n DESC, s.road COLLATE "C" """
_OWN_ROAD_DAYS = f"""SELECT s.road, s.days, CAST(sum(s.n) AS bigint) FROM ({tallies.ROADS}) s WHERE {_PLAN}
    AND s.road = ANY(CAST(:roads AS text[])) GROUP BY 1, 2"""
_SUMMED = tuple(sa.text(text) for text in (_EDGES, _LOOPS, _ALL_ROADS, _ROAD_DAYS))
_OWN = tuple(sa.text(text) for text in (_OWN_EDGES, _OWN_LOOPS, _OWN_ALL_ROADS, _OWN_ROAD_DAYS))
_AS_OF = sa.text("SELECT as_of FROM figures_refresh WHERE name = 'moves'")


def months(month: date | None, today: date) -> tuple[date, date]:
    """A month, or the twelve that end with today's: first day, and first day afterwards."""
    last = month or today.replace(day=1)
    return last if month else months_on(last, -11), months_on(last, 1)


def seats(session: Session, org_key: str, *, own: str) -> Seats:
    """An organisation at or under `own`, and what may be chosen from there. NotFound out of sight."""
    found = session.exec(select(Organisation).where(Organisation.org_key == org_key)).first()
    if found is None or not org_key.startswith(own):
        raise NotFound("organisation_missing", "没有这一组织，或不在您的管辖范围内", remedy="核对组织", field="org")
    codes = org_key.rstrip(".").split(".")
    keys = [key for key in (".".join(codes[:n]) + "." for n in range(1, len(codes))) if key.startswith(own)]
    above = session.exec(select(Organisation).where(col(Organisation.org_key).in_(keys)).order_by(col(Organisation.org_key))).all()
    open_ones = select(Organisation).where(col(Organisation.closed_on).is_(None)).order_by(col(Organisation.org_key)).limit(BELOW)
    below = session.exec(open_ones.where(Organisation.parent_id == found.id)).all()
    beside = session.exec(open_ones.where(Organisation.parent_id == found.parent_id, Organisation.id != found.id)).all() if above else []
    return Seats(_seat(found), _seats(above), _seats(below), _seats(beside))


def _seat(org: Organisation) -> Seat:
    return Seat(org.org_key, org.name, org.kind)


def _seats(found: Iterable[Organisation]) -> tuple[Seat, ...]:
    return tuple(_seat(org) for org in found if org.kind not in ("insurer", "agency"))


def drawn(session: Session, cut: Cut, seat: Seat) -> Map:
    """The map of a cut. InputError: no such plan."""
    if cut.plan and all(book.plan != cut.plan for book in registry.plans()):
        raise InputError("plan_unknown", "没有这个计划", remedy="在列表中选择计划", field="plan")
    bound = {**tallies.bounds(cut.org_key), "plan": cut.plan}
    kept = seat.kind in tallies.ABOVE
    bound |= {"first": cut.first, "last": cut.until} if kept else {"since": at_hour(cut.first, 0), "until": at_hour(cut.until, 0)}
    edges, loops, all_roads, road_days = _SUMMED if kept else _OWN
    found = _edges(session.execute(edges, bound).tuples())
    roads = [(str(road), int(n)) for road, n in session.execute(all_roads, bound)]
    days: dict[str, dict[int, int]] = {}
    for road, lasted, n in session.execute(road_days, {**bound, "roads": [road for road, _ in roads[:ROADS]]}) if roads else ():
        days.setdefault(road, {})[lasted] = n
    kinds: dict[str, int] = {}
    for road, n in roads:
        kinds[rules.kind(road)] = kinds.get(rules.kind(road), 0) + n
    as_of = session.execute(_AS_OF).scalar_one_or_none() if kept else None
    return Map(cut, seat.name, as_of, found, tuple(rules.stops(found)), _loops(session.execute(loops, bound).tuples()), _roads(roads, days),
               sum(kinds.values()), len(roads), kinds)


def _edges(rows: Iterable[tuple[str, str, int, int]]) -> tuple[Edge, ...]:
    waits: dict[tuple[str, str], dict[int, int]] = {}
    for source, target, days, n in rows:
        waits.setdefault((source, target), {})[days] = n
    found = [Edge(source, target, sum(known.values()), sum(days * n for days, n in known.items()), known)
             for (source, target), known in waits.items()]
    return tuple(sorted(found, key=lambda edge: (-edge.n, edge.source, edge.target)))


def _loops(rows: Iterable[tuple[str, str, int, int, int | None]]) -> tuple[Loop, ...]:
    waits: dict[tuple[str, str], dict[int, int]] = {}
    claims: dict[tuple[str, str], int] = {}
    for place, via, days, n, first in rows:
        waits.setdefault((place, via), {})[days] = n
        claims[place, via] = claims.get((place, via), 0) + (first or 0)
    found = [Loop(place, via, sum(known.values()), claims[place, via], known) for (place, via), known in waits.items()]
    return tuple(sorted(found, key=lambda loop: (-loop.n, loop.place, loop.via)))


def _roads(roads: list[tuple[str, int]], days: dict[str, dict[int, int]]) -> tuple[Road, ...]:
    total, seen, found = sum(n for _, n in roads), 0, []
    for road, n in roads[:ROADS]:
        seen += n
        found.append(Road(road, rules.kind(road), n, n / total, seen / total, rules.percentile(days[road], 0.5),
                          rules.percentile(days[road], 0.9)))
    return tuple(found)
