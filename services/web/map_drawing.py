"""Where everything of the map lies: stations at fixed places in the order of the road, moves as curves. Numbers only, no words.

The road runs from left to right; what goes forward over a station runs above it, what goes back (a loop) below.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import hypot, sqrt

from services.reporting.moves.rules import START, Edge, Stop, percentile
from services.web.map_words import levels, shade

WIDE, HIGH = 102.0, 84.0                    # a station
STEP, LEFT, ROAD, TOP, LOW = 154.0, 62.0, 318.0, 100.0, 500.0
HEIGHT = 590.0
LETTER, LINE = 8.0, 17.0                    # a digit of a label; half of its two lines
TRIED = (0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.2, 0.8)
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Station:
    """A place; `x` and `y` are its middle. `bar` is the width of its share of all waiting, `shade` 0…4 by the median."""

    place: str
    x: float
    y: float
    met: bool
    stop: Stop | None
    visits: int
    shade: int
    bar: float
    worst: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A move: its curve and arrow as SVG says them, its width, where its figures stand; `flat` runs straight to the next station."""

    edge: Edge
    median: int
    path: str
    arrow: str
    width: float
    shade: int
    back: bool
    flat: bool
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """Everything with its place; `group` is the frame around the review's levels: left, top, width, height."""

    width: float
    height: float
    stations: tuple[Station, ...]
    lines: tuple[Line, ...]
    group: tuple[float, float, float, float]
    start: Point


def drawing(edges: Sequence[Edge], shown: Sequence[Edge], stops: Sequence[Stop], label: Callable[[Edge], str]) -> Drawing:
    """`edges` are all of a cut, `shown` those that are drawn; `label` writes an edge's count, which tells its width."""
    met = {place for edge in edges for place in (edge.source, edge.target) if place != START}
    spots, columns = _spots(met)
    visits: dict[str, int] = {}
    for edge in edges:
        visits[edge.target] = visits.get(edge.target, 0) + edge.n
    waited = {stop.place: stop for stop in stops}
    stations = tuple(_station(place, spot, visits.get(place, 0), waited.get(place), stops) for place, spot in spots.items())
    xs = [spot[0] for place, spot in spots.items() if place.startswith("in_review")]
    group = (min(xs) - WIDE / 2 - 14, ROAD - HIGH / 2 - 32, max(xs) - min(xs) + WIDE + 28, HIGH + 46)
    most = max((edge.n for edge in shown if edge.source != START), default=1)
    return Drawing(LEFT * 2 + STEP * (columns - 1), HEIGHT, stations, _lines(shown, spots, most, label), group, spots["reported"])


def _spots(met: set[str]) -> tuple[dict[str, Point], int]:
    """Every place's middle, and how many columns the road has."""
    known = levels({place.partition(":")[2] for place in met if ":" in place})
    road = ["reported", "verified", *(f"in_review:{level}" for level in known), "payable", "paid", "closed"]
    spots = {place: (LEFT + STEP * column, ROAD) for column, place in enumerate(road)}
    last = len(road) - 1

    def aside(place: str, column: float, y: float) -> None:
        spots[place] = (LEFT + STEP * column, y)
    aside("supplementing", 0.5, LOW)
    aside("cancelled", 1.5, TOP)
    aside("with_insurer", last - 4.5, TOP)
    aside("refused", last - 1.5, TOP)
    if "in_review" in met:          # routed, and nobody there yet who could look at it
        aside("in_review", 2, LOW)
    return spots, len(road)


def _station(place: str, spot: Point, visits: int, stop: Stop | None, stops: Sequence[Stop]) -> Station:
    worst = stop is not None and stop.days > 0 and stop.place == stops[0].place
    share = stop.share if stop else 0.0
    return Station(place, *spot, visits > 0, stop, visits, shade(stop.median) if stop else 0, round(share * (WIDE - 16), 1), worst)


def _lines(shown: Sequence[Edge], spots: dict[str, Point], most: int, label: Callable[[Edge], str]) -> tuple[Line, ...]:
    taken = [(x - WIDE / 2, y - HIGH / 2, x + WIDE / 2, y + HIGH / 2) for x, y in spots.values()]
    lines = []
    for edge in sorted((edge for edge in shown if edge.source != START), key=lambda edge: -edge.n):
        median = percentile(edge.waits, 0.5)
        width = 1.6 + 7.4 * sqrt(edge.n / most)
        curve = _curve(spots[edge.source], spots[edge.target])
        tip = _before(curve[3], curve[2], 5 + width)
        x, y = _label(curve, len(label(edge)) * LETTER + 6, taken)
        lines.append(Line(edge, median, _path((*curve[:3], tip)), _arrow(curve, 5 + width, 4 + width * 0.6), round(width, 1),
                          shade(median), _back(spots[edge.source], spots[edge.target]), curve[0][1] == curve[1][1] == curve[3][1], x, y))
    return tuple(reversed(lines))       # the widest last, so that it lies on top


