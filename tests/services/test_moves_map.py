"""The map from claims that people moved, and of a simulated house against its raw record."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.core.clock import CHINA
from services.core.db import Database, Scope
from services.core.errors import NotFound
from services.intake import service as intake
from services.reporting.figures import service as figures
from services.reporting.moves import queries, rules, service
from services.reporting.moves.queries import Cut, Map
from services.review import service as review
from services.simulate.years.size import Size
from tests.services.api_world import Api
from tests.services.review_world import add_paper, in_review, passes, report
from tests.support.signed_in import sign_in
from tests.support.simulated import NOW, fill
from tests.support.world import World

CN = Scope("cn")
XJ, TSD, U1 = "cn.xj.", "cn.xj.wlmq.tsd.", "cn.xj.wlmq.tsd.u001."


def brought_up(db: Database, now: datetime, *, whole: bool = False) -> service.Refreshed:
    with db.unit_of_work(CN) as session:
        figures.refresh(session, now=now, whole=whole)
        return service.refresh(session, now, whole=whole)


def drawn(db: Database, scope: Scope, org: str, now: datetime, *, plan: str = "") -> Map:
    with db.view(scope) as session:
        seats = queries.seats(session, org, own=f"{scope.org_path}.")
        return queries.drawn(session, Cut(org, plan, *queries.months(None, now.astimezone(CHINA).date())), seats.chosen)


def walked(world: World, now: datetime) -> datetime:
    """One withdrawn; one sent down from the district and passed up again, now at the office; one waiting at the unit."""
    day = timedelta(days=1)
    clerk, district = world.actor("xj.clerk"), world.actor("xj.district")
    sent, _, withdrawn = in_review(world, 0, now), in_review(world, 1, now), report(world, 2, now)
    with world.db.unit_of_work(clerk.scope) as session:
        add_paper(session, withdrawn, U1, "withdrawal", now)
        intake.withdraw(session, claim_id=withdrawn, reason="会员书面撤回", actor=clerk, now=now + 2 * day)
    passes(world, sent, "xj.clerk", now + day)
    with world.db.unit_of_work(district.scope) as session:
        review.send_down(session, claim_id=sent, to_level="unit", reason="certificate_doubt", actor=district, now=now + 4 * day)
    passes(world, sent, "xj.clerk", now + 9 * day)
    passes(world, sent, "xj.district", now + 10 * day)
    return now + 10 * day


GRAPH = {("", "reported"): {0: 3}, ("reported", "verified"): {0: 2}, ("verified", "in_review:unit"): {0: 2},
         ("reported", "cancelled"): {2: 1}, ("in_review:unit", "in_review:district"): {1: 1, 5: 1},
         ("in_review:district", "in_review:unit"): {3: 1}, ("in_review:district", "in_review:office_first"): {1: 1}}


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Iterator[Api]:
    yield Api(db, now, tmp_path)


def test_claims_that_people_moved_give_the_exact_map(api: Api) -> None:
    world, last = api.world, walked(api.world, api.clock.now())
    brought_up(world.db, last)
    for org in (XJ, TSD, U1, "cn."):            # from the sums, and the unit from its rows
        found = drawn(world.db, CN, org, last)
        assert {(edge.source, edge.target): dict(edge.waits) for edge in found.edges} == GRAPH, org
        assert [(loop.place, loop.via, dict(loop.waits), loop.claims) for loop in found.loops] == [
            ("in_review:district", "in_review:unit", {5: 1}, 1), ("in_review:unit", "in_review:district", {3: 1}, 1)]
        assert [(road.road, road.kind, road.n, road.share, road.median) for road in found.roads] == [
            ("reported>cancelled", "withdrawn", 1, 1.0, 2)]
        assert (found.stops[0].place, found.stops[0].days, found.stops[0].median) == ("in_review:unit", 6, 1)
    assert drawn(world.db, Scope("cn.nx"), "cn.nx.", last).edges == ()
    with pytest.raises(NotFound):
        drawn(world.db, Scope("cn.nx"), XJ, last)
    # Once more changes nothing; what happens later is added.
    brought_up(world.db, last)
    assert drawn(world.db, CN, XJ, last).moves == 9
    _pages(api, last)


def _pages(api: Api, last: datetime) -> None:
    """What the head, the district and another office see of it."""
    api.clock.instant = last
    head = sign_in(api.app, api.db, api.world, "xj.head", last)
    page = head.get("/map").text
    assert "案件最常停在“基层工会”：占全部等待的50.0%，中位1天，九成在5天内。" in page
    assert '<path class="line w1 back"' in page and "区、产业工会到基层工会：1次，中位3天" in page
    assert "style=" not in page and "比较" in head.get("/map", **{"with": TSD}).text
    assert "没有案件走动" in head.get("/map", month="2025-01").text
    assert [head.get("/map", plan="nobody").status_code, api.get("xj.head", "/map", plan="nobody").status_code] == [422, 422]
    assert head.get("/map", org="cn.nx.").status_code == 404 and head.get("/map", month="x").status_code == 422
    assert [api.get("xj.head", "/map", month=wrong).status_code for wrong in ("9999-12", "x")] == [422, 422]
    assert head.get("/map", month="9999-12").status_code == 422 and head.get("/map", month="0001-01").status_code == 422
    assert head.get("/map/workbook").content[:2] == b"PK"
    assert "没有案件走动" in sign_in(api.app, api.db, api.world, "nx.head", last).get("/map").text
    told = api.get("xj.district", "/map").json()
    assert (told["org_key"], told["name"], told["ended"]) == (TSD, "天山区总工会", 1)
    assert {"source": "in_review:district", "target": "in_review:unit", "n": 1, "median": 3, "p90": 3, "days": 3,
            "share": 1 / 9} in told["moves"]
    assert api.get("nx.head", "/map").json()["moves"] == [] and api.get("xj.clerk", "/map").status_code == 403


def raw_roads(db: Database) -> dict[str, tuple[str, list[rules.Visit]]]:
    """Every claim's organisation and road, read record by record."""
    with db.view(CN) as session:
        levels = dict(session.execute(sa.text("SELECT id, level FROM review_step")).all())
        rows = session.execute(sa.text("""
            SELECT chain_id, machine, event, subject_id, at, record->>'from' AS source, record->>'to' AS target FROM audit_record
            WHERE machine IN ('claim', 'review_step') ORDER BY chain_id, seq""")).all()
        units = dict(session.execute(sa.text("SELECT id, org_key FROM claim")).all())
    entered: dict[str, list[tuple[str, datetime]]] = defaultdict(list)
    for row in rows:
        road = entered[row.chain_id]
        if row.machine == "claim" and row.target and row.source != row.target:
            road.append((row.target, row.at))
        elif row.machine == "review_step" and row.event in ("open", "reopen"):
            if road[-1][0] == "in_review":          # the first level opens with the routing
                road[-1] = (f"in_review:{levels[row.subject_id]}", road[-1][1])
            else:
                road.append((f"in_review:{levels[row.subject_id]}", row.at))
    days = {claim: [(place, at.astimezone(CHINA).date()) for place, at in road] for claim, road in entered.items() if claim in units}
    return {claim: (units[claim], [rules.Visit(place, on, road[number + 1][1] if number + 1 < len(road) else None)
                                   for number, (place, on) in enumerate(road)]) for claim, road in days.items()}


