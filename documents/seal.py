"""The round seal of an office, drawn as outlines: no font and no text lies in it that could mix into the letter's own words.

Every glyph is turned as a path, because text on a circle comes out straight. The picture becomes the appearance of the
signature field, so that a letter without a signature has no seal.
"""

from __future__ import annotations

import base64
import math
from functools import cache

from weasyprint import HTML

from documents.errors import DocumentError
from documents.faces import require
from documents.outlines import path
from documents.render import press_lock

RED = "#d7000f"
RADIUS, RIM = 200, 12           # in tenths of a millimetre: 40 mm across, a rim of 1.2 mm
STAR = 56
NARROW = 0.78                   # characters of a seal are narrower than high
_PAGE = ('<!doctype html><html lang="zh-CN"><head><title>{title}</title>'
         "<style>@page {{ size: 40mm 40mm; margin: 0 }} body {{ margin: 0 }} svg, img {{ display: block; width: 40mm; height: 40mm }}"
         "</style></head><body>{body}</body></html>")


@cache
def appearance(organ: str, mark: str = "", image: bytes | None = None) -> bytes:
    """One page of 40 × 40 mm as PDF: the organ's name around a star, `mark` (演示) beneath it, or the office's own PNG.

    MissingGlyph when the title faces lack a character. The same input gives the same bytes.
    """
    if image is not None:
        if not image.startswith(b"\x89PNG"):
            raise DocumentError("seal_picture", "印章图片不是 PNG 格式", remedy="请换成透明底的 PNG 图片")
        body = f'<img alt="" src="data:image/png;base64,{base64.b64encode(image).decode()}">'
    else:
        require(organ + mark, "title")
        body = _svg(organ, mark)
    with press_lock:
        pdf = HTML(string=_PAGE.format(title="", body=body)).write_pdf()
    if not isinstance(pdf, bytes):
        raise DocumentError("no_pdf", "排版程序没有返回文件")
    return pdf


def _svg(organ: str, mark: str) -> str:
    paths = [_star(), *_ring(organ)]
    size = 38
    for place, char in enumerate(mark):
        paths.append(path(char, (size, 0, 0, -size, (place - len(mark) / 2) * size, RADIUS * 0.84)))
    side = 2 * RADIUS
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{-RADIUS} {-RADIUS} {side} {side}">'
            f'<circle cx="0" cy="0" r="{RADIUS - RIM / 2}" fill="none" stroke="{RED}" stroke-width="{RIM}"/>'
            f'<path fill="{RED}" d="{" ".join(paths)}"/></svg>')


def _ring(organ: str) -> list[str]:
    """The name from left to right over the top, its characters turned outwards."""
    height = 64 if len(organ) <= 14 else 54 if len(organ) <= 18 else 44
    span = min(300.0, 22.0 * (len(organ) - 1) + 20)
    step = span / max(1, len(organ) - 1)
    radius = RADIUS - RIM - 8 - height / 2
    wide = min(NARROW, math.radians(step) * radius / height)
    paths = []
    for place, char in enumerate(organ):
        angle = math.radians(place * step - span / 2) if len(organ) > 1 else 0.0
        cos, sin = math.cos(angle), math.sin(angle)
        a, b, c, d = height * wide * cos, height * wide * sin, height * sin, -height * cos
        # The middle of the em box (0.5, 0.38) comes to lie on the circle.
        paths.append(path(char, (a, b, c, d, radius * sin - (a * 0.5 + c * 0.38), -radius * cos - (b * 0.5 + d * 0.38))))
    return paths


def _star() -> str:
    points = []
    for corner in range(10):
        far = STAR if corner % 2 == 0 else STAR * 0.382
        points.append(f"{far * math.sin(corner * math.pi / 5):.2f} {-far * math.cos(corner * math.pi / 5) - 2:.2f}")
    return "M" + " L".join(points) + "Z"
