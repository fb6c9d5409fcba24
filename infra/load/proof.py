"""After the load: everything that was told to be written is there, once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from infra.load.caller import Write
from infra.load.house import TOP
from services.core.crypto import key_ring
from services.core.db import Database
from services.evidence.conversation import WORDS

# What each kind of write is found by; the statement gives (where, how often).
_FOUND = {
    "报案": "SELECT hospital, count(*) FROM case_file WHERE reported_at >= :since GROUP BY 1",
    "上传": "SELECT sha256, count(*) FROM paper WHERE uploaded_at >= :since GROUP BY 1",
    "通过": "SELECT concat(c.claim_no, ' ', s.done_by), count(*) FROM review_step s JOIN claim c ON c.id = s.claim_id"
          " WHERE s.state = 'passed' AND s.done_at >= :since GROUP BY 1",
    "答复清单": "SELECT i ->> 'note', count(DISTINCT s.id) FROM supplement s, jsonb_array_elements(s.items) i"
            " WHERE i ->> 'state' = 'unavailable' GROUP BY 1",
}


@dataclass(frozen=True, slots=True)
class Proof:
    """Writes by kind: told, and of these not there or there twice; `untold`: never taken, however often they were sent."""

    told: Mapping[str, int]
    lost: list[str]
    doubled: list[str]
    untold: int


def prove(db: Database, writes: Iterable[Write], since: datetime) -> Proof:
    """Look for every write."""
    with db.view(TOP) as session:
        found = {kind: Counter({row[0]: row[1] for row in session.execute(sa.text(query), {"since": since})})
                 for kind, query in _FOUND.items()}
        found["留言"] = _messages(session, since)
    told, lost, doubled, untold = Counter[str](), list[str](), list[str](), 0
    for write in writes:
        times = found[write.kind.split()[0]][write.where]
        if times > 1:
            doubled.append(f"{write.kind} {write.where}: {times} times")
        if not write.told:
            untold += 1
            continue
        told[write.kind] += 1
        if not times:
            lost.append(f"{write.kind} {write.where}")
    return Proof(told, lost, doubled, untold)


def _messages(session: Session, since: datetime) -> Counter[str]:
    rows = session.execute(sa.text("SELECT words_sealed FROM claim_message WHERE at >= :since"), {"since": since})
    return Counter(key_ring().open(bytes(row[0]), field=WORDS) for row in rows)
