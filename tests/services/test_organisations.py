"""Organisations: codes checked, history kept, closed units begin nothing new, liaisons by area."""

from __future__ import annotations

import uuid
from datetime import date, datetime

import pytest
import sqlalchemy as sa

from services.core.db import Database
from services.core.errors import Conflict, InputError, NotFound, NotPermitted
from services.core.identity import check_credit_code
from services.enrolment import service, tree
from services.simulate.synthetic import REGIONS, roster_xlsx, synthetic_person
from tests.services.organisation_world import CN, TSD, U1, add
from tests.support.world import NX_PLAN, ROOT, World, build_world

GOOD_CODE = "91350100M000100Y43"        # the worked example that goes with GB 32100-2015


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


@pytest.mark.parametrize(("code", "reason"), [
    (GOOD_CODE, None), ("91350100m000100y43 ", None), ("91350100M000100Y44", "checksum"), ("91350100M000100O43", "pattern"),
    ("91350100M000100I43", "pattern"), ("91350100M000100Y4", "pattern"), ("9135010AM000100Y43", "pattern"), ("", "pattern")])
def test_credit_codes(code: str, reason: str | None) -> None:
    assert check_credit_code(code) == (code.strip().upper(), reason)


def test_a_credit_code_belongs_to_one_open_organisation(world: World, now: datetime) -> None:
    with world.db.unit_of_work(CN) as session:
        first = add(session, world, TSD, "c1", "company", now, credit_code=GOOD_CODE)
        with pytest.raises(Conflict, match="credit_code_used"):
            add(session, world, TSD, "c2", "company", now, credit_code=GOOD_CODE)
        with pytest.raises(InputError, match="credit_code"):
            add(session, world, TSD, "c2", "company", now, credit_code="91350100M000100Y44")
        service.close_organisation(session, org_id=first.id, why="注销", actor=world.actor("admin"), now=now)
        assert add(session, world, TSD, "c2", "company", now, credit_code=GOOD_CODE).credit_code == GOOD_CODE


def test_changes_keep_old_words_and_count_versions(world: World, now: datetime) -> None:
    admin = world.actor("xj.admin")
    with world.db.unit_of_work(admin.scope) as session:
        org = service.change_organisation(session, org_id=world.org(U1), words={"name": "天山区示例一厂有限公司工会"}, why="更名文件",
                                          version=1, actor=admin, now=now)
        assert org.version == 2
        with pytest.raises(Conflict, match="stale_version"):
            service.change_organisation(session, org_id=org.id, words={"contact": "1"}, why="x", version=1, actor=admin, now=now)
        with pytest.raises(InputError, match="why_missing"):
            service.change_organisation(session, org_id=org.id, words={"contact": "1"}, why=" ", actor=admin, now=now)
        with pytest.raises(InputError, match="org_field"):
            service.change_organisation(session, org_id=org.id, words={"org_key": "cn."}, why="x", actor=admin, now=now)
        with pytest.raises(NotFound):
            service.change_organisation(session, org_id=world.org("cn.nx."), words={"contact": "1"}, why="x", actor=admin, now=now)
        with pytest.raises(NotPermitted):
            service.change_organisation(session, org_id=org.id, words={"contact": "1"}, why="x", actor=world.actor("xj.head"), now=now)
    with world.db.view(CN) as session:
        opened, changed = tree.history(session, world.org(U1))
    assert (opened.kind, changed.kind, changed.why) == ("opened", "changed", "更名文件")
    assert changed.account_id == world.account("xj.admin")
    assert changed.details["words"] == {"name": ["天山区示例一厂工会", "天山区示例一厂有限公司工会"]}


def test_a_unit_in_use_is_not_closed_and_a_closed_one_begins_nothing(world: World, now: datetime) -> None:
    admin = world.actor("admin")
    with world.db.unit_of_work(CN) as session, pytest.raises(Conflict, match=r"org_in_use.*还有6份保障.*、7个账号"):
        service.close_organisation(session, org_id=world.org(U1), why="撤销", actor=admin, now=now)
    with world.db.unit_of_work(CN) as session:
        empty = add(session, world, TSD, "u009", "unit", now)
        service.close_organisation(session, org_id=empty.id, why="撤销", actor=admin, now=now)
        assert empty.closed_on == date(2026, 3, 20)
        with pytest.raises(Conflict, match="organisation_closed"):
            add(session, world, empty.org_key, "x", "unit", now)
        people = [synthetic_person(480, region=REGIONS["xinjiang"])]
        with pytest.raises(Conflict, match="organisation_closed"):
            service.enrol(session, content=roster_xlsx(people, unit=empty.name), file_name="名单.xlsx", plan=NX_PLAN,
                          org_id=empty.id, effective=date(2026, 4, 1), payer_kind="self", actor=ROOT, now=now)


def test_liaisons_serve_an_area_and_what_lies_below(world: World, now: datetime) -> None:
    with world.db.unit_of_work(CN) as session:
        branch = add(session, world, "cn.nx.", "pa", "insurer", now)
        desk = add(session, world, "cn.nx.", "db1", "agency", now)
        for org, area, name, first, last in ((branch, "cn.nx.", "示一", date(2026, 1, 1), None),
                                             (branch, "cn.nx.yc.", "示二", date(2026, 1, 1), date(2026, 3, 31)),
                                             (desk, "cn.nx.yc.xq.", "示三", date(2026, 2, 1), None)):
            service.add_liaison(session, org_id=org.id, area_id=world.org(area), name=name, duty="理赔联络", phone="0951-0000000",
                                from_on=first, until_on=last, actor=world.actor("nx.admin"), now=now)
    with world.db.view(CN) as session:
        unit = "cn.nx.yc.xq.u001."
        # nearest area first; the city's ends with March, the agency's begins with February
        assert [row.name for row in tree.liaisons(session, unit, date(2026, 3, 31))] == ["示三", "示二", "示一"]
        assert [row.name for row in tree.liaisons(session, unit, date(2026, 4, 1))] == ["示三", "示一"]
        assert [row.name for row in tree.liaisons(session, unit, date(2026, 1, 31))] == ["示二", "示一"]
        assert [row.name for row in tree.liaisons(session, unit, date(2026, 4, 1), kind="insurer")] == ["示一"]
        assert tree.liaisons(session, U1, date(2026, 4, 1)) == []


def test_history_cannot_be_rewritten(world: World) -> None:
    for statement in ("UPDATE organisation_change SET why = 'x'", "DELETE FROM organisation_change",
                      "DELETE FROM organisation_former_key", "UPDATE person_change SET why = 'x'", "DELETE FROM person_change"):
        with pytest.raises(sa.exc.ProgrammingError, match="permission denied"), world.db.unit_of_work(CN) as session:
            session.execute(sa.text(statement))


def test_ids_of_nobody(world: World, now: datetime) -> None:
    with world.db.unit_of_work(CN) as session, pytest.raises(NotFound):
        service.close_organisation(session, org_id=uuid.uuid4(), why="x", actor=world.actor("admin"), now=now)
