"""Accounts, tokens, the caller's own browser sessions, substitutes on leave (`leave`)."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict
from sqlmodel import Session

from services.access import credentials, duties, queries, sessions
from services.access import service as access
from services.access.actor import Role
from services.api.bodies import Nothing, Reason, Text, example
from services.api.calls import Doing, Reading
from services.api.routes import leave

router = APIRouter(tags=["组织与账号"])
router.include_router(leave.router)


class Me(BaseModel):
    """Who the token says the caller is."""

    account_id: uuid.UUID | None
    person_id: uuid.UUID | None
    name: str
    org_key: str
    roles: list[str]
    stands_for: list[uuid.UUID]


class NewAccount(BaseModel):
    """A way in for a person or a program."""

    model_config = example(login="xj.head", name="主任甲", org_id="0195f2c4-0000-7000-8000-000000000002", roles=["head"],
                           person_id="0195f2c4-0000-7000-8000-000000000003")

    login: Text
    name: Text
    org_id: uuid.UUID
    roles: list[Role]
    person_id: uuid.UUID | None = None


class AccountView(BaseModel):
    """An account."""

    id: uuid.UUID
    login: str
    name: str
    org_key: str
    roles: list[str]


class NewToken(BaseModel):
    """How long a token lasts and, if less than the account's, which roles it carries."""

    model_config = example(expires_at="2026-12-31T18:00:00+08:00", roles=[])

    expires_at: AwareDatetime
    roles: list[Role] = []


class TokenView(BaseModel):
    """A token; shown once, only its hash is kept."""

    token: str


class OldToken(BaseModel):
    """The token to stop."""

    model_config = example(token="hz_…")

    token: str


class Done(BaseModel):
    """It is done."""

    done: bool = True


class AccountLine(BaseModel):
    """An account in an administrator's list; whether and since when it has a password and a second factor."""

    model_config = ConfigDict(from_attributes=True)

    id: uuid.UUID
    login: str
    name: str
    kind: str
    org_key: str
    org_name: str
    active: bool
    roles: list[str]
    password_at: datetime | None
    second_factor_at: datetime | None
    came_in_at: datetime | None


class OneTimeCode(BaseModel):
    """A code to hand over in person; shown once, good for 72 hours."""

    code: str


class SessionView(BaseModel):
    """A browser in which the caller is signed in."""

    model_config = ConfigDict(from_attributes=True)

    id: uuid.UUID
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    agent: str
    address: str


class Ended(BaseModel):
    """How many sessions ended."""

    ended: int


@router.get("/me", response_model=Me, summary="当前凭证属于谁、有哪些角色")
def me(call: Reading) -> Me:
    """The actor behind the token."""
    actor = call.actor
    return Me(account_id=actor.account_id, person_id=actor.person_id, name=actor.name, org_key=actor.org_key,
              roles=sorted(actor.roles), stands_for=sorted(actor.stands_for))


@router.post("/accounts", response_model=AccountView, status_code=201, summary="开设账号")
def open_account(call: Doing, body: NewAccount) -> Response:
    """Roles that exclude one another are refused."""
    def run(session: Session) -> AccountView:
        made = access.open_account(session, login=body.login, name=body.name, org_id=body.org_id, roles=body.roles,
                                   person_id=body.person_id, actor=call.actor, now=call.now)
        return AccountView(id=made.id, login=made.login, name=made.name, org_key=made.org_key, roles=sorted(body.roles))
    return call.act(body, run)


@router.post("/accounts/{account_id}/close", response_model=Done, summary="停用账号")
def close_account(call: Doing, account_id: uuid.UUID, body: Reason) -> Response:
    """Its tokens and sessions stop at once; what it did stays. Not the own account."""
    def run(session: Session) -> Done:
        duties.shut_account(session, account_id=account_id, reason=body.reason, actor=call.actor, now=call.now)
        return Done()
    return call.act(body, run, status=200)


