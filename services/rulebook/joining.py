"""Who may join a plan and what that costs: eligibility, participation of the unit, fee, shares, term."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from services.core.errors import InputError
from services.rulebook.values import AgeRange, Const, Number, Sourced, Table, When, Words, listed, read_value

# Whom a cover may be for: the employee, or (where a plan says so) the wife or a child.
Relation = Literal["employee", "wife", "child"]
Part = Annotated[Number, Field(gt=0, le=1)]
People = Annotated[int | None, Field(ge=1, le=10_000_000)]


def _fee_amount(raw: object) -> object:
    value = read_value(raw)
    leaves = [*value.cases.values(), value.otherwise] if isinstance(value, Table) else [value]
    if not all(leaf is None or isinstance(leaf, Const) for leaf in leaves):
        raise ValueError("费用要写成一个数，或按 cover.tier 的表，每档一个数")
    if isinstance(value, Table) and value.by != "cover.tier":
        raise ValueError("费用的表只能按 cover.tier")
    if isinstance(value, Table) and value.otherwise is not None:
        raise ValueError("费用的表不能有 else：每个档次都要写明")
    return value


FeeAmount = Annotated[Const | Table, BeforeValidator(_fee_amount)]


class Fee(Sourced):
    """Yuan per person and term, or per share: a number, or a table by `cover.tier`. `high_risk` is for dangerous work."""

    amount: FeeAmount
    high_risk: FeeAmount | None = None
    per: Literal["person", "share"] = "person"

    def due(self, shares: int = 1, tier: str | None = None, high_risk: bool = False) -> Decimal:
        """Yuan of one cover. InputError (`cover.tier`) when the fee hangs on a tier that is not stated or unknown."""
        amount = self.high_risk if high_risk and self.high_risk is not None else self.amount
        if isinstance(amount, Table):
            leaf = amount.cases.get(tier or "")
            if not isinstance(leaf, Const):
                raise InputError("wrong_value", f"cover.tier：“{tier or '（缺）'}”不是本计划的档次，应为 {'、'.join(amount.cases)}",
                                 remedy="补上或改正 cover.tier", field="cover.tier")
            amount = leaf
        return amount.number * (shares if self.per == "share" else 1)

    def most(self, shares: int = 1) -> Decimal:
        """The highest fee in yuan of one cover, whatever its tier and work."""
        leaves = [leaf for amount in (self.amount, self.high_risk) if amount is not None
                  for leaf in (amount.cases.values() if isinstance(amount, Table) else [amount])]
        return max(leaf.number for leaf in leaves if isinstance(leaf, Const)) * (shares if self.per == "share" else 1)


class Participation(Sourced):
    """How many of a unit must join: a share of its `of`, or all of them in a small unit (reading A-46).

    `all_below: 30` is 少于30人 (30 excluded); `all_up_to: 100` is 100人以下 (100 included, 民法典 1259).
    """

    share: Part
    of: Literal["staff", "women", "parents"] = "staff"
    all_below: People = None
    all_up_to: People = None

    def required(self, people: int) -> int:
        """The least number of participants in a unit with so many people of that kind."""
        small = ((self.all_below is not None and people < self.all_below)
                 or (self.all_up_to is not None and people <= self.all_up_to))
        return people if small else math.ceil(people * self.share)


class Shares(Sourced):
    """The most shares one person may hold."""

    max: Annotated[int, Field(ge=1, le=100)] = 1


class Term(Sourced):
    """Length of one cover."""

    years: Annotated[int, Field(ge=1, le=10)] = 1


class Eligible(Sourced):
    """Who may be covered; ages are completed years on the effective day.

    `healthy` is words only: it is printed for people, and no computation asks for anybody's health.
    """

    sex: Literal["F", "M"] | None = None
    healthy: bool | None = None
    age: AgeRange | None = None
    renewal_age: AgeRange | None = None
    relation: Annotated[tuple[Relation, ...], BeforeValidator(listed)] = ()
    when: When = ()


class PayerBan(Sourced):
    """Payers whose money may not buy this cover.

    `payers` is words only: that the ban stands is what refuses a payment out of public money.
    """

    payers: Words
