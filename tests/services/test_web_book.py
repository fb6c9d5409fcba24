"""The unit's book in the browser: members with covers, rosters up and down, people's records, and who may not."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.core.db import Database
from tests.services.api_world import Api
from tests.services.roster_files import roster, sheets, woman
from tests.services.test_bulk_reports import row as report_row
from tests.services.test_bulk_reports import workbook as report_book
from tests.services.test_roster_joining import UNIT, UNIT_NAME
from tests.support.signed_in import Visitor, sign_in
from tests.support.world import ROOT

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def person(api: Api, login: str, language: str = "zh") -> Visitor:
    return sign_in(api.app, api.db, api.world, login, api.clock.now(), language)


def looks(api: Api, like: str) -> list[str]:
    with api.db.view(ROOT.scope) as session:
        return [str(what) for what in session.execute(sa.text(
            "SELECT what FROM access_record WHERE what LIKE :like ORDER BY id"), {"like": like}).scalars()]


def asked(api: Api, **more: str) -> dict[str, str]:
    return {"plan": "nx-ankangbao", "org_id": str(api.world.org(UNIT)), "effective": "2026-04-01", "payer_kind": "self", "keep": "all",
            **more}


def test_the_members_of_the_own_unit_with_their_covers(api: Api) -> None:
    api.report()
    page = person(api, "xj.clerk").get("/book").text
    for n in range(6):
        member = api.world.member(n, "xj").synthetic
        assert member.name in page and member.id_number not in page
        assert f"{member.id_number[:3]}***********{member.id_number[-4:]}" in page
    assert "保障中" in page and "2026年1月1日" in page
    assert api.world.member(0).synthetic.name not in page


def test_filters_and_finding_by_name_or_number(api: Api) -> None:
    clerk = person(api, "xj.clerk")
    assert "没有符合条件的会员" in clerk.get("/book", standing="ended").text
    assert "没有符合条件的会员" in clerk.get("/book", plan="nx-ankangbao").text
    first, other = api.world.member(0, "xj").synthetic, api.world.member(1, "xj").synthetic
    for words in (first.name, first.id_number):
        page = clerk.send("/book", words=words, org="cn.xj.wlmq.tsd.u001.").text
        assert f"***********{first.id_number[-4:]}" in page and f"***********{other.id_number[-4:]}" not in page
    assert clerk.send("/book", words="", org="cn.xj.wlmq.tsd.u001.").status_code == 422


def test_reviewers_walk_down_their_own_tree(api: Api) -> None:
    district = person(api, "xj.district")
    page = district.get("/book").text
    assert "天山区示例一厂工会" in page and "本级没有直接参保的会员" in page
    assert api.world.member(0, "xj").synthetic.name in district.get("/book", org="cn.xj.wlmq.tsd.u001.").text
    assert district.get("/book", org="cn.nx.yc.xq.u001.").status_code == 404
    assert person(api, "xj.clerk2").get("/book", org="cn.xj.wlmq.tsd.u001.").status_code == 404


def test_who_may_open_the_book(api: Api) -> None:
    answers = {login: person(api, login).get("/book").status_code for login in ("xj.clerk", "xj.head", "xj.auditor", "xj.maker", "xj.m0")}
    assert answers == {"xj.clerk": 200, "xj.head": 200, "xj.auditor": 200, "xj.maker": 403, "xj.m0": 403}


def test_one_cover_its_money_and_an_early_end(api: Api) -> None:
    clerk = person(api, "xj.clerk")
    number = certificate(api, 0)
    page = clerk.get(f"/book/covers/{number}").text
    assert "应缴" in page and "没有变更" in page and "终止或撤销" in page
    refused = clerk.send(f"/book/covers/{number}/end", reason="transfer", last_day="2026-01-15")
    assert refused.status_code == 422 and "由办事处补办" in refused.text
    done = clerk.send(f"/book/covers/{number}/end", reason="transfer", last_day="2026-06-30")
    assert done.status_code == 303
    page = clerk.get(done.headers["location"]).text
    assert "保障已终止" in page and "2026年6月30日" in page and "调离" in page
    assert person(api, "xj.clerk2").get(f"/book/covers/{number}").status_code == 404
    assert "终止或撤销" not in person(api, "xj.auditor").get(f"/book/covers/{number}").text


def certificate(api: Api, n: int) -> str:
    with api.db.view(ROOT.scope) as session:
        return str(session.execute(sa.text("SELECT certificate_no FROM cover WHERE person_id = :id"),
                                   {"id": api.world.member(n, "xj").person_id}).scalar_one())


def test_a_roster_with_faults_all_or_nothing_then_the_good_rows(api: Api) -> None:
    clerk = person(api, "nx.clerk")
    assert "上传参保名册" in clerk.get("/book/rosters").text
    content = roster([woman(1), woman(2) | {"手机号": "1"}], UNIT_NAME)
    file = {"file": ("名单.xlsx", content, XLSX)}
    done = clerk.send("/book/rosters", files=file, **asked(api))
    assert done.status_code == 303, done.text
    page = clerk.get(done.headers["location"]).text
    assert "一行也没有写入" in page and "手机号应为 11 位" in page and "改正手机号" in page
    found = clerk.get(done.headers["location"].split("?")[0] + "/errors")
    assert sheets(found.content)["有误的行"][1][0] == "3"
    assert len(looks(api, "roster_errors:%")) == 1
    clerk.get("/book/rosters")
    again = clerk.send("/book/rosters", files=file, **asked(api, keep="good"))
    assert "写入 1 行" in clerk.get(again.headers["location"]).text
    history = clerk.get("/book/rosters").text
    assert history.count("有 1 处错误") == 2
    assert person(api, "nx.clerk2").get(done.headers["location"]).status_code == 404


def test_a_refused_roster_keeps_what_was_typed(api: Api) -> None:
    clerk = person(api, "nx.clerk")
    clerk.get("/book/rosters")
    answer = clerk.send("/book/rosters", files={"file": ("x.xlsx", b"no workbook", XLSX)}, **asked(api, policy_no="P-1"))
    assert answer.status_code == 422 and 'value="P-1"' in answer.text and 'value="2026-04-01"' in answer.text
    clerk.get("/book/rosters")
    assert clerk.send("/book/rosters", **asked(api)).status_code == 422


def test_templates_can_be_had(api: Api) -> None:
    clerk = person(api, "nx.clerk")
    assert sheets(clerk.get("/book/rosters/template", layout="seed").content)["参保人员名单"]
    assert sheets(clerk.get("/book/rosters/template", plan="nx-ankangbao").content)["填写说明"]
    assert clerk.get("/book/reports/template").headers["content-type"] == XLSX


def test_reports_by_workbook(api: Api) -> None:
    clerk = person(api, "xj.clerk")
    clerk.get("/book/reports")
    content = report_book([report_row(api.world, 0), report_row(api.world, 1, name="错名氏")])
    done = clerk.send("/book/reports", files={"file": ("报案.xlsx", content, XLSX)}, keep="good")
    assert done.status_code == 303, done.text
    page = clerk.get(done.headers["location"]).text
    assert "立案 1 件" in page and "报案编号" in page
    assert clerk.get(done.headers["location"] + "/errors").headers["content-type"] == XLSX
    assert "报案.xlsx" in clerk.get("/book/reports").text


def test_the_summary_and_its_workbook(api: Api) -> None:
    head = person(api, "xj.head")
    page = head.get("/book/summary").text
    assert "天山区示例一厂工会" in page and "合计" in page and "兴庆区" not in page
    assert "没有参保记录" in head.get("/book/summary", **{"from": "2027-01-01"}).text
    rows = sheets(head.get("/book/summary/file").content)["参保汇总"]
    assert rows[2][0] == "天山区示例一厂工会" and rows[2][3] == 6


def test_in_english(api: Api) -> None:
    page = person(api, "xj.clerk", "en").get("/book").text
    assert "Members and covers" in page and "In force" in page
