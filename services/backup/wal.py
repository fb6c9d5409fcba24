"""Segments of the write-ahead log in the place: compressed, each under a signed line that says which it is and what it holds.

A damaged or missing segment would end a recovery early without a word; so they are proved and counted before one begins.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from services.backup.place import Place
from services.backup.signing import proved, signed
from services.core.errors import Conflict, InputError

FOLDER = "wal"
PARTIAL = ".partial"
SEGMENT = re.compile(r"^[0-9A-F]{24}$")
HISTORY = re.compile(r"^[0-9A-F]{8}\.history$")
_SPAN = 1 << 32             # bytes of the log that share the middle eight digits of a segment's name


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment in the place; `partial` while it is still written."""

    name: str
    partial: bool

    @property
    def path(self) -> str:
        """Its name in the place."""
        return f"{FOLDER}/{self.name}{PARTIAL if self.partial else ''}"


def number(name: str, size: int) -> int:
    """Where a segment stands in the log, whichever timeline; `size` in bytes."""
    return int(name[8:16], 16) * (_SPAN // size) + int(name[16:24], 16)


def segment_at(lsn: str, timeline: int, size: int) -> str:
    """The segment that holds a position ("0/3000028")."""
    high, _, low = lsn.partition("/")
    return f"{timeline:08X}{int(high, 16):08X}{int(low, 16) // size:08X}"


def pack(name: str, content: bytes, key: Ed25519PrivateKey) -> bytes:
    """A signed line, then the gzipped bytes (`tail -n +2 | gunzip` gives them back)."""
    head = {"segment": name, "sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    return signed(head, key) + b"\n" + gzip.compress(content, 1, mtime=0)


def unpack(name: str, packed: bytes, key: Ed25519PublicKey) -> bytes:
    """The bytes again. InputError when they are not what was put there under this name."""
    line, _, rest = packed.partition(b"\n")
    head = proved(line, key, name=name)
    try:
        content = gzip.decompress(rest)
    except (OSError, EOFError, ValueError):
        content = b""
    if head.get("segment") != name or head.get("sha256") != hashlib.sha256(content).hexdigest():
        raise InputError("wal_damaged", f"备份里的日志段 {name} 已损坏", remedy=f"只能恢复到这一段之前；或换用 {name} 之后的一份备份")
    return content


def ship(place: Place, file: Path, key: Ed25519PrivateKey) -> None:
    """Put a whole segment or a timeline's history. Conflict when another server put other bytes there under its name."""
    name, content = file.name, file.read_bytes()
    path = f"{FOLDER}/{name}"
    if not place.create(path, pack(name, content, key)) and unpack(name, place.read(path), key.public_key()) != content:
        raise Conflict("wal_other", f"备份处已有内容不同的日志段 {name}：另一台数据库也在往这里备份",
                       remedy="停下其中一台，或给它另指一个 HUZHU_BACKUP_PLACE")
    if SEGMENT.match(name):
        place.drop([path + PARTIAL])


def ship_partial(place: Place, name: str, content: bytes, key: Ed25519PrivateKey) -> None:
    """Put the segment that is still written, in place of its shorter self."""
    place.put(f"{FOLDER}/{name}{PARTIAL}", pack(name, content, key))


def listed(place: Place) -> tuple[list[Segment], list[str]]:
    """Segments in order (a whole one before its partial self) and histories."""
    segments, histories = list[Segment](), list[str]()
    for item in place.items(FOLDER):
        name = item.name.rpartition("/")[2]
        if SEGMENT.match(name.removesuffix(PARTIAL)):
            segments.append(Segment(name.removesuffix(PARTIAL), name.endswith(PARTIAL)))
        elif HISTORY.match(name):
            histories.append(name)
    whole = {one.name for one in segments if not one.partial}
    return sorted((one for one in segments if not (one.partial and one.name in whole)), key=lambda one: one.name), sorted(histories)


def unbroken(segments: Iterable[Segment], first: str, size: int, last: str = "") -> tuple[list[Segment], str]:
    """Segments from `first` on as far as none is missing, and the first missing one after which others follow ("" when none is).

    `last`: one that must be there, if it comes after `first`; else a log whose end was taken away would look whole.
    """
    numbers: dict[int, list[Segment]] = {}
    for one in segments:
        if one.name[:8] >= first[:8] and number(one.name, size) >= number(first, size):
            numbers.setdefault(number(one.name, size), []).append(one)
    found, at = list[Segment](), number(first, size)
    while at in numbers:
        found += numbers.pop(at)
        at += 1
    if not numbers and (not last or at > number(last, size)):
        return found, ""
    per = _SPAN // size
    return found, f"{(found[-1].name if found else first)[:8]}{at // per:08X}{at % per:08X}"
