"""Plans, computations, counts of days, amounts in words, identity numbers: answers that change nothing."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query
from pydantic import BaseModel

from services.api.bodies import example
from services.api.calls import Doing, Reading
from services.core.money import parse_yuan
from services.reporting import answers

router = APIRouter(tags=["计划与计算"])

COMPUTATION = {
    "plan": "nx-ankangbao", "cover": {"effective": "2026-03-01", "until": "2027-02-28"},
    "event": {"kind": "diagnosis", "icd10": "C50.900", "behaviour": "3", "specimen_on": "2026-04-20",
              "diagnosed_on": "2026-04-25", "stays": [{"days": 10}, {"days": 5}]}, "paid": []}


class Number(BaseModel):
    """An identity number to check."""

    model_config = example(number="11010519491231002X")

    number: str


class Amount(BaseModel):
    """An amount and its words."""

    amount: str
    words: str


class Plan(BaseModel):
    """One wording of one plan."""

    plan: str
    version: date
    name: str
    office: str
    office_name: str
    route: str
    insurer: str | None
    kinds: list[str]
    digest: str
    proposed_by: str | None = None      # of a wording that two persons released; the program's own has none
    released_by: str | None = None
    released_on: date | None = None


class Count(BaseModel):
    """A due day and how it was counted."""

    due: date
    words: str
    provisional: bool
    start: date
    days: int
    raw_last: date
    calendar: str


class Band(BaseModel):
    """Where an event falls."""

    plan: str
    effective: date
    event: date
    renewal: bool
    band: str
    day: int
    borderline: bool


@router.get("/plans", response_model=list[Plan], summary="全部计划与版本")
def plans(call: Reading) -> list[dict[str, object]]:
    """Every version of every plan."""
    return answers.plan_list()


@router.get("/plans/{plan}", summary="一份规则的全部内容")
def plan(call: Reading, plan: str, version: date | None = None) -> dict[str, Any]:
    """Amounts, clauses, papers, chain, clocks; the newest wording when no version is named."""
    return answers.plan_show(plan, version)


@router.get("/plans/{plan}/schema", summary="报案事实的 JSON Schema、表单字段和材料清单")
def plan_schema(call: Reading, plan: str, version: date | None = None) -> dict[str, Any]:
    """Grown from the rule-book."""
    return answers.plan_schema(plan, version)


@router.post("/compute", summary="试算：一项申领应付多少，逐步写明依据")
def compute(call: Doing, words: Annotated[dict[str, Any], Body(examples=[COMPUTATION])]) -> dict[str, Any]:
    """Input and output in the words of the vocabulary; nothing is kept, so a repeat gives the same answer."""
    return answers.compute(words).to_dict()


@router.post("/compute/worksheet", summary="试算工作底稿：每一步的依据、所用事实和证明材料，不给付的原因，告知会员的话")
def compute_worksheet(call: Doing, words: Annotated[dict[str, Any], Body(examples=[COMPUTATION])]) -> dict[str, Any]:
    """As `/compute`, for the reviewer: rule version and digest, rows with clause and readings, why-not with its facts."""
    return answers.compute_worksheet(words)


@router.get("/days/add", response_model=Count, summary="自起算日次日起第几个工作日（或自然日）")
def days_add(call: Reading, start: date, days: Annotated[int, Query(ge=1, le=3660)],
             calendar_days: bool = False) -> dict[str, object]:
    """The start day is not counted."""
    return answers.days_add(start, days, calendar_days=calendar_days)


@router.get("/days/report", response_model=Count, summary="十日内报案的最后一天")
def days_report(call: Reading, diagnosed_on: date) -> dict[str, object]:
    """Calendar days; the last day rolls past days off."""
    return answers.days_report(diagnosed_on)


@router.get("/days/waiting", response_model=Band, summary="事件落在观察期哪一档，是否在边界上")
def days_waiting(call: Reading, plan: str, effective: date, event: date, renewal: bool = False) -> dict[str, object]:
    """The effective day is day 1."""
    return answers.days_waiting(plan, effective, event, renewal=renewal)


@router.get("/words", response_model=Amount, summary="金额的人民币大写")
def words(call: Reading, amount: Annotated[str, Query(examples=["72177.37"])]) -> dict[str, str]:
    """Yuan with at most two decimals."""
    value: Decimal = parse_yuan(amount, field="amount")
    return {"amount": amount, "words": answers.amount_words(value)}


@router.post("/identity/check", summary="核对身份证号码")
def identity(call: Doing, number: Number) -> dict[str, Any]:
    """By POST, so that the number stays out of addresses and logs; nothing is kept."""
    return answers.identity(number.number)
