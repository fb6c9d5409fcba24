"""Doubled reports: offered with the reason, joined by two persons, kept apart with a reason, never dropped silently."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.audit.verify import verify as verify_audit
from services.core.clock import at_hour
from services.core.db import Database, Scope
from services.core.errors import Conflict, GuardFailed, InputError, NotFound, NotPermitted
from services.evidence import service as evidence
from services.intake import duplicates, notes, queries, service
from services.intake.reports import PhoneCall
from services.models import Case, Claim, Consent, Notice, OutboxRow, Paper
from services.notice import service as notice
from services.reporting import checks
from tests.services.api_world import EVENT, Api
from tests.support.claims import NX_EVENT, XJ_EVENT, papers, picture, report
from tests.support.world import EFFECTIVE, NX_PLAN, ROOT, World, build_world, enrol_members

CN = Scope("cn")
CALL = PhoneCall(line="office", caller="李示例", called_at=at_hour(date(2026, 3, 18)), number_called="12351", said="确诊宫颈癌")
NEXT_DAY = XJ_EVENT | {"diagnosed_on": "2026-03-17"}


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def two(world: World, now: datetime) -> tuple[Case, Claim, Case, Claim]:
    """The same illness reported twice, a day apart: by the clerk, then by the member."""
    member = world.member(0, "xj")
    with world.db.unit_of_work(CN) as session:
        first, (one,) = report(session, world, member, XJ_EVENT, now, by="xj.clerk")
        second, (other,) = report(session, world, member, NEXT_DAY, now)
    return first, one, second, other


def test_a_report_of_the_same_event_says_where_it_belongs(world: World, now: datetime) -> None:
    member = world.member(0, "xj")
    with world.db.unit_of_work(CN) as session:
        case, _ = report(session, world, member, XJ_EVENT, now)
        with pytest.raises(Conflict, match="duplicate_report") as refused:
            report(session, world, member, XJ_EVENT, now, by="xj.clerk")
    assert case.case_no in refused.value.remedy and refused.value.field == "join"


def test_a_joined_report_may_make_a_late_case_timely(world: World, now: datetime) -> None:
    """Reported 2 April, last day 26 March: late. The office's note of 18 March turns up and joins."""
    member, clerk, later = world.member(0, "xj"), world.actor("xj.clerk"), at_hour(date(2026, 4, 2))
    with world.db.unit_of_work(CN) as session:
        case, (claim,) = report(session, world, member, XJ_EVENT, later, by="xj.clerk", late_reason="住院")
        assert (case.late, case.last_timely_day) == (True, date(2026, 3, 26))
        again = service.report(session, person_id=member.person_id, event=XJ_EVENT, channel="phone", call=CALL, join=case.case_no,
                               actor=clerk, now=later)
        assert (again.id, again.late, again.late_reason, again.reported_on) == (case.id, False, None, date(2026, 3, 18))
        clock = session.execute(sa.text("SELECT kept, stopped_on FROM sla_clock WHERE kind = 'report'")).one()
        assert tuple(clock) == (True, date(2026, 3, 18))
        assert [one.id for one in queries.claims_of(session, case.id)] == [claim.id]
        assert [note["said"] for note in notes.notes_of(session, case, actor=clerk, now=later)] == ["确诊宫颈癌"]
        assert verify_audit(session) == []


def test_a_joined_report_opens_what_the_case_has_not(world: World, now: datetime) -> None:
    member = world.member(0, "xj")
    with world.db.unit_of_work(CN) as session:
        case, _ = report(session, world, member, XJ_EVENT, now)
        enrol_members(session, world, "nx", NX_PLAN, [replace(member.synthetic, shares=1)], EFFECTIVE, now)
        service.report(session, person_id=member.person_id, event=XJ_EVENT, channel="clerk", join=case.case_no, actor=ROOT, now=now)
        assert sorted(claim.plan for claim in queries.claims_of(session, case.id)) == ["nx-ankangbao", "xj-women"]


