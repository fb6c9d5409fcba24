"""One chain proven: in order, unchanged, each record after the one before, from its beginning or from where a seal left it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any

from services.audit import chain
from services.audit.spans import Head
from services.core.crypto import key_ring
from services.models.claim import GENESIS

Tail = tuple[int, bytes]

# Texts as the record spells them: no value is built only to be spelled again.
COLUMNS = ("chain_id::text, seq, org_key, machine, subject_id::text, event, account_id::text, person_id::text, at, record::text,"
           " prev, hash")


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with one chain, or with a day (`chain_id` is its date then).

    `code`: changed, removed, reordered, head_differs, tail_missing, claim_missing, chain_replaced; of a day: seal_changed,
    seal_missing, seal_losses, place_damaged, changed.
    """

    code: str
    chain_id: str
    seq: int
    message: str


_parse = json.JSONDecoder().raw_decode
_signed = itemgetter("chain", "seq", "org", "machine", "subject", "event", "account", "person")


def check(chain_id: str, records: Iterable[Any], start: Head | None = None) -> tuple[list[Finding], Tail]:
    """One chain's records in order, and its last (seq, hash). With `start` they begin with the record that was its last then."""
    key_at = key_ring().audit_key_at
    findings: list[Finding] = []
    last: int = start.seq - 1 if start and start.seq else 0
    before: bytes | None = None if last else GENESIS        # what came before a sealed end was proven by the seal
    for row in records:
        seq, text, prev, digest = row[1], row[9], row[10], row[11]
        if seq != last + 1:
            findings.append(Finding("removed", chain_id, seq, f"第{last}条之后缺第{last + 1}条"))
        if before is not None and prev != before:
            findings.append(Finding("reordered", chain_id, seq, f"第{seq}条与前一条不相接"))
        if start is not None and seq == start.seq and digest != start.hash:
            findings.append(replaced(chain_id, seq))
        record = _parse(text)[0]
        at = datetime.fromisoformat(record["at"])
        if digest != chain.digest(key_at(at), prev, chain.canonical(record)):
            findings.append(Finding("changed", chain_id, seq, f"第{seq}条内容与其校验值不符"))
        elif row[:8] != _signed(record) or at != row[8]:
            findings.append(Finding("changed", chain_id, seq, f"第{seq}条的索引列与记录内容不符"))
        last, before = seq, digest
    return findings, (last, before or GENESIS)


def shorter(chain_id: str, then: int, now: int, when: str) -> Finding:
    """A chain whose newest records are gone."""
    return Finding("tail_missing", chain_id, then, f"{when}时有{then}条，现仅{now}条")


def replaced(chain_id: str, seq: int) -> Finding:
    """A chain that says another thing at a place that was sealed."""
    return Finding("chain_replaced", chain_id, seq, f"第{seq}条不是封存时的那一条")


def gone(chain_id: str, seq: int) -> Finding:
    """Records without the claim (or run) they are of, or a sealed chain that is gone with it."""
    return Finding("claim_missing", chain_id, seq, "所属的案件、批次、名单或数据文件已不在，其记录曾在")
