"""A request answered once: the same key and content get the same answer, in the transaction of the work itself."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.core.crypto import key_ring
from services.core.errors import Conflict
from services.models import IdempotencyKey

ONCE = "answered_once"


@dataclass(frozen=True, slots=True)
class Request:
    """Who sent which content under which key."""

    account_id: uuid.UUID
    key: str
    digest: str


def digest(method: str, path: str, if_match: int | None, payload: Mapping[str, object]) -> str:
    """Keyed index of what the request asks for; the bytes of an upload stand in `payload` as their own hash.

    A plain hash would give away the number that was asked for: few fit what the answer beside it shows.
    """
    content = json.dumps([method, path, if_match, payload], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return _keyed(hashlib.sha256(content.encode()).hexdigest())


def _keyed(plain: str) -> str:
    return key_ring().index(plain, field="idempotency.request").hex()


def earlier(session: Session, request: Request) -> IdempotencyKey | None:
    """The kept answer. Requests with one key wait for one another; Conflict when the content differs."""
    name = f"{request.account_id}:{request.key}"
    session.execute(sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": name})
    kept = session.get(IdempotencyKey, (request.account_id, request.key))
    if kept is None:
        return None
    # Up to 0.9.1 the plain SHA-256 was kept: such rows are good until their 90 days are over (evidence.kept, "answers").
    if request.digest not in (kept.request_sha256, _keyed(kept.request_sha256)):
        raise Conflict("idempotency_key_reused", "此幂等键已用于另一请求", remedy="新的请求用新的 Idempotency-Key")
    if kept.body.get("code") == ONCE:
        raise Conflict(ONCE, "该请求已办理，其内容只显示一次", remedy="如未收到，请重新办理并使用新的 Idempotency-Key")
    return kept


def keep(session: Session, request: Request, *, status: int, body: dict[str, object], now: datetime) -> None:
    """Keep the answer beside the work."""
    session.add(IdempotencyKey(account_id=request.account_id, key=request.key, request_sha256=request.digest,
                               status=status, body=body, at=now))
