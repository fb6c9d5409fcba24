"""Pages as pictures that can be found again: straightened ink, a hash of 64 bits, a grain of some kilobytes. Pure; Pillow only.

A page is laid straight first: out of the table it was photographed on, unskewed, cut to what is written on it. What remains is ink
on even white, whatever the light was.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from PIL import Image, ImageChops, ImageFilter, ImageMath

from services.evidence.planes import SAME, Edges, Plane, after, drawn, moved, scaled, solved
from services.evidence.recognition.lines import Box

GRAIN = 320                     # pixels across of the grain
SHEET = 1024                    # pixels across of a sheet laid straight, to see a digit
_LOOK = 400                     # pixels across where a page's edges, skew and ink are looked for
_SKEW = 7.0                     # degrees
_LEAST_INK = 2.0                # mean ink of 255 below which a page has nothing to be known by
_PALE = 80                      # ink of 255: paler than any letter's middle
_MARGIN = 0.02                  # of the width, about what is written
_TALL = (0.25, 2.2)             # heights of a width that a sheet may have
_HASH = 8
_STEP = 4                       # the light is looked at this much more coarsely
_FALLS = (0.9, 0.93, 0.96, 0.975)      # from one such point to the next paper's light falls no faster: the first that finds a page
_WHOLE, _FULL = 0.985, 0.9      # shares: of the picture that is all page; of the page that must have been walked


@dataclass(frozen=True, slots=True)
class Print:
    """What a page is found by. `hash` as a signed number of 64 bits; `grain` a WEBP picture of the ink."""

    hash: int
    grain: bytes

    @property
    def bands(self) -> tuple[int, int, int, int]:
        """Sixteen bits each: hashes that differ in three bits or fewer share at least one band."""
        bits = self.hash & (1 << 64) - 1
        return bits >> 48, bits >> 32 & 0xFFFF, bits >> 16 & 0xFFFF, bits & 0xFFFF


@dataclass(frozen=True, slots=True)
class Sheet:
    """Straightened ink; `plane` says for its points where they stand in the view (pixels), `view` is that picture's size."""

    ink: Image.Image
    plane: Plane
    view: tuple[int, int]


def print_of(view: bytes) -> Print | None:
    """The print of a page's view; none for a page with too little on it to be known again."""
    sheet = sheet_of(view, across=GRAIN)
    if sheet is None:
        return None
    buffer = io.BytesIO()
    sheet.ink.save(buffer, "WEBP", quality=25, method=4)
    return Print(_hash(sheet.ink), buffer.getvalue())


def grain_of(grain: bytes) -> Image.Image:
    """A stored grain as a picture of ink."""
    with Image.open(io.BytesIO(grain)) as picture:
        return picture.convert("L")


def sheet_of(view: bytes, *, across: int = SHEET) -> Sheet | None:
    """A view laid straight and cut to its ink, `across` pixels wide; none for an empty page."""
    with Image.open(io.BytesIO(view)) as picture:
        grey = picture.convert("L")
    look = grey.resize((_LOOK, max(16, round(_LOOK * grey.height / grey.width))), Image.Resampling.BOX, reducing_gap=2.0)
    back = scaled(grey.width / look.width, grey.height / look.height)
    page = _page(look)
    paper, size = (drawn(look, page[0], page[1], fill=255), page[1]) if page else (look, look.size)
    ink = _bare(ink_of(paper))
    angle = _skew(ink)
    turn = _turned(angle, size)
    edges = _written(drawn(ink, turn, size))
    if edges is None:
        return None
    rim = _MARGIN * (edges[2] - edges[0])
    left, top, right, bottom = edges[0] - rim, edges[1] - rim, edges[2] + rim, edges[3] + rim
    high = round(across * min(max((bottom - top) / (right - left), _TALL[0]), _TALL[1]))
    cut = scaled((right - left) / across, (bottom - top) / high, left=left, top=top)
    plane = after(back, after(page[0], after(turn, cut)) if page else after(turn, cut))
    return Sheet(ink_of(drawn(_shrunk(grey, across), _onto(grey, across, plane), (across, high), fill=255)), plane, grey.size)


