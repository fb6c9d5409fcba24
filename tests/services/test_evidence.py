"""Papers judged, the file verified, the one-time list and its clocks (S03 of scenarios.csv)."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import psycopg
import pytest
import sqlalchemy as sa

from services.audit.verify import verify as verify_audit
from services.core.clock import at_hour
from services.core.db import Database, Scope
from services.core.errors import Conflict, GuardFailed, InputError, NotFound, NotPermitted
from services.enrolment import service as enrolment
from services.evidence import matches, queries, service
from services.evidence.rules import answered_items, list_items
from services.intake import service as intake
from services.lifecycle.service import Move, fire
from services.models import Claim, Notice
from services.rulebook import registry
from services.simulate.synthetic import sheet_xlsx
from tests.support.claims import NX_EVENT, XJ_EVENT, papers, picture, report, verified
from tests.support.world import ROOT, build_world

CN = Scope("cn")


def _clock(session: object, claim: Claim, kind: str) -> tuple[date, str]:
    row = session.execute(sa.text("SELECT due_on, state FROM sla_clock WHERE claim_id = :claim AND kind = :kind"),  # type: ignore[attr-defined]
                          {"claim": claim.id, "kind": kind}).one()
    return row.due_on, row.state


def test_s01_the_complete_file_starts_the_fifteen_days(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    with db.unit_of_work(CN) as session:
        case, (claim,) = report(session, world, world.member(0), NX_EVENT, now)
        complete = at_hour(date(2026, 3, 27))
        papers(session, world, claim, complete, clerk="nx.clerk")
        with pytest.raises(GuardFailed, match="consent_missing"):
            service.verify(session, claim_id=claim.id, actor=world.actor("nx.clerk"), now=complete)
        intake.record_consent(session, case_id=case.id, purpose="insurer", actor=world.member(0).actor, now=complete)
        service.verify(session, claim_id=claim.id, version=1, actor=world.actor("nx.clerk"), now=complete)
        session.refresh(claim)
        assert _clock(session, claim, "pay") == (date(2026, 4, 20), "running")
        assert claim.pay_due == date(2026, 4, 20)
        assert (claim.state, claim.verified_on) == ("verified", date(2026, 3, 27))
        assert claim.verified_person == world.person("nx.clerk")
        assert verify_audit(session) == []


def test_s03_the_list_pauses_the_clock_from_delivery_to_answer(db: Database, now: datetime) -> None:
    """Reported 3-23, list delivered 3-25, answered 4-10, complete 4-13, pay due 5-7."""
    world = build_world(db, now)
    member, clerk = world.member(2), world.actor("nx.clerk")
    event = NX_EVENT | {"specimen_on": "2026-03-12", "diagnosed_on": "2026-03-18", "stays": [{"days": 10}, {"days": 5}]}
    day = {n: at_hour(date.fromisoformat(f"2026-{n}")) for n in ("03-23", "03-24", "03-25", "04-10", "04-13")}
    with db.unit_of_work(CN) as session:
        case, (claim,) = report(session, world, member, event, day["03-23"])
        intake.record_consent(session, case_id=case.id, purpose="insurer", actor=member.actor, now=day["03-23"])
        papers(session, world, claim, day["03-24"], clerk="nx.clerk",
               kinds=[kind for kind in claim.required if kind != "pathology"])
        with pytest.raises(GuardFailed, match="papers_incomplete"):
            service.verify(session, claim_id=claim.id, actor=clerk, now=day["03-24"])
        listed = service.ask(session, claim_id=claim.id, items=[{"paper": "pathology", "reason": "缺病理诊断报告"}], actor=clerk,
                             now=day["03-24"])
        assert listed.items[0]["name"].startswith("医院出具的病理诊断报告")
        with pytest.raises(Conflict):       # nobody can answer what was not delivered
            service.answer(session, supplement_id=listed.id, items=[], actor=member.actor, now=day["03-25"])
        service.deliver(session, supplement_id=listed.id, on=date(2026, 3, 25), actor=clerk, now=day["03-25"])
        assert _clock(session, claim, "verification") == (date(2026, 3, 25), "paused")
        assert (listed.state, listed.deadline) == ("delivered", date(2026, 4, 24))
        with pytest.raises(InputError, match="item_unanswered"):
            service.answer(session, supplement_id=listed.id, items=[{"paper": "pathology", "state": "answered", "note": ""}],
                           actor=member.actor, now=day["04-10"])
        service.upload(session, claim_id=claim.id, kind="pathology", file_name="病理.png", content=picture(9), actor=member.actor,
                       now=day["04-10"])
        service.answer(session, supplement_id=listed.id, items=[{"paper": "pathology", "state": "answered", "note": ""}],
                       on=date(2026, 4, 10), actor=member.actor, now=day["04-10"])
        session.refresh(claim)
        assert (listed.state, claim.state) == ("answered", "reported")
        waiting = next(paper for paper in queries.papers_of(session, [claim.id])[claim.id] if paper.kind == "pathology")
        service.judge(session, paper_id=waiting.id, accept=True, actor=clerk, now=day["04-13"])
        service.verify(session, claim_id=claim.id, actor=clerk, now=day["04-13"])
        assert _clock(session, claim, "pay") == (date(2026, 5, 7), "running")
        assert verify_audit(session) == []


def test_a_second_list_needs_a_senior_and_a_reason(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    member, clerk, senior = world.member(0, "xj"), world.actor("xj.clerk"), world.actor("xj.senior")
    items = [{"paper": "diagnosis", "reason": "印章不清"}]
    with db.unit_of_work(CN) as session:
        _, (claim,) = report(session, world, member, XJ_EVENT, now)
        listed = service.ask(session, claim_id=claim.id, items=items, actor=clerk, now=now)
        service.deliver(session, supplement_id=listed.id, actor=clerk, now=now)
        service.answer(session, supplement_id=listed.id, items=[{"paper": "diagnosis", "state": "unavailable", "note": "医院已撤并"}],
                       actor=clerk, now=now)
        with pytest.raises(GuardFailed, match="list_already_given"):
            service.ask(session, claim_id=claim.id, items=items, reason="仍不清", actor=clerk, now=now)
        with pytest.raises(GuardFailed, match="list_already_given"):
            service.ask(session, claim_id=claim.id, items=items, actor=senior, now=now)
        second = service.ask(session, claim_id=claim.id, items=items, reason="仍不清", actor=senior, now=now)
        assert second.reason == "仍不清"


def test_separation_at_the_papers(db: Database, now: datetime) -> None:
    """The clerk is the member's sister: she may upload, but neither judge nor verify."""
    world = build_world(db, now)
    member, clerk = world.member(1, "xj"), world.actor("xj.clerk")
    with db.unit_of_work(CN) as session:
        _, (claim,) = report(session, world, member, XJ_EVENT, now)
        made = papers(session, world, claim, now, clerk="xj.district")
        enrolment.add_kin(session, person_id=member.person_id, relative_id=world.person("xj.clerk"), relation="sibling", actor=ROOT,
                          now=now)
        with pytest.raises(NotPermitted, match="actor_on_claimant_side"):
            service.judge(session, paper_id=made[0], accept=False, fault="不清", actor=clerk, now=now)
        with pytest.raises(GuardFailed, match="actor_on_claimant_side"):
            service.verify(session, claim_id=claim.id, actor=clerk, now=now)
        with pytest.raises(NotPermitted):
            service.judge(session, paper_id=made[0], accept=True, actor=member.actor, now=now)
        service.verify(session, claim_id=claim.id, actor=world.actor("xj.district"), now=now)


