"""How clocks are watched is data: what an office may change, from when, and what running clocks keep."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from services.core.clock import CHINA, at_hour
from services.core.db import Database
from services.core.errors import ConfigError, HuzhuError, InputError
from services.models import Release
from services.releases import service as releases
from services.releases.clock_policy import ClockChange, Rung, checked
from services.rulebook import registry
from services.sla.policy import FILE, Policy, policies, read, received_on, steps
from services.sla.queries import clocks
from services.sla.watching import days_of
from services.workdays.calendar import calendar
from services.workdays.count import add_working
from tests.services.paying_world import decided
from tests.support.world import ROOT, World, build_world

PAY = policies()["pay"]
HEAD = {"role": "head", "at": "office", "after": 1}


def refused(**payload: object) -> tuple[str, str]:
    with pytest.raises(InputError) as told:
        checked({"plan": "*", "kind": "pay", **payload})
    return told.value.field or "", told.value.message


@pytest.mark.parametrize(("plan", "kind", "most"), [
    ("xj-women", "pay", 15),                    # public promise; the brief asks it of all plans
    ("nx-ankangbao", "pay", 15),                # clause: 安康保办法第十五条
    ("nx-ankangbao", "insurer_pay", 15),        # the same clause, from the insurer's complete file
    ("nx-ankangbao", "assessment", 30),         # 保险法第二十三条
    ("nx-ankangbao", "refusal_letter", 3),      # 保险法第二十四条
    ("*", "pay", 15)])
def test_what_others_were_promised_may_be_shortened_and_never_lengthened(plan: str, kind: str, most: int) -> None:
    assert checked({"plan": plan, "kind": kind, "days": most - 1})["days"] == most - 1
    assert checked({"plan": plan, "kind": kind, "days": most})["days"] == most
    field, message = refused(plan=plan, kind=kind, days=most + 1)
    assert field == "payload.days" and message.startswith("不能延长：") and str(most) in message


def test_the_days_that_a_member_has_are_neither_longer_nor_shorter() -> None:
    """Ten days to report: the brief's, and 安康保办法第十四条; 91 for the yearly declaration of one plan, so that none fit all plans."""
    assert "91" in refused(plan="*", kind="report", days=10)[1]
    for plan in ("xj-women", "nx-ankangbao"):
        assert checked({"plan": plan, "kind": "report", "days": 10})["days"] == 10
        for days, told in ((9, "不能缩短："), (11, "不能延长：")):
            field, message = refused(plan=plan, kind="report", days=days)
            assert field == "payload.days" and message.startswith(told) and "10" in message


def test_the_offices_own_budgets_may_grow() -> None:
    for kind in ("verification", "level", "supplement", "objection"):
        assert checked({"plan": "*", "kind": kind, "days": 60})["days"] == 60


@pytest.mark.parametrize(("wrong", "field"), [
    ({"warn": [0.5, 1.2]}, "warn"), ({"warn": [0]}, "warn"), ({"warn": [-0.1]}, "warn"), ({"warn": [0.8, 0.5]}, "warn"),
    ({"warn": [0.5, 0.5]}, "warn"), ({"owner": {"role": "king", "at": "office"}}, "owner"),
    ({"owner": {"role": "member", "at": "unit"}}, "owner"), ({"owner": {"role": "head", "at": "moon"}}, "owner"),
    ({"ladder": [{**HEAD, "role": "king"}]}, "ladder"), ({"ladder": [{**HEAD, "after": 3}, HEAD]}, "ladder"),
    ({"ladder": [HEAD, {**HEAD, "after": 2, "days": "calendar"}]}, "ladder"), ({"ladder": [{**HEAD, "after": 0}]}, "ladder"),
    ({"cutoff": "25:00"}, "cutoff"), ({"cutoff": "00:00"}, "cutoff"), ({"cutoff": "11:59"}, "cutoff"),
    ({"cutoff": "5pm"}, "cutoff"), ({"days": 0}, "days"), ({"days": 9999}, "days"),
    ({"kind": "pya", "days": 3}, "kind"), ({"plan": "xx-none", "days": 3}, "plan"),
    ({"plan": "xj-women", "kind": "agreement", "days": 3}, "days"),
    ({"wran": [0.5]}, "wran"), ({}, "kind")])
def test_a_wrong_change_names_its_field(wrong: Mapping[str, object], field: str) -> None:
    assert refused(**wrong)[0] == f"payload.{field}"


