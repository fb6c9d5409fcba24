"""Lists and the clocks they touch: what a promise comes to that was never gone on with, and by which count letters name the list's day."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from services.core.clock import at_hour
from services.evidence import reminders, service
from services.intake import cancelling
from services.models import Claim, Notice, Supplement
from services.notice import receiving
from services.notice import service as notice
from services.notice.month_figures import figures
from services.releases import service as releases
from services.sla import policies
from services.sla import service as sla
from tests.services import recount_world
from tests.services.supplement_world import NONE, START, asked, on, reminder, sent, undone
from tests.support.claims import NX_EVENT, report
from tests.support.databases import Fresh
from tests.support.world import ROOT, World, build_world

# Sunday 19 April is worked; and then it is not, and the three days after it are free.
WORKED = """year: 2026
status: office
source: 自治区人民政府办公厅关于调休的通知（测试用）
holidays:
- {name: 测试节, first: 2026-05-13, last: 2026-05-13}
workdays: [2026-04-19]
"""
FREE = WORKED.replace("first: 2026-05-13, last: 2026-05-13", "first: 2026-04-20, last: 2026-04-22").replace("[2026-04-19]", "[]")


@pytest.fixture(scope="module")
def world(server: str) -> Iterator[World]:
    db = Fresh(server)
    yield build_world(db, at_hour(START))
    db.drop()


def verdicts(session: Session, claim: Claim) -> dict[str, bool | None]:
    """Of the clocks that stopped."""
    return {row.kind: row.kept for row in session.execute(
        sa.text("SELECT kind, kept FROM sla_clock WHERE claim_id = :id AND state = 'stopped'"), {"id": claim.id})}


def promised(session: Session, month: date) -> Mapping[str, tuple[int, int, int]]:
    """Kept, missed and late by kind, as the office's report of the month says."""
    last = (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return figures(session, org_key="cn.xj.", name="办事处", first=month, last=last).whole.promised


@pytest.mark.parametrize(("delivered", "kept", "told"), [(4, None, None), (5, False, (0, 1, 0))])
def test_a_promise_that_nobody_came_back_for_is_missed_only_if_it_was_late_before(
        world: World, delivered: int, kept: bool | None, told: tuple[int, int, int] | None) -> None:
    """Reported on Friday 20 March, two working days to verify: Tuesday the 24th is in time to ask, the 25th is not. Lapsed on 9 May."""
    with undone(world) as session:
        claim, listed = asked(session, world)
        service.deliver(session, supplement_id=listed.id, actor=world.actor("xj.clerk"), now=on(delivered))
        reminder(session, claim, listed, 40)
        assert service.lapse(session, actor=ROOT, now=on(50)) == [claim.id]
        assert verdicts(session, claim)["verification"] is kept
        assert promised(session, date(2026, 5, 1)).get("verification") == told
        assert "verification" not in promised(session, date(2026, 4, 1))
        service.answer(session, supplement_id=listed.id, items=NONE[:1], actor=world.member(0, "xj").actor, now=on(60))
        assert "verification" not in verdicts(session, claim), "promised anew"


def test_a_claim_cancelled_while_its_clock_waits_kept_and_missed_nothing(world: World) -> None:
    with undone(world) as session:
        claim, listed = asked(session, world)
        service.deliver(session, supplement_id=listed.id, actor=world.actor("xj.clerk"), now=on(4))
        cancelling.cancel(session, [claim.id], outcome="mistake", reason="误录", actor=world.actor("xj.office1"), now=on(20))
        assert verdicts(session, claim)["verification"] is None


@pytest.mark.parametrize(("asked_on", "late"), [(5, set()), (31, {"insurer_pay"}), (32, {"insurer_pay", "assessment"})])
def test_what_is_recalled_while_the_insurer_waits_for_an_answer_is_missed_only_if_it_was_late_before(
        world: World, asked_on: int, late: set[str]) -> None:
    """With the insurer since 20 March: fifteen working days to pay, thirty days to assess (a Sunday, so till Monday 20 April, the 31st
    day), sixty to pay ahead.
    """
    with undone(world) as session:
        _, (claim,) = report(session, world, world.member(0), NX_EVENT, on(0))
        row = uuid.uuid4()
        known = {row: sla.Planned(claim.org_key, claim.round, claim.plan, claim.plan_from, None)}
        for event, day in (("ack", 0), ("question", asked_on)):
            sla.follow(session, "handoff", event, {row: (claim.id, on(day).date())}, now=on(day), known=known)
        sla.follow(session, "claim", "recall", {claim.id: (claim.id, on(45).date())}, now=on(45))
        found = verdicts(session, claim)
        assert {kind: found[kind] for kind in ("insurer_pay", "assessment", "advance")} == {
            kind: False if kind in late else None for kind in ("insurer_pay", "assessment", "advance")}


def delivered(session: Session, world: World, hour: int) -> tuple[Claim, Supplement]:
    """The list's letter opened on 20 March."""
    claim, listed = asked(session, world)
    letter = sent(session, "supplement.create", claim, listed, 0)
    receiving.receive(session, notice_id=letter.id, proof="本人在线查阅", actor=world.member(0, "xj").actor, now=at_hour(START, hour))
    session.refresh(listed)
    return claim, listed


def policy(session: Session, world: World, effective_on: date, **change: object) -> None:
    """Released by the office for the days of a list."""
    made = releases.propose(session, kind="clock_policy", payload={"plan": "*", "kind": "supplement", **change}, note="测试",
                            effective_on=effective_on, org_id=world.org("cn.xj."), actor=world.actor("xj.admin"), now=on(0))
    releases.release(session, release_id=made.id, digest=made.digest, actor=world.actor("xj.head"), now=on(0))
    session.info.pop(policies.KEPT, None)


def due(letter: Notice) -> tuple[str, str]:
    """The list's last day as a letter says it, and how it was counted."""
    said = letter.context["answer_due"]
    assert isinstance(said, dict)
    return said["on"], said["words"]


def letters(session: Session, world: World, claim: Claim, listed: Supplement) -> list[tuple[str, str]]:
    """What both reminders and the closing letter say of the day."""
    first, last = sent(session, reminders.FIRST, claim, listed, 18), sent(session, reminders.LAST, claim, listed, 28)
    notice.deliver(session, notice_id=last.id, proof="电话通知", actor=world.actor("xj.clerk"), now=on(31))
    assert service.lapse(session, actor=ROOT, now=on(40)) == [claim.id]
    return [due(one) for one in (first, last, sent(session, "supplement.lapse", claim, listed, 40))]


def test_a_list_opened_after_the_hour_is_counted_from_the_next_day_in_every_letter(world: World) -> None:
    with undone(world) as session:
        policy(session, world, START, cutoff="17:00")
        claim, listed = delivered(session, world, 18)
        assert letters(session, world, claim, listed) == [("2026-04-20", "自3月21日次日起算，第30日为4月20日")] * 3


def test_a_list_keeps_the_days_of_its_start_in_every_letter(world: World) -> None:
    """Forty-five days from 1 April on; of a list delivered before, the thirtieth day is Sunday 19 April."""
    with undone(world) as session:
        policy(session, world, date(2026, 4, 1), days=45)
        claim, listed = delivered(session, world, 9)
        said = ("2026-04-20", "自3月20日次日起算，第30日为4月19日（休息日），依民法典第二百零三条顺延至4月20日")
        assert letters(session, world, claim, listed) == [said] * 3


def test_a_day_that_stays_though_the_calendar_would_shorten_it_is_told_so_and_told_again_when_it_moves(world: World) -> None:
    with undone(world) as session:
        claim, listed = delivered(session, world, 9)
        recount_world.released(session, world, WORKED, 2026, now=on(1))
        recount_world.counted(session)
        first = sent(session, reminders.FIRST, claim, listed, 18)
        assert due(first) == ("2026-04-20", "自3月20日次日起算，第30日为4月19日；原告知的日期较晚，仍以原日期为准")
        recount_world.released(session, world, FREE, 2026, now=on(19))
        recount_world.counted(session)
        [(new, named)] = session.execute(sa.text("SELECT new_due, letters FROM clock_recount WHERE kind = 'supplement'")).all()
        assert new == date(2026, 4, 23) and str(first.id) in named
