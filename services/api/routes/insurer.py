"""The insurer's webhook and what the office may ask of the insurer."""

from __future__ import annotations

import sqlalchemy as sa
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from services.api.bodies import Nothing, Reason
from services.api.calls import Changing
from services.api.rows import change, claim
from services.core.errors import HuzhuError
from services.insurer import package
from services.insurer import service as insurer
from services.insurer.port import InboundMessage
from services.models import Claim
from services.outbox import service as outbox
from services.outbox.service import Work
from services.reporting.views import ClaimHead
from services.wiring import Wiring

router = APIRouter(tags=["保险公司"])
_C = Claim.__table__        # type: ignore[attr-defined]


class SchemaFile(Response):
    """A JSON Schema by its own media type."""

    media_type = "application/schema+json"


class Taken(BaseModel):
    """The message is kept."""

    message_id: str
    new: bool


@router.post("/insurer/messages", response_model=Taken, summary="保险公司推送的消息（Ed25519 签名，按 message_id 幂等）")
async def messages(request: Request) -> Response:
    """Kept first, applied by the worker. The answer is signed; without it the insurer delivers again."""
    body = await request.body()
    return await run_in_threadpool(_take, request, body)


@router.get("/insurer/manifest.schema.json", summary="案卷包清单的 JSON Schema（无须登录）", response_class=SchemaFile,
            responses={200: {"content": {SchemaFile.media_type: {"schema": {"type": "object"}}}}})
def manifest_schema() -> Response:
    """The schema of `manifest.json`, as every package names it."""
    return SchemaFile(package.SCHEMA.read_bytes(), headers={"Cache-Control": "public, max-age=3600"})


def _take(request: Request, body: bytes) -> Response:
    wiring: Wiring = request.app.state.wiring
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    headers = dict(request.headers)
    message = wiring.insurer.verify(headers, request.method, path, body)
    try:
        new = _keep(wiring, message)
    except HuzhuError as error:
        return _signed(wiring, headers, request.method, path, error.status, error.as_problem())
    return _signed(wiring, headers, request.method, path, 200, {"message_id": str(message.message_id), "new": new})


def _keep(wiring: Wiring, message: InboundMessage) -> bool:
    now = wiring.clock.now()
    with wiring.db.unit_of_work(wiring.root) as session:
        new = insurer.receive(session, message=message, now=now)
        if new:
            row = session.execute(sa.select(_C.c.id, _C.c.org_key).where(_C.c.claim_no == message.claim_no)).first()
            outbox.add(session, [Work("insurer.message", row.org_key if row else f"{wiring.root.org_path}.",
                                      row.id if row else None)], now=now)
        return new


def _signed(wiring: Wiring, headers: dict[str, str], method: str, path: str, status: int,
            body: dict[str, object]) -> Response:
    signed = wiring.insurer.answer(headers, method, path, status=status, body=body)  # type: ignore[arg-type]
    return Response(signed.body, signed.status, headers=dict(signed.headers))


@router.post("/claims/{claim_no}/recall", response_model=ClaimHead, summary="请保险公司退回案卷")
def recall(call: Changing, claim_no: str, body: Reason) -> Response:
    """Recorded first, then asked for; the claim comes back when the insurer agrees.

    When the insurer does not answer (502), the same request under the same key asks again: repeats are harmless.
    """
    answer = change(call, claim_no, body, lambda session, found: insurer.recall(
        session, claim_id=found.id, reason=body.reason, actor=call.actor, now=call.now))
    for request in call.read(lambda session: insurer.recalls(
            session, claim_ids=[claim(call, session, claim_no).id], now=call.now)):
        call.wiring.insurer.recall(request)
    return answer


@router.post("/claims/{claim_no}/resend", response_model=ClaimHead, summary="被保险公司退件后，补正并重新移送")
def resend(call: Changing, claim_no: str, body: Nothing) -> Response:
    """A new version of the dossier."""
    return change(call, claim_no, body, lambda session, found: insurer.resend(
        session, claim_id=found.id, actor=call.actor, now=call.now))
