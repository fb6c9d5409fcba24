"""A reviewer corrects the grade of an illness or injury (轻度 → 重度), with a reason: computed anew, reviewed anew below.

The grade is a fact, so the claim's event changes and with it the digest. The reviewing levels below that had passed on the
former grade pass anew, each shown the change; a chain may grow by it. As with amounts, whoever graded does not decide.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.access import standing
from services.access.actor import Actor, system
from services.audit import service as audit
from services.audit.chain import Entry
from services.benefit import queries as worksheets
from services.benefit import service as benefit
from services.core.errors import Conflict, InputError
from services.core.money import show, to_yuan
from services.core.settings import settings
from services.enrolment import queries as enrolment
from services.intake.queries import present_digest
from services.lifecycle.service import Move, fire
from services.models import Claim, Cover, Worksheet
from services.review import chain, looks
from services.review.desk import Desk, set_taker
from services.review.differences import fact_words
from services.review.inputs import hand_on, reviewer_at
from services.rulebook.facts import FACTS
from services.rulebook.forms import event_facts
from services.rulebook.schema import RuleBook

# The facts that say how grave it is.
GRADES = ("severity", "disability_items", "disability_grades")
REGRADED = "regraded"
Grade = str | Sequence[int]


def regrade(session: Session, *, claim_id: uuid.UUID, version: int | None = None, fact: str, value: Grade, reason: str,
            actor: Actor, now: datetime) -> Worksheet:
    """Correct one of `GRADES` at the actor's own open level. Gives the new worksheet.

    Errors: InputError (no grade of this plan, not a value of it, no reason, papers the new grade asks for are missing),
    Conflict (it is graded so already; stale version; taken by another), NotPermitted, GuardFailed (separation, hold,
    insurer's route).
    """
    desk = reviewer_at(session, claim_id, version, reason, "更正病情分级", actor, now)
    claim = session.get_one(Claim, claim_id, populate_existing=True)
    book = desk.claim.book
    _check_fact(book, claim, fact)
    old, new = claim.event.get(fact), value if isinstance(value, str) else list(value)
    if old == new:
        raise Conflict("grade_unchanged", f"{FACTS[f'event.{fact}'].label}已是“{_words(fact, new)}”", remedy="核对分级", field="value")
    event = {**claim.event, fact: new}
    _check_event(session, claim, event)
    _check_papers(session, claim, book, event)
    before = worksheets.latest(session, [claim_id]).get(claim_id)
    _write(session, claim, fact, old, new, event, reason, actor, now)
    said = f"更正{FACTS[f'event.{fact}'].label}：{_words(fact, old)} → {_words(fact, new)}。理由：{reason}"
    [sheet] = benefit.preview(session, claim_ids=[claim_id], why=said, actor=actor, now=now)
    total = to_yuan(sheet.total_fen + sheet.refund_fen)
    audit.append(session, [Entry(claim.id, claim.org_key, "claim", claim.id, "regrade", reason=reason, details={
        "fact": fact, "old": old, "new": new, "worksheet": str(sheet.id), "total": show(total),
        "total_before": show(to_yuan(before.total_fen + before.refund_fen)) if before else None})],
        account=actor.account_id, person=actor.person_id, at=now)
    standing.note(session, "claim", "regrade", [(claim.org_key, claim.id, claim.id)], actor=actor, now=now)
    root = system(settings().root_org)
    chain.grow(session, [desk.claim], {claim_id: total}, actor=root, now=now)
    _back_to_the_first(session, desk, actor, root, now)
    looks.record(session, claim_id=claim_id, act="regrade", actor=actor, now=now)
    return sheet


def _check_fact(book: RuleBook, claim: Claim, fact: str) -> None:
    asked = [name for name in GRADES if f"event.{name}" in event_facts(book)
             and claim.event["kind"] in FACTS[f"event.{name}"].kinds]
    if fact not in asked:
        raise InputError("not_a_grade", f"“{fact}”不是本计划可更正的分级", field="fact",
                         remedy=f"可更正：{'、'.join(asked)}" if asked else "其他事实有误的，请退回材料环节更正")


def _check_event(session: Session, claim: Claim, event: Mapping[str, object]) -> None:
    """The words are the vocabulary's (InputError names the key), and the cover still answers them."""
    if not enrolment.answers(session.get_one(Cover, claim.cover_id), event):
        raise InputError("not_in_cover", "按这一分级，决定日期不在保障期内", remedy="退回材料环节核对事实", field="value")


def _check_papers(session: Session, claim: Claim, book: RuleBook, event: Mapping[str, object]) -> None:
    """The papers that only the new grade asks for are there, accepted."""
    asked_before = {paper.kind for paper in book.required_papers({"event": claim.event})}
    extra = {paper.kind: paper.name for paper in book.required_papers({"event": event}) if paper.kind not in asked_before}
    accepted = set(session.execute(sa.text("SELECT kind FROM paper WHERE claim_id = :claim AND verdict = 'accepted'"),
                                   {"claim": claim.id}).scalars())
    missing = [name for kind, name in extra.items() if kind not in accepted]
    if missing:
        raise InputError("papers_missing", f"按这一分级还须：{'、'.join(missing)}", remedy="退回材料环节补齐后再更正", field="value")


def _write(session: Session, claim: Claim, fact: str, old: object, new: object, event: dict[str, object], reason: str,
           actor: Actor, now: datetime) -> None:
    held = claim.inputs.get(REGRADED, {})
    row = {"old": old, "new": new, "reason": reason, "round": claim.round, "person": str(actor.person_id),
           "account": str(actor.account_id), "at": now.isoformat()}
    claim.event = event
    claim.inputs = {**claim.inputs, REGRADED: {**held, fact: row}}
    claim.digest = present_digest(session, claim)
    session.add(claim)
    session.flush()


def _back_to_the_first(session: Session, desk: Desk, actor: Actor, root: Actor, now: datetime) -> None:
    """Reviewing levels that passed on the former grade pass anew, from the lowest; with none, the file stays where it is."""
    below = [step for step in desk.steps if step.state == "passed" and step.act == "review"]
    if not below:
        hand_on(session, desk, actor, now)
        return
    fire(session, "review_step", "reset", [Move(step.id, reason=REGRADED) for step in below], actor=root, now=now)
    fire(session, "review_step", "send_down", [Move(desk.step.id, reason=REGRADED)], actor=root, now=now)
    set_taker(session, desk.step.id, None)
    chain.restaff(session, [desk.claim], actor=root, now=now)
    chain.open_next(session, [desk.claim.id], actor=root, now=now)


def _words(fact: str, value: object) -> str:
    return fact_words(f"event.{fact}", value) or "未申报"
