"""PDFium's pages as Pillow's pictures. Confined process only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pypdfium2
from PIL import Image

PdfiumError: type[Exception] = pypdfium2.PdfiumError


class Leaf:
    """One page. `size` in points, as it is shown (turned by the page's own rotation, `rotation` degrees)."""

    def __init__(self, page: pypdfium2.PdfPage) -> None:
        self._page = page
        self.size: tuple[float, float] = page.get_size()
        self.rotation = int(page.get_rotation())

    def drawn(self, scale: float, *, grey: bool = False) -> Image.Image:
        """`scale` pixels for a point."""
        picture: Image.Image = self._page.render(scale=scale, grayscale=grey).to_pil()
        return picture

    @property
    def handle(self) -> object:
        """The page for PDFium's own functions."""
        return self._page.raw

    def text(self) -> pypdfium2.PdfTextPage:
        """Its text; closed when nobody holds it any more."""
        return self._page.get_textpage()

    def photograph(self) -> int | None:
        """The shorter side in pixels of the largest picture on a page without text; none when the page is drawn or written."""
        raw = pypdfium2.raw
        sides = [min(thing.get_px_size()) for thing in self._page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=2)
                 if isinstance(thing, pypdfium2.PdfImage)]
        text = next(iter(self._page.get_objects(filter=[raw.FPDF_PAGEOBJ_TEXT], max_depth=2)), None)
        return int(max(sides)) if sides and text is None else None


@contextmanager
def leaf(content: bytes, number: int) -> Iterator[Leaf]:
    """Page `number`, from 1. PdfiumError or IndexError when there is none."""
    document = pypdfium2.PdfDocument(content)
    try:
        yield Leaf(document[number - 1])
    finally:
        document.close()
