"""The calendar's pages: a year is seen as it would be, proposed by one, released by another, and what it moved is listed."""

from __future__ import annotations

import html
import io
import re
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from services.core.db import Database
from services.notice import recounted
from services.sla import recount
from tests.services.api_world import Api
from tests.services.paying_world import decided
from tests.support.signed_in import Visitor, sign_in
from tests.support.world import ROOT

FORM: dict[str, Any] = {"year": "2026", "status": "office", "source": "自治区通知（测试用）", "holidays": "测试节 2026-03-25",
                        "workdays": ""}


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def visitor(api: Api, login: str, now: datetime) -> Visitor:
    return sign_in(api.app, api.db, api.world, login, now, "zh")


def carried(page: str) -> str:
    found = re.search(r'name="text" value="([^"]+)"', page)
    assert found is not None
    return html.unescape(found[1])


def test_a_year_is_seen_proposed_released_and_its_changes_listed(api: Api, now: datetime) -> None:
    with api.db.unit_of_work(ROOT.scope) as session:
        claim = decided(session, api.world, 0, 6_000_000, now=now)      # due on 9 April: fifteen working days after 18 March
    admin, head = visitor(api, "xj.admin", now), visitor(api, "xj.head", now)
    assert "只有暂定数据" not in admin.get("/admin/calendars").text
    seen = admin.send("/admin/calendars", **FORM)
    assert seen.status_code == 200 and "1 项正在计算的期限将改变最后一日" in seen.text
    assert "2026年4月9日" in seen.text and "2026年4月10日" in seen.text and "测试节" in seen.text
    assert recount_of(api) == [date(2026, 4, 9)]
    admin.get("/admin/calendars")
    assert admin.send("/admin/calendars", text=carried(seen.text), note="").status_code == 422
    made = admin.send("/admin/calendars", text=carried(seen.text), note="自治区已发通知")
    path = made.headers["location"].partition("?")[0]
    assert "由另一人放行" in admin.get(path).text
    told = head.get(path).text
    assert "放行后会怎样" in told and "1 项正在计算的期限将改变最后一日" in told
    digest = re.search(r'name="digest" value="([0-9a-f]{64})"', told)
    assert digest is not None
    assert head.send(f"{path}/release", digest=digest[1], note="").status_code == 303
    with api.db.unit_of_work(ROOT.scope) as session:
        for one in recount.stale(session):
            while recount.recount(session, one, now=now):
                pass
        assert recounted.tell(session, actor=ROOT, now=now) == []
    assert recount_of(api) == [date(2026, 4, 10)]
    page = admin.get("/admin/calendars?year=2026").text
    assert "办事处自定的日子" in page and "测试节" in page and claim.claim_no not in page
    listed = head.get("/calendar-changes").text
    assert claim.claim_no in listed and "2026年4月9日" in listed and "跳过测试节1天" in listed
    book = CalamineWorkbook.from_filelike(io.BytesIO(head.http.get("/calendar-changes/list.xlsx").content))
    assert book.get_sheet_by_index(0).to_python()[1][:5] == [claim.claim_no, "给付", "2026-04-09", "2026-04-10", "+1"]
    assert visitor(api, "nx.head", now).get("/calendar-changes").text.count(claim.claim_no) == 0


def recount_of(api: Api) -> list[date]:
    with api.db.view(ROOT.scope) as session:
        return list(session.connection().exec_driver_sql("SELECT due_on FROM sla_clock WHERE kind = 'pay'").scalars())


def test_a_wrong_year_is_refused_at_its_field_with_the_remedy_and_what_was_typed(api: Api, now: datetime) -> None:
    admin = visitor(api, "xj.admin", now)
    for change, words in (({"holidays": "测试节 2026-13-25"}, "不是日期"), ({"source": ""}, "source 没有写明"),
                          ({"year": ""}, "没有填写年份"),
                          ({"status": "provisional"}, "why 没有写明"), ({"status": "official", "workdays": "2026-03-25"}, "不是周末")):
        admin.get("/admin/calendars")
        refused = admin.send("/admin/calendars", **{**FORM, **change})
        assert refused.status_code == 422 and words in refused.text, change
        assert ("自治区通知（测试用）" in refused.text) is ("source" not in change), change
    admin.get("/admin/calendars")
    same = admin.send("/admin/calendars", year="2026", status="office", source="测试", holidays="元旦 2026-01-01 2026-01-03", workdays="")
    assert "放行后没有变化" in same.text


def test_a_file_is_read_as_the_program_reads_its_own(api: Api, now: datetime) -> None:
    admin = visitor(api, "xj.admin", now)
    page = admin.get("/admin/calendars?draft=2026").text
    assert "肉孜节 2026-03-20" in page and "凭记忆" in page
    good = b"year: 2028\nstatus: provisional\nsource: law\nwhy: not announced\nholidays: []\nworkdays: []\n"
    seen = admin.send("/admin/calendars", files={"file": ("2028.yaml", good, "text/yaml")})
    assert "2028年日历：放行后会怎样" in seen.text
    admin.get("/admin/calendars")
    bad = good.replace(b"workdays: []", b"workdays: [2028-01-03]")
    wrong = admin.send("/admin/calendars", files={"file": ("2028.yaml", bad, "text/yaml")})
    assert wrong.status_code == 422 and "workdays.0" in wrong.text
