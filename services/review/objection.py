"""Objections (异议): lodged against a decision, heard by other people in a new round, withdrawn by the objector."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.access.actor import OFFICE, Actor, Role, system
from services.core.clock import business_day
from services.core.errors import Conflict, GuardFailed, InputError, NotFound
from services.core.ids import uuidv7
from services.core.settings import settings
from services.intake.queries import acts_for_self, claim_for
from services.lifecycle.apart import require_apart
from services.lifecycle.create import create
from services.lifecycle.facts import CLAIM
from services.lifecycle.service import Move, fire
from services.models import Claim, Objection, Paper, Payee, Reopening, SlaClock
from services.review.reopening import MAY_REOPEN, conclude, decided_claim, reopen
from statemachines.states import ObjectionState

LONGEST = 2000
_OPEN = (ObjectionState.LODGED, ObjectionState.ACCEPTED)


def lodge(session: Session, *, claim_id: uuid.UUID, grounds: str, papers: Collection[uuid.UUID] = (),
          late_reason: str | None = None, actor: Actor, now: datetime) -> Objection:
    """Object to the present decision, by the member, kin or proxy, or typed in by a clerk. `papers` lie on the claim.

    Late is a flag that asks for `late_reason`, never a bar. Conflict: not decided, or another objection is open.
    """
    actor.require(Role.MEMBER, Role.UNIT_CLERK, *sorted(OFFICE), what="提出异议")
    claim = claim_for(session, claim_id, actor)
    words = _words(grounds)
    decision = decided_claim(session, claim)
    conclude(session, claim_ids=[claim.id], actor=system(settings().root_org), now=now)    # an earlier one may just be decided
    if session.exec(select(Objection.id).where(Objection.claim_id == claim.id, col(Objection.state).in_(_OPEN))).first():
        raise Conflict("objection_open", "本案已有异议正在办理", remedy="补充的意见可以在案件内留言或上传材料")
    late = _late(session, claim, now)
    if late and not (late_reason or "").strip():
        raise InputError("late_reason_missing", "已过异议期限，请说明原因", remedy="补上原因，我们仍会审查", field="late_reason")
    made = Objection(
        id=uuidv7(), org_key=claim.org_key, state=ObjectionState.LODGED, claim_id=claim.id, round=claim.round,
        decision_id=decision.id, objector_id=_objector(session, claim, actor), lodged_by=actor.account_id,
        lodged_person=actor.person_id, lodged_at=now, grounds=words, papers=_papers(session, claim.id, papers), late=late,
        late_reason=late_reason.strip() if late and late_reason else None)
    create(session, "objection", [made], actor=actor, now=now, details={made.id: {"round": claim.round, "late": late}})
    return made


def accept(session: Session, *, objection_id: uuid.UUID, version: int | None = None, actor: Actor, now: datetime) -> int:
    """Take an objection up: the claim's next round begins, where nobody who decided before may act; gives the round.

    A senior reviewer or the head; a late one the head alone. Taking it up decides nothing, so one who decided before may.
    GuardFailed as of `reopen`.
    """
    actor.require(*MAY_REOPEN, what="受理异议")
    found, claim = _of(session, objection_id, actor)
    require_apart(session, [claim.id], actor)
    if decided_claim(session, claim).round != found.round:
        raise Conflict("objection_overtaken", "异议所针对的决定已被新的决定代替", remedy="请异议人就新的决定提出")
    _accept(session, found, version, actor, now)
    made = Reopening(id=uuidv7(), org_key=claim.org_key, claim_id=claim.id, ground="objection", objection_id=found.id,
                     why=found.grounds, asked_by=found.lodged_by, asked_person=found.lodged_person, asked_at=found.lodged_at)
    return reopen(session, claim, made, actor=actor, now=now)


def dismiss(session: Session, *, objection_id: uuid.UUID, version: int | None = None, words: str, actor: Actor,
            now: datetime) -> Objection:
    """The head decides not to hear an objection that is late or past the limitation; every other one must be heard.

    `words` stand in the letter. Only a head who did not decide before, and not on the claimant's side (machine's guards).
    """
    actor.require(Role.HEAD, what="驳回逾期异议")
    reason = _words(words, field="words")
    found, claim = _of(session, objection_id, actor)
    decided_claim(session, claim)
    if not found.late and _within_limitation(session, claim, now):
        raise GuardFailed("objection_must_be_heard", "期限内的异议须重新审核，不得驳回", remedy="受理异议，由其他人员审核", field="late")
    _accept(session, found, version, actor, now)
    found.result, found.result_words, found.decided_person, found.decided_at = "dismissed", reason, actor.person_id, now
    session.add(found)
    session.flush()
    fire(session, "objection", "decide", [Move(found.id, reason="dismissed", facts={"actor_is_head": True},
                                               details={"words": reason})], actor=actor, now=now)
    session.refresh(found)
    return found


def withdraw_objection(session: Session, *, objection_id: uuid.UUID, version: int | None = None, reason: str = "", actor: Actor,
                       now: datetime) -> Objection:
    """The objector takes it back: signed in as herself, or by the paper `objection_withdrawal` through a clerk.

    A round that has begun goes on to its own decision (the office may not unsee what it found).
    """
    found, claim = _of(session, objection_id, actor)
    session.refresh(claim, with_for_update=True)
    fire(session, "objection", "withdraw", [Move(found.id, version=version, reason=reason.strip() or None)], actor=actor, now=now)
    session.execute(sa.update(Objection).where(col(Objection.id) == found.id).values(withdrawn_at=now))
    session.refresh(found)
    return found


def _accept(session: Session, found: Objection, version: int | None, actor: Actor, now: datetime) -> None:
    fire(session, "objection", "accept", [Move(found.id, version=version, facts={"actor_is_head": actor.has(Role.HEAD)})],
         actor=actor, now=now)
    session.refresh(found)
    found.accepted_by, found.accepted_person, found.accepted_at = actor.account_id, actor.person_id, now
    session.add(found)
    session.flush()


def _of(session: Session, objection_id: uuid.UUID, actor: Actor) -> tuple[Objection, Claim]:
    """The objection and its claim, if this actor may see them. NotFound otherwise."""
    found = session.get(Objection, objection_id, populate_existing=True)
    if found is None:
        raise NotFound("objection_missing", "没有这一异议，或不在您的管辖范围内", remedy="核对编号")
    return found, claim_for(session, found.claim_id, actor)


def _words(text: str, *, field: str = "grounds") -> str:
    words = text.strip()
    if not words or len(words) > LONGEST:
        raise InputError(f"{field}_length", f"请写明理由，最多 {LONGEST} 字", remedy="补上或缩短", field=field)
    return words


def _late(session: Session, claim: Claim, now: datetime) -> bool:
    """The days run from the letter's delivery; while it is not delivered nobody is late."""
    due = session.exec(select(col(SlaClock.due_on)).where(SlaClock.claim_id == claim.id, SlaClock.kind == "objection",
                                                          SlaClock.round == claim.round)).first()
    return due is not None and due < business_day(now)


