"""Branches move and units merge with all their rows: running claims go on, records stay whole, nothing is left behind."""

from __future__ import annotations

import threading
import time
from datetime import date, datetime

import pytest
import sqlalchemy as sa
from sqlmodel import select

from services.access import service as access
from services.access.actor import Actor
from services.core.db import Database, Scope
from services.core.errors import Conflict, HuzhuError, NotFound, NotPermitted
from services.enrolment import service, tree
from services.enrolment.queries import organisations_under
from services.intake import service as intake
from services.models import AuditRecord, Claim, Decision, FormerKey, Organisation
from services.simulate.synthetic import synthetic_person
from tests.services.organisation_world import CN, TSD, U1, Superuser, add, again, clean, stray
from tests.services.review_world import MALIGNANT, in_review, levels, passes, report
from tests.support.road import decided, pay
from tests.support.world import ROOT, World, build_world


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def test_a_unit_moves_with_its_claims_and_they_go_on(world: World, now: datetime, superuser: Superuser) -> None:
    """Paid, waiting at the old district, and just reported: all three are found at the new one."""
    paid = decided(world, 1, now)
    pay(world, [paid], now)
    waiting = in_review(world, 2, now)
    passes(world, waiting, "xj.clerk", now)
    fresh = report(world, 0, now)
    old_district = world.actor("xj.district")
    with world.db.unit_of_work(CN) as session:
        add(session, world, "cn.xj.wlmq.", "sbk", "district", now)
        person = service.add_person(session, name="示例", id_number=synthetic_person(77).id_number, actor=ROOT, now=now)
        new_district = access.open_account(session, login="sbk", name="新区", org_id=world.org("cn.xj.wlmq.sbk."),
                                           roles=["district_reviewer"], person_id=person.id, actor=world.actor("admin"), now=now)
        world.tokens["sbk"] = access.issue_token(session, account_id=new_district.id, expires_at=datetime.max.replace(tzinfo=now.tzinfo),
                                                 actor=world.actor("admin"), now=now)
    assert ("district", "open", TSD) in levels(world.db, waiting)
    admin = world.actor("xj.admin")
    with world.db.unit_of_work(admin.scope) as session:
        moved = service.move_organisation(session, org_id=world.org(U1), parent_id=world.org("cn.xj.wlmq.sbk."), why="区划调整",
                                          version=1, actor=admin, now=now)
        assert (moved.org_key, moved.version) == ("cn.xj.wlmq.sbk.u001.", 2)
    assert stray(superuser, U1) == []
    clean(world)
    # The level at the district is the new district's now; the old one's reviewer no longer sees the claim.
    assert ("district", "open", "cn.xj.wlmq.sbk.") in levels(world.db, waiting)
    with world.db.view(old_district.scope) as session:
        assert session.exec(select(Claim.id)).all() == []
        assert session.exec(select(AuditRecord.seq).where(AuditRecord.chain_id == waiting)).all() != []
    sbk = again(world, "sbk", now)
    with world.db.view(sbk.scope) as session:
        seen = session.exec(select(AuditRecord).where(AuditRecord.chain_id == waiting).order_by(sa.column("seq"))).all()
        assert {record.org_key for record in seen} == {U1, "cn.xj.wlmq.sbk.u001."}      # the old ones under the old key
        assert session.exec(select(Decision.claim_id)).all() == [paid]
    assert seen[-1].event == "moved"
    assert seen[-1].record["details"] == {"from": U1, "to": "cn.xj.wlmq.sbk.u001."}
    for login in ("sbk", "xj.office1", "xj.senior", "xj.head"):
        again(world, login, now)
        if passes(world, waiting, login, now).decided_fen:
            break
    assert again(world, "xj.clerk", now).org_key == "cn.xj.wlmq.sbk.u001."
    with world.db.view(world.actor("xj.clerk").scope) as session:
        assert set(session.exec(select(Claim.id)).all()) == {paid, waiting, fresh}
    clean(world)
    with world.db.view(CN) as session:
        last = tree.history(session, world.org(U1))[-1]
        assert (last.kind, last.from_key, last.to_key, last.why) == ("moved", U1, "cn.xj.wlmq.sbk.u001.", "区划调整")
        assert tree.find(session, U1).id == world.org(U1)        # the old key still resolves