def test_an_unknown_word_in_the_file_is_told_loudly() -> None:
    text = FILE.read_text("utf-8")
    for old, new, field in (("basis: promised", "basis: maybe", "policy.report.basis"), ("role: head", "role: king", "ladder"),
                            ("warn: [0.7, 0.9]", "warn: [0.9, 0.7]", "policy.pay.warn"), ("  pay:\n", "  pya:\n", "policy.p"),
                            ("  pay:\n", "  pay:\n    warm: []\n", "policy.pay.warm"), ('cutoff: "24:00"', 'cutoff: "24:30"', "cutoff"),
                            ('cutoff: "24:00"', 'cutof: "24:00"', "policy.")):
        assert old in text
        with pytest.raises(ConfigError) as told:
            read(text.replace(old, new, 1))
        assert field in (told.value.field or "")


def test_the_basis_of_each_clock_is_that_of_its_rules() -> None:
    """A statute's clocks are statutory in every book, the office's own its own, all others promised."""
    said = {"law": "law", "ours": "ours"}
    for book in registry.plans():
        for kind, rule in book.clocks.items():
            if kind in policies():
                assert policies()[kind].basis == said.get(rule.origin, "promised"), (book.plan, kind)


def test_several_shares_and_rungs_have_each_their_day() -> None:
    """15 working days from 18 March 2026 end on 9 April: 22 days, half of them on the 29th, four fifths (17.6) on 5 April."""
    policy = PAY.changed(ClockChange.model_validate({"plan": "*", "kind": "pay", "warn": [0.5, 0.8, 1], "ladder": [
        {**HEAD, "days": "calendar", "after": 1}, {**HEAD, "days": "calendar", "after": 5, "at": "nation"}]}))
    days = days_of(policy, date(2026, 3, 18), date(2026, 4, 9), (), calendar())
    assert [(step.what, step.nth, step.at, day) for step, day in zip(steps(policy), days, strict=True)] == [
        ("warned", 1, "office", date(2026, 3, 29)), ("warned", 2, "office", date(2026, 4, 5)), ("warned", 3, "office", date(2026, 4, 9)),
        ("breached", 1, "office", date(2026, 4, 10)), ("escalated", 1, "office", date(2026, 4, 10)),
        ("escalated", 2, "nation", date(2026, 4, 14))]


def test_rungs_in_working_days_leave_holidays_out() -> None:
    """Due on Tuesday 29 September 2026: Wednesday, then National Day until the 7th, then Thursday the 8th."""
    policy = PAY.model_copy(update={"warn": (), "ladder": tuple(Rung(role="head", at="office", after=after) for after in (1, 2))})
    assert days_of(policy, date(2026, 9, 8), date(2026, 9, 29), (), calendar()) == [
        date(2026, 9, 30), date(2026, 9, 30), date(2026, 10, 8)]


def instant(day: date, hour: int, minute: int, second: int) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=CHINA)


@pytest.mark.parametrize(("at", "received", "due"), [
    # 15 working days over Qingming; the day itself is never counted, so that a day more at the start is a day more at the end.
    (instant(date(2026, 3, 18), 16, 59, 59), date(2026, 3, 18), date(2026, 4, 9)),
    (instant(date(2026, 3, 18), 17, 0, 0), date(2026, 3, 19), date(2026, 4, 10)),
    # The eve of National Day: received on the holiday, and the first day that counts is the same, the 8th.
    (instant(date(2026, 9, 30), 16, 59, 59), date(2026, 9, 30), date(2026, 10, 27)),
    (instant(date(2026, 9, 30), 17, 0, 0), date(2026, 10, 1), date(2026, 10, 27)),
    # New Year's Eve is a Wednesday, 1 to 3 January 2026 are off and the 4th, a Sunday, is worked.
    (instant(date(2025, 12, 31), 16, 59, 59), date(2025, 12, 31), date(2026, 1, 22)),
    (instant(date(2025, 12, 31), 17, 0, 0), date(2026, 1, 1), date(2026, 1, 22))])
def test_what_comes_in_at_the_cut_off_counts_as_received_the_next_day(at: datetime, received: date, due: date) -> None:
    policy = PAY.model_copy(update={"cutoff": "17:00"})
    found = received_on(policy, at.date(), at)
    assert found == received
    assert add_working(found, 15).due == due


