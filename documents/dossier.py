"""A claim's dossier (案卷) bound page by page: contents, then every part, the number of each page of the dossier at its foot.

What is bound lies in the parts: pages of finished PDFs, pictures of papers, and leaves of our own (worksheet, what cannot be shown).
Nothing here reads the clock, so the same parts give the same bytes.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pikepdf
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from PIL import Image

from documents.errors import DocumentError
from documents.render import leaves

WIDTH, HEIGHT = 595.276, 841.89             # points: A4
_LEFT, _TOP, _BOTTOM = 42.0, 62.0, 48.0     # points kept free round a picture
_WIDE, _TALL, _QUALITY = 1240, 1754, 72     # pixels: 150 to the inch
_HERE = Path(__file__).parent / "layout"


@dataclass(frozen=True, slots=True)
class Picture:
    """One page of a paper: its picture is fetched when its turn comes. None: it cannot be shown, `why` says so."""

    fetch: Callable[[], bytes] | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table on a leaf of our own."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """One entry of the contents. Exactly one of `pdf` (fetched when its turn comes), `pictures`, `leaf` is given."""

    group: str
    title: str
    note: str = ""
    pdf: Callable[[], bytes] | None = None
    pictures: tuple[Picture, ...] = ()
    leaf: tuple[Table, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the contents: `first` page of the dossier, from 1."""

    group: str
    title: str
    note: str
    first: int
    pages: int


@dataclass(frozen=True, slots=True)
class Bound:
    """The dossier and its contents."""

    pdf: bytes
    pages: int
    entries: tuple[Entry, ...]


def bind(heading: str, facts: Sequence[tuple[str, str]], pieces: Sequence[Piece], *, mark: str = "") -> Bound:
    """Bind the pieces in their order. `mark` (未结案 在办) stands on each page of a dossier that is not closed.

    One page's picture is held at a time; the pages themselves grow on disk until they are written.
    """
    with tempfile.TemporaryDirectory() as folder, pikepdf.new() as out:
        counts = [_add(out, piece) for piece in pieces]
        entries, front = _contents(heading, facts, pieces, counts, mark)
        with pikepdf.open(io.BytesIO(front)) as contents:
            for place, leaf in enumerate(contents.pages):
                out.pages.insert(place, leaf)
        _stamp(out, pieces, entries, mark)
        with out.open_outline() as outline:
            _bookmarks(outline, entries)
        out.docinfo["/Title"] = heading
        out.Root.Lang = pikepdf.String("zh-CN")
        out.Root.PageMode = pikepdf.Name.UseOutlines
        path = Path(folder) / "dossier.pdf"
        out.save(path, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)
        return Bound(path.read_bytes(), len(out.pages), entries)


def _add(out: pikepdf.Pdf, piece: Piece) -> int:
    """The piece's pages at the end of the dossier; how many there are."""
    before = len(out.pages)
    if piece.pdf is not None:
        with pikepdf.open(io.BytesIO(piece.pdf())) as one:
            one.flatten_annotations("print")        # a signature means nothing in a file of many; its picture stays
            out.pages.extend(one.pages)
    elif piece.leaf:
        with pikepdf.open(io.BytesIO(_set("dossier_leaf.html", title=piece.title, tables=piece.leaf))) as one:
            out.pages.extend(one.pages)
    for picture in piece.pictures:
        if picture.fetch is None:
            with pikepdf.open(io.BytesIO(_set("dossier_leaf.html", title=picture.why, tables=()))) as one:
                out.pages.extend(one.pages)
        else:
            _picture(out, picture.fetch())
    return len(out.pages) - before


def _picture(out: pikepdf.Pdf, content: bytes) -> None:
    """A page with a picture in the middle of what the head and foot leave free."""
    with Image.open(io.BytesIO(content)) as opened:
        shown = opened.convert("RGB")
    shown.thumbnail((_WIDE, _TALL), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    shown.save(buffer, "JPEG", quality=_QUALITY, optimize=True)
    picture = pikepdf.Stream(out, buffer.getvalue(), Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Image, Width=shown.width,
                             Height=shown.height, ColorSpace=pikepdf.Name.DeviceRGB, BitsPerComponent=8, Filter=pikepdf.Name.DCTDecode)
    room = (WIDTH - 2 * _LEFT, HEIGHT - _TOP - _BOTTOM)
    scale = min(room[0] / shown.width, room[1] / shown.height)
    wide, high = shown.width * scale, shown.height * scale
    left, low = (WIDTH - wide) / 2, HEIGHT - _TOP - high
    drawn = pikepdf.Stream(out, f"q {wide:.3f} 0 0 {high:.3f} {left:.3f} {low:.3f} cm /Im Do Q".encode())
    out.pages.append(pikepdf.Page(pikepdf.Dictionary(
        Type=pikepdf.Name.Page, MediaBox=pikepdf.Array([0, 0, WIDTH, HEIGHT]), Contents=out.make_indirect(drawn),
        Resources=pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im=out.make_indirect(picture))))))


def _contents(heading: str, facts: Sequence[tuple[str, str]], pieces: Sequence[Piece], counts: Sequence[int],
              mark: str) -> tuple[tuple[Entry, ...], bytes]:
    """The contents' own pages move what they number: set again until they agree."""
    own = 1
    while True:
        entries, first = [], own + 1
        for piece, count in zip(pieces, counts, strict=True):
            entries.append(Entry(piece.group, piece.title, piece.note, first, count))
            first += count
        front = _set("dossier_contents.html", heading=heading, facts=facts, entries=entries, mark=mark, total=first - 1)
        with pikepdf.open(io.BytesIO(front)) as found:
            if len(found.pages) <= own:
                return tuple(entries), front
            own = len(found.pages)


def _stamp(out: pikepdf.Pdf, pieces: Sequence[Piece], entries: Sequence[Entry], mark: str) -> None:
    """The page's number at its foot; a paper's name over its picture."""
    total = len(out.pages)
    heads = [""] * total
    for piece, entry in zip(pieces, entries, strict=True):
        for page in range(entry.pages if piece.pictures else 0):
            heads[entry.first - 1 + page] = f"{entry.title}　第{page + 1}页，共{entry.pages}页"
    with pikepdf.open(io.BytesIO(_set("dossier_stamp.html", heads=heads, total=total, mark=mark))) as stamps:
        if len(stamps.pages) != total:
            raise DocumentError("dossier_pages", "卷内页码没有排好")
        for leaf, stamp in zip(out.pages, stamps.pages, strict=True):
            leaf.add_overlay(stamp, pikepdf.Rectangle(0, 0, WIDTH, HEIGHT))


def _bookmarks(outline: pikepdf.Outline, entries: Iterable[Entry]) -> None:
    outline.root.append(pikepdf.OutlineItem("卷内目录", 0))
    above: dict[str, pikepdf.OutlineItem] = {}
    for entry in entries:
        if entry.group not in above:
            above[entry.group] = pikepdf.OutlineItem(entry.group, entry.first - 1)
            outline.root.append(above[entry.group])
        above[entry.group].children.append(pikepdf.OutlineItem(f"{entry.title} {entry.note}".strip(), entry.first - 1))


def _set(template: str, **values: object) -> bytes:
    """Pages of our own from a template."""
    html = _environment.get_template(template).render(**values)
    return leaves(html, "dossier.css")


_environment = Environment(loader=FileSystemLoader(_HERE), undefined=StrictUndefined, autoescape=True, trim_blocks=True,
                           lstrip_blocks=True)
