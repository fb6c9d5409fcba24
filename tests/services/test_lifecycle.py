"""`fire`: one or many rows, all or none, with audit, clocks and outbox in the same transaction."""

from __future__ import annotations

import threading
import time
import uuid
from datetime import date, datetime

import psycopg
import pytest
import sqlalchemy as sa

from services.access.actor import Actor, system
from services.audit.chain import Entry
from services.audit.service import append
from services.audit.verify import verify
from services.core.db import Database, Scope
from services.core.errors import Conflict, GuardFailed, NotFound, NotPermitted
from services.core.ids import uuidv7
from services.lifecycle.create import create
from services.lifecycle.service import Move, fire
from services.models import Case, Claim, Cover, Organisation, Person, SlaClock

ROOT = Scope("cn")


def seed(db: Database, now: datetime, count: int, *, unit: str = "cn.nx.u1.") -> list[uuid.UUID]:
    """Claims in `reported`, complete and ready to verify, without going through the stages."""
    with db.unit_of_work(ROOT) as session:
        org = Organisation(org_key=unit, name="测试单位", kind="unit")
        person = Person(name="马秀英", id_number_sealed=b"x", id_number_index=uuidv7().bytes, born=date(1985, 3, 7), sex="F",
                        created_at=now)
        session.add_all([org, person])
        session.flush()
        cover = Cover(org_key=unit, plan="nx-ankangbao", plan_from=date(2019, 1, 3), person_id=person.id, org_id=org.id,
                      effective=date(2026, 1, 1), until=date(2026, 12, 31), premium_fen=10000,
                      certificate_no=str(uuid.uuid4()), created_at=now)
        case = Case(org_key=unit, case_no=str(uuid.uuid4()), person_id=person.id, org_id=org.id, event_kind="diagnosis",
                    diagnosed_on=date(2026, 3, 16), reported_on=date(2026, 3, 20), reported_at=now, reported_by=uuidv7(),
                    reporter_name="马秀英", channel="clerk", last_timely_day=date(2026, 3, 26), count_words="")
        session.add_all([cover, case])
        session.flush()
        claims = [Claim(org_key=unit, state="reported", claim_no=str(uuid.uuid4()), code="A", case_id=case.id,
                        person_id=person.id, cover_id=cover.id, plan="nx-ankangbao", plan_from=date(2019, 1, 3),
                        route="office", event={}, digest="d", required=[], banks=[], identity_matched=True,
                        created_at=now, updated_at=now) for _ in range(count)]
        create(session, "claim", claims, actor=system("cn"), now=now)
        return [claim.id for claim in claims]


def clerk(org_key: str = "cn.nx.u1.") -> Actor:
    """A unit clerk who is nobody's relative."""
    return Actor(uuidv7(), uuidv7(), org_key, "经办", frozenset({"unit_clerk"}))


def state_of(db: Database, claim_id: uuid.UUID) -> tuple[str, int]:
    with db.view(ROOT) as session:
        row = session.execute(sa.select(Claim.state, Claim.version).where(Claim.id == claim_id)).one()  # type: ignore[arg-type]
        return row[0], row[1]


def test_one_claim_moves_with_record_clock_and_work(db: Database, now: datetime) -> None:
    [claim_id] = seed(db, now, 1)
    with db.unit_of_work(clerk().scope) as session:
        [moved] = fire(session, "claim", "verify", [Move(claim_id, version=1)], actor=clerk(), now=now)
    assert (moved.source, moved.target, moved.version) == ("reported", "verified", 2)
    assert state_of(db, claim_id) == ("verified", 2)
    with db.view(ROOT) as session:
        assert verify(session) == []
        clocks = {row.kind: row for row in session.execute(sa.select(SlaClock)).scalars()}
        assert clocks["verification"].state == "stopped"
        assert clocks["pay"].due_on == date(2026, 4, 13)      # 15 working days from 2026-03-20, Qingming skipped
        topics = session.execute(sa.text("SELECT topic FROM outbox ORDER BY id")).scalars().all()
    assert topics == ["claim.create", "claim.verify"]


def test_two_hundred_move_in_one_call(db: Database, now: datetime) -> None:
    ids = seed(db, now, 200)
    actor = clerk()
    with db.unit_of_work(actor.scope) as session:
        moved = fire(session, "claim", "verify", [Move(i) for i in ids], actor=actor, now=now)
    assert {m.target for m in moved} == {"verified"} and len(moved) == 200
    with db.view(ROOT) as session:
        assert verify(session) == []
        assert session.execute(sa.text("SELECT count(*) FROM audit_record")).scalar_one() == 400


def test_a_stale_version_is_a_conflict_and_nothing_moves(db: Database, now: datetime) -> None:
    ids = seed(db, now, 2)
    with pytest.raises(Conflict) as error, db.unit_of_work(clerk().scope) as session:
        fire(session, "claim", "verify", [Move(ids[0], version=1), Move(ids[1], version=7)], actor=clerk(), now=now)
    assert error.value.code == "stale_version"
    assert [state_of(db, i) for i in ids] == [("reported", 1), ("reported", 1)]


