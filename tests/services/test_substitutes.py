"""Leave: lent for some days, no more than the absent one holds, and the substitute counts as both persons."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta

import pytest

from services.access import duties
from services.access import service as access
from services.access.actor import Actor, Lent
from services.core.clock import at_hour
from services.core.db import Database
from services.core.errors import Conflict, HuzhuError, InputError, NotFound, NotPermitted
from services.models import Substitute
from tests.services.signing_world import ROOT, Superuser, enter
from tests.support.world import World, build_world

FROM, UNTIL = date(2026, 3, 23), date(2026, 3, 27)


def _appoint(world: World, by: str, absent: str, substitute: str, now: datetime, *, roles: Iterable[str] = (), from_on: date = FROM,
             until_on: date = UNTIL, reason: str = "年假") -> Substitute:
    actor = world.actor(by)
    with world.db.unit_of_work(actor.scope) as session:
        return access.appoint_substitute(session, absent_id=world.account(absent), account_id=world.account(substitute), roles=roles,
                                         from_on=from_on, until_on=until_on, reason=reason, actor=actor, now=now)


def _as(world: World, login: str, at: datetime) -> Actor:
    with world.db.view(ROOT) as session:
        return access.authenticate(session, world.tokens[login], now=at)


def test_from_the_first_to_the_last_day_a_substitute_is_both(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    _appoint(world, "nx.senior", "nx.senior", "nx.office1", now)
    away = world.person("nx.senior")
    for day, stands in ((date(2026, 3, 22), False), (FROM, True), (UNTIL, True), (date(2026, 3, 28), False)):
        actor = _as(world, "nx.office1", at_hour(day, 8))
        assert actor.roles == ({"office_reviewer", "senior_reviewer"} if stands else {"office_reviewer"}), day
        assert actor.stands_for == ({away} if stands else set()), day
        assert actor.persons == {world.person("nx.office1")} | ({away} if stands else set())
    lent = Lent(world.account("nx.senior"), away, "senior_reviewer", "cn.nx.")
    assert _as(world, "nx.office1", at_hour(FROM)).lent == {lent}
    # Midnight is China's: 2026-03-22 16:30 UTC is the 23rd there.
    assert _as(world, "nx.office1", datetime.fromisoformat("2026-03-22T16:30:00+00:00")).stands_for == {away}


def test_a_session_stands_in_as_a_token_does(db: Database, now: datetime) -> None:
    from services.access import sessions

    world = build_world(db, now)
    token, *_ = enter(world, "nx.maker", at_hour(FROM))
    _appoint(world, "nx.head", "nx.checker", "nx.maker", now)
    with db.view(ROOT) as session:
        actor, _ = sessions.authenticate_session(session, token, now=at_hour(FROM))
    assert actor.roles == {"finance_maker", "finance_checker"} and actor.stands_for == {world.person("nx.checker")}


def test_a_narrowed_token_borrows_nothing_beyond_itself_and_lends_no_token(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    _appoint(world, "nx.senior", "nx.senior", "nx.office1", now)
    account = world.account("nx.office1")
    borrower = _as(world, "nx.office1", at_hour(FROM))
    with db.unit_of_work(ROOT) as session:
        narrow = access.issue_token(session, account_id=account, expires_at=now + timedelta(days=30), roles=["office_reviewer"],
                                    actor=borrower, now=at_hour(FROM))
        actor = access.authenticate(session, narrow, now=at_hour(FROM))
        assert actor.roles == {"office_reviewer"} and actor.lent == frozenset()
        assert actor.stands_for == {world.person("nx.senior")}       # still both persons
        with pytest.raises(InputError, match="role_not_held"):
            access.issue_token(session, account_id=account, expires_at=now + timedelta(days=30), roles=["senior_reviewer"],
                               actor=borrower, now=at_hour(FROM))


def test_no_more_is_lent_than_is_held_on_the_day(db: Database, now: datetime, superuser: Superuser) -> None:
    world = build_world(db, now)
    with pytest.raises(InputError, match="role_not_held"):
        _appoint(world, "nx.senior", "nx.senior", "nx.office1", now, roles=["head"])
    _appoint(world, "nx.senior", "nx.senior", "nx.office1", now)
    superuser.execute("DELETE FROM role_grant WHERE account_id = %s", (world.account("nx.senior"),))
    actor = _as(world, "nx.office1", at_hour(FROM))
    assert actor.roles == {"office_reviewer"} and actor.stands_for == {world.person("nx.senior")}


def test_what_is_lent_is_not_lent_on(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    _appoint(world, "nx.senior", "nx.senior", "nx.office1", now)
    with pytest.raises(Conflict, match="absent_stands_in"):
        _appoint(world, "nx.office1", "nx.office1", "nx.office2", now)
    with pytest.raises(Conflict, match="substitute_away"):
        _appoint(world, "nx.head", "nx.head", "nx.senior", now)
    later = _appoint(world, "nx.office1", "nx.office1", "nx.office2", now, from_on=date(2026, 3, 28), until_on=date(2026, 3, 30))
    assert later.roles == "office_reviewer"


@pytest.mark.parametrize(("by", "absent", "substitute", "change", "code"), [
    ("nx.office1", "nx.senior", "nx.office1", {}, "substitute_maker"),
    ("nx.admin", "nx.senior", "nx.office1", {}, "substitute_maker"),
    ("nx.head", "nx.senior", "nx.head", {}, "substitute_names_self"),
    ("xj.head", "nx.senior", "nx.office1", {}, "account_missing"),
    ("nx.senior", "nx.senior", "xj.office1", {}, "account_missing"),
    ("nx.senior", "nx.senior", "nx.city", {}, "substitute_elsewhere"),
    ("nx.senior", "nx.senior", "nx.senior", {}, "substitute_self"),
    ("nx.senior", "nx.senior", "nx.auditor", {}, "substitute_not_staff"),
    ("nx.auditor", "nx.auditor", "nx.senior", {}, "nothing_to_lend"),
    ("nx.senior", "nx.senior", "nx.office1", {"from_on": date(2026, 3, 19)}, "from_past"),
    ("nx.senior", "nx.senior", "nx.office1", {"until_on": date(2026, 3, 22)}, "until_before_from"),
    ("nx.senior", "nx.senior", "nx.office1", {"until_on": date(2027, 3, 24)}, "substitute_long"),
    ("nx.senior", "nx.senior", "nx.office1", {"reason": "  "}, "reason_missing"),
])
def test_what_is_refused(db: Database, now: datetime, by: str, absent: str, substitute: str, change: dict[str, date], code: str) -> None:
    world = build_world(db, now)
    with pytest.raises(HuzhuError) as refused:
        _appoint(world, by, absent, substitute, now, **change)       # type: ignore[arg-type]
    assert refused.value.code == code


def test_one_role_has_one_substitute_a_day_also_when_two_are_named_at_once(db: Database, now: datetime) -> None:
    world = build_world(db, now)

    def name(login: str) -> str:
        try:
            _appoint(world, "nx.head", "nx.senior", login, now)
        except Conflict as error:
            return error.code
        return "made"
    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(name, ["nx.office1", "nx.office2", "nx.maker"])) == ["already_stood_in", "already_stood_in", "made"]


def test_two_who_name_each_other_at_once_do_not_both_succeed(db: Database, now: datetime) -> None:
    world = build_world(db, now)

    def name(pair: tuple[str, str]) -> str:
        try:
            _appoint(world, pair[0], *pair, now)
        except Conflict as error:
            return error.code
        return "made"
    with ThreadPoolExecutor(2) as pool:
        results = set(pool.map(name, [("nx.senior", "nx.office1"), ("nx.office1", "nx.senior")]))
    assert "made" in results and results & {"absent_stands_in", "substitute_away"}


def test_back_early_and_who_sees_it(db: Database, now: datetime, superuser: Superuser) -> None:
    world = build_world(db, now)
    made = _appoint(world, "nx.head", "nx.senior", "nx.office1", now)
    at = at_hour(date(2026, 3, 24))

    def end(login: str, which: uuid.UUID = made.id, why: str = "提前返岗") -> None:
        with db.unit_of_work(world.actor(login).scope) as session:
            access.end_substitute(session, substitute_id=which, why=why, actor=world.actor(login), now=at)

    def seen(login: str) -> list[bool]:
        with db.view(world.actor(login).scope) as session:
            return [view.running for view in access.substitutes(session, actor=world.actor(login), now=at)]
    assert [seen(login) for login in ("nx.senior", "nx.office1", "nx.head", "nx.auditor", "nx.office2", "xj.head")] == [
        [True], [True], [True], [True], [], []]
    for stranger in ("nx.office2", "xj.head"):
        with pytest.raises(NotFound):
            end(stranger)
    with pytest.raises(InputError, match="reason_missing"):
        end("nx.senior", why="")
    end("nx.senior")
    end("nx.head", why="再次")
    assert seen("nx.head") == [False]
    assert _as(world, "nx.office1", at).stands_for == frozenset()
    row = superuser.execute("SELECT ended_why, ended_by FROM substitute").fetchone()
    assert row == ("提前返岗", world.account("nx.senior"))
    assert superuser.execute("SELECT what, reason FROM access_record WHERE what LIKE 'substitute.%%' ORDER BY id").fetchall() == [
        ("substitute.appointed:nx.senior", "nx.office1 2026-03-23~2026-03-27 senior_reviewer：年假"),
        ("substitute.ended:nx.senior", "提前返岗")]
    with pytest.raises(NotPermitted):
        _appoint(world, "nx.office2", "nx.senior", "nx.office2", now)


def test_colleagues_to_choose_from(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    with db.view(world.actor("nx.senior").scope) as session:
        found = access.candidates(session, absent_id=world.account("nx.senior"), actor=world.actor("nx.senior"))
    assert {(one.account_id, one.roles) for one in found} == {
        (world.account("nx.office1"), ("office_reviewer",)), (world.account("nx.office2"), ("office_reviewer",)),
        (world.account("nx.head"), ("head",)), (world.account("nx.maker"), ("finance_maker",)),
        (world.account("nx.checker"), ("finance_checker",))}


@pytest.mark.parametrize("roles", [["auditor"], ["member"]])
def test_who_does_no_desk_work_any_more_holds_nothing_lent(db: Database, now: datetime, superuser: Superuser, roles: list[str]) -> None:
    """An auditor with a head's power would decide what the auditor looks at; a day's leave that begins later is ended too."""
    world = build_world(db, now)
    _appoint(world, "nx.senior", "nx.senior", "nx.office1", now)
    _appoint(world, "nx.checker", "nx.checker", "nx.office1", now, from_on=date(2026, 4, 1), until_on=date(2026, 4, 3))
    _appoint(world, "nx.head", "nx.head", "nx.office2", now)
    admin, at = world.actor("nx.admin"), at_hour(FROM)
    with db.unit_of_work(admin.scope) as session:
        duties.change_roles(session, account_id=world.account("nx.office1"), roles=roles, reason="转岗", actor=admin, now=at)
    assert _as(world, "nx.office1", at).roles == set(roles) and _as(world, "nx.office1", at).stands_for == frozenset()
    assert _as(world, "nx.office2", at).roles == {"office_reviewer", "head"}         # another's stays
    assert superuser.execute("SELECT ended_why, ended_by FROM substitute WHERE ended_at IS NOT NULL").fetchall() == [
        ("代理人已不任经办：转岗", admin.account_id)] * 2
    assert superuser.execute("SELECT what, reason FROM access_record WHERE what LIKE 'substitute.ended%%' ORDER BY what").fetchall() == [
        ("substitute.ended:nx.checker", "代理人已不任经办：转岗"), ("substitute.ended:nx.senior", "代理人已不任经办：转岗")]
    superuser.execute("UPDATE substitute SET ended_at = NULL, ended_by = NULL, ended_why = NULL")       # as 0.9.2 left them
    assert _as(world, "nx.office1", at).roles == set(roles)


def test_another_desk_keeps_what_is_lent(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    _appoint(world, "nx.senior", "nx.senior", "nx.office1", now)
    admin = world.actor("nx.admin")
    with db.unit_of_work(admin.scope) as session:
        duties.change_roles(session, account_id=world.account("nx.office1"), roles=["unit_clerk"], reason="转岗", actor=admin, now=now)
    assert _as(world, "nx.office1", at_hour(FROM)).roles == {"unit_clerk", "senior_reviewer"}
