"""A large roster is taken in at once and worked later, in the sender's own sight, once, with its progress to be seen."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from services.access import duties
from services.access import service as access
from services.access.actor import Role
from services.core.clock import business_day
from services.core.db import Database
from services.core.errors import NotPermitted
from services.enrolment import sending
from services.enrolment import service as enrolment
from services.enrolment.enrolling import Asked
from services.enrolment.sending import Waiting
from services.models import Substitute
from services.simulate.synthetic import sheet_xlsx
from tests.services.api_world import Api
from tests.services.roster_files import roster, woman
from tests.services.test_roster_joining import APRIL, OTHER, OTHER_NAME, UNIT, UNIT_NAME, enrol
from tests.support.world import NX_PLAN, ROOT, World, build_world, open_login

SuperUser = psycopg.Connection[tuple[object, ...]]
LATER = timedelta(days=15)


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Iterator[Api]:
    made = Api(db, now, tmp_path)
    yield made
    made.http.close()


def _large(people: int) -> bytes:
    """A workbook above 1 MB by a column nobody reads."""
    noise = random.Random(7)
    return sheet_xlsx([["姓名", "身份证号", "备注"], *([woman(place)["姓名"], woman(place)["身份证号"], noise.randbytes(15_000).hex()]
                                               for place in range(people))])


def _owed(world: World, roster_id: uuid.UUID, now: datetime) -> Waiting | None:
    with world.db.view(ROOT.scope) as session:
        return sending.waiting(session, roster_id, now=now)


def _work(world: World, owed: Waiting, now: datetime) -> list[tuple[str, int, int]]:
    """As the worker does; the progress it told."""
    told: list[tuple[str, int, int]] = []
    with world.db.unit_of_work(owed.actor.scope) as session:
        sending.work(session, owed, progress=lambda *step: told.append(step), now=now)
    return told


def _send(world: World, content: bytes, now: datetime, login: str = "nx.clerk", unit: str = UNIT) -> uuid.UUID:
    who = world.actor(login)
    with world.db.unit_of_work(who.scope) as session:
        return sending.send(session, content=content, asked=Asked("名单.xlsx", NX_PLAN, world.org(unit), APRIL, "self"), actor=who,
                            now=now).id


def test_a_large_upload_is_answered_before_it_is_worked(api: Api, now: datetime, superuser: SuperUser) -> None:
    words = {"plan": NX_PLAN, "org_id": str(api.world.org(UNIT)), "effective": "2026-04-01", "payer_kind": "self"}
    taken = api.upload("nx.clerk", "/rosters", _large(100), name="名单.xlsx", **words)
    assert (taken.status_code, taken.json()["state"], taken.json()["accepted"]) == (202, "waiting", 0)
    roster_id = taken.json()["id"]
    assert superuser.execute("SELECT topic, subject_id, org_key FROM outbox WHERE topic = 'roster.enrol'").fetchall() == [
        ("roster.enrol", uuid.UUID(roster_id), UNIT)]
    with api.db.unit_of_work(ROOT.scope) as session:
        sending.note(session, uuid.UUID(roster_id), 40, 100)
    shown = api.get("nx.clerk", f"/rosters/{roster_id}").json()
    assert (shown["state"], shown["checked"], shown["rows"]) == ("waiting", 40, 100)
    owed = _owed(api.world, uuid.UUID(roster_id), now)
    assert owed is not None
    # Days count from the upload: the work may be done after the effective day has begun.
    assert _work(api.world, owed, now + LATER)[-1] == ("写入", 100, 100)
    done = api.get("nx.clerk", f"/rosters/{roster_id}").json()
    assert (done["state"], done["rows"], done["checked"], done["accepted"], done["refused"]) == ("done", 100, 100, 100, {})
    assert _owed(api.world, uuid.UUID(roster_id), now) is None
    assert superuser.execute("SELECT count(*) FROM cover WHERE effective = '2026-04-01'").fetchone() == (100,)


def test_what_can_be_refused_at_once_is(api: Api, superuser: SuperUser) -> None:
    words = {"plan": NX_PLAN, "org_id": str(api.world.org(UNIT)), "effective": "2026-04-01", "payer_kind": "public"}
    assert api.upload("nx.clerk", "/rosters", _large(100), **words).json()["code"] == "payer_banned"
    assert superuser.execute("SELECT count(*) FROM outbox WHERE topic = 'roster.enrol'").fetchone() == (0,)


def test_the_worker_sees_no_more_than_the_sender(db: Database, now: datetime) -> None:
    """It runs at the root, where another unit's certificate would be in sight."""
    world = build_world(db, now)
    assert enrol(db, world, roster([woman(1), woman(2)], UNIT_NAME), now).accepted == 2
    roster_id = _send(world, roster([woman(1), woman(2)], OTHER_NAME), now, "nx.clerk2", OTHER)
    owed = _owed(world, roster_id, now)
    assert owed is not None
    _work(world, owed, now)
    with db.view(ROOT.scope) as session:
        faults = session.execute(sa.text("SELECT faults FROM roster_import WHERE id = :id"), {"id": roster_id}).scalar_one()
    assert [fault["fault"] for fault in faults] == ["保障期重叠：已在其他单位参加本计划，保障至 2027-03-31"] * 2


