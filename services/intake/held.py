"""Whether a hold by law stands (services/evidence/holds.py places and lifts them), as SQL conditions."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlmodel import Session

from services.core.settings import settings

# Names of its own (held_…): a condition is set into others' statements, and must not take their aliases for itself.
_HELD_CASES = """(
    WITH RECURSIVE held_on (id) AS (
        SELECT held.case_id FROM legal_hold held WHERE held.case_id IS NOT NULL AND held.lifted_at IS NULL
        UNION SELECT held_case.joined_into FROM case_file held_case JOIN held_on ON held_on.id = held_case.id
        WHERE held_case.joined_into IS NOT NULL) SELECT id FROM held_on)"""


def on_claim(claim: str) -> str:
    """SQL: whether a hold stands on a claim (an alias of `claim`). One on a report reaches the report that it was joined into."""
    return f"""(EXISTS (SELECT FROM legal_hold held WHERE held.claim_id = {claim}.id AND held.lifted_at IS NULL)
        OR {claim}.case_id IN {_HELD_CASES}
        OR EXISTS (SELECT FROM legal_hold held WHERE held.person_id = {claim}.person_id AND held.lifted_at IS NULL)
        OR EXISTS (SELECT FROM payee held_payee JOIN legal_hold held ON held.person_id = held_payee.person_id AND held.lifted_at IS NULL
                   WHERE held_payee.claim_id = {claim}.id))"""


def on_person(person: str) -> str:
    """SQL: whether a hold stands on a person (an expression), or on a case or claim of hers."""
    return f"""(EXISTS (SELECT FROM legal_hold held WHERE held.person_id = {person} AND held.lifted_at IS NULL)
        OR EXISTS (SELECT FROM legal_hold held JOIN case_file held_case ON held_case.id = held.case_id
                   WHERE held_case.person_id = {person} AND held.lifted_at IS NULL)
        OR EXISTS (SELECT FROM legal_hold held JOIN claim held_claim ON held_claim.id = held.claim_id
                   WHERE held.lifted_at IS NULL AND (held_claim.person_id = {person} OR EXISTS (
                       SELECT FROM payee held_payee WHERE held_payee.claim_id = held_claim.id AND held_payee.person_id = {person}))))"""


# A hold that is being placed is waited for, and one that comes waits for this transaction: what is held at its commit stays.
_HOLDS_STILL = sa.text("LOCK TABLE legal_hold IN SHARE MODE")
_SIGHT = sa.text("SELECT current_setting('app.org_path'), set_config('app.org_path', :path, true)")
_PERSON = sa.text(f"SELECT {on_person('CAST(:person AS uuid)')}")
_RECORDS = sa.text("SELECT EXISTS (SELECT FROM claim c WHERE c.person_id = :person)")


def no_new_hold(session: Session) -> None:
    """Until the transaction's end none is placed or lifted; for whoever deletes what none protects."""
    session.execute(_HOLDS_STILL)


def stands(session: Session, person_id: uuid.UUID) -> bool:
    """Whether one stands on a person until this transaction ends, wherever it was placed: a member sees no hold and learns no more."""
    no_new_hold(session)
    return _anywhere(session, _PERSON, person_id)


def has_records(session: Session, person_id: uuid.UUID) -> bool:
    """Whether the house has cases of hers, wherever: they are kept by law, and no answer may say that they were deleted."""
    return _anywhere(session, _RECORDS, person_id)


def _anywhere(session: Session, question: sa.TextClause, person_id: uuid.UUID) -> bool:
    """Asked in the root's sight, for this one word."""
    with everywhere(session):
        return bool(session.execute(question, {"person": person_id}).scalar_one())


@contextmanager
def everywhere(session: Session) -> Iterator[None]:
    """The root's sight, for what names its person in every condition; then the caller's own again. A refusal ends the transaction."""
    mine = session.execute(_SIGHT, {"path": settings().root_org}).one()[0]
    yield
    session.execute(_SIGHT, {"path": mine})
