"""Ed25519 over method, target, time, nonce and the body's digest, as the insurer's protocol page says."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from services.core.errors import ConfigError
from services.insurer.wire import canonical

__all__ = ["HEADER", "Signature", "SignatureInvalid", "canonical", "private_key", "public_key", "sign", "verify"]

HEADER = "Huzhu-Signature"
_FORM = re.compile(r"keyid=([\w.-]{1,64});ts=([\w.:+-]{1,40});nonce=([\w-]{1,64});sig=([A-Za-z0-9+/=]{1,200})",
                   re.ASCII)


class SignatureInvalid(Exception):
    """The signature is absent, malformed, by another key, or over other content."""


@dataclass(frozen=True)
class Signature:
    """The parts of a signature header that held."""

    key_id: str
    ts: str
    nonce: str


def private_key(pem: bytes) -> Ed25519PrivateKey:
    """Our key from PEM; `ConfigError` when it is not Ed25519."""
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:
        raise ConfigError("insurer_key", "保险公司接口的私钥无法读取", remedy="重新生成 office.pem") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError("insurer_key", "保险公司接口的私钥不是 Ed25519", remedy="重新生成 office.pem")
    return key


def public_key(pem: bytes) -> Ed25519PublicKey:
    """The insurer's key from PEM; `ConfigError` when it is not Ed25519."""
    try:
        key = load_pem_public_key(pem)
    except ValueError as error:
        raise ConfigError("insurer_key", "保险公司的公钥无法读取", remedy="向保险公司索取 insurer.pub.pem") from error
    if not isinstance(key, Ed25519PublicKey):
        raise ConfigError("insurer_key", "保险公司的公钥不是 Ed25519", remedy="向保险公司索取 insurer.pub.pem")
    return key


def _signed_text(method: str, target: str, ts: str, nonce: str, body: bytes) -> bytes:
    return "\n".join((method, target, ts, nonce, hashlib.sha256(body).hexdigest())).encode()


def sign(key: Ed25519PrivateKey, key_id: str, *, method: str, target: str, ts: str, nonce: str, body: bytes) -> str:
    """The header's value. For an answer `method` is "POST 200" and `nonce` the request's."""
    signature = key.sign(_signed_text(method, target, ts, nonce, body))
    return f"keyid={key_id};ts={ts};nonce={nonce};sig={base64.b64encode(signature).decode('ascii')}"


def parse(headers: Mapping[str, str]) -> tuple[Signature, bytes]:
    """The header's parts and the raw signature, unchecked; header names in any case."""
    value = next((text for name, text in headers.items() if name.lower() == HEADER.lower()), None)
    form = _FORM.fullmatch(value) if value is not None else None
    if form is None:
        raise SignatureInvalid("no readable signature header")
    try:
        raw = base64.b64decode(form[4], validate=True)
    except binascii.Error:
        raise SignatureInvalid("signature is not base64") from None
    return Signature(form[1], form[2], form[3]), raw


def verify(key: Ed25519PublicKey, key_id: str, *, headers: Mapping[str, str], method: str, target: str,
           body: bytes) -> Signature:
    """The signature's parts when it holds; `SignatureInvalid` otherwise."""
    signature, raw = parse(headers)
    if signature.key_id != key_id:
        raise SignatureInvalid(f"unknown key {signature.key_id}")
    try:
        key.verify(raw, _signed_text(method, target, signature.ts, signature.nonce, body))
    except InvalidSignature:
        raise SignatureInvalid("signature does not hold") from None
    return signature