def test_a_sender_whose_account_was_closed_enrols_nobody(db: Database, now: datetime, superuser: SuperUser) -> None:
    world = build_world(db, now)
    roster_id = _send(world, roster([woman(1)], UNIT_NAME), now)
    with db.unit_of_work(ROOT.scope) as session:
        duties.shut_account(session, reason="离职", account_id=world.account("nx.clerk"), actor=world.actors["admin"], now=now)
    owed = _owed(world, roster_id, now)
    assert owed is not None and owed.actor.roles == frozenset()
    with pytest.raises(NotPermitted) as refused:
        _work(world, owed, now)
    with db.unit_of_work(ROOT.scope) as session:
        sending.refuse(session, roster_id, refused.value, now=now)
    assert superuser.execute("SELECT refused->>'code', accepted, done_at IS NOT NULL FROM roster_import WHERE id = %s",
                             (roster_id,)).fetchone() == ("role_missing", 0, True)
    assert _owed(world, roster_id, now) is None


def test_a_substitute_enrols_with_what_is_lent_until_the_last_day(db: Database, now: datetime) -> None:
    """A roster sent in a colleague's place is worked as hers while the leave lasts, and counts as both; after it nobody's."""
    world = build_world(db, now)
    with db.unit_of_work(ROOT.scope) as session:
        person = enrolment.add_person(session, name=woman(9)["姓名"], id_number=woman(9)["身份证号"], actor=ROOT, now=now)
        open_login(session, world, "nx.helper", "cn.nx.yc.xq.u001.", Role.FINANCE_MAKER, person.id, person.name, now)
        session.add(Substitute(absent_id=world.account("nx.clerk"), account_id=world.account("nx.helper"), roles="unit_clerk",
                               from_on=business_day(now), until_on=business_day(now), reason="年假",
                               made_by=world.account("nx.clerk"), made_at=now))
    with db.view(ROOT.scope) as session:
        world.actors["nx.helper"] = access.authenticate(session, world.tokens["nx.helper"], now=now)
    roster_id = _send(world, roster([woman(1)], UNIT_NAME), now, "nx.helper")
    owed = _owed(world, roster_id, now)
    assert owed is not None and owed.actor.has(Role.UNIT_CLERK) and owed.actor.stands_for == {world.person("nx.clerk")}
    late = _owed(world, roster_id, now + timedelta(days=1))
    assert late is not None and not late.actor.has(Role.UNIT_CLERK) and late.actor.stands_for == frozenset()
