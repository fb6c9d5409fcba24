"""Put and get bytes by their SHA-256. The path is the hash, so a file is written once and never overwritten.

Parts of a file that is still coming lie apart, under the name of their upload; they are no papers yet.
"""

from __future__ import annotations

import hashlib
import re
import uuid

from obstore.exceptions import AlreadyExistsError

from services.core.errors import InputError, NotFound, OutsideError
from services.core.settings import settings
from services.storage.backend import answering, settle, store
from services.storage.kinds import PAPER_KINDS, PDF, XLSX, true_kind

__all__ = ["PAPER_KINDS", "PDF", "XLSX", "check_length", "check_size", "drop_parts", "fault_of", "get", "get_part", "has", "joined",
           "kind_of", "part_offsets", "put", "put_part", "remove"]
_HASH = re.compile(r"[0-9a-f]{64}")


def _path(sha256: str) -> str:
    if not _HASH.fullmatch(sha256):
        raise NotFound("object_missing", "没有这一文件", remedy="核对编号")
    return f"{sha256[:2]}/{sha256[2:4]}/{sha256}"


def check_size(content: bytes) -> None:
    """InputError when empty or above the limit."""
    check_length(len(content))


def check_length(size: int) -> None:
    """The same of a file that is not here yet."""
    limit = settings().upload_limit_mb
    if size <= 0:
        raise InputError("file_empty", "文件是空的", remedy="请重新选择文件", field="content")
    if size > limit * 1024 * 1024:
        raise InputError("file_too_large", f"文件超过 {limit} MB", remedy="请压缩或拆分后上传", field="content")


def put(content: bytes) -> str:
    """Store bytes and return their SHA-256 in hex; storing the same again changes nothing.

    InputError when empty or above the limit; StoreDown. The file appears under its name only when complete, and a power cut after
    this does not take it away: a row that names it may be committed.
    """
    check_size(content)
    sha256 = hashlib.sha256(content).hexdigest()
    try:
        with answering(writing=True):
            store().put(_path(sha256), content, mode="create")
    except AlreadyExistsError:
        get(sha256)     # a damaged older copy must not pass for this one
    settle(store(), _path(sha256))      # also one that was there: whoever wrote it may have been killed before this line
    return sha256


def get(sha256: str) -> bytes:
    """The bytes again. NotFound when missing; OutsideError when the bytes no longer give their name, or the store is down."""
    try:
        with answering():
            content = bytes(store().get(_path(sha256)).bytes())
    except FileNotFoundError:
        raise NotFound("object_missing", "没有这一文件", remedy="从备份恢复文件库") from None
    if hashlib.sha256(content).hexdigest() != sha256:
        raise OutsideError("object_damaged", f"文件 {sha256[:12]}… 的内容与其校验值不符",
                           remedy="停止使用该文件，从备份恢复，并核对审计记录")
    return content


def fault_of(error: NotFound | OutsideError) -> str:
    """The code of a file that is lost or damaged for good. A store that does not answer now is raised again, to be asked later."""
    if isinstance(error, OutsideError) and error.code != "object_damaged":
        raise error
    return error.code


def has(sha256: str) -> bool:
    """Whether the bytes are there."""
    try:
        with answering():
            store().head(_path(sha256))
    except FileNotFoundError:
        return False
    return True


def remove(sha256: str) -> None:
    """Take bytes away for good: of the retention's end, and of nothing else. Missing ones are away already."""
    _drop(_path(sha256))


def _drop(path: str) -> None:
    try:
        with answering():
            store().delete(path)
    except FileNotFoundError:
        return


def _parts(upload: uuid.UUID) -> str:
    return f"parts/{upload}"


def put_part(upload: uuid.UUID, offset: int, content: bytes) -> None:
    """Lay down the part of an upload that starts at `offset`; one sent again takes its place."""
    with answering(writing=True):
        store().put(f"{_parts(upload)}/{offset:012d}", content, mode="overwrite")
    settle(store(), f"{_parts(upload)}/{offset:012d}")


def _names(upload: uuid.UUID) -> list[str]:
    with answering():
        return sorted(str(found["path"]) for batch in store().list(_parts(upload)) for found in batch)


def part_offsets(upload: uuid.UUID) -> list[int]:
    """Where an upload's parts begin, in order."""
    return [int(name.rpartition("/")[2]) for name in _names(upload)]


def get_part(upload: uuid.UUID, offset: int) -> bytes:
    """One part of an upload. NotFound when it is missing."""
    try:
        with answering():
            return bytes(store().get(f"{_parts(upload)}/{offset:012d}").bytes())
    except FileNotFoundError:
        raise NotFound("object_missing", "文件缺少一段", remedy="从备份恢复文件库") from None


def joined(upload: uuid.UUID) -> bytes:
    """The parts of an upload in their order, each from where the last one ended."""
    whole = bytearray()
    for name in _names(upload):
        with answering():
            piece = bytes(store().get(name).bytes())
        if int(name.rpartition("/")[2]) != len(whole):      # left over from a part that was sent in another size
            continue
        whole += piece
    return bytes(whole)


def drop_parts(upload: uuid.UUID) -> None:
    """Forget an upload's parts."""
    for name in _names(upload):
        _drop(name)


def kind_of(content: bytes) -> str:
    """The true MIME type of an upload (`kinds.true_kind`)."""
    return true_kind(content)
