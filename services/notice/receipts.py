"""Receipts of messages as providers push them: signed with a shared secret, of this very moment, each counted once.

Header `X-Huzhu-Time`: seconds since 1970; `X-Huzhu-Signature`: HMAC-SHA256 over "<time>.<body>" in hexadecimal.
"""

from __future__ import annotations

import hashlib
import hmac
import uuid
from collections.abc import Mapping
from datetime import datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from services.core.errors import InputError, Unauthenticated
from services.core.settings import settings
from services.notice.carrying import Receipt

TIME, SIGNATURE = "x-huzhu-time", "x-huzhu-signature"
SKEW = 300      # seconds that the provider's clock may differ; an older request is somebody's copy
_SHORTEST = 16


class Told(BaseModel):
    """One receipt. `attempt` is the number that the message carried; `event_id` the provider's own of this news."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    attempt: uuid.UUID
    event_id: str = Field(min_length=1, max_length=200)
    outcome: Receipt
    provider_id: str | None = Field(default=None, max_length=200)
    words: str = Field(default="", max_length=200)
    at: AwareDatetime


def signature(secret: bytes, time: str, body: bytes) -> str:
    """What stands in the header."""
    return hmac.new(secret, time.encode() + b"." + body, hashlib.sha256).hexdigest()


def read(headers: Mapping[str, str], body: bytes, *, now: datetime) -> Told:
    """The receipt of a request. Unauthenticated: no secret is set here, it is not signed with it, or not of this moment."""
    time, path = headers.get(TIME, ""), settings().receipt_secret_file
    secret = path.read_bytes().strip() if path and path.is_file() else b""
    if len(secret) < _SHORTEST:
        raise Unauthenticated("receipts_off", "没有设置回执密钥，不接收回执", remedy="设置 HUZHU_RECEIPT_SECRET_FILE，密钥至少 16 个字符")
    given = headers.get(SIGNATURE, "").lower()
    if not time.isdecimal() or not hmac.compare_digest(given.encode(), signature(secret, time, body).encode()):
        raise Unauthenticated("signature_wrong", "回执的签名不对", remedy="核对密钥和签名方法")
    if len(time) > 12 or abs(int(time) - now.timestamp()) > SKEW:
        raise Unauthenticated("receipt_stale", "回执的时间与现在相差太多", remedy="核对时钟；补送的回执须重新签名")
    try:
        return Told.model_validate_json(body)
    except ValidationError as error:
        field = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise InputError("receipt_wrong", "回执的内容不对", remedy="按接口说明填写", field=field) from None
