"""Reads: claims and their case, and whether the one who asks may."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.access.actor import Actor, Role
from services.core.errors import GuardFailed, NotFound
from services.core.identity import age_on
from services.enrolment import queries as enrolment
from services.enrolment.heirs import ADULT
from services.enrolment.kin import PROXY
from services.intake.rules import facts_digest
from services.models import Case, Claim, Consent, FamilyTie, Paper, Person


def _missing() -> NotFound:
    return NotFound("claim_missing", "没有这一案件，或不在您的管辖范围内", remedy="核对受理编号")


def acts_for_self(actor: Actor) -> bool:
    """Whether the actor is nothing but a member here, who sees only the own family's claims."""
    return actor.roles <= {Role.MEMBER}


def require_own(session: Session, actor: Actor, person_id: uuid.UUID) -> None:
    """A member touches the own claims, those of known relatives and of whom she is proxy today; others do not exist for her."""
    if acts_for_self(actor) and not may_act_for(session, actor, person_id):
        raise _missing()


def may_act_for(session: Session, actor: Actor, person_id: uuid.UUID) -> bool:
    """Whether a member may act for somebody. A proxy's right ends with the death of her whom she acts for (民法典 173)."""
    if person_id in actor.acts_for and session.get_one(Person, person_id).died_on:
        actor = replace(actor, acts_for=frozenset())        # she may be a relative all the same
    return enrolment.may_act_for(session, actor, person_id)


def consents_for(session: Session, actor: Actor, person_ids: Collection[uuid.UUID], today: date) -> frozenset[uuid.UUID]:
    """For whom of these a member's word is the consent (个人信息保护法 14): herself, whom she is proxy for today, her own child under
    age (民法典 27; 个人信息保护法 31), a relative who died (个人信息保护法 49). An adult relative gives her own.
    """
    rows = session.exec(select(Person, FamilyTie.relation).join(FamilyTie, sa.and_(
        col(FamilyTie.person_id) == actor.person_id, col(FamilyTie.relative_id) == Person.id), isouter=True).where(
        col(Person.id).in_(list(person_ids)))).all()
    return frozenset(person.id for person, relation in rows if person.id == actor.person_id or _word_for(actor, person, relation, today))


def _word_for(actor: Actor, person: Person, relation: str | None, today: date) -> bool:
    if person.died_on:
        return relation not in (None, PROXY)
    return person.id in actor.acts_for or (relation == "child" and age_on(person.born, today) < ADULT)


def claim_numbers(session: Session, claim_ids: Sequence[uuid.UUID]) -> list[str]:
    """The numbers of claims, in the order of the ids: what a run is called by."""
    numbers = dict(session.exec(select(Claim.id, Claim.claim_no).where(col(Claim.id).in_(list(claim_ids)))).all())
    return [numbers[claim_id] for claim_id in claim_ids if claim_id in numbers]


def claim_for(session: Session, claim_id: uuid.UUID, actor: Actor) -> Claim:
    """A claim that this actor may see. NotFound otherwise."""
    claim = session.get(Claim, claim_id, populate_existing=True)
    if claim is None:
        raise _missing()
    require_own(session, actor, claim.person_id)
    return claim


def case_of(session: Session, case_id: uuid.UUID) -> Case:
    """A case of the caller's scope. NotFound otherwise."""
    case = session.get(Case, case_id)
    if case is None:
        raise NotFound("case_missing", "没有这一报案，或不在您的管辖范围内", remedy="核对报案编号")
    return case


def claims_of(session: Session, case_id: uuid.UUID) -> list[Claim]:
    """The claims of a case, one a plan."""
    return list(session.exec(select(Claim).where(Claim.case_id == case_id).order_by(col(Claim.claim_no))).all())


def claims_by_case(session: Session, case_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Claim]]:
    """The claims of several cases, none for a case without."""
    found: dict[uuid.UUID, list[Claim]] = {case_id: [] for case_id in case_ids}
    for claim in session.exec(select(Claim).where(col(Claim.case_id).in_(list(case_ids))).order_by(col(Claim.claim_no))):
        found[claim.case_id].append(claim)
    return found


def consent_in_force(session: Session, case_id: uuid.UUID, purpose: str) -> Consent | None:
    """The consent that holds for a purpose, if any."""
    return session.exec(select(Consent).where(Consent.case_id == case_id, Consent.purpose == purpose,
                                              col(Consent.withdrawn_at).is_(None))).first()


def processing_withdrawn(session: Session, claim_id: uuid.UUID) -> bool:
    """Whether the person took back the consent that handling the claim rests on, and has not given it again."""
    return bool(session.execute(sa.text("""
        SELECT bool_and(k.withdrawn_at IS NOT NULL) FROM consent k JOIN claim c ON c.case_id = k.case_id
        WHERE c.id = :claim AND k.purpose = 'processing'"""), {"claim": claim_id}).scalar_one())


def require_processing(session: Session, claim_id: uuid.UUID) -> None:
    """GuardFailed when it was taken back (`processing_withdrawn`)."""
    if processing_withdrawn(session, claim_id):
        raise GuardFailed("consent_withdrawn", "会员撤回了办理所需的同意，案件停止办理", remedy="会员再次同意后自动恢复，无须另行解除")


def accepted_hashes(session: Session, claim_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[str]]:
    """The hashes of each claim's accepted papers: with the event they make the digest."""
    found: dict[uuid.UUID, list[str]] = {claim_id: [] for claim_id in claim_ids}
    for claim_id, sha256 in session.exec(select(Paper.claim_id, Paper.sha256).where(
            col(Paper.claim_id).in_(list(claim_ids)), Paper.verdict == "accepted")).all():
        found[claim_id].append(sha256)
    return found


def present_digest(session: Session, claim: Claim) -> str:
    """The digest of the claim's facts as they stand: its event, its accepted papers, reviewers' amounts and answers."""
    return facts_digest(claim.event, accepted_hashes(session, [claim.id])[claim.id], claim.inputs)
