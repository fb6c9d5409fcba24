"""The page of stopped work: looked for, mended, put off and taken back by those who may."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from services.core.db import Database
from services.reporting.stuck import service
from tests.services.api_world import Api
from tests.services.claim_pages import person
from tests.support.road import decided
from tests.support.world import ROOT


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def owed(api: Api) -> set[str]:
    with api.db.view(ROOT.scope) as session:
        return set(session.execute(sa.text("SELECT topic FROM outbox")).scalars())


def looked(api: Api, now: datetime) -> None:
    with api.db.unit_of_work(ROOT.scope) as session:
        service.keep(session, now=now)
        session.execute(sa.text("INSERT INTO timetable_run (topic, at) VALUES ('timetable.stuck', :at) ON CONFLICT DO NOTHING"),
                        {"at": now})


def test_a_line_is_shown_with_its_remedy_tried_again_put_off_and_taken_back(
        api: Api, superuser: psycopg.Connection[tuple[object, ...]], now: datetime) -> None:
    head, auditor, admin = person(api, "xj.head"), person(api, "xj.auditor", "en"), person(api, "xj.admin")
    never = head.get("/stuck").text
    assert "还没有检查过" in never and "没有停下的工作" not in never
    claim = decided(api.world, 0, now - timedelta(hours=2))
    superuser.execute("DELETE FROM outbox")
    superuser.execute("INSERT INTO outbox (org_key, topic, payload, created_at, tries, fault)"
                      " VALUES ('cn.xj.', 'claim.verify', '{}', %s, 5, 'OutsideError：样某某')", [now])
    looked(api, now)
    page = head.get("/stuck").text
    with api.db.view(ROOT.scope) as session:
        number = session.execute(sa.text("SELECT claim_no FROM claim WHERE id = :id"), {"id": claim}).scalar()
    assert f"huzhu stuck again payment_unplanned {number}" in page and f'href="/claims/{number}"' in page and "样某某" in page
    assert "样某某" not in admin.get("/stuck").text and f'href="/claims/{number}"' not in admin.get("/stuck").text
    assert "Stopped work" in auditor.get("/stuck").text and "/put-off" not in auditor.get("/stuck").text
    line = re.search(r'action="/stuck/([0-9a-f-]{36})/again"', page[page.index("payment_unplanned"):])
    assert line
    assert "不会" not in head.send(f"/stuck/{line[1]}/again").text
    assert "claim.approve" in owed(api)
    later = (now + timedelta(days=3)).date().isoformat()
    assert 'id="problem"' in head.send(f"/stuck/{line[1]}/put-off", until="2027-01-01", why="等银行").text
    assert head.send(f"/stuck/{line[1]}/put-off", until=later, why="等银行").headers["location"].endswith("done=put_off")
    assert "已搁置" in head.get("/stuck").text and "等银行" in head.get("/stuck").text
    assert head.send(f"/stuck/{line[1]}/back").headers["location"].endswith("done=back")
    assert "等银行" not in head.get("/stuck").text
    assert head.send("/stuck/look").headers["location"].endswith("done=looking")
    assert "timetable.stuck" in owed(api)
    with api.db.view(ROOT.scope) as session:
        assert session.execute(sa.text("SELECT what, reason FROM access_record WHERE what LIKE 'stuck%' ORDER BY id")).all() == [
            ("stuck.put_off", "等银行"), ("stuck.taken_back", None)]
    assert auditor.send(f"/stuck/{line[1]}/again").status_code == 403


def test_another_office_sees_nothing_of_it(api: Api, superuser: psycopg.Connection[tuple[object, ...]], now: datetime) -> None:
    decided(api.world, 0, now)
    superuser.execute("DELETE FROM outbox")
    looked(api, now + timedelta(hours=2))
    assert "payment_unplanned" in person(api, "xj.head").get("/stuck").text
    assert "没有停下的工作" in person(api, "nx.head").get("/stuck").text
