"""The public progress page: claim number and code in, where / what next / by when out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.core.clock import business_day
from services.core.errors import ConfigError
from services.reporting.progress import Progress, progress
from services.web.limits import Limiter
from services.web.speaking import Language, shown, words
from services.wiring import Wiring

_HERE = Path(__file__).parent
_pages = Environment(loader=FileSystemLoader(_HERE / "templates"), undefined=StrictUndefined, autoescape=True,
                     trim_blocks=True, lstrip_blocks=True)
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none';"
                               " frame-ancestors 'none'",
    "Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY", "X-Robots-Tag": "noindex", "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()"}
LOOK_UPS, SECONDS_EACH = 10, 6
LONGEST = 40


def routers() -> list[APIRouter]:
    """The pages, with a limiter of their own."""
    return [_router(Limiter(size=LOOK_UPS, seconds=SECONDS_EACH))]


def language_of(asked: str | None, accepted: str) -> Language:
    """What the reader chose, else what the browser prefers first; Chinese when in doubt."""
    chosen = asked or accepted.split(",")[0]
    return "en" if chosen.strip().lower().startswith("en") else "zh"


def _router(limiter: Limiter) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    def home() -> Response:
        return RedirectResponse("/progress")

    @router.get("/progress")
    def ask(request: Request, no: Annotated[str | None, Query(max_length=LONGEST)] = None,
            lang: Annotated[str | None, Query(max_length=8)] = None) -> HTMLResponse:
        """The form; a number in the address is filled in, a code never stands in an address."""
        return _form(request, lang, claim_no=no or "")

    @router.post("/progress")
    def answer(request: Request, claim_no: Annotated[str, Form()] = "", code: Annotated[str, Form()] = "",
               lang: Annotated[str | None, Form()] = None) -> HTMLResponse:
        """One look-up. By POST, so that the code stays out of addresses, histories and logs."""
        return _answer(request, limiter, claim_no.strip(), code.strip(), lang)

    @router.get("/static/{name}")
    def static(name: str) -> Response:
        return _static(name)

    return router


def _answer(request: Request, limiter: Limiter, claim_no: str, code: str, lang: str | None) -> HTMLResponse:
    if not claim_no or not code or len(claim_no) > LONGEST or len(code) > LONGEST:
        return _form(request, lang, claim_no=claim_no[:LONGEST], problem="missing", status=422)
    seconds = limiter.wait(request.client.host if request.client else "")
    if seconds:
        return _form(request, lang, claim_no=claim_no, problem="too_many", seconds=seconds, status=429)
    found = _look_up(request, claim_no, code)
    if found is None:
        return _form(request, lang, claim_no=claim_no, problem="wrong", status=404)
    language = language_of(lang, request.headers.get("accept-language", ""))
    text = _pages.get_template("result.html").render(w=words(language), language=language, code=code,
                                                     claim=shown(found, language), state=found.state)
    return HTMLResponse(text, headers=HEADERS)


def _look_up(request: Request, claim_no: str, code: str) -> Progress | None:
    wiring: Wiring = request.app.state.wiring
    today = business_day(wiring.clock.now())
    with wiring.db.view(wiring.root) as session:
        return progress(session, claim_no, code, today=today)


def _form(request: Request, lang: str | None, *, claim_no: str, problem: str = "", seconds: int = 0,
          status: int = 200) -> HTMLResponse:
    language = language_of(lang, request.headers.get("accept-language", ""))
    text = _pages.get_template("form.html").render(w=words(language), language=language, claim_no=claim_no,
                                                   problem=problem, seconds=seconds)
    extra = {"Retry-After": str(seconds)} if seconds else {}
    return HTMLResponse(text, status, headers={**HEADERS, **extra})


_STATIC = {"page.css": "text/css", "mark.svg": "image/svg+xml"}


def _static(name: str) -> Response:
    """The two files the pages need; nothing else is served."""
    if name not in _STATIC:
        return Response(status_code=404, headers=HEADERS)
    path = _HERE / "static" / name
    if not path.is_file():
        raise ConfigError("static_missing", f"网页文件 {name} 缺失", remedy="重新安装程序")
    return Response(path.read_bytes(), media_type=_STATIC[name],
                    headers={"Cache-Control": "public, max-age=3600", "X-Content-Type-Options": "nosniff"})