def _back(source: Point, target: Point) -> bool:
    return target[0] < source[0] and target[1] >= ROAD


def _curve(source: Point, target: Point) -> tuple[Point, Point, Point, Point]:
    (sx, sy), (tx, ty) = source, target
    columns = (tx - sx) / STEP
    if sy == ty == ROAD:
        if 0 < columns < 1.5:           # the next station: straight on
            return (sx + WIDE / 2, sy), (sx + STEP / 2, sy), (sx + STEP / 2, sy), (tx - WIDE / 2, ty)
        forward = columns > 0
        side, lift = (-1, 40 + 20 * columns) if forward else (1, 52 + 24 * -columns)
        lean, edge = (STEP * 0.3, 14.0) if forward else (-STEP * 0.3, -14.0)
        sy, ty = sy + side * HIGH / 2, ty + side * HIGH / 2
        return (sx + edge, sy), (sx + lean, sy + side * lift), (tx - lean, ty + side * lift), (tx - edge, ty)
    if sy == ROAD:                      # up or down to a station aside
        side = 1 if ty > sy else -1
        if abs(columns) < 1 and tx >= sx:
            return (sx - 10, sy + side * HIGH / 2), (sx - 10, sy + side * 90), (tx - 24, ty - side * 90), (tx - 24, ty - side * HIGH / 2)
        entry = tx + (-WIDE / 2 if tx > sx else WIDE / 2)
        return (sx + 10, sy + side * HIGH / 2), (sx + 10, sy + side * 110), (entry + (tx < sx or -1) * 70, ty), (entry, ty)
    if ty == ROAD:                      # from aside back to the road
        side = 1 if sy > ty else -1
        if abs(columns) < 1:
            lean, half = 14 if tx < sx else -14, side * HIGH / 2
            return (sx + lean, sy - half), (sx + lean, sy - side * 90), (tx + lean, ty + side * 90), (tx + lean, ty + half)
        leave = sx + (WIDE / 2 if tx > sx else -WIDE / 2)
        return (leave, sy), ((leave + tx) / 2, sy + side * 30), (tx, ty + side * 120), (tx, ty + side * HIGH / 2)
    if sy == ty:                        # between two stations aside
        way = 1 if tx > sx else -1
        return (sx + way * WIDE / 2, sy), (sx + way * STEP, sy - 20), (tx - way * STEP, ty - 20), (tx - way * WIDE / 2, ty)
    half = HIGH / 2 if ty > sy else -HIGH / 2
    return (sx + 30, sy + half), (sx + 30, (sy + ty) / 2), (tx - 10, (sy + ty) / 2), (tx - 10, ty - half)


def _at(curve: tuple[Point, Point, Point, Point], t: float) -> Point:
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = curve
    a, b, c, d = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
    return a * ax + b * bx + c * cx + d * dx, a * ay + b * by + c * cy + d * dy


def _label(curve: tuple[Point, Point, Point, Point], width: float, taken: list[tuple[float, float, float, float]]) -> Point:
    """Where an edge's figures hide neither a station nor other figures; on the curve's middle where there is no such place."""
    for t in TRIED:
        x, y = _at(curve, t)
        box = (x - width / 2, y - LINE, x + width / 2, y + LINE)
        if all(box[2] <= left or right <= box[0] or box[3] <= top or bottom <= box[1] for left, top, right, bottom in taken):
            break
    else:
        x, y = _at(curve, 0.5)
        box = (x - width / 2, y - LINE, x + width / 2, y + LINE)
    taken.append(box)
    return round(x, 1), round(y, 1)


def _before(tip: Point, control: Point, length: float) -> Point:
    """A point so far before the tip, so that the line ends inside its arrow."""
    far = hypot(tip[0] - control[0], tip[1] - control[1]) or 1.0
    part = min(length / far, 1.0) * 0.8
    return tip[0] + (control[0] - tip[0]) * part, tip[1] + (control[1] - tip[1]) * part


def _path(curve: tuple[Point, Point, Point, Point]) -> str:
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = curve
    return f"M{ax:.1f} {ay:.1f}C{bx:.1f} {by:.1f} {cx:.1f} {cy:.1f} {dx:.1f} {dy:.1f}"


def _arrow(curve: tuple[Point, Point, Point, Point], length: float, half: float) -> str:
    (cx, cy), (x, y) = curve[2], curve[3]
    far = hypot(x - cx, y - cy) or 1.0
    ux, uy = (x - cx) / far, (y - cy) / far
    bx, by = x - ux * length, y - uy * length
    return f"{x:.1f},{y:.1f} {bx - uy * half:.1f},{by + ux * half:.1f} {bx + uy * half:.1f},{by - ux * half:.1f}"
