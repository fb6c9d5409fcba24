"""The way in: password, second factor, the identity provider of the organisation; and the way out."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

from fastapi import Response

from services.access import credentials, sessions, signing_in
from services.core.errors import HuzhuError, InputError, OutsideError, Unauthenticated
from services.core.settings import settings
from services.web.door import ANYONE, COOKIE, SIGNED_IN, Pages, drop_cookie, keep_cookie
from services.web.visit import Visit

pages = Pages()
TYPED_DIGITS = re.compile(r"[\d\s]+")
TRIES, SECONDS_EACH = 20, 3       # per address, above the lockout per login


@pages.get("/sign-in", roles=ANYONE)
def ask(visit: Visit) -> Response:
    """Login and password, and the identity provider's button where there is one."""
    return ask_again(visit)


@pages.post("/sign-in", roles=ANYONE)
def password(visit: Visit) -> Response:
    """The first step."""
    seconds = visit.wait("sign-in", size=TRIES, seconds=SECONDS_EACH)
    if seconds:
        return ask_again(visit, OutsideError("too_many", "登录尝试过多", remedy=f"请{seconds}秒后再试"))
    login, secret = visit.field("login"), visit.secret("password")
    if not login or not secret:
        return ask_again(visit, InputError("missing", "请填写登录名和密码", remedy="填写后再提交", field="password" if login else "login"))
    with visit.wiring.db.unit_of_work(visit.wiring.root) as session:
        step = signing_in.sign_in(session, login=login, password=secret, agent=visit.agent, address=visit.address, now=visit.now)
        if visit.cookie and not isinstance(step, Unauthenticated):      # whoever was signed in here before is no longer
            sessions.sign_out(session, token=visit.cookie, now=visit.now)
    if isinstance(step, Unauthenticated):
        return ask_again(visit, step)
    return go_on(visit, step, _next(visit))


@pages.get("/sign-in/code", roles=ANYONE)
def ask_code(visit: Visit) -> Response:
    """The phone's six digits, or the first set-up of them."""
    with visit.wiring.db.view(visit.wiring.root) as session:
        _, wanted = signing_in.waiting_for(session, token=visit.cookie, now=visit.now)
    if wanted == "enrol":
        return visit.go(f"/sign-in/enrol?next={_next(visit)}")
    return visit.page("sign_in_code.html", next=_next(visit))


@pages.post("/sign-in/code", roles=ANYONE)
def code(visit: Visit) -> Response:
    """The second step."""
    with visit.wiring.db.unit_of_work(visit.wiring.root) as session:
        step = signing_in.sign_in_code(session, token=visit.cookie, code=visit.field("code"), agent=visit.agent,
                                       address=visit.address, phone_time=datetime.now(UTC), now=visit.now)
    if isinstance(step, Unauthenticated):
        return visit.page("sign_in_code.html", problem=_at(step, "code"), next=_next(visit))
    if not TYPED_DIGITS.fullmatch(visit.field("code")):
        return _recovered(visit, step)
    return go_on(visit, step, _next(visit))


def _recovered(visit: Visit, step: signing_in.Step) -> Response:
    """In by a recovery code: how many are left, before going on."""
    with visit.wiring.db.view(visit.wiring.root) as session:
        actor, held = sessions.authenticate_session(session, step.token, now=visit.now)
        left = credentials.standing(session, account_id=held.account_id, actor=actor, now=visit.now).recovery_codes_left
    response = visit.page("sign_in_recovered.html", left=left, next=_next(visit))
    keep_cookie(response, COOKIE, step.token)
    return response


@pages.get("/sign-in/enrol", roles=ANYONE)
def enrol(visit: Visit) -> Response:
    """A new second factor for somebody whose duties ask for one."""
    return _enrol(visit)


@pages.post("/sign-in/enrol", roles=ANYONE)
def enrolled(visit: Visit) -> Response:
    """Its first code; the recovery codes are shown this once."""
    try:
        with visit.wiring.db.unit_of_work(visit.wiring.root) as session:
            done = signing_in.finish_enrolment(session, token=visit.cookie, code=visit.field("code"), agent=visit.agent,
                                               address=visit.address, phone_time=datetime.now(UTC), now=visit.now)
    except InputError as error:
        return _enrol(visit, error)
    response = visit.page("recovery_codes.html", codes=done.recovery_codes, next=_next(visit))
    keep_cookie(response, COOKIE, done.token)
    return response


@pages.get("/first-password", roles=ANYONE)
def ask_first(visit: Visit) -> Response:
    """The one-time code that an administrator gave out, and the new password."""
    return visit.page("first_password.html")


@pages.post("/first-password", roles=ANYONE)
def first(visit: Visit) -> Response:
    """The password is set; then the ordinary way in."""
    seconds = visit.wait("first-password", size=TRIES, seconds=SECONDS_EACH)
    try:
        if seconds:
            raise OutsideError("too_many", "尝试过多", remedy=f"请{seconds}秒后再试")
        if visit.secret("password") != visit.secret("again"):
            raise InputError("password_differs", "两次输入的密码不一致", remedy="重新输入", field="again")
        with visit.wiring.db.unit_of_work(visit.wiring.root) as session:
            credentials.redeem_password_link(session, code=visit.field("code"), password=visit.secret("password"), now=visit.now)
    except HuzhuError as error:
        return visit.page("first_password.html", problem=error)
    return visit.go("/sign-in", "password_set")


@pages.post("/sign-out", roles=SIGNED_IN)
def leave(visit: Visit) -> Response:
    """End this session."""
    with visit.wiring.db.unit_of_work(visit.wiring.root) as session:
        sessions.sign_out(session, token=visit.token, now=visit.now)
    response = visit.go("/sign-in", "signed_out")
    drop_cookie(response, COOKIE)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'        # also what a form kept here while the net was away
    return response


def ask_again(visit: Visit, problem: HuzhuError | None = None) -> Response:
    """The form, with what was refused."""
    return visit.page("sign_in.html", problem=problem, next=_next(visit), elsewhere=bool(settings().oidc_issuer))


def _enrol(visit: Visit, problem: HuzhuError | None = None) -> Response:
    with visit.wiring.db.unit_of_work(visit.wiring.root) as session:
        shown = signing_in.begin_enrolment(session, token=visit.cookie, now=visit.now)
    return visit.page("sign_in_enrol.html", problem=problem, enrolment=shown, next=_next(visit))


def go_on(visit: Visit, step: signing_in.Step, wish: str) -> Response:
    """To where the visitor wanted to go, or to the next step."""
    wish = safe(wish)
    to = wish if step.next == "in" else f"/sign-in/{step.next}?next={quote(wish, safe='/')}"
    response = visit.go(to)
    keep_cookie(response, COOKIE, step.token)
    return response


def _next(visit: Visit) -> str:
    return safe(visit.field("next") or visit.query.get("next", "/"))


def safe(wish: str) -> str:
    """A page of ours only: nobody is led to another site by an address."""
    try:
        parts = urlsplit(wish)
    except ValueError:
        return "/"
    return "/" if parts.scheme or parts.netloc or not wish.startswith("/") or wish.startswith(("//", "/\\")) else wish


def _at(error: HuzhuError, field: str) -> HuzhuError:
    return type(error)(error.code, error.message, remedy=error.remedy, field=field)
