"""How claims really move: moves between stages and levels, waits, loops and roads of an organisation's claims. Sums only."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlmodel import Session

from services.api.calls import Reading
from services.core.months import month_of
from services.reporting.moves import queries, rules

router = APIRouter(tags=["流程地图"])


class Waits(BaseModel):
    """So many, with the days before: half of them within `median`, nine in ten within `p90`, all together `days`."""

    n: int
    median: int
    p90: int
    days: int


class MoveView(Waits):
    """From a place to the next; "" is the road's beginning. A place: a stage, or a stage and its level ("in_review:district")."""

    source: str
    target: str
    share: float = Field(description="占全部走动，0—1；报案本身不计")


class StopView(Waits):
    """Where claims wait before their answer, the longest share first."""

    place: str
    share: float = Field(description="占全部等待，0—1")


class LoopView(Waits):
    """A place entered again; `via`: whither it had been left. Days are those away."""

    place: str
    via: str
    claims: int


class RoadView(BaseModel):
    """A whole way to the end; the ten most walked."""

    places: list[str]
    kind: str = Field(description="straight | papers | back | again | refused | lapsed | withdrawn")
    n: int
    share: float
    cumulative: float
    median: int
    p90: int


class MapView(BaseModel):
    """An organisation's map."""

    org_key: str
    name: str
    plan: str | None
    from_on: date
    until_on: date = Field(description="不含当日")
    as_of: datetime | None = Field(description="汇总的时刻；基层单位按现有记录，为空")
    moves: list[MoveView]
    stops: list[StopView]
    loops: list[LoopView]
    roads: list[RoadView]
    ended: int
    roads_known: int


@router.get("/map", response_model=MapView, summary="案件实际怎样走（走动、等待、回头、路线）")
def shown(call: Reading, org: Annotated[str, Query(description="组织代码，不写为本人组织")] = "", plan: str = "",
          month: Annotated[str, Query(description="2026-03；不写为近十二个月")] = "") -> MapView:
    """At or under the caller's organisation."""
    wanted = org or call.actor.org_key
    first, until = queries.months(month_of(month) if month else None, call.today)

    def run(session: Session) -> queries.Map:
        seats = queries.seats(session, wanted, own=call.actor.org_key)
        return queries.drawn(session, queries.Cut(wanted, plan, first, until), seats.chosen)
    return _view(call.read(run))


def _view(found: queries.Map) -> MapView:
    moves = [MoveView(source=edge.source, target=edge.target, share=edge.n / found.moves if edge.source != rules.START else 0.0,
                      **_waits(edge.waits)) for edge in found.edges]
    stops = [StopView(place=stop.place, share=stop.share, n=stop.n, median=stop.median, p90=stop.p90, days=stop.days)
             for stop in found.stops]
    loops = [LoopView(place=loop.place, via=loop.via, claims=loop.claims, **_waits(loop.waits)) for loop in found.loops]
    roads = [RoadView(places=road.road.split(rules.STEP), kind=road.kind, n=road.n, share=road.share, cumulative=road.cumulative,
                      median=road.median, p90=road.p90) for road in found.roads]
    return MapView(org_key=found.cut.org_key, name=found.name, plan=found.cut.plan or None, from_on=found.cut.first,
                   until_on=found.cut.until, as_of=found.as_of, moves=moves, stops=stops, loops=loops, roads=roads, ended=found.ended,
                   roads_known=found.roads_known)


def _waits(waits: rules.Histogram) -> dict[str, int]:
    return {"n": sum(waits.values()), "median": rules.percentile(waits, 0.5), "p90": rules.percentile(waits, 0.9),
            "days": sum(days * n for days, n in waits.items())}
