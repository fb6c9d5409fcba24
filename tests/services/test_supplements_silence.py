"""Never silence: whatever happens when, a list ends answered, or lapsed after a reminder that came in time, with its letter."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import Session, select

from services.audit.verify import verify as verify_audit
from services.core.clock import at_hour
from services.evidence import reminders, service
from services.models import Claim, Notice, Supplement
from services.notice import service as notice
from tests.services.supplement_world import NONE, START, asked, clock, on, undone
from tests.support.databases import Fresh
from tests.support.world import ROOT, World, build_world

DAYS = 100
SWEEPS = st.sets(st.integers(1, DAYS), max_size=25)       # what is not swept is an outage
READING = st.integers(0, 12)                              # days until a letter is read
ANSWERS = st.dictionaries(st.integers(1, DAYS), st.sets(st.sampled_from([0, 1]), min_size=1), max_size=2)


@pytest.fixture(scope="module")
def world(server: str) -> Iterator[World]:
    db = Fresh(server)
    yield build_world(db, at_hour(START))
    db.drop()


@settings(max_examples=8, deadline=None)
@given(sweeps=SWEEPS, reading=READING, answers=ANSWERS)
def test_a_list_never_ends_in_silence(world: World, sweeps: set[int], reading: int, answers: dict[int, set[int]]) -> None:
    with undone(world) as session:
        claim, listed = asked(session, world)
        service.deliver(session, supplement_id=listed.id, actor=world.actor("xj.clerk"), now=on(1))
        for day in range(1, DAYS + 60):
            _answers(session, world, listed, answers.get(day, set()), day)
            _read(session, claim, day, reading)
            if day in sweeps or day > DAYS:
                _sweep(session, claim, listed, day)
            session.refresh(listed)
            if day > DAYS and listed.state != "delivered":
                break
        session.refresh(claim)
        letters = {row.cause.partition(":")[0]: row for row in session.exec(select(Notice).where(Notice.claim_id == claim.id))}
        told, last = letters.get("supplement.lapse"), letters.get("reminder")
        assert listed.state in ("answered", "lapsed")
        assert (told is not None) is (listed.state == "lapsed")
        if told is not None:
            assert listed.deadline is not None and last is not None and last.delivered_at is not None
            assert (told.drafted_at - last.delivered_at).days > reminders.GRACE and told.drafted_at.date() > listed.deadline
            late = [day for day in answers if on(day) > told.drafted_at]
            assert (claim.state, claim.outcome) == (("reported", None) if late else ("closed", "not_pursued"))
        else:
            assert claim.state == "reported" and clock(session, claim, "verification")[0] == "running"
        if "reminder.first" in letters and last is not None:
            assert letters["reminder.first"].drafted_at < last.drafted_at
        assert verify_audit(session) == []


def _answers(session: Session, world: World, listed: Supplement, places: set[int], day: int) -> None:
    open_ = {item["paper"] for item in listed.items if item["state"] == "open"}
    items = [NONE[place] for place in sorted(places) if NONE[place]["paper"] in open_ or listed.state == "lapsed"]
    if items and listed.state != "answered":
        service.answer(session, supplement_id=listed.id, items=items, actor=world.member(0, "xj").actor, now=on(day))


def _read(session: Session, claim: Claim, day: int, reading: int) -> None:
    for row in session.exec(select(Notice).where(Notice.claim_id == claim.id, Notice.state == "dispatched")).all():
        if (on(day) - row.drafted_at).days >= reading:
            notice.deliver(session, notice_id=row.id, proof="本人在线查阅", actor=ROOT, now=on(day))


def _sweep(session: Session, claim: Claim, listed: Supplement, day: int) -> None:
    """The daily flow and the letters' flow behind it; setting and printing of the letters are proved above."""
    notice.remind(session, actor=ROOT, now=on(day))
    if service.lapse(session, actor=ROOT, now=on(day)):
        notice.draft(session, topic="supplement.lapse", claim_ids=[claim.id], subject_ids=[listed.id], actor=ROOT, now=on(day))
    session.execute(sa.text("UPDATE notice SET state = 'dispatched', issued_on = :day WHERE claim_id = :id AND state = 'drafted'"),
                    {"id": claim.id, "day": on(day).date()})
    session.expire_all()
