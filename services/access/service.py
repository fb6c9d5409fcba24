"""Accounts and tokens: who somebody is, and what their token lets them be. Substitutes on leave stand in `substitutes`."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.access.actor import AT_CLAIMS, FINANCE, Actor, Role
from services.access.actors import actor_of
from services.access.lookup import account_of, digest, record
from services.access.substitutes import appoint_substitute, candidates, end_substitute, substitutes
from services.core.errors import Conflict, InputError, NotFound, Unauthenticated
from services.core.ids import uuidv7
from services.models import Account, Grant, Organisation, Token

__all__ = ["appoint_substitute", "authenticate", "bootstrap", "candidates", "end_substitute", "issue_token",
           "open_account", "revoke_token", "substitutes"]
_KINDS = {Role.SYSTEM: "system", Role.INSURER: "insurer", Role.HOSPITAL: "hospital"}
# An administrator sees no medical data, an auditor changes nothing: neither is combined with another role.
# Who pays sees no claim's papers; a member's door, which trusts the own family's claims, would open all of the branch.
_ALONE = (Role.ADMINISTRATOR, Role.AUDITOR, Role.SYSTEM, Role.INSURER, Role.HOSPITAL)
BOOTSTRAP_DAYS = 7


def authenticate(session: Session, token: str, *, now: datetime) -> Actor:
    """The actor behind a bearer token. Unauthenticated when it is unknown, expired, revoked or its account closed."""
    row = session.exec(
        select(Token, Account).join(Account, col(Account.id) == Token.account_id)
        .where(Token.digest == digest(token))).first()
    if row is None or row[0].revoked_at is not None or row[0].expires_at <= now or not row[1].active:
        raise Unauthenticated("token_invalid", "凭证无效、已过期或已停用", remedy="请重新登录或向管理员申请新凭证")
    held, account = row
    return actor_of(session, account, narrowed=frozenset(held.roles.split()), now=now)


def open_account(session: Session, *, login: str, name: str, org_id: uuid.UUID, roles: Iterable[str],
                 person_id: uuid.UUID | None = None, actor: Actor, now: datetime) -> Account:
    """A new way in. Only an administrator at or above the organisation may open one.

    InputError: unknown role, roles that exclude each other, a person's role without a person. Conflict: login taken.
    """
    actor.require(Role.ADMINISTRATOR, Role.SYSTEM, what="开设账号")
    wanted = checked_roles(roles, person_id)
    org = session.get(Organisation, org_id)
    if org is None or not org.org_key.startswith(actor.org_key):
        raise NotFound("organisation_missing", "没有这一组织，或不在您的管辖范围内", remedy="核对组织", field="org_id")
    if session.exec(select(Account.id).where(Account.login == login)).first():
        raise Conflict("login_taken", f"登录名 {login} 已被使用", remedy="换一个登录名")
    kind = next((_KINDS[role] for role in wanted if role in _KINDS), "person")
    account = Account(login=login, kind=kind, name=name, person_id=person_id, org_id=org.id, org_key=org.org_key,
                      created_at=now)
    session.add(account)
    session.flush()
    session.add_all([Grant(account_id=account.id, role=role) for role in sorted(wanted)])
    session.flush()
    record(session, account, "account.opened", " ".join(sorted(wanted)), by=actor.account_id, now=now)
    return account


def checked_roles(roles: Iterable[str], person_id: uuid.UUID | None) -> set[Role]:
    """The roles of one account. InputError: unknown ones, none, some that exclude each other, a person's without a person."""
    names = set(roles)
    unknown = names - {role.value for role in Role}
    if unknown or not names:
        raise InputError("role_unknown", f"不认识的角色：{'、'.join(sorted(unknown)) or '（空）'}",
                         remedy=f"可用角色：{'、'.join(role.value for role in Role)}", field="roles")
    wanted = {Role(name) for name in names}
    if len(wanted) > 1 and not wanted.isdisjoint(_ALONE):
        raise InputError("roles_exclude", "管理员、审计、系统、保险公司和定点医院角色不得与其他角色兼任",
                         remedy="分设账号", field="roles")
    if Role.MEMBER in wanted and not wanted.isdisjoint(FINANCE) and wanted.isdisjoint(AT_CLAIMS):
        raise InputError("roles_exclude", "财务账号不看健康信息，不得与会员角色共用一个账号", remedy="本人作为会员另设账号", field="roles")
    # Separation compares persons: whoever decides, or acts for themselves, must be one.
    if person_id is None and wanted.isdisjoint(_ALONE):
        raise InputError("person_missing", "该角色的账号须对应到人", remedy="先登记人员，再开设账号", field="person_id")
    return wanted


