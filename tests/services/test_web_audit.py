"""The auditor at the pages: reads every claim's record, who looked, the proof, samples, heads and books; changes nothing."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from services.audit import sealing
from services.core.clock import business_day
from services.core.db import Database
from services.core.settings import settings
from services.core.signing import signing_keys
from services.storage.second import SecondPlace
from services.web.office_words import look_words
from services.web.pages import routes
from tests.services.api_world import Api
from tests.support.databases import Superuser
from tests.support.signed_in import Visitor, sign_in
from tests.support.world import ROOT

PATHS = ("/audit", "/audit/looks", "/audit/separation", "/audit/samples", "/audit/record", "/audit/books")
# The way out, searches that must not stand in an address, whole numbers seen for a reason: only the access record is written.
LOOKS = {"/sign-out", "/search", "/book", "/invoices", "/claims/{claim_no}/unmask", "/people/{person_id}/unmask",
         "/plans/replay"}       # computes from what was uploaded, writes nothing


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def visitor(api: Api, login: str, now: datetime, language: str = "zh") -> Visitor:
    return sign_in(api.app, api.db, api.world, login, now, language)


def test_the_pages_stand_in_both_languages_and_for_auditors_only(api: Api, now: datetime) -> None:
    chinese, english = visitor(api, "xj.auditor", now), visitor(api, "xj.auditor", now, "en")
    others = [visitor(api, login, now) for login in ("xj.admin", "xj.head", "xj.clerk")]
    for path in PATHS:
        assert "审计" in chinese.get(path).text, path
        assert "Audit" in english.get(path).text, path
        assert [other.get(path).status_code for other in others] == [403, 403, 403], path


def test_who_looked_at_a_claim_is_found_by_claim_person_and_account(api: Api, now: datetime) -> None:
    claim_no, other_no = api.report(), api.report(office="nx")
    reviewer, auditor = visitor(api, "xj.office1", now), visitor(api, "xj.auditor", now)
    assert reviewer.get(f"/claims/{claim_no}").status_code == 200
    page = auditor.get("/audit/looks", claim=claim_no).text
    assert "xj.office1" in page and "查看案件" in page
    assert "xj.office1" in auditor.get("/audit/looks", person=api.world.member(0, "xj").person_id).text
    assert claim_no in auditor.get("/audit/looks", login="xj.office1").text
    assert claim_no not in auditor.get("/audit/looks", login="xj.office2").text
    assert "没有这样的留痕" in auditor.get("/audit/looks", claim=other_no).text
    assert auditor.get(f"/claims/{claim_no}").status_code == 200
    assert "xj.auditor" in auditor.get("/audit/looks", claim=claim_no).text
    assert auditor.get("/audit/looks", person="x").status_code == 404


def test_looks_and_ways_in_are_named_not_coded(api: Api, now: datetime) -> None:
    sign_in(api.app, api.db, api.world, "xj.office1", now).get("/told")
    auditor = sign_in(api.app, api.db, api.world, "xj.auditor", now)
    page = auditor.get("/audit/looks", login="xj.office1").text
    assert "查看转告与并案" in page and ">told" not in page
    for what in ("letter:x", "pair:a:b", "汇总表:HZ1"):
        assert look_words(what).startswith("查看")


def test_the_proof_runs_on_request_and_names_what_it_compared(api: Api, now: datetime) -> None:
    auditor = visitor(api, "xj.auditor", now)
    assert "没有违反" not in auditor.get("/audit/separation").text
    page = auditor.get("/audit/separation", year=2026).text
    assert "没有违反" in page and "制单人与复核放行人" in page and "核验人与各审核级、决定人" in page
    assert "没有违反" not in auditor.get("/audit/separation", year=1999).text


def test_the_daily_heads_and_the_books(api: Api, now: datetime, superuser: Superuser, days_beside: SecondPlace) -> None:
    api.report()
    auditor = visitor(api, "xj.auditor", now)
    assert "还没有每日总校验" in auditor.get("/audit/record").text
    sealed = sealing.seal(api.db, ROOT.scope, place=days_beside, keys=signing_keys(settings().signing_keys),
                          day=business_day(now), now=now)
    page = auditor.get("/audit/record").text
    assert sealed.root.hex() in page and "还没有写到第二处" not in page and "封存时已有链" not in page
    superuser.execute("UPDATE audit_seal SET exported_at = NULL, losses = 2")
    page = auditor.get("/audit/record").text
    assert "还没有写到第二处" in page and "封存时已有链变短、不在或被改写" in page
    books = auditor.get("/audit/books").text
    assert "借贷相等" in books and "应收费用" in books and "不为零" not in books
    assert "还没有质检样本" in auditor.get("/audit/samples").text


def test_an_auditor_sends_no_form_but_looks_and_the_own_account(api: Api, now: datetime) -> None:
    posts = [route for route in routes() if route.method == "POST"]
    allowed = {route.path for route in posts if not isinstance(route.roles, str) and "auditor" in route.roles}
    assert {path for path in allowed if path not in LOOKS and not path.startswith("/account")} == set()
    auditor = visitor(api, "xj.auditor", now)
    auditor.get("/audit")
    for path in ("/admin/accounts", "/releases", f"/claims/{api.report()}/pass"):
        assert auditor.send(path).status_code in (403, 404), path
    for route in routes():
        if route.path.startswith("/audit"):
            assert route.method == "GET"
