"""The one way from a claim's number to its row for whoever asks: in sight, of the version seen, and recorded."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from services.access.actor import REVIEWERS, Actor, Role
from services.audit import service as audit
from services.core.errors import Conflict, NotFound
from services.intake.queries import require_own
from services.reporting import claims
from services.reporting.claims import Located

# Who may see claims at all. An administrator sees no medical data.
READERS = (Role.MEMBER, Role.UNIT_CLERK, *sorted(REVIEWERS), Role.AUDITOR, Role.SYSTEM)
FINANCE = (Role.FINANCE_MAKER, Role.FINANCE_CHECKER)
SEES_NAMES = (*READERS, *FINANCE)


def claim(session: Session, actor: Actor, claim_no: str, *, lock: bool = False, version: int | None = None) -> Located:
    """The claim of a number. NotFound outside the actor's sight; Conflict when `version` is no longer the present one."""
    found = claims.locate(session, claim_no, lock=lock)
    require_own(session, actor, found.person_id)
    if lock and version is not None and version != found.version:
        raise stale(version, found.version)
    return found


def looked(session: Session, actor: Actor, found: Located, what: str, now: datetime) -> None:
    """Record who saw health data. The member's own look at the own claim leaves no record."""
    if actor.account_id and actor.person_id != found.person_id:
        audit.looked(session, org_key=found.org_key, account=actor.account_id, claim_id=found.id, what=what, reason=None, at=now)


def stale(seen: int, present: int) -> Conflict:
    """Somebody else was quicker."""
    return Conflict("stale_version", f"记录已被他人更新（您看到第{seen}版，现为第{present}版）", remedy="刷新后核对变动，再办理")


def missing() -> NotFound:
    """Not there and not in sight are not told apart."""
    return NotFound("not_found", "没有这一记录，或不在您的管辖范围内", remedy="核对编号")
