"""The chained record as COPY lines: what `audit.chain.join` gives, spelled out at once, for records by the million.

`huzhu audit verify` recomputes every one of them from the stored JSON, so the two spellings cannot differ unseen.
"""

from __future__ import annotations

import hmac
import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from json.encoder import encode_basestring as quoted
from operator import itemgetter
from typing import NamedTuple

from services.audit.chain import details_of
from services.core.crypto import key_ring
from services.models.claim import GENESIS
from services.simulate.years.desk import Who
from services.simulate.years.rows import NULL


class Note(NamedTuple):
    """One thing that happened. `details` may still be filled until the chain is written."""

    at: datetime
    machine: str
    subject: uuid.UUID
    event: str
    source: str | None
    target: str | None
    version: int | None
    reason: str | None
    details: Mapping[str, object]
    who: Who


_moment = itemgetter(0)


def chain(chain_id: uuid.UUID, org_key: str, notes: Iterable[Note]) -> tuple[list[str], int, bytes]:
    """Lines of `audit_record` in the order of time; the chain's last place and hash."""
    key_at, head, seq, lines = key_ring().audit_key_at, GENESIS, 0, []
    chain_text, org, head_hex = str(chain_id), quoted(org_key), GENESIS.hex()
    for at, machine, subject, event, source, target, version, reason, details, who in sorted(notes, key=_moment):
        seq += 1
        moment, subject_text = at.isoformat(), str(subject)
        account, person = str(who.account) if who.account else None, str(who.person) if who.person else None
        words = (
            f'{{"account":{_name(account)},"at":"{moment}","chain":"{chain_text}",'
            f'{details_of(details) if details else ""}"event":"{event}",{_word("from", source)}"machine":"{machine}","org":{org},'
            f'"person":{_name(person)},{_word("reason", reason)}"seq":{seq},"subject":"{subject_text}"{_last(target, version)}}}')
        before, head = head_hex, hmac.digest(key_at(at), head + words.encode(), "sha256")
        head_hex = head.hex()
        if "\\" in words:
            words = words.replace("\\", "\\\\")
        lines.append(f"{chain_text}\t{seq}\t{org_key}\t{machine}\t{subject_text}\t{event}\t{account or NULL}\t{person or NULL}\t"
                     f"{moment}\t{words}\t\\\\x{before}\t\\\\x{head_hex}")
    return lines, seq, head


def _name(text: str | None) -> str:
    return f'"{text}"' if text else "null"


def _word(name: str, value: str | None) -> str:
    return "" if value is None else f'"{name}":{quoted(value)},'


def _last(target: str | None, version: int | None) -> str:
    return ("" if target is None else f',"to":"{target}"') + ("" if version is None else f',"version":{version}')
