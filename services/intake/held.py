"""Whether a hold by law stands (services/evidence/holds.py places and lifts them), as SQL conditions."""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from sqlmodel import Session

from services.core.settings import settings


def on_claim(claim: str) -> str:
    """SQL: whether a hold stands on a claim (an alias of `claim`)."""
    return f"""(EXISTS (SELECT FROM legal_hold h WHERE h.claim_id = {claim}.id AND h.lifted_at IS NULL)
        OR EXISTS (SELECT FROM legal_hold h WHERE h.case_id = {claim}.case_id AND h.lifted_at IS NULL)
        OR EXISTS (SELECT FROM legal_hold h WHERE h.person_id = {claim}.person_id AND h.lifted_at IS NULL)
        OR EXISTS (SELECT FROM payee y JOIN legal_hold h ON h.person_id = y.person_id AND h.lifted_at IS NULL
                   WHERE y.claim_id = {claim}.id))"""


def on_person(person: str) -> str:
    """SQL: whether a hold stands on a person (an expression), or on a case or claim of hers."""
    return f"""(EXISTS (SELECT FROM legal_hold h WHERE h.person_id = {person} AND h.lifted_at IS NULL)
        OR EXISTS (SELECT FROM legal_hold h JOIN case_file f ON f.id = h.case_id WHERE f.person_id = {person} AND h.lifted_at IS NULL)
        OR EXISTS (SELECT FROM legal_hold h JOIN claim k ON k.id = h.claim_id WHERE h.lifted_at IS NULL AND (k.person_id = {person}
                   OR EXISTS (SELECT FROM payee y WHERE y.claim_id = k.id AND y.person_id = {person}))))"""


_SIGHT = sa.text("SELECT current_setting('app.org_path'), set_config('app.org_path', :path, true)")
_PERSON = sa.text(f"SELECT {on_person('CAST(:person AS uuid)')}")


def stands(session: Session, person_id: uuid.UUID) -> bool:
    """Whether one stands on a person, wherever it was placed: a member does not see the office's holds, and learns no more than this."""
    mine = session.execute(_SIGHT, {"path": settings().root_org}).one()[0]
    found = bool(session.execute(_PERSON, {"person": person_id}).scalar_one())
    session.execute(_SIGHT, {"path": mine})
    return found
