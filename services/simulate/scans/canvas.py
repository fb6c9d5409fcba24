"""A page to write on: text with fields in it, tables, rules, seals. It remembers where each field came to stand.

Places and sizes are in points of a page 1240 wide (A4 at 150 dots an inch), whatever the size of the picture. A text names the
fields that stand in it: "姓名：{name}　确诊：{diagnosed_on|cn}"; `~` behind a name prints it without remembering the place.
"""

from __future__ import annotations

import math
import random
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby

from PIL import Image, ImageDraw, ImageFont

from services.core.errors import ConfigError
from services.simulate.scans.forms import printed
from services.simulate.scans.grain import speckle

A4 = (1240, 1754)
INK, BLUE, RED, GREY = (28, 28, 32), (30, 44, 120), (196, 38, 38), (110, 110, 116)
Colour = tuple[int, int, int]
Edges = tuple[float, float, float, float]       # left, top, right, bottom in points
FAMILIES = {"song": "Noto Serif CJK SC", "hei": "Noto Sans CJK SC", "mono": "Noto Sans Mono CJK SC", "kai": "AR PL UKai CN",
            "song-bold": "Noto Serif CJK SC:bold", "hei-bold": "Noto Sans CJK SC:bold"}
_FIELD = re.compile(r"\{([a-z_0-9]+)(~?)(?:\|([a-z0-9]+))?\}")
_SIGNS = re.compile(r"[A-Za-z0-9.,:/%¥*-]+|.", re.DOTALL)       # what is not torn apart at the end of a line
_NO_BREAK_BEFORE = "，。；：、）】！？”,.;:)]!?"


@lru_cache(maxsize=8)
def _file(family: str) -> tuple[str, int]:
    """The font's file and the face in it, asked of fontconfig. ConfigError when the family is not installed."""
    wanted = FAMILIES[family]
    found = subprocess.run(["fc-match", "--format=%{family}|%{file}|%{index}", wanted], capture_output=True, text=True, check=False)
    names, path, index = [*found.stdout.split("|"), "", "", ""][:3]
    if found.returncode or wanted.split(":")[0] not in names:
        raise ConfigError("font_missing", f"没有找到中文字体 {wanted}",
                          remedy="运行 infra/bootstrap.sh 安装 fonts-noto-cjk 和 fonts-arphic-ukai")
    return path, int(index) & 0xFFFF


@lru_cache(maxsize=64)
def font(family: str, size: int) -> ImageFont.FreeTypeFont:
    """A face in pixels."""
    path, index = _file(family)
    return ImageFont.truetype(path, size, index=index)


@dataclass(frozen=True, slots=True)
class Look:
    """How text is written. `hand`: letters dance as by hand. `lead`: height of a line over the size of its letters."""

    family: str = "song"
    size: float = 26
    ink: Colour = INK
    lead: float = 1.55
    spread: float = 0          # points between letters
    hand: bool = False


@dataclass(slots=True)
class _Sign:
    text: str
    field: str
    width: float


