"""Anybody may ask whether a letter is genuine and still stands: by its check code, or by the digest of its bytes."""

from __future__ import annotations

import re
from datetime import date

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from services.core.errors import InputError, NotFound, TooOften
from services.core.limits import Limiter
from services.reporting import checking
from services.wiring import Wiring

router = APIRouter(tags=["文书核验"])
SIZE, SECONDS = 10, 6           # as the page
_DIGEST = re.compile(r"[0-9a-fA-F]{64}")


class Checked(BaseModel):
    """A letter as anybody may know it. `same`: whether the digest that was sent along is this letter's."""

    number: str = Field(description="发文字号")
    issuer: str = Field(description="落款机关")
    issued_on: date
    sha256: str = Field(description="签发原件的 SHA-256")
    sealed: bool = Field(description="是否有电子签章；启用签章前签发的没有")
    state: str = Field(description="valid 有效；replaced 已被替换；voided 已作废")
    successor: str | None = Field(description="替换它的文书的字号")
    same: bool | None = Field(None, description="所附摘要是否与签发原件一致")


def _wait(request: Request) -> Wiring:
    kept: dict[str, Limiter] = request.app.state._state.setdefault("limiters", {})
    seconds = kept.setdefault("check", Limiter(size=SIZE, seconds=SECONDS)).wait(request.client.host if request.client else "")
    if seconds:
        raise TooOften("too_often", "查询过于频繁", remedy=f"{seconds} 秒后再查")
    wiring: Wiring = request.app.state.wiring
    return wiring


def _shown(found: checking.Standing | None, sha256: str = "") -> Checked:
    if found is None:
        raise NotFound("letter_unknown", "没有查到这一文书", remedy="核对核验码，或者直接核验文书文件")
    return Checked(number=found.number, issuer=found.issuer, issued_on=found.issued_on, sha256=found.sha256, sealed=found.sealed,
                   state=found.state, successor=found.successor, same=sha256.lower() == found.sha256 if sha256 else None)


def _require_digest(sha256: str) -> None:
    if not _DIGEST.fullmatch(sha256):
        raise InputError("digest", "摘要应为 64 位十六进制字符", remedy="用 SHA-256 计算文件的摘要", field="sha256")


@router.get("/check/{code}", response_model=Checked, summary="按核验码核验文书（不需凭证）")
def by_code(request: Request, code: str, sha256: str = Query("", description="所持文件的 SHA-256")) -> Checked:
    """Whether the letter stands; with a digest, whether the file is it byte by byte."""
    wiring = _wait(request)
    if sha256:
        _require_digest(sha256)
    with wiring.db.view(wiring.root) as session:
        return _shown(checking.by_code(session, code), sha256)


@router.get("/check/files/{sha256}", response_model=Checked, summary="按文件摘要核验文书（不需凭证）")
def by_file(request: Request, sha256: str) -> Checked:
    """Letters issued before there were codes, too."""
    wiring = _wait(request)
    _require_digest(sha256)
    with wiring.db.view(wiring.root) as session:
        return _shown(checking.by_digest(session, sha256), sha256)
