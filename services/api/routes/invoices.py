"""The invoice ledger: where an invoice was handed in, and whether its paper was used in another case."""

from __future__ import annotations

import uuid
from datetime import date
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlmodel import Session

from services.api.bodies import Day, example
from services.api.calls import Doing
from services.core.money import show, to_fen, to_yuan
from services.evidence.matches import ELSEWHERE
from services.reporting import invoice_book
from services.reporting.invoice_book import Asked, Entry

router = APIRouter(tags=["票据台账"])
Sign = Annotated[str, Field(max_length=64)]


class FindInvoices(BaseModel):
    """What is looked for: a number, an amount or a day at least."""

    model_config = example(number="0012345678", code="64060125", amount=None, from_on=None, until_on=None)

    number: Sign = Field("", description="票据号码或结算单号，须完整")
    code: Sign = Field("", description="票据代码")
    amount: Annotated[Decimal, Field(gt=0, max_digits=13, decimal_places=2)] | None = None
    from_on: Day | None = Field(None, description="开票日期起")
    until_on: Day | None = Field(None, description="开票日期止，含当日")


class Use(BaseModel):
    """The same paper in another case. `claim_no` only of claims in sight."""

    how: str = Field(description="bytes 同一文件，number 同一号码，picture 同一影像")
    claim_no: str | None
    where: str
    altered: list[str] = Field(description="内容不同的字段；picture：影像有改动而无人读出")
    weak: bool = Field(description="该案已撤回、作废、不予给付，或材料已退回")
    first: bool = Field(description="对方在先")


class InvoiceView(BaseModel):
    """One line of the ledger."""

    claim_no: str
    paper_id: uuid.UUID
    page: int
    sheet: str
    code: str
    number: str
    issued_on: date | None
    amount: str | None
    uses: list[Use]


class Invoices(BaseModel):
    """The newest lines in sight; `more` there are."""

    lines: list[InvoiceView]
    more: bool


@router.post("/invoices/find", response_model=Invoices, summary="查票据台账")
def find(call: Doing, body: FindInvoices) -> Invoices:
    """Within the caller's organisation; the search is recorded without what was asked, and its answer is kept nowhere."""
    asked = Asked("".join(body.number.split()).upper(), "".join(body.code.split()).upper(),
                  None if body.amount is None else to_fen(body.amount), body.from_on, body.until_on)

    def run(session: Session) -> Invoices:
        lines, more = invoice_book.search(session, asked)
        invoice_book.looked(session, lines, actor=call.actor, now=call.now)
        return Invoices(lines=[_line(line) for line in lines], more=more)
    return call.note(run)


def _line(line: Entry) -> InvoiceView:
    return InvoiceView(
        claim_no=line.claim_no, paper_id=line.paper_id, page=line.page, sheet=line.sheet, code=line.code, number=line.number,
        issued_on=line.issued_on, amount=None if line.fen is None else show(to_yuan(line.fen)),
        uses=[Use(how=use.how, claim_no=use.other_claim_no, where=use.other_org_name or ELSEWHERE, altered=list(use.altered),
                  weak=use.weak, first=use.first) for use in line.uses])
