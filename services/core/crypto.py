"""The key ring: field encryption (AES-256-GCM), blind index and audit keys (HMAC-SHA256).

The ring may change while programs run: its file is replaced whole, and every process sees that at its next use.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.core.errors import ConfigError
from services.core.files import replaced
from services.core.settings import settings
from services.core.signing import make_signing_key

_NONCE = 12
_BLOCK = 64         # bytes that SHA-256 takes in at once


class AuditKey(NamedTuple):
    """A key of the record and the instant from which records are made with it."""

    since: datetime
    key: bytes


_EVER = datetime(1, 1, 1, tzinfo=UTC)


class KeyRing:
    """Keys by id. New values are sealed with `current`; old ids stay readable, so keys can rotate while running."""

    def __init__(self, current: str, field_keys: dict[str, bytes], index_key: bytes, audit_key: bytes, *,
                 later: Sequence[AuditKey] = (), anew: Callable[[], KeyRing] | None = None) -> None:
        """`later`: audit keys after the first one, in order of time; `anew`: the ring as its file is now."""
        if current not in field_keys:
            raise ConfigError("key_ring", f"密钥环缺少当前密钥 {current}", remedy="核对密钥文件")
        self.current = current
        self._ciphers = {key_id: AESGCM(key) for key_id, key in field_keys.items()}
        self._index_key = index_key
        self._audit_keys = (*reversed(later), AuditKey(_EVER, audit_key))
        self._anew = anew

    @property
    def key_ids(self) -> tuple[str, ...]:
        """The ids of the field keys, oldest first."""
        return tuple(self._ciphers)

    def audit_key_at(self, at: datetime) -> bytes:
        """The key of records made at an instant: who writes one and who verifies it ask the same."""
        return next(one.key for one in self._audit_keys if one.since <= at)

    def seal(self, text: str, *, field: str) -> bytes:
        """Encrypt one value; `field` ("person.id_number") is bound in, so values cannot be swapped between fields."""
        return self.seal_bytes(text.encode(), field=field)

    def open(self, sealed: bytes, *, field: str) -> str:
        """The value again. Raises ConfigError when the key is unknown or the value was tampered with."""
        return self.open_bytes(sealed, field=field).decode()

    def index(self, text: str, *, field: str) -> bytes:
        """Keyed blind index: equal values meet, nobody without the key can guess them."""
        return hmac.new(self._index_key, f"{field}\0{text}".encode(), hashlib.sha256).digest()

    def indices(self, texts: Sequence[str], *, field: str) -> list[bytes]:
        """`index` of each: the key is worked in once, not once for each value (RFC 2104, section 4)."""
        block = self._index_key if len(self._index_key) <= _BLOCK else hashlib.sha256(self._index_key).digest()
        inner, outer = (hashlib.sha256(bytes(byte ^ pad for byte in block.ljust(_BLOCK, b"\0"))) for pad in (0x36, 0x5C))
        inner.update(f"{field}\0".encode())
        found = []
        for text in texts:
            within, around = inner.copy(), outer.copy()
            within.update(text.encode())
            around.update(within.digest())
            found.append(around.digest())
        return found

    def seal_bytes(self, content: bytes, *, field: str) -> bytes:
        """Encrypt bytes; `field` is bound in."""
        nonce = os.urandom(_NONCE)
        return self.current.encode() + b":" + nonce + self._ciphers[self.current].encrypt(nonce, content, field.encode())

    def open_bytes(self, sealed: bytes, *, field: str) -> bytes:
        """The bytes again. Raises ConfigError when the key is unknown or they were tampered with."""
        key_id, _, rest = sealed.partition(b":")
        cipher = self._ciphers.get(_word(key_id))
        if cipher is None:
            # Who holds a ring through long work may meet a value that was sealed with a key made since.
            ring = self._anew() if self._anew else self
            if _word(key_id) not in ring._ciphers:
                raise ConfigError("key_ring", f"密钥环缺少密钥 {_word(key_id)[:16]}", remedy="从备份恢复密钥文件")
            self._ciphers = ring._ciphers
            cipher = ring._ciphers[_word(key_id)]
        try:
            return cipher.decrypt(rest[:_NONCE], rest[_NONCE:], field.encode())
        except InvalidTag:
            raise ConfigError("sealed_value", f"{field} 的密文无法核验",
                              remedy="数据可能被改动，请核对审计记录") from None


def _encode(key: bytes) -> str:
    return base64.b64encode(key).decode()


def _word(key_id: bytes) -> str:
    return key_id.decode("ascii", "replace")


def make_ring(path: Path) -> None:
    """Write a new ring once, readable by the owner only, and the key that signs the record's days; what exists is never touched."""
    make_signing_key(path.with_name("audit-signing.json"))
    if path.exists():
        return
    write_ring(path, {"current": "k1", "field_keys": {"k1": new_key()}, "index_key": new_key(), "audit_key": new_key()})


def new_key() -> str:
    """A key as a ring spells it."""
    return _encode(secrets.token_bytes(32))


def write_ring(path: Path, ring: dict[str, object]) -> None:
    """Put a ring in the file's place, whole."""
    replaced(path, json.dumps(ring, indent=1))


def load_ring(path: Path) -> KeyRing:
    """Read a ring; a missing file refuses, and so does one that is no ring."""
    try:
        data = json.loads(path.read_text())
        keys = {key_id: base64.b64decode(key) for key_id, key in data["field_keys"].items()}
        later = [AuditKey(datetime.fromisoformat(one["from"]), base64.b64decode(one["key"])) for one in data.get("audit_keys", [])]
        return KeyRing(data["current"], keys, base64.b64decode(data["index_key"]), base64.b64decode(data["audit_key"]),
                       later=sorted(later), anew=lambda: load_ring(path))
    except FileNotFoundError:
        raise ConfigError("key_ring", f"没有密钥文件 {path.name}",
                          remedy="新装的系统先运行 huzhu setup；用过的，从密钥的备份放回") from None
    except (ValueError, KeyError, TypeError):
        raise ConfigError("key_ring", f"密钥文件 {path.name} 的内容不完整", remedy="从备份恢复密钥文件") from None


class _Ring:
    """This process's ring, read again when its file was replaced: a look at the file's name costs two microseconds."""

    def __init__(self) -> None:
        self._held: tuple[tuple[object, ...], KeyRing] | None = None

    def __call__(self) -> KeyRing:
        path = settings().key_ring
        try:
            found = path.stat()
        except FileNotFoundError:
            return load_ring(path)
        stamp = (path, found.st_ino, found.st_mtime_ns, found.st_size)
        held = self._held
        if held is None or held[0] != stamp:
            # The stamp is older than what is read: at worst the next use reads once more.
            held = self._held = (stamp, load_ring(path))
        return held[1]

    def cache_clear(self) -> None:
        """Forget it: the settings name another one."""
        self._held = None


key_ring = _Ring()
