"""Report, amend, consent, withdraw, resume; joining, cancelling and telling in their own files."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col

from services.access.actor import REVIEWERS, Actor, Role
from services.audit import service as audit
from services.audit.chain import Entry
from services.core.errors import Conflict, InputError, NotFound
from services.engine.event import dated
from services.enrolment import queries as enrolment
from services.intake import rules
from services.intake.addressees import tell
from services.intake.bulk import errors_of, report_file
from services.intake.cancelling import ask_cancel, confirm_cancel, drop_request, end
from services.intake.joining import confirm_join, join, keep_apart
from services.intake.opening import preview, report
from services.intake.queries import case_of, claim_for, claims_of, consent_in_force, present_digest, require_own
from services.intake.reports import PhoneCall
from services.lifecycle.service import Move, fire
from services.models import Claim, Consent, Cover
from services.outbox import service as outbox
from services.outbox.service import Work
from services.rulebook import registry
from services.storage import service as storage
from statemachines.states import ClaimState
from statemachines.words import state_words

__all__ = ["PhoneCall", "amend", "ask_cancel", "confirm_cancel", "confirm_join", "drop_request", "errors_of", "join", "keep_apart",
           "preview", "record_consent", "report", "report_file", "resume", "tell", "withdraw", "withdraw_consent"]
PURPOSES = ("insurer", "processing")


def amend(session: Session, *, claim_id: uuid.UUID, version: int | None = None, event: Mapping[str, object], reason: str,
          actor: Actor, now: datetime) -> Claim:
    """Complete or correct the event's facts from the papers, before verification (the specimen's day, stays, …).

    The event's kind and day stay: another day is another report. InputError when the decisive date leaves the cover.
    """
    actor.require(Role.UNIT_CLERK, *sorted(REVIEWERS), what="更正事实")
    if not reason.strip():
        raise InputError("reason_missing", "更正事实须写明理由", remedy="补上理由", field="reason")
    claim = claim_for(session, claim_id, actor)
    session.refresh(claim, with_for_update=True)
    if version is not None and version != claim.version:
        raise Conflict("stale_version", "案件已被他人更新", remedy="刷新后核对变动，再办理")
    if claim.state != ClaimState.REPORTED:
        raise Conflict("event_not_allowed", f"案件现在是“{state_words('claim', claim.state)}”，不能更正事实", remedy="由审核人退回后再更正")
    cover = session.get_one(Cover, claim.cover_id)
    words = enrolment.computation_of(cover, event)
    before = enrolment.computation_of(cover, claim.event)
    if words.event.kind != before.event.kind or enrolment.event_day(words) != enrolment.event_day(before):
        raise InputError("event_differs", "事件类别和日期不能更正", remedy="撤回本案后重新报案", field="event")
    if not enrolment.answers(cover, event):
        raise InputError("not_in_cover", "决定日期不在保障期内", remedy="核对日期；确属保障期外的，撤回本案", field="event")
    book = registry.resolve(claim.plan, dated(registry.latest(claim.plan), words))
    waived = set(rules.required_kinds(book, claim.event)) - set(claim.required)
    plain = rules.plain_event(words)
    claim.event, claim.plan_from, claim.route, claim.banks = plain, book.from_, book.route, list(book.banks.allow)
    claim.required = [kind for kind in rules.required_kinds(book, plain) if kind not in waived]
    claim.digest = present_digest(session, claim)
    session.add(claim)
    session.flush()
    audit.append(session, [Entry(claim.id, claim.org_key, "claim", claim.id, "amend", reason=reason,
                                 details={"digest": claim.digest})],
                 account=actor.account_id, person=actor.person_id, at=now)
    return claim


def record_consent(session: Session, *, case_id: uuid.UUID, purpose: str, paper_sha256: str | None = None, actor: Actor,
                   now: datetime) -> Consent:
    """The person's separate consent for one purpose (个人信息保护法 23、29). Recording it twice changes nothing."""
    actor.require(Role.MEMBER, Role.UNIT_CLERK, *sorted(REVIEWERS), what="登记同意")
    if purpose not in PURPOSES:
        raise InputError("purpose", f"不认识的用途“{purpose}”", remedy=f"可用：{'、'.join(PURPOSES)}", field="purpose")
    case = case_of(session, case_id)
    require_own(session, actor, case.person_id)
    if paper_sha256 and not storage.has(paper_sha256):
        raise NotFound("object_missing", "没有这一文件", remedy="先上传同意书", field="paper_sha256")
    held = consent_in_force(session, case_id, purpose)
    if held:
        return held
    consent = Consent(org_key=case.org_key, case_id=case_id, person_id=case.person_id, purpose=purpose, given_at=now,
                      recorded_by=_account(actor), paper_sha256=paper_sha256)
    session.add(consent)
    session.flush()
    _record_on_case(session, case_id, consent.id, "given", purpose, actor, now)
    # A certified claim may have waited for nothing but this: its way on is owed again.
    outbox.add(session, [Work("review_step.pass", claim.org_key, claim.id) for claim in claims_of(session, case_id)
                         if claim.route == purpose and claim.state == ClaimState.IN_REVIEW], now=now)
    return consent


def withdraw_consent(session: Session, *, case_id: uuid.UUID, purpose: str, actor: Actor, now: datetime) -> None:
    """The person takes a consent back: nothing more goes out under it; what went out stays recorded."""
    actor.require(Role.MEMBER, Role.UNIT_CLERK, *sorted(REVIEWERS), what="撤回同意")
    case = case_of(session, case_id)
    require_own(session, actor, case.person_id)
    held = consent_in_force(session, case_id, purpose)
    if held is None:
        raise NotFound("consent_missing", "没有有效的同意", remedy="核对用途", field="purpose")
    held.withdrawn_at = now
    session.add(held)
    session.flush()
    _record_on_case(session, case_id, held.id, "withdrawn", purpose, actor, now)


def withdraw(session: Session, *, claim_id: uuid.UUID, version: int | None = None, reason: str, actor: Actor,
             now: datetime) -> None:
    """The claimant withdraws: needs the signed paper of kind `withdrawal`. Review ends, clocks stop."""
    claim = claim_for(session, claim_id, actor)
    fire(session, "claim", "cancel", [Move(claim.id, version=version, reason=reason, facts={"two_persons": False})],
         actor=actor, now=now)
    end(session, [claim.id], outcome="withdrawn", reason=reason, now=now)
    session.refresh(claim)


def resume(session: Session, *, claim_id: uuid.UUID, version: int | None = None, actor: Actor, now: datetime) -> None:
    """Take up a claim again that was closed because its supplement list was never answered."""
    claim = claim_for(session, claim_id, actor)
    fire(session, "claim", "resume", [Move(claim.id, version=version)], actor=actor, now=now)
    _set_outcome(session, claim, None)


def _set_outcome(session: Session, claim: Claim, outcome: str | None) -> None:
    session.execute(sa.update(Claim).where(col(Claim.id) == claim.id).values(outcome=outcome))
    session.refresh(claim)


def _account(actor: Actor) -> uuid.UUID:
    if actor.account_id is None:
        raise TypeError("a person with an account must do this")
    return actor.account_id


def _record_on_case(session: Session, case_id: uuid.UUID, consent_id: uuid.UUID, event: str, purpose: str, actor: Actor,
                    now: datetime) -> None:
    audit.append(session, [Entry(claim.id, claim.org_key, "consent", consent_id, event, details={"purpose": purpose})
                           for claim in claims_of(session, case_id)],
                 account=actor.account_id, person=actor.person_id, at=now)
