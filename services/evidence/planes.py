"""Plane transforms between pictures. Pure; Pillow only.

A transform is nine numbers, row by row: (x, y) goes to ((a x + b y + c) / w, (d x + e y + f) / w) with w = g x + h y + i, in pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from PIL import Image

Plane = tuple[float, ...]
Point = tuple[float, float]
Edges = tuple[float, float, float, float]       # left, top, right, bottom
Pull = tuple[Point, Point, float]               # a place, where it belongs, how much that is worth
SAME: Plane = (1, 0, 0, 0, 1, 0, 0, 0, 1)


def after(second: Plane, first: Plane) -> Plane:
    """`first`, then `second`."""
    return tuple(sum(second[3 * row + at] * first[3 * at + column] for at in range(3)) for row, column in product(range(3), range(3)))


def scaled(across: float, down: float, *, left: float = 0, top: float = 0) -> Plane:
    """Stretch, then move."""
    return (across, 0, left, 0, down, top, 0, 0, 1)


def moved(plane: Plane, point: Point) -> Point:
    """Where a point goes."""
    x, y = point
    w = plane[6] * x + plane[7] * y + plane[8]
    return (plane[0] * x + plane[1] * y + plane[2]) / w, (plane[3] * x + plane[4] * y + plane[5]) / w


def drawn(picture: Image.Image, plane: Plane, size: tuple[int, int], *, fill: int = 0) -> Image.Image:
    """The picture seen through `plane`, which says for each point of the result where it stands in the picture."""
    eight = [value / plane[8] for value in plane[:8]]
    return picture.transform(size, Image.Transform.PERSPECTIVE, eight, Image.Resampling.BILINEAR, fillcolor=fill)


def solved(pulls: Sequence[Pull], *, straight: bool) -> Plane | None:
    """The transform that fits best; `straight` keeps parallels parallel. None when the places do not fix one."""
    many = 6 if straight else 8
    rows = [[0.0] * (many + 1) for _ in range(many)]
    for (x, y), (u, v), weight in pulls:
        for line in _lines(x, y, u, v, straight):
            for at in range(many):
                step = weight * line[at]
                if step:
                    for column in range(at, many + 1):
                        rows[at][column] += step * line[column]
    for at in range(many):
        for column in range(at):
            rows[at][column] = rows[column][at]
    found = _eliminated(rows)
    return None if found is None else tuple([*found, 0, 0, 1] if straight else [*found, 1])


def _lines(x: float, y: float, u: float, v: float, straight: bool) -> tuple[list[float], list[float]]:
    if straight:
        return [x, y, 1, 0, 0, 0, u], [0, 0, 0, x, y, 1, v]
    return [x, y, 1, 0, 0, 0, -u * x, -u * y, u], [0, 0, 0, x, y, 1, -v * x, -v * y, v]


def _eliminated(rows: list[list[float]]) -> list[float] | None:
    many = len(rows)
    for at in range(many):
        best = max(range(at, many), key=lambda row: abs(rows[row][at]))
        if abs(rows[best][at]) < 1e-9:
            return None
        rows[at], rows[best] = rows[best], rows[at]
        for row in range(many):
            if row != at and (share := rows[row][at] / rows[at][at]):
                rows[row] = [value - share * pivot for value, pivot in zip(rows[row], rows[at], strict=True)]
    return [rows[at][many] / rows[at][at] for at in range(many)]
