"""Certificates of cover: what they say, whom they are given to, their numbers, and that they are taken back openly."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from services.core.db import Database
from services.core.errors import Conflict, InputError, NotFound
from services.models import OfficeLetter
from services.notice import office_letters
from services.notice.certificates import certify
from tests.services.premium_world import cover_of, end, receive
from tests.support.world import World, build_world


def made(world: World, login: str, number: str, now: datetime, valid_on: date | None = None) -> OfficeLetter:
    actor = world.actor(login)
    with world.db.unit_of_work(actor.scope) as session:
        return certify(session, certificate_no=number, valid_on=valid_on, actor=actor, now=now)


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def test_says_what_the_records_say_and_only_once_a_day(world: World, now: datetime) -> None:
    receive(world, "60.00", now)
    cover = cover_of(world, 0)
    mine = made(world, "xj.m0", cover.certificate_no, now)
    said = mine.context
    assert mine.number == f"新互通证〔{now.year}〕1号"
    assert (said["person_name"], said["unit"], said["standing"]) == (world.member(0, "xj").synthetic.name, "天山区示例一厂工会", "in_force")
    assert (said["due"], said["paid"], said["shares"]) == ("100.00", "60.00", 4)
    assert str(said["id_number"])[3:14] == "*" * 11
    assert {one["state"] for one in said["liabilities"]} == {"open"}    # type: ignore[attr-defined]
    assert made(world, "xj.clerk", cover.certificate_no, now).id == mine.id     # the same words are the same letter
    receive(world, "40.00", now)
    paid = made(world, "xj.clerk", cover.certificate_no, now)
    assert (paid.serial, paid.context["paid"]) == (2, "100.00")
    with world.db.view(world.actor("system").scope) as session:
        assert office_letters.letter(session, mine.id).replaced_by == paid.id
        assert office_letters.content(session, paid.id)[:5] == b"%PDF-"
    assert made(world, "xj.m1", cover_of(world, 1).certificate_no, now).serial == 3


def test_nobody_elses(world: World, now: datetime) -> None:
    number = cover_of(world, 0).certificate_no
    for login in ("xj.m1", "nx.head", "nx.clerk"):
        with pytest.raises(NotFound) as refused:
            made(world, login, number, now)
        assert refused.value.code == "cover_missing"


def test_the_day_it_speaks_of(world: World, now: datetime) -> None:
    cover = cover_of(world, 0)
    before = made(world, "xj.clerk", cover.certificate_no, now, cover.effective - timedelta(days=1))
    assert before.context["standing"] == "coming"
    with pytest.raises(InputError) as refused:
        made(world, "xj.clerk", cover.certificate_no, now, now.date() + timedelta(days=30))
    assert refused.value.field == "valid_on"
    end(world, cover.certificate_no, date(2026, 2, 28), now)
    over = made(world, "xj.clerk", cover.certificate_no, now)
    assert (over.context["standing"], over.context["ended_on"]) == ("ended", "2026-02-28")
    assert made(world, "xj.clerk", cover.certificate_no, now, date(2026, 2, 28)).context["standing"] == "in_force"
    other = cover_of(world, 2)
    end(world, other.certificate_no, other.effective - timedelta(days=1), now)
    with pytest.raises(InputError) as taken:
        made(world, "xj.clerk", other.certificate_no, now)
    assert taken.value.code == "cover_taken_back"


def test_void_keeps_the_number(world: World, now: datetime) -> None:
    number = cover_of(world, 0).certificate_no
    first = made(world, "xj.clerk", number, now)
    head = world.actor("xj.head")
    with world.db.unit_of_work(head.scope) as session:
        office_letters.void(session, letter_id=first.id, reason="单位名称有误", actor=head, now=now)
    with world.db.unit_of_work(head.scope) as session, pytest.raises(Conflict):
        office_letters.void(session, letter_id=first.id, reason="单位名称有误", actor=head, now=now)
    assert made(world, "xj.clerk", number, now).serial == 2
