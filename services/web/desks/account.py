"""My account: who I am, where I am signed in, my password and second factor, how pages look to me."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from fastapi import Response
from sqlmodel import Session

from services.access import credentials, own_factor, sessions
from services.access.actor import NEED_SECOND_FACTOR, Role
from services.access.credentials import Standing
from services.access.sessions import SessionView
from services.core.errors import HuzhuError, InputError, Unauthenticated
from services.enrolment import tree
from services.web.claim_words import ROLES
from services.web.door import LANGUAGE, SIGNED_IN, THEME, YEAR, Pages, keep_cookie
from services.web.language import LANGUAGES, N_
from services.web.visit import Visit

pages = Pages()
THEMES = {"": N_("随系统"), "light": N_("浅色"), "dark": N_("深色")}
SAID = {"password": N_("密码已更改，其他登录已全部结束。"), "ended": N_("已结束该登录。"), "others": N_("已结束其他全部登录。"),
        "chosen": N_("已保存显示方式。"), "given_up": N_("原动态口令已停用，其他登录已全部结束。")}


@pages.get("/account", roles=SIGNED_IN)
def account(visit: Visit) -> Response:
    """Everything about the own account."""
    return _page(visit)


@pages.post("/account/password", roles=SIGNED_IN)
def password(visit: Visit) -> Response:
    """Another password; the other sessions end."""
    new = visit.secret("password")
    try:
        if new != visit.secret("again"):
            raise InputError("password_differs", "两次输入的密码不一致", remedy="重新输入", field="again")
        refused = visit.note(lambda session: credentials.change_password(
            session, old=visit.secret("old"), new=new, token=visit.token, actor=visit.actor, now=visit.now))
    except HuzhuError as error:
        return _page(visit, error)
    return _page(visit, _at(refused, "old")) if refused else visit.go("/account", "password")


@pages.post("/account/sessions/end", roles=SIGNED_IN)
def end_session(visit: Visit) -> Response:
    """One of the own sessions, or all others."""
    chosen = visit.field("session")
    if not chosen:
        return visit.attempt(lambda session: sessions.end_other_sessions(session, token=visit.token, actor=visit.actor, now=visit.now),
                             again=lambda error: _page(visit, error), then="/account", done="others")
    return visit.attempt(lambda session: sessions.end_session(session, session_id=identity(chosen), actor=visit.actor, now=visit.now),
                         again=lambda error: _page(visit, error), then="/account", done="ended")


@pages.get("/account/factor", roles=SIGNED_IN)
def factor(visit: Visit) -> Response:
    """A new second factor: its picture."""
    return _factor(visit)


@pages.post("/account/factor", roles=SIGNED_IN)
def factor_set(visit: Visit) -> Response:
    """Its first code; the recovery codes are shown this once."""
    try:
        codes = visit.note(lambda session: credentials.confirm_second_factor(
            session, code=visit.field("code"), password=visit.secret("password"), phone_time=datetime.now(UTC), actor=visit.actor,
            now=visit.now))
    except InputError as error:
        return _factor(visit, error)
    if isinstance(codes, Unauthenticated):
        return _factor(visit, _at(codes, "password"))
    return visit.page("recovery_codes.html", codes=codes, next="/account")


@pages.post("/account/factor/codes", roles=SIGNED_IN)
def new_codes(visit: Visit) -> Response:
    """Ten fresh recovery codes, for a code of the phone."""
    try:
        found = visit.note(lambda session: own_factor.renew_recovery_codes(
            session, code=visit.field("code"), phone_time=datetime.now(UTC), actor=visit.actor, now=visit.now))
    except HuzhuError as error:
        return _page(visit, error)
    if isinstance(found, Unauthenticated):
        return _page(visit, _at(found, "code"))
    return visit.page("recovery_codes.html", codes=found, next="/account")


@pages.post("/account/factor/give-up", roles=SIGNED_IN)
def give_up(visit: Visit) -> Response:
    """Another phone. Whose duties ask for a second factor signs in anew and sets it up there."""
    try:
        refused = visit.note(lambda session: own_factor.give_up_second_factor(
            session, code=visit.field("present"), token=visit.token, phone_time=datetime.now(UTC), actor=visit.actor, now=visit.now))
    except HuzhuError as error:
        return _page(visit, error)
    if refused:
        return _page(visit, _at(refused, "present"))
    if visit.actor.has(*NEED_SECOND_FACTOR):
        return visit.go("/sign-in?next=/account", "factor_given_up")
    return visit.go("/account/factor", "given_up")


@pages.post("/account/choices", roles=SIGNED_IN)
def choices(visit: Visit) -> Response:
    """How the pages look in this browser: colours and language, kept as cookies."""
    theme, language = visit.field("theme"), visit.field("language")
    response = visit.go("/account", "chosen")
    if theme in THEMES:
        keep_cookie(response, THEME, theme, seconds=YEAR if theme else 0)
    if language in LANGUAGES:
        keep_cookie(response, LANGUAGE, language, seconds=YEAR)
    return response


def identity(text: str) -> uuid.UUID:
    """An id out of a form. InputError when it is none."""
    try:
        return uuid.UUID(text)
    except ValueError:
        raise InputError("id_wrong", "编号不对", remedy="刷新后再选") from None


def _page(visit: Visit, problem: HuzhuError | None = None) -> Response:
    me = visit.actor

    def run(session: Session) -> tuple[str, Standing, list[SessionView]]:
        assert me.account_id is not None
        return (tree.find(session, me.org_key).name,
                credentials.standing(session, account_id=me.account_id, actor=me, now=visit.now),
                sessions.own_sessions(session, token=visit.token, actor=me, now=visit.now))
    organisation, standing, open_here = visit.read(run)
    lent = {one.role for one in me.lent}
    return visit.page("account.html", problem=problem, organisation=organisation, standing=standing, open=open_here,
                      roles=[(role, ROLES[role], role in lent) for role in ROLES if role in me.roles],
                      must=me.has(*NEED_SECOND_FACTOR), members_only=frozenset({Role.MEMBER}), themes=THEMES,
                      languages_known=LANGUAGES, said=SAID)


def _factor(visit: Visit, problem: HuzhuError | None = None) -> Response:
    me = visit.actor.account_id
    assert me is not None
    shown, known = visit.note(lambda session: (credentials.begin_second_factor(session, again=True, actor=visit.actor),
                                               credentials.standing(session, account_id=me, actor=visit.actor, now=visit.now)))
    return visit.page("account_factor.html", problem=problem, enrolment=shown, said=SAID, by_password=known.password_at is not None)


def _at(error: HuzhuError, field: str) -> HuzhuError:
    return type(error)(error.code, error.message, remedy=error.remedy, field=field)
