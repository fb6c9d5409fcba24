"""Refusals as problem documents (RFC 9457), in the words of `services.core.errors`."""

from __future__ import annotations

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from psycopg.errors import DeadlockDetected, SerializationFailure
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from starlette.exceptions import HTTPException

from services.core import logs
from services.core.db import collided
from services.core.errors import HuzhuError, NotFound, NotPermitted, OutsideError, Unauthenticated
from services.rulebook.validation import explained

MEDIA = "application/problem+json"
log = structlog.get_logger()


class Problem(BaseModel):
    """What was refused, why, and what to do about it."""

    model_config = ConfigDict(json_schema_extra={"example": {
        "type": "urn:huzhu:error:stale_version", "title": "记录已被他人更新（您看到第3版，现为第4版）", "status": 409,
        "code": "stale_version", "remedy": "刷新后核对变动，再办理"}})

    type: str = Field(description="urn:huzhu:error:<code>")
    title: str = Field(description="错误说明，供人阅读")
    status: int
    code: str = Field(description="稳定的错误代码，供程序判断")
    remedy: str = Field(description="如何补救")
    field: str | None = Field(None, description="有误的键，点号分隔")


def answer(problem: dict[str, object], status: int, headers: dict[str, str] | None = None) -> JSONResponse:
    """One problem document."""
    return JSONResponse(problem, status, headers=headers, media_type=MEDIA)


def plain(status: int, code: str, title: str, remedy: str) -> dict[str, object]:
    """A problem that no error of ours stands behind."""
    return {"type": f"urn:huzhu:error:{code}", "title": title, "status": status, "code": code, "remedy": remedy}


def install(app: FastAPI) -> None:
    """Every refusal leaves the API in this one shape."""
    app.add_exception_handler(HuzhuError, _ours)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(OperationalError, _database)
    app.add_exception_handler(NoConnectionFree, _database)
    for met in (DeadlockDetected, SerializationFailure):        # moves run on the driver's own cursor
        app.add_exception_handler(met, _database)
    app.add_exception_handler(DataError, _unstorable)
    app.add_exception_handler(UnicodeEncodeError, _unstorable)


def _ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, HuzhuError)
    if isinstance(error, NotPermitted | NotFound) or (isinstance(error, Unauthenticated) and error.code == "token_invalid"):
        logs.safety("refused", code=error.code, method=request.method, route=getattr(request.scope.get("route"), "path", None),
                    account=getattr(request.state, "account", None), address=request.client.host if request.client else None)
    headers = {}
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, OutsideError):
        headers["Retry-After"] = "5"
    return answer(error.as_problem(), error.status, headers)


def _malformed(_request: Request, error: Exception) -> Response:
    """A body or parameter of the wrong shape: the first fault names its key, `errors` lists all."""
    assert isinstance(error, RequestValidationError)
    found = [(".".join(str(part) for part in detail["loc"][1:]) or str(detail["loc"][0]), detail)
             for detail in error.errors()]
    # An unknown key explains a missing one.
    field, first = min(found, key=lambda item: item[1]["type"] != "extra_forbidden")
    problem: dict[str, object] = {
        "type": "urn:huzhu:error:wrong_value", "title": f"{field}：{explained(first)}", "status": 422,
        "code": "wrong_value", "remedy": "按接口说明改正", "field": field,
        "errors": [{"field": name, "message": explained(detail)} for name, detail in found]}
    return answer(problem, 422)


def _http(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 400:        # bytes that are no text, a form without its boundary
        return answer(plain(422, "wrong_value", "请求体不能读取", "JSON 须为 UTF-8 文字，表单须按 multipart 格式"), 422)
    titles = {404: ("not_found", "没有这个地址", "核对接口说明"), 405: ("method_not_allowed", "此地址不接受这种请求", "核对接口说明")}
    code, title, remedy = titles.get(error.status_code, ("http_error", str(error.detail), "核对请求"))
    return answer(plain(error.status_code, code, title, remedy), error.status_code, dict(error.headers or {}))


def _unstorable(_request: Request, error: Exception) -> Response:
    """Text that no database keeps: a NUL, half a surrogate pair; or a number beyond its column."""
    log.warning("unstorable", kind=type(error).__name__)
    return answer(plain(422, "wrong_value", "请求中有不能保存的字符或数", "去掉控制字符，核对数值后重发"), 422)


def _database(_request: Request, error: Exception) -> Response:
    """Others were in the way: nothing was written, the same request may come again."""
    if not collided(error):
        raise error
    log.warning("collided", exc_info=error)
    return answer(plain(503, "busy", "记录正被他人办理", "稍后用同一幂等键重试"), 503, {"Retry-After": "1"})
