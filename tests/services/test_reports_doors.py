"""What no door may do: silence a task with a day to come, speak for the insurer, make a late case timely, hide a likeness."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path

import pytest
from sqlmodel import select

from services.access.actor import insurer
from services.core.clock import at_hour
from services.core.db import Database, Scope
from services.core.errors import NotPermitted
from services.intake import service
from services.models import Case
from tests.services.api_world import Api
from tests.services.test_bulk_reports import row, workbook
from tests.support.claims import NX_EVENT, XJ_EVENT
from tests.support.proof import PROOF, keep_proof

LATE = {**XJ_EVENT, "diagnosed_on": "2026-02-05", "specimen_on": "2026-02-03"}


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def body(api: Api, n: int, event: Mapping[str, object], office: str = "xj", **more: object) -> dict[str, object]:
    return {"id_number": api.world.member(n, office).synthetic.id_number, "event": event, "channel": "clerk", **more}


def case_no(api: Api, login: str, words: dict[str, object]) -> str:
    made = api.post(login, "/cases", words)
    assert made.status_code == 201, made.text
    return str(made.json()["case"]["case_no"])


def test_the_count_is_shown_before_the_report(api: Api) -> None:
    """5 February and ten days fall into the Spring Festival: 24 February is the last day (domain, days report)."""
    asked = {"id_number": api.world.member(0, "xj").synthetic.id_number, "event": LATE}
    for login in ("xj.clerk", "xj.office1"):        # who answers the office's telephone asks too
        shown = api.post(login, "/cases/preview", asked).json()
        assert (shown["opens"], shown["late"], shown["last_timely_day"]) == (1, True, "2026-02-24")
        assert "顺延至2月24日" in shown["count_words"]
    timely = api.post("xj.m0", "/cases/preview", {"event": XJ_EVENT}).json()
    assert (timely["late"], timely["last_timely_day"]) == (False, "2026-03-26")
    never = api.post("xj.m0", "/cases/preview", {"event": {"kind": "diagnosis", "icd10": "C53.900", "diagnosed_on": "2020-01-01"}}).json()
    assert (never["opens"], never["late"], never["last_timely_day"]) == (0, False, None)


@pytest.mark.parametrize("name", ["committee_told_at", "insurer_told_at"])
def test_nobody_was_told_tomorrow(api: Api, name: str) -> None:
    refused = api.post("nx.clerk", "/cases", body(api, 0, NX_EVENT, "nx", **{name: "2026-03-21T00:00:00+08:00"}))
    assert (refused.status_code, refused.json()["code"], refused.json()["field"]) == (422, "told_future", name)
    case_no(api, "nx.clerk", body(api, 0, NX_EVENT, "nx", **{name: "2026-03-20T23:59:00+08:00"}))


def test_only_the_insurer_speaks_for_the_insurer(api: Api, now: datetime) -> None:
    """A clerk's note of it would tick off the insurer as told."""
    refused = api.post("nx.clerk", "/cases", body(api, 0, NX_EVENT, "nx", channel="insurer"))
    assert (refused.status_code, refused.json()["code"]) == (403, "role_missing")
    with api.db.unit_of_work(Scope("cn")) as session, pytest.raises(NotPermitted):
        service.report(session, person_id=api.world.member(0).person_id, event=NX_EVENT, channel="insurer",
                       actor=api.world.actor("nx.clerk"), now=now)
    with api.db.unit_of_work(Scope("cn")) as session:
        case = service.report(session, person_id=api.world.member(0).person_id, event=NX_EVENT, channel="insurer",
                              actor=insurer("cn.", "示例保险公司"), now=now)
        assert (case.insurer_told_at, case.committee_told_at) == (now, None)
    [left] = api.get("nx.clerk", "/cases/to-tell").json()
    assert left["addressee"] == "committee"


def test_an_older_report_does_not_make_a_late_case_timely(api: Api) -> None:
    late = case_no(api, "xj.clerk", body(api, 1, LATE, late_reason="住院"))
    older = body(api, 1, {**XJ_EVENT, "diagnosed_on": "2026-01-20", "specimen_on": "2026-01-18"}, reported_on="2026-01-21")
    refused = api.post("xj.clerk", "/cases", {**older, "join": late})
    assert (refused.status_code, refused.json()["code"], refused.json()["field"]) == (409, "join_before_event", "join")
    other = case_no(api, "xj.clerk", older)
    refused = api.post("xj.clerk", f"/cases/{other}/join", {"into": late, "reason": "同一事件"})
    assert (refused.status_code, refused.json()["code"], refused.json()["field"]) == (409, "join_before_event", "into")
    shown = api.get("xj.clerk", f"/cases/{late}").json()["case"]
    assert (shown["reported_on"], shown["late"], shown["late_reason"]) == ("2026-03-20", True, "住院")
    assert api.post("xj.clerk", f"/cases/{late}/join", {"into": other, "reason": "同一事件"}).status_code == 200


def test_a_joined_case_is_told_of_where_it_went(api: Api, now: datetime) -> None:
    first = case_no(api, "nx.clerk", body(api, 0, NX_EVENT, "nx"))
    second = case_no(api, "nx.clerk", body(api, 0, NX_EVENT, "nx", apart="另一处原发"))
    with api.db.unit_of_work(Scope("cn")) as session:
        cases = {case.case_no: case for case in session.exec(select(Case))}
        cases[second].joined_into = cases[first].id
        session.add(cases[second])
    told = {"addressee": "insurer", "at": now.isoformat(), "words": "致电 95511"}
    refused = api.post("nx.clerk", f"/cases/{second}/told", told)
    assert (refused.status_code, refused.json()["code"]) == (409, "case_joined")
    assert api.post("nx.clerk", f"/cases/{first}/told", told).status_code == 200


def test_a_row_that_looks_like_another_case_says_which(api: Api) -> None:
    """Opened, not dropped: the same illness four days apart, and two rows of one file."""
    first = case_no(api, "xj.clerk", body(api, 0, XJ_EVENT))
    rows = [row(api.world, 0, day="2026-03-12"), row(api.world, 1, day="2026-03-16"), row(api.world, 1, day="2026-03-14")]
    done = api.upload("xj.clerk", "/cases/files", workbook(rows), name="r.xlsx")
    assert done.status_code == 201, done.text
    one, two, three = done.json()["cases"]
    assert [one["like"], two["like"], three["like"]] == [first, three["case_no"], two["case_no"]]


def test_a_proxy_reports_between_the_two_days(api: Api) -> None:
    keep_proof()
    ill, friend = (api.world.member(n, "xj") for n in (0, 3))
    words: dict[str, object] = {"person_id": str(ill.person_id), "event": XJ_EVENT, "channel": "member"}
    assert api.post("xj.m3", "/cases", words).json()["code"] == "not_own"
    made = api.post("xj.clerk", f"/people/{ill.person_id}/proxies", {
        "proxy_id": str(friend.person_id), "from_on": "2026-03-20", "until_on": "2026-03-25", "reason": "昏迷", "proof_sha256": PROOF})
    assert made.status_code == 201, made.text
    api.clock.instant = at_hour(date(2026, 3, 26))
    assert api.post("xj.m3", "/cases", words).json()["code"] == "not_own"
    api.clock.instant = at_hour(date(2026, 3, 25))
    number = case_no(api, "xj.m3", words)
    assert api.get("xj.m3", f"/cases/{number}").json()["claims"] != []
    assert api.get("xj.m0", f"/cases/{number}").status_code == 200
    assert api.get("xj.m1", f"/cases/{number}").status_code == 404
