"""Outlines of the title face: paths for the seal, and where the ink of a red mark begins and ends."""

from __future__ import annotations

from functools import cache

from fontTools.pens.boundsPen import BoundsPen
from fontTools.pens.svgPathPen import SVGPathPen
from fontTools.pens.transformPen import TransformPen
from fontTools.ttLib import TTFont
from fontTools.ttLib.ttGlyphSet import _TTGlyphSet

from documents.faces import CHAINS, faces

ASCENT = 0.88
Matrix = tuple[float, float, float, float, float, float]


def path(char: str, matrix: Matrix) -> str:
    """SVG path of a title character, its em square (y upwards) brought to its place by `matrix`."""
    role = _role(char)
    glyphs, cmap, units = _opened(role)
    pen = SVGPathPen(glyphs, ntos=lambda value: f"{value:.2f}".rstrip("0").rstrip("."))
    a, b, c, d, x, y = matrix
    glyphs[cmap[ord(char)]].draw(TransformPen(pen, (a / units, b / units, c / units, d / units, x, y)))
    return str(pen.getCommands())


@cache
def ink(text: str) -> tuple[float, float]:
    """Top and bottom of the ink of a line in the title face, in em below the top of its em box."""
    tops, bottoms = [], []
    for char in text:
        if char.isspace():
            continue
        glyphs, cmap, units = _opened(_role(char))
        pen = BoundsPen(glyphs)
        glyphs[cmap[ord(char)]].draw(pen)
        tops.append(pen.bounds[3] / units)
        bottoms.append(pen.bounds[1] / units)
    return ASCENT - max(tops), ASCENT - min(bottoms)


def _role(char: str) -> str:
    return next(role for role in CHAINS["title"] if faces()[role].has(char))


@cache
def _opened(role: str) -> tuple[_TTGlyphSet, dict[int, str], int]:
    font = TTFont(str(faces()[role].path), lazy=True)
    return font.getGlyphSet(), font.getBestCmap(), font["head"].unitsPerEm