def test_moves_that_cannot_be(world: World, now: datetime) -> None:
    admin = world.actor("admin")
    with world.db.unit_of_work(CN) as session:
        add(session, world, "cn.xj.wlmq.", "sbk", "district", now)
        add(session, world, "cn.xj.wlmq.sbk.", "u002", "unit", now)

    def move(org: str, parent: str, actor: Actor = admin) -> None:
        with world.db.unit_of_work(actor.scope) as session:
            service.move_organisation(session, org_id=world.org(org), parent_id=world.org(parent), why="x", actor=actor, now=now)

    for org, parent, code in (("cn.xj.wlmq.", TSD, "org_circle"), (U1, TSD, "org_there_already"), ("cn.", TSD, "org_root"),
                              (U1, U1, "org_circle"), ("cn.xj.wlmq.tsd.u002.", "cn.xj.wlmq.sbk.", "org_exists")):
        with pytest.raises(HuzhuError, match=code):
            move(org, parent)
    with pytest.raises(NotFound):
        move(U1, "cn.nx.yc.xq.", world.actor("xj.admin"))         # beyond the administrator's own region
    with pytest.raises(NotPermitted):
        move(U1, "cn.xj.wlmq.sbk.", world.actor("xj.head"))
    move(U1, "cn.xj.wlmq.sbk.")
    with world.db.unit_of_work(CN) as session, pytest.raises(Conflict, match="org_key_used"):
        add(session, world, TSD, "u001", "unit", now)             # records under the old key speak of the moved one
    move(U1, TSD)                                                 # back to where it was
    with world.db.view(CN) as session:
        assert [row.former_key for row in session.exec(select(FormerKey)).all()] == ["cn.xj.wlmq.sbk.u001."]


def test_a_writer_that_read_the_old_key_is_refused(world: World, now: datetime) -> None:
    """Its transaction is tried again and then reads the new one; nothing is left behind under a former key."""
    with world.db.unit_of_work(CN) as session:
        add(session, world, "cn.xj.wlmq.", "sbk", "district", now)
        service.move_organisation(session, org_id=world.org(U1), parent_id=world.org("cn.xj.wlmq.sbk."), why="x",
                                  actor=world.actor("admin"), now=now)
    with pytest.raises(sa.exc.OperationalError, match="organisation moved"), world.db.unit_of_work(CN) as session:
        session.execute(sa.text("INSERT INTO case_file SELECT (json_populate_record(NULL::case_file, to_json(c))).* FROM ("
                                "SELECT gen_random_uuid() AS id, CAST(:key AS text) AS org_key, 'x' AS case_no, p.id AS person_id,"
                                " CAST(:org AS uuid) AS org_id, 'diagnosis' AS event_kind, DATE '2026-03-01' AS diagnosed_on,"
                                " DATE '2026-03-01' AS reported_on, now() AS reported_at, 'x' AS reporter_name, 'clerk' AS channel,"
                                " DATE '2026-03-11' AS last_timely_day, 'x' AS count_words, false AS late, '[]'::json AS answers"
                                " FROM person p LIMIT 1) c"), {"key": U1, "org": world.org(U1)})