def test_the_digest_follows_the_accepted_papers(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    with db.unit_of_work(CN) as session:
        _, (claim,) = report(session, world, world.member(0, "xj"), XJ_EVENT, now)
        start = claim.digest
        (paper,) = papers(session, world, claim, now, clerk="xj.clerk", kinds=["diagnosis"])
        accepted = claim.digest
        service.judge(session, paper_id=paper, accept=False, fault="缺页", actor=world.actor("xj.clerk"), now=now)
        assert accepted != start == claim.digest
        line = next(line for line in queries.checklist(session, claim) if line.kind == "diagnosis")
        assert (line.state, line.fault) == ("rejected", "缺页")


def test_a_verified_file_keeps_its_papers(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    with db.unit_of_work(CN) as session:
        claim = verified(session, world, world.member(0, "xj"), XJ_EVENT, now, clerk="xj.clerk")
        paper = queries.papers_of(session, [claim.id])[claim.id][0]
        with pytest.raises(Conflict):
            service.judge(session, paper_id=paper.id, accept=False, fault="x", actor=world.actor("xj.clerk"), now=now)


@pytest.mark.parametrize(("kind", "content", "code"), [
    ("diagnosys", picture(), "paper_kind"), ("diagnosis", b"MZ" + bytes(60), "file_type"), ("diagnosis", b"", "file_empty"),
    ("diagnosis", sheet_xlsx([["a"]]), "file_type")])
def test_wrong_papers_are_refused(db: Database, now: datetime, kind: str, content: bytes, code: str) -> None:
    world = build_world(db, now)
    with db.unit_of_work(CN) as session:
        _, (claim,) = report(session, world, world.member(0), NX_EVENT, now)
        with pytest.raises(InputError, match=code):
            service.upload(session, claim_id=claim.id, kind=kind, file_name="x", content=content, actor=world.member(0).actor, now=now)


def test_uploading_twice_is_one_paper_and_reading_is_recorded(db: Database, now: datetime,
                                                              superuser: psycopg.Connection[tuple[object, ...]]) -> None:
    world = build_world(db, now)
    member = world.member(0)
    with db.unit_of_work(member.actor.scope) as session:
        _, (claim,) = report(session, world, member, NX_EVENT, now)
        twice = [service.upload(session, claim_id=claim.id, kind="id_card", file_name="身份证.png", content=picture(3),
                                actor=member.actor, now=now).id for _ in range(2)]
    assert twice[0] == twice[1]
    with db.unit_of_work(world.actor("nx.auditor").scope) as session:
        paper, content = service.read(session, paper_id=twice[0], actor=world.actor("nx.auditor"), now=now)
    assert (paper.mime, content) == ("image/png", picture(3))
    with db.unit_of_work(CN) as session:
        with pytest.raises(NotPermitted):       # administrators see no medical data
            service.read(session, paper_id=twice[0], actor=world.actor("nx.admin"), now=now)
        with pytest.raises(NotFound):
            service.read(session, paper_id=twice[0], actor=world.member(1).actor, now=now)
    looks = superuser.execute("SELECT account_id, claim_id FROM access_record WHERE what = 'paper:' || %s", (str(twice[0]),)).fetchall()
    assert looks == [(world.account("nx.auditor"), claim.id)]


def test_checks_find_what_a_verifier_must_see(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    with db.unit_of_work(CN) as session:
        claims = [report(session, world, world.member(n), NX_EVENT, now)[1][0].id for n in (0, 1)]
        for claim in claims:        # one scan in two people's files
            service.upload(session, claim_id=claim, kind="diagnosis", file_name="诊断.png", content=picture(5),
                           actor=world.actor("nx.clerk"), now=now)
        matches.keep(session, claims, [], now=now)
        found = service.check(session, claim_ids=claims, actor=ROOT, now=now)
        session.expire_all()
        stored = session.get_one(Claim, claims[0])
        assert stored.identity_matched is True
        assert stored.findings == found[claims[0]]
    first, second = ([(finding["code"], finding["severity"]) for finding in found[claim]] for claim in claims)
    missing = [("paper_missing", "note")] * 4
    assert (first, second) == ([*missing, ("paper_repeated", "note")], [("paper_repeated", "serious"), *missing])


def test_waiving_is_an_office_act_with_a_reason(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    office = world.actor("xj.office1")
    with db.unit_of_work(CN) as session:
        _, (claim,) = report(session, world, world.member(0, "xj"), XJ_EVENT, now)
        with pytest.raises(NotPermitted):
            service.waive(session, claim_id=claim.id, kind="pathology", reason="x", actor=world.actor("xj.clerk"), now=now)
        with pytest.raises(InputError, match="身份证明不能免交"):
            service.waive(session, claim_id=claim.id, kind="id_card", reason="x", actor=office, now=now)
        service.waive(session, claim_id=claim.id, kind="pathology", reason="医院已撤并，诊断书已注明", actor=office, now=now)
        papers(session, world, claim, now, clerk="xj.clerk")
        service.verify(session, claim_id=claim.id, actor=world.actor("xj.clerk"), now=now)
        assert "pathology" not in claim.required


def test_the_insurers_question_leaves_the_claim_where_it_is(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    member = world.member(0)
    with db.unit_of_work(CN) as session:
        claim = verified(session, world, member, NX_EVENT, now, clerk="nx.clerk")
        asked = service.question(session, claim_id=claim.id, actor=world.insurer(), now=now, items=[
            {"paper": "pathology", "reason": "请补免疫组化"}, {"paper": "ihc_report", "reason": "蜡块编号"}])
        assert [item["paper"] for item in asked.items] == ["pathology", "other"]
        assert asked.items[1]["reason"] == "ihc_report：蜡块编号"
        service.deliver(session, supplement_id=asked.id, actor=ROOT, now=now)
        assert _clock(session, claim, "pay")[1] == "running"        # the union's own clock does not stop for it
        later = now + timedelta(days=3)
        service.answer(session, supplement_id=asked.id, actor=member.actor, now=later, items=[
            {"paper": "pathology", "state": "answered", "note": "见原报告第2页"}])
        assert asked.state == "delivered"
        service.answer(session, supplement_id=asked.id, actor=member.actor, now=later, items=[
            {"paper": "other", "state": "unavailable", "note": "医院不提供"}])
        session.refresh(claim)
        assert (asked.state, claim.state) == ("answered", "verified")


def test_an_unanswered_list_lapses_after_a_delivered_reminder_and_resumes(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    member, clerk = world.member(0, "xj"), world.actor("xj.clerk")
    later = now + timedelta(days=40)
    with db.unit_of_work(CN) as session:
        _, (claim,) = report(session, world, member, XJ_EVENT, now)
        listed = service.ask(session, claim_id=claim.id, items=[{"paper": "pathology", "reason": "缺"}], actor=clerk, now=now)
        service.deliver(session, supplement_id=listed.id, actor=clerk, now=now)
    with db.unit_of_work(CN) as session:
        assert service.lapse(session, actor=ROOT, now=later) == []      # no reminder reached her yet
        with pytest.raises(GuardFailed, match="deadline_not_passed"):
            service.lapse(session, supplement_ids=[listed.id], actor=ROOT, now=later)
    with db.unit_of_work(CN) as session:      # the reminder's proof of delivery
        session.add(Notice(org_key=claim.org_key, state="delivered", claim_id=claim.id, code="reminder", recipient="member",
                           cause=f"reminder:{listed.id}", recipient_name="会员", drafted_at=now, delivered_at=now))
    with db.unit_of_work(CN) as session:
        assert service.lapse(session, actor=ROOT, now=at_hour(listed.deadline or date.min)) == []       # the last day is hers
        assert service.lapse(session, actor=ROOT, now=later) == [claim.id]
        closed = session.get_one(Claim, claim.id)
        assert (closed.state, closed.outcome) == ("closed", "not_pursued")
        intake.resume(session, claim_id=claim.id, actor=member.actor, now=later)
        assert (closed.state, closed.outcome) == ("reported", None)
        with pytest.raises(Conflict):
            fire(session, "supplement", "deliver", [Move(listed.id)], actor=ROOT, now=later)
        assert verify_audit(session) == []


def test_lists_are_merged_and_reasons_demanded() -> None:
    book = registry.latest("xj-women")
    merged = list_items(book, [{"paper": "diagnosis", "reason": "缺章"}, {"paper": "diagnosis", "reason": "缺日期"}])
    assert [(item["paper"], item["reason"]) for item in merged] == [("diagnosis", "缺章；缺日期")]
    for wrong, code in (([], "items_empty"), ([{"paper": "diagnosis", "reason": " "}], "item_reason"),
                        ([{"paper": "x", "reason": "y"}], "paper_kind")):
        with pytest.raises(InputError, match=code):
            list_items(book, wrong)
    with pytest.raises(InputError, match="item_unknown"):
        answered_items(merged, [{"paper": "id_card", "state": "answered", "note": "n"}], frozenset())
    with pytest.raises(InputError, match="item_state"):
        answered_items(merged, [{"paper": "diagnosis", "state": "open", "note": "n"}], frozenset())


def test_many_claims_are_checked_in_a_handful_of_statements(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    with db.unit_of_work(CN) as session:
        ids = [report(session, world, world.member(n), NX_EVENT, now)[1][0].id for n in range(6)]
    statements: list[str] = []

    def count(*what: object) -> None:
        statements.append(str(what[2]))

    sa.event.listen(db.writing, "before_cursor_execute", count)
    try:
        with db.unit_of_work(CN) as session:
            assert len(service.check(session, claim_ids=ids, actor=ROOT, now=now)) == 6
    finally:
        sa.event.remove(db.writing, "before_cursor_execute", count)
    assert len(statements) <= 11
