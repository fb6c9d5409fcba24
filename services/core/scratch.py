"""Temporary files of a long-lived program. What a killed one leaves (the typesetter's faces alone are 90 MB), the next one removes."""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import tempfile
from pathlib import Path

from services.core.errors import ConfigError

_LOCK = "held"


def own() -> Path:
    """From now on this process and its children keep temporary files in a folder of this process's, which goes with it.

    Folders whose process is dead are removed: each holds a lock for as long as it lives. Called again it changes nothing. Raises
    ConfigError when the folder of all of them is somebody else's.
    """
    if _mine:
        return _mine[0]
    base = Path(tempfile.gettempdir()) / f"huzhu-{os.geteuid()}"
    base.mkdir(mode=0o700, exist_ok=True)
    found = base.lstat()
    if base.is_symlink() or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise ConfigError("TMPDIR", f"临时文件夹 {base} 不是本程序的用户独有的", remedy="删去该文件夹后重新启动，或把 TMPDIR 指到别处")
    turn = _locked(base / _LOCK)        # one after another: nobody takes a folder that is being made for a dead one's
    try:
        for folder in base.iterdir():
            if folder.is_dir() and not _alive(folder):
                shutil.rmtree(folder, ignore_errors=True)
        mine = Path(tempfile.mkdtemp(dir=base))
        _locked(mine / _LOCK)           # open, and so locked, for as long as the process and its forks live
    finally:
        os.close(turn)
    _mine.append(mine)
    tempfile.tempdir = os.environ["TMPDIR"] = str(mine)
    atexit.register(_leave, os.getpid())
    return mine


_mine: list[Path] = []


def _locked(path: Path) -> int:
    lock = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def _alive(folder: Path) -> bool:
    try:
        lock = os.open(folder / _LOCK, os.O_RDWR)
    except FileNotFoundError:           # killed between making the folder and its lock
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def _leave(process: int) -> None:
    if os.getpid() == process:          # not a fork of it
        shutil.rmtree(_mine[0], ignore_errors=True)
