"""A feed's file in the store: sealed piece by piece, because it names everybody. Read again as a stream; no disk sees it in the clear."""

from __future__ import annotations

import hashlib
import io
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, cast

from services.core.crypto import key_ring
from services.core.errors import InputError, OutsideError
from services.storage import service as storage

PIECE = 8 << 20             # bytes sealed and stored at a time
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Stored:
    """A received file: a source that staging reads."""

    upload: uuid.UUID
    size: int
    sha256: str

    def open(self) -> BinaryIO:
        """From the beginning. OutsideError `object_damaged` at the end when the bytes are not those that were received."""
        return cast(BinaryIO, io.BufferedReader(_Unsealed(self), 1 << 20))


def keep(file: BinaryIO, *, size: int, progress: Progress) -> Stored:
    """Read a file to its end into the store; at most one piece of it is in memory. What was stored goes again when reading fails."""
    stored, whole, done = uuid.uuid4(), hashlib.sha256(), 0
    try:
        while piece := file.read(PIECE):
            whole.update(piece)
            storage.put_part(stored, done, key_ring().seal_bytes(piece, field=_field(stored, done)))
            done += len(piece)
            progress("接收", done, max(size, done))
        if not done:
            raise InputError("file_empty", "文件是空的", remedy="请重新导出文件", field="source")
    except BaseException:
        storage.drop_parts(stored)
        raise
    return Stored(stored, done, whole.hexdigest())


def _field(upload: uuid.UUID, offset: int) -> str:
    """Binds a piece to its file and place."""
    return f"feed_file.content/{upload}/{offset}"


class _Unsealed(io.RawIOBase):
    """The pieces in their order, one of them open at a time."""

    def __init__(self, stored: Stored) -> None:
        self._stored, self._whole = stored, hashlib.sha256()
        self._at, self._held = 0, memoryview(b"")

    def readable(self) -> bool:
        """Always."""
        return True

    def tell(self) -> int:
        """Bytes given so far."""
        return self._at - len(self._held)

    def readinto(self, into: object) -> int:
        """As much as fits of the piece at hand."""
        target = memoryview(cast(bytearray, into))
        if not self._held:
            self._held = memoryview(self._next())
        count = min(len(target), len(self._held))
        target[:count] = self._held[:count]
        self._held = self._held[count:]
        return count

    def _next(self) -> bytes:
        if self._at == self._stored.size:
            if self._whole.hexdigest() != self._stored.sha256:
                raise OutsideError("object_damaged", "收下的文件与其校验值不符", remedy="停止使用该文件，请重新传送，并核对审计记录")
            return b""
        piece = key_ring().open_bytes(storage.get_part(self._stored.upload, self._at), field=_field(self._stored.upload, self._at))
        self._whole.update(piece)
        self._at += len(piece)
        return piece
