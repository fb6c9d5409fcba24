"""What closed claims would have come to under a rule-book that is proposed and not yet released."""

from __future__ import annotations

import uuid
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlmodel import Session

from services.api.calls import Reading
from services.core.money import show, to_yuan
from services.reporting.replay import kept, proposed, words
from services.reporting.replay.views import BY_CLAIM, Apart, Replay, Sum

router = APIRouter(tags=["计划与计算"])
_SHOWN = 1000       # claims of one list; the workbook of the page has every one


class ReplaySum(BaseModel):
    """Claims and yuan before and after."""

    key: str
    name: str
    claims: int
    changed: int
    before: str
    after: str
    difference: str


class ReplayClaim(BaseModel):
    """A claim whose amount would change, in yuan."""

    claim_no: str
    year: int | None = Field(description="决定年度；None 为没有决定")
    before: str
    after: str
    difference: str


class ReplayReason(BaseModel):
    """Claims that the file cannot compute, for one reason."""

    code: str
    message: str
    remedy: str
    count: int
    claims: list[str]


class ReplayApart(BaseModel):
    """A claim whose two amounts should be one, in yuan; None: there is no other."""

    claim_no: str
    worksheet: str
    other: str | None
    why: str


class ReplayView(BaseModel):
    """One proposed file against the closed claims in the caller's sight. Lists of claims hold the first thousand."""

    plan: str
    version: str
    digest: str
    basis: Literal["governed", "as_if"] = Field(description="governed 只算施行日期管到的；as_if 假定当时已施行")
    closed: int
    without_sheet: int
    outside: dict[str, int]
    computed: int
    before: str
    after: str
    difference: str
    decided: str
    proven: int = Field(description="按各自原规则重算与冻结金额逐分相等的件数")
    unproven: list[ReplayApart]
    decided_otherwise: list[ReplayApart]
    uncomputed: list[ReplayReason]
    waiting: int
    linked: int
    years: list[ReplaySum]
    benefits: list[ReplaySum]
    ranges: list[ReplaySum]
    changed_count: int
    changed: list[ReplayClaim] = Field(description="差额最大的在前；管理员看不到逐件")
    notes: list[str]


@router.get("/releases/{release_id}/replay", summary="按一件条款提案重算已结案件：合计、分布、变化的案件")
def replay(call: Reading, release_id: uuid.UUID,
           basis: Annotated[Literal["governed", "as_if"] | None, Query(description="不填：施行日期一件也管不到时才假定当时已施行")] = None,
           ) -> ReplayView:
    """Nothing is written. Of a plan of another office: no claims in sight."""
    def run(session: Session) -> Replay:
        given = proposed.of_release(session, release_id, actor=call.actor)
        return kept.replay(session, given.book, actor=call.actor, as_if=None if basis is None else basis == "as_if")
    return _view(call.read(run), by_claim=call.actor.has(*BY_CLAIM))


def _view(found: Replay, *, by_claim: bool) -> ReplayView:
    most = _SHOWN if by_claim else 0
    return ReplayView(
        plan=found.plan, version=found.version, digest=found.digest, basis=found.basis, closed=found.closed,
        without_sheet=found.without_sheet, outside=dict(found.outside), computed=found.computed, before=_yuan(found.before),
        after=_yuan(found.after), difference=_yuan(found.difference), decided=_yuan(found.decided), proven=found.proven,
        unproven=[_apart(one) for one in found.unproven[:most]], decided_otherwise=[_apart(one) for one in found.decided_otherwise[:most]],
        uncomputed=[ReplayReason(code=one.code, message=one.message, remedy=one.remedy, count=len(one.claims),
                                 claims=list(one.claims[:most])) for one in found.uncomputed],
        waiting=len(found.waiting), linked=found.linked, years=[_sum(one, one.key) for one in found.years],
        benefits=[_sum(one, found.names.get(one.key, one.key)) for one in found.benefits],
        ranges=[_sum(one, words.RANGE_WORDS[one.key]) for one in found.ranges], changed_count=len(found.changed),
        changed=[ReplayClaim(claim_no=one.claim_no, year=one.year, before=_yuan(one.before), after=_yuan(one.after),
                             difference=_yuan(one.difference)) for one in found.changed[:most]],
        notes=words.notes(found))


def _sum(row: Sum, name: str) -> ReplaySum:
    return ReplaySum(key=row.key, name=name, claims=row.claims, changed=row.changed, before=_yuan(row.before), after=_yuan(row.after),
                     difference=_yuan(row.difference))


def _apart(one: Apart) -> ReplayApart:
    other = None if one.second is None else _yuan(one.second)
    return ReplayApart(claim_no=one.claim_no, worksheet=_yuan(one.first), other=other, why=one.why)


def _yuan(fen: int) -> str:
    return show(to_yuan(fen))
