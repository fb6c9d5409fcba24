"""Sessions: how long they last, who sees and ends them, what a form carries."""

from __future__ import annotations

from datetime import datetime

import pytest

from services.access import credentials, sessions, totp
from services.access import service as access
from services.access.signing_in import Step
from services.core.db import Database, Scope
from services.core.errors import InputError, NotFound, NotPermitted, Unauthenticated
from tests.services.signing_world import PASSWORD, ROOT, Superuser, enter, knock, later, show
from tests.support.world import World, build_world


def _alive(db: Database, token: str, now: datetime) -> bool:
    with db.unit_of_work(ROOT) as session:
        return sessions.resume(session, token, now=now) is not None


def _another(world: World, login: str, now: datetime) -> str:
    step = knock(world.db, login, PASSWORD, now)
    assert isinstance(step, Step) and step.next == "in"
    return step.token


def test_staff_rest_half_an_hour_members_two_nobody_beyond_twelve(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    clerk, *_ = enter(world, "nx.clerk", now)
    member, *_ = enter(world, "nx.m0", now)
    assert _alive(db, clerk, later(now, minutes=29))
    assert _alive(db, clerk, later(now, minutes=58))            # seen in between
    assert not _alive(db, clerk, later(now, minutes=88))
    assert _alive(db, member, later(now, minutes=119))
    assert not _alive(db, member, later(now, minutes=239))
    busy = _another(world, "nx.clerk", now)
    assert all(_alive(db, busy, later(now, minutes=20 * n)) for n in range(1, 36))
    assert not _alive(db, busy, later(now, hours=12))


def test_being_seen_is_written_at_most_once_a_minute(db: Database, now: datetime, superuser: Superuser) -> None:
    world = build_world(db, now)
    token, *_ = enter(world, "nx.clerk", now)
    seen = []
    for seconds in (10, 59, 60, 90, 121):
        assert _alive(db, token, later(now, seconds=seconds))
        row = superuser.execute("SELECT seen_at FROM web_session").fetchone()
        assert row is not None
        seen.append(row[0])
    assert seen == [now, now, later(now, seconds=60), later(now, seconds=60), later(now, seconds=121)]


def test_only_the_digest_of_the_cookie_is_kept(db: Database, now: datetime, superuser: Superuser) -> None:
    world = build_world(db, now)
    token, *_ = enter(world, "nx.clerk", now)
    row = superuser.execute("SELECT to_jsonb(s)::text, octet_length(digest) FROM web_session s").fetchone()
    assert row is not None and token not in str(row[0]) and row[1] == 32


def test_a_person_lists_and_ends_the_own_sessions(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    here, *_ = enter(world, "nx.clerk", now)
    there = _another(world, "nx.clerk", later(now, seconds=5))
    third = _another(world, "nx.clerk", later(now, seconds=9))
    clerk = world.actor("nx.clerk")
    with db.unit_of_work(clerk.scope) as session:
        listed = sessions.own_sessions(session, token=here, actor=clerk, now=later(now, seconds=10))
        assert [view.own for view in listed] == [False, False, True]
        with pytest.raises(NotFound):
            sessions.end_session(session, session_id=listed[0].id, actor=world.actor("nx.clerk2"), now=now)
        sessions.end_session(session, session_id=listed[1].id, actor=clerk, now=now)
    assert [_alive(db, token, later(now, seconds=10)) for token in (here, there, third)] == [True, False, True]
    with db.unit_of_work(clerk.scope) as session:
        assert sessions.end_other_sessions(session, token=here, actor=clerk, now=now) == 1
        assert [view.own for view in sessions.own_sessions(session, token=here, actor=clerk, now=now)] == [True]
    with db.unit_of_work(ROOT) as session:
        sessions.sign_out(session, token=here, now=now)
        with pytest.raises(Unauthenticated):
            sessions.authenticate_session(session, here, now=now)


def test_an_administrator_ends_all_of_an_account_with_a_reason(
        db: Database, now: datetime, superuser: Superuser) -> None:
    world = build_world(db, now)
    token, *_ = enter(world, "nx.clerk", now)
    other, *_ = enter(world, "nx.clerk2", now)
    account = world.account("nx.clerk")
    with db.unit_of_work(Scope("cn.nx")) as session:
        with pytest.raises(NotPermitted):
            sessions.end_account_sessions(session, account_id=account, reason="离职", actor=world.actor("nx.head"), now=now)
        with pytest.raises(NotFound):
            sessions.end_account_sessions(session, account_id=account, reason="离职", actor=world.actor("xj.admin"), now=now)
        with pytest.raises(InputError, match="reason_missing"):
            sessions.end_account_sessions(session, account_id=account, reason=" ", actor=world.actor("nx.admin"), now=now)
        assert len(sessions.sessions_of(session, account_id=account, actor=world.actor("nx.admin"), now=now)) == 1
        assert sessions.end_account_sessions(session, account_id=account, reason="离职", actor=world.actor("nx.admin"), now=now) == 1
    assert (_alive(db, token, now), _alive(db, other, now)) == (False, True)
    with db.view(ROOT) as session:
        with pytest.raises(Unauthenticated, match="token_invalid"):
            access.authenticate(session, world.tokens["nx.clerk"], now=now)
        assert access.authenticate(session, world.tokens["nx.clerk2"], now=now)
    ended = superuser.execute("SELECT ended_why FROM web_session WHERE account_id = %s", (account,)).fetchall()
    assert ended == [("ended_by_administrator",)]


def test_a_role_that_asks_for_a_second_factor_ends_what_came_in_without(
        db: Database, now: datetime, superuser: Superuser) -> None:
    world = build_world(db, now)
    token, *_ = enter(world, "nx.clerk", now)
    superuser.execute("INSERT INTO role_grant VALUES (%s, 'office_reviewer')", (world.account("nx.clerk"),))
    assert not _alive(db, token, now)
    step = knock(db, "nx.clerk", PASSWORD, now)
    assert isinstance(step, Step) and step.next == "enrol"


def test_what_a_form_carries_belongs_to_its_session(db: Database, now: datetime) -> None:
    made = sessions.csrf_of("cookie-of-a-session")
    assert made != sessions.csrf_of("cookie-of-another") and "cookie" not in made and len(made) == 43
    assert sessions.csrf_fits("cookie-of-a-session", made)
    for token, given in (("cookie-of-another", made), ("cookie-of-a-session", ""), ("cookie-of-a-session", f"{made}="),
                         ("", sessions.csrf_of(""))):
        assert not sessions.csrf_fits(token, given)


def test_a_session_older_than_the_second_factor_does_not_open_what_asks_for_it(
        db: Database, now: datetime, superuser: Superuser) -> None:
    """Opened by the password alone before there was a factor: the role given since does not come to it."""
    world = build_world(db, now)
    old, *_ = enter(world, "nx.clerk", now)
    clerk = world.actor("nx.clerk")
    with db.unit_of_work(ROOT) as session:
        secret = credentials.begin_second_factor(session, actor=clerk).secret
        at = later(now, minutes=1)
        credentials.confirm_second_factor(session, code=totp.code_at(secret, at), password=PASSWORD, phone_time=at, actor=clerk, now=at)
    assert _alive(db, old, later(now, minutes=2))               # a clerk needs none
    superuser.execute("INSERT INTO role_grant (account_id, role) VALUES (%s, 'head')", (world.account("nx.clerk"),))
    assert not _alive(db, old, later(now, minutes=2))
    step = knock(db, "nx.clerk", PASSWORD, later(now, minutes=2))
    assert isinstance(step, Step) and step.next == "code"
    done = show(db, step.token, totp.code_at(secret, later(now, minutes=2)), later(now, minutes=2))
    assert isinstance(done, Step) and _alive(db, done.token, later(now, minutes=3))
