"""The application: routers, problem documents, the interface page. Doors do not know each other (see `__main__`)."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable

from fastapi import APIRouter, FastAPI, Request, Response

from services.api import docs, problems
from services.api.crowding import Crowding
from services.api.problems import Problem
from services.api.routes import (
    access_report,
    accounts,
    advances,
    bank_lines,
    boards,
    cases,
    checking,
    claims,
    clock_policies,
    conversation,
    covers,
    deliveries,
    drafts,
    fields,
    findings,
    heirs,
    inputs,
    insurer,
    invoices,
    joining,
    letter_register,
    metrics,
    moves,
    notices,
    objections,
    office_letters,
    organisations,
    papers,
    payments,
    people,
    plans,
    privacy,
    quality,
    records,
    replays,
    report_files,
    reproduced,
    review,
    rosters,
    settled_heirs,
    settlements,
    summaries,
    system,
    uploads,
    window,
    window_days,
)
from services.core import telemetry
from services.core.settings import settings
from services.wiring import Wiring

PREFIX = "/api/v1"
ROUTERS = (system, plans, clock_policies, organisations, accounts, people, records, rosters, covers, report_files, drafts,
           joining, cases, claims, heirs, papers, uploads, fields, findings, invoices, review, summaries, quality, inputs,
           insurer, payments, settled_heirs, bank_lines, notices, objections, conversation, advances, deliveries, office_letters, checking,
           letter_register, metrics, boards, moves, replays, window, window_days,
           settlements, access_report, privacy, reproduced)
_NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"    # of what says no policy of its own
_PROBLEM = {"model": Problem, "content": {problems.MEDIA: {}}}
_RESPONSES: dict[int | str, dict[str, object]] = {
    401: {**_PROBLEM, "description": "没有有效凭证"}, 403: {**_PROBLEM, "description": "没有这项权限"},
    404: {**_PROBLEM, "description": "没有，或不在管辖范围内"}, 409: {**_PROBLEM, "description": "版本过旧、状态不允许或条件不满足"},
    411: {**_PROBLEM, "description": "请求没有写明长度"}, 413: {**_PROBLEM, "description": "请求体超过上限"},
    422: {**_PROBLEM, "description": "输入有误，指明键"}, 428: {**_PROBLEM, "description": "缺少 Idempotency-Key 或 If-Match"},
    429: {**_PROBLEM, "description": "请求过于频繁"}, 502: {**_PROBLEM, "description": "对方系统没有答复"},
    503: {**_PROBLEM, "description": "正忙，稍后用同一幂等键重发（Retry-After）"}}

DESCRIPTION = """工会职工互助保障理赔接口。

金额为元的十进制文字（"100900.00"），日期为 YYYY-MM-DD，时间带时区。每个 POST 须带 Idempotency-Key：重发用原键，得到同一答复。
改动有版本的记录须带 If-Match（取自读取时的 ETag）。拒绝一律为 problem+json：code 供程序判断，remedy 说明如何补救。
号码默认遮盖；查看完整号码须写理由并留痕。"""


def create_app(wiring: Wiring, pages: Iterable[APIRouter] = ()) -> FastAPI:
    """The API over this wiring; `pages` are routers of other doors served by the same process."""
    app = FastAPI(title="互助 Huzhu API", version="1", description=DESCRIPTION, docs_url=None, redoc_url=None,
                  openapi_url=f"{PREFIX}/openapi.json")
    app.state.wiring = wiring
    problems.install(app)
    for module in ROUTERS:
        app.include_router(module.router, prefix=PREFIX, responses=_RESPONSES)
    app.include_router(docs.router, prefix=PREFIX)
    for router in pages:
        app.include_router(router)
    docs.complete(app)
    app.middleware("http")(_measured)
    app.add_middleware(Crowding, seats=settings().web_seats)
    return app


async def _measured(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
    """Time and a span for each answer, under its route's pattern."""
    began, status = time.perf_counter(), 500
    with telemetry.span(f"{request.method} request") as span:
        try:
            response = await _guarded(request, answer)
            status = response.status_code
            return response
        finally:
            route = _pattern(request)
            span.update_name(f"{request.method} {route or 'unknown'}")
            span.set_attribute("http.response.status_code", status)
            telemetry.answered(request.method, route, status, time.perf_counter() - began)


def _pattern(request: Request) -> str | None:
    """The route's own pattern (`/claims/{claim_no}`), with the interface's prefix before it; None: no such address."""
    path: str | None = getattr(request.scope.get("route"), "path", None)
    return f"{PREFIX}{path}" if path and request.url.path.startswith(PREFIX) else path


async def _guarded(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
    """No body beyond the upload limit is read; answers with personal data are never kept by anybody between."""
    response = _too_large(request) or await answer(request)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "no-referrer")
    response.headers.setdefault("Content-Security-Policy", _NOTHING)
    if settings().public_url.startswith("https://"):
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _too_large(request: Request) -> Response | None:
    """Refuse a body by its announced length, before a byte of it is spooled; one of unknown length too. A page's form is left
    to its own door, which refuses it with a page."""
    if request.method in ("GET", "HEAD"):
        return None
    limit = settings().upload_limit_mb
    length = request.headers.get("content-length", "")
    if "transfer-encoding" in request.headers or (length and not length.isdecimal()):
        return problems.answer(problems.plain(411, "length_required", "请求须写明长度", "带上 Content-Length"), 411)
    if length and int(length) > (limit + 1) * 1024 * 1024 and not _of_a_browser(request):
        return problems.answer(problems.plain(413, "file_too_large", f"文件超过 {limit} MB", "请压缩或拆分后上传"), 413)
    return None


def _of_a_browser(request: Request) -> bool:
    return not request.url.path.startswith(PREFIX) and "text/html" in request.headers.get("accept", "")
