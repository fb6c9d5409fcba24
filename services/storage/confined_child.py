"""The confined process: reads a job from its input, answers on its output. Little memory, no files, no time to lose.

A frame is a line of JSON with the sizes of the blobs that follow it. Whatever is not foreseen ends the process; the other
side takes that for the file's fault and starts another.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from typing import BinaryIO, cast

import zxingcpp
from PIL import Image

from services.core.errors import InputError
from services.storage import inspect, inspect_pdf, viewing
from services.storage.kinds import PDF
from services.storage.pdfium import leaf

MEMORY = 1536 << 20         # of addresses: a picture of 80 million pixels, its turned copy, and the libraries
CPU = 30                    # seconds for one job
_CODE_SIDE = 1700           # a scanned page drawn wide enough for the bars of a cover sheet


def confine() -> None:
    """Bounds that hold for the whole process; the ends of its pipes stay open."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))
    os.nice(10)


def _more_time() -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + CPU, hard))


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
            page = viewing.draw(self.content, mime, number)
            return {"width": page.width, "height": page.height, "rotation": page.rotation}, [page.view, page.thumb]
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


def serve(source: BinaryIO, sink: BinaryIO) -> None:
    """Jobs until the other side closes."""
    room = Room()
    while line := source.readline():
        job = json.loads(line)
        _more_time()
        answer, blobs = room.do(job, source.read(int(job.get("size", 0))))
        sink.write(json.dumps({**answer, "sizes": [len(blob) for blob in blobs]}).encode() + b"\n")
        for blob in blobs:
            sink.write(blob)
        sink.flush()


if __name__ == "__main__":
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)           # what a library prints is no answer
    confine()
    serve(sys.stdin.buffer, output)
