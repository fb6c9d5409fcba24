"""Lists over time on a real database: pauses with their boundaries, a further list, late answers, and that nobody is met with silence."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from services.audit.verify import verify as verify_audit
from services.core.clock import at_hour
from services.core.db import Scope
from services.core.errors import Conflict, GuardFailed, InputError, NotPermitted
from services.evidence import reminders, service
from services.intake import service as intake
from services.models import Claim, FurtherList, Notice, Supplement
from services.notice import receiving
from services.notice import service as notice
from services.reporting.attached import supplements as lists_of
from services.reporting.pauses import of_list
from tests.support.claims import NX_EVENT, XJ_EVENT, picture, report
from tests.support.databases import Fresh
from tests.support.world import ROOT, World, build_world

CN = Scope("cn")
START = date(2026, 3, 20)
ITEMS = [{"paper": "pathology", "reason": "缺"}, {"paper": "diagnosis", "reason": "无章"}]
NONE = [{"paper": item["paper"], "state": "unavailable", "note": "医院已撤并"} for item in ITEMS]


@pytest.fixture(scope="module")
def world(server: str) -> Iterator[World]:
    db = Fresh(server)
    yield build_world(db, at_hour(START))
    db.drop()


class _Undo(Exception):
    """Leave the world as it was for the next test."""


@contextmanager
def undone(world: World) -> Iterator[Session]:
    try:
        with world.db.unit_of_work(CN) as session:
            yield session
            session.flush()
            raise _Undo
    except _Undo:
        pass


def on(days: int) -> datetime:
    return at_hour(START + timedelta(days=days))


def asked(session: Session, world: World, *, office: str = "xj") -> tuple[Claim, Supplement]:
    _, (claim,) = report(session, world, world.member(0, office), XJ_EVENT if office == "xj" else NX_EVENT, on(0))
    listed = service.ask(session, claim_id=claim.id, items=ITEMS, actor=world.actor(f"{office}.clerk"), now=on(0))
    session.refresh(claim)
    return claim, listed


def clock(session: Session, claim: Claim, kind: str) -> tuple[str, date, list[list[str | None]]]:
    row = session.execute(sa.text("SELECT state, due_on, pauses FROM sla_clock WHERE claim_id = :id AND kind = :kind"),
                          {"id": claim.id, "kind": kind}).one()
    return row.state, row.due_on, row.pauses


def sent(session: Session, topic: str, claim: Claim, listed: Supplement, day: int) -> Notice:
    """A letter of the list, written, on the portal."""
    [row] = notice.draft(session, topic=topic, claim_ids=[claim.id], subject_ids=[listed.id], actor=ROOT, now=on(day))
    notice.issue(session, notice_ids=[row.id], actor=ROOT, now=on(day))
    [out] = notice.dispatch(session, notice_ids=[row.id], actor=ROOT, now=on(day))
    return out


def test_a_list_delivered_and_answered_on_one_day_takes_no_day(world: World) -> None:
    """Verification is five working days from 20 March: 27 March, with the list of the same day or without."""
    with undone(world) as session:
        claim, listed = asked(session, world)
        before = clock(session, claim, "verification")[1]
        service.deliver(session, supplement_id=listed.id, actor=world.actor("xj.clerk"), now=on(3))
        assert clock(session, claim, "verification")[0] == "paused"
        service.answer(session, supplement_id=listed.id, items=NONE, actor=world.member(0, "xj").actor, now=on(3))
        assert clock(session, claim, "verification") == ("running", before, [["2026-03-23", "2026-03-23"]])
        [shown] = lists_of(session, claim.id)
        pause = of_list(shown)
        assert pause is not None and pause.days == 0


def test_part_of_an_answer_keeps_the_clock_paused_until_the_last_item(world: World) -> None:
    with undone(world) as session:
        claim, listed = asked(session, world)
        member = world.member(0, "xj").actor
        service.deliver(session, supplement_id=listed.id, actor=world.actor("xj.clerk"), now=on(3))
        service.answer(session, supplement_id=listed.id, items=NONE[:1], actor=member, now=on(5))
        assert (listed.state, clock(session, claim, "verification")[0]) == ("delivered", "paused")
        service.answer(session, supplement_id=listed.id, items=NONE[1:], actor=member, now=on(10))
        session.refresh(claim)
        assert (listed.state, claim.state) == ("answered", "reported")
        # 23 March to 30 March: the day of delivery was counted, the day of receipt was not
        assert clock(session, claim, "verification")[2] == [["2026-03-23", "2026-03-30"]]
        with pytest.raises(InputError, match="date_impossible"):
            service.deliver(session, supplement_id=listed.id, on=date(2026, 3, 19), actor=world.actor("xj.clerk"), now=on(11))


def test_two_lists_of_a_round_pause_twice(world: World) -> None:
    with undone(world) as session:
        claim, first = asked(session, world)
        clerk, member, senior = world.actor("xj.clerk"), world.member(0, "xj").actor, world.actor("xj.senior")
        service.deliver(session, supplement_id=first.id, actor=clerk, now=on(3))
        service.answer(session, supplement_id=first.id, items=NONE, actor=member, now=on(5))
        second = service.ask(session, claim_id=claim.id, items=ITEMS[:1], reason="送来的病理报告是他人的", actor=senior, now=on(5))
        service.deliver(session, supplement_id=second.id, actor=clerk, now=on(6))
        service.answer(session, supplement_id=second.id, items=NONE[:1], actor=member, now=on(12))
        assert clock(session, claim, "verification")[2] == [["2026-03-23", "2026-03-25"], ["2026-03-26", "2026-04-01"]]
        assert sent(session, "supplement.create", claim, second, 6).context["further_reason"] == "送来的病理报告是他人的"


def test_the_insurers_list_leaves_our_clocks_alone_and_never_lapses(world: World) -> None:
    with undone(world) as session:
        _, (claim,) = report(session, world, world.member(0), NX_EVENT, on(0))
        listed = service.question(session, claim_id=claim.id, items=[{"paper": "pathology", "reason": "请补"}], actor=world.insurer(),
                                  now=on(0))
        service.deliver(session, supplement_id=listed.id, actor=world.actor("nx.clerk"), now=on(1))
        assert clock(session, claim, "verification")[0] == "running"
        assert service.lapse(session, supplement_ids=[listed.id], actor=ROOT, now=on(90)) == []
        [shown] = lists_of(session, claim.id)
        assert of_list(shown) is None and listed.items[0]["remedy"].startswith("向做病理检查的医院")


def test_a_further_list_is_prepared_by_a_clerk_and_released_by_a_senior(world: World) -> None:
    with undone(world) as session:
        claim, first = asked(session, world)
        clerk, senior = world.actor("xj.clerk"), world.actor("xj.senior")
        with pytest.raises(Conflict, match="event_not_allowed"):
            service.prepare(session, claim_id=claim.id, items=ITEMS, reason="又发现", actor=clerk, now=on(1))
        service.deliver(session, supplement_id=first.id, actor=clerk, now=on(1))
        service.answer(session, supplement_id=first.id, items=NONE, actor=clerk, now=on(2))
        with pytest.raises(InputError, match="reason_missing"):
            service.prepare(session, claim_id=claim.id, items=ITEMS, reason=" ", actor=clerk, now=on(2))
        with pytest.raises(NotPermitted):
            service.prepare(session, claim_id=claim.id, items=ITEMS, reason="又发现", actor=world.member(0, "xj").actor, now=on(2))
        service.prepare(session, claim_id=claim.id, items=ITEMS, reason="又发现", actor=clerk, now=on(2))
        prepared = service.prepare(session, claim_id=claim.id, items=ITEMS[:1], reason="又发现缺页", actor=clerk, now=on(2))
        with pytest.raises(GuardFailed, match="list_already_given"):
            service.release(session, claim_id=claim.id, items=ITEMS, reason="", actor=clerk, now=on(3))
        with pytest.raises(NotPermitted):
            service.decline(session, claim_id=claim.id, words="按现有材料", actor=clerk, now=on(3))
        made = service.release(session, claim_id=claim.id, items=prepared.items, reason="", actor=senior, now=on(3))
        session.refresh(prepared)
        assert (made.reason, made.items[0]["paper"]) == ("又发现缺页", "pathology")
        assert (prepared.outcome, prepared.supplement_id) == ("released", made.id)
        assert session.exec(select(FurtherList.outcome).order_by(col(FurtherList.id))).all() == ["dropped", "released"]
        with pytest.raises(Conflict, match="nothing_prepared"):
            service.release(session, claim_id=claim.id, items=ITEMS, reason="", actor=senior, now=on(3))
        assert verify_audit(session) == []


def test_the_first_list_needs_nobody_else(world: World) -> None:
    with undone(world) as session:
        _, (claim,) = report(session, world, world.member(0, "xj"), XJ_EVENT, on(0))
        with pytest.raises(Conflict, match="first_list"):
            service.prepare(session, claim_id=claim.id, items=ITEMS, reason="x", actor=world.actor("xj.clerk"), now=on(0))


def test_the_letters_of_a_list_that_nobody_answers_and_the_way_back(world: World) -> None:
    """Delivered 23 March, thirty days: 22 April. Reminded 7 and 17 April, read 20 April: closed on 24 April, not before."""
    with undone(world) as session:
        claim, listed = asked(session, world)
        member = world.member(0, "xj").actor
        letter = sent(session, "supplement.create", claim, listed, 0)
        receiving.receive(session, notice_id=letter.id, proof="本人在线查阅", actor=member, now=on(3))
        session.refresh(listed)
        assert listed.deadline == date(2026, 4, 22)
        service.answer(session, supplement_id=listed.id, items=NONE[1:], actor=member, now=on(4))
        first = sent(session, reminders.FIRST, claim, listed, 18)
        assert (first.context["last"], first.context["days_left"]) == (False, 15)
        last = sent(session, reminders.LAST, claim, listed, 28)
        assert [item["name"] for item in last.context["items"]] == ["病理诊断报告"]     # type: ignore[attr-defined]
        assert (last.context["list_number"], last.context["grace_days"]) == (letter.number, 3)
        notice.deliver(session, notice_id=last.id, proof="电话通知", actor=world.actor("xj.clerk"), now=on(31))
        assert service.lapse(session, actor=ROOT, now=on(34)) == []     # 23 April: three days after the reminder was read
        assert service.lapse(session, actor=ROOT, now=on(35)) == [claim.id]
        told = sent(session, "supplement.lapse", claim, listed, 35)
        assert (told.code, told.context["reminded_on"], told.context["closed_on"]) == ("not_pursued", "2026-04-20", "2026-04-24")
        service.answer(session, supplement_id=listed.id, items=NONE[:1], actor=member, now=on(60))
        session.refresh(claim)
        assert (claim.state, claim.outcome, listed.state) == ("reported", None, "lapsed")
        assert {item["state"] for item in listed.items} == {"unavailable"}
        assert clock(session, claim, "verification")[0] == "running"
        receipt = sent(session, "claim.resume", claim, listed, 60)
        assert receipt.context["resumed_on"] == "2026-05-19"
        assert verify_audit(session) == []


def test_a_late_answer_after_the_limitation_is_refused_with_its_reason(world: World) -> None:
    with undone(world) as session:
        claim, listed = asked(session, world)
        service.deliver(session, supplement_id=listed.id, actor=world.actor("xj.clerk"), now=on(1))
        reminder(session, claim, listed, 40)
        assert service.lapse(session, actor=ROOT, now=on(50)) == [claim.id]
        with pytest.raises(GuardFailed, match="limitation_over"):
            service.take_up(session, supplement_id=listed.id, actor=world.member(0, "xj").actor, now=on(800))
        intake.resume(session, claim_id=claim.id, actor=world.actor("xj.clerk"), now=on(60))
        service.take_up(session, supplement_id=listed.id, actor=world.member(0, "xj").actor, now=on(61))      # is taken up already
        session.refresh(claim)
        assert claim.state == "reported"


def test_a_letter_that_is_no_longer_so_is_not_sent(world: World) -> None:
    with undone(world) as session:
        _, listed = asked(session, world)
        service.deliver(session, supplement_id=listed.id, actor=world.actor("xj.clerk"), now=on(1))
        [late] = notice.remind(session, actor=ROOT, now=on(28))
        service.answer(session, supplement_id=listed.id, items=NONE, actor=world.actor("xj.clerk"), now=on(28))
        assert notice.issue(session, notice_ids=[late.id], actor=ROOT, now=on(28)) == []
        assert session.get_one(Notice, late.id, populate_existing=True).state == "voided"


def reminder(session: Session, claim: Claim, listed: Supplement, day: int) -> uuid.UUID:
    row = Notice(org_key=claim.org_key, state="delivered", claim_id=claim.id, code="reminder", recipient="member",
                 cause=f"reminder:{listed.id}", recipient_name="会员", drafted_at=on(day), delivered_at=on(day))
    session.add(row)
    session.flush()
    return row.id


# --- never silence: whatever happens when, a list ends answered, or lapsed after a reminder that came in time, with its letter -----------

DAYS = 100
SWEEPS = st.sets(st.integers(1, DAYS), max_size=25)       # what is not swept is an outage
READING = st.integers(0, 12)                              # days until a letter is read
ANSWERS = st.dictionaries(st.integers(1, DAYS), st.sets(st.sampled_from([0, 1]), min_size=1), max_size=2)


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


def test_papers_come_with_a_late_answer(world: World) -> None:
    with undone(world) as session:
        claim, listed = asked(session, world)
        member = world.member(0, "xj").actor
        service.deliver(session, supplement_id=listed.id, actor=world.actor("xj.clerk"), now=on(1))
        reminder(session, claim, listed, 40)
        service.lapse(session, actor=ROOT, now=on(50))
        with pytest.raises(Conflict, match="claim_over"):
            service.upload(session, claim_id=claim.id, kind="pathology", file_name="p.png", content=picture(3), actor=member, now=on(51))
        session.refresh(claim)
        service.take_up(session, supplement_id=listed.id, actor=member, now=on(51))
        service.upload(session, claim_id=claim.id, kind="pathology", file_name="p.png", content=picture(3), actor=member, now=on(51))
        handed_in = {"paper": "pathology", "state": "answered", "note": ""}
        service.answer(session, supplement_id=listed.id, items=[handed_in], actor=member, now=on(51))
        assert [item["state"] for item in listed.items] == ["answered", "open"]
