"""The link: canonical JSON and HMAC. Pure, so that the verifier and the writer cannot drift apart."""

from __future__ import annotations

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


def joiner(key: bytes, *, account: uuid.UUID | None, person: uuid.UUID | None, at: datetime
           ) -> Callable[[int, bytes, Entry], Link]:
    """Adds entries of one act, each after the (seq, prev) given with it.

    The record is spelled out at once, its names in their order: what `canonical` gives, which `verify` compares with.
    """
    before = f'{{"account":{_name(account)},"at":"{at.isoformat()}","chain":"'
    by = f',"person":{_name(person)}'

    def join(seq: int, prev: bytes, entry: Entry) -> Link:
        chain_id, org_key, machine, subject, event, source, target, version, reason, details = entry
        text = (
            f'{before}{chain_id}",{details_of(details) if details else ""}"event":{quoted(event)}'
            f'{"" if source is None else f""","from":{quoted(source)}"""},"machine":{quoted(machine)},"org":{quoted(org_key)}{by}'
            f'{"" if reason is None else f""","reason":{quoted(reason)}"""},"seq":{seq + 1},"subject":"{subject}"'
            f'{"" if target is None else f""","to":{quoted(target)}"""}{"" if version is None else f""","version":{version}"""}}}')
        return Link(entry, seq + 1, text, prev, hmac.digest(key, prev + text.encode(), "sha256"))

    return join


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
