"""A form larger than is taken: refused by its announced length with a page, since a browser without script shows what it gets."""

from __future__ import annotations

from fastapi import Request

from services.core.errors import InputError
from services.core.settings import settings

_MEGABYTE = 1024 * 1024
_PATIENCE = 8           # times the limit: so much is let pass by, since browsers read an answer only after all was sent


class TooLarge(InputError):
    """Content too large (RFC 9110, 15.5.14)."""

    status = 413


def oversized(request: Request) -> TooLarge | None:
    """The refusal, when the form announces more than one file's limit and a megabyte of fields."""
    limit, length = settings().upload_limit_mb, request.headers.get("content-length", "")
    if not length.isdecimal() or int(length) <= (limit + 1) * _MEGABYTE:
        return None
    return TooLarge("file_too_large", f"文件超过 {limit} MB", remedy="请压缩或拆分后上传")


async def let_pass(request: Request) -> None:
    """Read the body and keep none of it; no more than a few times the limit."""
    most, seen = _PATIENCE * settings().upload_limit_mb * _MEGABYTE, 0
    async for part in request.stream():
        seen += len(part)
        if seen > most:
            return
