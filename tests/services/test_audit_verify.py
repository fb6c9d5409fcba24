"""`huzhu audit verify`: a changed, removed, reordered or re-chained row is named, and so is a missing newest row."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import uuid
from datetime import datetime

import psycopg
import pytest
import sqlalchemy as sa

from services.audit.verify import verify, verify_all
from services.core.clock import business_day
from services.core.db import Database
from services.core.settings import settings
from services.models import AuditHead
from tests.support.road import decided
from tests.support.simulated import ROOT as NATION
from tests.support.simulated import fill
from tests.support.world import ROOT, World, build_world

Superuser = psycopg.Connection[tuple[object, ...]]


@pytest.fixture
def claim_id(db: Database, now: datetime) -> uuid.UUID:
    world: World = build_world(db, now)
    claim = decided(world, 1, now)
    sealed_as_before(db, now)
    return claim


def sealed_as_before(db: Database, now: datetime) -> None:
    """A day's head as releases up to 0.8 wrote it, spelled by the format's own words."""
    day = business_day(now)
    with db.unit_of_work(ROOT.scope) as session:
        heads: dict[str, list[object]] = {str(chain): [seq, head.hex()] for chain, seq, head in session.execute(sa.text(
            "SELECT id, audit_seq, audit_head FROM claim UNION ALL SELECT id, audit_seq, audit_head FROM payment_run"))}
        key = base64.b64decode(json.loads(settings().key_ring.read_text())["audit_key"])
        content = hashlib.sha256(day.isoformat().encode()).digest() + json.dumps(
            heads, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        session.add(AuditHead(day=day, chains=len(heads), records=0, heads=heads, digest=hmac.digest(key, content, "sha256"), at=now))


def findings(db: Database) -> set[str]:
    with db.view(ROOT.scope) as session:
        return {finding.code for finding in verify(session)}


def test_an_untouched_record_verifies(db: Database, claim_id: uuid.UUID) -> None:
    assert findings(db) == set()


def test_a_changed_row_is_named(db: Database, claim_id: uuid.UUID, superuser: Superuser) -> None:
    superuser.execute("UPDATE audit_record SET record = jsonb_set(record, '{event}', '\"refuse\"') WHERE seq = 3")
    assert findings(db) == {"changed"}


def test_a_changed_column_beside_the_record_is_named(db: Database, claim_id: uuid.UUID, superuser: Superuser) -> None:
    superuser.execute("UPDATE audit_record SET person_id = gen_random_uuid() WHERE seq = 3")
    assert findings(db) == {"changed"}


def test_a_removed_row_is_named(db: Database, claim_id: uuid.UUID, superuser: Superuser) -> None:
    superuser.execute("DELETE FROM audit_record WHERE chain_id = %s AND seq = 3", (claim_id,))
    assert {"removed", "reordered"} <= findings(db)


def test_reordered_rows_are_named(db: Database, claim_id: uuid.UUID, superuser: Superuser) -> None:
    for old, new in ((3, 9003), (4, 3), (9003, 4)):
        superuser.execute("UPDATE audit_record SET seq = %s WHERE chain_id = %s AND seq = %s", (new, claim_id, old))
    assert "reordered" in findings(db)


def test_rechained_rows_are_named(db: Database, claim_id: uuid.UUID, superuser: Superuser) -> None:
    """Remove one and link the rest again: without the key outside the database no hash fits."""
    superuser.execute("DELETE FROM audit_record WHERE chain_id = %s AND seq = 3", (claim_id,))
    superuser.execute("UPDATE audit_record SET seq = seq - 1, record = jsonb_set(record, '{seq}', to_jsonb(seq - 1))"
                      " WHERE chain_id = %s AND seq > 3", (claim_id,))
    superuser.execute("UPDATE audit_record a SET prev = b.hash FROM audit_record b WHERE b.chain_id = a.chain_id"
                      " AND b.seq = a.seq - 1 AND a.chain_id = %s AND a.seq = 3", (claim_id,))
    assert "changed" in findings(db)


def test_removed_newest_rows_are_named_even_when_the_claims_head_is_moved_back(
        db: Database, claim_id: uuid.UUID, superuser: Superuser) -> None:
    superuser.execute("DELETE FROM audit_record a WHERE chain_id = %s AND seq = (SELECT max(seq) FROM audit_record b"
                      " WHERE b.chain_id = a.chain_id)", (claim_id,))
    superuser.execute("UPDATE claim c SET audit_seq = a.seq, audit_head = a.hash FROM audit_record a"
                      " WHERE a.chain_id = c.id AND a.seq = c.audit_seq - 1")
    assert findings(db) == {"tail_missing"}


def test_a_head_of_before_that_was_changed_is_named(db: Database, claim_id: uuid.UUID, superuser: Superuser) -> None:
    superuser.execute("UPDATE audit_head SET heads = jsonb_set(heads, ARRAY[%s, '0'], '1')", (str(claim_id),))
    assert findings(db) == {"changed"}


def test_records_without_their_claim_are_named(db: Database, claim_id: uuid.UUID, superuser: Superuser) -> None:
    superuser.execute("UPDATE audit_record SET chain_id = %s WHERE chain_id = %s", (uuid.uuid4(), claim_id))
    assert findings(db) == {"changed", "claim_missing", "head_differs", "tail_missing"}


def test_spans_of_chains_in_two_processes_say_the_same(db: Database, superuser: Superuser) -> None:
    fill(db)
    spans: list[tuple[int, int]] = []
    assert verify_all(db, NATION, workers=2, chains_a_span=60, tell=lambda *told: spans.append(told)) == []
    assert len(spans) > 5
    first, last = superuser.execute("SELECT min(id::text), max(id::text) FROM claim").fetchone() or ("", "")
    superuser.execute("UPDATE audit_record SET event = 'refuse' WHERE seq = 1 AND chain_id IN (%s, %s)", (first, last))
    superuser.execute("UPDATE claim SET audit_seq = audit_seq + 1 WHERE id = (SELECT id FROM claim ORDER BY id OFFSET 150 LIMIT 1)")
    found = verify_all(db, NATION, workers=2, chains_a_span=60)
    assert [(finding.code, finding.seq) for finding in found if finding.code == "changed"] == [("changed", 1)] * 2
    assert {finding.chain_id for finding in found if finding.code == "changed"} == {first, last}
    assert [finding.code for finding in found if finding.code != "changed"] == ["head_differs"]
