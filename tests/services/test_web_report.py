"""Reporting by page: by a member for herself and her own, by a clerk, by telephone; late, twice, refused, taken up again."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.core.db import Database
from services.enrolment import service as enrolment
from tests.services.api_world import Api
from tests.support.signed_in import Visitor, sign_in
from tests.support.world import ROOT

FACTS = {"event.diagnosed_on": "2026-03-16", "event.specimen_on": "2026-03-12", "event.icd10": "C53.900", "hospital": "示例医院"}


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def person(api: Api, login: str, language: str = "zh") -> Visitor:
    return sign_in(api.app, api.db, api.world, login, api.clock.now(), language)


def rows(api: Api, statement: str) -> list[tuple[object, ...]]:
    with api.db.view(ROOT.scope) as session:
        return [tuple(row) for row in session.execute(sa.text(statement))]


def version(visitor: Visitor) -> str:
    assert visitor.page is not None
    found = re.search(r'name="version" value="(\d+)"', visitor.page.text)
    assert found, visitor.page.text
    return found[1]


def step(visitor: Visitor, path: str, **fields: str) -> str:
    """Open a step and send it; where it leads, or the page that refuses."""
    visitor.get(path)
    answer = visitor.send(path, files=None, version=version(visitor), **fields)
    return answer.headers["location"] if answer.status_code == 303 else answer.text


def begun(visitor: Visitor, **who: str) -> str:
    """A draft's address."""
    visitor.get("/report")
    answer = visitor.send("/report", files=None, **who)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"]).rsplit("/", 1)[0]


def to_check(visitor: Visitor, at: str, **more: str) -> str:
    assert step(visitor, f"{at}/kind", kind="diagnosis") == f"{at}/facts"
    assert step(visitor, f"{at}/facts", **{**FACTS, **more}) == f"{at}/papers"
    return visitor.get(f"{at}/check").text


def test_a_member_reports_for_herself_without_being_asked_for_a_plan(api: Api) -> None:
    visitor = person(api, "xj.m0")
    at = begun(visitor)
    kinds = visitor.get(f"{at}/kind").text
    assert "查出疾病" in kinds and "家里受损" not in kinds and "女职工特殊疾病" not in kinds
    assert step(visitor, f"{at}/kind", kind="diagnosis") == f"{at}/facts"
    form = visitor.get(f"{at}/facts").text
    assert "确诊日期" in form and "病检标本提取日" in form and "意外场合" not in form
    assert step(visitor, f"{at}/facts", **FACTS) == f"{at}/papers"
    papers = visitor.get(f"{at}/papers").text
    assert "可以立案" in papers and "在职女职工特殊疾病互助保障" in papers and "互助金申请书" in papers
    check = visitor.get(f"{at}/check").text
    assert "2026年3月16日" in check and "示例医院" in check and "2026年3月26日" in check
    refused = step(visitor, f"{at}/check")
    assert "办理须您同意" in refused
    sent = step(visitor, f"{at}/check", consent="processing")
    assert re.fullmatch(r"/cases/[^/]+/papers\?done=reported", sent), sent
    assert "报案已收到" in visitor.get(sent).text
    assert rows(api, "SELECT channel, late, hospital, event_kind FROM case_file") == [("member", False, "示例医院", "diagnosis")]
    assert rows(api, "SELECT purpose FROM consent") == [("processing",)]
    assert rows(api, "SELECT id FROM report_draft") == []


def test_a_draft_is_taken_up_again_by_its_own_account_only(api: Api) -> None:
    visitor = person(api, "xj.m0")
    at = begun(visitor)
    step(visitor, f"{at}/kind", kind="diagnosis")
    again = person(api, "xj.m0")
    assert f'href="{at}/facts"' in again.get("/report").text
    assert person(api, "xj.m1").get(f"{at}/facts").status_code == 404
    assert person(api, "xj.clerk").get(f"{at}/facts").status_code == 404
    again.get("/report")
    assert again.send(f"{at}/drop").headers["location"] == "/report?done=dropped"
    assert again.get(f"{at}/facts").status_code == 404


