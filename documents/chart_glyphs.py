"""A chart's text as outlines of the letters' faces, and what a drawing program leaves around it taken away."""

from __future__ import annotations

import re
import threading
import xml.etree.ElementTree as ET
from functools import lru_cache

from fontTools.pens.svgPathPen import SVGPathPen
from fontTools.ttLib import TTFont

from documents.faces import CHAINS, faces

SVG = "http://www.w3.org/2000/svg"
CHAIN = CHAINS["hei"]
FIGURES = tuple(reversed(CHAIN))        # letters and digits without serifs stand in the second face
_UNITS = 1000
_KEPT = frozenset(("d", "x", "y", "x1", "x2", "y1", "y2", "width", "height", "fill", "stroke", "stroke-width", "stroke-dasharray",
                   "opacity", "fill-opacity", "stroke-opacity", "transform", "viewBox", "stroke-linecap", "stroke-linejoin",
                   "stroke-miterlimit"))
_SIZE = re.compile(r"([\d.]+)px")
_fonts_lock = threading.Lock()


@lru_cache(maxsize=4)
def _font(role: str) -> TTFont:
    return TTFont(faces()[role].path, lazy=True)


@lru_cache(maxsize=4096)
def _glyph(char: str) -> tuple[str, float]:
    """The outline in units of the em, y upwards, and its advance in em."""
    role = next(role for role in (FIGURES if char.isascii() else CHAIN) if faces()[role].has(char))
    with _fonts_lock:
        font = _font(role)
        glyphs = font.getGlyphSet()
        name = font.getBestCmap()[ord(char)]
        pen = SVGPathPen(glyphs, ntos=lambda value: f"{value:.0f}")
        glyphs[name].draw(pen)
        return str(pen.getCommands()), float(glyphs[name].width) / float(font["head"].unitsPerEm)


def outlined(svg: str) -> bytes:
    """The drawing with every text as paths and nothing but shapes left."""
    root = ET.fromstring(svg)
    _clean(root)
    ET.register_namespace("", SVG)
    return bytes(ET.tostring(root, encoding="utf-8"))


def _clean(element: ET.Element) -> None:
    for place, child in enumerate(list(element)):
        if child.tag == f"{{{SVG}}}text":
            element[place] = _path(child)
        else:
            _clean(child)
    element.attrib = {name: value for name, value in element.attrib.items() if name in _KEPT}
    # What is drawn invisible, and groups that hold nothing.
    for child in list(element):
        empty = child.tag == f"{{{SVG}}}g" and len(child) == 0
        hidden = child.get("opacity") == "0" or (child.get("d", "") in ("", "M0,0h0v0h0Z") and child.tag == f"{{{SVG}}}path")
        if empty or hidden:
            element.remove(child)


def _path(text: ET.Element) -> ET.Element:
    """One line of text as one path, anchored as the text was."""
    found = _SIZE.match(text.get("font-size", "11px"))
    size = float(found[1]) if found else 11.0
    glyphs = [_glyph(char) for char in (text.text or "") if not char.isspace() or char == " "]
    whole = sum(advance for _, advance in glyphs)
    start = {"middle": -whole / 2, "end": -whole}.get(text.get("text-anchor", "start"), 0.0)
    path = ET.Element(f"{{{SVG}}}g", {"transform": f"{text.get('transform', '')} scale({size / _UNITS:g},{-size / _UNITS:g})".strip(),
                                      "fill": text.get("fill", "#000"), "opacity": text.get("opacity", "1")})
    for outline, advance in glyphs:
        if outline:
            ET.SubElement(path, f"{{{SVG}}}path", {"d": outline, "transform": f"translate({start * _UNITS:.0f},0)"})
        start += advance
    return path
