"""An account over time, by an administrator: other roles, opened again after it was closed; its waits at the way in."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col

from services.access import lockout
from services.access.actor import LENDABLE, Actor, Role
from services.access.actors import granted
from services.access.credentials import stop_password_links
from services.access.lookup import account_of, record
from services.access.service import checked_roles
from services.access.sessions import end_all, end_tokens
from services.access.substitutes import end_standing_in
from services.core.errors import InputError
from services.models import Account, Grant, Organisation, SignInGuard


@dataclass(frozen=True, slots=True)
class Waiting:
    """The way in as it stands: logins with wrong tries of late, how many of them must wait now, the longest wait's end.

    Logins are kept as blind indexes: which ones they are is not known, only whether a given one is among them.
    """

    logins: int
    blocked: int
    tries: int
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Wrong:
    """Wrong tries under one login of late; `until`: the longest wait under it, at one place or from every place unknown to it."""

    tries: int
    until: datetime | None


def change_roles(session: Session, *, account_id: uuid.UUID, roles: Iterable[str], reason: str, actor: Actor, now: datetime) -> None:
    """Give an account these roles and no others; its sessions end, so that no page open shows what it may no longer do.

    Left without desk work it stands in for nobody: an auditor or administrator would hold a colleague's lent role beside the own one.
    InputError: no reason, roles unknown or excluding each other, the own account, a program's.
    """
    actor.require(Role.ADMINISTRATOR, Role.SYSTEM, what="调整职责")
    account = _account(session, account_id, actor, "不能调整自己的职责")
    wanted = {str(role) for role in checked_roles(roles, account.person_id)}
    held = granted(session, account.id)
    if account.kind != "person" or wanted & {Role.SYSTEM, Role.INSURER, Role.HOSPITAL}:
        raise InputError("account_not_a_person", "程序的账号不能调整职责", remedy="另开账号", field="roles")
    if wanted == held:
        return
    why = _reason(reason)
    session.execute(sa.delete(Grant).where(col(Grant.account_id) == account.id, col(Grant.role).not_in(wanted)))
    session.add_all([Grant(account_id=account.id, role=role) for role in sorted(wanted - held)])
    if not wanted & LENDABLE:
        end_standing_in(session, account=account, why=why, actor=actor, now=now)
    end_all(session, account.id, why="roles_changed", now=now)
    record(session, account, "account.roles", f"{' '.join(sorted(held))} → {' '.join(sorted(wanted))}：{why}", by=actor.account_id,
           now=now)


def shut_account(session: Session, *, account_id: uuid.UUID, reason: str, actor: Actor, now: datetime) -> None:
    """Close an account with a reason: sessions, tokens and one-time codes stop for good, what it did stays. Not the own one."""
    actor.require(Role.ADMINISTRATOR, Role.SYSTEM, what="停用账号")
    account = _account(session, account_id, actor, "不能停用自己的账号")
    why = _reason(reason)
    account.active = False
    session.add(account)
    end_all(session, account.id, why="account_closed", now=now)
    _stop_keys(session, account.id, now)
    record(session, account, "account.closed", why, by=actor.account_id, now=now)


def reopen_account(session: Session, *, account_id: uuid.UUID, reason: str, actor: Actor, now: datetime) -> None:
    """A closed account is in use again, by its password; tokens are issued anew. InputError where its organisation is closed."""
    actor.require(Role.ADMINISTRATOR, Role.SYSTEM, what="启用账号")
    account = _account(session, account_id, actor, "不能启用自己的账号")
    org = session.get(Organisation, account.org_id)
    if org is None or org.closed_on is not None:
        raise InputError("organisation_closed", "账号所在组织已撤销", remedy="在接续的组织另开账号", field="account_id")
    why = _reason(reason)
    account.active = True
    session.add(account)
    _stop_keys(session, account.id, now)        # what was closed by 0.9.1 or earlier still has its own
    record(session, account, "account.reopened", why, by=actor.account_id, now=now)


def waiting(session: Session, *, actor: Actor, now: datetime) -> Waiting:
    """The sign-in guard as a whole, over the last day."""
    actor.require(Role.ADMINISTRATOR, Role.SYSTEM, what="查看登录防护")
    blocked = col(SignInGuard.blocked_until) > now
    plain = sa.func.length(col(SignInGuard.login_index)) == lockout.LOGIN
    logins = sa.select(lockout.of_login()).where(plain)
    row = session.execute(sa.select(
        sa.func.count().filter(plain), sa.func.count(sa.distinct(lockout.of_login())).filter(blocked),
        sa.func.coalesce(sa.func.sum(SignInGuard.wrong).filter(plain), 0), sa.func.max(SignInGuard.blocked_until).filter(blocked))
        .where(col(SignInGuard.last_at) > now - lockout.FORGOTTEN, lockout.of_login().in_(logins))).one()
    return Waiting(row[0], row[1], row[2], row[3])


def wrong_tries(session: Session, *, account_id: uuid.UUID, actor: Actor, now: datetime) -> Wrong:
    """Wrong tries under one account's login."""
    actor.require(Role.ADMINISTRATOR, Role.SYSTEM, what="查看登录防护")
    key = lockout.key_of(account_of(session, account_id, actor).login)
    row = session.execute(sa.select(
        sa.func.coalesce(sa.func.max(SignInGuard.wrong).filter(col(SignInGuard.login_index) == key), 0),
        sa.func.max(SignInGuard.blocked_until).filter(col(SignInGuard.blocked_until) > now))
        .where(lockout.of_login() == key, col(SignInGuard.last_at) > now - lockout.FORGOTTEN)).one()
    return Wrong(row[0], row[1])


def _stop_keys(session: Session, account_id: uuid.UUID, now: datetime) -> None:
    end_tokens(session, account_id, now=now)
    stop_password_links(session, account_id, now=now)


def _account(session: Session, account_id: uuid.UUID, actor: Actor, own: str) -> Account:
    """Locked; never the actor's own: somebody else looks at what an administrator becomes."""
    account = account_of(session, account_id, actor)
    if account.id == actor.account_id:
        raise InputError("own_account", own, remedy="请另一位管理员办理", field="account_id")
    session.refresh(account, with_for_update=True)
    return account


def _reason(reason: str) -> str:
    if not reason.strip():
        raise InputError("reason_missing", "须写明理由", remedy="写明为什么办理", field="reason")
    return reason.strip()
