"""The key ring: field encryption (AES-256-GCM), blind index and audit keys (HMAC-SHA256)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.core.errors import ConfigError
from services.core.settings import settings

_NONCE = 12
_BLOCK = 64         # bytes that SHA-256 takes in at once


class KeyRing:
    """Keys by id. New values are sealed with `current`; old ids stay readable, so keys can rotate while running."""

    def __init__(self, current: str, field_keys: dict[str, bytes], index_key: bytes, audit_key: bytes) -> None:
        if current not in field_keys:
            raise ConfigError("key_ring", f"密钥环缺少当前密钥 {current}", remedy="核对密钥文件")
        self.current = current
        self._ciphers = {key_id: AESGCM(key) for key_id, key in field_keys.items()}
        self._index_key = index_key
        self.audit_key = audit_key

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
        cipher = self._ciphers.get(key_id.decode())
        if cipher is None:
            raise ConfigError("key_ring", f"密钥环缺少密钥 {key_id.decode()}", remedy="从备份恢复密钥文件")
        try:
            return cipher.decrypt(rest[:_NONCE], rest[_NONCE:], field.encode())
        except InvalidTag:
            raise ConfigError("sealed_value", f"{field} 的密文无法核验",
                              remedy="数据可能被改动，请核对审计记录") from None


def _encode(key: bytes) -> str:
    return base64.b64encode(key).decode()


def make_ring(path: Path) -> None:
    """Write a new ring once, readable by the owner only; an existing one is never touched."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    ring = {"current": "k1", "field_keys": {"k1": _encode(secrets.token_bytes(32))},
            "index_key": _encode(secrets.token_bytes(32)), "audit_key": _encode(secrets.token_bytes(32))}
    part = path.with_suffix(".part")
    part.touch(mode=0o600)
    part.write_text(json.dumps(ring, indent=1))
    part.replace(path)


def load_ring(path: Path) -> KeyRing:
    """Read a ring; a missing file refuses."""
    if not path.exists():
        raise ConfigError("key_ring", f"没有密钥文件 {path.name}", remedy="先运行 huzhu setup，或从备份恢复密钥")
    data = json.loads(path.read_text())
    keys = {key_id: base64.b64decode(key) for key_id, key in data["field_keys"].items()}
    return KeyRing(data["current"], keys, base64.b64decode(data["index_key"]), base64.b64decode(data["audit_key"]))


@lru_cache(maxsize=1)
def key_ring() -> KeyRing:
    """This process's ring."""
    return load_ring(settings().key_ring)
