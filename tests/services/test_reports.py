"""Reports from every door: telephone notes, both addressees, the office's calls, papers that serve several plans."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.core.clock import at_hour
from services.core.db import Database, Scope
from services.core.errors import Conflict, InputError, NotPermitted
from services.intake import addressees, notes, service
from services.intake.reports import PhoneCall
from services.models import AccessRecord, SlaClock
from tests.services.api_world import Api
from tests.support.claims import NX_EVENT, XJ_EVENT
from tests.support.fired import fired
from tests.support.world import EFFECTIVE, NX_PLAN, ROOT, World, build_world, enrol_members

CN = Scope("cn")
CALLED = at_hour(date(2026, 3, 18), 10, 30)
CALL = PhoneCall(line="95511", caller="李示例", called_at=CALLED, number_called="95511", said="妻子确诊乳腺癌", relation="丈夫",
                 caller_phone="13900000000")


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def test_the_note_of_a_call_is_the_reports_day(world: World, now: datetime) -> None:
    """Diagnosed 16 March, called 95511 on the 18th, typed in on 2 April: in time (last day 26 March), reading A-15."""
    later = at_hour(date(2026, 4, 2))
    with world.db.unit_of_work(CN) as session:
        case = service.report(session, person_id=world.member(0).person_id, event=NX_EVENT, channel="phone", call=CALL,
                              actor=world.actor("nx.clerk"), now=later)
        [note] = notes.notes_of(session, case, actor=world.actor("nx.office1"), now=later)
        looks = session.scalars(sa.select(AccessRecord).where(AccessRecord.what.like("report_notes:%"))).all()  # type: ignore[attr-defined]
        kept = session.execute(sa.text("SELECT said_sealed, caller_phone_sealed FROM report_note")).one()
    assert (case.reported_on, case.late, case.insurer_told_at, case.committee_told_at) == (date(2026, 3, 18), False, CALLED, None)
    assert (case.reporter_name, case.channel) == ("李示例", "phone")
    assert (note["said"], note["caller_phone"]) == ("妻子确诊乳腺癌", "13900000000")
    assert (note["number_called"], note["relation"]) == ("95511", "丈夫")
    assert len(looks) == 1
    assert "妻子".encode() not in bytes(kept[0]) and b"139" not in bytes(kept[1])


def test_the_office_takes_calls_and_nothing_else(world: World, now: datetime) -> None:
    office = world.actor("xj.office1")
    call = replace(CALL, line="office", number_called="12351")
    with world.db.unit_of_work(office.scope) as session:
        case = service.report(session, person_id=world.member(0, "xj").person_id, event=XJ_EVENT, channel="phone", call=call,
                              actor=office, now=now)
        assert (case.committee_told_at, case.insurer_told_at) == (CALLED, None)
        with pytest.raises(NotPermitted):
            service.report(session, person_id=world.member(1, "xj").person_id, event=XJ_EVENT, channel="clerk", actor=office, now=now)


@pytest.mark.parametrize(("call", "stated", "code", "field"), [
    (None, None, "call_missing", "call"),
    (replace(CALL, said=" "), None, "call_field", "call.said"),
    (replace(CALL, number_called=""), None, "call_field", "call.number_called"),
    (replace(CALL, line="110"), None, "call_line", "call.line"),
    (replace(CALL, called_at=at_hour(date(2026, 3, 20), 9, 1)), None, "call_time", "call.called_at"),
    (CALL, date(2026, 3, 19), "call_day", "reported_on"),
    (replace(CALL, called_at=at_hour(date(2026, 3, 15))), None, "report_before_event", "reported_on"),
])
def test_a_wrong_note_names_its_field(world: World, now: datetime, call: PhoneCall | None, stated: date | None, code: str,
                                      field: str) -> None:
    with world.db.unit_of_work(CN) as session, pytest.raises(InputError) as refused:
        service.report(session, person_id=world.member(0).person_id, event=NX_EVENT, channel="phone", call=call,
                       reported_on=stated, actor=world.actor("nx.clerk"), now=now)
    assert (refused.value.code, refused.value.field) == (code, field)


def _open(world: World) -> list[tuple[str, date, bool]]:
    with world.db.view(CN) as session:
        return [(row.addressee, row.due_on, row.late) for row in addressees.to_tell(session, today=date(2026, 3, 21))]


def test_the_missing_addressee_is_told_the_same_day(world: World, now: datetime) -> None:
    clerk = world.actor("nx.clerk")
    with world.db.unit_of_work(CN) as session:
        case = service.report(session, person_id=world.member(0).person_id, event=NX_EVENT, channel="clerk", actor=clerk, now=now)
        service.report(session, person_id=world.member(0, "xj").person_id, event=XJ_EVENT, channel="clerk",
                       actor=world.actor("xj.clerk"), now=now)      # no insurer in this plan: nobody to tell
    assert _open(world) == [("insurer", date(2026, 3, 20), True)]
    with world.db.unit_of_work(clerk.scope) as session:
        with pytest.raises(InputError, match="told_words"):
            service.tell(session, case_id=case.id, addressee="insurer", at=now, words=" ", actor=clerk, now=now)
        with pytest.raises(InputError, match="told_at"):
            service.tell(session, case_id=case.id, addressee="insurer", at=now + timedelta(hours=1), words="致电", actor=clerk, now=now)
        with pytest.raises(Conflict, match="already_told"):
            service.tell(session, case_id=case.id, addressee="committee", at=now, words="面告", actor=clerk, now=now)
        case = service.tell(session, case_id=case.id, addressee="insurer", at=now, words="致电 95511", actor=clerk, now=now)
        clock = session.scalars(sa.select(SlaClock).where(SlaClock.kind == "first_notice")).one()  # type: ignore[arg-type]
    assert (case.insurer_told_at, clock.state, clock.kept, clock.stopped_on) == (now, "stopped", True, date(2026, 3, 20))
    assert _open(world) == []


def test_nobody_told_by_the_evening_is_a_breach(world: World, now: datetime) -> None:
    clerk = world.actor("nx.clerk")
    with world.db.unit_of_work(CN) as session:
        case = service.report(session, person_id=world.member(0).person_id, event=NX_EVENT, channel="phone", call=CALL,
                              actor=clerk, now=now)
        due = [(one.what, one.kind, one.subject) for one in fired(session, now + timedelta(days=1))]
        assert ("breached", "first_notice", "committee") in due
        service.tell(session, case_id=case.id, addressee="committee", at=now + timedelta(days=1), words="电话告知", actor=clerk,
                     now=now + timedelta(days=1))
        clock = session.scalars(sa.select(SlaClock).where(SlaClock.kind == "first_notice")).one()  # type: ignore[arg-type]
    assert (clock.state, clock.kept) == ("stopped", False)


def test_both_told_at_the_report_leaves_nothing_to_tell(world: World, now: datetime) -> None:
    with world.db.unit_of_work(CN) as session:
        service.report(session, person_id=world.member(0).person_id, event=NX_EVENT, channel="clerk", insurer_told_at=now,
                       actor=world.actor("nx.clerk"), now=now)
    assert _open(world) == []


def test_a_call_through_the_api(db: Database, now: datetime, tmp_path: Path) -> None:
    api = Api(db, now, tmp_path)
    call = {"line": "95511", "caller": "李示例", "called_at": "2026-03-18T10:30:00+08:00", "number_called": "95511", "said": "妻子确诊",
            "relation": "丈夫"}
    body = {"id_number": api.world.member(0).synthetic.id_number, "event": NX_EVENT, "channel": "phone", "call": call}
    made = api.post("nx.clerk", "/cases", body)
    assert made.status_code == 201, made.text
    case_no = made.json()["case"]["case_no"]
    assert made.json()["case"]["reported_on"] == "2026-03-18"
    assert api.get("nx.office1", "/cases/to-tell").json()[0]["addressee"] == "committee"
    assert api.get("xj.office1", "/cases/to-tell").json() == []
    assert api.get("nx.office1", f"/cases/{case_no}/notes").json()[0]["said"] == "妻子确诊"
    assert api.get("nx.admin", f"/cases/{case_no}/notes").status_code == 403
    told = api.post("nx.clerk", f"/cases/{case_no}/told", {"addressee": "committee", "at": now.isoformat(), "words": "面告主任"})
    assert (told.status_code, told.json()["case"]["committee_told_at"][:10]) == (200, "2026-03-20")
    assert api.get("nx.office1", "/cases/to-tell").json() == []
    missing = api.post("nx.clerk", "/cases", {**body, "call": None})
    assert (missing.status_code, missing.json()["field"]) == (422, "call")


def test_papers_that_serve_several_are_said(world: World, now: datetime) -> None:
    both = world.member(0, "xj")
    with world.db.unit_of_work(CN) as session:
        enrol_members(session, world, "nx", NX_PLAN, [replace(both.synthetic, shares=1)], EFFECTIVE, now)
        case = service.report(session, person_id=both.person_id, event=XJ_EVENT, channel="clerk", actor=ROOT, now=now)
    papers = {paper["kind"]: paper["serves"] for answer in case.answers for paper in answer["papers"]}  # type: ignore[attr-defined]
    assert sorted(papers["id_card"]) == ["nx-ankangbao", "xj-women"]
    assert papers["application"] == ["xj-women"]


def test_a_draft_is_taken_up_again_and_gone_once_reported(db: Database, now: datetime, tmp_path: Path) -> None:
    api = Api(db, now, tmp_path)
    words = {"channel": "member", "hospital": "示例医院", "event": {"kind": "diagnosis"}}
    saved = api.post("xj.m0", "/drafts", {"words": words}).json()
    with api.db.view(CN) as session:
        kept = bytes(session.execute(sa.text("SELECT words_sealed FROM report_draft")).scalar_one())
        answers = session.execute(sa.text("SELECT string_agg(body::text, '') FROM idempotency_key")).scalar_one()
    assert "示例医院".encode() not in kept and "示例医院" not in answers
    assert api.get("xj.m0", f"/drafts/{saved['id']}").json()["words"] == words
    for login in ("xj.m1", "xj.clerk", "nx.m0"):
        assert api.get(login, f"/drafts/{saved['id']}").status_code == 404
    fuller = {**words, "event": XJ_EVENT}
    again = api.post("xj.m0", f"/drafts/{saved['id']}", {"words": fuller}, version=saved["version"])
    assert (again.status_code, again.json()["version"]) == (200, 2)
    assert api.post("xj.m0", f"/drafts/{saved['id']}", {"words": words}, version=1).status_code == 409
    wrong = api.post("xj.m0", "/drafts", {"words": {"hospitel": "x"}})
    assert (wrong.status_code, wrong.json()["field"]) == (422, "hospitel")
    [found] = api.get("xj.m0", "/drafts").json()
    refused = api.post("xj.m0", "/cases", {**found["words"], "event": {"kind": "diagnosis"}, "draft_id": found["id"]})
    assert refused.status_code == 422 and len(api.get("xj.m0", "/drafts").json()) == 1
    made = api.post("xj.m0", "/cases", {**found["words"], "draft_id": found["id"]})
    assert made.status_code == 201, made.text
    assert api.get("xj.m0", "/drafts").json() == []
    second = api.post("xj.m0", "/drafts", {"words": words}).json()
    assert api.post("xj.m1", f"/drafts/{second['id']}/drop").status_code == 404
    assert api.post("xj.m0", f"/drafts/{second['id']}/drop").status_code == 200
