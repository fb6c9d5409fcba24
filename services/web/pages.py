"""The door of pages: every desk of `services.web.desks`, the way in for each person, the static files."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

from fastapi import APIRouter, Response
from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Scope

from services.access.actor import Role
from services.core.errors import NotFound
from services.web import desks
from services.web.door import ANYONE, Pages, Route
from services.web.render import MEDIA, files
from services.web.visit import Visit

pages = Pages()

# Where somebody goes on after signing in: the first role that fits.
HOMES = ((Role.ADMINISTRATOR, "/admin"), (Role.AUDITOR, "/audit"), (Role.FINANCE_CHECKER, "/runs"), (Role.FINANCE_MAKER, "/runs"),
         (Role.HEAD, "/work"), (Role.SENIOR_REVIEWER, "/work"), (Role.OFFICE_REVIEWER, "/work"), (Role.DISTRICT_REVIEWER, "/work"),
         (Role.UNIT_CLERK, "/work"), (Role.MEMBER, "/mine"))


def routers() -> list[APIRouter]:
    """Every page's router."""
    return [pages.router, _static(), *(module.pages.router for module in modules()), elsewhere.router]


def routes() -> list[Route]:
    """Every page's address and audience."""
    return [*pages.routes, *(route for module in modules() for route in module.pages.routes)]


def modules() -> list[ModuleType]:
    """The desks, in the order of their names."""
    return [importlib.import_module(f"{desks.__name__}.{found.name}") for found in pkgutil.iter_modules(desks.__path__)]


@pages.get("/", roles=ANYONE)
def home(visit: Visit) -> Response:
    """To the visitor's own first page; to the public progress page for somebody who is not signed in."""
    return visit.go(next((path for role, path in HOMES if visit.actor.has(role)), "/progress"))


def _static() -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/static/{name}")
    def static(name: str) -> Response:
        """A file as it lies; its address changes with its bytes."""
        path = files().get(name)
        if path is None:
            return Response(status_code=404)
        return Response(path.read_bytes(), media_type=MEDIA[path.suffix],
                        headers={"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"})

    return router


# --- an address that is no page: somebody who mistyped, or who reads again what a refused form left in the address ------

class _NotApi(APIRoute):
    """The interface answers for its own addresses, in its own shape."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Every address but the interface's."""
        return (Match.NONE, {}) if str(scope.get("path", "")).startswith("/api/") else super().matches(scope)


elsewhere = Pages()
elsewhere.router.route_class = _NotApi


@elsewhere.get("/{path:path}", roles=ANYONE)
def lost(visit: Visit, path: str) -> Response:
    """Where only a form is sent to: the page it stood on. NotFound otherwise."""
    if path.endswith("/"):
        return visit.go("/" + path.strip("/\\"))
    if _is_page("POST", f"/{path}"):
        parts = path.split("/")
        nearer = ("/" + "/".join(parts[:length]) for length in range(len(parts) - 1, 0, -1))
        return visit.go(next((page for page in nearer if _is_page("GET", page)), "/"))
    raise NotFound("page_missing", "没有这个页面", remedy="核对网址，或从首页进入")


def _is_page(method: str, path: str) -> bool:
    scope: Scope = {"type": "http", "method": method, "path": path, "root_path": ""}
    return any(route.matches(scope)[0] == Match.FULL for module in modules() for route in module.pages.router.routes)
