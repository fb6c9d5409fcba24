"""Accounts, tokens, the first door."""

from __future__ import annotations

from datetime import datetime, timedelta

import psycopg
import pytest

from services.access import credentials, duties
from services.access import service as access
from services.core.db import Database, Scope
from services.core.errors import Conflict, InputError, NotFound, NotPermitted, Unauthenticated
from tests.support.world import LOGINS, build_world

ROOT = Scope("cn")


def test_a_token_gives_the_account_its_roles_and_scope(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    with db.view(ROOT) as session:
        head = access.authenticate(session, world.tokens["xj.head"], now=now)
    assert head.org_key == "cn.xj."
    assert head.roles == {"head"}
    assert head.person_id == world.person("xj.head")
    assert len({world.person(login) for login in LOGINS}) == len(LOGINS)


def test_unknown_expired_revoked_and_closed_are_refused_alike(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    token = world.tokens["nx.clerk"]
    with db.unit_of_work(ROOT) as session:
        with pytest.raises(Unauthenticated):
            access.authenticate(session, "nobody", now=now)
        with pytest.raises(Unauthenticated):
            access.authenticate(session, token, now=now + timedelta(days=731))
        access.revoke_token(session, token=token, actor=world.actor("nx.clerk"), now=now)
    with db.view(ROOT) as session, pytest.raises(Unauthenticated):
        access.authenticate(session, token, now=now)
    with db.unit_of_work(ROOT) as session:
        duties.shut_account(session, reason="离职", account_id=world.account("nx.head"), actor=world.actor("admin"), now=now)
    with db.view(ROOT) as session, pytest.raises(Unauthenticated):
        access.authenticate(session, world.tokens["nx.head"], now=now)


def test_a_closed_accounts_tokens_and_codes_are_over_for_good(
        db: Database, now: datetime, superuser: psycopg.Connection[tuple[object, ...]]) -> None:
    """Opened again, the account is given new ones: a leaked one never comes back, nor one that an earlier release left."""
    world = build_world(db, now)
    account, admin, old = world.account("nx.head"), world.actor("admin"), world.tokens["nx.head"]
    with db.unit_of_work(ROOT) as session:
        code = credentials.issue_password_link(session, account_id=account, reason="新到岗", actor=admin, now=now)
        duties.shut_account(session, reason="凭证外泄", account_id=account, actor=admin, now=now)
        duties.reopen_account(session, reason="查明", account_id=account, actor=admin, now=now)
        with pytest.raises(Unauthenticated, match="link_invalid"):
            credentials.redeem_password_link(session, code=code, password="wo shi qu-mao 77 tian", now=now)
        with pytest.raises(Unauthenticated, match="token_invalid"):
            access.authenticate(session, old, now=now)
        new = access.issue_token(session, account_id=account, expires_at=now + timedelta(days=1), actor=admin, now=now)
        assert access.authenticate(session, new, now=now).account_id == account
        assert access.authenticate(session, world.tokens["xj.head"], now=now)       # nobody else's
    superuser.execute("UPDATE account SET active = false WHERE id = %s", (account,))
    with db.unit_of_work(ROOT) as session:
        duties.reopen_account(session, reason="查明", account_id=account, actor=admin, now=now)
        with pytest.raises(Unauthenticated, match="token_invalid"):
            access.authenticate(session, new, now=now)


def test_a_token_narrows_and_never_widens(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    account = world.account("xj.senior")
    with db.unit_of_work(ROOT) as session:
        with pytest.raises(InputError) as refused:
            access.issue_token(session, account_id=account, expires_at=now + timedelta(days=1), roles=["head"],
                               actor=world.actor("admin"), now=now)
        assert refused.value.field == "roles"
        with pytest.raises(NotPermitted):
            access.issue_token(session, account_id=account, expires_at=now + timedelta(days=1),
                               actor=world.actor("xj.head"), now=now)


def test_an_administrator_stays_in_his_tree_and_alone(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    admin = world.actor("nx.admin")
    with db.unit_of_work(ROOT) as session:
        with pytest.raises(NotFound):
            access.open_account(session, login="a", name="乙", org_id=world.org("cn.xj."), roles=["head"],
                                person_id=world.person("nx.head"), actor=admin, now=now)
        with pytest.raises(InputError, match="roles_exclude"):
            access.open_account(session, login="a", name="乙", org_id=world.org("cn.nx."), roles=["administrator", "head"],
                                person_id=world.person("nx.head"), actor=admin, now=now)
        with pytest.raises(InputError, match="person_missing"):
            access.open_account(session, login="a", name="乙", org_id=world.org("cn.nx."), roles=["head"], actor=admin, now=now)
        with pytest.raises(Conflict, match="login_taken"):
            access.open_account(session, login="nx.head", name="乙", org_id=world.org("cn.nx."), roles=["head"],
                                person_id=world.person("nx.head"), actor=admin, now=now)


def test_the_first_door_opens_once(db: Database, now: datetime) -> None:
    build_world(db, now)
    with db.unit_of_work(ROOT) as session, pytest.raises(Conflict, match="already_set_up"):
        access.bootstrap(session, root_code="cn", root_name="全国", now=now)


def test_tokens_are_kept_as_hashes_only(db: Database, now: datetime, superuser: psycopg.Connection[tuple[object, ...]]) -> None:
    world = build_world(db, now)
    rows = superuser.execute("SELECT digest FROM token").fetchall()
    assert len(rows) == 1 + len(LOGINS) + 12
    assert all(world.tokens["nx.head"].encode() not in bytes(digest) for (digest,) in rows if isinstance(digest, bytes))
    opened = superuser.execute("SELECT count(*) FROM access_record WHERE what = 'account.opened:nx.head'").fetchone()
    assert opened == (1,)
