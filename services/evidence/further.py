"""A further list of one round: prepared by whoever found it necessary, released or declined by a senior."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from services.access.actor import Actor, Role
from services.audit import service as audit
from services.audit.chain import Entry
from services.core.errors import Conflict, InputError, NotPermitted
from services.core.ids import uuidv7
from services.evidence import asked, supplements
from services.evidence.papers import VERIFIERS
from services.intake.queries import claim_for
from services.lifecycle.apart import require_apart
from services.models import Claim, FurtherList, Supplement
from services.rulebook import registry
from statemachines.states import ClaimState
from statemachines.words import state_words

Items = Sequence[Mapping[str, str]]
SENIORS = (Role.SENIOR_REVIEWER, Role.HEAD)
ASKED_IN = frozenset({ClaimState.REPORTED, ClaimState.VERIFIED, ClaimState.IN_REVIEW})


def waiting(session: Session, claim_id: uuid.UUID) -> FurtherList | None:
    """The prepared list that waits for a senior."""
    return session.exec(select(FurtherList).where(FurtherList.claim_id == claim_id, col(FurtherList.outcome).is_(None))).first()


def latest(session: Session, claim_id: uuid.UUID, round_: int) -> FurtherList | None:
    """The newest prepared list of a round, whatever became of it."""
    return session.exec(select(FurtherList).where(FurtherList.claim_id == claim_id, FurtherList.round == round_)
                        .order_by(col(FurtherList.prepared_at).desc(), col(FurtherList.id).desc())).first()


def prepare(session: Session, *, claim_id: uuid.UUID, items: Items, reason: str, actor: Actor, now: datetime) -> FurtherList:
    """Hand a further list to a senior, with why it could not be asked at once; one prepared before is replaced.

    Conflict when this round has no list yet (it is simply asked), or the claim's state asks for nothing.
    """
    actor.require(*VERIFIERS, what="准备补充清单")
    claim = claim_for(session, claim_id, actor)
    require_apart(session, [claim.id], actor)
    session.refresh(claim, with_for_update=True)
    if not reason.strip():
        raise InputError("reason_missing", "再次告知须写明理由", remedy="写明为什么第一次没有一并告知", field="reason")
    if claim.state not in ASKED_IN:
        raise Conflict("event_not_allowed", f"案件现在是“{state_words('claim', claim.state)}”，不能准备补充清单", remedy="刷新后核对")
    if session.exec(select(Supplement.id).where(Supplement.claim_id == claim.id, Supplement.round == claim.round,
                                                Supplement.source == "union")).first() is None:
        raise Conflict("first_list", "本轮还没有告知过补充材料", remedy="直接列出并告知")
    if actor.account_id is None or actor.person_id is None:
        raise NotPermitted("person_unknown", "补充清单须由具体人员准备", remedy="用本人账号办理")
    listed = asked.items(registry.version(claim.plan, claim.plan_from), items)
    earlier = waiting(session, claim.id)
    if earlier is not None:
        earlier.outcome = "dropped"
        session.add(earlier)
        session.flush()
    made = FurtherList(id=uuidv7(), org_key=claim.org_key, claim_id=claim.id, round=claim.round, items=listed, reason=reason.strip(),
                       prepared_by=actor.account_id, prepared_person=actor.person_id, prepared_at=now)
    session.add(made)
    session.flush()
    _record(session, claim, made, "prepare", {"papers": [item["paper"] for item in listed], "reason": made.reason}, actor, now)
    return made


def release(session: Session, *, claim_id: uuid.UUID, version: int | None = None, items: Items, reason: str, actor: Actor,
            now: datetime) -> Supplement:
    """A senior asks for what was prepared, as it is or bettered: the list goes out (guard `list_already_given`)."""
    claim = claim_for(session, claim_id, actor)
    session.refresh(claim, with_for_update=True)
    prepared = waiting(session, claim.id)
    if prepared is None:
        raise Conflict("nothing_prepared", "没有待复审的补充清单", remedy="刷新后核对")
    made = supplements.ask(session, claim_id=claim.id, version=version, items=items, reason=reason or prepared.reason, actor=actor, now=now)
    _answered(session, claim, prepared, "released", "", actor, now)
    prepared.supplement_id = made.id
    session.add(prepared)
    session.flush()
    return made


def decline(session: Session, *, claim_id: uuid.UUID, words: str, actor: Actor, now: datetime) -> FurtherList:
    """A senior does not ask again, and says why; the claim goes on with what is there."""
    actor.require(*SENIORS, what="复审补充清单")
    claim = claim_for(session, claim_id, actor)
    require_apart(session, [claim.id], actor)
    session.refresh(claim, with_for_update=True)
    prepared = waiting(session, claim.id)
    if prepared is None:
        raise Conflict("nothing_prepared", "没有待复审的补充清单", remedy="刷新后核对")
    if not words.strip():
        raise InputError("reason_missing", "不再次告知须写明理由", remedy="写明按现有材料怎样办理", field="reason")
    _answered(session, claim, prepared, "declined", words.strip(), actor, now)
    return prepared


def _answered(session: Session, claim: Claim, prepared: FurtherList, outcome: str, words: str, actor: Actor, now: datetime) -> None:
    prepared.outcome, prepared.answer, prepared.answered_by, prepared.answered_at = outcome, words or None, actor.account_id, now
    session.add(prepared)
    session.flush()
    event = {"released": "release", "declined": "decline"}[outcome]
    _record(session, claim, prepared, event, {"words": words} if words else {}, actor, now)


def _record(session: Session, claim: Claim, row: FurtherList, event: str, details: dict[str, object], actor: Actor, now: datetime) -> None:
    audit.append(session, [Entry(claim.id, claim.org_key, "further_list", row.id, event, details=details)],
                 account=actor.account_id, person=actor.person_id, at=now)
