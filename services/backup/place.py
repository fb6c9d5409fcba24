"""Where a backup lies: a folder or a bucket, by address. Names are the same in both; a file appears under its name only when whole.

    house.json                          whose backup this is
    base/<id>/{base.tar.gz,pg_wal.tar.gz,backup_manifest,papers.gz}, manifest.json last
    wal/<segment>, wal/<segment>.partial, wal/<timeline>.history
    papers/<name in the paper store>
    status.json                         up to when all is here
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from obstore.exceptions import AlreadyExistsError

from services.core.errors import ConfigError, NotFound
from services.core.settings import Settings
from services.storage.backend import Store, StoreDown, answering, opened, settle

_MANY = 100                 # files for which the whole machine's disks are waited for once
_PIECE = 16 << 20           # bytes of a file that are in memory at once


@dataclass(frozen=True, slots=True)
class Item:
    """One file in the place: its name, bytes and when it was put there."""

    name: str
    size: int
    at: datetime


@dataclass(frozen=True)
class Place:
    """One folder (`file:…`, or a path) or bucket (`s3://bucket/prefix`). Every verb may raise StoreDown."""

    address: str
    endpoint: str = ""
    region: str = ""
    access: Path | None = None

    @cached_property
    def store(self) -> Store:
        """The store behind the address."""
        return opened(self.address, self.endpoint, self.region, self.access)

    @property
    def folder(self) -> Path | None:
        """The folder on this machine, when it is one."""
        return Path(urlsplit(self.address).path) if self.address.startswith("file:") else None

    def put(self, name: str, content: bytes) -> None:
        """Write, in place of what was there."""
        self.lay(name, content)
        settle(self.store, name)

    def lay(self, name: str, content: bytes) -> None:
        """Write one of many; `settled` must follow before anybody is told that they are here."""
        with answering(writing=True):
            self.store.put(name, content, mode="overwrite")

    def settled(self, names: Sequence[str]) -> None:
        """What was laid survives a power cut from now on."""
        if self.folder and len(names) > _MANY:
            os.sync()           # one wait for all instead of one for each
            return
        for name in names:
            settle(self.store, name)

    def create(self, name: str, content: bytes) -> bool:
        """Write once; False when there is something under the name, which stays."""
        try:
            with answering(writing=True):
                self.store.put(name, content, mode="create")
        except AlreadyExistsError:
            return False
        settle(self.store, name)
        return True

    def put_file(self, name: str, file: Path) -> tuple[int, str]:
        """Write a file of any size in parts; its bytes and their SHA-256."""
        digest, size = hashlib.sha256(), 0
        with file.open("rb") as source:
            while piece := source.read(_PIECE):
                digest.update(piece)
                size += len(piece)
        with answering(writing=True):
            self.store.put(name, file, mode="overwrite", chunk_size=_PIECE)
        settle(self.store, name)
        return size, digest.hexdigest()

    def read(self, name: str) -> bytes:
        """The bytes. NotFound names the file."""
        try:
            with answering():
                return bytes(self.store.get(name).bytes())
        except FileNotFoundError:
            raise NotFound("backup_file", f"备份里缺少文件 {name}", remedy="换用另一份备份（huzhu backup list）") from None

    def fetch(self, name: str, file: Path | None) -> tuple[int, str]:
        """Read a file of any size piece by piece, into `file` unless it is only to be proved; its bytes and SHA-256."""
        digest, size = hashlib.sha256(), 0
        sink = file.open("wb") if file else None
        try:
            with answering():
                for piece in self.store.get(name).stream(min_chunk_size=_PIECE):
                    digest.update(piece)
                    size += len(piece)
                    if sink:
                        sink.write(piece)
        except FileNotFoundError:
            raise NotFound("backup_file", f"备份里缺少文件 {name}", remedy="换用另一份备份（huzhu backup list）") from None
        finally:
            if sink:
                sink.close()
        return size, digest.hexdigest()

    def items(self, under: str) -> Iterator[Item]:
        """Every file at and under a folder."""
        try:
            with answering():
                for batch in self.store.list(under or None):
                    for found in batch:
                        yield Item(str(found["path"]), int(found["size"]), found["last_modified"])
        except FileNotFoundError:
            return

    def folders(self, under: str) -> list[str]:
        """The last parts of the folders right under a folder, in order."""
        with answering():
            found = self.store.list_with_delimiter(under)["common_prefixes"]
        return sorted(str(name).rstrip("/").rpartition("/")[2] for name in found)

    def drop(self, names: Sequence[str]) -> None:
        """Take files away. Missing ones are away already."""
        for name in names:
            try:
                with answering():
                    self.store.delete(name)
            except FileNotFoundError:
                continue


def place_of(config: Settings, address: str = "") -> Place:
    """The backup's place: the address, or what the setting says. ConfigError names the setting."""
    return _place(config, address or config.backup_place, "HUZHU_BACKUP_PLACE", "没有说明备份放在哪里")


def refuse_inside(config: Settings, *places: Place) -> None:
    """ConfigError for a place that would go down with the house, and would be copied into itself."""
    house = config.data_dir.resolve()
    for place, setting in zip(places, ("HUZHU_BACKUP_PLACE", "HUZHU_BACKUP_KEYS"), strict=False):
        if place.folder and (place.folder.is_relative_to(house) or house.is_relative_to(place.folder)):
            raise ConfigError("backup_inside", f"备份处 {place.address} 与系统的数据文件夹互相包含：一起损坏，一起丢失",
                              remedy=f"{setting} 另指一块磁盘上的文件夹，或一个存储桶", field=setting)


def keys_place_of(config: Settings, data: Place, address: str = "") -> Place:
    """Where the keys' sealed copies lie. ConfigError when none is set, or when it lies beside the data."""
    found = _place(config, address or config.backup_keys, "HUZHU_BACKUP_KEYS", "没有说明密钥的备份放在哪里")
    here, there = (urlsplit(one.address) for one in (data, found))
    ours, theirs = (tuple(Path(one.path or "/").parts) for one in (here, there))
    if (here.scheme, here.netloc) == (there.scheme, there.netloc) and (ours == theirs[:len(ours)] or theirs == ours[:len(theirs)]):
        raise ConfigError("keys_beside", "密钥的备份不能与数据的备份放在一处：拿到一处的人就两样都有了",
                          remedy="HUZHU_BACKUP_KEYS 另指一个文件夹或存储桶，由另外的人保管", field="HUZHU_BACKUP_KEYS")
    return found


def _place(config: Settings, address: str, setting: str, missing: str) -> Place:
    if not address:
        raise ConfigError("backup_place", missing, remedy=f"设置 {setting} 为 file:<文件夹> 或 s3://<桶>/<前缀>", field=setting)
    if not address.startswith(("file:", "s3://")):
        address = f"file:{Path(address).resolve()}"
    elif address.startswith("file:"):
        address = f"file:{Path(urlsplit(address).path).resolve()}"
    return Place(address, config.backup_endpoint, config.backup_region, config.backup_access)


__all__ = ["Item", "Place", "StoreDown", "keys_place_of", "place_of", "refuse_inside"]
