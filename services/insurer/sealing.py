"""A file for one receiver: signed by us, readable by them alone, its content's digest the same however often it is sealed.

The container is one line of canonical JSON, the head, then the ciphertext. The head says who sealed it for whom with which
suite, the digest of the content, the wrapped data key and the nonce; the signature is over the head without itself, and the
whole head is bound to the ciphertext, so that neither can be exchanged.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from dataclasses import dataclass

from pydantic import JsonValue

from services.insurer.suites import NONCE, Broken, Suite, suite_of
from services.insurer.wire import canonical

VERSION = 1
_KEYS = {"huzhu", "suite", "sender", "receiver", "digest", "size", "key", "nonce", "signature"}
_LONGEST = 8192         # bytes of a head


@dataclass(frozen=True, slots=True)
class Party:
    """One side: its name in heads, its public key, and its private key when the side is ours."""

    name: str
    public: bytes
    private: bytes = b""


def seal(content: bytes, *, suite: Suite, sender: Party, receiver: Party) -> bytes:
    """The container. Sealing again gives other bytes with the same digest in the head."""
    key, nonce = suite.draw_key(), os.urandom(NONCE)
    head: dict[str, JsonValue] = {
        "huzhu": VERSION, "suite": suite.name, "sender": sender.name, "receiver": receiver.name, "digest": suite.digest(content),
        "size": len(content), "key": _text(suite.wrap(receiver.public, key)), "nonce": _text(nonce)}
    signed = canonical({**head, "signature": _text(suite.sign(sender.private, canonical(head)))})
    return signed + b"\n" + suite.seal(key, nonce, content, signed)


def unseal(container: bytes, *, suite: str, sender: Party, receiver: Party) -> bytes:
    """The content, when `sender` sealed it for `receiver` with this suite. Broken says what does not hold."""
    signed, cut, sealed = container.partition(b"\n")
    if not cut or len(signed) > _LONGEST:
        raise Broken("不是案卷包")
    head = _head(signed)
    asked = {"huzhu": VERSION, "suite": suite, "sender": sender.name, "receiver": receiver.name}
    for name, value in asked.items():
        if head[name] != value:
            raise Broken(f"{name} 应为 {value}，却是 {head[name]}")
    family = suite_of(suite)
    unsigned: dict[str, JsonValue] = {name: value for name, value in head.items() if name != "signature"}
    family.verify(sender.public, canonical(unsigned), _bytes(head["signature"]))
    content = family.open(family.unwrap(receiver.private, _bytes(head["key"])), _bytes(head["nonce"]), sealed, signed)
    if len(content) != head["size"] or family.digest(content) != head["digest"]:
        raise Broken("内容与所述摘要不符")
    return content


def digest_of(container: bytes) -> str:
    """The content's digest as the head says it, unproved: to tell a repeat without opening."""
    return str(_head(container.partition(b"\n")[0])["digest"])


def _head(signed: bytes) -> dict[str, str | int]:
    try:
        head = json.loads(signed)
        whole = isinstance(head, dict) and set(head) == _KEYS and canonical({**head}) == signed
    except (ValueError, RecursionError):            # not JSON, or numbers and letters no canonical text has
        raise Broken("不是案卷包") from None
    if not whole:
        raise Broken("包头不合格式")
    return {name: value if isinstance(value, int) else str(value) for name, value in head.items()}


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def _bytes(text: str | int) -> bytes:
    try:
        return base64.b64decode(str(text), validate=True)
    except (binascii.Error, ValueError):
        raise Broken("包头不合格式") from None
