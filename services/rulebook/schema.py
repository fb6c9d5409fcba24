"""The rule-book: everything one wording of one plan says, frozen, with clause and origin beside each number."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from services.rulebook.facts import FACTS
from services.rulebook.flow import StepError, check_factor, check_yuan, shapes
from services.rulebook.joining import Eligible, Fee, Participation, PayerBan, Shares, Term
from services.rulebook.parts import (
    Bands,
    Banks,
    Benefit,
    ClockRule,
    EventKind,
    Letters,
    Level,
    ListRule,
    OncePer,
    OneOf,
    PaperRule,
    PlanFlag,
    Question,
    Requires,
    Total,
    Waiting,
    holds,
    looked_up,
)
from services.rulebook.values import Day, FactName, Frozen, Name, Value, Words, nearest

__all__ = ["Bands", "Banks", "Benefit", "ClockRule", "Level", "ListRule", "PaperRule", "RuleBook"]


def _rows(raw: object) -> object:
    return tuple(raw) if isinstance(raw, list) else raw


def dates(fact: str) -> bool:
    """Whether a fact can date an event: a day, or the year of a medical year."""
    return FACTS[fact].type == "date" or fact == "event.year"


def _dating(fact: str) -> str:
    if not dates(fact):
        days = [name for name, spec in FACTS.items() if spec.type == "date" and name.startswith("event.")]
        raise ValueError(f"{fact}（{FACTS[fact].label}）不是日期，应为 {'、'.join([*days, 'event.year'])} 等")
    return fact


Dating = Annotated[FactName, AfterValidator(_dating)]


def _dated_by(raw: object) -> object:
    return (raw,) if isinstance(raw, str) else _rows(raw)


class RuleBook(Frozen):
    """One wording of one plan from one date.

    Money in yuan. `dated_by` lists facts: the first that is stated is the decisive date. `until` is the last day of a
    plan that was closed. `digest` is the SHA-256 of the file's bytes. Collections are read-only by convention.
    """

    plan: str = Field(pattern=r"^[a-z]{2,}(-[a-z0-9]+)+$")
    name: Name
    office: str = Field(pattern=r"^[a-z]+$")
    office_name: Name
    insurer: Name | None = None
    from_: Day = Field(alias="from")
    until: Day | None = None
    source: Name
    dated_by: Annotated[tuple[Dating, ...], BeforeValidator(_dated_by), Field(min_length=1)]
    dated_clause: str = ""
    mode: Literal["event", "year_to_date"]
    route: Literal["office", "insurer"]
    kinds: Annotated[tuple[EventKind, ...], BeforeValidator(_rows), Field(min_length=1)]
    term: Term = Term()
    fee: Fee
    shares: Shares = Shares()
    eligible: Eligible = Eligible()
    payer_ban: PayerBan | None = None
    participation: Participation | None = None
    waiting: Waiting | None = None
    bands: Bands | None = None
    lists: dict[str, ListRule] = {}
    benefits: dict[str, Benefit]
    one_of: Annotated[tuple[OneOf, ...], BeforeValidator(_rows)] = ()
    total: Total | None = None
    requires: Requires | None = None
    once_per: OncePer | None = None
    flags: Annotated[tuple[PlanFlag, ...], BeforeValidator(_rows)] = ()
    exclusions: Words = ()
    questions: dict[str, Question] = {}
    bundle: Words = ()
    bundle_amounts: Literal["components", "manual"] = "components"
    papers: Annotated[tuple[PaperRule, ...], BeforeValidator(_rows)]
    chain: Annotated[tuple[Level, ...], BeforeValidator(_rows), Field(min_length=1)]
    clocks: dict[str, ClockRule]
    banks: Banks = Banks()
    letters: Letters = ()
    digest: str

    def __repr__(self) -> str:
        return f"<RuleBook {self.plan} {self.version}>"

    @property
    def version(self) -> str:
        """The date that names this wording, `2019-01-03`."""
        return self.from_.isoformat()

    def required_papers(self, facts: Mapping[str, object]) -> list[PaperRule]:
        """The papers this event must have. `facts`: dotted names, or the nested words of a computation."""
        return [paper for paper in self.papers if paper.required
                and all(holds(condition, looked_up(facts, condition.fact)) for condition in paper.when or ())]

    def levels_for(self, amount: Decimal) -> tuple[Level, ...]:
        """The levels that certify or review a claim of this amount (yuan), in order."""
        return tuple(level for level in self.chain if level.act != "informed" and level.applies(amount))

    def bank_allowed(self, code: str) -> bool:
        """Whether the payee bank is on the plan's list; a plan without a list takes any."""
        return not self.banks.allow or code in self.banks.allow

    def fee_due(self, shares: int = 1, tier: str | None = None, high_risk: bool = False) -> Decimal:
        """The fee in yuan of one cover. InputError (`cover.tier`) when the fee hangs on a tier that is not stated."""
        return self.fee.due(shares, tier, high_risk)

    def closed_by(self, benefit: str) -> frozenset[str]:
        """The benefits that a payment of `benefit` ends."""
        rule = self.benefits.get(benefit)
        if rule is None:
            return frozenset()
        return frozenset(self.benefits) if rule.ends == ("all",) else frozenset(rule.ends)

    @model_validator(mode="after")
    def _names_resolve(self) -> RuleBook:
        for name, benefit in self.benefits.items():
            try:
                shapes(benefit.steps)
            except ValueError as error:
                at = f".{error.index}" if isinstance(error, StepError) and error.index is not None else ""
                raise ValueError(f"benefits.{name}.steps{at}：{error}") from None
            for condition in benefit.when:
                _known(f"benefits.{name}.when.list", condition.any_of if condition.fact == "list" else (), self.lists)
                bands = self.bands.ranges if self.bands else {}
                _known(f"benefits.{name}.when.band", condition.any_of if condition.fact == "band" else (), bands)
            _known(f"benefits.{name}.ends", tuple(end for end in benefit.ends if end != "all"), self.benefits)
            for index, step in enumerate(benefit.steps):
                _known(f"benefits.{name}.steps.{index}.with", getattr(step, "with_", ()), self.benefits)
        for group in self.one_of:
            _known("one_of", group.benefits, self.benefits)
        _fits("total.cap", check_yuan, self.total.cap if self.total else None)
        _fits("total.times", check_factor, self.total.times if self.total else None)
        _fits("waiting.amount", check_yuan, self.waiting.amount if self.waiting else None)
        if self.bands and self.bands.renewal:
            _known("bands.renewal", (self.bands.renewal,), self.bands.ranges)
        if self.until is not None and self.until < self.from_:
            raise ValueError(f"until：停办日期 {self.until} 早于 from {self.from_}")
        if (self.route == "insurer") != (self.insurer is not None):
            raise ValueError("route 为 insurer 时要写 insurer，且只有此时写")
        return self


def _fits(key: str, check: Callable[[Value], None], value: Value | None) -> None:
    try:
        if value is not None:
            check(value)
    except ValueError as error:
        raise ValueError(f"{key}：{error}") from None


def _known(where: str, words: tuple[str, ...], known: Mapping[str, object]) -> None:
    for word in words:
        if word not in known:
            near = nearest(word, list(known))
            raise ValueError(f"{where}：不认识“{word}”" + (f"，最接近的是 {near}" if near else ""))
