"""The way in by the organisation's own identity provider, where one is set: there by a link, back with a code."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote, unquote

from fastapi import Response

from services.access import oidc, sessions, signing_in
from services.access.oidc import Provider
from services.core.errors import HuzhuError, NotFound, Unauthenticated
from services.core.settings import settings
from services.web.desks.sign_in import SECONDS_EACH, TRIES, ask_again, go_on, safe
from services.web.door import ANYONE, Pages, drop_cookie, keep_cookie
from services.web.visit import Visit

pages = Pages()
BINDER = "huzhu-oidc"           # ties the way back to the browser that set out; carries where to go on


def provider() -> Provider:
    """The provider of the settings. NotFound where passwords only are in use."""
    config = settings()
    found = _provider(config.oidc_issuer, config.oidc_client_id, config.oidc_client_secret_file, config.public_url)
    if found is None:
        raise NotFound("page_missing", "没有这个页面", remedy="用登录名和密码登录")
    return found


@lru_cache(maxsize=1)
def _provider(*_settings: str | Path | None) -> Provider | None:
    """One for the process: it remembers the provider's addresses and keys."""
    return oidc.configured(settings())


@pages.get("/sign-in/oidc/start", roles=ANYONE)
def depart(visit: Visit) -> Response:
    """To the provider. A link, not a form: a form may lead to our own pages only.

    Whom another site sends here has asked for nothing: that person sees the way in and presses the button.
    """
    there = provider()
    if visit.from_elsewhere:
        return ask_again(visit)
    seconds = visit.wait("sign-in", size=TRIES, seconds=SECONDS_EACH)
    if seconds:
        return ask_again(visit, Unauthenticated("too_many", "登录尝试过多", remedy=f"请{seconds}秒后再试"))
    try:
        departure = oidc.depart(there)
    except HuzhuError as error:
        return ask_again(visit, error)
    with visit.wiring.db.unit_of_work(visit.wiring.root) as session:
        oidc.begin(session, departure, now=visit.now)
    response = visit.go(departure.url)
    keep_cookie(response, BINDER, f"{departure.binder}.{quote(safe(visit.query.get('next', '/')), safe='')}",
                seconds=int(oidc.LASTS.total_seconds()))
    return response


@pages.get(oidc.RETURN_PATH, roles=ANYONE)
def come_back(visit: Visit) -> Response:
    """From the provider: in, or on to the second factor."""
    there = provider()
    binder, _, wish = visit.cookies.get(BINDER, "").partition(".")
    try:
        step = _step(visit, there, binder)
    except HuzhuError as error:
        return _forget(ask_again(visit, error))
    return _forget(go_on(visit, step, unquote(wish) or "/"))


def _step(visit: Visit, there: Provider, binder: str) -> signing_in.Step:
    code, state = visit.query.get("code", ""), visit.query.get("state", "")
    if not code or not state or not binder:
        raise Unauthenticated("oidc_refused", "身份提供方没有确认您的身份", remedy="重新登录；仍不成功请联系管理员")
    with visit.wiring.db.unit_of_work(visit.wiring.root) as session:
        attempt = oidc.take(session, state=state, binder=binder, now=visit.now)
    subject = there.subject(code=code, attempt=attempt, machine_time=datetime.now(UTC))
    with visit.wiring.db.unit_of_work(visit.wiring.root) as session:
        if visit.cookie:        # whoever was signed in here before is no longer
            sessions.sign_out(session, token=visit.cookie, now=visit.now)
        return oidc.enter(session, issuer=there.issuer, subject=subject, agent=visit.agent, address=visit.address, now=visit.now)


def _forget(response: Response) -> Response:
    drop_cookie(response, BINDER)
    return response
