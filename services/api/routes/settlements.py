"""Quarters settled at once, for programs that look: the list, and one with its distribution."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlmodel import Session

from services.api.calls import Reading
from services.models import Settlement
from services.settlement.city import queries
from services.settlement.city.queries import Column, Progress
from services.settlement.city.telling import yuan

router = APIRouter(tags=["批量结算"])


class SettlementRow(BaseModel):
    """One settlement; money in yuan. `fault`: why it stands still."""

    id: uuid.UUID
    plan: str
    year: int
    quarter: int
    state: Literal["settling", "settled", "cancelled"]
    fault: str | None
    lines: int = Field(description="涉及会员（按年度）")
    paying: int = Field(description="给付人数")
    due: str
    receivable: str = Field(description="多付待抵")
    started_at: datetime
    ended_at: datetime | None


class SettlementColumn(BaseModel):
    """Lines that pay from `low` up to below `high` yuan."""

    low: str
    high: str | None
    lines: int


class SettlementView(SettlementRow):
    """One settlement with how far it is and how its payments spread."""

    done: int = Field(description="已完成的分区")
    of: int
    rows: int
    bills: int = Field(description="新的或变更的结算单")
    unchanged: int
    unresolved: int
    over_cap: int = Field(description="封顶线以上，年度办理")
    claims: int = Field(description="年末立案")
    distribution: list[SettlementColumn]


@router.get("/settlements", summary="批量结算，新的在前")
def listed(call: Reading, size: Annotated[int, Query(ge=1, le=200)] = 50, before: uuid.UUID | None = None) -> list[SettlementRow]:
    """The newest first; `before`: those older than this one."""
    found = call.read(lambda session: queries.settlements(session, actor=call.actor, size=size, before=before))
    return [SettlementRow(**_row(one)) for one in found]


@router.get("/settlements/{settlement_id}", summary="一次批量结算：进度、结果、分布")
def one(call: Reading, settlement_id: uuid.UUID) -> SettlementView:
    """How far, what came out, how it spreads."""
    def run(session: Session) -> tuple[Settlement, Progress, list[Column]]:
        found = queries.one(session, settlement_id, actor=call.actor)
        return found, queries.progress(session, found.id), queries.distribution(session, found.id)
    found, progress, columns = call.read(run)
    sums = {name: progress.sums[name] for name in ("rows", "bills", "unchanged", "unresolved", "over_cap")}
    return SettlementView(**_row(found), **sums, done=progress.done, of=progress.of, claims=found.claims, distribution=[
        SettlementColumn(low=yuan(column.low), high=None if column.high is None else yuan(column.high), lines=column.lines)
        for column in columns])


def _row(found: Settlement) -> dict[str, object]:
    return {**found.model_dump(include=set(SettlementRow.model_fields) - {"due", "receivable"}),
            "due": yuan(found.due_fen), "receivable": yuan(found.receivable_fen)}
