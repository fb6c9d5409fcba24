"""Canonical JSON, Ed25519 signatures and the key files, as PROTOCOL.md says."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

Json = dict[str, object]
HEADER = "Huzhu-Signature"
FORM = re.compile(r"keyid=([\w.-]{1,64});ts=([\w.:+-]{1,40});nonce=([\w-]{16,64});sig=([A-Za-z0-9+/=]{1,200})",
                  re.ASCII)


class Fault(Exception):
    """A refusal with its HTTP status and fault code."""

    def __init__(self, status: int, code: str, message: str, field: str | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.status, self.code, self.message, self.field = status, code, message, field

    def body(self) -> Json:
        """The refusal as it goes out."""
        return {"fault": self.code, "message": self.message, "field": self.field}


def canonical(value: object) -> bytes:
    """Sorted keys, no spaces, UTF-8."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def sha256(data: bytes) -> str:
    """Hex digest."""
    return hashlib.sha256(data).hexdigest()


def _no_float(text: str) -> object:
    raise Fault(400, "not_canonical", f"数 {text} 不是整数")


def decode(body: bytes, *, strict: bool = True) -> Json:
    """The JSON object in `body`; `strict` wants it canonical to the byte."""
    try:
        value = json.loads(body.decode("utf-8"), parse_float=_no_float, parse_constant=_no_float) if strict \
            else json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        raise Fault(400, "not_canonical", "报文不是 UTF-8 的 JSON") from error
    if not isinstance(value, dict):
        raise Fault(400, "not_canonical", "报文不是 JSON 对象")
    if strict and _encodable(value) != body:
        raise Fault(400, "not_canonical", "报文不是规范 JSON（键排序、无空格、无重复键）")
    return value


def _encodable(value: object) -> bytes:
    try:
        return canonical(value)
    except ValueError as error:                                   # lone surrogates, huge numbers
        raise Fault(400, "not_canonical", "报文含有不能编码的字符") from error


@dataclass(frozen=True)
class Signed:
    """The parts of a signature header."""

    key_id: str
    ts: str
    nonce: str
    raw: bytes


def parse_header(value: str | None) -> Signed:
    """The header's parts, unchecked; `Fault` 401 when unreadable."""
    form = FORM.fullmatch(value or "")
    if form is None:
        raise Fault(401, "bad_signature", "缺少可读的 Huzhu-Signature")
    try:
        raw = base64.b64decode(form[4], validate=True)
    except ValueError:
        raise Fault(401, "bad_signature", "签名不是 base64") from None
    return Signed(form[1], form[2], form[3], raw)


class Keys:
    """The twin's own pair, the office's public key, and a stranger's pair for the fault `wrong_signature`."""

    def __init__(self, folder: Path, *, own_id: str = "insurer", office_id: str = "office") -> None:
        self.own_id, self.office_id = own_id, office_id
        self._own = _own_key(folder)
        self._stranger = Ed25519PrivateKey.generate()
        office = serialization.load_pem_public_key((folder / "office.pub.pem").read_bytes())
        if not isinstance(office, Ed25519PublicKey):
            raise SystemExit("office.pub.pem is not an Ed25519 key")
        self._office = office

    def sign(self, method: str, target: str, ts: str, nonce: str, body: bytes, *, stranger: bool = False) -> str:
        """The header's value for a request, or for an answer with `method` "POST 200"."""
        key = self._stranger if stranger else self._own
        signature = base64.b64encode(key.sign(_lines(method, target, ts, nonce, body))).decode("ascii")
        return f"keyid={self.own_id};ts={ts};nonce={nonce};sig={signature}"

    def check(self, header: str | None, method: str, target: str, body: bytes) -> Signed:
        """The signature's parts when the office made it; `Fault` 401 otherwise."""
        signed = parse_header(header)
        if signed.key_id != self.office_id:
            raise Fault(401, "unknown_key", f"不认识的密钥 {signed.key_id}")
        try:
            self._office.verify(signed.raw, _lines(method, target, signed.ts, signed.nonce, body))
        except InvalidSignature:
            raise Fault(401, "bad_signature", "签名不符") from None
        return signed


def _lines(method: str, target: str, ts: str, nonce: str, body: bytes) -> bytes:
    return "\n".join((method, target, ts, nonce, sha256(body))).encode()


def _own_key(folder: Path) -> Ed25519PrivateKey:
    path = folder / "insurer.pem"
    if not path.exists():
        write_once(path, Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()), 0o600)
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise SystemExit("insurer.pem is not an Ed25519 key")
    write_once(folder / "insurer.pub.pem", key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo), 0o644)
    return key


def write_once(path: Path, content: bytes, mode: int) -> None:
    """Whole or not at all, and never over a file that is there: `link` is the atomic step."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    Path(name).chmod(mode)
    with suppress(FileExistsError):                               # another process was first: its key holds
        os.link(name, path)
    Path(name).unlink()
