"""Pages as pictures for viewing: drawn anew, upright, without anything the camera wrote beside them. Confined process only."""

from __future__ import annotations

import io
from dataclasses import dataclass

from PIL import Image, ImageOps

from services.storage.inspect import open_picture
from services.storage.inspect_pdf import SIDE
from services.storage.kinds import PDF
from services.storage.pdfium import leaf
from services.storage.straight import straightened, tilt

WIDTH, THUMB = 1600, 240            # pixels; a scan of 900 stays as it is
_TALLEST = 6400                     # of a strip of a page, which would else be drawn without bound
_DPI = 200 / 72
_QUALITY, _EFFORT = 80, 1           # letters stay sharp; a page takes 60 ms to write
_TURNED = {3: 180, 4: 180, 5: 90, 6: 90, 7: 270, 8: 270}
_ORIENTATION = 0x0112

VIEW_MIME = "image/webp"


@dataclass(frozen=True, slots=True)
class Page:
    """One page drawn: WEBP bytes of the view and the thumbnail, its size; quarter turns and straightening in degrees clockwise."""

    number: int
    width: int
    height: int
    rotation: int
    tilt: float
    view: bytes
    thumb: bytes


def draw(content: bytes, mime: str, number: int) -> Page:
    """Page `number` (from 1). Raises what the reader raises when it cannot be drawn."""
    picture, rotation, taken = _of_pdf(content, number) if mime == PDF else _of_picture(content, mime)
    view = _shrunk(picture, WIDTH)
    degrees = tilt(view) if taken else 0.0
    view = straightened(view, degrees)
    return Page(number, view.width, view.height, rotation, degrees, _webp(view), _webp(_shrunk(view, THUMB)))


def _of_pdf(content: bytes, number: int) -> tuple[Image.Image, int, bool]:
    """The page, its rotation, and whether it is a scan: what was written into a PDF stands as straight as it was meant to."""
    with leaf(content, number) as page:
        width, height = (min(side, SIDE) for side in page.size)
        return page.drawn(min(_DPI, WIDTH / max(width, 1), _TALLEST / max(height, 1))), page.rotation, page.photograph() is not None


def _of_picture(content: bytes, mime: str) -> tuple[Image.Image, int, bool]:
    with open_picture(content, mime) as picture:
        rotation = _TURNED.get(picture.getexif().get(_ORIENTATION, 1), 0)
        picture.draft("RGB", (WIDTH * 2, WIDTH * 2))       # a JPEG unpacks at half or a quarter when that is enough
        upright = ImageOps.exif_transpose(picture)
        if upright.mode in ("RGBA", "LA", "PA", "P"):
            paper = Image.new("RGBA", upright.size, "white")
            upright = Image.alpha_composite(paper, upright.convert("RGBA"))
        return upright.convert("L" if upright.mode in ("1", "L", "I", "I;16") else "RGB"), rotation, True


def _shrunk(picture: Image.Image, width: int) -> Image.Image:
    scale = min(1.0, width / picture.width, width * 4 / picture.height)
    if scale >= 1:
        return picture
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def _webp(picture: Image.Image) -> bytes:
    """Nothing but pixels: a new picture carries no metadata."""
    bare = Image.new("RGB", picture.size)
    bare.paste(picture)
    buffer = io.BytesIO()
    bare.save(buffer, "WEBP", quality=_QUALITY, method=_EFFORT)
    return buffer.getvalue()
