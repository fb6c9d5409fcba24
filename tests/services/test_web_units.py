"""The roster form of somebody with many units: a part of the name or code, then one of the found, without script."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import pytest

from services.core.db import Database
from services.enrolment import service as enrolment
from tests.services.api_world import Api
from tests.services.claim_pages import person
from tests.support.world import ROOT


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    """A district with 36 units."""
    made = Api(db, now, tmp_path)
    with db.unit_of_work(ROOT.scope) as session:
        for number in range(100, 135):
            enrolment.add_organisation(session, parent_id=made.world.org("cn.xj.wlmq.tsd."), code=f"u{number}", kind="unit",
                                       name=f"天山区第{number}小学工会" if number < 134 else "天山区100%示例厂工会", actor=ROOT, now=now)
    return made


def test_a_unit_is_found_by_a_part_of_its_name_or_code_and_then_chosen(api: Api) -> None:
    district = person(api, "xj.district")
    start = district.get("/book/rosters").text
    assert "先选择单位" in start and 'name="file"' not in start and "第101小学" not in start
    found = district.get("/book/rosters", unit="第12").text
    assert re.findall(r"第(12\d)小学", found) == [str(number) for number in range(120, 130)] and 'value="第12"' in found
    assert "u107" in district.get("/book/rosters", unit="U107").text
    assert "还有更多" in district.get("/book/rosters", unit="小学").text
    assert re.findall(r'zh-CN">(天山区[^<]*)</a>', district.get("/book/rosters", unit="0%").text) == ["天山区100%示例厂工会"]
    assert "没有查到单位" in district.get("/book/rosters", unit="示例三厂").text
    chosen = re.search(r"/book/rosters\?org=([0-9a-f-]{36})", district.get("/book/rosters", unit="第121").text)
    assert chosen is not None
    form = district.get("/book/rosters", org=chosen[1]).text
    assert f'name="org_id" value="{chosen[1]}"' in form and 'name="file"' in form and "换一个单位" in form
    kept = district.send("/book/rosters", org_id=chosen[1], plan="nx-ankangbao", effective="2026-04-01", keep="all", payer_kind="self")
    assert kept.status_code == 422 and "第121小学" in kept.text and 'id="file-fault"' in kept.text
    foreign = str(api.world.org("cn.nx.yc.xq.u001."))
    assert district.get("/book/rosters", org=foreign).status_code == 404


def test_who_has_one_unit_is_not_asked(api: Api) -> None:
    page, own = person(api, "xj.clerk").get("/book/rosters").text, api.world.org("cn.xj.wlmq.tsd.u001.")
    assert f'name="org_id" value="{own}"' in page and "先选择单位" not in page
