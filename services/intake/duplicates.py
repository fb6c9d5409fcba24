"""Two reports that may be one event: offered with the reason, joined or kept apart by a person, never dropped silently."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.intake import rules
from services.intake.queries import claims_by_case
from services.intake.rules import Likeness
from services.models import Case, Claim, DuplicateVerdict, Paper
from statemachines.states import ClaimState


@dataclass(frozen=True, slots=True)
class PossibleDuplicate:
    """Another case of the person that may be the same event; `asked`: a joining waits for a second person."""

    case_no: str
    event_day: date
    hospital: str | None
    claim_nos: tuple[str, ...]
    reasons: tuple[Likeness, ...]
    asked: bool


def possible_duplicates(session: Session, case: Case) -> list[PossibleDuplicate]:
    """The person's other cases that look like this one, newest first, without those already said to be apart."""
    cases = list(session.exec(select(Case).where(Case.person_id == case.person_id, col(Case.joined_into).is_(None))
                              .order_by(col(Case.id).desc())).all())
    others = [other for other in cases if other.id != case.id]
    if not others or case.joined_into:
        return []
    claims = claims_by_case(session, [case.id, *(other.id for other in others)])
    papers = _papers(session, claims)
    verdicts = _verdicts(session, case.id)
    seen = rules.Seen.of(case, claims[case.id], papers[case.id])
    found = []
    for other in others:
        live = [claim for claim in claims[other.id] if claim.state != ClaimState.CANCELLED]
        reasons = rules.likenesses(seen, rules.Seen.of(other, live, papers[other.id])) if live else []
        if reasons and verdicts.get(other.id) != "apart":
            found.append(PossibleDuplicate(other.case_no, other.diagnosed_on, other.hospital,
                                           tuple(claim.claim_no for claim in live), tuple(reasons), verdicts.get(other.id) == "join"))
    return found


def like_event(session: Session, *, person_id: uuid.UUID, plain: dict[str, object], day: date,
               hospital: str | None) -> list[PossibleDuplicate]:
    """What a report about to be made looks like; for the door that asks before anything is kept."""
    cases = list(session.exec(select(Case).where(Case.person_id == person_id, col(Case.joined_into).is_(None))
                              .order_by(col(Case.id).desc())).all())
    claims = claims_by_case(session, [case.id for case in cases])
    seen = rules.Seen(str(plain["kind"]), day, rules.same_place(hospital), rules.illnesses([plain]), frozenset())
    found = []
    for case in cases:
        live = [claim for claim in claims[case.id] if claim.state != ClaimState.CANCELLED]
        reasons = rules.likenesses(seen, rules.Seen.of(case, live, frozenset())) if live else []
        if reasons:
            found.append(PossibleDuplicate(case.case_no, case.diagnosed_on, case.hospital,
                                           tuple(claim.claim_no for claim in live), tuple(reasons), asked=False))
    return found


def _papers(session: Session, claims: dict[uuid.UUID, list[Claim]]) -> dict[uuid.UUID, frozenset[str]]:
    case_of = {claim.id: case_id for case_id, group in claims.items() for claim in group}
    hashes: dict[uuid.UUID, set[str]] = defaultdict(set)
    # An identity card or an account is the same in all of a person's cases and says nothing about the event.
    for claim_id, sha256 in session.exec(select(Paper.claim_id, Paper.sha256).where(
            col(Paper.claim_id).in_(list(case_of)), col(Paper.kind).not_in(rules.PERSONAL_PAPERS))):
        hashes[case_of[claim_id]].add(sha256)
    return {case_id: frozenset(hashes[case_id]) for case_id in claims}


def _verdicts(session: Session, case_id: uuid.UUID) -> dict[uuid.UUID, str]:
    """What was said of this case and each other one, whichever came first."""
    rows = session.exec(select(DuplicateVerdict).where(
        sa.or_(col(DuplicateVerdict.case_id) == case_id, col(DuplicateVerdict.other_id) == case_id),
        col(DuplicateVerdict.withdrawn_at).is_(None))).all()
    return {row.other_id if row.case_id == case_id else row.case_id: row.verdict for row in rows}


def verdict_between(session: Session, one: uuid.UUID, other: uuid.UUID) -> DuplicateVerdict | None:
    """What stands between two cases."""
    pairs: Sequence[tuple[uuid.UUID, uuid.UUID]] = ((one, other), (other, one))
    return session.exec(select(DuplicateVerdict).where(
        sa.tuple_(col(DuplicateVerdict.case_id), col(DuplicateVerdict.other_id)).in_(pairs),
        col(DuplicateVerdict.withdrawn_at).is_(None))).first()
