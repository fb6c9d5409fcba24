"""Lists over time on a real database: pauses with their boundaries, a further list, letters, late answers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from sqlmodel import col, select

from services.audit.verify import verify as verify_audit
from services.core.clock import at_hour
from services.core.errors import Conflict, GuardFailed, InputError, NotPermitted
from services.evidence import reminders, service
from services.evidence.rules import answered_items
from services.intake import service as intake
from services.models import FurtherList, Notice
from services.notice import receiving
from services.notice import service as notice
from services.reporting.attached import supplements as lists_of
from services.reporting.pauses import of_list
from tests.services.supplement_world import ITEMS, NONE, START, asked, clock, on, reminder, sent, undone
from tests.support.claims import NX_EVENT, XJ_EVENT, picture, report, verified
from tests.support.databases import Fresh
from tests.support.world import ROOT, World, build_world


@pytest.fixture(scope="module")
def world(server: str) -> Iterator[World]:
    db = Fresh(server)
    yield build_world(db, at_hour(START))
    db.drop()


def test_a_list_delivered_and_answered_on_one_day_takes_no_day(world: World) -> None:
    """The day of verification is the same with a list of one day or without."""
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


def test_a_list_of_the_review_lets_the_file_be_verified_anew_in_time(world: World) -> None:
    """Verified on 20 March, answered on 3 April: two working days from then, over the holiday of 4 to 6 April, are 8 April."""
    with undone(world) as session:
        claim, clerk = verified(session, world, world.member(0, "xj"), XJ_EVENT, on(0), clerk="xj.clerk"), world.actor("xj.clerk")
        listed = service.ask(session, claim_id=claim.id, items=[{"paper": "other", "reason": "缺"}], actor=clerk, now=on(4))
        service.deliver(session, supplement_id=listed.id, actor=clerk, now=on(4))
        assert (clock(session, claim, "verification")[0], clock(session, claim, "pay")[0]) == ("stopped", "paused")
        said = [{"paper": "other", "state": "unavailable", "note": "无"}]
        service.answer(session, supplement_id=listed.id, items=said, actor=clerk, now=on(14))
        assert clock(session, claim, "verification") == ("running", date(2026, 4, 8), [])
        assert clock(session, claim, "pay")[2] == [["2026-03-24", "2026-04-03"]]


def test_the_insurers_list_leaves_our_clocks_alone_and_never_lapses(world: World) -> None:
    with undone(world) as session:
        _, (claim,) = report(session, world, world.member(0), NX_EVENT, on(0))
        listed = service.question(session, claim_id=claim.id, items=[{"paper": "pathology", "reason": "请补"}], actor=world.insurer(),
                                  now=on(0))
        service.deliver(session, supplement_id=listed.id, actor=world.actor("nx.clerk"), now=on(1))
        assert clock(session, claim, "verification")[0] == "running"
        assert service.lapse(session, supplement_ids=[listed.id], actor=ROOT, now=on(90)) == []
        [shown] = lists_of(session, claim.id)
        assert of_list(shown) is None and listed.items[0]["remedy"].startswith("医院病理科或病案室")


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


def test_an_item_without_its_paper_says_that_the_same_file_is_no_new_one() -> None:
    """A file handed in before is not taken a second time: whoever uploads it again must see why the item stays open."""
    with pytest.raises(InputError) as refused:
        answered_items([{"paper": "pathology", "name": "病理诊断报告"}], [{"paper": "pathology", "state": "answered", "note": ""}],
                       frozenset())
    assert refused.value.message == "“病理诊断报告”须写明说明，或上传新的材料（与以前交过的相同的文件不算新交）"
