"""Whether a place holds what it says: every file by its digest and signature, the log without a gap; and which instants can be had."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from services.backup import base, papers, status, wal
from services.backup.base import Base
from services.backup.place import Place
from services.core.errors import HuzhuError

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Fault:
    """A file in the place and what is wrong with it."""

    name: str
    what: str


@dataclass(frozen=True, slots=True)
class Span:
    """From `since` on any instant can be had: until `until`, or (None) as far as the log goes; `missing`: the segment that ends it.

    Where no stream ever ran, each base backup gives its own end and no other instant.
    """

    since: datetime
    until: datetime | None
    missing: str


def spans(place: Place, key: Ed25519PublicKey) -> tuple[list[Base], list[Span]]:
    """Base backups, and the spans of time that can be restored: one, unless the log has gaps."""
    base.owner(place)
    found = base.bases(place, key)
    known = status.read(place, key)
    if known is None:
        return found, [Span(one.ended_at, one.ended_at, "") for one in found]
    segments, _ = wal.listed(place)
    result: list[Span] = []
    for one in found:
        _, missing = wal.unbroken(segments, one.first_segment, one.segment_size, known.segment)
        if result and result[-1].missing == missing:
            continue            # the log runs on from the one before
        result.append(Span(one.ended_at, None if missing else max(known.rows_until, one.ended_at), missing))
    return found, result


def faults(place: Place, key: Ed25519PublicKey, *, bytes_too: bool, tell: Tell = lambda _: None) -> list[Fault]:
    """Everything that is missing or not what was put there; papers byte by byte only when asked, since that reads them all."""
    base.owner(place)
    found = base.bases(place, key)
    result = [Fault(f"{base.FOLDER}/{one.id}/{name}", "缺失或已损坏") for one in found for name in base.damaged_files(place, one)]
    result += [Fault(f"{base.FOLDER}/{stamp}/{base.MANIFEST}", "签名不符：已被改动，或不是本单位所做")
               for stamp in base.touched(place, key)]
    try:
        known = status.read(place, key)
    except HuzhuError as error:
        known, result = None, [*result, Fault(status.NAME, error.message)]
    result += _log(place, found, key, known.segment if known else "", tell)
    result += _papers(place, found, bytes_too, tell)
    return result


def _log(place: Place, found: list[Base], key: Ed25519PublicKey, last: str, tell: Tell) -> list[Fault]:
    segments, histories = wal.listed(place)
    result = []
    for done, path in enumerate([one.path for one in segments] + [f"{wal.FOLDER}/{name}" for name in histories], 1):
        tell(f"核验日志：{done}/{len(segments) + len(histories)}")
        try:
            wal.unpack(path.rpartition("/")[2].removesuffix(wal.PARTIAL), place.read(path), key)
        except HuzhuError as error:
            result.append(Fault(path, error.message))
    missing = {wal.unbroken(segments, one.first_segment, one.segment_size, last)[1] for one in found} - {""}
    return result + [Fault(f"{wal.FOLDER}/{name}", "缺失：其后的日志要从下一份全量备份起才用得上") for name in sorted(missing)]


def _papers(place: Place, found: list[Base], read: bool, tell: Tell) -> list[Fault]:
    try:
        wanted = set().union(*(base.paper_list(place, one) for one in found))
    except HuzhuError as error:
        return [Fault(base.PAPERS, error.message)]
    there = {item.name.removeprefix(f"{papers.FOLDER}/") for item in place.items(papers.FOLDER)}
    result = [Fault(f"{papers.FOLDER}/{name}", "缺失") for name in sorted(wanted - there) if papers.lasting(name)]
    for done, name in enumerate(sorted(there) if read else (), 1):
        if papers.lasting(name) and not papers.sound(name, place.read(f"{papers.FOLDER}/{name}")):
            result.append(Fault(f"{papers.FOLDER}/{name}", "已损坏"))
        if done % 500 == 0:
            tell(f"核验材料：{done}/{len(there)}")
    return result