def test_a_second_event_of_one_day_is_opened_with_its_reason(world: World, now: datetime) -> None:
    member = world.member(0, "xj")
    with world.db.unit_of_work(CN) as session:
        first, _ = report(session, world, member, XJ_EVENT, now)
        second = service.report(session, person_id=member.person_id, event=XJ_EVENT, channel="clerk", apart="另一处原发",
                                actor=world.actor("xj.clerk"), now=now)
        assert second.id != first.id
        assert duplicates.possible_duplicates(session, second) == []
        with pytest.raises(InputError, match="join_or_apart"):
            service.report(session, person_id=member.person_id, event=XJ_EVENT, channel="clerk", apart="x", join="y", actor=ROOT, now=now)
        with pytest.raises(NotFound):
            service.report(session, person_id=world.member(1, "xj").person_id, event=XJ_EVENT, channel="clerk", join=first.case_no,
                           actor=ROOT, now=now)


def reasons(world: World, case: Case) -> list[tuple[str, list[str]]]:
    with world.db.view(CN) as session:
        return [(one.case_no, [reason.code for reason in one.reasons])
                for one in duplicates.possible_duplicates(session, session.get_one(Case, case.id))]


@pytest.mark.parametrize(("other", "hospital", "expected"), [
    ({"diagnosed_on": "2026-03-17"}, "示例市第一医院", ["near_days", "same_hospital", "same_illness"]),
    ({"diagnosed_on": "2026-03-09", "specimen_on": "2026-03-08"}, "别家医院", ["near_days", "same_illness"]),        # 7 days
    ({"diagnosed_on": "2026-03-08", "specimen_on": "2026-03-08"}, "示例市 第一医院", ["same_hospital", "same_illness"]),  # 8 days
    ({"diagnosed_on": "2026-02-14", "specimen_on": "2026-02-10", "icd10": "D06.900", "severity": "in_situ", "behaviour": "2"},
     "示例市第一医院", ["same_hospital"]),                                                                                   # 30 days
    ({"diagnosed_on": "2026-02-13", "specimen_on": "2026-02-10", "icd10": "D06.900", "severity": "in_situ", "behaviour": "2"},
     "示例市第一医院", []),                                                                                                  # 31 days
])
def test_what_looks_like_one_event(world: World, now: datetime, other: dict[str, object], hospital: str, expected: list[str]) -> None:
    member = world.member(0, "xj")
    with world.db.unit_of_work(CN) as session:
        first, _ = report(session, world, member, XJ_EVENT, now, by="xj.clerk")
        second = service.report(session, person_id=member.person_id, event=XJ_EVENT | other, hospital=hospital, channel="clerk",
                                late_reason="外地", actor=world.actor("xj.clerk"), now=now)
    assert reasons(world, second) == ([(first.case_no, expected)] if expected else [])
    assert reasons(world, first) == ([(second.case_no, expected)] if expected else [])


def test_the_same_paper_in_two_cases_is_a_reason_but_not_the_identity_card(world: World, now: datetime) -> None:
    member, clerk = world.member(0, "xj"), world.actor("xj.clerk")
    far = XJ_EVENT | {"diagnosed_on": "2026-01-31", "specimen_on": "2026-01-31", "icd10": "D06.900", "severity": "in_situ",
                      "behaviour": "2"}
    with world.db.unit_of_work(CN) as session:
        first, (one,) = report(session, world, member, XJ_EVENT, now, by="xj.clerk")
        second = service.report(session, person_id=member.person_id, event=far, channel="clerk", late_reason="外地", actor=clerk, now=now)
        [other] = queries.claims_of(session, second.id)
        for claim in (one, other):
            evidence.upload(session, claim_id=claim.id, kind="id_card", file_name="a.png", content=picture(9), actor=clerk, now=now)
    assert reasons(world, second) == []
    with world.db.unit_of_work(CN) as session:
        for claim in (one, other):
            evidence.upload(session, claim_id=claim.id, kind="diagnosis", file_name="b.png", content=picture(10), actor=clerk, now=now)
    assert reasons(world, second) == [(first.case_no, ["same_paper"])]


