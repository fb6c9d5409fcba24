"""The key that signs the record's days: Ed25519, in a file of its own beside the ring, never in the database.

Old public keys stay in the file, so that old days stay verifiable; a statement names its key.
"""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from services.core.errors import ConfigError
from services.core.files import replaced


class Signed(NamedTuple):
    """A signature and the id of its key."""

    key_id: str
    signature: bytes


class SigningKeys:
    """Keys by id: the current one signs, all verify."""

    def __init__(self, current: str, private: bytes, public: dict[str, bytes]) -> None:
        self.current = current
        self._private = Ed25519PrivateKey.from_private_bytes(private)
        self.public = public

    def sign(self, text: str) -> Signed:
        """Sign with the current key."""
        return Signed(self.current, self._private.sign(text.encode()))

    def holds(self, text: str, signed: Signed) -> bool:
        """Whether the text is what one of our keys signed."""
        key = self.public.get(signed.key_id)
        if key is None:
            return False
        try:
            Ed25519PublicKey.from_public_bytes(key).verify(signed.signature, text.encode())
        except InvalidSignature:
            return False
        return True

    def fingerprints(self) -> dict[str, str]:
        """What people compare by eye: the beginning of each public key's SHA-256."""
        return {key_id: hashlib.sha256(key).hexdigest()[:32] for key_id, key in self.public.items()}


def make_signing_key(path: Path, *, anew: bool = False) -> None:
    """Write a first key once; `anew` adds one that signs from now on, and forgets the private half of the one before."""
    if path.exists() and not anew:
        return
    kept: dict[str, str] = json.loads(path.read_text())["public"] if path.exists() else {}
    key, name = Ed25519PrivateKey.generate(), f"s{len(kept) + 1}"
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    private = key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    replaced(path, json.dumps({"current": name, "private": _text(private), "public": {**kept, name: _text(public)}}, indent=1))


def signing_keys(path: Path) -> SigningKeys:
    """Read them anew each time: once a day, and they may have been changed. ConfigError when there are none."""
    if not path.exists():
        raise ConfigError("signing_key", f"没有每日总校验的签名密钥 {path.name}", remedy="运行 huzhu setup 生成，或从备份恢复")
    kept = json.loads(path.read_text())
    return SigningKeys(kept["current"], base64.b64decode(kept["private"]),
                       {key_id: base64.b64decode(key) for key_id, key in kept["public"].items()})


def _text(key: bytes) -> str:
    return base64.b64encode(key).decode()
