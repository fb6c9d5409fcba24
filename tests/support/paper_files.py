"""Pages as cameras, telephones and scanners make them; one call gives the same bytes as the last."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache
from typing import Any

import pikepdf
import pillow_heif
from PIL import Image, ImageDraw

GPS_IFD, ORIENTATION, MAKER = 0x8825, 0x0112, 0x010F


def page(width: int = 900, height: int = 1273, *, light: int = 246) -> Image.Image:
    """A sheet with lines of strokes, sharp as a scan is."""
    sheet = Image.new("L", (width, height), light)
    draw = ImageDraw.Draw(sheet)
    for top in range(60, height - 40, 40):
        for left in range(40, width - 60, 18):
            draw.line((left, top + left % 7, left + 9, top + 20 - left % 5), fill=light // 6, width=3)
    return sheet.convert("RGB")


def saved(picture: Image.Image, kind: str = "PNG", **more: object) -> bytes:
    """The bytes of a picture."""
    out = io.BytesIO()
    picture.save(out, kind, **more)
    return out.getvalue()


def photo(**more: object) -> bytes:
    """A JPEG as a camera makes it."""
    return saved(page(), "JPEG", quality=85, **more)


def located_photo(turn: int = 6) -> bytes:
    """A JPEG on its side, with the place where it was taken and the camera's name."""
    exif = Image.Exif()
    exif[ORIENTATION], exif[MAKER] = turn, "示例牌手机"
    exif[GPS_IFD] = {1: "N", 2: (38.0, 29.0, 0.0), 3: "E", 4: (106.0, 13.0, 0.0)}
    return photo(exif=exif)


@cache
def heic() -> bytes:
    """A HEIC as an iPhone makes it."""
    out = io.BytesIO()
    pillow_heif.from_pillow(page(600, 800)).save(out, quality=70)
    return out.getvalue()


@cache
def good_pdf(pages: int = 1) -> bytes:
    """A scanned PDF, one picture a page."""
    out = io.BytesIO()
    page().save(out, "PDF", resolution=200, save_all=True, append_images=[page(light=240)] * (pages - 1))
    return out.getvalue()


def changed_pdf(change: Callable[[pikepdf.Pdf], None], **more: Any) -> bytes:
    """A good PDF after a change."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(good_pdf())) as pdf:
        change(pdf)
        pdf.save(out, **more)
    return out.getvalue()


def small_pdf(words: str = "") -> bytes:
    """A PDF of one blank page, another one for other words; whole, for those who only want a paper."""
    note = "".join(f"{ord(sign):04X}" for sign in words)
    bodies = ["<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
              "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>", f"<< /Title <FEFF{note}> >>"]
    out, places = "%PDF-1.4\n", []
    for number, body in enumerate(bodies, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    return (f"{out}xref\n0 5\n0000000000 65535 f \n{table}trailer\n<< /Size 5 /Root 1 0 R /Info 4 0 R >>\n"
            f"startxref\n{len(out)}\n%%EOF\n").encode()
