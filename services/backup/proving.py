"""A base backup against PostgreSQL's own manifest: every file there, of its size and SHA-256, none beside, and the log that it needs.

It is what pg_verifybackup does; the wheel that carries the embedded server carries a pg_verifybackup that ends with a fault.
"""

from __future__ import annotations

import hashlib
import json
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from services.backup import server
from services.core.errors import InputError

MANIFEST, BASE, LOG = "backup_manifest", "base.tar.gz", "pg_wal.tar.gz"
_PIECE = 1 << 20
# Not under the manifest's rule, as PostgreSQL has it: what a restore writes, and the log, which its own check reads.
_OPEN = {MANIFEST, "postgresql.auto.conf", "recovery.signal", "standby.signal"}
_LOG_FOLDER = "pg_wal/"


@dataclass(frozen=True, slots=True)
class Range:
    """The log that makes the copy whole: timeline, from and up to which position ("0/2000028")."""

    timeline: int
    start: str
    end: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """PostgreSQL's list: bytes and SHA-256 of each file by its name, and the log that belongs to it."""

    files: dict[str, tuple[int, str]]
    ranges: list[Range]


def manifest(content: bytes) -> Manifest:
    """The list from its bytes, proved by its own checksum. InputError when it was touched."""
    try:
        told = json.loads(content)
        before = content[:content.rindex(b'"Manifest-Checksum"')]
        if hashlib.sha256(before).hexdigest() != told["Manifest-Checksum"]:
            raise ValueError("checksum")
        files = {_name(one): (int(one["Size"]), str(one["Checksum"])) for one in told["Files"]}
        ranges = [Range(int(one["Timeline"]), str(one["Start-LSN"]), str(one["End-LSN"])) for one in told["WAL-Ranges"]]
    except (ValueError, KeyError, TypeError):
        raise _damaged(MANIFEST) from None
    return Manifest(files, ranges)


def _name(one: dict[str, str]) -> str:
    return bytes.fromhex(one["Encoded-Path"]).decode("utf-8", "surrogateescape") if "Encoded-Path" in one else one["Path"]


def prove_archives(folder: Path, scratch: Path) -> Manifest:
    """As pg_basebackup left it: tars in a folder. The log is laid out in `scratch` to be read."""
    listed = manifest((folder / MANIFEST).read_bytes())
    _prove(listed, _of_tar(folder / BASE))
    with tarfile.open(folder / LOG) as tar:
        tar.extractall(scratch, filter="data")
    prove_log(listed, scratch)
    return listed


def prove_folder(data: Path) -> Manifest:
    """Laid out as a data directory."""
    listed = manifest((data / MANIFEST).read_bytes())
    _prove(listed, _of_folder(data))
    prove_log(listed, data / _LOG_FOLDER)
    return listed


def prove_log(listed: Manifest, folder: Path) -> None:
    """Every record of the log between the copy's begin and end reads well."""
    for one in listed.ranges:
        server.run("pg_waldump", "--quiet", "--path", folder, "--timeline", str(one.timeline), "--start", one.start, "--end", one.end)


def _prove(listed: Manifest, found: Iterable[tuple[str, int, str]]) -> None:
    missing = dict(listed.files)
    for name, size, digest in found:
        if name in _OPEN or name.startswith(_LOG_FOLDER):
            missing.pop(name, None)
        elif missing.pop(name, None) != (size, digest):
            raise _damaged(name)
    left = [name for name in missing if name not in _OPEN and not name.startswith(_LOG_FOLDER)]
    if left:
        raise _damaged(min(left))


def _damaged(name: str) -> InputError:
    return InputError("backup_damaged", f"数据库的副本与 PostgreSQL 自己的清单不符：{name}", remedy="再做一份全量备份；恢复时换用另一份",
                      field="PLACE")


def _of_tar(archive: Path) -> Iterator[tuple[str, int, str]]:
    with tarfile.open(archive, "r|gz") as tar:
        for entry in tar:
            if entry.isfile():
                yield entry.name.removeprefix("./"), *_hashed(cast(BinaryIO, tar.extractfile(entry)))


def _of_folder(data: Path) -> Iterator[tuple[str, int, str]]:
    for path in data.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                yield path.relative_to(data).as_posix(), *_hashed(file)


def _hashed(file: BinaryIO) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    while piece := file.read(_PIECE):
        digest.update(piece)
        size += len(piece)
    return size, digest.hexdigest()
