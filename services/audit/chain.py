"""The link: canonical JSON and HMAC. Pure, so that the verifier and the writer cannot drift apart."""

from __future__ import annotations

import hmac
import json
import uuid
from dataclasses import dataclass, field
from datetime import datetime

_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


@dataclass(frozen=True, slots=True)
class Entry:
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
    details: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Link:
    """An entry in its place: the row to write and the chain's new head."""

    entry: Entry
    seq: int
    text: str
    prev: bytes
    hash: bytes


def canonical(record: dict[str, object]) -> str:
    """The one spelling of a record that is hashed and stored."""
    return _encode(record)


def digest(key: bytes, prev: bytes, text: str) -> bytes:
    """HMAC-SHA256 over the previous hash and the canonical record."""
    return hmac.digest(key, prev + text.encode(), "sha256")


def join(key: bytes, seq: int, prev: bytes, entry: Entry, *,
         account: uuid.UUID | None, person: uuid.UUID | None, at: datetime) -> Link:
    """Add one entry after (seq, prev)."""
    record: dict[str, object] = {
        "chain": str(entry.chain_id), "seq": seq + 1, "machine": entry.machine, "subject": str(entry.subject_id),
        "event": entry.event, "at": at.isoformat(), "account": str(account) if account else None,
        "person": str(person) if person else None, "org": entry.org_key}
    optional = {"from": entry.source, "to": entry.target, "version": entry.version, "reason": entry.reason,
                "details": entry.details or None}
    record.update({name: value for name, value in optional.items() if value is not None})
    text = canonical(record)
    return Link(entry, seq + 1, text, prev, digest(key, prev, text))