def test_no_cut_off_is_midnight_and_a_papers_own_day_stands() -> None:
    last = instant(date(2026, 3, 18), 23, 59, 59)
    assert received_on(PAY, date(2026, 3, 18), last) == date(2026, 3, 18)
    assert received_on(PAY.model_copy(update={"cutoff": "17:00"}), date(2026, 3, 16), last) == date(2026, 3, 16)


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def released(world: World, payload: Mapping[str, object], day: date, now: datetime, org: str = "cn.xj.") -> Release:
    """Proposed by the administrator, released by the head."""
    proposer, other = world.actor("xj.admin"), world.actor("xj.head")
    with world.db.unit_of_work(proposer.scope) as session:
        made = releases.propose(session, kind="clock_policy", payload=payload, effective_on=day, note="服务承诺", org_id=world.org(org),
                                actor=proposer, now=now)
    with world.db.unit_of_work(other.scope) as session:
        return releases.release(session, release_id=made.id, digest=made.digest, actor=other, now=now)


def pay_clock(world: World, n: int, now: datetime, office: str = "xj") -> tuple[int, str, date, list[date], str]:
    """Verified on 18 March 2026 whatever `now` is."""
    with world.db.unit_of_work(ROOT.scope) as session:
        claim = decided(session, world, n, 100, now=now, office=office).id
        clock = clocks(session, [claim], "pay")[claim]
        return clock.budget, clock.origin, clock.due_on, clock.watch_days, clock.policy


def test_a_released_change_holds_from_its_day_for_its_office_and_running_clocks_keep_theirs(world: World, now: datetime) -> None:
    """Beijing's own promise, here Xinjiang's: ten working days, reminded at half, to the nation's head after five."""
    day = date(2026, 3, 18)
    early = at_hour(date(2026, 3, 17))
    before = pay_clock(world, 0, now)
    change = {"plan": "*", "kind": "pay", "days": 10, "warn": [0.5], "ladder": [
        {"after": 5, "days": "calendar", "role": "head", "at": "nation"}]}
    released(world, change, day, early)
    assert before[:3] == (15, "promise", date(2026, 4, 9))
    with world.db.view(ROOT.scope) as session:
        claim = clocks_first(session)
        assert claim == before
    after = pay_clock(world, 1, now)
    assert after[:3] == (10, "promise", date(2026, 4, 1))
    assert after[3] == [date(2026, 3, 25), date(2026, 4, 2), date(2026, 4, 6)]
    assert after[4] != before[4]
    assert pay_clock(world, 0, now, office="nx")[:3] == (15, "clause", date(2026, 4, 9))


def clocks_first(session: Session) -> tuple[int, str, date, list[date], str]:
    row = session.execute(sa.text("SELECT budget, origin, due_on, watch_days, policy FROM sla_clock WHERE kind = 'pay'"
                                  " ORDER BY id LIMIT 1")).one()
    return row.budget, row.origin, row.due_on, row.watch_days, row.policy


def test_a_change_dated_tomorrow_changes_nothing_today(world: World, now: datetime) -> None:
    released(world, {"plan": "*", "kind": "pay", "days": 10}, date(2026, 3, 19), at_hour(date(2026, 3, 18)))
    assert pay_clock(world, 0, now)[:3] == (15, "promise", date(2026, 4, 9))


def test_changes_lie_over_one_another_and_only_touch_what_they_name(world: World, now: datetime) -> None:
    early, day = at_hour(date(2026, 3, 10)), date(2026, 3, 12)
    released(world, {"plan": "*", "kind": "pay", "days": 12, "warn": [0.5]}, day, early)
    released(world, {"plan": "*", "kind": "pay", "days": 10}, date(2026, 3, 16), early)
    budget, _, due, days, _ = pay_clock(world, 0, now)
    assert (budget, due, days[0]) == (10, date(2026, 4, 1), date(2026, 3, 25))


def test_lengthening_is_refused_where_it_is_proposed(world: World, now: datetime) -> None:
    with pytest.raises(HuzhuError, match="clock_policy"):
        released(world, {"plan": "*", "kind": "pay", "days": 16}, date(2026, 4, 1), now)


def test_the_kept_policy_is_the_one_that_was_pinned() -> None:
    assert Policy.model_validate(PAY.model_dump(mode="json")) == PAY
    assert PAY.changed(ClockChange.model_validate({"plan": "*", "kind": "pay", "cutoff": "17:00"})).id != PAY.id