def test_a_guard_names_its_reason(db: Database, now: datetime, superuser: psycopg.Connection[tuple[object, ...]]) -> None:
    [claim_id] = seed(db, now, 1)
    superuser.execute("UPDATE claim SET required = '[\"pathology\"]'")
    with pytest.raises(GuardFailed) as error, db.unit_of_work(clerk().scope) as session:
        fire(session, "claim", "verify", [Move(claim_id)], actor=clerk(), now=now)
    assert error.value.code == "papers_incomplete"


def test_the_claimants_kin_may_not_verify(db: Database, now: datetime,
                                          superuser: psycopg.Connection[tuple[object, ...]]) -> None:
    [claim_id] = seed(db, now, 1)
    actor = clerk()
    with db.unit_of_work(ROOT) as session:
        husband = Person(id=actor.person_id, name="丈夫", id_number_sealed=b"x", id_number_index=b"husband",
                         born=date(1984, 1, 1), sex="M", created_at=now)
        session.add(husband)
    superuser.execute("INSERT INTO family_tie SELECT person_id, %s, 'spouse' FROM claim", (actor.person_id,))
    with pytest.raises(GuardFailed) as error, db.unit_of_work(actor.scope) as session:
        fire(session, "claim", "verify", [Move(claim_id)], actor=actor, now=now)
    assert error.value.code == "actor_on_claimant_side"


def test_another_organisation_sees_nothing(db: Database, now: datetime) -> None:
    [claim_id] = seed(db, now, 1)
    stranger = clerk("cn.nx.u2.")
    with pytest.raises(NotFound), db.unit_of_work(stranger.scope) as session:
        fire(session, "claim", "verify", [Move(claim_id)], actor=stranger, now=now)


def test_a_role_without_the_event_is_refused(db: Database, now: datetime) -> None:
    [claim_id] = seed(db, now, 1)
    auditor = Actor(uuidv7(), uuidv7(), "cn.", "审计", frozenset({"auditor"}))
    with pytest.raises(NotPermitted), db.unit_of_work(auditor.scope) as session:
        fire(session, "claim", "verify", [Move(claim_id)], actor=auditor, now=now)


def test_an_event_the_state_does_not_know_is_a_conflict(db: Database, now: datetime) -> None:
    [claim_id] = seed(db, now, 1)
    with pytest.raises(Conflict) as error, db.unit_of_work(ROOT) as session:
        fire(session, "claim", "settle", [Move(claim_id)], actor=system("cn"), now=now)
    assert error.value.code == "event_not_allowed"


def test_row_security_hides_foreign_rows_even_from_plain_sql(db: Database, now: datetime) -> None:
    seed(db, now, 1)
    seed(db, now, 1, unit="cn.xj.u9.")
    with db.view(Scope("cn.xj")) as session:
        keys = set(session.execute(sa.text("SELECT org_key FROM claim")).scalars())
        everywhere = session.execute(sa.text("SELECT count(*) FROM audit_record")).scalar_one()
    assert keys == {"cn.xj.u9."} and everywhere == 1
    with db.view(Scope("")) as session:
        assert session.execute(sa.text("SELECT count(*) FROM claim")).scalar_one() == 0
    with psycopg.connect(db.url) as connection, pytest.raises(psycopg.errors.UndefinedObject):
        connection.execute("SELECT count(*) FROM claim")   # no scope was ever set: refused
    with psycopg.connect(db.url) as connection:
        row = connection.execute(
            "SELECT rolsuper OR rolbypassrls OR rolcreaterole FROM pg_roles WHERE rolname = current_user").fetchone()
        assert row == (False,)


def test_the_application_cannot_rewrite_the_record(db: Database, now: datetime) -> None:
    seed(db, now, 1)
    for statement in ("UPDATE audit_record SET event = 'x'", "DELETE FROM audit_record", "DROP TABLE claim"):
        with pytest.raises(sa.exc.ProgrammingError), db.unit_of_work(ROOT) as session:
            session.execute(sa.text(statement))


def test_a_move_that_waited_for_a_lock_judges_what_is_true_then(db: Database, now: datetime,
                                                                superuser: psycopg.Connection[tuple[object, ...]]) -> None:
    """While one transaction takes a required paper away, another wants to verify: it waits, then it is refused."""
    [claim_id] = seed(db, now, 1)
    superuser.execute("UPDATE claim SET required = '[\"pathology\"]'")
    superuser.execute("INSERT INTO paper (id, org_key, claim_id, kind, sha256, mime, size, file_name, verdict, uploaded_at)"
                      " VALUES (gen_random_uuid(), 'cn.nx.u1.', %s, 'pathology', 'h', 'm', 1, 'f', 'accepted', now())",
                      (claim_id,))
    outcome: list[str] = []

    def verify_meanwhile() -> None:
        try:
            with db.unit_of_work(clerk().scope) as session:
                fire(session, "claim", "verify", [Move(claim_id)], actor=clerk(), now=now)
            outcome.append("moved")
        except GuardFailed as error:
            outcome.append(error.code)

    with db.unit_of_work(ROOT) as session:
        append(session, [Entry(claim_id, "cn.nx.u1.", "claim", claim_id, "paper_rejected")], account=None, person=None, at=now)
        other = threading.Thread(target=verify_meanwhile)
        other.start()
        while not superuser.execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchone():
            time.sleep(0.01)
        session.execute(sa.text("UPDATE paper SET verdict = 'rejected'"))
    other.join()
    assert outcome == ["papers_incomplete"]