@dataclass(slots=True)
class Page:
    """One page while it is being written. `facts`: what may stand on it; `scale`: pixels a point."""

    facts: dict[str, str]
    fields: frozenset[str]
    chance: random.Random
    scale: float = 1.0
    size: tuple[int, int] = A4
    paper: Colour = (252, 252, 250)
    truth: dict[str, str] = field(default_factory=dict)
    edges: dict[str, Edges] = field(default_factory=dict)
    image: Image.Image = field(init=False)
    draw: ImageDraw.ImageDraw = field(init=False)

    def __post_init__(self) -> None:
        self.image = Image.new("RGB", (round(self.size[0] * self.scale), round(self.size[1] * self.scale)), self.paper)
        self.draw = ImageDraw.Draw(self.image)

    def face(self, look: Look) -> ImageFont.FreeTypeFont:
        """The look's font at the size of the picture."""
        return font(look.family, max(6, round(look.size * self.scale)))

    def width(self, text: str, look: Look) -> float:
        """Points that a text takes, fields filled in."""
        return sum(sign.width for sign in self._signs(text, look))

    def _signs(self, text: str, look: Look) -> list[_Sign]:
        parts, at = [], 0
        for found in _FIELD.finditer(text):
            name, echo, form = found.groups()
            parts += [(text[at:found.start()], ""), (printed(self.facts[name], form or ""), "" if echo else name)]
            at = found.end()
        face = self.face(look)
        signs = []
        for words, name in [*parts, (text[at:], "")]:
            signs += [_Sign(sign, name, 0 if sign == "\n" else face.getlength(sign) / self.scale + look.spread * len(sign))
                      for sign in _SIGNS.findall(words)]
        return signs

    def text(self, x: float, y: float, text: str, look: Look, *, width: float = 0, align: str = "left") -> float:
        """Write from (x, y) down, wrapped at `width` (0: one line). `align` places each line within `width`, or about x. The y below."""
        rows: list[list[_Sign]] = [[]]
        used = 0.0
        for sign in self._signs(text, look):
            if sign.text == "\n" or (width and used + sign.width > width and sign.text not in _NO_BREAK_BEFORE):
                rows.append([])
                used = 0.0
            if sign.text != "\n":
                rows[-1].append(sign)
                used += sign.width
        for row in rows:
            wide = sum(sign.width for sign in row)
            start = {"left": x, "middle": x + (width - wide) / 2, "right": x + width - wide}[align]
            self._row(start, y, row, look)
            y += look.size * look.lead
        return y

    def _row(self, x: float, y: float, row: Sequence[_Sign], look: Look) -> None:
        face, lift = self.face(look), 0.0
        for name, run in groupby(row, key=lambda sign: sign.field):
            signs = list(run)
            text, wide = "".join(sign.text for sign in signs), sum(sign.width for sign in signs)
            if look.spread or look.hand:
                at = x
                for letter in text:
                    lift = 0.6 * lift + self.chance.uniform(-0.05, 0.05) * look.size if look.hand else 0
                    self._put(at, y + lift, letter, face, look)
                    at += face.getlength(letter) / self.scale + look.spread
            else:
                self._put(x, y, text, face, look)
            if name:
                self.mark(name, (x, y - 0.02 * look.size, x + wide, y + 1.12 * look.size))
            x += wide

    def _put(self, x: float, y: float, text: str, face: ImageFont.FreeTypeFont, look: Look) -> None:
        # From the ascent's line and not from the letter's own top, so that 一 does not float.
        self.draw.text((x * self.scale, (y + 0.88 * look.size) * self.scale), text, font=face, fill=look.ink, anchor="ls")

    def mark(self, name: str, edges: Edges) -> None:
        """A field came to stand here; a second piece of it widens the place."""
        if name not in self.fields:
            return
        was = self.edges.get(name)
        self.edges[name] = edges if was is None else (min(was[0], edges[0]), min(was[1], edges[1]),
                                                      max(was[2], edges[2]), max(was[3], edges[3]))
        self.truth[name] = self.facts[name]

    def line(self, x0: float, y0: float, x1: float, y1: float, *, thick: float = 1.5, ink: Colour = INK) -> None:
        """A rule."""
        s = self.scale
        self.draw.line((x0 * s, y0 * s, x1 * s, y1 * s), fill=ink, width=max(1, round(thick * s)))

    def box(self, x0: float, y0: float, x1: float, y1: float, *, thick: float = 1.5, ink: Colour = INK,
            fill: Colour | None = None, round_by: float = 0) -> None:
        """A frame."""
        s = self.scale
        self.draw.rounded_rectangle((x0 * s, y0 * s, x1 * s, y1 * s), radius=round_by * s, outline=ink, fill=fill,
                                    width=max(1, round(thick * s)))

    def table(self, x: float, y: float, widths: Sequence[float], rows: Sequence[Sequence[str | tuple[str, int]]], look: Look, *,
              high: float = 0, align: str = "left", ink: Colour = INK, lines: bool = True) -> float:
        """A grid; a cell is a text or (text, columns it spans). Rows grow with their text. The y below."""
        pad = look.size * 0.35
        for row in rows:
            cells, at = [], 0
            for cell in row:
                text, span = cell if isinstance(cell, tuple) else (cell, 1)
                cells.append((text, sum(widths[:at]), sum(widths[at:at + span])))
                at += span
            tall = max([high, *(self._tall(text, wide - 2 * pad, look) + 2 * pad for text, _, wide in cells)])
            for text, left, wide in cells:
                if lines:
                    self.box(x + left, y, x + left + wide, y + tall, ink=ink)
                top = y + (tall - self._tall(text, wide - 2 * pad, look)) / 2 + look.size * (look.lead - 1.15) / 2
                self.text(x + left + pad, top, text, look, width=wide - 2 * pad, align=align)
            y += tall
        return y

    def _tall(self, text: str, width: float, look: Look) -> float:
        rows, used = 1, 0.0
        for sign in self._signs(text, look):
            if sign.text == "\n" or (used + sign.width > width and sign.text not in _NO_BREAK_BEFORE):
                rows, used = rows + 1, 0.0
            used += 0 if sign.text == "\n" else sign.width
        return rows * look.size * look.lead

    def seal(self, x: float, y: float, text: str, *, radius: float = 95, middle: str = "", oval: bool = False) -> None:
        """A red stamp about (x, y) over whatever stands there: its text on the arc, a star or words in the middle."""
        pixels = 2 * round(radius * self.scale * 1.1)
        stamp = Image.new("L", (pixels, pixels), 0)
        ink = ImageDraw.Draw(stamp)
        half, ring = pixels / 2, radius * self.scale
        ink.ellipse((half - ring, half - ring, half + ring, half + ring), outline=255, width=max(2, round(ring * 0.045)))
        size = max(8, round(ring * min(0.27, 3.6 / max(len(text), 8))))
        spread = math.radians(min(270, 27 * len(text)))
        for place, letter in enumerate(text):
            angle = -spread / 2 + spread * place / max(1, len(text) - 1)
            self._arc_letter(stamp, letter, font("song-bold", size), angle, ring * 0.79)
        if middle:
            ink.text((half, half + ring * 0.45), middle, font=font("song-bold", max(8, round(ring * 0.22))), fill=255, anchor="mm")
        _star(ink, half, half, ring * 0.26)
        if oval:
            stamp = stamp.resize((pixels, round(pixels * 0.68)))
        stamp = stamp.rotate(self.chance.uniform(-18, 18), resample=Image.Resampling.BICUBIC)
        wear = speckle(stamp.size, 60, self.chance).point([90 + level // 2 for level in range(256)])
        mask = Image.composite(wear, Image.new("L", stamp.size, 0), stamp)
        left, top = round(x * self.scale - stamp.width / 2), round(y * self.scale - stamp.height / 2)
        self.image.paste(RED, (left, top), mask)
        tall = radius * (0.68 if oval else 1)
        self.facts["seal"] = "yes"
        self.mark("seal", (x - radius, y - tall, x + radius, y + tall))

    @staticmethod
    def _arc_letter(stamp: Image.Image, letter: str, face: ImageFont.FreeTypeFont, angle: float, ring: float) -> None:
        side = round(face.size * 1.6)
        tile = Image.new("L", (side, side), 0)
        ImageDraw.Draw(tile).text((side / 2, side / 2), letter, font=face, fill=255, anchor="mm")
        tile = tile.rotate(-math.degrees(angle), resample=Image.Resampling.BICUBIC)
        centre = stamp.width / 2
        stamp.paste(255, (round(centre + ring * math.sin(angle) - side / 2), round(centre - ring * math.cos(angle) - side / 2)), tile)


def _star(ink: ImageDraw.ImageDraw, x: float, y: float, size: float) -> None:
    corners = [(x + size * (1 if turn % 2 == 0 else 0.4) * math.sin(math.pi * turn / 5),
                y - size * (1 if turn % 2 == 0 else 0.4) * math.cos(math.pi * turn / 5)) for turn in range(10)]
    ink.polygon(corners, fill=255)
