"""What scanners, pockets and telephones do to a page: folds, shadow, noise, tilt, perspective, blur, JPEG. Seeded.

A page is moved by one projection, so a point of the page is found again in the picture (`Warp`).
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter

from services.simulate.scans.grain import speckle

Point = tuple[float, float]
_DESKS = ((150, 118, 84), (92, 96, 100), (186, 178, 164), (60, 72, 84))


@dataclass(frozen=True, slots=True)
class Quality:
    """How a page was taken. `widths`: pixels of the page itself; angles in degrees; `bend` how far corners wander (share of the width)."""

    widths: tuple[int, int]
    tilt: float
    bend: float
    blur: tuple[float, float]
    noise: float
    jpeg: tuple[int, int]
    shadow: float
    light: tuple[float, float]
    desk: bool


QUALITIES = {
    "clean": Quality((1240, 1654), 1.2, 0, (0, 0.3), 4, (82, 93), 0, (0.97, 1.02), False),
    "flat": Quality((1000, 1000), 0, 0, (0, 0), 0, (70, 71), 0, (1, 1), False),      # printed straight into a file: cheap to make
    "worn": Quality((1240, 1654), 6, 0, (0.2, 0.6), 9, (72, 88), 0.1, (0.9, 1.05), False),
    "phone": Quality((900, 1500), 6, 0.035, (0.2, 0.7), 7, (70, 88), 0.45, (0.82, 1.05), True),
    "small": Quality((400, 520), 3, 0.02, (0.2, 0.4), 6, (70, 85), 0.3, (0.85, 1), True),
    "dark": Quality((1000, 1300), 4, 0.03, (0.3, 0.6), 10, (70, 85), 0.5, (0.2, 0.27), True),
    "blurred": Quality((1000, 1300), 4, 0.03, (4, 5.5), 6, (70, 85), 0.3, (0.9, 1), True),
}


@dataclass(frozen=True, slots=True)
class Warp:
    """The projection from page pixels to picture pixels: eight numbers and 1."""

    forth: tuple[float, ...]

    def __call__(self, x: float, y: float) -> Point:
        """Where a point of the page lies in the picture."""
        a, b, c, d, e, f, g, h = self.forth
        under = g * x + h * y + 1
        return (a * x + b * y + c) / under, (d * x + e * y + f) / under


def _project(start: Sequence[Point], end: Sequence[Point]) -> tuple[float, ...]:
    """The eight numbers that move four points to four others (Gauss with pivots)."""
    rows = []
    for (x, y), (u, v) in zip(start, end, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y, u], [0, 0, 0, x, y, 1, -v * x, -v * y, v]]
    for at in range(8):
        best = max(range(at, 8), key=lambda row: abs(rows[row][at]))
        rows[at], rows[best] = rows[best], rows[at]
        rows[at] = [value / rows[at][at] for value in rows[at]]
        for other in range(8):
            if other != at:
                factor = rows[other][at]
                rows[other] = [value - factor * own for value, own in zip(rows[other], rows[at], strict=True)]
    return tuple(row[8] for row in rows)


def worn(page: Image.Image, quality: Quality, chance: random.Random) -> tuple[Image.Image, Warp]:
    """The page as a scanner or a telephone gives it, and where its points went."""
    if not quality.noise:
        return page, Warp((1, 0, 0, 0, 1, 0, 0, 0))
    if chance.random() < (0.5 if quality.shadow else 0.3):
        _fold(page, chance)
    picture, warp = _moved(page, quality, chance)
    if quality.shadow:
        picture = _shadowed(picture, quality.shadow, chance)
    picture = ImageEnhance.Brightness(picture).enhance(chance.uniform(*quality.light))
    if quality.desk:
        red, green, blue = picture.split()
        warm = chance.uniform(0.94, 1.04)
        picture = Image.merge("RGB", (red.point([min(255, round(level * warm)) for level in range(256)]), green,
                                      blue.point([min(255, round(level / warm)) for level in range(256)])))
    blur = chance.uniform(*quality.blur)
    if blur > 0.05:
        picture = picture.filter(ImageFilter.GaussianBlur(blur))
    return _noisy(picture, quality.noise, chance), warp


def _moved(page: Image.Image, quality: Quality, chance: random.Random) -> tuple[Image.Image, Warp]:
    wide, tall = page.size
    angle = math.radians(chance.uniform(-quality.tilt, quality.tilt))
    corners = [(0, 0), (wide, 0), (wide, tall), (0, tall)]
    cos, sin = math.cos(angle), math.sin(angle)
    turned = [((x - wide / 2) * cos - (y - tall / 2) * sin, (x - wide / 2) * sin + (y - tall / 2) * cos) for x, y in corners]
    far = quality.bend * wide
    bent = [(x + chance.uniform(-far, far), y + chance.uniform(-far, far)) for x, y in turned]
    edge = chance.uniform(0.03, 0.09) * wide if quality.desk else 0
    if quality.desk:
        left, top = min(x for x, _ in bent) - edge, min(y for _, y in bent) - edge
        size = (round(max(x for x, _ in bent) + edge - left), round(max(y for _, y in bent) + edge - top))
    else:                                     # a scanner's glass keeps the size of the sheet
        left, top, size = -wide / 2, -tall / 2, (wide, tall)
    goal = [(x - left, y - top) for x, y in bent]
    ground = _desk(size, chance) if quality.desk else Image.new("RGB", size, (250, 250, 250))
    back = _project(goal, corners)
    picture = page.transform(size, Image.Transform.PERSPECTIVE, back, resample=Image.Resampling.BICUBIC, fillcolor=(250, 250, 250))
    mask = Image.new("L", size, 0)
    ImageDraw.Draw(mask).polygon(goal, fill=255)
    if quality.desk:
        shade = mask.filter(ImageFilter.GaussianBlur(max(2, wide / 120))).point([255 - level // 2 for level in range(256)])
        ground = ImageChops.multiply(ground, Image.merge("RGB", (shade, shade, shade)))
    ground.paste(picture, (0, 0), mask.filter(ImageFilter.MinFilter(3)))
    return ground, Warp(_project(corners, goal))


def _desk(size: tuple[int, int], chance: random.Random) -> Image.Image:
    """Wood or cloth: a colour with grain."""
    tone = _DESKS[chance.randrange(len(_DESKS))]
    grain = speckle((max(8, size[0] // 24), size[1]), 40, chance).resize(size, Image.Resampling.BICUBIC)
    return ImageChops.add(Image.new("RGB", size, tone), Image.merge("RGB", (grain, grain, grain)), scale=1, offset=-128)


def _noisy(picture: Image.Image, deep: float, chance: random.Random) -> Image.Image:
    grain = speckle(picture.size, deep, chance)
    return ImageChops.add(picture, Image.merge("RGB", (grain, grain, grain)), scale=1, offset=-128)


def _fold(page: Image.Image, chance: random.Random) -> None:
    """A crease across or down the page: a dark line with a light one beside it."""
    wide, tall = page.size
    layer = Image.new("L", page.size, 128)
    ink = ImageDraw.Draw(layer)
    line: tuple[float, float, float, float]
    beside: tuple[float, float, float, float]
    for _ in range(chance.randrange(1, 3)):
        if chance.random() < 0.6:
            at, drift = tall * chance.choice((1 / 3, 1 / 2, 2 / 3)), chance.uniform(-12, 12)
            line, beside = ((0, at, wide, at + drift), (0, at + 3, wide, at + drift + 3))
        else:
            at, drift = wide * chance.choice((1 / 2, 1 / 3)), chance.uniform(-12, 12)
            line, beside = ((at, 0, at + drift, tall), (at + 3, 0, at + drift + 3, tall))
        ink.line(line, fill=128 - chance.randrange(24, 54), width=2)
        ink.line(beside, fill=150, width=2)
    layer = layer.filter(ImageFilter.GaussianBlur(1.4))
    page.paste(ImageChops.add(page, Image.merge("RGB", (layer, layer, layer)), scale=1, offset=-128))


def _shadowed(picture: Image.Image, deep: float, chance: random.Random) -> Image.Image:
    """Light from one side, and often the edge of a hand's or telephone's shadow."""
    slope = Image.linear_gradient("L").rotate(chance.choice((0, 90, 180, 270))).resize(picture.size, Image.Resampling.BICUBIC)
    low = 1 - deep * chance.uniform(0.3, 0.9)
    light = slope.point([round(255 * (low + (1 - low) * level / 255)) for level in range(256)])
    if chance.random() < 0.6:
        wide, tall = picture.size
        small = Image.new("L", (wide // 8, tall // 8), 255)
        start = chance.uniform(0.3, 0.8)
        end = start + chance.uniform(-0.3, 0.3)
        edge = [(wide / 8 * start, 0.0), (wide / 8, 0.0), (wide / 8, tall / 8), (wide / 8 * end, tall / 8)]
        ImageDraw.Draw(small).polygon(edge, fill=round(255 * (1 - deep * chance.uniform(0.3, 0.8))))
        hand = small.filter(ImageFilter.GaussianBlur(chance.uniform(3, 12))).resize(picture.size, Image.Resampling.BICUBIC)
        light = ImageChops.multiply(light, hand)
    return ImageChops.multiply(picture, Image.merge("RGB", (light, light, light)))