def _shrunk(grey: Image.Image, across: int) -> Image.Image:
    """Halved while it is more than twice as fine as what is made of it."""
    step = max(1, grey.width // (across * 5 // 4))
    return grey.reduce(step) if step > 1 else grey


def _onto(grey: Image.Image, across: int, plane: Plane) -> Plane:
    small = _shrunk(grey, across)
    return after(scaled(small.width / grey.width, small.height / grey.height), plane)


def ink_of(grey: Image.Image) -> Image.Image:
    """Ink on even paper: how much darker a point is than the paper about it, in shares of that paper's light."""
    light = grey.resize((max(1, grey.width // 4), max(1, grey.height // 4)), Image.Resampling.BOX)
    light = light.filter(ImageFilter.MaxFilter(5)).filter(ImageFilter.BoxBlur(4)).resize(grey.size, Image.Resampling.BILINEAR)
    dark = ImageChops.subtract(light, grey)
    share = ImageMath.lambda_eval(lambda given: given["dark"] * 255 / (given["light"] + 1), dark=dark, light=light)
    assert isinstance(share, Image.Image)
    return share.convert("L").point([max(0, min(255, round((level - 24) * 1.6))) for level in range(256)])


def _bare(ink: Image.Image) -> Image.Image:
    """Without the page's own edges, which a table behind it leaves as ink."""
    rim = max(2, round(min(ink.size) * 0.02))
    bare = Image.new("L", ink.size, 0)
    bare.paste(ink.crop((rim, rim, ink.width - rim, ink.height - rim)), (rim, rim))
    return bare


def _page(look: Image.Image) -> tuple[Plane, tuple[int, int]] | None:
    """A page on a table: the way from the page to the picture, and the page's size. None when the picture is the page.

    Paper is what can be walked to from the middle without the light falling off: a shadow comes slowly, an edge at once.
    """
    light = _light(look)
    return next((page for fall in _FALLS if (page := _walled(look, light, _walked(light, fall)))), None)


def _walled(look: Image.Image, light: Image.Image, paper: set[tuple[int, int]]) -> tuple[Plane, tuple[int, int]] | None:
    """The page whose walked points are known; none when they are no page with four sides."""
    sides = [_side(light, paper, axis, far) for axis in (0, 1) for far in (False, True)]
    left, right, top, bottom = sides
    corners = [_crossing(one, other) for one, other in ((left, top), (right, top), (right, bottom), (left, bottom))]
    if len(paper) > _WHOLE * light.width * light.height or len(paper) < _FULL * _area(corners):
        return None
    corners = [(x * _STEP, y * _STEP) for x, y in corners]
    wide = (math.dist(corners[0], corners[1]) + math.dist(corners[3], corners[2])) / 2
    high = (math.dist(corners[0], corners[3]) + math.dist(corners[1], corners[2])) / 2
    if wide * high < 0.3 * look.width * look.height:
        return None
    size = (_LOOK, max(16, round(_LOOK * high / wide)))
    flat = ((0, 0), (size[0], 0), size, (0, size[1]))
    plane = solved([((x, y), where, 1.0) for (x, y), where in zip(flat, corners, strict=True)], straight=False)
    return None if plane is None else (plane, size)


def _light(look: Image.Image) -> Image.Image:
    """The light of each block without the letters in it; a block that the table shows in is as dark as the table."""
    paper = look.filter(ImageFilter.MaxFilter(5)).filter(ImageFilter.MinFilter(5))
    return paper.resize((look.width // _STEP, look.height // _STEP), Image.Resampling.NEAREST)


def _walked(light: Image.Image, fall: float) -> set[tuple[int, int]]:
    rows = _rows(light)
    start = max(((x, y) for y in range(light.height // 3, light.height * 2 // 3 + 1)
                 for x in range(light.width // 3, light.width * 2 // 3 + 1) if y < light.height), key=lambda at: rows[at[1]][at[0]])
    seen, edge = {start}, [start]
    while edge:
        x, y = edge.pop()
        least = rows[y][x] * fall
        for near in ((x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)):
            if near not in seen and 0 <= near[0] < light.width and 0 <= near[1] < light.height and rows[near[1]][near[0]] >= least:
                seen.add(near)
                edge.append(near)
    return seen


def _side(light: Image.Image, paper: set[tuple[int, int]], axis: int, far: bool) -> tuple[float, float, float]:
    """A side of the page as a line a x + b y = c, through its outermost points but for those that stray."""
    ends: dict[int, int] = {}
    for point in paper:
        along, away = point[1 - axis], point[axis] + far
        ends[along] = max(ends.get(along, away), away) if far else min(ends.get(along, away), away)
    kept = sorted(ends.items())[len(ends) // 12:len(ends) - len(ends) // 12]
    slope, start = 0.0, 1.0 * light.size[axis] if far else 0.0
    for _ in range(4):
        if len(kept) < 3:
            break
        many, x, y = len(kept), sum(at + 0.5 for at, _ in kept), sum(value for _, value in kept)
        square, cross = sum((at + 0.5) ** 2 for at, _ in kept), sum((at + 0.5) * value for at, value in kept)
        slope = (many * cross - x * y) / ((many * square - x * x) or 1)
        start = (y - slope * x) / many
        off = sorted(abs(value - start - slope * (at + 0.5)) for at, value in kept)[many // 2]
        kept = [(at, value) for at, value in kept if abs(value - start - slope * (at + 0.5)) <= max(0.6, 2.5 * off)]
    return (1, -slope, start) if axis == 0 else (-slope, 1, start)


def _crossing(one: tuple[float, float, float], other: tuple[float, float, float]) -> tuple[float, float]:
    (a, b, c), (d, e, f) = one, other
    return (c * e - b * f) / (a * e - b * d), (a * f - c * d) / (a * e - b * d)


def _area(corners: list[tuple[float, float]]) -> float:
    return abs(sum(x * v - u * y for (x, y), (u, v) in zip(corners, [*corners[1:], corners[0]], strict=True))) / 2


def _rows(picture: Image.Image) -> list[bytes]:
    whole = picture.tobytes()
    return [whole[at:at + picture.width] for at in range(0, len(whole), picture.width)]


def _turned(angle: float, size: tuple[int, int]) -> Plane:
    """About the middle, degrees counter-clockwise."""
    sin, cos = math.sin(math.radians(angle)), math.cos(math.radians(angle))
    x, y = size[0] / 2, size[1] / 2
    return (cos, sin, x - cos * x - sin * y, -sin, cos, y + sin * x - cos * y, 0, 0, 1)


def _skew(ink: Image.Image) -> float:
    """The angle at which rows of ink and white between them stand out most."""
    def contrast(angle: float) -> float:
        column = drawn(ink, _turned(angle, ink.size), ink.size).convert("F").resize((1, ink.height), Image.Resampling.BOX)
        values: list[float] = list(memoryview(column.tobytes()).cast("f"))
        return sum((one - other) ** 2 for one, other in pairwise(values))
    coarse = max((step * 1.0 for step in range(-round(_SKEW), round(_SKEW) + 1)), key=contrast)
    middle = max((coarse + step for step in (-0.5, 0.0, 0.5)), key=contrast)
    return max((middle + step for step in (-0.25, 0.0, 0.25)), key=contrast)


def _written(ink: Image.Image) -> tuple[float, float, float, float] | None:
    """The rectangle that holds nearly all ink; a crease is too pale to count."""
    ink = ink.point([level if level > _PALE else 0 for level in range(256)])
    across, down = _sums(ink, (ink.width, 1)), _sums(ink, (1, ink.height))
    if sum(across) / len(across) < _LEAST_INK:
        return None
    left, right = _ends(across)
    top, bottom = _ends(down)
    return (left, top, right, bottom) if right - left > 16 and bottom - top > 16 else None


def _sums(ink: Image.Image, size: tuple[int, int]) -> list[float]:
    return list(memoryview(ink.convert("F").resize(size, Image.Resampling.BOX).tobytes()).cast("f"))


def _ends(sums: list[float]) -> tuple[int, int]:
    """Without the half per cent of ink at each end."""
    bound, seen, first, last = sum(sums) * 0.005, 0.0, 0, len(sums)
    for at, value in enumerate(sums):
        seen += value
        if seen <= bound:
            first = at
        if seen <= sum(sums) - bound:
            last = at
    return first, min(len(sums), last + 2)


def _hash(ink: Image.Image) -> int:
    """The signs of 64 low waves of the ink, without the mean (a perceptual hash)."""
    small = list(ink.filter(ImageFilter.BoxBlur(3)).resize((32, 32), Image.Resampling.BOX).tobytes())
    waves = _waves()
    rows = [[sum(wave[x] * small[32 * y + x] for x in range(32)) for wave in waves] for y in range(32)]
    signs = [sum(down[y] * rows[y][across] for y in range(32)) for down in waves for across in range(_HASH)]
    middle = sorted(signs)[32]
    bits = sum(1 << at for at, value in enumerate(signs) if value > middle)
    return bits - (1 << 64) if bits >> 63 else bits


@lru_cache(maxsize=1)
def _waves() -> list[list[float]]:
    return [[math.cos(math.pi / 32 * (x + 0.5) * wave) for x in range(32)] for wave in range(1, _HASH + 1)]


def place_in_view(sheet: Sheet, edges: Edges, plane: Plane = SAME) -> Box:
    """A rectangle in pixels as a box of the page as shown. `plane` leads from the rectangle's picture to the sheet."""
    left, top, right, bottom = edges
    corners = [moved(sheet.plane, moved(plane, point)) for point in ((left, top), (right, top), (right, bottom), (left, bottom))]
    across, down = [x / sheet.view[0] for x, _ in corners], [y / sheet.view[1] for _, y in corners]
    return Box(*(round(min(1.0, max(0.0, edge)), 4) for edge in (min(across), min(down), max(across), max(down))))
