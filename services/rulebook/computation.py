"""The models of a computation: one plan, one cover, one person, one event, what was already paid.

The same words serve `huzhu compute`, the examples beside a rule-book, the API's preview and the web form.
Money is a decimal string in yuan, dates are YYYY-MM-DD, an unknown key is an error that names the nearest known one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictInt, model_validator

EventKind = Literal["diagnosis", "inpatient", "accident", "property", "medical_year", "settlement", "death",
                    "consolation"]


# Beyond these no sum and no stay is real; both readings compute within them without overflow.
MOST_YUAN, MOST_DAYS = Decimal(10_000_000_000), 36_600


def _day(raw: object) -> object:
    if isinstance(raw, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", raw):
        try:
            return date.fromisoformat(raw)
        except ValueError:
            raise ValueError(f"“{raw}”没有这一天") from None
    if type(raw) is date:
        return raw
    raise ValueError(f"“{raw}”不是日期，应为 YYYY-MM-DD")


def _yuan(raw: object) -> object:
    if isinstance(raw, bool) or not isinstance(raw, str | int | Decimal):
        raise ValueError(f"“{raw}”不是金额，应为 \"12000.00\" 这样的文字")
    try:
        amount = Decimal(raw)
    except InvalidOperation:
        raise ValueError(f"“{raw}”不是金额，应为 \"12000.00\" 这样的文字") from None
    if not amount.is_finite() or not 0 <= amount <= MOST_YUAN or amount != amount.quantize(Decimal("0.01")):
        raise ValueError(f"“{raw}”不是金额，应为 0 至一百亿、最多两位小数的元")
    return amount


def _icd10(raw: object) -> object:
    code = raw.strip() if isinstance(raw, str) else ""
    found = re.fullmatch(r"([A-Za-z]\d\d)\.?([0-9xX]{0,3}[0-9A-Za-z]{0,3})", code)
    if not found:
        raise ValueError(f"“{raw}”不是 ICD-10 编码，应为 C50.900 这样的编码")
    rest = found.group(2).lower()
    return found.group(1).upper() + (f".{rest}" if rest else "")


def _items(raw: object) -> object:
    if not isinstance(raw, list | tuple):
        raise ValueError("应为列表")
    return tuple(raw)


Day = Annotated[date, BeforeValidator(_day)]
Yuan = Annotated[Decimal, BeforeValidator(_yuan)]
Icd10 = Annotated[str, BeforeValidator(_icd10)]
Count = Annotated[StrictInt, Field(ge=0, le=MOST_DAYS)]
Category = Literal["normal", "model_worker", "specially_poor", "hardship"]
Tier = Literal["26", "50", "74", "100", "5", "10", "15"]
Behaviour = Literal["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]


class Word(BaseModel):
    """Base of the input's parts: immutable, strict, no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)


class Cover(Word):
    """One cover: first and last covered day, shares, the fee tier."""

    effective: Day
    until: Day
    renewal: StrictBool = False
    shares: Annotated[StrictInt, Field(ge=1)] = 1
    tier: Tier | None = None
    premium_paid: Yuan | None = None

    @model_validator(mode="after")
    def _ends_after_start(self) -> Cover:
        if self.until < self.effective:
            raise ValueError("until 早于 effective")
        return self


class Person(Word):
    """What a computation may know of the person; no name and no number."""

    category: Category = "normal"
    high_risk_work: StrictBool = False
    born: Day | None = None
    sex: Literal["F", "M"] | None = None
    relation: Literal["employee", "wife", "child"] | None = None


class Stay(Word):
    """One hospital stay: its days, or its first and last date."""

    days: Count | None = None
    from_: Day | None = Field(default=None, alias="from")
    to: Day | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Stay:
        dated = self.from_ is not None and self.to is not None
        if dated == (self.days is not None) or (self.from_ is None) != (self.to is None):
            raise ValueError("每次住院写 days，或写 from 和 to")
        if self.from_ and self.to and self.to < self.from_:
            raise ValueError("to 早于 from")
        return self


class Event(Word):
    """What happened; which fields belong to which kind is the table of `facts.FACTS`."""

    kind: EventKind
    icd10: Icd10 | None = None
    behaviour: Behaviour | None = None
    disease: str | None = None
    severity: Literal["severe", "light", "in_situ", "malignant"] | None = None
    specimen_on: Day | None = None
    diagnosed_on: Day | None = None
    sudden_death: StrictBool | None = None
    stays: Annotated[tuple[Stay, ...], BeforeValidator(_items)] = ()
    own_payment: Yuan | None = None
    setting: Literal["life", "work", "non_work"] | None = None
    on: Day | None = None
    death: StrictBool | None = None
    disability_items: Annotated[tuple[StrictInt, ...], BeforeValidator(_items)] = ()
    disability_grades: Annotated[tuple[StrictInt, ...], BeforeValidator(_items)] = ()
    medical_own_payment: Yuan | None = None
    subsidy_days: Count | None = None
    victim: Literal["member", "child"] | None = None
    cause: Literal["fire", "burst_pipe"] | None = None
    loss: Yuan | None = None
    year: Annotated[StrictInt, Field(ge=2000, le=2100)] | None = None
    outpatient_own_1: Yuan | None = None
    stays_own_1: Annotated[tuple[Yuan, ...], BeforeValidator(_items)] = ()
    over_cap_own_1: Yuan | None = None
    other_reimbursed: Yuan | None = None
    pool_fund_paid: Yuan | None = None
    pool_own: Yuan | None = None
    large_own: Yuan | None = None
    out_of_region: StrictBool | None = None
    amount: Yuan | None = None
    settled_on: Day | None = None


class Paid(Word):
    """A payment this cover already made in the period; `earlier` marks one of a former period (caps for life)."""

    benefit: str
    amount: Yuan
    days: Count = 0
    icd10: Icd10 | None = None
    earlier: StrictBool = False


class OtherCover(Word):
    """Another plan the person is covered by."""

    plan: str
    effective: Day | None = None
    until: Day | None = None


class ManualAmount(Word):
    """A reviewer's amount where the plan gives none, with the reason."""

    amount: Yuan
    reason: Annotated[str, Field(min_length=1)]


def _answer(raw: object) -> object:
    if isinstance(raw, bool) or raw == "suspected":
        return raw
    raise ValueError(f"“{raw}”不对，应为 true、false 或 \"suspected\"")


Answer = Annotated[bool | Literal["suspected"], BeforeValidator(_answer)]


def _covers(raw: object) -> object:
    if not isinstance(raw, list | tuple):
        raise ValueError("应为列表")
    return tuple({"plan": item} if isinstance(item, str) else item for item in raw)


class Computation(Word):
    """One computation, ready for the engine."""

    plan: str
    cover: Cover
    person: Person = Person()
    event: Event
    paid: Annotated[tuple[Paid, ...], BeforeValidator(_items)] = ()
    reported_on: Day | None = None
    covers: Annotated[tuple[OtherCover, ...], BeforeValidator(_covers)] = ()
    exclusions: Mapping[str, Answer] = {}
    manual: Mapping[str, ManualAmount] = {}

