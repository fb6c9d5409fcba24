"""Accounts and tokens."""

from __future__ import annotations

import uuid

from fastapi import APIRouter, Response
from pydantic import AwareDatetime, BaseModel
from sqlmodel import Session

from services.access import service as access
from services.access.actor import Role
from services.api.bodies import Nothing, Text, example
from services.api.calls import Doing, Reading

router = APIRouter(tags=["组织与账号"])


class Me(BaseModel):
    """Who the token says the caller is."""

    account_id: uuid.UUID | None
    person_id: uuid.UUID | None
    name: str
    org_key: str
    roles: list[str]


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

    token: str


class Done(BaseModel):
    """It is done."""

    done: bool = True


@router.get("/me", response_model=Me, summary="当前凭证属于谁、有哪些角色")
def me(call: Reading) -> Me:
    """The actor behind the token."""
    actor = call.actor
    return Me(account_id=actor.account_id, person_id=actor.person_id, name=actor.name, org_key=actor.org_key,
              roles=sorted(actor.roles))


@router.post("/accounts", response_model=AccountView, status_code=201, summary="开设账号")
def open_account(call: Doing, body: NewAccount) -> Response:
    """Roles that exclude one another are refused."""
    def run(session: Session) -> AccountView:
        made = access.open_account(session, login=body.login, name=body.name, org_id=body.org_id, roles=body.roles,
                                   person_id=body.person_id, actor=call.actor, now=call.now)
        return AccountView(id=made.id, login=made.login, name=made.name, org_key=made.org_key, roles=sorted(body.roles))
    return call.act(body, run)


@router.post("/accounts/{account_id}/close", response_model=Done, summary="停用账号")
def close_account(call: Doing, account_id: uuid.UUID, body: Nothing) -> Response:
    """Its tokens stop at once."""
    def run(session: Session) -> Done:
        access.close_account(session, account_id=account_id, actor=call.actor, now=call.now)
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