def issue_token(session: Session, *, account_id: uuid.UUID, expires_at: datetime, roles: Iterable[str] = (),
                actor: Actor, now: datetime) -> str:
    """A new bearer token, shown once; only its hash is kept. `roles` narrows, never widens.

    Who issues one for the own account gives no more than the token in use carries.
    """
    if actor.account_id != account_id:
        actor.require(Role.ADMINISTRATOR, Role.SYSTEM, what="签发凭证")
    account = account_of(session, account_id, actor)
    if expires_at <= now:
        raise InputError("token_expired", "有效期须在现在之后", remedy="改正有效期", field="expires_at")
    granted = set(session.exec(select(Grant.role).where(Grant.account_id == account_id)).all())
    wanted = set(roles)
    own = actor.roles & granted                       # what is lent by an absent colleague is not for a token of one's own
    if actor.account_id == account_id and own < granted:
        granted, wanted = set(own), wanted or set(own)
    wider = wanted - granted
    if wider:
        raise InputError("role_not_held", f"账号没有角色：{'、'.join(sorted(wider))}",
                         remedy="凭证只能缩小账号的权限", field="roles")
    token = secrets.token_urlsafe(32)
    session.add(Token(digest=digest(token), account_id=account_id, roles=" ".join(sorted(wanted)),
                      expires_at=expires_at))
    session.flush()
    record(session, account, "token.issued", None, by=actor.account_id, now=now)
    return token


def revoke_token(session: Session, *, token: str, actor: Actor, now: datetime) -> None:
    """Stop a token at once. NotFound when it is not one of ours; revoking twice changes nothing."""
    held = session.get(Token, digest(token))
    if held is None:
        raise NotFound("token_missing", "没有这一凭证", remedy="核对凭证")
    if actor.account_id != held.account_id:
        actor.require(Role.ADMINISTRATOR, Role.SYSTEM, what="停用凭证")
    account = account_of(session, held.account_id, actor)
    if held.revoked_at is None:
        held.revoked_at = now
        session.add(held)
        record(session, account, "token.revoked", None, by=actor.account_id, now=now)


def bootstrap(session: Session, *, root_code: str, root_name: str, login: str = "admin", name: str = "系统管理员",
              now: datetime) -> str:
    """The root organisation and the first administrator; returns the token, valid a week.

    Conflict as soon as any account exists: this door opens once. The session's scope must be the root.
    """
    session.execute(sa.text("LOCK TABLE account IN SHARE ROW EXCLUSIVE MODE"))
    if session.exec(select(Account.id).limit(1)).first():
        raise Conflict("already_set_up", "系统已有账号", remedy="请由现有管理员开设账号")
    key = f"{root_code}."
    root = session.exec(select(Organisation).where(Organisation.org_key == key)).first()
    if root is None:
        root = Organisation(id=uuidv7(), parent_id=None, org_key=key, name=root_name, kind="nation")
        session.add(root)
        session.flush()
    maker = Actor(None, None, key, "系统", frozenset({Role.SYSTEM}))
    account = open_account(session, login=login, name=name, org_id=root.id, roles=[Role.ADMINISTRATOR], actor=maker, now=now)
    return issue_token(session, account_id=account.id, expires_at=now + timedelta(days=BOOTSTRAP_DAYS), actor=maker, now=now)
