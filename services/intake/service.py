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
from services.core.errors import Conflict, InputError
from services.engine.event import dated
from services.enrolment import queries as enrolment
from services.intake import rules
from services.intake.addressees import tell
from services.intake.bulk import errors_of, report_file
from services.intake.cancelling import ask_cancel, confirm_cancel, drop_request, end
from services.intake.consents import record_consent, withdraw_consent
from services.intake.correcting import is_another
from services.intake.joining import confirm_join, join, keep_apart
from services.intake.opening import preview, report
from services.intake.queries import claim_for, present_digest
from services.intake.reports import PhoneCall
from services.lifecycle.apart import require_apart
from services.lifecycle.service import Move, fire
from services.models import Claim, Cover
from services.rulebook import registry
from statemachines.states import ClaimState
from statemachines.words import state_words

__all__ = ["PhoneCall", "amend", "ask_cancel", "confirm_cancel", "confirm_join", "drop_request", "errors_of", "join", "keep_apart",
           "preview", "record_consent", "report", "report_file", "resume", "tell", "withdraw", "withdraw_consent"]


def amend(session: Session, *, claim_id: uuid.UUID, version: int | None = None, event: Mapping[str, object], reason: str,
          actor: Actor, now: datetime) -> Claim:
    """Complete or correct the event's facts from the papers, before verification (the specimen's day, stays, …).

    The event's kind, day and year stay: another one is another report. InputError when the decisive date leaves the cover;
    NotPermitted for anybody on the claimant's side.
    """
    actor.require(Role.UNIT_CLERK, *sorted(REVIEWERS), what="更正事实")
    if not reason.strip():
        raise InputError("reason_missing", "更正事实须写明理由", remedy="补上理由", field="reason")
    claim = claim_for(session, claim_id, actor)
    require_apart(session, [claim.id], actor)
    session.refresh(claim, with_for_update=True)
    if version is not None and version != claim.version:
        raise Conflict("stale_version", "案件已被他人更新", remedy="刷新后核对变动，再办理")
    if claim.state != ClaimState.REPORTED:
        raise Conflict("event_not_allowed", f"案件现在是“{state_words('claim', claim.state)}”，不能更正事实", remedy="由审核人退回后再更正")
    cover = session.get_one(Cover, claim.cover_id)
    words = enrolment.computation_of(cover, event)
    before = enrolment.computation_of(cover, claim.event)
    if is_another(words, before):
        raise InputError("event_differs", "事件类别、日期和年度不能更正", remedy="撤回本案后重新报案", field="event")
    if not enrolment.answers(cover, event):
        raise InputError("not_in_cover", "决定日期不在保障期内", remedy="核对日期；确属保障期外的，撤回本案", field="event")
    book = registry.resolve(claim.plan, dated(registry.latest(claim.plan), words))
    waived = rules.waived_kinds(registry.version(claim.plan, claim.plan_from), claim)
    plain = rules.plain_event(words)
    claim.event, claim.plan_from, claim.route, claim.banks = plain, book.from_, book.route, list(book.banks.allow)
    claim.required = [kind for kind in rules.required_kinds(book, plain) if kind not in waived]
    claim.digest = present_digest(session, claim)
    claim.version += 1      # whoever saw the former facts must look again
    session.add(claim)
    session.flush()
    audit.append(session, [Entry(claim.id, claim.org_key, "claim", claim.id, "amend", reason=reason,
                                 details={"digest": claim.digest})],
                 account=actor.account_id, person=actor.person_id, at=now)
    return claim


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