def test_a_report_under_way_is_waited_for_and_moves_along(world: World, now: datetime, superuser: Superuser) -> None:
    """The report has written its case but not committed; the move waits for it and leaves nothing behind."""
    with world.db.unit_of_work(CN) as session:
        add(session, world, "cn.xj.wlmq.", "sbk", "district", now)
    written, waited = threading.Event(), threading.Event()
    member, clerk = world.member(0, "xj"), world.actor("xj.clerk")

    def reporting() -> None:
        with world.db.unit_of_work(clerk.scope) as session:
            intake.report(session, person_id=member.person_id, event=MALIGNANT, channel="clerk", actor=clerk, now=now)
            written.set()
            assert waited.wait(20)

    def moving() -> None:
        with world.db.unit_of_work(CN) as session:
            service.move_organisation(session, org_id=world.org(U1), parent_id=world.org("cn.xj.wlmq.sbk."), why="x",
                                      actor=world.actor("admin"), now=now)

    threads = [threading.Thread(target=reporting), threading.Thread(target=moving)]
    threads[0].start()
    assert written.wait(20)
    threads[1].start()
    blocked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    deadline = time.monotonic() + 20
    while superuser.execute(blocked).fetchone() == (0,) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert superuser.execute(blocked).fetchone() == (1,)
    waited.set()
    for thread in threads:
        thread.join(30)
    assert stray(superuser, U1) == []
    with world.db.view(CN) as session:
        assert session.exec(select(Claim.org_key).where(Claim.person_id == member.person_id)).all() == ["cn.xj.wlmq.sbk.u001."]
    clean(world)


def test_a_merged_unit_goes_on_at_its_successor(world: World, now: datetime, superuser: Superuser) -> None:
    claim = in_review(world, 3, now)
    admin, into = world.actor("admin"), "cn.xj.wlmq.tsd.u002."
    with world.db.unit_of_work(CN) as session:
        add(session, world, U1, "w1", "womens_committee", now)
        kept = service.merge_organisation(session, org_id=world.org(U1), into_id=world.org(into), why="两厂合并", actor=admin, now=now)
        assert kept.org_key == into
    clean(world)
    assert stray(superuser, U1) == [("organisation", 1)]                       # the closed node itself, for the records
    with world.db.view(CN) as session:
        old = session.get_one(Organisation, world.org(U1))
        assert (old.closed_on, old.merged_into) == (date(2026, 3, 20), world.org(into))
        assert session.get_one(Organisation, world.orgs[f"{U1}w1."]).org_key == f"{into}w1."
        assert tree.find(session, U1).id == world.org(into)
        assert tree.find(session, f"{U1}w1.").org_key == f"{into}w1."
        assert session.get_one(Claim, claim).org_key == into
        last = tree.history(session, world.org(U1))[-1]
        assert (last.kind, last.from_key, last.to_key, last.into_id) == ("merged", U1, into, world.org(into))
    clerk = again(world, "xj.clerk", now)
    assert (clerk.org_key, clerk.has("unit_clerk")) == (into, True)
    passes(world, claim, "xj.clerk", now)
    # A late report of one of its members opens at the successor, where her cover is now.
    with world.db.unit_of_work(clerk.scope) as session:
        case = intake.report(session, person_id=world.member(4, "xj").person_id, event=MALIGNANT, channel="clerk", actor=clerk, now=now)
        assert (case.org_key, case.org_id) == (into, world.org(into))
    with world.db.unit_of_work(CN) as session:
        for code in ("organisation_closed",):
            with pytest.raises(Conflict, match=code):
                service.merge_organisation(session, org_id=world.org(U1), into_id=world.org(into), why="x", actor=admin, now=now)


def test_branches_with_the_same_codes_do_not_merge(world: World, now: datetime) -> None:
    with world.db.unit_of_work(CN) as session:
        add(session, world, "cn.xj.wlmq.", "sbk", "district", now)
        add(session, world, "cn.xj.wlmq.sbk.", "u002", "unit", now)
        with pytest.raises(Conflict, match=r"org_codes_meet.*u002"):
            service.merge_organisation(session, org_id=world.org(TSD), into_id=world.org("cn.xj.wlmq.sbk."), why="x",
                                       actor=world.actor("admin"), now=now)


