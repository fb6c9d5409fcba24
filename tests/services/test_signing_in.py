"""Password, second factor, waits: in with both, never with one, and no telling which logins exist."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest

from services.access import credentials, duties, lockout, sessions, signing_in, totp
from services.access import service as access
from services.access.actor import NEED_SECOND_FACTOR, Role
from services.access.signing_in import Step
from services.core.db import Database
from services.core.errors import Conflict, HuzhuError, InputError, Unauthenticated
from tests.services.signing_world import BROWSER, PASSWORD, ROOT, Superuser, enter, give_password, knock, later, show
from tests.support.world import build_world


def _code(result: object) -> str:
    return result.code if isinstance(result, HuzhuError) else ""


def test_a_unit_clerk_comes_in_with_a_password(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    token, *_ = enter(world, "nx.clerk", now)
    with db.view(ROOT) as session:
        actor, held = sessions.authenticate_session(session, token, now=now)
    assert (actor.account_id, actor.org_key) == (world.account("nx.clerk"), "cn.nx.yc.xq.u001.")
    assert actor.roles == {"unit_clerk"}
    assert (held.agent, held.address, held.door) == ("Mozilla/5.0 (测试)", "192.0.2.7", "password")


def test_who_decides_or_pays_must_bring_a_second_factor() -> None:
    assert {
        Role.DISTRICT_REVIEWER, Role.OFFICE_REVIEWER, Role.SENIOR_REVIEWER, Role.HEAD, Role.FINANCE_MAKER, Role.FINANCE_CHECKER,
        Role.AUDITOR, Role.ADMINISTRATOR} == NEED_SECOND_FACTOR


def test_half_signed_in_can_do_nothing_but_go_on(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    give_password(world, "nx.head", now)
    step = knock(db, "nx.head", PASSWORD, now)
    assert isinstance(step, Step) and step.next == "enrol"
    with db.unit_of_work(ROOT) as session:
        with pytest.raises(Unauthenticated):
            sessions.authenticate_session(session, step.token, now=now)
        assert sessions.resume(session, step.token, now=now) is None
        enrolment = signing_in.begin_enrolment(session, token=step.token, now=now)
        assert enrolment.uri.startswith("otpauth://totp/") and "nx.head" in enrolment.uri and enrolment.secret in enrolment.uri
        assert enrolment.picture.startswith("<svg") and "<script" not in enrolment.picture
        assert signing_in.begin_enrolment(session, token=step.token, now=now).secret == enrolment.secret     # the page again
        with pytest.raises(InputError, match="code_wrong"):
            signing_in.finish_enrolment(session, token=step.token, code="abc", **BROWSER, phone_time=now, now=now)
        with pytest.raises(Unauthenticated, match="sign_in_again"):
            signing_in.begin_enrolment(session, token=step.token, now=later(now, minutes=11))


def test_the_second_factor_is_asked_for_and_a_code_works_once(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    token, secret, _ = enter(world, "nx.head", now)
    with db.view(ROOT) as session:
        assert sessions.authenticate_session(session, token, now=now)[0].roles == {"head"}
    # The code that proved the phone was used up by that.
    step = knock(db, "nx.head", PASSWORD, now)
    assert isinstance(step, Step) and step.next == "code"
    assert _code(show(db, step.token, totp.code_at(secret, now), now)) == "code_wrong"
    soon = later(now, seconds=30)
    assert isinstance(done := show(db, step.token, totp.code_at(secret, soon), soon), Step) and done.next == "in"
    again = knock(db, "nx.head", PASSWORD, soon)
    assert isinstance(again, Step)
    assert _code(show(db, again.token, totp.code_at(secret, soon), soon)) == "code_wrong"
    with pytest.raises(Unauthenticated, match="sign_in_again"):
        show(db, step.token, totp.code_at(secret, later(soon, seconds=30)), soon)      # the half session is over


def test_one_code_shown_twice_at_once_lets_one_in(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    _, secret, _ = enter(world, "nx.head", now)
    soon = later(now, minutes=1)
    tokens = []
    for _ in range(4):
        step = knock(db, "nx.head", PASSWORD, soon)
        assert isinstance(step, Step)
        tokens.append(step.token)
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda token: show(db, token, totp.code_at(secret, soon), soon), tokens))
    assert sorted(_code(result) for result in results) == ["", "code_wrong", "code_wrong", "code_wrong"]


def test_a_phone_a_little_fast_or_slow_is_forgiven_a_lot_is_not(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    _, secret, _ = enter(world, "nx.head", now)
    for minutes, off, right in ((10, -30, True), (20, 30, True), (30, -90, False), (40, 90, False)):
        at = later(now, minutes=minutes)
        step = knock(db, "nx.head", PASSWORD, at)
        assert isinstance(step, Step)
        assert isinstance(show(db, step.token, totp.code_at(secret, later(at, seconds=off)), at), Step) is right


def test_ten_recovery_codes_each_once_kept_as_digests(db: Database, now: datetime, superuser: Superuser) -> None:
    world = build_world(db, now)
    _, _, codes = enter(world, "nx.maker", now)
    assert len(set(codes)) == 10
    for code, wanted in ((codes[0], ""), (codes[0], "code_wrong"), (codes[9].lower().replace("-", " "), "")):
        step = knock(db, "nx.maker", PASSWORD, now)
        assert isinstance(step, Step)
        assert _code(show(db, step.token, code, now)) == wanted
    with db.view(ROOT) as session:
        standing = credentials.standing(session, account_id=world.account("nx.maker"), actor=world.actor("nx.admin"), now=now)
    assert standing.recovery_codes_left == 8
    kept = superuser.execute("SELECT string_agg(encode(digest, 'escape'), '') FROM recovery_code").fetchone()
    assert kept is not None and all(code not in str(kept[0]) and code.replace("-", "") not in str(kept[0]) for code in codes)


def test_the_secret_is_sealed_and_belongs_to_its_account(db: Database, now: datetime, superuser: Superuser) -> None:
    world = build_world(db, now)
    _, secret, _ = enter(world, "nx.head", now)
    enter(world, "nx.checker", now)
    row = superuser.execute("SELECT totp_sealed FROM credential WHERE account_id = %s", (world.account("nx.head"),)).fetchone()
    assert row is not None and isinstance(row[0], bytes) and secret.encode() not in row[0]
    # Somebody who can write rows gives the checker the head's secret: it opens under the head's name only.
    superuser.execute("UPDATE credential SET totp_sealed = %s WHERE account_id = %s", (row[0], world.account("nx.checker")))
    step = knock(db, "nx.checker", PASSWORD, later(now, minutes=1))
    assert isinstance(step, Step)
    with pytest.raises(HuzhuError, match="sealed_value"):
        show(db, step.token, totp.code_at(secret, later(now, minutes=1)), later(now, minutes=1))


@pytest.mark.parametrize("login", ["nx.clerk", "nobody.at.all", "nx.district"])
def test_wrong_tries_wait_longer_and_tell_nothing(db: Database, now: datetime, login: str) -> None:
    """The same answers for a login with a password, one that nobody has, and an account without a password."""
    world = build_world(db, now)
    give_password(world, "nx.clerk", now)
    answers = []
    for _ in range(5):
        answers.append(knock(db, login, "wrong-lantern-orbit", now))
    answers.append(knock(db, login, PASSWORD, now))
    assert [_code(one) for one in answers] == ["sign_in_refused"] * 5 + ["sign_in_blocked"]
    assert isinstance(answers[-1], Unauthenticated) and answers[-1].message == "连续输错，请在 30 秒后再试"
    at = later(now, seconds=31)
    assert [_code(knock(db, login, "wrong-lantern-orbit", at)), _code(knock(db, login, "x", later(at, seconds=59))),
            _code(knock(db, login, "x", later(at, seconds=61)))] == ["sign_in_refused", "sign_in_blocked", "sign_in_refused"]


def test_waits_grow_to_a_quarter_of_an_hour_and_are_forgotten_after_a_day(db: Database, now: datetime) -> None:
    assert [lockout.wait_after(n).total_seconds() for n in (0, 4, 5, 6, 7, 8, 9, 10, 60)] == [0, 0, 30, 60, 120, 240, 480, 900, 900]
    world = build_world(db, now)
    give_password(world, "nx.clerk", now)
    for _ in range(5):
        knock(db, "nx.clerk", "wrong", now)
    assert _code(knock(db, "nx.clerk", "wrong", later(now, hours=25))) == "sign_in_refused"
    assert _code(knock(db, "nx.clerk", "wrong", later(now, hours=25))) == "sign_in_refused"


def test_wrong_codes_count_too_and_a_right_password_between_does_not_help(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    _, secret, _ = enter(world, "nx.head", now)
    step = knock(db, "nx.head", PASSWORD, now)
    for _ in range(5):
        step = knock(db, "nx.head", PASSWORD, now)
        assert isinstance(step, Step) and _code(show(db, step.token, "000000", now)) == "code_wrong"
    assert isinstance(step, Step)
    assert _code(knock(db, "nx.head", PASSWORD, now)) == "sign_in_blocked"
    assert _code(show(db, step.token, totp.code_at(secret, later(now, seconds=29)), later(now, seconds=29))) == "sign_in_blocked"
    # Whoever comes in with both begins anew.
    at = later(now, seconds=31)
    assert isinstance(show(db, step.token, totp.code_at(secret, at), at), Step)
    assert _code(knock(db, "nx.head", "wrong", at)) == "sign_in_refused"


def test_many_guesses_at_once_do_not_pass_the_wait(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    give_password(world, "nx.clerk", now)
    with ThreadPoolExecutor(4) as pool:
        answers = [_code(one) for one in pool.map(lambda n: knock(db, "nx.clerk", f"wrong-{n}", now), range(8))]
    assert sorted(answers) == ["sign_in_blocked"] * 3 + ["sign_in_refused"] * 5


def test_closed_accounts_and_programs_do_not_come_in(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    token, *_ = enter(world, "nx.clerk", now)
    with db.unit_of_work(ROOT) as session:
        duties.shut_account(session, reason="离职", account_id=world.account("nx.clerk"), actor=world.actor("nx.admin"), now=now)
    assert _code(knock(db, "nx.clerk", PASSWORD, now)) == "sign_in_refused"
    with db.unit_of_work(ROOT) as session:
        assert sessions.resume(session, token, now=now) is None
        program = access.open_account(session, login="program", name="保险公司接口", org_id=world.org("cn.nx."), roles=["insurer"],
                                      actor=world.actor("admin"), now=now)
        with pytest.raises(InputError, match="account_not_a_person"):
            credentials.issue_password_link(session, account_id=program.id, reason="试", actor=world.actor("admin"), now=now)


def test_a_secret_begun_by_another_who_knows_the_password_is_not_taken_over(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    give_password(world, "nx.head", now)
    thief, head = knock(db, "nx.head", PASSWORD, now), knock(db, "nx.head", PASSWORD, now)
    assert isinstance(thief, Step) and isinstance(head, Step)
    with db.unit_of_work(ROOT) as session:
        known = signing_in.begin_enrolment(session, token=thief.token, now=now).secret
        secret = signing_in.begin_enrolment(session, token=head.token, now=now).secret
        assert secret != known
        with pytest.raises(Conflict, match="second_factor_not_begun"):
            signing_in.finish_enrolment(session, token=thief.token, code=totp.code_at(known, now), **BROWSER, phone_time=now, now=now)
        signing_in.finish_enrolment(session, token=head.token, code=totp.code_at(secret, now), **BROWSER, phone_time=now, now=now)
        with pytest.raises(Conflict, match="second_factor_not_begun"):
            signing_in.finish_enrolment(session, token=thief.token, code=totp.code_at(known, now), **BROWSER, phone_time=now, now=now)
