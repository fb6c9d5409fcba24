"""A dated change of how clocks are watched: what it may say, and which budgets it may touch. Pure.

Payload: {"plan": a plan or "*", "kind": a clock, and at least one of "days", "warn", "ladder", "owner", "cutoff"}. What it does not
name stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from services.access.actor import FINANCE, OFFICE, Role
from services.core.errors import InputError
from services.rulebook import registry
from services.rulebook.parts import ClockRule
from services.rulebook.validation import explained

# Every kind of clock that runs. `finance`, `bank` and `limitation` of the rule-books are told in letters, no clock of theirs runs.
KINDS = ("report", "first_notice", "verification", "level", "supplement", "pay", "refusal_letter", "assessment", "insurer_pay", "agreement",
         "advance", "objection")
# Clocks that count the same rule twice, from another start: the insurer's own 15 days from its complete file.
SAME_RULE = {"insurer_pay": "pay"}
ALL_PLANS = "*"
MOST_DAYS = 365
PLACES = ("unit", "district", "office", "nation")
ROLES = tuple(role.value for role in Role if role in OFFICE | FINANCE | {Role.UNIT_CLERK, Role.DISTRICT_REVIEWER})
# The end of an office's day: an hour of the morning would give every clock, statutory ones too, a day more.
_HOUR = re.compile(r"(1[2-9]|2[0-3]):[0-5]\d|24:00")
# Days that a member has, not the office: no shorter than the plan says, where it is the plan that says so.
MEMBERS = ("report", "supplement", "objection")
_FIELDS = ("days", "warn", "ladder", "owner", "cutoff")

Place = Literal["unit", "district", "office", "nation"]
Shares = tuple[Annotated[float, Field(gt=0, le=1)], ...]


class Strict(BaseModel):
    """Immutable, no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Post(Strict):
    """A role at a level of the tree, found on the way from the claim's unit upwards."""

    model_config = ConfigDict(json_schema_extra={"example": {"role": "head", "at": "office"}})

    role: str
    at: Place

    @field_validator("role")
    @classmethod
    def _known(cls, role: str) -> str:
        if role not in ROLES:
            raise ValueError(f"不认识的角色“{role}”，应为 {'、'.join(ROLES)} 之一")
        return role


class Rung(Post):
    """So many days past the due day the promise goes up to this post."""

    model_config = ConfigDict(json_schema_extra={"example": {"role": "head", "at": "office", "after": 3, "days": "working"}})

    after: Annotated[int, Field(ge=1, le=MOST_DAYS)]
    days: Literal["working", "calendar"] = "working"


class Watched(Strict):
    """How a clock is watched; None in a change: stays as it is."""

    warn: Shares | None = None
    ladder: tuple[Rung, ...] | None = None
    owner: Post | None = None
    cutoff: str | None = None

    @field_validator("warn")
    @classmethod
    def _ascending(cls, warn: Shares | None) -> Shares | None:
        if warn and any(later <= earlier for earlier, later in pairwise(warn)):
            raise ValueError("提醒比例须由小到大，不能重复")
        return warn

    @field_validator("ladder")
    @classmethod
    def _upwards(cls, ladder: tuple[Rung, ...] | None) -> tuple[Rung, ...] | None:
        rungs = ladder or ()
        if len({rung.days for rung in rungs}) > 1:
            raise ValueError("同一上报阶梯的天数须同为工作日或同为自然日")
        if any(later.after <= earlier.after for earlier, later in pairwise(rungs)):
            raise ValueError("上报阶梯的天数须由少到多，不能重复")
        return ladder

    @field_validator("cutoff")
    @classmethod
    def _hour(cls, cutoff: str | None) -> str | None:
        if cutoff is not None and not _HOUR.fullmatch(cutoff):
            raise ValueError("截止时刻的写法如 17:00，不早于 12:00；24:00 为不设")
        return cutoff


class ClockChange(Watched):
    """One change, checked against the budgets of the plans."""

    plan: str
    kind: str
    days: Annotated[int, Field(ge=1, le=MOST_DAYS)] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> ClockChange:
        if all(getattr(self, name) is None for name in _FIELDS):
            raise ValueError("没有写要改什么")
        return self


def checked(payload: Mapping[str, object]) -> dict[str, object]:
    """The payload as it will be kept. InputError (field "payload.…") with what is wrong."""
    change = read(payload)
    if change.kind not in KINDS:
        raise _wrong("kind", f"不认识的时限“{change.kind}”", f"可用：{'、'.join(KINDS)}")
    rules = _rules(change.plan, change.kind)
    if change.days is not None:
        _require_no_longer(change.days, change.kind, rules)
        _require_members_days(change.days, change.kind, rules)
    kept: dict[str, object] = change.model_dump(mode="json", exclude_none=True)
    return kept


def read(payload: Mapping[str, object]) -> ClockChange:
    """The payload as a change. InputError when it is none."""
    try:
        return ClockChange.model_validate(payload)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "kind"
        raise _wrong(name, explained(first), "改正后再提交") from None


def _rules(plan: str, kind: str) -> list[ClockRule]:
    """The rules of this clock in every wording meant."""
    books = [book for book in registry.plans() if plan in (ALL_PLANS, book.plan)]
    if not books:
        raise _wrong("plan", f"没有计划“{plan}”", "核对计划代码；全部计划写 *")
    return [rule for book in books if (rule := book.clocks.get(SAME_RULE.get(kind, kind)))]


def _require_no_longer(days: int, kind: str, rules: list[ClockRule]) -> None:
    """Only the office's own budgets (`ours`) may grow. A shorter one is a promise, and fine."""
    if kind != "level" and not any(rule.days for rule in rules):
        raise _wrong("days", "所选计划没有这一时限的天数", "核对计划和时限")
    shortest = min((rule for rule in rules if rule.origin != "ours" and rule.days), key=lambda rule: rule.days, default=None)
    if shortest is not None and days > shortest.days:
        raise _wrong("days", f"不能延长：{shortest.clause}规定{shortest.days}{'个工作日' if shortest.kind == 'working' else '日'}",
                     "可以缩短，作为更高的服务承诺；办事处内部时限可以延长")


def _require_members_days(days: int, kind: str, rules: list[ClockRule]) -> None:
    longest = max((rule for rule in rules if rule.origin != "ours"), key=lambda rule: rule.days, default=None)
    if kind in MEMBERS and longest is not None and days < longest.days:
        raise _wrong("days", f"不能缩短：{longest.clause}给会员{longest.days}{'个工作日' if longest.kind == 'working' else '日'}",
                     "这是会员的期限，不因办事处的规定缩短")


def _wrong(field: str, message: str, remedy: str) -> InputError:
    return InputError("clock_policy", message, remedy=remedy, field=f"payload.{field}")
