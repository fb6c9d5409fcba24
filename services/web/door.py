"""How a page is reached: its address, who may, and what happens around every request of it.

    pages = Pages()

    @pages.get("/work", roles=WORKERS, menu=Item(10, "待我办理"))
    def my_work(visit: Visit) -> Response: ...

Deny by default: a page without roles does not exist. A form is taken only from our own pages (SameSite cookie, the
request's origin and the session's own token must agree).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal
from urllib.parse import quote, urlsplit

import structlog
from fastapi import APIRouter, Request, Response
from psycopg.errors import DeadlockDetected, SerializationFailure
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.status import HTTP_503_SERVICE_UNAVAILABLE

from services.access import sessions
from services.access.actor import Actor, Role
from services.core import logs
from services.core.away import Busy, DatabaseAway
from services.core.db import collided
from services.core.errors import HuzhuError, InputError, NotFound, NotPermitted, Unauthenticated
from services.core.limits import Limiter
from services.core.settings import settings
from services.rulebook import registry
from services.web import menu as menus
from services.web.language import LANGUAGES, language_of
from services.web.menu import Item
from services.web.oversize import let_pass, oversized
from services.web.visit import NOBODY, Visit
from services.wiring import Wiring

Handler = Callable[..., Response]
Audience = frozenset[Role] | Literal["anyone"]
ANYONE: Audience = "anyone"
SIGNED_IN: Audience = frozenset(Role) - {Role.SYSTEM, Role.INSURER, Role.HOSPITAL}
COOKIE, LANGUAGE, THEME = "huzhu", "huzhu-lang", "huzhu-theme"
ONLY_HOST = "__Host-"          # before a cookie's name over https: browsers take such a one from this very host only
YEAR = 365 * 24 * 3600
TOO_MUCH = InputError("form_too_large", "填写的内容太长，本次没有写入", remedy="返回上一页，写短一些；长的材料作为文件上传")
OVER = Unauthenticated("session_over", "登录已结束，本次没有写入", remedy="重新登录后回到原来的页面再提交；您写的话在下面，可以复制")
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Route:
    """A page's address and who may open it, for the menu and for the tests."""

    method: Literal["GET", "POST"]
    path: str
    roles: Audience


@lru_cache(maxsize=1)
def ready() -> None:
    """When the server starts, not while the first visitors wait: the rule-books and the other languages' words are read."""
    registry.plans()
    for language in LANGUAGES.values():
        language.words.info()


class Pages:
    """The pages of one desk."""

    def __init__(self) -> None:
        self.router = APIRouter(include_in_schema=False, on_startup=[ready])
        self.routes: list[Route] = []

    def get(self, path: str, *, roles: Audience, menu: Item | None = None) -> Callable[[Handler], Handler]:
        """A page that is read."""
        if menu:
            menus.register(menu, path, roles if isinstance(roles, frozenset) else frozenset(Role))
        return self._add("GET", path, roles)

    def post(self, path: str, *, roles: Audience) -> Callable[[Handler], Handler]:
        """A form that is sent."""
        return self._add("POST", path, roles)

    def _add(self, method: Literal["GET", "POST"], path: str, roles: Audience) -> Callable[[Handler], Handler]:
        def keep(handler: Handler) -> Handler:
            async def endpoint(request: Request) -> Response:
                if method == "POST" and (problem := oversized(request)):
                    await let_pass(request)
                    return refused(_visit(request, FormData(), NOBODY, ""), problem)
                try:
                    form = await request.form() if method == "POST" else FormData()
                except HTTPException:       # a field of a megabyte, a thousand fields
                    return refused(_visit(request, FormData(), NOBODY, ""), TOO_MUCH)
                return await run_in_threadpool(_answer, request, form, handler, roles)
            self.router.add_api_route(path, endpoint, methods=[method], response_model=None)
            self.routes.append(Route(method, path, roles))
            return handler
        return keep


def _answer(request: Request, form: FormData, handler: Handler, roles: Audience) -> Response:
    try:
        visit = _visit(request, form, NOBODY, "")
    except DatabaseAway as error:           # where the business clock can be moved, the hour itself is asked of the database
        return refused(_visit(request, form, NOBODY, "", now=datetime.now(UTC)), error)
    try:
        visit = _visitor(request, form)
        if request.method == "POST":
            _refuse_foreign_form(request, visit)
        if isinstance(roles, frozenset):
            _require(visit, roles)
            visit = replace(visit, actor=visit.actor.at(roles))
        response = handler(visit, **request.path_params)
    except Unauthenticated:
        response = refused(visit, OVER) if visit.written() else visit.go(f"/sign-in?next={quote(_back(request), safe='')}")
    except HuzhuError as error:
        _tell(request, visit, error)
        response = refused(visit, error)
    except (OperationalError, NoConnectionFree, DeadlockDetected, SerializationFailure) as error:
        if not collided(error):
            raise
        log.warning("collided", exc_info=error)
        response = refused(visit, Busy())
    except (DataError, UnicodeEncodeError) as error:      # a NUL, half a surrogate pair, a number beyond its column
        log.warning("unstorable", kind=type(error).__name__)
        response = refused(visit, InputError("wrong_value", "内容中有不能保存的字符或数，本次没有写入", remedy="返回上一页，去掉后再提交"))
    return _keep_choices(request, response)