def _within_limitation(session: Session, claim: Claim, now: datetime) -> bool:
    """The machine's own fact (保险法 26)."""
    row = session.connection().exec_driver_sql(f"SELECT {CLAIM['within_limitation']} FROM claim c WHERE c.id = %(id)s",
                                               {"id": claim.id, "today": business_day(now)}).one()
    return bool(row[0])


def _objector(session: Session, claim: Claim, actor: Actor) -> uuid.UUID:
    """Who objects: the one signed in for herself or her own, else the member, else (she has died) the first heir."""
    if acts_for_self(actor) and actor.person_id:
        return actor.person_id
    heir = session.exec(select(Payee.person_id).where(Payee.claim_id == claim.id, col(Payee.active))
                        .order_by(col(Payee.ordinal), col(Payee.id))).first() if claim.died else None
    return heir or claim.person_id


def _papers(session: Session, claim_id: uuid.UUID, papers: Collection[uuid.UUID]) -> list[str]:
    wanted = list(dict.fromkeys(papers))
    known = set(session.exec(select(Paper.id).where(Paper.claim_id == claim_id, col(Paper.id).in_(wanted))).all())
    if missing := [paper for paper in wanted if paper not in known]:
        raise NotFound("paper_missing", f"本案没有材料 {missing[0]}", remedy="先在本案上传，再列入异议", field="papers")
    return [str(paper) for paper in wanted]