def test_a_report_begun_is_named_on_her_first_page_until_it_is_dropped(api: Api) -> None:
    member = person(api, "xj.m1")
    assert "没有报完的" not in member.get("/mine").text
    at = begun(member)
    assert "没有报完的" in member.get("/mine").text
    assert "没有报完的" not in person(api, "xj.m2").get("/mine").text
    member.send(f"{at}/drop")
    assert "没有报完的" not in member.get("/mine").text


def test_two_windows_do_not_overwrite_one_another(api: Api) -> None:
    visitor = person(api, "xj.m0")
    at = begun(visitor)
    step(visitor, f"{at}/kind", kind="diagnosis")
    visitor.get(f"{at}/facts")
    old = version(visitor)
    step(visitor, f"{at}/facts", **FACTS)
    visitor.get(f"{at}/facts")
    answer = visitor.send(f"{at}/facts", files=None, version=old, **{**FACTS, "hospital": "另一医院"})
    assert answer.status_code == 409
    assert "草稿已在另一处改过" in answer.text and "另一医院" in answer.text


def test_a_wrong_fact_is_told_beside_its_field_and_kept(api: Api) -> None:
    visitor = person(api, "xj.m0")
    at = begun(visitor)
    step(visitor, f"{at}/kind", kind="diagnosis")
    wrong = step(visitor, f"{at}/facts", **{**FACTS, "event.diagnosed_on": "三月"})
    assert 'id="event.diagnosed_on-fault"' in wrong and "三月" in wrong and "示例医院" in wrong


def test_an_unknown_day_leads_back_and_a_kind_nobody_covers_is_not_offered(api: Api) -> None:
    visitor = person(api, "xj.m0")
    at = begun(visitor)
    assert "请选择发生了什么事" in step(visitor, f"{at}/kind", kind="property")
    step(visitor, f"{at}/kind", kind="diagnosis")
    step(visitor, f"{at}/facts", hospital="示例医院")
    page = visitor.get(f"{at}/papers")
    assert "还缺情况" in page.text and f'href="{at}/facts"' in page.text


def test_what_a_cover_still_waits_for_is_named_and_leads_back(api: Api) -> None:
    visitor = person(api, "xj.m0")
    at = begun(visitor)
    step(visitor, f"{at}/kind", kind="diagnosis")
    step(visitor, f"{at}/facts", **{"event.diagnosed_on": "2026-03-16"})
    page = visitor.get(f"{at}/papers").text
    assert "还缺情况" in page and "补报严重程度" in page and f'href="{at}/facts?all=yes"' in page and "下一步" not in page
    assert "补报严重程度" in step(visitor, f"{at}/check", consent="processing")
    assert rows(api, "SELECT id FROM case_file") == []


def test_a_late_report_says_why_with_the_count_shown(api: Api) -> None:
    visitor = person(api, "xj.m0")
    at = begun(visitor)
    check = to_check(visitor, at, **{"event.diagnosed_on": "2026-02-02", "event.specimen_on": "2026-02-01"})
    assert "为什么现在才报案" in check and "怎么数的" in check
    assert "须写明原因" in step(visitor, f"{at}/check", consent="processing")
    sent = step(visitor, f"{at}/check", consent="processing", late_reason="住院期间无法报案")
    assert sent.endswith("done=reported")
    assert rows(api, "SELECT late, late_reason FROM case_file") == [(True, "住院期间无法报案")]


def test_the_same_event_is_offered_for_joining(api: Api) -> None:
    api.report()
    visitor = person(api, "xj.m0")
    at = begun(visitor)
    check = to_check(visitor, at)
    number = str(rows(api, "SELECT case_no FROM case_file")[0][0])
    assert "是不是同一件事" in check and number in check
    refused = step(visitor, f"{at}/check", consent="processing")
    assert "同一事件已受理" in refused
    bare = step(visitor, f"{at}/check", consent="processing", same="apart")
    assert "请写明为什么不是同一件事" in bare
    assert step(visitor, f"{at}/check", consent="processing", same=number) == f"/cases/{number}/papers?done=reported"
    assert len(rows(api, "SELECT id FROM case_file")) == 1
    assert len(rows(api, "SELECT id FROM report_note")) == 1


