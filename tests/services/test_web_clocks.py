"""The page of time limits: what is in force by plan, a change proposed on a form and released by another person."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from services.core.clock import business_day
from services.core.db import Database
from tests.services.api_world import Api
from tests.support.signed_in import sign_in

RUNG = {"role1": "head", "at1": "office", "role2": "head", "at2": "nation", "role3": "head", "at3": "office"}


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def test_a_change_is_proposed_refused_mended_released_and_shown_as_coming(api: Api, now: datetime) -> None:
    admin, head = (sign_in(api.app, api.db, api.world, login, now, "zh") for login in ("xj.admin", "xj.head"))
    page = admin.get("/admin/clocks?plan=xj-women").text
    assert "15个工作日" in page and "服务承诺" in page and "70%、90%" in page and "超过3个工作日：办事处主任" in page
    assert "未作变更" in page and "将变更" not in page
    asked = {"of": "xj-women", "plan": "*", "kind": "pay", "warn": "50% 0.8", "owner": "senior_reviewer", "owner_at": "office",
             "ladder_days": "calendar", "after1": "2", "after2": "5", "cutoff": "17:00", "note": "提速",
             "effective_on": (business_day(now) + timedelta(days=1)).isoformat(), **RUNG}
    longer = admin.send("/admin/clocks", **asked, days="16")
    assert longer.status_code == 422 and "不能延长：服务承诺规定15个工作日" in longer.text and 'value="50% 0.8"' in longer.text
    admin.get("/admin/clocks")
    share = admin.send("/admin/clocks", **{**asked, "warn": "a half"})
    assert share.status_code == 422 and "不是比例" in share.text
    admin.get("/admin/clocks")
    made = admin.send("/admin/clocks", **asked, days="10")
    assert made.status_code == 303, made.text
    path = made.headers["location"].partition("?")[0]
    shown = head.get(path).text
    assert "时限管理" in shown and "0.5、0.8" in shown and "超过5日：办事处主任（全国）" in shown and "办事处复审（办事机构）" in shown
    digest = re.search(r'name="digest" value="([0-9a-f]{64})"', shown)
    assert digest is not None
    assert head.send(f"{path}/release", digest=digest[1]).headers["location"].endswith("done=release")
    after = head.get("/admin/clocks?plan=xj-women").text
    assert "将变更" in after and "未作变更" in after and "15个工作日" in after


def test_the_page_speaks_english_and_the_interface_says_the_same(api: Api, now: datetime) -> None:
    admin = sign_in(api.app, api.db, api.world, "xj.admin", now, "en")
    page = admin.get("/admin/clocks?plan=nx-ankangbao").text
    assert "Time limits" in page and "Statutory" in page and "3 working days past due" in page
    told = api.get("xj.admin", "/plans/nx-ankangbao/clocks").json()
    pay = next(one for one in told if one["kind"] == "pay")
    assert (pay["days"], pay["day_kind"], pay["clause"], pay["warn"], pay["owner"]) == (
        15, "working", "第十五条", [0.7, 0.9], {"role": "office_reviewer", "at": "office"})
    assert {one["kind"] for one in told if one["basis"] == "law"} == {"assessment", "agreement", "advance", "refusal_letter"}
