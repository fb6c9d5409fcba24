"""A feed's file as a stream of pieces: CSV as it is or within gzip, Parquet by batches. Never the whole of it at once."""

from __future__ import annotations

import gzip
import io
import os
import shutil
import zlib
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, Literal, Protocol, cast

import polars as pl
from polars.exceptions import ComputeError

from services.core.errors import InputError
from services.settlement.feed import columns
from services.settlement.feed.columns import USED

Format = Literal["csv", "csv.gz", "parquet"]
PIECE = 32 << 20            # bytes of text at a time
_BATCH = 131_072             # rows of Parquet at a time
_LONGEST = 1 << 20          # bytes of a line
GZIP, PARQUET, _BOM = b"\x1f\x8b", b"PAR1", b"\xef\xbb\xbf"


class Source(Protocol):
    """Something that holds a file's bytes: `Path` through `OnDisk`, or what was received (receive.Stored)."""

    @property
    def size(self) -> int:
        """Bytes."""

    def open(self) -> BinaryIO:
        """From the beginning."""


@dataclass(frozen=True, slots=True)
class OnDisk:
    """A file of this machine."""

    path: Path

    @property
    def size(self) -> int:
        """Bytes."""
        return self.path.stat().st_size

    def open(self) -> BinaryIO:
        """From the beginning."""
        return self.path.open("rb")


@dataclass(frozen=True, slots=True)
class Piece:
    """So many lines or rows. `first` is the number of the first (from 1), `done` the bytes of the file read by now."""

    number: int
    first: int
    headings: tuple[str, ...]
    content: bytes | pl.DataFrame
    done: int


def told(source: Source) -> Format:
    """The format that the first bytes tell; never the name. InputError when there are none."""
    with source.open() as file:
        start = file.read(4)
    if not start:
        raise InputError("file_empty", "文件是空的", remedy="请重新导出文件", field="source")
    return "parquet" if start == PARQUET else "csv.gz" if start.startswith(GZIP) else "csv"


def pieces(source: Source, fmt: Format) -> Generator[Piece]:
    """The file's pieces in order. InputError when it is empty, damaged, of another format, or lacks columns."""
    found = told(source)
    if found != fmt:
        raise InputError("feed_format", f"文件不是 {fmt}，内容是 {found}", remedy="写明实际的格式，或重新导出", field="fmt")
    yield from _parquet(source) if fmt == "parquet" else _csv(source, packed=fmt == "csv.gz")


def check_heading(source: Source, fmt: Format) -> None:
    """InputError as `pieces` would raise it before its first row."""
    with closing(pieces(source, fmt)) as found:
        next(found, None)


def _csv(source: Source, *, packed: bool) -> Iterator[Piece]:
    with source.open() as raw, _unpacked(raw, packed) as file:
        head = file.readline(_LONGEST)
        sample = file.read(PIECE)
        encoding = _encoding(head + sample)
        if not head.endswith(b"\n"):
            raise InputError("feed_lines", "文件没有数据行，或表头超长", remedy="第一行是表头，以下每条结算一行", field="source")
        headings = tuple(columns.named(_headings(head, encoding)))
        first = 1
        for number, content in enumerate(_whole_lines(file, sample)):
            text = content if encoding == "utf-8" else content.decode(encoding, "replace").encode()
            text = text.replace(b"\r\n", b"\n") if head.endswith(b"\r\n") else text
            yield Piece(number, first, headings, text, raw.tell())
            first += text.count(b"\n")


@contextmanager
def _unpacked(raw: BinaryIO, packed: bool) -> Iterator[IO[bytes]]:
    """The text within; what is wrong with the gzip is said of the file."""
    if not packed:
        yield raw
        return
    with gzip.GzipFile(fileobj=raw) as file:
        try:
            yield io.BufferedReader(cast(io.RawIOBase, file), 1 << 20)
        except (EOFError, zlib.error, gzip.BadGzipFile):
            raise InputError("feed_damaged", "压缩文件不完整或已损坏", remedy="请重新压缩或重新传送", field="source") from None


def _whole_lines(file: IO[bytes], held: bytes) -> Iterator[bytes]:
    """Pieces that end with a line's end; the last line gets one when it has none."""
    while held:
        more = file.read(PIECE) if len(held) >= PIECE or b"\n" not in held else b""
        cut = held.rfind(b"\n") + 1
        if not cut and not more:
            yield held + b"\n"
            return
        if len(held) - cut > _LONGEST and more:
            raise InputError("feed_lines", "有一行超过 1 MB", remedy="一条结算写一行，字段内不换行", field="source")
        if cut:
            yield held[:cut]
        held = held[cut:] + more


def _encoding(sample: bytes) -> str:
    """UTF-8, unless GB 18030 reads more of the file's beginning."""
    whole = sample[:sample.rfind(b"\n") + 1] or sample
    lost = {name: whole.decode(name, "replace").count("\ufffd") for name in ("utf-8", "gb18030")}
    return "gb18030" if lost["gb18030"] < lost["utf-8"] else "utf-8"


def _headings(head: bytes, encoding: str) -> Sequence[str]:
    line = head.removeprefix(_BOM).decode(encoding, "replace").rstrip("\r\n")
    return [heading.strip().strip('"') for heading in line.split(",")]


def _parquet(source: Source) -> Iterator[Piece]:
    with _seekable(source) as path:
        try:
            scan = pl.scan_parquet(path)
            schema = scan.collect_schema()
            names = dict(zip(schema.names(), columns.named(schema.names()), strict=True))
            texts = [_text(name, names[name], kind).alias(names[name]) for name, kind in schema.items() if names[name] in USED]
            first = 1
            for number, frame in enumerate(scan.select(texts).collect_batches(chunk_size=_BATCH, maintain_order=True)):
                yield Piece(number, first, tuple(frame.columns), frame, source.size)
                first += frame.height
        except ComputeError:
            raise InputError("feed_damaged", "Parquet 文件不完整或已损坏", remedy="请重新导出", field="source") from None


@contextmanager
def _seekable(source: Source) -> Iterator[Path]:
    """A place where Parquet's reader may jump about: the file itself, or its bytes in memory that no disk sees."""
    if isinstance(source, OnDisk):
        yield source.path
        return
    held = os.memfd_create("feed")
    try:
        with source.open() as file, os.fdopen(os.dup(held), "wb") as memory:
            shutil.copyfileobj(file, memory, 1 << 20)
        yield Path(f"/proc/self/fd/{held}")
    finally:
        os.close(held)


def _text(name: str, known: str, kind: pl.DataType) -> pl.Expr:
    """A typed column as CSV would write it. InputError for types that do not hold the value exactly."""
    value = pl.col(name)
    if isinstance(kind, pl.Datetime):
        local = value.dt.convert_time_zone("Asia/Shanghai") if kind.time_zone else value
        return local.dt.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(kind, pl.Boolean):
        return value.cast(pl.Int8).cast(pl.String)
    if kind.is_float():
        raise InputError("feed_types", f"列 {known} 是浮点数，金额和代码会失真", remedy="以 decimal(16,2)、整数或文本导出", field="source")
    if kind.is_decimal() or kind.is_integer() or isinstance(kind, pl.String | pl.Date | pl.Null | pl.Categorical | pl.Enum):
        return value.cast(pl.String)
    raise InputError("feed_types", f"列 {known} 的类型 {kind} 不能读取", remedy="以文本、decimal(16,2)、整数或日期导出", field="source")
