"""Rosters through the API: upload, outcome, workbook of faults (recorded when opened), templates, and who may not."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import psycopg
import pytest

from services.core.db import Database
from tests.services.api_world import Api
from tests.services.roster_files import roster, sheets, woman
from tests.services.test_roster_joining import UNIT, UNIT_NAME

SuperUser = psycopg.Connection[tuple[object, ...]]


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Iterator[Api]:
    made = Api(db, now, tmp_path)
    yield made
    made.http.close()


def _words(api: Api, **more: str) -> dict[str, str]:
    return {"plan": "nx-ankangbao", "org_id": str(api.world.org(UNIT)), "effective": "2026-04-01", "payer_kind": "self", **more}


def test_an_upload_with_faults_and_its_workbook(api: Api, superuser: SuperUser) -> None:
    content = roster([woman(1), woman(2) | {"手机号": "1"}, woman(3) | {"姓名": "阿依•古丽"}], UNIT_NAME)
    done = api.upload("nx.clerk", "/rosters", content, name="名单.xlsx", **_words(api, keep_good="true", staff="120"))
    assert done.status_code == 201, done.text
    body = done.json()
    assert (body["rows"], body["accepted"], body["fault_count"], body["unit"], body["keep_good"]) == (3, 2, 1, {"staff": 120}, True)
    assert body["faults"] == [
        {"row": "3", "column": "手机号", "fault": "手机号应为 11 位", "remedy": "改正手机号，或留空", "code": "phone"}]
    assert [note["code"] for note in body["notes"]] == ["name_dot"]
    shown = api.get("nx.clerk", f"/rosters/{body['id']}").json()
    for instant in ("at", "done_at"):
        assert datetime.fromisoformat(shown.pop(instant)) == datetime.fromisoformat(body.pop(instant))
    assert shown == body
    found = api.get("nx.clerk", body["errors"])
    assert found.headers["content-type"].startswith("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
    assert sheets(found.content)["有误的行"][1][0] == "3"
    assert superuser.execute("SELECT account_id, org_key FROM access_record WHERE what = %s", (f"roster_errors:{body['id']}",)
                             ).fetchall() == [(api.world.account("nx.clerk"), UNIT)]


def test_the_same_upload_again_enrols_once(api: Api, superuser: SuperUser) -> None:
    key, content = str(uuid.uuid4()), roster([woman(1)], UNIT_NAME)
    first, again = (api.upload("nx.clerk", "/rosters", content, key=key, **_words(api)) for _ in range(2))
    assert first.json() == again.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert superuser.execute("SELECT count(*) FROM cover WHERE effective = '2026-04-01'").fetchone() == (1,)
    other = api.upload("nx.clerk", "/rosters", content, key=key, **_words(api, staff="3"))
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")


def test_a_roster_without_faults_has_no_workbook(api: Api) -> None:
    body = api.upload("nx.clerk", "/rosters", roster([woman(1)], UNIT_NAME), **_words(api)).json()
    assert body["errors"] is None
    refused = api.get("nx.clerk", f"/rosters/{body['id']}/errors")
    assert (refused.status_code, refused.json()["code"]) == (404, "roster_without_faults")


def test_who_may_not(api: Api) -> None:
    body = api.upload("nx.clerk", "/rosters", roster([woman(1) | {"手机号": "1"}], UNIT_NAME), **_words(api)).json()
    assert api.upload("nx.m0", "/rosters", roster([woman(1)], UNIT_NAME), **_words(api)).status_code == 403
    assert api.upload("xj.clerk", "/rosters", roster([woman(1)], UNIT_NAME), **_words(api)).status_code == 404
    for path in (f"/rosters/{body['id']}", f"/rosters/{body['id']}/errors"):
        assert api.get("nx.m0", path).status_code == 403
        assert api.get("xj.clerk", path).status_code == 404
        assert api.get("nx.clerk2", path).status_code == 404
    assert api.get("nx.maker", f"/rosters/{body['id']}/errors").status_code == 403


def test_the_number_a_plan_asks_is_named(api: Api) -> None:
    refused = api.upload("nx.clerk", "/rosters", roster([woman(1)], UNIT_NAME), **_words(api, plan="bj-critical-3y"))
    assert (refused.status_code, refused.json()["field"], refused.json()["remedy"]) == (422, "staff", "补上 staff")


def test_templates(api: Api) -> None:
    wide = api.get("nx.clerk", "/rosters/template", plan="nx-ankangbao")
    assert (wide.status_code, list(sheets(wide.content))) == (200, ["参保人员名单", "填写说明"])
    assert len(sheets(api.get("nx.clerk", "/rosters/template", layout="seed").content)["参保人员名单"][0]) == 4
    assert api.get("nx.clerk", "/rosters/template", plan="nx-nothing").status_code == 404
    assert api.get("nx.m0", "/rosters/template").status_code == 403
