"""The record that is hashed is spelled out at once; it must be the very text that canonical JSON gives."""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from datetime import UTC, datetime

from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.audit.chain import Entry, joiner

KEY, AT = b"k" * 32, datetime(2026, 3, 20, 2, 0, 0, 7, tzinfo=UTC)
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
values = st.recursive(st.none() | st.booleans() | st.integers() | words, lambda deeper: st.lists(deeper, max_size=2)
                      | st.dictionaries(words, deeper, max_size=2), max_leaves=4)


@settings(max_examples=150, deadline=None)
@given(machine=words, event=words, org=words, source=st.none() | words, target=st.none() | words, reason=st.none() | words,
       version=st.none() | st.integers(1, 99), named=st.booleans(),
       details=st.dictionaries(words, words | st.integers(), max_size=3) | st.dictionaries(words, values, max_size=3),
       seq=st.integers(0, 10**6))
@example(machine="m", event="e", org="cn.", source=None, target=None, reason=None, version=None, details={"b": 1, "a": "\u2028\""},
         named=True, seq=0)
def test_a_link_is_canonical_json_and_its_hash(machine: str, event: str, org: str, source: str | None, target: str | None,
                                               reason: str | None, version: int | None, details: dict[str, object],
                                               named: bool, seq: int) -> None:
    chain, subject, person = uuid.uuid4(), uuid.uuid4(), uuid.uuid4() if named else None
    record: dict[str, object] = {"chain": str(chain), "seq": seq + 1, "machine": machine, "subject": str(subject), "event": event,
                                 "at": "2026-03-20T02:00:00.000007+00:00", "account": None,
                                 "person": str(person) if person else None, "org": org}
    optional = {"from": source, "to": target, "version": version, "reason": reason, "details": details or None}
    record |= {name: value for name, value in optional.items() if value is not None}
    text = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    link = joiner(KEY, account=None, person=person, at=AT)(
        seq, b"before", Entry(chain, org, machine, subject, event, source, target, version, reason, details))
    assert (link.text, link.seq, link.prev) == (text, seq + 1, b"before")
    assert link.hash == hmac.new(KEY, b"before" + text.encode(), hashlib.sha256).digest()