@router.post("/accounts/{account_id}/tokens", response_model=TokenView, status_code=201, summary="签发凭证（只显示一次）")
def issue_token(call: Doing, account_id: uuid.UUID, body: NewToken) -> Response:
    """A repeat of the request is refused: the token is never shown twice."""
    return call.act(body, lambda session: TokenView(token=access.issue_token(
        session, account_id=account_id, expires_at=body.expires_at, roles=body.roles, actor=call.actor, now=call.now)),
        once=True)


@router.post("/tokens/revoke", response_model=Done, summary="停用凭证")
def revoke_token(call: Doing, body: OldToken) -> Response:
    """At once; the holder may, and an administrator."""
    def run(session: Session) -> Done:
        access.revoke_token(session, token=body.token, actor=call.actor, now=call.now)
        return Done()
    return call.act(body, run, status=200)


@router.get("/accounts", response_model=list[AccountLine], summary="管辖范围内的账号")
def accounts(call: Reading, search: Annotated[str, Query(max_length=50)] = "", after_org: str = "",
             after_login: str = "") -> list[AccountLine]:
    """Fifty at a time, by organisation and login; the last one's go into `after_org` and `after_login`."""
    return call.read(lambda session: [AccountLine.model_validate(line) for line in queries.accounts(
        session, actor=call.actor, search=search, after=(after_org, after_login))])


@router.post("/accounts/{account_id}/password-link", response_model=OneTimeCode, status_code=201, summary="发放一次性口令（只显示一次）")
def password_link(call: Doing, account_id: uuid.UUID, body: Reason) -> Response:
    """With it the account's holder sets the password; earlier codes stop."""
    return call.act(body, lambda session: OneTimeCode(code=credentials.issue_password_link(
        session, account_id=account_id, reason=body.reason, actor=call.actor, now=call.now)), once=True)


@router.post("/accounts/{account_id}/second-factor/reset", response_model=Done, summary="重置动态口令")
def reset_second_factor(call: Doing, account_id: uuid.UUID, body: Reason) -> Response:
    """When the phone is lost; all sessions and tokens of the account end. Not for the own account."""
    def run(session: Session) -> Done:
        credentials.reset_second_factor(session, account_id=account_id, reason=body.reason, actor=call.actor, now=call.now)
        return Done()
    return call.act(body, run, status=200)


@router.post("/accounts/{account_id}/sessions/end", response_model=Ended, summary="结束一个账号的全部网页登录，停用其凭证")
def end_account_sessions(call: Doing, account_id: uuid.UUID, body: Reason) -> Response:
    """At once, by an administrator, with a reason; a program's tokens stop too. The answer counts sessions."""
    return call.act(body, lambda session: Ended(ended=sessions.end_account_sessions(
        session, account_id=account_id, reason=body.reason, actor=call.actor, now=call.now)), status=200)


@router.get("/me/sessions", response_model=list[SessionView], summary="本人的网页登录")
def own_sessions(call: Reading) -> list[SessionView]:
    """Where the caller is signed in by browser."""
    return call.read(lambda session: [SessionView.model_validate(view) for view in sessions.own_sessions(
        session, actor=call.actor, now=call.now)])


@router.post("/me/sessions/end", response_model=Ended, summary="结束本人的全部网页登录")
def end_own_sessions(call: Doing, body: Nothing) -> Response:
    """All of them; tokens go on."""
    return call.act(body, lambda session: Ended(ended=sessions.end_other_sessions(session, token="", actor=call.actor, now=call.now)),
                    status=200)


@router.post("/me/sessions/{session_id}/end", response_model=Done, summary="结束本人的一个网页登录")
def end_own_session(call: Doing, session_id: uuid.UUID, body: Nothing) -> Response:
    """At once."""
    def run(session: Session) -> Done:
        sessions.end_session(session, session_id=session_id, actor=call.actor, now=call.now)
        return Done()
    return call.act(body, run, status=200)
