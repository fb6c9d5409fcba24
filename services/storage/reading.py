"""What callers ask of a file: is it safe to keep, how do its pages look, which codes are on them. Done in the confined process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

from services.core.errors import InputError
from services.storage import clamav
from services.storage.confined import Confined, Died, table
from services.storage.kinds import PDF
from services.storage.names import clean_name
from services.storage.quality import ADVICE, Measure, too_small, warnings_of

__all__ = ["ADVICE", "Drawn", "Glyph", "Received", "Unshown", "clean_name", "codes", "draw", "extract", "glyphs", "page_count",
           "received", "warnings_of"]
Glyph = tuple[str, float, float, float, float]
_DEATHS = 3                 # pages that may kill the process before the rest is given up


@dataclass(frozen=True, slots=True)
class Received:
    """An upload found safe: its true type, the name to keep, pages, and how the first page looks."""

    mime: str
    name: str
    pages: int
    measure: Measure


@dataclass(frozen=True, slots=True)
class Drawn:
    """A page as WEBP, with its thumbnail; `rotation` (quarter turns) and `tilt` (straightening) in degrees clockwise."""

    number: int
    width: int
    height: int
    rotation: int
    tilt: float
    view: bytes
    thumb: bytes


@dataclass(frozen=True, slots=True)
class Unshown:
    """A page that could not be drawn; `code` of the refusal."""

    number: int
    code: str


def received(content: bytes, name: str) -> Received:
    """Look into an upload. InputError with field `content`: hostile, damaged, too small to read; OutsideError: no scanner."""
    try:
        with table(content) as room:
            answer, _ = room.ask({"do": "inspect"})
    except Died:
        raise InputError("file_bloated", "文件太大或太复杂，打不开", remedy="请重新扫描或拍照，分成几份上传", field="content") from None
    _raise(answer)
    clamav.scan(content)
    measure = Measure(**cast("dict[str, Any]", answer["measure"]))
    if too_small(measure):
        raise InputError("picture_too_small", f"图片太小（短边只有 {measure.side} 像素），字认不出来", field="content",
                         remedy=ADVICE["picture_small"][1])
    return Received(str(answer["mime"]), clean_name(name), int(str(answer["pages"])), measure)


def _raise(answer: dict[str, object]) -> None:
    if "code" in answer:
        raise InputError(str(answer["code"]), str(answer["message"]), remedy=str(answer["remedy"]), field="content")


def draw(content: bytes, mime: str, pages: Sequence[int]) -> Iterator[Drawn | Unshown]:
    """The pages asked for, one by one. A page that fails is an Unshown, never an exception."""
    for number, answer, blobs in _page_by_page(content, {"do": "draw", "mime": mime}, pages):
        if "code" in answer:
            yield Unshown(number, str(answer["code"]))
        else:
            width, height, rotation = (int(str(answer[key])) for key in ("width", "height", "rotation"))
            yield Drawn(number, width, height, rotation, cast("float", answer["tilt"]), *blobs)


def codes(content: bytes, mime: str, pages: Sequence[int]) -> dict[int, list[str]]:
    """Texts of the barcodes on each page; none for a page that cannot be drawn."""
    return {number: cast("list[str]", answer.get("codes", []))
            for number, answer, _ in _page_by_page(content, {"do": "codes", "mime": mime}, pages)}


def glyphs(content: bytes, pages: Sequence[int]) -> dict[int, list[Glyph]]:
    """The signs of a PDF's own text on each page (`pdf_text.glyphs`); none for a page without, or that cannot be opened."""
    return {number: [(sign, left, top, right, bottom) for sign, left, top, right, bottom in cast("list[Glyph]", answer.get("glyphs", []))]
            for number, answer, _ in _page_by_page(content, {"do": "text"}, pages)}


def extract(content: bytes, pages: Sequence[int]) -> bytes:
    """A PDF of these pages alone; the same pages give the same bytes. InputError when it cannot be taken apart."""
    try:
        with table(content) as room:
            answer, blobs = room.ask({"do": "extract", "pages": list(pages)})
    except Died:
        raise InputError("file_bloated", "文件太大或太复杂，拆不开", remedy="分成几份扫描", field="content") from None
    _raise(answer)
    return blobs[0]


def _page_by_page(content: bytes, job: dict[str, object],
                  pages: Sequence[int]) -> Iterator[tuple[int, dict[str, object], list[bytes]]]:
    deaths, left = 0, list(pages)
    while left:
        try:
            with table(content) as room:
                while left:
                    answer, blobs = _one(room, job, left[0])
                    yield left.pop(0), answer, blobs
        except Died:
            deaths += 1
            lost = [left.pop(0)] if deaths < _DEATHS else list(left)
            left = left if deaths < _DEATHS else []
            for number in lost:
                yield number, {"code": "page_heavy"}, []


def _one(room: Confined, job: dict[str, object], number: int) -> tuple[dict[str, object], list[bytes]]:
    return room.ask({**job, "number": number})


def page_count(content: bytes, mime: str) -> int:
    """How many pages an accepted file has; 0 when it cannot be opened any more."""
    if mime != PDF:
        return 1
    try:
        with table(content) as room:
            answer, _ = room.ask({"do": "inspect"})
    except Died:
        return 0
    return int(str(answer.get("pages", 0)))
