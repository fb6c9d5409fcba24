"""`huzhu audit replay`: every decision comes out again from what was stored; whatever was changed is named, and only that."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import datetime

import psycopg
import pytest
import sqlalchemy as sa
from sqlmodel import Session

from services.core import embedded
from services.core.db import Database
from services.core.errors import NotFound
from services.reporting import reproducing
from services.reporting.reproducing import Replayed
from tests.support.databases import Fresh
from tests.support.road import paid_out
from tests.support.simulated import ROOT, fill
from tests.support.world import ROOT as OFFICE
from tests.support.world import build_world

PARTS = {"record", "move", "benefit", "decision", "clock", "person", "money"}


def again(db: Database, claim: uuid.UUID) -> Replayed:
    with db.view(OFFICE.scope) as session:
        [found] = reproducing.replay(session, [claim])
    return found


@pytest.fixture(scope="module")
def paid(server: str) -> Iterator[tuple[Fresh, uuid.UUID]]:
    """A claim on its real road to the money."""
    db = Fresh(server)
    now = datetime.fromisoformat("2026-03-20T09:00:00+08:00")
    yield db, paid_out(build_world(db, now), 1, now)
    db.drop()


def test_a_claims_whole_road_comes_out_again(paid: tuple[Fresh, uuid.UUID]) -> None:
    found = again(*paid)
    assert [line for line in found.lines if not line.agrees] == []
    assert {line.part for line in found.lines} == PARTS
    sheets = [line for line in found.lines if line.part == "benefit" and "留痕" not in line.what]
    assert len(sheets) >= 2 and any("决定所依据" in line.what for line in sheets)
    assert any(line.part == "clock" and "2026" in line.again and "工作日" in line.what for line in found.lines)


@pytest.mark.parametrize(("change", "parts"), [
    ("UPDATE worksheet SET input = jsonb_set(input, '{cover,shares}', '2') WHERE frozen", {"benefit"}),
    ("UPDATE worksheet SET output = jsonb_set(output, '{lines,0,clause}', '\"他条\"') WHERE frozen", {"benefit"}),
    ("UPDATE worksheet SET total_fen = total_fen - 100 WHERE frozen", {"benefit", "decision"}),
    ("UPDATE worksheet SET rule_digest = repeat('0', 64) WHERE frozen", {"benefit"}),
    ("UPDATE decision SET amount_fen = amount_fen + 100", {"decision", "money"}),
    ("UPDATE decision SET worksheet_id = (SELECT id FROM worksheet WHERE NOT frozen LIMIT 1)", {"decision"}),
    ("UPDATE sla_clock SET due_on = due_on + 1 WHERE kind = 'pay'", {"clock"}),
    ("UPDATE sla_clock SET pauses = '[[\"2026-03-23\", \"2026-03-25\"]]' WHERE kind = 'pay'", {"clock"}),
    ("UPDATE sla_clock SET calendar = 'unknown' WHERE kind = 'verification'", {"clock"}),
    ("UPDATE sla_clock SET kept = false WHERE kind = 'pay'", {"clock"}),
    ("UPDATE review_step SET done_person = (SELECT verified_person FROM claim LIMIT 1) WHERE decides", {"person"}),
    ("UPDATE claim SET state = 'refused'", {"move"}),
    ("UPDATE audit_record SET record = jsonb_set(record, '{to}', '\"refused\"') WHERE event = 'approve'", {"record", "move"}),
    ("UPDATE claim SET audit_seq = audit_seq + 1", {"record"}),
    ("UPDATE claim SET audit_head = decode(repeat('00', 32), 'hex')", {"record"}),
])
def test_what_was_changed_is_named(paid: tuple[Fresh, uuid.UUID], change: str, parts: set[str]) -> None:
    """Changed past row security in a transaction that is given up."""
    db, claim = paid
    past_row_security = sa.create_engine("postgresql+psycopg://", poolclass=sa.NullPool,
                                         creator=lambda: psycopg.connect(embedded.with_user(db.url, "postgres")))
    with Session(past_row_security) as session:
        session.execute(sa.text("SET LOCAL session_replication_role = replica"))
        session.execute(sa.text(change))
        [found] = reproducing.replay(session, [claim])
    assert {line.part for line in found.differing} == parts, found.differing


def test_a_claim_whose_records_are_all_gone_does_not_come_out_clean(paid: tuple[Fresh, uuid.UUID]) -> None:
    db, claim = paid
    past_row_security = sa.create_engine("postgresql+psycopg://", poolclass=sa.NullPool,
                                         creator=lambda: psycopg.connect(embedded.with_user(db.url, "postgres")))
    with Session(past_row_security) as session:
        session.execute(sa.text("SET LOCAL session_replication_role = replica"))
        session.execute(sa.text("DELETE FROM audit_record WHERE chain_id = :id"), {"id": claim})
        [found] = reproducing.replay(session, [claim])
    assert [line.again for line in found.differing if line.part == "record"] == ["共 0 条，与案件所载末条不符"]


def test_every_simulated_decision_comes_out_again(db: Database) -> None:
    fill(db)
    with db.view(ROOT) as session:
        found = reproducing.replay(session, reproducing.ids_after(session, uuid.UUID(int=0), 1000))
    assert [(one.claim.claim_no, line) for one in found for line in one.differing] == []
    count = Counter(line.part for one in found for line in one.lines)
    assert len(found) == 300 and count["benefit"] > 900 and count["clock"] > 3000 and count["decision"] > 500 and count["person"] > 1000


def test_a_claim_out_of_sight_is_not_there(paid: tuple[Fresh, uuid.UUID]) -> None:
    db, claim = paid
    with db.view(OFFICE.scope) as session:
        number = str(session.execute(sa.text("SELECT claim_no FROM claim WHERE id = :id"), {"id": claim}).scalar_one())
        assert reproducing.of_number(session, f" {number.lower()} ") == claim
        with pytest.raises(NotFound, match="没有案件"):
            reproducing.of_number(session, "XJ0000")
