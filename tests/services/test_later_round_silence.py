"""A later round asks for a paper and nobody answers: what was decided before is not lost by it, the round goes on without the paper."""

from __future__ import annotations

import re
import uuid
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from documents.render import render
from services.core.db import Database
from services.core.errors import GuardFailed
from services.evidence import service as evidence
from services.models import Notice, Supplement
from services.notice import service as notice
from services.review import service as review
from tests.services.after_world import accepted, ask, concluded, decided, lodged, planned, routed
from tests.services.review_world import claim_row, digest, passes, verify
from tests.support.world import ROOT, World, build_world

LATER = timedelta(days=40)


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


@pytest.fixture
def listed(world: World, now: datetime) -> tuple[uuid.UUID, uuid.UUID]:
    """A claim whose 1000.00 was approved and not paid yet, in the round of an objection, with one delivered list of two papers."""
    claim = decided(world, 3, now)
    assert planned(world, claim, now) == [("planned", 1, 100_000)]
    accepted(world, lodged(world, claim, now), now)
    clerk = world.actor("xj.clerk")
    with world.db.unit_of_work(ROOT.scope) as session:
        made = evidence.ask(session, claim_id=claim, items=[{"paper": "other", "reason": "缺"}, {"paper": "pathology", "reason": "缺"}],
                            actor=clerk, now=now)
        evidence.deliver(session, supplement_id=made.id, actor=clerk, now=now)
        evidence.answer(session, supplement_id=made.id, items=[{"paper": "other", "state": "answered", "note": "已寄出"}],
                        actor=clerk, now=now)
        return claim, made.id


def reminded(world: World, claim: uuid.UUID, supplement: uuid.UUID, now: datetime) -> None:
    with world.db.unit_of_work(ROOT.scope) as session:
        session.add(Notice(org_key=session.get_one(Supplement, supplement).org_key, state="delivered", claim_id=claim, code="reminder",
                           recipient="member", cause=f"reminder:{supplement}", recipient_name="会员", drafted_at=now, delivered_at=now))


def lapse(world: World, now: datetime, *lists: uuid.UUID) -> list[uuid.UUID]:
    with world.db.unit_of_work(ROOT.scope) as session:
        return evidence.lapse(session, supplement_ids=lists or None, actor=ROOT, now=now)


def test_the_round_is_decided_on_the_file_as_it_is(world: World, listed: tuple[uuid.UUID, uuid.UUID], now: datetime) -> None:
    claim, supplement = listed
    later = now + LATER
    reminded(world, claim, supplement, now)
    assert lapse(world, later) == [], "nothing is closed"
    row = claim_row(world.db, claim)
    assert (row.state, row.round, row.outcome) == ("reported", 2, None)
    [found] = ask(world, "SELECT state, items, answered_at FROM supplement")
    assert (found.state, found.answered_at) == ("answered", later)
    assert [(item["paper"], item["state"], item["note"]) for item in found.items] == [
        ("other", "answered", "已寄出"), ("pathology", "unavailable", "逾期未交")]
    clocks = {row.kind: row for row in ask(world, "SELECT kind, state, pauses FROM sla_clock WHERE round = 2")}
    assert clocks["pay"].state == "running" and clocks["pay"].pauses[-1][1] == later.date().isoformat(), "the promise goes on"
    assert clocks["supplement"].state == "stopped" and clocks["verification"].state == "running"
    verify(world, claim, later, verifier=world.actor("xj.senior"))
    routed(world, claim, later)
    for login in ("xj.clerk", "xj.city", "xj.office2"):
        passes(world, claim, login, later)
    [done] = concluded(world, claim, later)
    assert (done.result, done.after_fen, done.receivable_fen) == ("upheld", 100_000, 0)
    assert planned(world, claim, later) == [("cancelled", 1, 100_000), ("planned", 2, 100_000)]
    assert [(row.round, row.amount_fen, row.state) for row in ask(world, "SELECT * FROM reservation ORDER BY round")] == [
        (1, 100_000, "released"), (2, 100_000, "reserved")]
    assert [row.state for row in ask(world, "SELECT state FROM objection")] == ["decided"]


