"""Wrong tries by strangers: they wait themselves, and keep nobody out of her own place or her session."""

from __future__ import annotations

from datetime import datetime

from services.access import credentials, duties, lockout, signing_in
from services.access.signing_in import Step
from services.core.db import Database
from services.core.errors import HuzhuError
from tests.services.signing_world import BROWSER, PASSWORD, ROOT, enter, give_password, knock, later
from tests.support.world import World, build_world

AGENT = BROWSER["agent"]
SPENT = 20                      # wrong tries under one login from anywhere, after which places unknown to it wait


def come(db: Database, login: str, password: str, address: str, now: datetime) -> str:
    """What a try from an address leads to."""
    with db.unit_of_work(ROOT) as session:
        step = signing_in.sign_in(session, login=login, password=password, agent=AGENT, address=address, now=now)
    return step.code if isinstance(step, HuzhuError) else step.next


def guess(db: Database, login: str, address: str, times: int, now: datetime) -> None:
    """Counted wrong tries, without the work of a password."""
    with db.unit_of_work(ROOT) as session:
        for _ in range(times):
            lockout.wrong(session, lockout.at_door(session, login, address, now=now), now=now)


def entered(db: Database, now: datetime) -> tuple[World, str]:
    """A clerk who has come in once, from 192.0.2.7."""
    world = build_world(db, now)
    token, *_ = enter(world, "nx.clerk", now)
    return world, token


def test_a_stranger_elsewhere_waits_and_the_owner_comes_in(db: Database, now: datetime) -> None:
    entered(db, now)
    for _ in range(5):
        assert come(db, "nx.clerk", "wrong-lantern-orbit", "198.51.100.9", now) == "sign_in_refused"
    assert come(db, "nx.clerk", PASSWORD, "198.51.100.9", now) == "sign_in_blocked"
    assert isinstance(knock(db, "nx.clerk", PASSWORD, now), Step)
    assert come(db, "nx.clerk", PASSWORD, "203.0.113.5", now) == "in"          # nor is she kept out of a third place


def test_a_guesser_with_many_addresses_waits_and_the_owners_own_place_does_not(db: Database, now: datetime) -> None:
    world, token = entered(db, now)
    for n in range(SPENT // 4):
        guess(db, "nx.clerk", f"198.51.100.{n}", 4, now)
    assert come(db, "nx.clerk", PASSWORD, "198.51.100.77", now) == "sign_in_blocked"
    assert isinstance(knock(db, "nx.clerk", PASSWORD, now), Step)
    clerk = world.actor("nx.clerk")
    with db.unit_of_work(clerk.scope) as session:
        assert credentials.change_password(session, old=PASSWORD, new="maple-orbit-lantern", token=token, actor=clerk, now=now) is None
    # Her place is no way round for a guesser there: that one waits as everywhere.
    guess(db, "nx.clerk", BROWSER["address"], 5, now)
    assert come(db, "nx.clerk", "maple-orbit-lantern", BROWSER["address"], now) == "sign_in_blocked"


def test_a_place_is_forgotten_after_ninety_days(db: Database, now: datetime) -> None:
    entered(db, now)
    for days, answer in ((89, "in"), (180, "sign_in_blocked")):     # coming in on day 89 is remembered until day 179
        at = later(now, days=days)
        for n in range(SPENT // 4):
            guess(db, "nx.clerk", f"198.51.100.{n}", 4, at)
        assert come(db, "nx.clerk", PASSWORD, BROWSER["address"], at) == answer


def test_one_place_that_tries_login_after_login_waits(db: Database, now: datetime) -> None:
    world, _ = entered(db, now)
    give_password(world, "nx.clerk2", now)
    guess(db, "nobody", "2001:db8:1:2::7", 99, now)
    assert come(db, "nx.clerk2", "wrong-lantern-orbit", "2001:db8:1:2::8", now) == "sign_in_refused"       # the hundredth of that /64
    assert come(db, "nx.clerk2", PASSWORD, "2001:db8:1:2:ffff::1", now) == "sign_in_blocked"
    assert come(db, "nx.clerk2", PASSWORD, "2001:db8:1:3::1", now) == "in"


def test_logins_nobody_has_wait_alike(db: Database, now: datetime) -> None:
    build_world(db, now)
    for n in range(SPENT // 4):
        guess(db, "nobody.at.all", f"198.51.100.{n}", 4, now)
    assert come(db, "nobody.at.all", "wrong-lantern-orbit", "198.51.100.77", now) == "sign_in_blocked"


def test_a_code_asked_for_inside_a_session_is_counted_apart(db: Database, now: datetime) -> None:
    world, token = entered(db, now)
    clerk = world.actor("nx.clerk")
    for _ in range(6):
        with db.unit_of_work(clerk.scope) as session:
            refused = credentials.change_password(session, old="wrong", new="maple-orbit-lantern", token=token, actor=clerk, now=now)
    assert refused is not None and refused.code == "sign_in_blocked"
    assert isinstance(knock(db, "nx.clerk", PASSWORD, now), Step)


def test_the_administrator_sees_logins_not_places_and_a_one_time_code_ends_every_wait(db: Database, now: datetime) -> None:
    world, _ = entered(db, now)
    admin = world.actor("nx.admin")
    guess(db, "nx.clerk", "198.51.100.9", 6, now)
    guess(db, "nobody", "198.51.100.9", 2, now)

    def seen() -> tuple[int, int, int, int, bool]:
        with db.view(ROOT) as session:
            all_ = duties.waiting(session, actor=admin, now=now)
            one = duties.wrong_tries(session, account_id=world.account("nx.clerk"), actor=admin, now=now)
        return all_.logins, all_.blocked, all_.tries, one.tries, one.until is not None
    assert seen() == (2, 1, 8, 6, True)
    give_password(world, "nx.clerk", now)
    assert seen() == (1, 0, 2, 0, False)
