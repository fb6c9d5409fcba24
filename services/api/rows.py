"""Finding the row that a path names, in the caller's sight, and holding it against the version the caller saw."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import sqlalchemy as sa
from fastapi import Response
from sqlmodel import Session

from services.api.calls import Call, Payload
from services.intake.queries import require_own
from services.models.base import Moving
from services.reporting import claims, sight
from services.reporting.claims import Located
from services.reporting.sight import missing, stale
from services.reporting.views import ClaimHead

__all__ = ["missing", "stale"]


def claim(call: Call, session: Session, claim_no: str, *, lock: bool = False) -> Located:
    """The claim of a number, if this caller may see it; with `lock` held until the end and compared with If-Match."""
    return sight.claim(session, call.actor, claim_no, lock=lock, version=call.version)


def looked(call: Call, session: Session, found: Located, what: str) -> None:
    """Record who saw health data."""
    sight.looked(session, call.actor, found, what, call.now)


def change(call: Call, claim_no: str, payload: Payload, verb: Callable[[Session, Located], object]) -> Response:
    """Run a verb on one claim; the answer is the claim as it then stands."""
    def run(session: Session) -> ClaimHead:
        found = claim(call, session, claim_no, lock=True)
        verb(session, found)
        return claims.head(session, found.id)
    return call.act(payload, run, status=200)


def hold(call: Call, session: Session, table: type[Moving], row_id: uuid.UUID, *, of_claim: bool = True) -> None:
    """Lock a row that has a version of its own (its claim first, as the lifecycle does) and compare it with If-Match."""
    rows = table.__table__          # type: ignore[attr-defined]
    if of_claim:
        claim_id = session.execute(sa.select(rows.c.claim_id).where(rows.c.id == row_id)).scalar_one_or_none()
        if claim_id is None:
            raise missing()
        require_own(session, call.actor, claims.locate_id(session, claim_id, lock=True).person_id)
    present = session.execute(sa.select(rows.c.version).where(rows.c.id == row_id)
                              .with_for_update()).scalar_one_or_none()
    if present is None:
        raise missing()
    if call.version is not None and call.version != present:
        raise stale(call.version, present)
