"""What governs each clock of a plan: budget, what starts, pauses and stops it, who is told when."""

from __future__ import annotations

from datetime import date

from fastapi import APIRouter
from pydantic import BaseModel, Field

from services.api.calls import Reading
from services.core.clock import business_day
from services.releases.clock_policy import Post, Rung
from services.reporting.clock_policies import Line, Since, plan_lines

router = APIRouter(tags=["计划与计算"])


class ReleaseView(BaseModel):
    """A released change of the policy."""

    effective_on: date
    org_key: str
    proposed_by: str
    released_by: str
    names: list[str] = Field(description="改了哪些项")


class ClockPolicyView(BaseModel):
    """One clock of a plan as it is watched at the caller's organisation today."""

    kind: str
    basis: str = Field(description="law 法定，promised 条款或承诺，ours 内部")
    watched: bool
    days: int | None = Field(description="预算天数；None 为另有来源（审核层级）")
    day_kind: str | None
    origin: str | None
    clause: str | None
    begins: str
    starts: list[str]
    pauses: list[str]
    stops: list[str]
    warn: list[float]
    ladder: list[Rung]
    owner: Post | None = Field(description="None 为该审核层级本身")
    cutoff: str
    since: ReleaseView | None
    coming: list[ReleaseView]


@router.get("/plans/{plan}/clocks", summary="一个计划的各个时限：预算、起止、提醒、上报、负责人、依据和变更")
def clock_policies(call: Reading, plan: str) -> list[ClockPolicyView]:
    """At the caller's organisation, on the business day."""
    lines = call.read(lambda session: plan_lines(session, plan=plan, org_key=call.actor.org_key, on=business_day(call.now)))
    return [_view(line) for line in lines]


def _view(line: Line) -> ClockPolicyView:
    rule, policy = line.rule, line.policy
    return ClockPolicyView(
        kind=line.kind, basis=policy.basis, watched=policy.watched, days=rule.days if rule else policy.days,
        day_kind=rule.kind if rule else None, origin=rule.origin if rule else None, clause=rule.clause if rule else None,
        begins=line.begins, starts=list(line.starts), pauses=list(line.pauses), stops=list(line.stops), warn=list(policy.warn),
        ladder=list(policy.ladder), owner=policy.owner, cutoff=policy.cutoff, since=_release(line.since) if line.since else None,
        coming=[_release(one) for one in line.coming])


def _release(one: Since) -> ReleaseView:
    return ReleaseView(effective_on=one.effective_on, org_key=one.org_key, proposed_by=one.proposed_by, released_by=one.released_by,
                       names=list(one.names))
