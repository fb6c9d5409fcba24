"""Each letter from its sample, to be looked at: its PDF, and its pages as pictures. Samples speak of nobody and are not sealed."""

from __future__ import annotations

import io
import json
from functools import lru_cache

import pypdfium2
from PIL import Image

from documents.render import HERE, Rendered, codes, render

SCREEN, PRINT = 80, 200     # dots an inch
KEPT = 60                   # letters held by a process


@lru_cache(maxsize=KEPT)
def sample(code: str) -> Rendered:
    """A letter's sample set, once a process. Raises UnknownLetter."""
    values = json.loads((HERE / "notices" / code / "sample.json").read_text("utf-8")) if code in codes() else {}
    return render(code, values, sealed=False)


@lru_cache(maxsize=KEPT)
def worded(code: str, passage: str, text: str, shown: tuple[tuple[str, bool | None], ...] = ()) -> Rendered:
    """A letter's sample with one passage in other words; `shown` makes the sample one that has the passage.

    Raises MissingGlyph for a character that the faces of letters do not draw.
    """
    values = json.loads((HERE / "notices" / code / "sample.json").read_text("utf-8"))
    return render(code, {**values, **dict(shown), "own_words": {passage: text}}, sealed=False)


@lru_cache(maxsize=4 * KEPT)
def picture(code: str, page: int, dpi: int = SCREEN) -> bytes:
    """A page of a letter's sample as PNG, from 1. IndexError when it has none such."""
    if not 1 <= page <= sample(code).pages:
        raise IndexError(page)
    return drawn(sample(code).pdf, page, dpi)


def drawn(pdf: bytes, page: int, dpi: int) -> bytes:
    """A page of a PDF of ours as a small PNG of 16 shades and colours."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        seen: Image.Image = document[page - 1].render(scale=dpi / 72, may_draw_forms=False).to_pil()
    finally:
        document.close()
    buffer = io.BytesIO()
    seen.convert("RGB").quantize(16, method=Image.Quantize.MEDIANCUT).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


@lru_cache(maxsize=KEPT)
def words(code: str) -> tuple[str, ...]:
    """The words of a letter's sample as a reader of the PDF finds them, line by line."""
    document = pypdfium2.PdfDocument(sample(code).pdf)
    try:
        found = [page.get_textpage().get_text_range() for page in document]
    finally:
        document.close()
    return tuple(line.strip() for text in found for line in text.splitlines() if line.strip())
