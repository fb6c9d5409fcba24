"""Laying one picture of ink over another: the plane transform between them, and where they still differ. Pure; Pillow only.

A transform is nine numbers, row by row: (x, y) goes to ((a x + b y + c) / w, (d x + e y + f) / w) with w = g x + h y + i, in pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from PIL import Image, ImageChops, ImageMath

Plane = tuple[float, ...]
Point = tuple[float, float]
Pull = tuple[Point, Point, float]               # a place, where it belongs, how much that is worth
SAME: Plane = (1, 0, 0, 0, 1, 0, 0, 0, 1)
_TILES = 8                                      # tiles across, by which a picture is laid over another
_PULLS = 6                                      # fewer tiles with ink say nothing
_COARSE = 112                                   # pixels across at the first look
_ASTRAY, _LOST = 0.6, 0.3                       # correlation of two coarse pictures that do not lie over one another; that never will
_SHARED, _FEW = 0.7, 40                         # of the ink that both show; cells below which nothing can be said
_LIKE, _INK, _QUIET = 0.5, 25, 60               # of a cell: correlation, spread of its ink (0–128), noise that is no ink


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


def laid(first: Image.Image, second: Image.Image, *, reach: int, straight: bool) -> Plane:
    """From places of `first` to places of `second`, of one size: each tile looks for itself within `reach` pixels.

    Tiles that were altered, or hold nothing, are outvoted. Nothing moves when the tiles agree on nothing.
    """
    grid = (_TILES, max(3, min(12, round(_TILES * first.height / first.width))))
    costs = _costs(first, second, reach, grid)
    tile = (first.width / grid[0], first.height / grid[1])
    ink = _values(first.resize(grid, Image.Resampling.BOX))
    pulls: list[Pull] = []
    for place, dark in enumerate(ink):
        near = {shift: values[place] for shift, values in costs.items()}
        shift = min(near, key=lambda key: near[key])
        worth = sum(near.values()) / len(near) - near[shift]
        if dark < 3 or worth < 4:
            continue
        x, y = (place % grid[0] + 0.5) * tile[0], (place // grid[0] + 0.5) * tile[1]
        pulls.append(((x, y), (x + _between(near, shift, 0), y + _between(near, shift, 1)), worth))
    move = _agreed(pulls, straight=straight or len(pulls) < 2 * _PULLS)
    return SAME if move is None else move


def _costs(first: Image.Image, second: Image.Image, reach: int, grid: tuple[int, int]) -> dict[tuple[int, int], list[int]]:
    """For each shift the mean difference of each tile, four times as large so that rounding loses little."""
    found = {}
    for right, down in product(range(-reach, reach + 1), repeat=2):
        shifted = second.transform(second.size, Image.Transform.AFFINE, (1, 0, right, 0, 1, down))
        apart = ImageChops.difference(first, shifted)
        found[right, down] = _values(ImageChops.add(apart, apart, 0.5).resize(grid, Image.Resampling.BOX))
    return found


def _between(near: dict[tuple[int, int], int], shift: tuple[int, int], axis: int) -> float:
    """The least cost lies between the pixels: through three of them goes a parabola."""
    step = (1, 0) if axis == 0 else (0, 1)
    before, behind = near.get((shift[0] - step[0], shift[1] - step[1])), near.get((shift[0] + step[0], shift[1] + step[1]))
    here = near[shift]
    if before is None or behind is None or before + behind == 2 * here:
        return shift[axis]
    return shift[axis] + (before - behind) / (2 * (before + behind - 2 * here))


def _agreed(pulls: Sequence[Pull], *, straight: bool) -> Plane | None:
    """Fitted three times, each time without the tiles that lie far off the fit."""
    kept = list(pulls)
    fitted = None
    for _ in range(3):
        if len(kept) < _PULLS:
            return fitted
        fitted = solved(kept, straight=straight) or fitted
        if fitted is None:
            return None
        off = [_apart(moved(fitted, place), where) for place, where, _ in pulls]
        bound = max(1.0, 2.5 * sorted(off)[len(off) // 2])
        kept = [pull for pull, away in zip(pulls, off, strict=True) if away <= bound]
    return fitted


def _apart(one: Point, other: Point) -> float:
    return float(((one[0] - other[0]) ** 2 + (one[1] - other[1]) ** 2) ** 0.5)


def fitted(first: Image.Image, second: Image.Image) -> Plane:
    """From places of `first` to places of `second`, both straightened ink: from coarse to fine.

    A crease or a shadow may have moved where the ink of one seems to begin or end: then the sheets are laid by their upper or lower edges.
    """
    even = second.width / first.width
    over = second.height - even * first.height
    starts = [scaled(even, second.height / first.height), scaled(even, even), scaled(even, even, top=over)]
    best, plane = -1.0, starts[0]
    for start in starts:
        tried = start
        for reach, straight in ((5, True), (2, True), (1, False)):
            tried = _closer(first, second, tried, _COARSE, reach=reach, straight=straight)
        small = _small(first, 2 * _COARSE)
        like = _agreement(small, drawn(second, after(tried, _grown(first, 2 * _COARSE)), small.size))
        best, plane = max((best, plane), (like, tried))
        if best >= _ASTRAY:
            break
    for across in (across for across in (2 * _COARSE, 4 * _COARSE, 8 * _COARSE) if across <= first.width and best >= _LOST):
        plane = _closer(first, second, plane, across, reach=2, straight=False)
    return plane


def _closer(first: Image.Image, second: Image.Image, plane: Plane, across: int, *, reach: int, straight: bool) -> Plane:
    """One step nearer, seen `across` pixels wide."""
    small, grown = _small(first, across), _grown(first, across)
    near = drawn(_small(second, across), after(_shrunk(second, across), after(plane, grown)), small.size)
    move = laid(small, near, reach=reach, straight=straight)
    return after(plane, after(grown, after(move, _shrunk(first, across))))


def _small(picture: Image.Image, across: int) -> Image.Image:
    return picture.resize((across, max(8, round(picture.height * across / picture.width))), Image.Resampling.BOX)


def _grown(picture: Image.Image, across: int) -> Plane:
    small = (across, max(8, round(picture.height * across / picture.width)))
    return scaled(picture.width / small[0], picture.height / small[1])


def _shrunk(picture: Image.Image, across: int) -> Plane:
    grown = _grown(picture, across)
    return scaled(1 / grown[0], 1 / grown[4])


@dataclass(frozen=True, slots=True)
class Cells:
    """A picture cut into cells of `size` pixels, `across` to a row: how many hold ink, and which of them the other does not bear out."""

    inked: int
    apart: tuple[int, ...]
    across: int
    size: tuple[float, float]

    @property
    def share(self) -> float:
        """Of the cells with ink those that differ; 1 when nothing holds ink."""
        return len(self.apart) / self.inked if self.inked else 1.0


def compared(first: Image.Image, second: Image.Image) -> Cells:
    """Where two straightened pictures of ink differ once one is laid over the other: cells whose ink correlates by less than half.

    What only one of the pictures shows is not compared; pictures that share less than `_SHARED` of the ink differ altogether.
    """
    plane, grid = fitted(first, second), _cells(first.size)
    spread, best = _correlated(first, drawn(second, plane, first.size), grid, 1)
    seen = drawn(Image.new("L", second.size, 255), plane, first.size).resize(grid, Image.Resampling.BOX).tobytes()
    ink = [at for at, value in enumerate(spread) if value > _INK]
    inked = [at for at in ink if seen[at] == 255]
    size = (first.width / grid[0], first.height / grid[1])
    if len(inked) < max(_FEW, _SHARED * len(ink)):
        return Cells(len(ink), tuple(ink), grid[0], size)
    return Cells(len(inked), tuple(at for at in inked if best[at] < _LIKE), grid[0], size)


def _cells(size: tuple[int, int]) -> tuple[int, int]:
    return max(4, size[0] // max(6, size[0] * 24 // 1024)), max(3, size[1] // max(5, size[0] * 16 // 1024))


def _agreement(first: Image.Image, second: Image.Image) -> float:
    spread, best = _correlated(first, second, (16, 10), 1)
    return sum(ink * like for ink, like in zip(spread, best, strict=True)) / (sum(spread) or 1)


def _correlated(first: Image.Image, second: Image.Image, grid: tuple[int, int], slack: int) -> tuple[list[float], list[float]]:
    """Of each cell of the first how much its ink varies (0–128), and the best correlation within `slack` pixels (−1 to 1)."""
    one, other = first.convert("F"), second.convert("F")
    mean = one.resize(grid, Image.Resampling.BOX)
    means, varied = _floats(mean), _variances(one, grid)
    best = [-1.0] * len(varied)
    for right, down in product(range(-slack, slack + 1), repeat=2):
        moved_on = other.transform(other.size, Image.Transform.AFFINE, (1, 0, right, 0, 1, down))
        means_on, varied_on = _floats(moved_on.resize(grid, Image.Resampling.BOX)), _variances(moved_on, grid)
        both = _floats(_product(one, moved_on).resize(grid, Image.Resampling.BOX))
        for at, (product_mean, a, b, va, vb) in enumerate(zip(both, means, means_on, varied, varied_on, strict=True)):
            best[at] = max(best[at], (product_mean - a * b) / ((va * vb) ** 0.5 + _QUIET))
    return [value ** 0.5 for value in varied], best


def _variances(picture: Image.Image, grid: tuple[int, int]) -> list[float]:
    squares = _floats(_product(picture, picture).resize(grid, Image.Resampling.BOX))
    means = _floats(picture.resize(grid, Image.Resampling.BOX))
    return [max(0.0, square - mean * mean) for square, mean in zip(squares, means, strict=True)]


def _product(one: Image.Image, other: Image.Image) -> Image.Image:
    found = ImageMath.lambda_eval(lambda given: given["one"] * given["other"], one=one, other=other)
    assert isinstance(found, Image.Image)
    return found


def _floats(picture: Image.Image) -> list[float]:
    return list(memoryview(picture.tobytes()).cast("f"))


def _values(picture: Image.Image) -> list[int]:
    return list(picture.tobytes())
