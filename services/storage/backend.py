"""Where the bytes lie: a folder of this machine or a bucket that speaks S3, by the setting `store`. Nobody else opens either.

The bucket's keys come from the file `store_keys` (lines of `aws_access_key_id = …`), else from the environment as obstore reads
it (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_WEB_IDENTITY_TOKEN_FILE, a container's or machine's role).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from obstore.exceptions import AlreadyExistsError, BaseError, NotFoundError
from obstore.store import LocalStore, S3Store

from services.core.errors import ConfigError, OutsideError
from services.core.files import synced
from services.core.settings import Settings, settings

Store = LocalStore | S3Store
_KEYS = {"aws_access_key_id": "access_key_id", "aws_secret_access_key": "secret_access_key", "aws_session_token": "session_token"}
# ENOSPC, EDQUOT and EFBIG of a folder; what S3 servers answer when their disks or the bucket's quota are used up.
_FULL = re.compile(r"\(os error (28|122|27)\)|StorageFull|QuotaExceeded|507 Insufficient Storage")
_LINE = re.compile(r"^\s*(\w+)\s*=\s*(\S+)\s*$", re.MULTILINE)


class StoreDown(OutsideError):
    """The store does not answer, or refuses us: nothing was kept."""

    status = 503


class StoreFull(StoreDown):
    """The store's disk or quota is used up: nothing was kept; reading goes on."""


def store() -> Store:
    """The store of this process's settings. ConfigError when they name none that can be used."""
    return _opened(settings())


@lru_cache(maxsize=8)
def _folder(directory: Path) -> LocalStore:
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    return LocalStore(directory)


def _opened(chosen: Settings) -> Store:
    if not chosen.store:
        return _folder(chosen.papers_dir)
    return opened(chosen.store, chosen.store_endpoint, chosen.store_region, chosen.store_keys)


def opened(address: str, endpoint: str, region: str, keys: Path | None) -> Store:
    """The store that an address (`file:…` or `s3://…`) names. ConfigError when its keys cannot be read."""
    if address.startswith("file:"):
        return _folder(Path(urlsplit(address).path))
    return _bucket(address, endpoint, region, keys)


@lru_cache(maxsize=8)
def _bucket(address: str, endpoint: str, region: str, keys: Path | None) -> S3Store:
    place = urlsplit(address)
    more: dict[str, str] = _keys(keys) if keys else {}
    if endpoint:
        more["endpoint"] = endpoint
    if region:
        more["region"] = region
    return S3Store(place.netloc, prefix=place.path.strip("/") or None,
                   client_options={"allow_http": endpoint.startswith("http://"), "timeout": timedelta(seconds=30),
                                   "connect_timeout": timedelta(seconds=5)},
                   retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=20)}, **more)  # type: ignore[arg-type]


def _keys(file: Path) -> dict[str, str]:
    try:
        found = {_KEYS[name]: value for name, value in _LINE.findall(file.read_text(encoding="utf-8")) if name in _KEYS}
    except OSError as error:
        raise ConfigError("store_keys", f"文件库的密钥文件读不出来：{error.strerror}", remedy="核对 HUZHU_STORE_KEYS",
                          field="HUZHU_STORE_KEYS") from None
    if not {"access_key_id", "secret_access_key"} <= found.keys():
        raise ConfigError("store_keys", "文件库的密钥文件里缺少 aws_access_key_id 或 aws_secret_access_key",
                          remedy="各写一行：aws_access_key_id = …", field="HUZHU_STORE_KEYS")
    return found


def settle(store: Store, name: str) -> None:
    """What was written under a name survives a power cut from now on: a bucket sees to that itself, a folder's file and its folders are
    told to. StoreDown when the disk cannot say so."""
    if not isinstance(store, LocalStore) or store.prefix is None:
        return
    file = Path(store.prefix) / name
    try:
        for path in (file, *(folder for folder in file.parents if folder.is_relative_to(store.prefix))):
            synced(path)
    except OSError as error:
        raise _down(f"(os error {error.errno}) {error.strerror}") from error


@contextmanager
def answering(*, writing: bool = False) -> Iterator[None]:
    """StoreDown instead of the library's own errors. AlreadyExistsError and FileNotFoundError are answers, but no bucket is none."""
    try:
        yield
    except AlreadyExistsError:
        raise
    except (FileNotFoundError, BaseError) as error:
        if isinstance(error, (FileNotFoundError, NotFoundError)) and not writing:
            raise FileNotFoundError from None
        raise _down(str(error)) from error


def _down(said: str) -> StoreDown:
    if _FULL.search(said):
        return StoreFull("store_full", "文件库已满，文件没有收下", remedy="请稍后用同一文件再试；请联系管理员清出磁盘空间或增加配额")
    return StoreDown("store_down", "文件库暂时不可用，文件没有收下", remedy="请稍后再试；一直如此请联系管理员检查文件库的设置")
