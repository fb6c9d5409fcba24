"""The pages between office and insurer: a report prepared and issued by two persons, entries, reserves, the daily comparison."""

from __future__ import annotations

import re
import uuid
from datetime import date, datetime
from pathlib import Path

import pytest

from services.core.clock import at_hour
from services.core.db import Database
from services.insurer import reconciling
from services.insurer.statement import Position, Statement
from tests.services.api_world import Api
from tests.services.review_world import SYSTEM, claim_row, in_review
from tests.support.signed_in import Visitor, sign_in
from tests.support.world import ROOT

INSURER = "平安养老保险股份有限公司宁夏分公司"
STRANGE = Position.model_validate({
    "claim_no": "NX2026-9999-000", "round": 1, "version": 1, "package_digest": "d" * 64, "state": "received", "said": (),
    "heard": [{"message_id": "3f0c1f0e-5b1a-4b7e-9d57-0a1c6f2b7a10", "kind": "dossier", "at": "2026-03-18T10:00:00+08:00"}],
    "decided": None, "settled": None, "serial": None})


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def person(api: Api, login: str, language: str = "zh") -> Visitor:
    return sign_in(api.app, api.db, api.world, login, api.clock.now(), language)


def number(db: Database, claim: uuid.UUID) -> str:
    return str(claim_row(db, claim).claim_no)


def seen(page: str) -> str:
    found = re.search(r'name="seen" value="(\w+)"', page)
    assert found
    return found[1]


def test_one_prepares_another_issues_and_the_files_are_frozen(api: Api) -> None:
    office, head = person(api, "nx.office1"), person(api, "nx.head")
    page = office.get("/exchange").text
    assert "还没有合作情况报告" in page and 'value="2026-02-01"' in page and 'value="2026-02-28"' in page      # the month before
    assert office.send("/exchange", insurer=INSURER, from_on="2026-03-01", until_on="2026-03-31").status_code == 422
    office.get("/exchange")
    made = office.send("/exchange", insurer=INSURER, from_on="2026-02-01", until_on="2026-02-28")
    assert made.headers["location"].endswith("?done=prepared")
    where = made.headers["location"].partition("?")[0]
    shown = office.get(where).text
    assert "待签发" in shown and "数据未被改动" in shown and f'action="{where}/issue"' not in shown
    assert office.get(f"{where}/letter").status_code == 404
    assert person(api, "xj.head").get(where).status_code == 404
    digest = seen(head.get(where).text)
    assert head.send(f"{where}/issue", seen="0" * 64).status_code == 409
    head.get(where)
    assert head.send(f"{where}/issue", seen=digest).headers["location"] == f"{where}?done=issued"
    assert "宁工女互通函〔2026〕1号" in head.get(where).text
    letter, book = head.get(f"{where}/letter"), head.get(f"{where}/workbook")
    assert (letter.headers["content-type"], letter.content[:5], book.content[:2]) == ("application/pdf", b"%PDF-", b"PK")
    assert head.get(f"{where}/letter").content == letter.content
    office.get(where)
    assert "无须更正" in office.send(f"{where}/correct", why="再看一遍").text
    english = person(api, "nx.office1", "en").get(where).text
    assert "Paid within 15 working days" in english and "Whose duty" in english


def test_entries_count_until_they_are_withdrawn(api: Api) -> None:
    office = person(api, "nx.office1")
    office.get("/exchange")
    refused = office.send("/exchange/acts", insurer=INSURER, code="lecture", held_on="2026-05-01", note="金凤区，120人")
    assert refused.status_code == 422 and "金凤区，120人" in refused.text
    assert office.send("/exchange/acts", insurer=INSURER, code="lecture", held_on="2026-03-10", note="金凤区，120人").status_code == 303
    page = office.get("/exchange").text
    found = re.search(r'action="(/exchange/acts/[0-9a-f-]+/withdraw)"', page)
    assert found and "金凤区，120人" in page
    assert office.send(found[1], why="日期有误").headers["location"] == "/exchange?done=withdrawn"
    assert "日期有误" in office.get("/exchange").text


def test_reserves_and_the_days_compared(api: Api) -> None:
    maker, office = person(api, "nx.maker"), person(api, "nx.office1")
    assert "没有未了结的案件" in maker.get("/reserves").text
    assert office.get("/reserves", on="2030-01-01").status_code == 422
    assert "还没有对账" in office.get("/reconciliation").text
    with api.db.unit_of_work(ROOT.scope) as session:
        reconciling.reconcile(session, statement=Statement(day=date(2026, 3, 19), positions=(STRANGE,)), actor=SYSTEM,
                              now=at_hour(date(2026, 3, 20), 7))
    page = office.get("/reconciliation").text
    assert "差异 1 项" in page and "差异属于其他组织" in page        # a claim nobody knows is the root's alone
    known = number(api.db, in_review(api.world, 0, api.clock.now(), office="nx"))
    with api.db.unit_of_work(ROOT.scope) as session:
        reconciling.reconcile(session, statement=Statement(day=date(2026, 3, 20), positions=(
            STRANGE.model_copy(update={"claim_no": known}),)), actor=SYSTEM, now=at_hour(date(2026, 3, 21), 7))
    page = office.get("/reconciliation").text
    assert "我方没有这份案卷" in page and f'href="/claims/{known}"' in page and "已 2 日" in page
    assert office.get("/reconciliation", day="2026-03-01").status_code == 404
    assert '<option value="2026-03-19" selected>' in office.get("/reconciliation", day="2026-03-19").text


def test_older_reports_are_a_page_further(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.web.desks.exchange.PAGE", 1)
    office = person(api, "nx.office1")
    for first, last in (("2026-01-01", "2026-01-31"), ("2026-02-01", "2026-02-28")):
        office.get("/exchange")
        assert office.send("/exchange", insurer=INSURER, from_on=first, until_on=last).status_code == 303
    newest, oldest = office.get("/exchange").text, office.get("/exchange", skip="1").text
    assert "2026年2月1日 –" in newest and "2026年1月1日 –" not in newest and "/exchange?skip=1" in newest
    assert "2026年1月1日 –" in oldest and "更早的报告" not in oldest
