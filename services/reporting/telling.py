"""Reports that ask for a second look: doubled ones to join or keep apart, joinings and cancellations that another must confirm."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.access.actor import Actor
from services.intake import duplicates
from services.intake.duplicates import PossibleDuplicate
from services.models import Account, CancelRequest, Case, Claim, DuplicateVerdict, Person
from services.reporting import claims, sight
from services.review.summary_queries import masked_name

MOST = 100
_BACK = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Offer:
    """A report that looks like an earlier one of the same person; the person masked."""

    case_no: str
    person: str
    reported_on: date
    like: PossibleDuplicate


@dataclass(frozen=True, slots=True)
class Joining:
    """A joining that waits for a second person; `own`: the visitor asked for it herself."""

    case_no: str
    into: str
    person: str
    reason: str
    by: str
    own: bool


@dataclass(frozen=True, slots=True)
class Cancelling:
    """A claim that somebody wants cancelled, and why."""

    claim_no: str
    version: int
    plan: str
    person: str
    ground: str
    reason: str
    by: str
    own: bool


@dataclass(frozen=True, slots=True)
class Pair:
    """Two reports of one person side by side, with why they look alike."""

    person: Person
    case: Case
    other: Case
    claim_nos: tuple[str, ...]
    like: PossibleDuplicate | None


_DOUBLED = sa.text("""
    SELECT f.id FROM case_file f WHERE f.joined_into IS NULL AND f.reported_on >= :since
    AND EXISTS (SELECT FROM case_file o WHERE o.person_id = f.person_id AND o.id <> f.id AND o.joined_into IS NULL)
    AND EXISTS (SELECT FROM claim c WHERE c.case_id = f.id AND c.state NOT IN ('closed', 'cancelled'))
    ORDER BY f.id DESC LIMIT :limit""")


def offers(session: Session, *, today: date) -> list[Offer]:
    """Each pair of reports once, the newest first, without those already judged or asked to be joined."""
    ids = list(session.execute(_DOUBLED, {"since": today - _BACK, "limit": MOST}).scalars())
    rows = session.exec(select(Case, Person.name).join(Person, col(Person.id) == Case.person_id).where(col(Case.id).in_(ids))
                        .order_by(col(Case.id).desc())).all()
    like = duplicates.offers(session, [case for case, _ in rows])
    found: list[Offer] = []
    seen: set[frozenset[str]] = set()
    for case, name in rows:
        for one in like[case.id]:
            pair = frozenset((case.case_no, one.case_no))
            if not one.asked and pair not in seen:
                found.append(Offer(case.case_no, masked_name(name), case.reported_on, one))
                seen.add(pair)
    return found


def joinings(session: Session, actor: Actor) -> list[Joining]:
    """Oldest first."""
    one, other = Case.__table__.alias("one"), Case.__table__.alias("other")  # type: ignore[attr-defined]
    rows = session.execute(
        sa.select(one.c.case_no, other.c.case_no.label("into"), col(Person.name), col(DuplicateVerdict.reason),
                  col(Account.name).label("by"), col(DuplicateVerdict.asked_person))
        .select_from(DuplicateVerdict).join(one, one.c.id == DuplicateVerdict.case_id).join(other, other.c.id == DuplicateVerdict.other_id)
        .join(Person, col(Person.id) == one.c.person_id).outerjoin(Account, col(Account.id) == DuplicateVerdict.asked_by)
        .where(col(DuplicateVerdict.verdict) == "join", col(DuplicateVerdict.confirmed_at).is_(None),
               col(DuplicateVerdict.withdrawn_at).is_(None)).order_by(col(DuplicateVerdict.asked_at)).limit(MOST))
    return [Joining(row.case_no, row.into, masked_name(row.name), row.reason, row.by or "", row.asked_person in actor.persons)
            for row in rows]


def cancellings(session: Session, actor: Actor) -> list[Cancelling]:
    """Oldest first."""
    rows = session.execute(
        sa.select(col(Claim.claim_no), col(Claim.version), col(Claim.plan), col(Person.name), col(CancelRequest.ground),
                  col(CancelRequest.reason), col(Account.name).label("by"), col(CancelRequest.asked_person))
        .select_from(CancelRequest).join(Claim, col(Claim.id) == CancelRequest.claim_id)
        .join(Person, col(Person.id) == Claim.person_id).outerjoin(Account, col(Account.id) == CancelRequest.asked_by)
        .where(col(CancelRequest.confirmed_at).is_(None), col(CancelRequest.withdrawn_at).is_(None))
        .order_by(col(CancelRequest.asked_at)).limit(MOST))
    return [Cancelling(row.claim_no, row.version, row.plan, masked_name(row.name), row.ground, row.reason, row.by or "",
                       row.asked_person in actor.persons) for row in rows]


def pair(session: Session, case_no: str, other_no: str) -> Pair:
    """Two reports in sight of one person. NotFound otherwise."""
    case, other = claims.case_by_no(session, case_no), claims.case_by_no(session, other_no)
    if case.person_id != other.person_id or case.id == other.id:
        raise sight.missing()
    numbers = session.exec(select(Claim.claim_no).where(Claim.case_id == case.id).order_by(col(Claim.id))).all()
    like = next((one for one in duplicates.possible_duplicates(session, case) if one.case_no == other.case_no), None)
    return Pair(session.get_one(Person, case.person_id), case, other, tuple(numbers), like)


def claim_id(session: Session, actor: Actor, claim_no: str, version: int | None) -> uuid.UUID:
    """The claim of a number, locked, of the version seen."""
    return sight.claim(session, actor, claim_no, lock=True, version=version).id