def test_for_kin_and_never_for_a_stranger(api: Api) -> None:
    with api.db.unit_of_work(ROOT.scope) as session:
        enrolment.add_kin(session, person_id=api.world.person("xj.m0"), relative_id=api.world.person("xj.m1"), relation="child",
                          actor=ROOT, now=api.clock.now())
    kin = person(api, "xj.m1")
    assert api.world.member(0, "xj").synthetic.name in kin.get("/report").text
    at = begun(kin, person=str(api.world.person("xj.m0")))
    check = to_check(kin, at)
    assert "我同意使用我的身份" not in check
    assert step(kin, f"{at}/check").endswith("done=reported")
    kin.get("/report")
    stranger = kin.send("/report", files=None, person=str(api.world.person("xj.m2")))
    assert stranger.status_code == 403


def test_a_clerk_reports_by_number_and_finds_only_her_own_members(api: Api) -> None:
    clerk, number = person(api, "xj.clerk"), api.world.member(0, "xj").synthetic.id_number
    foreign = api.world.member(0, "nx").synthetic.id_number
    clerk.get("/report")
    refused = clerk.send("/report", files=None, id_number=foreign)
    assert refused.status_code == 422 and "名册中没有此人" in refused.text
    assert api.world.member(0, "nx").synthetic.name not in refused.text
    at = begun(clerk, id_number=number, channel="clerk")
    to_check(clerk, at)
    assert step(clerk, f"{at}/check", reported_on="2026-03-20").endswith("done=reported")
    assert [str(row[0]) for row in rows(api, "SELECT reported_on FROM case_file")] == ["2026-03-20"]


def test_the_office_notes_a_telephone_report(api: Api) -> None:
    office = person(api, "xj.office1")
    at = begun(office, id_number=api.world.member(0, "xj").synthetic.id_number)
    call = {"line": "office", "caller": "王示例", "relation": "丈夫", "called_at": "2026-03-18T10:30", "number_called": "12351",
            "said": "确诊住院"}
    assert "电话记录须写全" in step(office, f"{at}/call", **{**call, "said": ""})
    assert step(office, f"{at}/call", **call) == f"{at}/kind"
    to_check(office, at)
    assert step(office, f"{at}/check").endswith("done=reported")
    assert [(str(row[0]), row[1]) for row in rows(api, "SELECT reported_on, channel FROM case_file")] == [("2026-03-18", "phone")]
    assert rows(api, "SELECT reporter_name, relation FROM report_note") == [("王示例", "丈夫")]


def test_stays_are_two_days_each_and_one_more_is_asked_without_script(api: Api) -> None:
    visitor = person(api, "nx.m0")
    at = begun(visitor)
    step(visitor, f"{at}/kind", kind="diagnosis")
    visitor.get(f"{at}/facts")
    more = visitor.send(f"{at}/facts", files=None, version=version(visitor), more="stay",
                        **{"stay-from-0": "2026-03-01", "stay-to-0": "2026-03-09"})
    assert more.status_code == 200 and 'name="stay-from-1"' in more.text and 'value="2026-03-01"' in more.text
    half = step(visitor, f"{at}/facts", **{**FACTS, "stay-from-0": "2026-03-01"})
    assert "入院、出院两个日期" in half
    assert step(visitor, f"{at}/facts", **{**FACTS, "stay-from-0": "2026-03-01", "stay-to-0": "2026-03-09"}) == f"{at}/papers"
    assert "2026年3月1日 至 2026年3月9日" in visitor.get(f"{at}/check").text


def test_in_english(api: Api) -> None:
    visitor = person(api, "xj.m0", "en")
    at = begun(visitor)
    assert "What happened" in visitor.get(f"{at}/kind").text
    step(visitor, f"{at}/kind", kind="diagnosis")
    assert "kept only in the browser of this device" in visitor.get(f"{at}/facts").text
