"""The letters desk as people see it: boxes, one letter's ways, the delivery sheet there and back; a member's own reminders."""

from __future__ import annotations

import io
import re
import uuid
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
import xlsxwriter
from python_calamine import CalamineWorkbook

from services.core.db import Database
from services.notice import delivering
from services.notice import service as notice
from tests.services.api_world import Api
from tests.services.paying_world import decided
from tests.support.signed_in import Visitor, sign_in
from tests.support.world import ROOT

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def paper_letter(api: Api, now: datetime, n: int = 0) -> uuid.UUID:
    """A decision letter of member `n` that goes on paper."""
    with api.db.unit_of_work(ROOT.scope) as session:
        claim = decided(session, api.world, n, 6_000_000, now=now)
        [row] = notice.draft(session, topic="claim.approve", claim_ids=[claim.id], actor=ROOT, now=now)
        notice.issue(session, notice_ids=[row.id], actor=ROOT, now=now)
        notice.dispatch(session, notice_ids=[row.id], actor=ROOT, now=now)
        delivering.go_on(session, notice_id=row.id, reason="本人要求纸质", channel="paper", actor=ROOT, now=now)
        return row.id


def who(api: Api, login: str, now: datetime, language: str = "zh") -> Visitor:
    return sign_in(api.app, api.db, api.world, login, now, language)


def test_posted_refused_and_signed_for_on_the_page(api: Api, now: datetime) -> None:
    letter = paper_letter(api, now)
    clerk, office = who(api, "xj.clerk", now), who(api, "xj.office1", now)
    path = f"/letters/{letter}"
    listed = clerk.get("/letters").text
    assert path in listed and "给付决定书" in listed and "癌" not in listed
    assert path in office.get("/letters").text and who(api, "xj.clerk2", now).get(path).status_code == 404
    assert office.send(f"{path}/posted", tracking="EMS 1").status_code == 403

    assert "本人要求纸质" in clerk.get(path).text
    refused = clerk.send(f"{path}/posted", tracking="")
    assert refused.status_code == 422 and "须写明内容" in refused.text
    clerk.get(path)
    assert clerk.send(f"{path}/posted", tracking="EMS 1", on="2026-03-20").headers["location"] == f"{path}?done=posted"
    assert "EMS 1" in clerk.get("/letters?box=posted").text and path not in clerk.get("/letters").text
    clerk.get(path)
    late = clerk.send(f"{path}/delivered", proof="EMS 1，本人签收", on="2026-03-21")
    assert late.status_code == 422 and "晚于今天" in late.text and "EMS 1，本人签收" in late.text
    assert re.findall(r'id="(\w+)-on" name="on" type="date" value="2026-03-21" aria-describedby', late.text) == ["delivered"]
    clerk.get(path)
    assert 'id="why-fault"' in clerk.send(f"{path}/returned", why="").text, "the fault stands at its own form"
    clerk.get(path)
    assert clerk.send(f"{path}/delivered", proof="EMS 1，本人签收", on="2026-03-20").headers["location"] == f"{path}?done=delivered"
    shown = clerk.get(path).text
    assert "已送达" in shown and "EMS 1，本人签收" in shown and "登记退回" not in shown
    assert "EMS 1，本人签收" in clerk.get("/letters?box=delivered").text


def test_what_came_back_waits_for_the_clerk_and_goes_again(api: Api, now: datetime) -> None:
    letter = paper_letter(api, now)
    clerk = who(api, "xj.clerk", now)
    path = f"/letters/{letter}"
    clerk.get(path)
    assert clerk.send(f"{path}/returned", why="查无此人").status_code == 303
    stuck = clerk.get("/letters?box=stuck").text
    assert path in stuck and "请查明收件人现在的住址" in stuck
    clerk.get(path)
    assert clerk.send(f"{path}/resent", reason="新址").status_code == 422
    assert clerk.send(f"{path}/resent", channel="paper", reason="新址").headers["location"] == f"{path}?done=resent"
    shown = clerk.get(path).text
    assert "查无此人" in shown and "新址" in shown and path in clerk.get("/letters").text


def rows_of(content: bytes) -> list[list[object]]:
    """The sheet's letters, below its three lines of heading."""
    return [list(row) for row in CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()[2:]]


def written(rows: list[list[object]]) -> bytes:
    """As a spreadsheet program saves it, dates as dates."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "default_date_format": "yyyy-mm-dd"}) as book:
        page = book.add_worksheet()
        for place, row in enumerate(rows, start=2):
            page.write_row(place, 0, row)
    return out.getvalue()


def test_the_sheet_there_and_back_all_or_nothing(api: Api, now: datetime) -> None:
    letters = [paper_letter(api, now, n) for n in range(3)]
    clerk = who(api, "xj.clerk", now)
    clerk.get("/letters")
    head, *rows = rows_of(clerk.http.get("/letters/sheet").content)
    assert [row[2] for row in rows] == ["给付决定书"] * 3
    assert [row[3] for row in rows] == [api.world.member(n, "xj").synthetic.name for n in range(3)]

    def hand_in() -> str:
        clerk.get("/letters")
        answer = clerk.send("/letters/sheet", files={"file": ("登记单.xlsx", written([head, *rows]), XLSX)})
        return answer.headers.get("location", "") or answer.text

    assert "没有填写任何一行" in hand_in()
    rows[0][6:10] = ["0012345", "2026-03-20", datetime(2026, 3, 20), "本人"]
    rows[1][6], rows[1][10:12] = "0012346", ["2026/03/20", "迁址"]
    rows[2][6], rows[2][8] = "0012347", "下周"
    assert "第 6 行“签收日期”不是日期：下周" in hand_in()
    rows[2][8] = "2026-03-23"
    assert "第 6 行" in (refused := hand_in()) and "晚于今天" in refused

    def states() -> list[str]:
        with api.db.view(ROOT.scope) as session:
            found = {row.id: row.state for row in session.execute(sa.text("SELECT id, state FROM notice"))}
        return [found[letter] for letter in letters]
    assert states() == ["dispatched"] * 3, "a wrong row keeps every row out"
    rows[2][8] = ""
    assert hand_in() == "/letters?box=posted&done=sheet"
    assert states() == ["delivered", "issued", "dispatched"]
    assert "0012345，本人签收" in clerk.get("/letters?box=delivered").text, "a number keeps its zeros"
    assert [row[6] for row in rows_of(clerk.http.get("/letters/sheet").content)[1:]] == ["0012347"]


def test_a_member_chooses_and_takes_back(api: Api, now: datetime) -> None:
    me = who(api, "xj.m0", now)
    assert "/contacts" in me.get("/account").text
    assert "办事处尚未开通" in me.get("/contacts").text
    wrong = me.send("/contacts", None, **{"use-sms": "yes", "sms": "1381234", "use-mail": "yes", "mail": "me@post.example"})
    assert wrong.status_code == 422 and "不是11位手机号码" in wrong.text and 'value="me@post.example"' in wrong.text
    fields = {"use-sms": "yes", "sms": "13812345678", "rank-sms": "2", "use-mail": "yes", "mail": "me@post.example", "rank-mail": "1"}
    assert me.send("/contacts", None, **fields).headers["location"] == "/contacts?done=chosen"
    shown = me.get("/contacts").text
    assert "138****5678" in shown and "m***@post.example" in shown and "13812345678" not in shown
    me.send("/contacts", None, **{"use-mail": "yes"})
    assert re.findall(r'现用：<span class="number">([^<]+)<', me.get("/contacts").text) == ["m***@post.example"]
    assert "Text message" in who(api, "xj.m0", now, "en").get("/contacts").text
