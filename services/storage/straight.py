"""How far a page hangs to one side, told from its lines of writing, and the page set straight. Confined process only.

The page is shrunk to a thousand rows and some columns that are each as wide as a few letters; its columns are slid against one
another for every tilt in question, and the tilt at which rows of ink and rows of paper differ most is the page's. A picture
without lines of writing has no such tilt, and is left as it is.
"""

from __future__ import annotations

import math
from itertools import pairwise

from PIL import Image, ImageChops, ImageFilter, ImageStat

MOST, LEAST = 8.0, 0.25         # degrees: beyond it somebody meant it so; below it nobody sees it
_ROWS, _COLUMNS = 1000, 48
_STEPS = (0.25, 0.1)             # degrees between two tries, each round the best of the round before, which began with whole ones
_SHARP = 1000                   # pixels of width up to which each counts, so that turning takes twice the time for its care
_CLEAR = 2.6                    # times the middle of all tries: 2.5 at most for noise, 2.7 at least for the poorest of 96 sheets
_BAND = 25                      # rows round the strongest one, which alone proves nothing
_COLOUR = 60                    # of 255, in the mean
_NEAR = 10                      # pixels round about, whose light is the paper's
_INK, _BLACK = 12, 40           # of 255 darker than the paper round it: less is no ink, more counts no more
_LEVELS = [0 if level < _INK else min(level, _BLACK) for level in range(256)]


def tilt(picture: Image.Image) -> float:
    """Degrees by which the picture must be turned clockwise to stand straight; 0 when it stands, or when nobody can tell."""
    if _coloured(picture):
        return 0.0
    strips, slope = _strips(picture)
    wide = [_differences(strips, angle, slope) for angle in _steps(-MOST, MOST, 1)]
    best, tries = 0.0, dict(zip(_steps(-MOST, MOST, 1), wide, strict=True))
    for step in (0.0, *_STEPS):
        near = _steps(best - 3 * step, best + 3 * step, step) if step else []
        tries |= {angle: _differences(strips, angle, slope) for angle in near if angle not in tries}
        best = max(tries, key=lambda angle: sum(tries[angle]))
    if abs(best) >= MOST or not _many_lines(wide, tries[best]):
        return 0.0
    return -round(best, 2) if abs(best) >= LEAST else 0.0


def straightened(picture: Image.Image, degrees: float) -> Image.Image:
    """The picture turned clockwise by so much, whole, on the paper's own colour."""
    if not degrees:
        return picture
    careful = Image.Resampling.BICUBIC if picture.width <= _SHARP else Image.Resampling.BILINEAR
    return picture.rotate(-degrees, careful, expand=True, fillcolor=_paper(picture))


def _strips(picture: Image.Image) -> tuple[Image.Image, float]:
    """Ink by strips, and by how many rows a strip lies lower than the last for a tangent of one."""
    rows = min(_ROWS, picture.height)
    width = max(_COLUMNS, round(picture.width * rows / picture.height))
    grey = picture.convert("L").resize((width, rows), Image.Resampling.BOX, reducing_gap=1.0)
    ink = ImageChops.subtract(grey.filter(ImageFilter.BoxBlur(_NEAR)), grey).point(_LEVELS)
    return ink.resize((_COLUMNS, rows), Image.Resampling.BOX), width / _COLUMNS


def _differences(strips: Image.Image, angle: float, slope: float) -> list[float]:
    """How much each row differs from the next once each strip is slid back by what that tilt moved it."""
    step = math.tan(math.radians(angle)) * slope
    slid = strips.transform(strips.size, Image.Transform.AFFINE, (1, 0, 0, step, 1, -step * _COLUMNS / 2), Image.Resampling.BILINEAR)
    values = memoryview(slid.convert("F").resize((1, slid.height), Image.Resampling.BOX).tobytes()).cast("f")
    return [(one - other) ** 2 for one, other in pairwise(values)]


def _many_lines(wide: list[list[float]], best: list[float]) -> bool:
    """Whether the best tilt stands out beside its strongest row, too: a horizon or the edge of a table is one row, writing is many."""
    beside = sorted(_beside(steps) for steps in wide)
    return _beside(best) >= _CLEAR * max(beside[len(beside) // 2], 1e-6)


def _beside(steps: list[float]) -> float:
    """The difference of all rows but those round the strongest."""
    place = max(range(len(steps)), key=lambda row: steps[row])
    return sum(steps) - sum(steps[max(0, place - _BAND):place + _BAND + 1])


def _coloured(picture: Image.Image) -> bool:
    """Whether this is a picture of the world: paper has hardly a colour."""
    small = picture.convert("RGB").resize((64, 64), Image.Resampling.BOX, reducing_gap=1.0)
    return ImageStat.Stat(small.convert("HSV").getchannel("S")).mean[0] > _COLOUR


def _steps(low: float, high: float, step: float) -> list[float]:
    return [low + number * step for number in range(round((high - low) / step) + 1)]


def _paper(picture: Image.Image) -> int | tuple[int, ...]:
    """The middle light of the page, by colours: paper for a scan, not the black of a table's edge."""
    small = picture.copy()
    small.thumbnail((64, 64))
    middle = ImageStat.Stat(small).median
    return int(middle[0]) if len(middle) == 1 else tuple(int(value) for value in middle[:3])
