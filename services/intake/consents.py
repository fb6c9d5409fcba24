"""Consents: recorded with the words they were given to, taken back with what that stops, given again with what that lets go on.

Without `insurer` nothing goes to the insurer (services/insurer/packing). Whoever takes `processing` back stops the case: its open claims
are on hold, so that no guard of routing, decision, hand-over or payment passes, and they are not verified; given again they go on.
Where two reports become one, a consent taken back at either is taken back: she stopped what is now one case, and can give it again.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col

from services.access.actor import REVIEWERS, Actor, Role
from services.audit import service as audit
from services.audit.chain import Entry
from services.core.clock import business_day
from services.core.errors import Conflict, NotFound, NotPermitted
from services.intake import purposes
from services.intake.queries import (
    acts_for_self,
    case_of,
    claims_of,
    consent_in_force,
    consents_for,
    processing_withdrawn,
    require_own,
)
from services.models import Case, Claim, Consent
from services.outbox import service as outbox
from services.outbox.service import Work
from services.storage import service as storage
from statemachines.states import ClaimState

INSURER, PROCESSING = "insurer", "processing"
WITHDRAWN = "consent_withdrawn"         # why a claim is on hold (services/review/rules.HOLDS)
_STOPPED = ("reported", "supplementing", "verified", "in_review", "with_insurer", "payable")
_HOLD = sa.text("""
    UPDATE claim SET held = true, hold_reason = :reason WHERE case_id = :case AND NOT held AND state = ANY(CAST(:states AS text[]))
    RETURNING id, org_key""")
_HOLD_ONE = sa.text("UPDATE claim SET held = true, hold_reason = :reason WHERE id = :claim AND NOT held RETURNING id, org_key")
# A purpose consented to at one of the cases, of which nothing is in force there any more.
_TAKEN_BACK = sa.text("""
    SELECT k.purpose FROM consent k WHERE k.case_id IN (:case, :into) GROUP BY k.case_id, k.purpose
    HAVING bool_and(k.withdrawn_at IS NOT NULL)""")
JOINED_WHY = "并入报案：同一事件的另一报案已撤回这项同意"
_LET_GO = sa.text("""
    UPDATE claim SET held = false, hold_reason = NULL WHERE case_id = :case AND held AND hold_reason = :reason RETURNING id, org_key""")


def record_consent(session: Session, *, case_id: uuid.UUID, purpose: str, paper_sha256: str | None = None, actor: Actor,
                   now: datetime) -> Consent:
    """The person's separate consent for one purpose (个人信息保护法 23、29). Recording it twice changes nothing.

    Of members only who may speak for the person (`consents_for`), else NotPermitted; staff record what she signed. Conflict: the report
    was joined to another.
    """
    actor.require(Role.MEMBER, Role.UNIT_CLERK, *sorted(REVIEWERS), what="登记同意")
    asked = purposes.of_case(purpose)
    case = case_of(session, case_id)
    _require_word(session, actor, case.person_id, now)
    if paper_sha256 and not storage.has(paper_sha256):
        raise NotFound("object_missing", "没有这一文件", remedy="先上传同意书", field="paper_sha256")
    _lock(session, case_id)
    session.refresh(case)
    if case.joined_into:
        into = case_of(session, case.joined_into)
        raise Conflict("case_joined", f"这一报案已并入 {into.case_no}", remedy="在并入后的报案上登记同意", field="case_no")
    held = consent_in_force(session, case_id, purpose)
    if held:
        return held
    consent = Consent(org_key=case.org_key, case_id=case_id, person_id=case.person_id, purpose=purpose, given_at=now,
                      recorded_by=_account(actor), paper_sha256=paper_sha256, words_version=asked.present.version)
    session.add(consent)
    session.flush()
    _record(session, case_id, "given", [(consent.id, {"purpose": purpose, "words": asked.present.version})], actor, now)
    _resume(session, case_id, purpose, actor, now)
    return consent


def withdraw_consent(session: Session, *, case_id: uuid.UUID, purpose: str, why: str = "", paper_sha256: str | None = None,
                     actor: Actor, now: datetime) -> None:
    """The person takes a consent back: nothing more goes out under it; what went out stays recorded. `why` is hers to give or not.

    NotPermitted as for giving it.
    """
    actor.require(Role.MEMBER, Role.UNIT_CLERK, *sorted(REVIEWERS), what="撤回同意")
    purposes.of_case(purpose)
    case = case_of(session, case_id)
    _require_word(session, actor, case.person_id, now)
    if paper_sha256 and not storage.has(paper_sha256):
        raise NotFound("object_missing", "没有这一文件", remedy="先上传撤回同意的书面材料", field="paper_sha256")
    _lock(session, case_id)
    if consent_in_force(session, case_id, purpose) is None:
        raise NotFound("consent_missing", "没有有效的同意", remedy="核对用途", field="purpose")
    _end(session, case_id, [purpose], _account(actor), why.strip() or None, paper_sha256, actor, now)


def settle(session: Session, case: Case, into: Case, *, actor: Actor, now: datetime) -> None:
    """The consents of a report that was joined hold for the case that stays, whose claims stop or go on by them.

    Its claims are there already. What was taken back at either report is taken back for both.
    """
    _lock(session, into.id)
    gone = sorted(set(session.execute(_TAKEN_BACK, {"case": case.id, "into": into.id}).scalars()))
    session.execute(sa.update(Consent).where(col(Consent.case_id) == case.id).values(case_id=into.id, org_key=into.org_key))
    _end(session, into.id, gone, actor.account_id, JOINED_WHY, None, actor, now)
    for purpose in (INSURER, PROCESSING):
        if consent_in_force(session, into.id, purpose):
            _resume(session, into.id, purpose, actor, now)


def stop_if_withdrawn(session: Session, claim: Claim, *, actor: Actor, now: datetime) -> None:
    """A claim that comes back to work after the consent it rests on was taken back: it waits as the case's open claims do.

    A decided claim was left alone when she took it back, for nothing more was done with it.
    """
    if not processing_withdrawn(session, claim.id):
        return
    session.flush()
    stopped = session.execute(_HOLD_ONE, {"claim": claim.id, "reason": WITHDRAWN}).all()
    _note(session, stopped, "hold", WITHDRAWN, actor, now)
    session.refresh(claim)


def _end(session: Session, case_id: uuid.UUID, taken_back: Sequence[str], account: uuid.UUID | None, why: str | None, paper: str | None,
         actor: Actor, now: datetime) -> None:
    """All that is in force for these purposes (two reports that became one brought one each), and what rests on it."""
    ended = session.execute(sa.update(Consent).where(
        col(Consent.case_id) == case_id, col(Consent.purpose).in_(taken_back), col(Consent.withdrawn_at).is_(None)).values(
        withdrawn_at=now, withdrawn_by=account, withdrawn_why=why, withdrawn_sha256=paper).returning(
        col(Consent.id), col(Consent.purpose), col(Consent.words_version))).all()
    _record(session, case_id, "withdrawn", [(row[0], {"purpose": row[1], "words": row[2]}) for row in ended], actor, now)
    if PROCESSING in taken_back:
        _stop(session, case_id, actor, now)


def _resume(session: Session, case_id: uuid.UUID, purpose: str, actor: Actor, now: datetime) -> None:
    """A certified claim may have waited for nothing but this consent: its way on is owed again, as is a stopped one's."""
    outbox.add(session, [Work("review_step.pass", claim.org_key, claim.id) for claim in claims_of(session, case_id)
                         if claim.route == purpose and claim.state == ClaimState.IN_REVIEW], now=now)
    if purpose == PROCESSING:
        _go_on(session, case_id, actor, now)


