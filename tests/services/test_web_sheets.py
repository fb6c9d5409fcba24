"""Summary sheets in the browser: drafted, thinned, signed as one, saved, received above."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import pytest

from services.core.db import Database
from services.storage.service import XLSX
from tests.services.api_world import Api
from tests.support.signed_in import Visitor, sign_in


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def person(api: Api, login: str, language: str = "zh") -> Visitor:
    return sign_in(api.app, api.db, api.world, login, api.clock.now(), language)


def at_district(api: Api, *members: int) -> list[str]:
    found = [api.in_review(n) for n in members]
    for claim_no in found:
        seen = api.get("xj.clerk", f"/claims/{claim_no}").json()["claim"]["digest"]
        assert api.act("xj.clerk", claim_no, "pass", {"seen": seen}).status_code == 200
    return found


def drafted(district: Visitor) -> str:
    """A draft of March; its page's address."""
    district.get("/sheets/new")
    answer = district.send("/sheets/new", plan="xj-women", month="2026-03")
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"]).split("?")[0]


def version(visitor: Visitor, path: str) -> str:
    found = re.search(r'name="version" value="(\d+)"', visitor.get(path).text)
    assert found
    return found[1]


def test_a_sheet_from_draft_to_the_level_above(api: Api) -> None:
    numbers = at_district(api, 0, 3, 5)
    district = person(api, "xj.district")
    path = drafted(district)
    assert path == "/sheets/XJ-WLMQ-TSD-202603-01"
    page = district.get(path).text
    assert all(number in page for number in numbers) and "草稿" in page and "材料齐全" in page
    out = district.send(f"{path}/take-out", version=version(district, path), claim=[numbers[0]])
    assert out.headers["location"] == f"{path}?done=taken_out"
    assert numbers[0] not in district.get(path).text
    seen = version(district, path)
    unsure = district.send(f"{path}/sign", version=seen)
    assert unsure.status_code == 422 and "尚未确认" in unsure.text
    assert district.send(f"{path}/sign", version=seen, confirmed="yes").headers["location"] == f"{path}?done=signed"
    page = district.get(path).text
    assert "与签署时一致" in page and "已签署" in page and f'action="{path}/sign"' not in page and "/receive" not in page
    office = person(api, "xj.office1")
    assert "/receive" in office.get(path).text
    assert office.send(f"{path}/receive", version=version(office, path)).headers["location"] == f"{path}?done=received"
    assert "上级已接收" in office.get("/sheets", status="received").text
    book = office.get(f"{path}/workbook")
    assert (book.headers["content-type"], book.content[:2]) == (XLSX, b"PK")


def test_one_in_the_way_is_named_and_nothing_is_signed(api: Api) -> None:
    numbers = at_district(api, 0, 1)
    district = person(api, "xj.district")
    path = drafted(district)
    seen = version(district, path)
    assert api.act("xj.head", numbers[1], "hold", {"reason": "investigation"}).status_code == 200
    refused = district.send(f"{path}/sign", version=seen, confirmed="yes")
    assert refused.status_code == 409 and "不能通过的 1 件" in refused.text and "草稿" in refused.text
    thinned = district.send(f"{path}/refresh", version=seen)
    assert "没有编入的 1 件" in thinned.text and numbers[1] in thinned.text
    stale = district.send(f"{path}/discard", version=seen)
    assert stale.status_code == 409 and "已被他人更新" in stale.text
    assert district.send(f"{path}/discard", version=version(district, path)).headers["location"] == f"{path}?done=discarded"
    assert "没有案件" in district.get(path).text


def test_what_cannot_be_drafted_keeps_what_was_typed(api: Api) -> None:
    district = person(api, "xj.district")
    district.get("/sheets/new")
    answer = district.send("/sheets/new", plan="xj-women", month="2026-03")
    assert answer.status_code == 409 and "没有可以汇总的案件" in answer.text and 'value="2026-03"' in answer.text
    assert district.send("/sheets/new", plan="xj-women", month="next").status_code == 422


def test_who_sees_sheets(api: Api) -> None:
    at_district(api, 0)
    path = drafted(person(api, "xj.district"))
    answers = {login: person(api, login).get(path).status_code for login in
               ("xj.head", "xj.auditor", "xj.clerk", "xj.admin", "xj.m0", "nx.head")}
    assert answers == {"xj.head": 200, "xj.auditor": 200, "xj.clerk": 403, "xj.admin": 403, "xj.m0": 403, "nx.head": 404}
    assert "Summary sheets" in person(api, "xj.head", "en").get("/sheets").text
