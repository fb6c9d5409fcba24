"""Files that stand after a power cut: whole or not at all."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def replaced(path: Path, content: str) -> None:
    """A secret in the file's place in one step, readable by the owner only: a reader sees the old one or the new one, also after a power
    cut. Written by root it is the folder's owner's, who runs the programs that read it."""
    _made(path.parent)
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        given(part, path.parent)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    synced(path.parent)


def _made(folder: Path) -> None:
    if not folder.is_dir():
        _made(folder.parent)
        folder.mkdir(exist_ok=True)
        given(folder, folder.parent)


def given(path: Path, folder: Path) -> None:
    """What root makes belongs to whoever the folder belongs to; others make what is theirs anyway."""
    if os.geteuid() == 0:
        owner, own = folder.stat(), path.stat()
        # Asked only for a change: where owners cannot change (user namespaces, some network disks) that would be EPERM for nothing.
        if (own.st_uid, own.st_gid) != (owner.st_uid, owner.st_gid):
            os.chown(path, owner.st_uid, owner.st_gid)


def synced(path: Path) -> None:
    """A file's bytes, or a folder's names, are on the disk from now on. OSError when the disk cannot say so."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