def _stop(session: Session, case_id: uuid.UUID, actor: Actor, now: datetime) -> None:
    stopped = session.execute(_HOLD, {"case": case_id, "reason": WITHDRAWN, "states": list(_STOPPED)}).all()
    _note(session, stopped, "hold", WITHDRAWN, actor, now)


def _go_on(session: Session, case_id: uuid.UUID, actor: Actor, now: datetime) -> None:
    """The flow that the hold stopped is owed again; a hold for another reason stands."""
    going = session.execute(_LET_GO, {"case": case_id, "reason": WITHDRAWN}).all()
    _note(session, going, "unhold", "hold_over", actor, now)
    outbox.add(session, [Work("claim.unhold", row.org_key, row.id) for row in going], now=now)


def _note(session: Session, rows: Sequence[sa.Row[tuple[uuid.UUID, str]]], event: str, reason: str, actor: Actor, now: datetime) -> None:
    audit.append(session, [Entry(row.id, row.org_key, "claim", row.id, event, reason=reason) for row in rows],
                 account=actor.account_id, person=actor.person_id, at=now)


def _require_word(session: Session, actor: Actor, person_id: uuid.UUID, now: datetime) -> None:
    """A member sees her family's cases, yet an adult's separate consent is that adult's alone."""
    require_own(session, actor, person_id)
    if acts_for_self(actor) and person_id not in consents_for(session, actor, [person_id], business_day(now)):
        raise NotPermitted("consent_own", "同意须由本人或其代理人作出",
                           remedy="请本人登录办理，或交本人签字的同意书由单位经办登记")


def _lock(session: Session, case_id: uuid.UUID) -> None:
    """The claims first, as everywhere: two at once give or take back one after the other."""
    session.flush()
    session.execute(sa.text("SELECT id FROM claim WHERE case_id = :case ORDER BY id FOR UPDATE"), {"case": case_id})


def _account(actor: Actor) -> uuid.UUID:
    if actor.account_id is None:
        raise TypeError("a person with an account must do this")
    return actor.account_id


def _record(session: Session, case_id: uuid.UUID, event: str, rows: Sequence[tuple[uuid.UUID, dict[str, object]]], actor: Actor,
            now: datetime) -> None:
    audit.append(session, [Entry(claim.id, claim.org_key, "consent", consent_id, event, details=details)
                           for claim in claims_of(session, case_id) for consent_id, details in rows],
                 account=actor.account_id, person=actor.person_id, at=now)
