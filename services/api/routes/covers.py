"""Covers, their changes and their premium; the summary to the region; the plan's books."""

from __future__ import annotations

import uuid
from dataclasses import asdict
from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field
from sqlmodel import Session

from services.access.actor import FINANCE
from services.api.bodies import Day, Text, example
from services.api.calls import Call, Doing, Reading
from services.api.workbooks import workbook as xlsx
from services.core.money import parse_yuan, show, to_yuan
from services.enrolment import cover_queries, covers, group_summary, premium
from services.enrolment import queries as enrolment
from services.intake.queries import acts_for_self
from services.ledger import queries as ledger
from services.models import Cover
from services.storage.service import XLSX

router = APIRouter(tags=["保障与费用"])


class PremiumView(BaseModel):
    """One cover's premium, yuan. `open`: still to be paid; `owed_back`: to be given back."""

    due: str
    paid: str
    open: str
    owed_back: str
    returned: str
    refunded: str


class EndorsementView(BaseModel):
    """A change of the cover (批单)."""

    number: str | None
    kind: str
    dated_on: date
    text: str


class LiabilityView(BaseModel):
    """A benefit of the cover: `open`, `ending` (by a decided payment) or `ended`, and by which benefit of which claim."""

    benefit: str
    name: str
    clause: str
    state: Literal["open", "ending", "ended"]
    by_benefit: str | None
    claim_no: str | None


class CoverDetail(BaseModel):
    """One cover with all that belongs to it. `waiting_start`: first day of the unbroken chain."""

    certificate_no: str
    policy_no: str | None
    plan: str
    plan_from: date = Field(description="参保时固定的条款版本")
    effective: date
    until: date
    renewal: bool
    waiting_start: date
    shares: int
    tier: str | None
    ended_on: date | None
    end_reason: str | None
    premium: PremiumView
    endorsements: list[EndorsementView]
    liabilities: list[LiabilityView] | None = Field(description="财务人员不见：哪项责任因哪一案终止，说到病情")


class Endorse(BaseModel):
    """The insurer's endorsement of one or many covers."""

    model_config = example(certificates=["NXBZ202600000018"], kind="add", on="2026-03-20", text="新增被保险人", number="PD-2026-1",
                           policy_no="P-2026-88")

    certificates: list[str] = Field(min_length=1)
    kind: Literal["add", "remove", "change"]
    on: Day
    text: Text
    number: Text | None = None
    policy_no: Text | None = None


class Endorsed(BaseModel):
    """How many covers."""

    covers: int


class End(BaseModel):
    """`last_day` is the last covered one; the day before the first takes the cover back."""

    model_config = example(reason="retirement", last_day="2026-06-30", number="PD-2026-2")

    reason: Literal["transfer", "retirement", "death", "benefit", "withdrawn"]
    last_day: Day
    number: Text | None = None


class Shares(BaseModel):
    """How many shares from the first day on."""

    model_config = example(shares=2)

    shares: int


class Receive(BaseModel):
    """Money that came in, as the bank's slip says it."""

    model_config = example(org_id="0195f2c4-0000-7000-8000-000000000001", plan="xj-women", amount="350.00", received_on="2026-03-20",
                           payer="示例一厂工会", reference="YH20260320001")

    org_id: uuid.UUID
    plan: str
    amount: str
    received_on: Day
    payer: Text
    reference: Text
    certificates: list[str] | None = Field(None, description="只缴这些凭证；不写则按生效日先后")


class Received(BaseModel):
    """The voucher, how many covers got something, what stays paid ahead (yuan), renewals that came too late."""

    voucher_no: str
    covers: int
    prepaid: str
    broken: list[str] = Field(description="上一期满期后才缴清的续保：按中断后参保")


class GiveBack(BaseModel):
    """Money given back outside a claim."""

    model_config = example(org_id="0195f2c4-0000-7000-8000-000000000001", plan="xj-women", amount="100.00", returned_on="2026-03-20",
                           payee="示例一厂工会", reference="YH20260320002", reason="撤销参保", certificate_no="XJBZ202600000018")

    org_id: uuid.UUID
    plan: str
    amount: str
    returned_on: Day
    payee: Text
    reference: Text
    reason: Text
    certificate_no: str | None = Field(None, description="退某一凭证；不写则退预收")


class Voucher(BaseModel):
    """The slip's own number."""

    voucher_no: str
    amount: str


class BookView(BaseModel):
    """One account of one plan, yuan."""

    plan: str
    account: str
    name: str
    debit: str
    credit: str
    balance: str


class SummaryRow(BaseModel):
    """One unit under one plan; money in yuan."""

    org_key: str
    unit: str
    plan: str
    plan_name: str
    covers: int
    people: int
    renewals: int
    shares: int
    due: str
    paid: str
    refunded: str
    policies: list[str]


@router.get("/covers/{certificate_no}", response_model=CoverDetail, summary="一份保障：批单、责任、费用")
def cover(call: Reading, certificate_no: str) -> CoverDetail:
    """Within the caller's region; members see their own."""
    def run(session: Session) -> CoverDetail:
        found = cover_queries.by_certificate(session, certificate_no)
        if acts_for_self(call.actor) and call.actor.person_id != found.person_id:
            raise cover_queries.unknown(certificate_no)
        shown = _detail(session, found)
        return shown.model_copy(update={"liabilities": None}) if call.actor.roles <= FINANCE else shown
    return call.read(run)