_UNITS = """
    INSERT INTO organisation (id, parent_id, org_key, name, kind)
        SELECT gen_random_uuid(), %(parent)s, %(key)s || 'b' || n || '.', '示例单位' || n, 'unit' FROM generate_series(1, 10000) n;
    INSERT INTO person (id, name, id_number_sealed, id_number_index, born, sex, category, created_at)
        SELECT gen_random_uuid(), '示例', '\\x00', int4send(n), DATE '1990-01-01', 'F', 'normal', now() FROM generate_series(1, 10000) n;
    INSERT INTO cover (id, org_key, org_id, plan, plan_from, person_id, effective, until, premium_fen, certificate_no, created_at,
                       renewal, shares, relation, payer_kind)
        SELECT gen_random_uuid(), o.org_key, o.id, 'xj-women', DATE '2024-01-01', p.id, DATE '2026-01-01', DATE '2026-12-31', 0,
               'T' || o.org_key, now(), false, 1, 'employee', 'self'
        FROM (SELECT *, row_number() OVER () AS n FROM organisation WHERE name LIKE '示例单位%%') o
        JOIN (SELECT *, row_number() OVER () AS n FROM person WHERE id_number_sealed = '\\x00') p USING (n)"""


def test_a_branch_of_ten_thousand_units_moves_in_one_statement(world: World, now: datetime, superuser: Superuser) -> None:
    paid = decided(world, 1, now)
    pay(world, [paid], now)
    running = [in_review(world, 2, now), report(world, 0, now)]
    for statement in _UNITS.split(";"):
        superuser.execute(statement, {"parent": world.org(TSD), "key": TSD})
    with world.db.unit_of_work(CN) as session:
        add(session, world, "cn.xj.", "cj", "city", now)
    statements: list[str] = []

    def heard(_c: object, _k: object, statement: str, _p: object, _x: object, _m: object) -> None:
        if "UPDATE" in statement or "rekey" in statement:
            statements.append(statement)

    admin = world.actor("xj.admin")
    began = time.monotonic()
    sa.event.listen(world.db.writing, "before_cursor_execute", heard)
    with world.db.unit_of_work(admin.scope) as session:
        service.move_organisation(session, org_id=world.org(TSD), parent_id=world.org("cn.xj.cj."), why="区划调整", actor=admin, now=now)
    sa.event.remove(world.db.writing, "before_cursor_execute", heard)
    assert time.monotonic() - began < 60
    assert sum("rekey_organisations" in statement for statement in statements) == 1
    assert len(statements) < 10                      # and not one for each unit, table or claim
    assert stray(superuser, TSD) == []
    with world.db.view(CN) as session:
        assert len(organisations_under(session, "cn.xj.cj.tsd.")) == 10_003
        assert set(session.exec(select(Claim.org_key)).all()) == {"cn.xj.cj.tsd.u001."}
        assert tree.find(session, f"{TSD}b77.").org_key == "cn.xj.cj.tsd.b77."
    clean(world)
    again(world, "xj.clerk", now)
    again(world, "xj.district", now)
    passes(world, running[0], "xj.clerk", now)
    assert ("district", "open", "cn.xj.cj.tsd.") in levels(world.db, running[0])
    passes(world, running[0], "xj.district", now)
    clean(world)


def test_the_statement_keeps_to_the_callers_scope(world: World) -> None:
    """Called by hand it reaches nothing beyond what row security shows."""
    for scope, old, new in (("cn.nx", U1, "cn.nx.u001."), ("cn.nx", "cn.nx.yc.", "cn.xj.yc."), ("", U1, "cn.xj.u001."),
                            ("cn", "cn.xj.", "cn.xj.wlmq.xj.")):
        with pytest.raises(sa.exc.ProgrammingError, match="out of scope"), world.db.unit_of_work(Scope(scope)) as session:
            session.execute(sa.text("SELECT rekey_organisations(:old, :new, NULL)"), {"old": old, "new": new})