def test_two_persons_join_a_doubled_claim(world: World, now: datetime) -> None:
    first, one, second, other = two(world, now)
    clerk, office, office2 = world.actor("xj.clerk"), world.actor("xj.office1"), world.actor("xj.office2")
    with world.db.unit_of_work(clerk.scope) as session:
        made = papers(session, world, other, now, clerk="xj.clerk", kinds=["diagnosis"])
        service.record_consent(session, case_id=second.id, purpose="processing", actor=clerk, now=now)
        asked = service.join(session, case_id=second.id, into_id=first.id, reason="同一次确诊", actor=clerk, now=now)
        assert asked.confirmed_at is None
        with pytest.raises(Conflict, match="join_asked"):
            service.join(session, case_id=second.id, into_id=first.id, reason="同一次确诊", actor=clerk, now=now)
        with pytest.raises(NotPermitted):
            service.confirm_join(session, case_id=second.id, actor=clerk, now=now)
        assert queries.claim_for(session, other.id, clerk).state == "reported"
        [offer] = duplicates.possible_duplicates(session, session.get_one(Case, first.id))
        assert offer.asked
    same = replace(office, person_id=clerk.person_id)
    with world.db.unit_of_work(office.scope) as session, pytest.raises(GuardFailed, match="two_persons_needed"):
        service.confirm_join(session, case_id=second.id, actor=same, now=now)
    with world.db.unit_of_work(office2.scope) as session:
        service.confirm_join(session, case_id=second.id, actor=office2, now=now)
    with world.db.unit_of_work(CN) as session:
        gone, stays = session.get_one(Claim, other.id), session.get_one(Claim, one.id)
        assert (gone.state, gone.outcome, stays.state) == ("cancelled", "duplicate", "reported")
        assert session.get_one(Case, second.id).joined_into == first.id
        copied = session.scalars(sa.select(Paper).where(Paper.claim_id == one.id)).all()  # type: ignore[arg-type]
        assert [(paper.kind, paper.verdict, paper.id in made) for paper in copied] == [("diagnosis", "waiting", False)]
        # Nobody has drawn, read or compared the copy at the claim that stays: that is owed.
        owed = sa.select(OutboxRow.subject_id).where(OutboxRow.topic == "paper.upload", OutboxRow.claim_id == one.id)  # type: ignore[call-overload]
        assert session.scalars(owed).all() == [copied[0].id]
        assert [row.case_id for row in session.scalars(sa.select(Consent))] == [first.id]
        assert [note["event"] for note in notes.notes_of(session, session.get_one(Case, first.id), actor=ROOT, now=now)] == [NEXT_DAY]
        assert duplicates.possible_duplicates(session, session.get_one(Case, first.id)) == []
        # No letter says that she withdrew.
        assert notice.draft(session, topic="claim.cancel", claim_ids=[other.id], subject_ids=[other.id], actor=ROOT, now=now) == []
        assert session.scalars(sa.select(Notice)).all() == []
        assert verify_audit(session) == []
        assert checks.run(session) == []


def test_a_join_without_doubled_claims_needs_one_person(world: World, now: datetime) -> None:
    """Two plans, each reported on its own: nothing falls away."""
    member, clerk = world.member(0, "xj"), world.actor("xj.clerk")
    with world.db.unit_of_work(CN) as session:
        first, (one,) = report(session, world, member, XJ_EVENT, now)
        enrol_members(session, world, "nx", NX_PLAN, [replace(member.synthetic, shares=1)], EFFECTIVE, now)
        second = service.report(session, person_id=member.person_id, event=XJ_EVENT, channel="clerk", actor=ROOT, now=now)
        [moved] = queries.claims_of(session, second.id)
        with pytest.raises(NotFound):
            service.join(session, case_id=second.id, into_id=uuid.uuid4(), reason="同一事件", actor=clerk, now=now)
        done = service.join(session, case_id=second.id, into_id=first.id, reason="同一事件", actor=clerk, now=now)
        assert done.confirmed_at == now
        assert sorted(claim.id for claim in queries.claims_of(session, first.id)) == sorted([one.id, moved.id])
        with pytest.raises(Conflict, match="case_joined"):
            service.join(session, case_id=second.id, into_id=first.id, reason="同一事件", actor=clerk, now=now)
        with pytest.raises(Conflict, match="case_joined"):
            service.report(session, person_id=member.person_id, event=NX_EVENT, channel="clerk", join=second.case_no, actor=ROOT, now=now)


