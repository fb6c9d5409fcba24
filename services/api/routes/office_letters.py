"""Letters about no claim: certificates of cover, a month told up and down the tree; and the letters of a unit in one file to print."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field
from sqlmodel import Session

from services.api.bodies import Day, Text, example
from services.api.calls import Doing, Reading
from services.models import OfficeLetter
from services.notice import certificates, monthly, office_letters, print_files
from services.reporting import dossier as dossiers
from services.storage.service import PDF, XLSX

router = APIRouter(tags=["文书"])
_PDF: dict[int | str, dict[str, object]] = {200: {"content": {PDF: {}}}}


class Wanted(BaseModel):
    """The day that the certificate speaks of."""

    model_config = example(valid_on=None)

    valid_on: Day | None = Field(None, description="截至日期，不填为当日，不得晚于当日")


class CertificateView(BaseModel):
    """A certificate as it was issued; `check_code` opens its public check page."""

    number: str
    issued_on: date
    valid_on: date
    check_code: str
    sha256: str


@router.post("/covers/{certificate_no}/certificate", response_model=CertificateView, status_code=201, summary="开具参保证明")
def certify(call: Doing, certificate_no: str, body: Wanted) -> Response:
    """Issued at once; asked again on the same day with nothing changed, it is the same one."""
    def run(session: Session) -> CertificateView:
        row = certificates.certify(session, certificate_no=certificate_no, valid_on=body.valid_on, actor=call.actor, now=call.now)
        return CertificateView(**row.model_dump(include=set(CertificateView.model_fields)))
    return call.act(body, run)


@router.get("/covers/{certificate_no}/certificate", summary="最近一份有效的参保证明（PDF）", response_class=Response, responses=_PDF)
def certificate(call: Reading, certificate_no: str) -> Response:
    """The bytes as they were issued."""
    def run(session: Session) -> tuple[str, bytes]:
        row = certificates.newest(session, certificate_no=certificate_no, actor=call.actor)
        return row.number, office_letters.content(session, row.id)
    number, content = call.read(run)
    return _file(content, f"{number}.pdf", PDF)


Org = Annotated[str, Query(description="组织键，不填为本组织")]
On = Annotated[date | None, Query(description="只要这一天签发的")]
Which = Annotated[Literal["paper", "all"], Query(description="paper：走纸质送达且在途的；all：全部有效的")]


@router.get("/print-file", summary="一个单位的文书合并打印（PDF，每份一个书签）", response_class=Response, responses=_PDF)
def print_file(call: Reading, org: Org = "", on: On = None, which: Which = "paper") -> Response:
    """The pages of the letters with their seals. Letters name the illness: every look is recorded."""
    made = call.note(lambda session: print_files.print_file(session, org_key=org, on=on, which=which, actor=call.actor, now=call.now))
    return _file(made.pdf, "文书打印.pdf", PDF)


@router.get("/print-file.xlsx", summary="打印文书的发件清单（XLSX）", response_class=Response, responses={200: {"content": {XLSX: {}}}})
def print_list(call: Reading, org: Org = "", on: On = None, which: Which = "paper") -> Response:
    """One line a letter, with its first page in the file."""
    made = call.note(lambda session: print_files.print_file(session, org_key=org, on=on, which=which, actor=call.actor, now=call.now))
    return _file(print_files.listing(made, title="发件清单"), "发件清单.xlsx", XLSX)


@router.get("/claims/{claim_no}/dossier", summary="一件案件的案卷（PDF）：目录、结案归档表、核算表、文书、材料", response_class=Response,
            responses=_PDF)
def dossier(call: Reading, claim_no: str) -> Response:
    """Of a closed claim the same bytes each time; before that marked 未结案. Every look is recorded."""
    made = call.note(lambda session: dossiers.dossier(session, claim_no=claim_no, actor=call.actor, now=call.now))
    return _file(made.pdf, f"案卷-{made.claim_no}.pdf", PDF)


class Told(BaseModel):
    """A month of the caller's own organisation, told to the one above or to those beneath."""

    model_config = example(kind="report", month="2026-03-01", why="")

    kind: Literal["report", "notice"] = Field(description="report：向上级的报告；notice：给下级的通知")
    month: Day = Field(description="该月的任一日")
    why: str = Field("", max_length=500, description="签发以后数据有变动、要更正时写明的原因")


class MonthView(BaseModel):
    """A month's report or notice. `context` is what it says; `enclosure_sha256` the digest of a report's table."""

    id: uuid.UUID
    org_key: str
    number: str
    valid_on: date
    issued_on: date
    check_code: str
    sha256: str
    context: dict[str, object]
    replaced_by: uuid.UUID | None
    voided_at: datetime | None
    void_reason: str | None


class Reason(BaseModel):
    """Why a letter is taken back."""

    model_config = example(reason="数据有误")

    reason: Text


def _month(row: OfficeLetter) -> MonthView:
    return MonthView(**row.model_dump(include=set(MonthView.model_fields)))


@router.post("/monthly-letters", response_model=MonthView, status_code=201, summary="签发月度情况的报告或通知")
def tell(call: Doing, body: Told) -> Response:
    """Asked again with nothing changed, it is the same one; with changed figures it takes a reason and replaces the former."""
    return call.act(body, lambda session: _month(monthly.issue(session, kind=body.kind, month=body.month, why=body.why, actor=call.actor,
                                                               now=call.now)))


@router.get("/monthly-letters", response_model=list[MonthView], summary="月度情况的报告和通知")
def months(call: Reading, skip: Annotated[int, Query(ge=0, le=1_000_000)] = 0) -> list[MonthView]:
    """Newest month first, fifty at a time."""
    return call.read(lambda session: [_month(row) for row in monthly.listed(session, actor=call.actor, skip=skip)])


@router.get("/monthly-letters/{letter_id}/file", summary="月度报告或通知（PDF）", response_class=Response, responses=_PDF)
def month_file(call: Reading, letter_id: uuid.UUID) -> Response:
    """The bytes as they were issued."""
    def run(session: Session) -> tuple[str, bytes]:
        row = monthly.one(session, letter_id, actor=call.actor)
        return row.number, office_letters.content(session, row.id)
    number, content = call.read(run)
    return _file(content, f"{number}.pdf", PDF)


@router.get("/monthly-letters/{letter_id}/table", summary="月度报告的附表（XLSX）", response_class=Response,
            responses={200: {"content": {XLSX: {}}}})
def month_table(call: Reading, letter_id: uuid.UUID) -> Response:
    """The bytes whose digest the report states."""
    return _file(call.read(lambda session: monthly.table(session, letter_id, actor=call.actor)), "各单位理赔情况表.xlsx", XLSX)


@router.post("/office-letters/{letter_id}/void", response_model=MonthView, status_code=201, summary="作废证明、报告或通知")
def void(call: Doing, letter_id: uuid.UUID, body: Reason) -> Response:
    """The number stays used; the public check says that it was voided."""
    return call.act(body, lambda session: _month(office_letters.void(session, letter_id=letter_id, reason=body.reason, actor=call.actor,
                                                                     now=call.now)))


def _file(content: bytes, name: str, mime: str) -> Response:
    return Response(content, media_type=mime, headers={"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}",
                                                       "Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"})