def test_the_sums_of_a_house_are_those_of_its_raw_record(db: Database) -> None:
    fill(db, Size(members=70, claims=80, orgs=9, seed=11, now=NOW))
    assert brought_up(db, NOW).first is not None
    roads = raw_roads(db)
    offices = {key: key.split(".")[1] for key, _ in roads.values()}
    first, until = queries.months(None, NOW.date())
    for office in {"", *offices.values()}:
        org = f"cn.{office}." if office else "cn."
        moves: Counter[tuple[str, str, int]] = Counter()
        back: Counter[tuple[str, str, int]] = Counter()
        ended: Counter[str] = Counter()
        for key, road in roads.values():
            if not key.startswith(org):
                continue
            moves.update((source, target, days) for source, target, on, days in rules.moves(road) if first <= on < until)
            back.update((one.place, one.via, one.days) for one in rules.returns(road) if first <= one.on < until)
            end = rules.ended(road)
            ended.update([end[0]] if end and first <= end[1] < until else [])
        found = drawn(db, CN, org, NOW)
        assert {(edge.source, edge.target, days): n for edge in found.edges for days, n in edge.waits.items()} == moves
        assert {(loop.place, loop.via, days): n for loop in found.loops for days, n in loop.waits.items()} == back
        assert {road.road: road.n for road in found.roads}.items() <= ended.items() and found.ended == ended.total()
        assert moves and ended
    # A month at a time gives the same as everything at once, and a wholly new count the same again.
    before = drawn(db, CN, "cn.", NOW)
    brought_up(db, NOW)
    assert drawn(db, CN, "cn.", NOW) == before
    brought_up(db, NOW, whole=True)
    assert drawn(db, CN, "cn.", NOW) == before
