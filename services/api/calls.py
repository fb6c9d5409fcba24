"""One request: who calls, when, with which key and which version in mind; and how a verb is run for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Request, Response
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel
from sqlmodel import Session

from services.access.service import authenticate
from services.api.who import admit
from services.core.errors import InputError, PreconditionRequired, Unauthenticated
from services.outbox import idempotency
from services.wiring import Caller, Wiring

Payload = BaseModel | Mapping[str, object]
MAX_KEY = 200

bearer = HTTPBearer(auto_error=False, description="管理员签发的凭证：`Authorization: Bearer <凭证>`")


@dataclass(frozen=True, slots=True)
class Call(Caller):
    """A caller's request. `key` and `version` are set on changes."""

    method: str
    path: str
    key: str = ""
    version: int | None = None

    def act(self, payload: Payload, verb: Callable[[Session], BaseModel], *, status: int = 201,
            once: bool = False) -> Response:
        """Run a verb in one transaction and keep its answer under the idempotency key.

        `once`: the answer holds a secret and is not kept; a repeat is refused instead of answered.
        """
        request = self._request(payload)
        with self.wiring.db.unit_of_work(self.actor.scope) as session:
            kept = idempotency.earlier(session, request)
            if kept is not None:
                return _answer(kept.body, kept.status, replayed=True)
            body = verb(session).model_dump(mode="json")
            kept_body: dict[str, object] = {"code": idempotency.ONCE} if once else body
            idempotency.keep(session, request, status=status, body=kept_body, now=self.now)
        return _answer(body, status, replayed=False)

    def _request(self, payload: Payload) -> idempotency.Request:
        if self.actor.account_id is None:
            raise Unauthenticated("token_invalid", "凭证没有对应的账号", remedy="请重新登录")
        plain = payload.model_dump(mode="json") if isinstance(payload, BaseModel) else payload
        digest = idempotency.digest(self.method, self.path, self.version, plain)
        return idempotency.Request(self.actor.account_id, self.key, digest)


def _answer(body: Mapping[str, object], status: int, *, replayed: bool) -> Response:
    headers = {"Idempotent-Replayed": "true"} if replayed else {}
    if isinstance(body.get("version"), int):
        headers["ETag"] = etag(body["version"])
    return JSONResponse(body, status, headers=headers)


def etag(version: object) -> str:
    """A row's version as an entity tag."""
    return f'"{version}"'


def reading(request: Request,
            credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)] = None) -> Call:
    """A call with a valid token, by one of the route's people."""
    wiring: Wiring = request.app.state.wiring
    if credentials is None:
        raise Unauthenticated("token_missing", "请求没有凭证", remedy="在 Authorization 头中写 Bearer 凭证")
    now = wiring.clock.now()
    with wiring.db.view(wiring.root) as session:
        actor = authenticate(session, credentials.credentials, now=now)
    request.state.account = str(actor.account_id)       # for the log of refusals
    return Call(wiring, admit(request, actor), now, request.method, request.url.path)


def doing(call: Annotated[Call, Depends(reading)],
          idempotency_key: Annotated[str | None, Header(
              description="幂等键：同一请求重发用同一键，得到同一答复", examples=["0195f2c4-report-1"])] = None) -> Call:
    """A call that changes something: it carries an idempotency key."""
    if not idempotency_key:
        raise PreconditionRequired("idempotency_key_missing", "缺少 Idempotency-Key",
                                   remedy="为每个新请求取一个新键，重发时用原键")
    if len(idempotency_key) > MAX_KEY:
        raise InputError("idempotency_key_long", f"Idempotency-Key 最多 {MAX_KEY} 个字符", remedy="换一个较短的键",
                         field="Idempotency-Key")
    return Call(call.wiring, call.actor, call.now, call.method, call.path, idempotency_key)


def changing(call: Annotated[Call, Depends(doing)],
             if_match: Annotated[str | None, Header(description="所见版本，取自 ETag", examples=['"3"'])] = None) -> Call:
    """A change of a row that has versions: it says which version the caller saw."""
    if not if_match:
        raise PreconditionRequired("if_match_missing", "缺少 If-Match：请写明所见版本", remedy="先读取记录，取其 ETag")
    found = re.fullmatch(r'(?:W/)?"?(\d{1,9})"?', if_match.strip())
    if found is None:
        raise InputError("if_match", f"If-Match“{if_match}”不是版本号", remedy='写成 "3" 这样的版本', field="If-Match")
    return Call(call.wiring, call.actor, call.now, call.method, call.path, call.key, int(found[1]))


Reading = Annotated[Call, Depends(reading)]
Doing = Annotated[Call, Depends(doing)]
Changing = Annotated[Call, Depends(changing)]
