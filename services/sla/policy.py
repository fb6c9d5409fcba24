"""How a clock is watched: shares, ladder, owner, cut-off hour; the file's, changed by what an office has released. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import ValidationError, model_validator

from services.core.clock import CHINA
from services.core.errors import ConfigError
from services.releases.clock_policy import ALL_PLANS, KINDS, ClockChange, Post, Rung, Shares, Strict, Watched
from services.rulebook.parts import ClockRule
from services.rulebook.validation import explained
from services.workdays.calendar import DAY

FILE = Path(__file__).with_name("policy.yaml")
STEP = "step"                   # the owner is whoever the review level waits for
NO_CUTOFF = "24:00"
PROMISE = "服务承诺"
What = Literal["warned", "breached", "escalated"]


class Policy(Strict):
    """One kind of clock, whole. `owner` None: `watched` is false, or the review level's own (`by_step`). `days`: an office's
    budget in place of the plan's; None keeps the plan's.
    """

    kind: str
    basis: Literal["law", "promised", "ours"]
    watched: bool = True
    warn: Shares = ()
    ladder: tuple[Rung, ...] = ()
    owner: Post | None = None
    by_step: bool = False
    cutoff: str = NO_CUTOFF
    days: int | None = None

    @model_validator(mode="after")
    def _somebody_is_told(self) -> Policy:
        if self.watched and self.owner is None and not self.by_step:
            raise ValueError("须写明由谁负责（owner）")
        return self

    @property
    def id(self) -> str:
        """What a clock pins: changes with anything that matters to a running clock."""
        return _id(self)

    def changed(self, change: Watched) -> Policy:
        """With what the change names; the rest stays."""
        named = {name: value for name in ("warn", "ladder", "cutoff") if (value := getattr(change, name)) is not None}
        if change.owner is not None:
            named |= {"owner": change.owner, "by_step": False}
        if isinstance(change, ClockChange) and change.days is not None:
            named |= {"days": change.days}
        return self.model_copy(update=named)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happens to a running clock: the `nth` warning, the breach, the `nth` rung. `role` empty: the level's own."""

    what: What
    nth: int
    role: str
    at: str


@dataclass(frozen=True, slots=True)
class Changed:
    """A released change with where and since when it holds; later ones lie over earlier ones, nearer over farther."""

    effective_on: date
    org_key: str
    answered_at: datetime
    change: ClockChange


@lru_cache(maxsize=4096)
def _id(policy: Policy) -> str:
    return hashlib.sha256(body(policy).encode()).hexdigest()[:12]


@lru_cache(maxsize=4096)
def body(policy: Policy) -> str:
    """The policy as JSON, with its steps, as it is pinned."""
    told = policy.model_dump(mode="json") | {"steps": [[step.what, step.nth, step.role, step.at] for step in steps(policy)]}
    return json.dumps(told, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


@lru_cache(maxsize=4096)
def steps(policy: Policy) -> tuple[Step, ...]:
    """What will happen, in order; nothing to a clock that is not watched."""
    if not policy.watched:
        return ()
    role, at = (policy.owner.role, policy.owner.at) if policy.owner else ("", "")
    return (*(Step("warned", nth, role, at) for nth in range(1, len(policy.warn) + 1)), Step("breached", 1, role, at),
            *(Step("escalated", nth, rung.role, rung.at) for nth, rung in enumerate(policy.ladder, 1)))


@lru_cache(maxsize=1)
def policies() -> Mapping[str, Policy]:
    """The file's, by kind. ConfigError naming the key when anything in it is unknown, missing or out of order."""
    return read(FILE.read_text("utf-8"))


def read(text: str) -> dict[str, Policy]:
    """A file's text."""
    try:
        data = yaml.safe_load(text)
        clocks, cutoff = dict(data.pop("clocks")), str(data.pop("cutoff"))
    except (yaml.YAMLError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise _malformed("clocks", str(error)) from None
    if wrong := sorted({*data} | set(clocks) ^ set(KINDS)):
        raise _malformed(str(wrong[0]), "不认识的键，或缺少这一时限")
    return {kind: _policy(kind, dict(given), cutoff) for kind, given in clocks.items()}


def _policy(kind: str, given: dict[str, object], cutoff: str) -> Policy:
    by_step = given.get("owner") == STEP
    try:
        if by_step:
            del given["owner"]
        Watched.model_validate({name: given.get(name) for name in ("warn", "ladder", "owner")} | {"cutoff": given.get("cutoff", cutoff)})
        return Policy.model_validate({"cutoff": cutoff, **given, "kind": kind, "by_step": by_step})
    except ValidationError as error:
        first = error.errors()[0]
        raise _malformed(".".join([kind, *map(str, first["loc"])]), explained(first)) from None


def _malformed(field: str, why: str) -> ConfigError:
    return ConfigError("clock_policy_malformed", f"时限政策文件有误：{field}：{why}", remedy="对照文件开头的说明改正",
                       field=f"policy.{field}")


def in_force(kind: str, plan: str, org_key: str, on: date, changes: Iterable[Changed]) -> Policy:
    """The policy that holds for a plan's clock at an organisation on a day."""
    found = [one for one in changes if one.change.kind == kind and one.change.plan in (ALL_PLANS, plan) and one.effective_on <= on
             and org_key.startswith(one.org_key)]
    policy = policies()[kind]
    for one in sorted(found, key=lambda one: (one.effective_on, len(one.org_key), one.change.plan != ALL_PLANS, one.answered_at)):
        policy = policy.changed(one.change)
    return policy


def budget(rule: ClockRule, policy: Policy) -> ClockRule:
    """The rule with the office's own days, where it has released any. Never longer than a budget that is not its own."""
    if policy.days is None or policy.days == rule.days or (rule.origin != "ours" and policy.days > rule.days):
        return rule
    if rule.origin == "ours":
        return rule.model_copy(update={"days": policy.days})
    return rule.model_copy(update={"days": policy.days, "origin": "promise", "clause": PROMISE})


def received_on(policy: Policy, day: date, now: datetime) -> date:
    """The day on which what comes in now counts as received: from the cut-off hour on the next one, whatever day that is.

    The day itself is never counted (民法典第二百零一条), so it need not be a working day. A `day` that is not today's was given by a
    paper or the bank and stands.
    """
    local = now.astimezone(CHINA)
    late = policy.cutoff != NO_CUTOFF and day == local.date() and local.time() >= time.fromisoformat(policy.cutoff)
    return day + DAY if late else day
