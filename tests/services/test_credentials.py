"""The one-time code, changing the password, a lost phone, a member's own second factor."""

from __future__ import annotations

from datetime import datetime

import pytest

from services.access import credentials, sessions, totp
from services.access import service as access
from services.access.signing_in import Step
from services.core.db import Database
from services.core.errors import Conflict, HuzhuError, InputError, NotFound, NotPermitted, Unauthenticated
from tests.services.signing_world import PASSWORD, ROOT, Superuser, enter, knock, later, show
from tests.support.world import World, build_world


def _code(result: object) -> str:
    return result.code if isinstance(result, HuzhuError) else ""


def test_the_first_password_comes_by_a_one_time_code(db: Database, now: datetime, superuser: Superuser) -> None:
    world = build_world(db, now)
    account = world.account("nx.clerk")
    with db.unit_of_work(ROOT) as session:
        with pytest.raises(NotPermitted):
            credentials.issue_password_link(session, account_id=account, reason="新开账号", actor=world.actor("nx.head"), now=now)
        with pytest.raises(NotFound):
            credentials.issue_password_link(session, account_id=account, reason="新开账号", actor=world.actor("xj.admin"), now=now)
        with pytest.raises(InputError, match="reason_missing"):
            credentials.issue_password_link(session, account_id=account, reason=" ", actor=world.actor("nx.admin"), now=now)
        first = credentials.issue_password_link(session, account_id=account, reason="新开账号", actor=world.actor("nx.admin"), now=now)
        second = credentials.issue_password_link(session, account_id=account, reason="遗失", actor=world.actor("nx.admin"), now=now)
        with pytest.raises(Unauthenticated, match="link_invalid"):
            credentials.redeem_password_link(session, code=first, password=PASSWORD, now=now)
        with pytest.raises(Unauthenticated, match="link_invalid"):
            credentials.redeem_password_link(session, code=second, password=PASSWORD, now=later(now, hours=72))
        with pytest.raises(InputError, match="password_short"):
            credentials.redeem_password_link(session, code=second, password="kurz", now=now)
        credentials.redeem_password_link(session, code=second.lower(), password=PASSWORD, now=later(now, hours=71))
        with pytest.raises(Unauthenticated, match="link_invalid"):
            credentials.redeem_password_link(session, code=second, password="another-lantern-maple", now=now)
    assert superuser.execute("SELECT reason FROM access_record WHERE what = 'password.link:nx.clerk' ORDER BY id").fetchall() == [
        ("新开账号",), ("遗失",)]
    kept = superuser.execute("SELECT string_agg(to_jsonb(k)::text, '') FROM password_link k").fetchone()
    assert kept is not None and second not in str(kept[0]) and second.replace("-", "") not in str(kept[0])


def test_changing_the_password_asks_for_the_old_one_and_ends_the_other_sessions(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    here, *_ = enter(world, "nx.clerk", now)
    step = knock(db, "nx.clerk", PASSWORD, now)
    assert isinstance(step, Step)
    clerk = world.actor("nx.clerk")

    def change(old: str, new: str) -> object:
        with db.unit_of_work(clerk.scope) as session:
            return credentials.change_password(session, old=old, new=new, token=here, actor=clerk, now=now)
    assert _code(change("wrong", "maple-orbit-lantern")) == "password_wrong"
    with pytest.raises(InputError, match="password_same"):
        change(PASSWORD, PASSWORD)
    with pytest.raises(InputError, match="password_guessable"):
        change(PASSWORD, "nx.clerk2026!")
    assert change(PASSWORD, "maple-orbit-lantern") is None
    with db.unit_of_work(ROOT) as session:
        assert sessions.resume(session, here, now=now) is not None
        assert sessions.resume(session, step.token, now=now) is None
    assert _code(knock(db, "nx.clerk", PASSWORD, now)) == "sign_in_refused"
    for _ in range(5):
        change("wrong", "another-orbit-lantern")
    assert _code(change("maple-orbit-lantern", "another-orbit-lantern")) == "sign_in_blocked"


def test_a_lost_phone_is_reset_by_another_with_a_reason(db: Database, now: datetime, superuser: Superuser) -> None:
    world = build_world(db, now)
    token, _, codes = enter(world, "nx.head", now)
    account = world.account("nx.head")
    with db.unit_of_work(ROOT) as session:
        with pytest.raises(Conflict, match="second_factor_present"):
            credentials.begin_second_factor(session, actor=world.actor("nx.head"))
        with pytest.raises(InputError, match="reason_missing"):
            credentials.reset_second_factor(session, account_id=account, reason="", actor=world.actor("nx.admin"), now=now)
        with pytest.raises(NotPermitted):
            credentials.reset_second_factor(session, account_id=account, reason="手机遗失", actor=world.actor("nx.senior"), now=now)
        with pytest.raises(InputError, match="own_second_factor"):
            credentials.reset_second_factor(session, account_id=world.account("nx.admin"), reason="手机遗失",
                                            actor=world.actor("nx.admin"), now=now)
        credentials.reset_second_factor(session, account_id=account, reason="手机遗失", actor=world.actor("nx.admin"), now=now)
        assert sessions.resume(session, token, now=now) is None
        with pytest.raises(Unauthenticated, match="token_invalid"):
            access.authenticate(session, world.tokens["nx.head"], now=now)
    assert superuser.execute("SELECT reason FROM access_record WHERE what = 'second_factor.reset:nx.head'").fetchall() == [("手机遗失",)]
    step = knock(db, "nx.head", PASSWORD, now)
    assert isinstance(step, Step) and step.next == "enrol"
    assert _code(show(db, step.token, codes[1], now)) == "code_wrong"


def test_a_member_may_set_one_and_is_then_asked(db: Database, now: datetime) -> None:
    world: World = build_world(db, now)
    member = world.member(0)
    enter(world, member.login, now)
    with db.unit_of_work(member.actor.scope) as session:
        secret = credentials.begin_second_factor(session, actor=member.actor).secret
        code = totp.code_at(secret, now)
        unproved = credentials.confirm_second_factor(session, code=code, password="not the one", phone_time=now, actor=member.actor,
                                                     now=now)
        assert isinstance(unproved, Unauthenticated) and unproved.code == "password_wrong"
        codes = credentials.confirm_second_factor(session, code=code, password=PASSWORD, phone_time=now, actor=member.actor, now=now)
    assert isinstance(codes, tuple) and len(codes) == 10
    step = knock(db, member.login, PASSWORD, now)
    assert isinstance(step, Step) and step.next == "code"