def _tell(request: Request, visit: Visit, error: HuzhuError) -> None:
    """Who met a refusal that guards something, for whoever reads the logs; out of sight counts when somebody is signed in."""
    if isinstance(error, NotPermitted) or (isinstance(error, NotFound) and visit.signed_in):
        logs.safety("refused", code=error.code, method=request.method, route=getattr(request.scope.get("route"), "path", None),
                    account=str(visit.actor.account_id) if visit.signed_in else None, address=visit.address)


def refused(visit: Visit, error: HuzhuError) -> Response:
    """The page that says what was refused, why, and what to do about it."""
    response = visit.page("refused.html", problem=error, title=error.message)
    if error.status == HTTP_503_SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = "5"
    return response


def _visitor(request: Request, form: FormData) -> Visit:
    """Who stands behind the cookie. A cookie that is no longer good is nobody's."""
    token = _cookies(request).get(COOKIE, "")
    visit = _visit(request, form, NOBODY, "")
    if not token:
        return visit
    with visit.wiring.db.unit_of_work(visit.wiring.root) as session:
        actor = sessions.resume(session, token, now=visit.now)
    return _visit(request, form, actor, token) if actor else visit


def _visit(request: Request, form: FormData, actor: Actor, token: str, *, now: datetime | None = None) -> Visit:
    wiring: Wiring = request.app.state.wiring
    cookies = _cookies(request)
    language = language_of(request.query_params.get("lang"), cookies.get(LANGUAGE), request.headers.get("accept-language", ""))
    theme = cookies.get(THEME, "")
    return Visit(wiring, actor, now or wiring.clock.now(), language=language, path=request.url.path, query=dict(request.query_params),
                 form=form, cookie=cookies.get(COOKIE, ""), token=token,
                 address=request.client.host if request.client else "", agent=request.headers.get("user-agent", ""),
                 theme=theme if theme in ("light", "dark") else "", limiters=_limiters(request), cookies=cookies, holder=actor,
                 from_elsewhere=request.headers.get("sec-fetch-site") == "cross-site")


def _limiters(request: Request) -> dict[str, Limiter]:
    """The application's own, so that two applications in one process do not share them."""
    kept: dict[str, Limiter] = request.app.state._state.setdefault("limiters", {})
    return kept


def _require(visit: Visit, roles: frozenset[Role]) -> None:
    if not visit.signed_in:
        raise Unauthenticated("session_missing", "请先登录", remedy="登录后继续")
    if not visit.actor.has(*roles):
        raise NotPermitted("role_missing", "您的账号没有这一页面的权限", remedy="请由有相应职责的人员办理，或请管理员核对账号角色")


def _refuse_foreign_form(request: Request, visit: Visit) -> None:
    """Cross-site request forgery: the browser's own word on where the form stood, and the session's token in the form."""
    origin = request.headers.get("origin")
    foreign = request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none")
    if foreign or (origin is not None and urlsplit(origin).netloc != request.headers.get("host")):
        raise NotPermitted("foreign_form", "表单不是从本系统的页面提交的", remedy="请在本系统的页面上重新填写")
    if visit.signed_in and not sessions.csrf_fits(visit.token, visit.field("csrf")):
        raise NotPermitted("form_expired", "页面已过期，本次没有写入", remedy="返回上一页，刷新后再提交")


def _back(request: Request) -> str:
    """Where to go on after signing in; a form that was sent is not sent again."""
    if request.method == "POST":
        return "/"
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _keep_choices(request: Request, response: Response) -> Response:
    chosen = request.query_params.get("lang", "")
    if chosen in LANGUAGES:
        keep_cookie(response, LANGUAGE, chosen, seconds=YEAR)
    return response


def keep_cookie(response: Response, name: str, value: str, *, seconds: int | None = None) -> None:
    """A cookie that scripts cannot read and other sites do not get; over https only where the office's address is https."""
    secure = _secure()
    response.set_cookie(f"{ONLY_HOST}{name}" if secure else name, value, max_age=seconds, path="/", httponly=True, samesite="lax",
                        secure=secure)


def drop_cookie(response: Response, name: str) -> None:
    """The browser forgets a cookie of ours."""
    keep_cookie(response, name, "", seconds=0)


def _secure() -> bool:
    return settings().public_url.startswith("https://")


def _cookies(request: Request) -> Mapping[str, str]:
    """Ours, by their plain names. Over https one without the prefix may come from a neighbouring host and is nobody's."""
    if not _secure():
        return request.cookies
    return {name.removeprefix(ONLY_HOST): value for name, value in request.cookies.items() if name.startswith(ONLY_HOST)}
