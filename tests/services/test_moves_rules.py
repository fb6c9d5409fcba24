"""What the map counts, on roads walked by hand."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from services.reporting.moves import rules
from services.reporting.moves.rules import Edge, Return, Visit
from services.web.map_drawing import ROAD, drawing
from services.web.map_words import shade

MARCH = date(2026, 3, 2)


def road(*steps: tuple[str, int]) -> list[Visit]:
    """Each place with the days spent there; the last one is still stood at."""
    day, found = MARCH, []
    for place, days in steps[:-1]:
        found.append(Visit(place, day, day + timedelta(days)))
        day += timedelta(days)
    return [*found, Visit(steps[-1][0], day)]


# Back from the district to the unit, once; papers asked for, once.
CROOKED = road(("reported", 1), ("supplementing", 9), ("reported", 2), ("verified", 0), ("in_review:unit", 1), ("in_review:district", 2),
               ("in_review:unit", 3), ("in_review:district", 1), ("payable", 5), ("paid", 14), ("closed", 0))


def test_each_step_is_a_move_with_the_days_before_it() -> None:
    found = rules.moves(CROOKED)
    assert found[:4] == [("", "reported", MARCH, 0), ("reported", "supplementing", date(2026, 3, 3), 1),
                         ("supplementing", "reported", date(2026, 3, 12), 9), ("reported", "verified", date(2026, 3, 14), 2)]
    assert found[-1] == ("paid", "closed", date(2026, 4, 9), 14) and len(found) == len(CROOKED)
    assert rules.moves([]) == []


def test_a_place_entered_again_is_a_return_with_the_days_away() -> None:
    assert rules.returns(CROOKED) == [
        Return("reported", "supplementing", date(2026, 3, 12), 9, True),
        Return("in_review:unit", "in_review:district", date(2026, 3, 17), 2, True),
        Return("in_review:district", "in_review:unit", date(2026, 3, 20), 3, True)]
    twice = road(("reported", 1), ("supplementing", 4), ("reported", 1), ("supplementing", 6), ("reported", 0))
    assert [(one.place, one.days, one.first) for one in rules.returns(twice)] == [
        ("reported", 4, True), ("supplementing", 1, True), ("reported", 6, False)]
    assert rules.returns(road(("reported", 1), ("verified", 0))) == []


def test_a_road_ends_with_its_days_to_the_answer() -> None:
    ended = rules.ended(CROOKED)
    assert ended is not None and ended[1:] == (date(2026, 4, 9), 24)        # paid after 24 days, closed after 38
    assert ended[0].startswith("reported>supplementing>reported>verified>in_review:unit>")
    assert rules.ended(CROOKED[:-1]) is None
    assert rules.ended(road(("reported", 3), ("cancelled", 0))) == ("reported>cancelled", date(2026, 3, 5), 3)


@pytest.mark.parametrize(("walked", "kind"), [
    ("reported>verified>in_review:unit>payable>paid>closed", "straight"),
    ("reported>supplementing>reported>verified>in_review:unit>payable>paid>closed", "papers"),
    ("reported>verified>in_review:unit>in_review:district>in_review:unit>in_review:district>payable>paid>closed", "back"),
    ("reported>verified>in_review:unit>reported>verified>in_review:unit>payable>paid>closed", "back"),
    ("reported>verified>in_review:unit>payable>paid>verified>in_review:unit>payable>paid>closed", "again"),
    ("reported>verified>in_review:unit>refused>closed", "refused"),
    ("reported>supplementing>closed", "lapsed"), ("reported>supplementing>cancelled", "withdrawn")])
def test_what_a_road_is_called(walked: str, kind: str) -> None:
    assert rules.kind(walked) == kind


def test_percentiles_are_the_smallest_days_that_reach_the_share() -> None:
    waits = {1: 5, 3: 4, 40: 1}
    assert [rules.percentile(waits, share) for share in (0.5, 0.51, 0.9, 0.91)] == [1, 3, 3, 40]
    assert rules.percentile({}, 0.5) == 0


def test_the_bottleneck_has_the_largest_share_of_all_waiting() -> None:
    edges = [Edge("reported", "verified", 10, 10, {1: 10}), Edge("payable", "paid", 8, 40, {5: 8}),
             Edge("in_review:unit", "payable", 4, 20, {5: 4}), Edge("in_review:unit", "refused", 2, 30, {15: 2}),
             Edge("paid", "closed", 8, 800, {100: 8}), Edge("", "reported", 10, 0, {0: 10})]
    found = rules.stops(edges)
    assert [(stop.place, stop.n, stop.days, stop.share) for stop in found] == [
        ("in_review:unit", 6, 50, 0.5), ("payable", 8, 40, 0.4), ("reported", 10, 10, 0.1)]      # behind the money nobody waits
    worst = rules.bottleneck(found)
    assert worst is not None and (worst.place, worst.median, worst.p90) == ("in_review:unit", 5, 15)
    assert rules.bottleneck([]) is None and rules.bottleneck(rules.stops([Edge("reported", "verified", 1, 0, {0: 1})])) is None


def test_two_offices_are_compared_where_they_differ_most() -> None:
    own = rules.stops([Edge("reported", "verified", 1, 6, {6: 1}), Edge("payable", "paid", 1, 4, {4: 1})])
    other = rules.stops([Edge("payable", "paid", 1, 9, {9: 1}), Edge("with_insurer", "payable", 1, 1, {1: 1})])
    found = rules.compared(own, other)
    assert [(one.place, round(one.points, 2)) for one in found] == [("reported", 0.6), ("payable", -0.5), ("with_insurer", -0.1)]
    assert found[0].other is None and found[2].own is None


def test_thin_moves_are_left_out_and_the_beginning_never() -> None:
    edges = [Edge("", "reported", 3, 0), Edge("reported", "verified", 90, 0), Edge("verified", "in_review:unit", 6, 0),
             Edge("reported", "cancelled", 4, 0)]
    assert [edge.n for edge in rules.thick(edges, 0.95)] == [3, 90, 6] and len(rules.thick(edges, 1.0)) == 4
    assert [edge.n for edge in rules.thick(edges, 0.8)] == [3, 90]


def test_stations_stand_at_fixed_places_and_loops_run_below_the_road() -> None:
    edges = [Edge("reported", "verified", 90, 90, {1: 90}), Edge("in_review:district", "in_review:unit", 9, 27, {3: 9}),
             Edge("in_review:district", "payable", 80, 80, {1: 80})]
    whole = drawing(edges, edges, rules.stops(edges), lambda edge: str(edge.n))
    part = drawing(edges[:1], edges[:1], [], lambda edge: str(edge.n))
    assert {one.place: (one.x, one.y) for one in whole.stations} == {one.place: (one.x, one.y) for one in part.stations}
    lines = {(line.edge.source, line.edge.target): line for line in whole.lines}
    loop, over = lines["in_review:district", "in_review:unit"], lines["in_review:district", "payable"]
    assert loop.back and loop.y > ROAD + 40 and not over.back and over.y < ROAD - 40
    assert lines["reported", "verified"].width > loop.width and loop.shade == shade(3) == 1
    xs = [one.x for one in whole.stations if one.y == ROAD]
    assert xs == sorted(xs) and [shade(days) for days in (0, 2, 7, 14, 15)] == [0, 1, 2, 3, 4]