def test_kept_apart_the_offer_does_not_come_again(world: World, now: datetime) -> None:
    first, _, second, other = two(world, now)
    clerk, office = world.actor("xj.clerk"), world.actor("xj.office1")
    with world.db.unit_of_work(clerk.scope) as session:
        service.join(session, case_id=second.id, into_id=first.id, reason="同一次确诊", actor=clerk, now=now)
        service.keep_apart(session, case_id=first.id, other_id=second.id, reason="两次原发", actor=clerk, now=now)
    assert reasons(world, second) == [] == reasons(world, first)
    with world.db.unit_of_work(office.scope) as session, pytest.raises(NotFound, match="join_not_asked"):
        service.confirm_join(session, case_id=second.id, actor=office, now=now)
    with world.db.view(CN) as session:
        assert session.get_one(Claim, other.id).state == "reported"


def test_a_mistaken_claim_is_cancelled_by_two(world: World, now: datetime) -> None:
    _, one, _, _ = two(world, now)
    clerk, office = world.actor("xj.clerk"), world.actor("xj.office1")
    with world.db.unit_of_work(clerk.scope) as session:
        with pytest.raises(InputError, match="cancel_ground"):
            service.ask_cancel(session, claim_id=one.id, ground="tired", reason="x", actor=clerk, now=now)
        service.ask_cancel(session, claim_id=one.id, ground="mistake", reason="录错人", actor=clerk, now=now)
        with pytest.raises(Conflict, match="cancel_asked"):
            service.ask_cancel(session, claim_id=one.id, ground="mistake", reason="录错人", actor=clerk, now=now)
        service.drop_request(session, claim_id=one.id, reason="没有录错", actor=clerk, now=now)
    with world.db.unit_of_work(office.scope) as session, pytest.raises(NotFound, match="cancel_not_asked"):
        service.confirm_cancel(session, claim_id=one.id, actor=office, now=now)
    with world.db.unit_of_work(office.scope) as session:
        service.ask_cancel(session, claim_id=one.id, ground="mistake", reason="录错人", actor=office, now=now)
        with pytest.raises(GuardFailed, match="two_persons_needed"):
            service.confirm_cancel(session, claim_id=one.id, actor=office, now=now)
    with world.db.unit_of_work(world.actor("xj.head").scope) as session:
        gone = service.confirm_cancel(session, claim_id=one.id, actor=world.actor("xj.head"), now=now)
        assert (gone.state, gone.outcome) == ("cancelled", "mistake")
        assert verify_audit(session) == []


def test_offered_and_joined_through_the_api(db: Database, now: datetime, tmp_path: Path) -> None:
    api = Api(db, now, tmp_path)
    number = api.world.member(0, "xj").synthetic.id_number
    body = {"id_number": number, "event": EVENT, "channel": "clerk", "hospital": "示例医院"}
    first = api.post("xj.clerk", "/cases", body).json()["case"]["case_no"]
    near = {**body, "event": {**EVENT, "diagnosed_on": "2026-03-17"}}
    asked = api.post("xj.clerk", "/cases/preview", {"id_number": number, "event": near["event"], "hospital": "示例医院"}).json()
    assert [one["case_no"] for one in asked["possible_duplicates"]] == [first]
    made = api.post("xj.clerk", "/cases", near).json()
    second, [offer] = made["case"]["case_no"], made["possible_duplicates"]
    assert (offer["case_no"], [reason["code"] for reason in offer["reasons"]]) == (first, ["near_days", "same_hospital", "same_illness"])
    joined = api.post("xj.clerk", f"/cases/{second}/join", {"into": first, "reason": "同一次确诊"})
    assert (joined.status_code, joined.json()["done"]) == (200, False), joined.text
    assert api.post("xj.clerk", f"/cases/{second}/join/confirm").status_code == 403
    done = api.post("xj.office1", f"/cases/{second}/join/confirm")
    assert (done.status_code, done.json()["done"], done.json()["case"]["joined_into"]) == (200, True, first), done.text
    claim_no = api.report(1)
    assert api.act("xj.clerk", claim_no, "cancellation", {"ground": "mistake", "reason": "录错"}).status_code == 200
    assert api.act("xj.clerk", claim_no, "cancellation/confirm").status_code == 403
    assert api.act("xj.office2", claim_no, "cancellation/confirm").json()["state"] == "cancelled"