def _detail(session: Session, found: Cover) -> CoverDetail:
    others = enrolment.covers_of(session, found.person_id, found.plan)
    money = ledger.premiums(session, [found.id])[found.id]
    return CoverDetail(
        **found.model_dump(include=set(CoverDetail.model_fields)), waiting_start=cover_queries.waiting_start(found, others),
        premium=PremiumView(**{name.removesuffix("_fen"): _yuan(fen) for name, fen in asdict(money).items()}),
        endorsements=[EndorsementView(**row.model_dump(include=set(EndorsementView.model_fields)))
                      for row in cover_queries.endorsements(session, found)],
        liabilities=[LiabilityView.model_validate(asdict(row)) for row in cover_queries.liabilities(session, found)])


def _yuan(fen: int) -> str:
    return show(to_yuan(fen))


@router.post("/covers/endorsements", response_model=Endorsed, status_code=201, summary="登记批单、保单号")
def endorse(call: Doing, body: Endorse) -> Response:
    """The record alone; an early end and other shares have their own verbs."""
    return call.act(body, lambda session: Endorsed(covers=covers.endorse(
        session, **body.model_dump(), actor=call.actor, now=call.now)))


@router.post("/covers/{certificate_no}/end", response_model=CoverDetail, summary="终止或撤销保障")
def end(call: Doing, certificate_no: str, body: End) -> Response:
    """By unit for today and later, by office for days past."""
    return call.act(body, lambda session: _detail(session, covers.end(
        session, certificate_no=certificate_no, **body.model_dump(), actor=call.actor, now=call.now)), status=200)


@router.post("/covers/{certificate_no}/shares", response_model=CoverDetail, summary="变更份数（生效前）")
def change_shares(call: Doing, certificate_no: str, body: Shares) -> Response:
    """Until the day before the cover begins."""
    return call.act(body, lambda session: _detail(session, covers.change_shares(
        session, certificate_no=certificate_no, shares=body.shares, actor=call.actor, now=call.now)), status=200)


@router.post("/premiums", response_model=Received, status_code=201, summary="登记收费")
def receive(call: Doing, body: Receive) -> Response:
    """Placed on the covers that still owe; the rest stays paid ahead."""
    def run(session: Session) -> Received:
        words = body.model_dump() | {"amount": parse_yuan(body.amount, field="amount")}
        done = premium.receive(session, **words, actor=call.actor, now=call.now)
        return Received(voucher_no=done.voucher.voucher_no, covers=done.covers, prepaid=_yuan(done.prepaid_fen), broken=list(done.broken))
    return call.act(body, run)


@router.post("/premiums/returns", response_model=Voucher, status_code=201, summary="登记退费（理赔之外）")
def give_back(call: Doing, body: GiveBack) -> Response:
    """Never more than is owed back."""
    def run(session: Session) -> Voucher:
        words = body.model_dump() | {"amount": parse_yuan(body.amount, field="amount")}
        done = premium.give_back(session, **words, actor=call.actor, now=call.now)
        return Voucher(voucher_no=done.voucher_no, amount=_yuan(done.amount_fen))
    return call.act(body, run)


@router.get("/premiums/books", response_model=list[BookView], summary="分户账：各科目借、贷、余额")
def books(call: Reading, plan: str | None = None) -> list[BookView]:
    """Of the caller's region; a plan of an insurer has memo accounts."""
    return call.read(lambda session: [
        BookView(plan=row.plan, account=row.account, name=row.name, debit=_yuan(row.debit_fen), credit=_yuan(row.credit_fen),
                 balance=_yuan(row.balance_fen)) for row in ledger.balances(session, plan)])


From = Annotated[date | None, Query(alias="from", description="生效日起")]
To = Annotated[date | None, Query(description="生效日止")]


@router.get("/cover-summary", response_model=list[SummaryRow], summary="参保汇总：单位、计划、人数、费用、保单号")
def summary(call: Reading, plan: str | None = None, first: From = None, to: To = None) -> list[SummaryRow]:
    """Of the caller's region."""
    return [SummaryRow(**{name.removesuffix("_fen"): _yuan(value) if name.endswith("_fen") else value
                          for name, value in asdict(row).items()}) for row in _rows(call, plan, first, to)]


@router.get("/cover-summary.xlsx", response_class=Response, summary="参保汇总表（XLSX）",
            responses={200: {"content": {XLSX: {}}, "description": "工作簿"}})
def summary_file(call: Reading, plan: str | None = None, first: From = None, to: To = None) -> Response:
    """The same as a workbook."""
    content = group_summary.workbook(_rows(call, plan, first, to), title=f"参保汇总表（{call.today}）")
    return xlsx(content, "cover-summary.xlsx")


def _rows(call: Call, plan: str | None, first: date | None, last: date | None) -> list[group_summary.UnitSummary]:
    return call.read(lambda session: group_summary.summary(session, org_key=call.actor.org_key, plan=plan, first=first, last=last))
