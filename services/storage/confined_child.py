"""The confined process in which strangers' files are opened (confined.py). Little memory, no files, no time to lose."""

from __future__ import annotations

from typing import cast

import zxingcpp
from PIL import Image

from services.core.errors import InputError
from services.storage import inspect, inspect_pdf, pdf_text, viewing
from services.storage.child import confine, run
from services.storage.kinds import PDF
from services.storage.pdfium import leaf

MEMORY = 1536 << 20         # of addresses: a picture of 80 million pixels, its turned copy, and the libraries
_CODE_SIDE = 1700           # a scanned page drawn wide enough for the bars of a cover sheet


class Room:
    """One file at a time lies on the table; jobs are done on it."""

    def __init__(self) -> None:
        self.content = b""

    def do(self, job: dict[str, object], blob: bytes) -> tuple[dict[str, object], list[bytes]]:
        """The answer to a job. InputError and the readers' own errors are answers too."""
        what, mime, number = str(job["do"]), str(job.get("mime", "")), int(str(job.get("number", 1)))
        if what == "lay":
            self.content = blob
            return {}, []
        try:
            if what == "inspect":
                kind, pages, measure = inspect.inspect(self.content)
                return {"mime": kind, "pages": pages, "measure": measure.as_words()}, []
            if what == "extract":
                return {}, [inspect_pdf.extract(self.content, cast("list[int]", job["pages"]))]
            if what == "codes":
                return {"codes": _codes(self.content, mime, number)}, []
            if what == "text":
                return {"glyphs": pdf_text.glyphs(self.content, number)}, []
            page = viewing.draw(self.content, mime, number)
            return {"width": page.width, "height": page.height, "rotation": page.rotation, "tilt": page.tilt}, [page.view, page.thumb]
        except InputError as error:
            return {"code": error.code, "message": error.message, "remedy": error.remedy}, []
        except MemoryError:
            return {"code": "file_bloated", "message": "文件展开后过大", "remedy": "请重新扫描或拍照后上传"}, []
        except inspect.DAMAGES:
            return {"code": "file_damaged", "message": "文件已损坏，无法显示", "remedy": "请重新扫描或拍照后上传"}, []


def _codes(content: bytes, mime: str, number: int) -> list[str]:
    if mime != PDF:
        with inspect.open_picture(content, mime) as picture:
            return _read(picture.convert("L"))
    with leaf(content, number) as page:
        return _read(page.drawn(_CODE_SIDE / max(*page.size, 1), grey=True))


def _read(grey: Image.Image) -> list[str]:
    formats = zxingcpp.BarcodeFormat.Code128 | zxingcpp.BarcodeFormat.DataMatrix
    return [found.text for found in zxingcpp.read_barcodes(grey, formats=formats)]


if __name__ == "__main__":
    confine(MEMORY)
    run(Room())
