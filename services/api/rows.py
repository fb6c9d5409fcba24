"""Finding the row that a path names, in the caller's sight, and holding it against the version the caller saw."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import sqlalchemy as sa
from fastapi import Response
from sqlmodel import Session

from services.access.actor import REVIEWERS, Role
from services.api.calls import Call, Payload
from services.audit import service as audit
from services.core.errors import Conflict, NotFound
from services.intake.queries import require_own
from services.models.base import Moving
from services.reporting import claims
from services.reporting.claims import Located
from services.reporting.views import ClaimHead

# Who may see claims at all. An administrator sees no medical data.
READERS = (Role.MEMBER, Role.UNIT_CLERK, *sorted(REVIEWERS), Role.AUDITOR, Role.SYSTEM)
FINANCE = (Role.FINANCE_MAKER, Role.FINANCE_CHECKER)
SEES_NAMES = (*READERS, *FINANCE)


def stale(seen: int, present: int) -> Conflict:
    """Somebody else was quicker."""
    return Conflict("stale_version", f"记录已被他人更新（您看到第{seen}版，现为第{present}版）", remedy="刷新后核对变动，再办理")


def claim(call: Call, session: Session, claim_no: str, *, lock: bool = False) -> Located:
    """The claim of a number, if this caller may see it; with `lock` held until the end and compared with If-Match."""
    found = claims.locate(session, claim_no, lock=lock)
    require_own(session, call.actor, found.person_id)
    if lock and call.version is not None and call.version != found.version:
        raise stale(call.version, found.version)
    return found


def looked(call: Call, session: Session, found: Located, what: str) -> None:
    """Record who saw health data. The member's own look at the own claim leaves no record."""
    if call.actor.account_id and call.actor.person_id != found.person_id:
        audit.looked(session, org_key=found.org_key, account=call.actor.account_id, claim_id=found.id, what=what,
                     reason=None, at=call.now)


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


def missing() -> NotFound:
    """Not there and not in sight are not told apart."""
    return NotFound("not_found", "没有这一记录，或不在您的管辖范围内", remedy="核对编号")
