"""The places that the settings name: how much room their disks have, and whether this process can write there at all.

Asked by writing, not by looking at modes: a full disk, a used-up quota, no inodes, a read-only mount and a folder of somebody else
all refuse alike, and root is told the same. What is written has no name and is gone with its file (O_TMPFILE).
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from services.core.errors import ConfigError
from services.core.settings import Settings
from services.storage.backend import StoreDown, answering, opened

MB = 1 << 20
_PIECE = bytes(64 << 10)
_USED_UP = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_WORDS = {errno.EACCES: "没有写入的权限", errno.EPERM: "没有写入的权限", errno.EROFS: "是只读的", errno.ENOTDIR: "不是文件夹",
          errno.ENOENT: "写不进去", errno.EIO: "磁盘读写出错", errno.ESTALE: "网络磁盘已断开"}
_BUCKET = "s3"


@dataclass(frozen=True, slots=True)
class Place:
    """One place. `name`: the setting by which it is moved; `disk`: the same for places of one file system, empty for a bucket.

    `free_mb`: what an ordinary process may still write, in MB (2^20 bytes), None where nobody can say; `fault`: in words why nothing can
    be written (of a bucket: why it does not answer), empty when it can; `used_up`: because the room or the quota is.
    """

    name: str
    words: str
    path: str
    disk: str = ""
    free_mb: int | None = None
    fault: str = ""
    used_up: bool = False

    @property
    def bucket(self) -> bool:
        """Not a folder of this machine."""
        return self.path.startswith(f"{_BUCKET}:")


def places(config: Settings) -> list[Place]:
    """Every folder this process keeps things in, and the papers' bucket. A folder that does not exist yet is asked for where it would come.

    The backup's places are their own programs' (`backup_*` among the conditions), and seldom within a worker's reach.
    """
    found = [_folder(name, words, path) for name, words, path in _folders(config)]
    return [*found, _bucket(config)] if config.store.startswith(f"{_BUCKET}:") else found


def _folders(config: Settings) -> Iterator[tuple[str, str, Path]]:
    yield "HUZHU_DATA_DIR", "数据", config.data_dir
    yield "HUZHU_DATA_DIR/bank", "银行文件", config.bank_dir
    if not config.store:
        yield "HUZHU_DATA_DIR/objects", "材料", config.papers_dir
    for name, words, address in (("HUZHU_STORE", "材料", config.store), ("HUZHU_AUDIT_PLACE", "审计签名", config.audit_place)):
        if address.startswith("file:"):
            yield name, words, Path(urlsplit(address).path)


def _folder(name: str, words: str, wanted: Path) -> Place:
    wanted = path = wanted.absolute()
    disk, free = "", None
    try:
        path = next(one for one in (wanted, *wanted.parents) if one.exists())
        disk, free = str(path.stat().st_dev), shutil.disk_usage(path).free // MB
        with tempfile.TemporaryFile(dir=path) as probe:
            probe.write(_PIECE)
            probe.flush()
            os.fsync(probe.fileno())        # a network disk says only now that it has no room
    except OSError as error:
        said = "已满" if error.errno in _USED_UP else _WORDS.get(error.errno or 0, error.strerror or type(error).__name__)
        return Place(name, words, str(path), disk, free, said, error.errno in _USED_UP)
    return Place(name, words, str(path), disk, free)


def _bucket(config: Settings) -> Place:
    try:
        store = opened(config.store, config.store_endpoint, config.store_region, config.store_keys)
        with answering(writing=True):       # here a bucket that is not there is a fault, not an answer
            next(iter(store.list("parts/probe")), None)
    except StoreDown:
        return Place("HUZHU_STORE", "材料", config.store, fault="没有应答")
    except ConfigError as error:
        return Place("HUZHU_STORE", "材料", config.store, fault=error.message)
    return Place("HUZHU_STORE", "材料", config.store)