def test_a_required_paper_that_did_not_come_again_is_done_without_by_the_office_alone(
        world: World, listed: tuple[uuid.UUID, uuid.UUID], now: datetime) -> None:
    """Its earlier copy was sent back: nothing is paid without it in silence, and the round does not stick for want of it."""
    claim, supplement = listed
    later, senior = now + LATER, world.actor("xj.senior")
    [paper] = ask(world, "SELECT p.id FROM paper p JOIN claim c ON c.id = p.claim_id AND c.required ? p.kind WHERE p.kind = 'pathology'")
    with world.db.unit_of_work(senior.scope) as session:
        evidence.judge(session, paper_id=paper.id, accept=False, fault="印章不清", actor=senior, now=now)
    reminded(world, claim, supplement, now)
    lapse(world, later)
    with world.db.unit_of_work(ROOT.scope) as session:
        session.execute(sa.text("UPDATE claim SET identity_matched = true WHERE id = :id"), {"id": claim})
    with pytest.raises(GuardFailed, match="papers_incomplete"), world.db.unit_of_work(senior.scope) as session:
        evidence.verify(session, claim_id=claim, reason="不等识读", actor=senior, now=later)
    with world.db.unit_of_work(senior.scope) as session:
        evidence.waive(session, claim_id=claim, kind="pathology", reason="逾期未交，依现有材料审核", actor=senior, now=later)
    with world.db.unit_of_work(senior.scope) as session:
        evidence.verify(session, claim_id=claim, reason="不等识读", actor=senior, now=later)
    routed(world, claim, later)
    for login in ("xj.clerk", "xj.city"):
        passes(world, claim, login, later)
    decider = world.actor("xj.office2")
    with world.db.unit_of_work(decider.scope) as session:
        review.refuse(session, claim_id=claim, seen=digest(world.db, claim), reason="false_papers", clause="第九条", actor=decider,
                      now=later)
    [done] = concluded(world, claim, later)
    assert (done.result, done.after_fen, done.receivable_fen, claim_row(world.db, claim).state) == ("lowered", 0, 0, "refused")


def test_not_before_the_reminder_has_come(world: World, listed: tuple[uuid.UUID, uuid.UUID], now: datetime) -> None:
    claim, supplement = listed
    assert lapse(world, now + LATER, supplement) == lapse(world, now + LATER) == []
    reminded(world, claim, supplement, now + LATER)
    assert lapse(world, now + LATER, supplement) == lapse(world, now + LATER) == [], "the reminder leaves days of its own"
    assert claim_row(world.db, claim).state == "supplementing"
    assert [[item["state"] for item in row.items] for row in ask(world, "SELECT items FROM supplement")] == [["answered", "open"]]


def test_its_letters_say_what_follows_the_silence(world: World, listed: tuple[uuid.UUID, uuid.UUID], now: datetime) -> None:
    claim, supplement = listed
    with world.db.unit_of_work(ROOT.scope) as session:
        asked = notice.draft(session, topic="supplement.create", claim_ids=[claim], subject_ids=[supplement], actor=ROOT, now=now)
        last = notice.draft(session, topic="supplement.reminder", claim_ids=[claim], subject_ids=[supplement], actor=ROOT, now=now)
        written = notice.issue(session, notice_ids=[row.id for row in (*asked, *last)], actor=ROOT, now=now)
        told = {row.code: re.sub(r"<[^>]+>|\s", "", render(row.code, row.context).html) for row in written}
    assert sorted(told) == ["reminder", "supplement"]
    for text in told.values():
        assert "我们依据现有材料重新审核，作出决定" in text and "结案" not in text
