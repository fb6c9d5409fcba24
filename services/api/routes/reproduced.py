"""A claim's decisions made again from what was stored, for whoever answers for them: the head and the auditor."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field

from services.api.calls import Reading
from services.reporting import reproducing
from services.reporting.reproducing import Replayed

router = APIRouter(tags=["质检与回避"])


class LineView(BaseModel):
    """One decision, clock, step or sum: as it was, and as it comes out now."""

    part: str = Field(description="record 记录链；move 办理步骤；benefit 核算表；decision 决定；clock 时限；person 回避；money 款项")
    what: str = Field(examples=["第1轮决定（办事处）"])
    decided: str = Field(description="当时", examples=["给付 5000.00 元"])
    again: str = Field(description="重算", examples=["给付 5000.00 元"])
    agrees: bool


class ReplayView(BaseModel):
    """Every line of one claim, by part. `decided`: whether there is a decision yet; `differing`: how many lines do not come out."""

    claim_no: str
    decided: bool
    differing: int
    lines: list[LineView]


@router.get("/claims/{claim_no}/replay", response_model=ReplayView,
            summary="重现决定：按当时的输入、规则文件和日历重算，逐项比对（查看留痕）")
def replay(call: Reading, claim_no: str) -> ReplayView:
    """What people judged (an amount, a reason) is an input; numbers of persons are not part of it."""
    claim_id = call.note(lambda session: reproducing.looked(session, call.actor, claim_no, now=call.now))
    with call.wiring.db.view(call.wiring.root) as session:      # as `looked` says
        [found] = reproducing.replay(session, [claim_id])
    return _view(found)


def _view(found: Replayed) -> ReplayView:
    return ReplayView(claim_no=found.claim.claim_no, decided=found.decided, differing=len(found.differing), lines=[
        LineView(part=line.part, what=line.what, decided=line.decided, again=line.again, agrees=line.agrees) for line in found.lines])
