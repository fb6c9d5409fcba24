"""People who can sign in, made with the public verbs."""

from __future__ import annotations

from datetime import datetime, timedelta

import psycopg

from services.access import credentials, signing_in, totp
from services.access.signing_in import Step
from services.core.db import Database, Scope
from tests.support.world import World

ROOT = Scope("cn")
Superuser = psycopg.Connection[tuple[object, ...]]
PASSWORD = "lantern-orbit-maple"
BROWSER = {"agent": "Mozilla/5.0 (测试)", "address": "192.0.2.7"}


def give_password(world: World, login: str, now: datetime, password: str = PASSWORD) -> None:
    """By the administrator's one-time code."""
    with world.db.unit_of_work(ROOT) as session:
        code = credentials.issue_password_link(session, account_id=world.account(login), reason="新开账号",
                                               actor=world.actor("admin"), now=now)
        credentials.redeem_password_link(session, code=code, password=password, now=now)


def knock(db: Database, login: str, password: str, now: datetime) -> object:
    """The first step, committed as a door does."""
    with db.unit_of_work(ROOT) as session:
        return signing_in.sign_in(session, login=login, password=password, **BROWSER, now=now)


def show(db: Database, token: str, code: str, now: datetime) -> object:
    """The second step, committed as a door does; the phone goes right."""
    with db.unit_of_work(ROOT) as session:
        return signing_in.sign_in_code(session, token=token, code=code, **BROWSER, phone_time=now, now=now)


def enter(world: World, login: str, now: datetime) -> tuple[str, str, tuple[str, ...]]:
    """Give a password and, where asked for, a second factor; gives (cookie, secret, recovery codes)."""
    give_password(world, login, now)
    step = knock(world.db, login, PASSWORD, now)
    assert isinstance(step, Step)
    if step.next == "in":
        return step.token, "", ()
    with world.db.unit_of_work(ROOT) as session:
        secret = signing_in.begin_enrolment(session, token=step.token, now=now).secret
        done = signing_in.finish_enrolment(session, token=step.token, code=totp.code_at(secret, now), **BROWSER, phone_time=now, now=now)
    return done.token, secret, done.recovery_codes


def later(now: datetime, **step: float) -> datetime:
    """Some time after."""
    return now + timedelta(**step)
