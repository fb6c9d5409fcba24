"""A backup proves itself: what is written down about it is signed with a key of its own (Ed25519) that lies with the other keys."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from services.core.errors import ConfigError, InputError

KEY = "backup.pem"


def make_key(folder: Path) -> None:
    """The signing key, once; one that is there stays."""
    path = folder / KEY
    if path.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.part")
    part.touch(mode=0o600)
    part.write_bytes(Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    try:
        os.link(part, path)         # of two that make one at once, the first one's counts for both
    except FileExistsError:
        pass                        # it is the other's
    finally:
        part.unlink()


def signing_key(content: bytes) -> Ed25519PrivateKey:
    """The key from its file. ConfigError when it is none."""
    try:
        key = load_pem_private_key(content, password=None)
    except ValueError:
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError("backup_key", f"备份签名的密钥 {KEY} 读不出来", remedy="从密钥的备份恢复这一文件")
    return key


def load_key(folder: Path) -> Ed25519PrivateKey:
    """The signing key of a key folder. ConfigError when there is none."""
    path = folder / KEY
    if not path.is_file():
        raise ConfigError("backup_key", f"密钥文件夹里没有备份签名的密钥 {KEY}", remedy="从密钥的备份恢复，或先做一次 huzhu backup")
    return signing_key(path.read_bytes())


def signed(value: Mapping[str, object], key: Ed25519PrivateKey) -> bytes:
    """One line: the value as JSON with its signature beside it."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return json.dumps({"signed": text, "signature": base64.b64encode(key.sign(text.encode())).decode()}, ensure_ascii=False).encode()


def proved(content: bytes, key: Ed25519PublicKey, *, name: str) -> dict[str, object]:
    """The value again. InputError when it was not signed by this house or touched since; `name` says which file."""
    try:
        whole = json.loads(content)
        key.verify(base64.b64decode(whole["signature"]), whole["signed"].encode())
        value = json.loads(whole["signed"])
    except (InvalidSignature, ValueError, KeyError, TypeError, AttributeError):
        raise InputError("backup_signature", f"备份里的 {name} 签名不符：不是本单位所做，或已被改动",
                         remedy="不要用这份备份；换用另一份，并查明是谁动过备份") from None
    if not isinstance(value, dict):
        raise InputError("backup_signature", f"备份里的 {name} 不成样子", remedy="换用另一份备份")
    return value
