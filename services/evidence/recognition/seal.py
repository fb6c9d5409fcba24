"""Whether a red stamp stands on a page, and where: red that is round, hollow and as large as stamps are. Pure, from pixels.

It tells that a seal was seen, not whose: the words of a stamp are for people. A desk's brown or a form's red lines are no seal.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from PIL import Image, ImageChops

from services.evidence.recognition.lines import Box, Found

_LONG, _CELL = 480, 4                    # the picture is looked at this long; cells of this many pixels
_RED, _SHARE, _SOME = 6, 9, 16            # how much redder than green and blue: levels, percent of red; how much of a cell (of 255)
_RUN = re.compile(rb"\xff{26,}")
_SMALL, _LARGE, _ROUND = 0.055, 0.42, 0.52      # of the page's longer side; narrower side over the wider one
_SECTORS = 32
_Area = tuple[int, int, int, int]


def seal_on(page: int, picture: Image.Image) -> list[Found]:
    """The field `seal` (yes) of a page with its box and how sure, or none."""
    seen = look(picture)
    return [Found(page, "seal", "yes", round(seen[1], 4), seen[0])] if seen else []


def look(picture: Image.Image) -> tuple[Box, float] | None:
    """Box and certainty (0 to 1) of the surest stamp on a picture of any mode and size; None when there is none."""
    small = picture.convert("RGB")
    scale = _LONG / max(small.size)
    small = small.resize((max(8, round(small.width * scale)), max(8, round(small.height * scale))), Image.Resampling.BOX)
    red = _redness(small)
    cells = red.reduce(_CELL)
    best: tuple[Box, float] | None = None
    for left, top, right, bottom in _patches(cells):
        area = (left * _CELL, top * _CELL, min(small.width, right * _CELL), min(small.height, bottom * _CELL))
        sure = _sure(red, area)
        if sure and (best is None or sure > best[1]):
            best = Box(area[0] / small.width, area[1] / small.height, area[2] / small.width, area[3] / small.height), sure
    return best


def _redness(picture: Image.Image) -> Image.Image:
    """255 where a pixel is clearly redder than it is green or blue, for its brightness and for the light on the paper."""
    red, green, blue = (band.point(_white(band)) for band in picture.split())
    over = ImageChops.subtract(red, ImageChops.lighter(green, blue))
    # In a shadow everything is nearer to black: what is left of red there counts by the share it has.
    weak = ImageChops.subtract(over, red.point([level * _SHARE // 100 for level in range(256)]))
    return _without_lines(weak.point([255 if level >= _RED else 0 for level in range(256)]))


def _white(band: Image.Image) -> list[int]:
    """Levels by which the paper of one band becomes white, so that no light is redder than another."""
    counts, seen, paper = band.histogram(), 0, 255
    for level in range(255, 0, -1):
        seen += counts[level]
        if seen * 4 >= sum(counts):
            paper = max(60, level)
            break
    return [min(255, level * 235 // paper) for level in range(256)]


def _without_lines(red: Image.Image) -> Image.Image:
    """Without the red lines of a form, which would tie a stamp to them: no run along or down is as long in a stamp."""
    for way in (Image.Transpose.TRANSPOSE, Image.Transpose.TRANSPOSE):
        width, pixels = red.width, bytearray(red.tobytes())
        for row in range(red.height):
            for run in _RUN.finditer(pixels, row * width, (row + 1) * width):
                pixels[run.start():run.end()] = bytes(run.end() - run.start())
        red = Image.frombytes("L", red.size, bytes(pixels)).transpose(way)
    return red


def _patches(cells: Image.Image) -> Iterator[_Area]:
    """Cells with red that touch each other (a gap of one cell counts as touching), as areas of cells."""
    width, height = cells.size
    levels = cells.tobytes()
    open_ = {place for place, level in enumerate(levels) if level >= _SOME}
    near = [(across, down) for across in (-2, -1, 0, 1, 2) for down in (-2, -1, 0, 1, 2) if (across, down) != (0, 0)]
    while open_:
        todo = [open_.pop()]
        left, top, right, bottom = width, height, 0, 0
        while todo:
            y, x = divmod(todo.pop(), width)
            left, top, right, bottom = min(left, x), min(top, y), max(right, x + 1), max(bottom, y + 1)
            for across, down in near:
                place = (y + down) * width + x + across
                if 0 <= x + across < width and place in open_:
                    open_.discard(place)
                    todo.append(place)
        yield left, top, right, bottom


def _sure(red: Image.Image, area: _Area) -> float:
    """How surely an area is a stamp: its size, its shape, how much of it is red, and how much of its rim stands. 0: it is none."""
    left, top, right, bottom = area
    wide, tall = right - left, bottom - top
    if not (_SMALL * _LONG <= max(wide, tall) <= _LARGE * _LONG) or min(wide, tall) < _ROUND * max(wide, tall):
        return 0.0
    patch = red.crop(area)
    share = sum(patch.histogram()[128:]) / (wide * tall)
    if not 0.06 <= share <= 0.7:
        return 0.0
    rim = _rim(patch)
    return 0.0 if rim < 0.45 else 0.75 if rim < 0.6 else 0.92 if rim < 0.8 else 0.97


def _rim(patch: Image.Image) -> float:
    """Share of the directions from the middle in which red stands near the edge of the ellipse that fills the area."""
    width, height = patch.size
    pixels = patch.tobytes()
    met = 0
    for sector in range(_SECTORS):
        angle = 2 * math.pi * (sector + 0.5) / _SECTORS
        met += any(_at(pixels, width, height, angle, far / 50) for far in range(40, 52))
    return met / _SECTORS


def _at(pixels: bytes, width: int, height: int, angle: float, far: float) -> bool:
    x, y = int(width / 2 * (1 + far * math.cos(angle))), int(height / 2 * (1 + far * math.sin(angle)))
    return 0 <= x < width and 0 <= y < height and pixels[y * width + x] > 127
