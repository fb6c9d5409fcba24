"""Two reports that may be one event: offered with the reason, joined or kept apart by a person, never dropped silently."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
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
    return offers(session, [case])[case.id]


def offers(session: Session, cases: Sequence[Case]) -> dict[uuid.UUID, list[PossibleDuplicate]]:
    """What each of many cases may double: read in sets, however many."""
    others = _others(session, [case.person_id for case in cases])
    claims = claims_by_case(session, list({case.id for case in (*cases, *(one for group in others.values() for one in group))}))
    papers = _papers(session, claims)
    verdicts = _verdicts(session, [case.id for case in cases])
    return {case.id: [] if case.joined_into else _like(
        rules.Seen.of(case, claims[case.id], papers[case.id]), [other for other in others[case.person_id] if other.id != case.id],
        claims, papers, verdicts[case.id]) for case in cases}


def _others(session: Session, person_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Case]]:
    """Everybody's cases that were not joined to another, newest first."""
    found: dict[uuid.UUID, list[Case]] = {person_id: [] for person_id in person_ids}
    for case in session.exec(select(Case).where(col(Case.person_id).in_(list(found)), col(Case.joined_into).is_(None))
                             .order_by(col(Case.id).desc())):
        found[case.person_id].append(case)
    return found


def _like(seen: rules.Seen, others: Sequence[Case], claims: Mapping[uuid.UUID, list[Claim]],
          papers: Mapping[uuid.UUID, frozenset[str]], verdicts: Mapping[uuid.UUID, str]) -> list[PossibleDuplicate]:
    found = []
    for other in others:
        live = [claim for claim in claims[other.id] if claim.state != ClaimState.CANCELLED]
        reasons = rules.likenesses(seen, rules.Seen.of(other, live, papers.get(other.id, frozenset()))) if live else []
        if reasons and verdicts.get(other.id) != "apart":
            found.append(PossibleDuplicate(other.case_no, other.diagnosed_on, other.hospital,
                                           tuple(claim.claim_no for claim in live), tuple(reasons), verdicts.get(other.id) == "join"))
    return found


def like_event(session: Session, *, person_id: uuid.UUID, plain: dict[str, object], day: date,
               hospital: str | None) -> list[PossibleDuplicate]:
    """What a report about to be made looks like; for the door that asks before anything is kept."""
    cases = _others(session, [person_id])[person_id]
    claims = claims_by_case(session, [case.id for case in cases])
    seen = rules.Seen(str(plain["kind"]), day, rules.same_place(hospital), rules.illnesses([plain]), frozenset())
    return _like(seen, cases, claims, {}, {})


def _papers(session: Session, claims: dict[uuid.UUID, list[Claim]]) -> dict[uuid.UUID, frozenset[str]]:
    case_of = {claim.id: case_id for case_id, group in claims.items() for claim in group}
    hashes: dict[uuid.UUID, set[str]] = defaultdict(set)
    # An identity card or an account is the same in all of a person's cases and says nothing about the event.
    for claim_id, sha256 in session.exec(select(Paper.claim_id, Paper.sha256).where(
            col(Paper.claim_id).in_(list(case_of)), col(Paper.kind).not_in(rules.PERSONAL_PAPERS))):
        hashes[case_of[claim_id]].add(sha256)
    return {case_id: frozenset(hashes[case_id]) for case_id in claims}


def _verdicts(session: Session, case_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, dict[uuid.UUID, str]]:
    """What was said of each case and any other one, whichever came first."""
    found: dict[uuid.UUID, dict[uuid.UUID, str]] = {case_id: {} for case_id in case_ids}
    for row in session.exec(select(DuplicateVerdict).where(
            sa.or_(col(DuplicateVerdict.case_id).in_(list(case_ids)), col(DuplicateVerdict.other_id).in_(list(case_ids))),
            col(DuplicateVerdict.withdrawn_at).is_(None))):
        for one, other in ((row.case_id, row.other_id), (row.other_id, row.case_id)):
            if one in found:
                found[one][other] = row.verdict
    return found


def verdict_between(session: Session, one: uuid.UUID, other: uuid.UUID) -> DuplicateVerdict | None:
    """What stands between two cases."""
    pairs: Sequence[tuple[uuid.UUID, uuid.UUID]] = ((one, other), (other, one))
    return session.exec(select(DuplicateVerdict).where(
        sa.tuple_(col(DuplicateVerdict.case_id), col(DuplicateVerdict.other_id)).in_(pairs),
        col(DuplicateVerdict.withdrawn_at).is_(None))).first()
