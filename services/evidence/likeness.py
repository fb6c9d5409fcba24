"""Laying one picture of ink over another, and where they still differ. Pure; Pillow only."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from PIL import Image, ImageChops, ImageMath

from services.evidence.planes import SAME, Edges, Plane, Point, Pull, after, drawn, moved, scaled, solved

_TILES = 8                                      # tiles across, by which a picture is laid over another
_PULLS = 6                                      # fewer tiles with ink say nothing
_COARSE = 112                                   # pixels across at the first look
_WITHIN = (0.94, 0.88, 1.06, 1.14)               # sizes of one sheet in the other's
_ASTRAY, _LOST = 0.6, 0.3                       # correlation of two coarse pictures that do not lie over one another; that never will
_SHARED, _FEW = 0.7, 40                         # of the ink that both show; cells below which nothing can be said
_ALIKE, _STROKE, _STANDS_OUT = 0.05, 0.7, 0.2   # share that may differ where strokes are looked at; their correlation, and below the rest
_LIKE, _INK, _QUIET = 0.5, 25, 60               # of a cell: correlation, spread of its ink (0–128), noise that is no ink


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
    return math.dist(one, other)


def fitted(first: Image.Image, second: Image.Image) -> Plane:
    """From places of `first` to places of `second`, both straightened ink: from coarse to fine.

    A crease or a shadow may have moved where the ink of one seems to begin or end, or some of the table came with it: then the sheets
    are laid by their upper or lower edges, or one within the other.
    """
    even, tall = second.width / first.width, second.height / first.height
    starts = [scaled(even, tall), scaled(even, even), scaled(even, even, top=second.height - even * first.height)]
    starts += [scaled(even * share, tall * share, left=second.width * (1 - share) / 2, top=second.height * (1 - share) / 2)
               for share in _WITHIN]
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
class Compared:
    """Two pictures laid over one another: cells with ink that both show, how many of them differ, and where strokes differ.

    `spots` (left, top, right, bottom) in pixels of the first; `plane` leads from places of the first to places of the second.
    """

    inked: int
    apart: int
    spots: tuple[Edges, ...]
    plane: Plane

    @property
    def share(self) -> float:
        """Of the cells with ink those that differ; 1 when nothing holds ink."""
        return self.apart / self.inked if self.inked else 1.0


def compared(first: Image.Image, second: Image.Image) -> Compared:
    """Where two straightened pictures of ink differ once one is laid over the other: cells whose ink correlates by less than half.

    What only one of the pictures shows is not compared; pictures that share less than `_SHARED` of the ink differ altogether.
    """
    plane = fitted(first, second)
    over, shown = drawn(second, plane, first.size), drawn(Image.new("L", second.size, 255), plane, first.size)
    grid = _cells(first.size, 24, 16)
    ink, seen = _likenesses(first, over, shown, grid)
    mine = sum(value > _INK ** 2 for value in _variances(second.convert("F"), _cells(second.size, 24, 16)))
    if len(seen) < max(_FEW, _SHARED * min(ink, mine)):     # a table about one of them is ink of that one only
        return Compared(ink, ink, (), plane)
    apart = sum(like < _LIKE for like in seen.values())
    return Compared(len(seen), apart, _spots(first, over, shown) if apart <= _ALIKE * len(seen) else (), plane)


def _likenesses(first: Image.Image, over: Image.Image, shown: Image.Image, grid: tuple[int, int]) -> tuple[int, dict[int, float]]:
    """How many cells hold ink; of those that both pictures show the correlation."""
    spread, best = _correlated(first, over, grid, 1)
    seen = shown.resize(grid, Image.Resampling.BOX).tobytes()
    ink = [at for at, value in enumerate(spread) if value > _INK]
    return len(ink), {at: best[at] for at in ink if seen[at] == 255}


def _spots(first: Image.Image, over: Image.Image, shown: Image.Image) -> tuple[Edges, ...]:
    """Rectangles about cells no wider than a digit that stand out from the rest, those that touch together."""
    grid = _cells(first.size, 10, 12)
    _, seen = _likenesses(first, over, shown, grid)
    middle = sorted(seen.values())[len(seen) // 2]
    left, found = {at for at, like in seen.items() if like < min(_STROKE, middle - _STANDS_OUT)}, []
    while left:
        edge = [left.pop()]
        spot = set(edge)
        while edge:
            near = _around(edge.pop(), grid[0]) & left
            left -= near
            spot |= near
            edge += near
        xs, ys = [at % grid[0] for at in spot], [at // grid[0] for at in spot]
        across, down = first.width / grid[0], first.height / grid[1]
        found.append((min(xs) * across, min(ys) * down, (max(xs) + 1) * across, (max(ys) + 1) * down))
    return tuple(sorted(found, key=lambda spot: (spot[1], spot[0])))


def _around(at: int, across: int) -> set[int]:
    beside = [0, *([1] if at % across < across - 1 else []), *([-1] if at % across else [])]
    return {at + row * across + column for row in (-1, 0, 1) for column in beside}


def _cells(size: tuple[int, int], wide: int, high: int) -> tuple[int, int]:
    """A grid of cells of so many pixels, on a picture 1024 wide."""
    return max(4, size[0] // max(6, size[0] * wide // 1024)), max(3, size[1] // max(5, size[0] * high // 1024))


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
