"""A PDF page's own text, sign by sign, with its place on the page as it is shown. Confined process only."""

from __future__ import annotations

from ctypes import byref, c_int

import pypdfium2.raw as raw

from services.storage.pdfium import leaf

_MOST = 20_000              # signs of a page
_GRID = 100_000             # of the device on which places are reckoned
_INVISIBLE = 3              # a text render mode: what a scanner's program lays under its picture
UNKNOWN = "\ufffd"


def glyphs(content: bytes, number: int) -> list[tuple[str, float, float, float, float]]:
    """(sign, left, top, right, bottom) in the file's order, in fractions of the page; none when the text is not shown.

    A sign whose meaning the file does not tell is U+FFFD. Spaces are left out: places tell them.
    """
    with leaf(content, number) as page:
        held, found = page.text(), []
        text = held.raw
        for index in range(min(_MOST, raw.FPDFText_CountChars(text))):
            sign = _sign(text, index)
            if sign.isspace() or raw.FPDFText_IsGenerated(text, index) == 1:
                continue
            if _mode(text, index) == _INVISIBLE:
                return []
            if place := _place(page.handle, text, index):
                found.append((sign, *place))
        return found


def _sign(text: object, index: int) -> str:
    code = raw.FPDFText_GetUnicode(text, index)
    broken = raw.FPDFText_HasUnicodeMapError(text, index) == 1 or not 0 < code <= 0x10FFFF or 0xD800 <= code < 0xE000
    return UNKNOWN if broken else chr(code)


def _mode(text: object, index: int) -> int:
    thing = raw.FPDFText_GetTextObject(text, index)
    return int(raw.FPDFTextObj_GetTextRenderMode(thing)) if thing else 0


def _place(page: object, text: object, index: int) -> tuple[float, float, float, float] | None:
    box = raw.FS_RECTF()
    if not raw.FPDFText_GetLooseCharBox(text, index, byref(box)):
        return None
    corners = [_shown(page, x, y) for x, y in ((box.left, box.top), (box.right, box.bottom))]
    (left, right), (top, bottom) = (sorted(corner[axis] for corner in corners) for axis in (0, 1))
    return left, top, right, bottom


def _shown(page: object, x: float, y: float) -> tuple[float, float]:
    """Fractions of the page as it is shown, turned and cut as the file says."""
    across, down = c_int(), c_int()
    raw.FPDF_PageToDevice(page, 0, 0, _GRID, _GRID, 0, x, y, byref(across), byref(down))
    return across.value / _GRID, down.value / _GRID
