"""Put and get bytes by their SHA-256. The path is the hash, so a file is written once and never overwritten."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from pathlib import Path

from obstore.exceptions import AlreadyExistsError
from obstore.store import LocalStore

from services.core.errors import InputError, NotFound, OutsideError
from services.core.settings import settings
from services.storage.kinds import PAPER_KINDS, PDF, XLSX, true_kind

__all__ = ["PAPER_KINDS", "PDF", "XLSX", "check_size", "get", "has", "kind_of", "put"]
_HASH = re.compile(r"[0-9a-f]{64}")


@lru_cache(maxsize=8)
def _store(directory: Path) -> LocalStore:
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    return LocalStore(directory)


def _here() -> LocalStore:
    return _store(settings().papers_dir)


def _path(sha256: str) -> str:
    if not _HASH.fullmatch(sha256):
        raise NotFound("object_missing", "没有这一文件", remedy="核对编号")
    return f"{sha256[:2]}/{sha256[2:4]}/{sha256}"


def check_size(content: bytes) -> None:
    """InputError when empty or above the limit."""
    limit = settings().upload_limit_mb
    if not content:
        raise InputError("file_empty", "文件是空的", remedy="请重新选择文件", field="content")
    if len(content) > limit * 1024 * 1024:
        raise InputError("file_too_large", f"文件超过 {limit} MB", remedy="请压缩或拆分后上传", field="content")


def put(content: bytes) -> str:
    """Store bytes and return their SHA-256 in hex; storing the same again changes nothing.

    InputError when empty or above the limit. The file appears under its name only when complete.
    """
    check_size(content)
    sha256 = hashlib.sha256(content).hexdigest()
    try:
        _here().put(_path(sha256), content, mode="create")
    except AlreadyExistsError:
        get(sha256)     # a damaged older copy must not pass for this one
    return sha256


def get(sha256: str) -> bytes:
    """The bytes again. NotFound when missing; OutsideError when the bytes no longer give their name."""
    try:
        content = bytes(_here().get(_path(sha256)).bytes())
    except FileNotFoundError:
        raise NotFound("object_missing", "没有这一文件", remedy="从备份恢复文件库") from None
    if hashlib.sha256(content).hexdigest() != sha256:
        raise OutsideError("object_damaged", f"文件 {sha256[:12]}… 的内容与其校验值不符",
                           remedy="停止使用该文件，从备份恢复，并核对审计记录")
    return content


def has(sha256: str) -> bool:
    """Whether the bytes are there."""
    try:
        _here().head(_path(sha256))
    except FileNotFoundError:
        return False
    return True


def kind_of(content: bytes) -> str:
    """The true MIME type of an upload (`kinds.true_kind`)."""
    return true_kind(content)
