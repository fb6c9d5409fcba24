"""The link: canonical JSON and HMAC. Pure, so that the verifier and the writer cannot drift apart."""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from json.encoder import encode_basestring as quoted
from types import MappingProxyType
from typing import NamedTuple

_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode
_NOTHING: Mapping[str, object] = MappingProxyType({})
_BLOCK = hashlib.sha256().block_size


class Entry(NamedTuple):
    """What happened to one subject. `details` holds JSON values without floats."""

    chain_id: uuid.UUID
    org_key: str
    machine: str
    subject_id: uuid.UUID
    event: str
    source: str | None = None
    target: str | None = None
    version: int | None = None
    reason: str | None = None
    details: Mapping[str, object] = _NOTHING


class Link(NamedTuple):
    """An entry in its place: the row to write and the chain's new head."""

    entry: Entry
    seq: int
    text: str
    prev: bytes
    hash: bytes


def canonical(record: Mapping[str, object]) -> str:
    """The one spelling of a record that is hashed and stored."""
    return _encode(record)


def digest(key: bytes, prev: bytes, text: str) -> bytes:
    """HMAC-SHA256 over the previous hash and the canonical record."""
    return hmac.digest(key, prev + text.encode(), "sha256")


def signer(key: bytes) -> Callable[[bytes], bytes]:
    """HMAC-SHA256 of many messages with one key: its two blocks are hashed once for all (RFC 2104), not anew for each."""
    block = (key if len(key) <= _BLOCK else hashlib.sha256(key).digest()).ljust(_BLOCK, b"\0")
    inner, outer = (hashlib.sha256(bytes(byte ^ mask for byte in block)) for mask in (0x36, 0x5C))

    def sign(message: bytes) -> bytes:
        first, second = inner.copy(), outer.copy()
        first.update(message)
        second.update(first.digest())
        return second.digest()

    return sign


def joiner(key: bytes, *, account: uuid.UUID | None, person: uuid.UUID | None, at: datetime
           ) -> Callable[[int, bytes, Entry], Link]:
    """Adds entries of one act, each after the (seq, prev) given with it.

    The record is spelled out at once, its names in their order: what `canonical` gives, which `verify` compares with. What the
    entries of an act have in common is spelled once.
    """
    before = f'{{"account":{_name(account)},"at":"{at.isoformat()}","chain":"'
    by = f',"person":{_name(person)}'
    sign = signer(key)
    common: dict[tuple[str | None, ...], tuple[str, str]] = {}

    def join(seq: int, prev: bytes, entry: Entry) -> Link:
        chain_id, org_key, machine, subject, event, source, target, version, reason, details = entry
        alike = (org_key, machine, event, source, target, reason)
        if (words := common.get(alike)) is None:
            words = common[alike] = (
                f'"event":{quoted(event)}{"" if source is None else f""","from":{quoted(source)}"""},"machine":{quoted(machine)}'
                f',"org":{quoted(org_key)}{by}{"" if reason is None else f""","reason":{quoted(reason)}"""},"seq":',
                "" if target is None else f',"to":{quoted(target)}')
        chain = spelled(chain_id)
        text = (f'{before}{chain}",{details_of(details) if details else ""}{words[0]}{seq + 1},"subject":"'
                f'{chain if subject.int == chain_id.int else spelled(subject)}"{words[1]}'
                f'{"" if version is None else f""","version":{version}"""}}}')
        return Link(entry, seq + 1, text, prev, sign(prev + text.encode()))

    return join


def spelled(one: uuid.UUID) -> str:
    """What `str` gives, in half the time."""
    digits = f"{one.int:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _name(one: uuid.UUID | None) -> str:
    return f'"{one}"' if one else "null"


def details_of(details: Mapping[str, object]) -> str:
    """The member `details` of a record, spelled canonically, with a comma after it."""
    words = []
    for name in sorted(details):
        value = details[name]
        if value.__class__ is str:
            words.append(f"{quoted(name)}:{quoted(value)}")
        elif value.__class__ is int:
            words.append(f"{quoted(name)}:{value}")
        else:
            return f'"details":{canonical(dict(details))},'
    return f'"details":{{{",".join(words)}}},'
