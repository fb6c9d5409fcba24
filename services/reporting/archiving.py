"""Filing a closed claim: the archive sheet that its closing owes, made once for each closing."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.access.actor import Actor
from services.core.clock import business_day
from services.enrolment.numbers import signing_office
from services.models import OfficeLetter
from services.notice.office_letters import About, issue
from services.reporting import archive_sheet, claim_parts, claims
from services.reporting.views import RecordView
from statemachines.states import ClaimState

CODE, SUFFIX = "archive_sheet", "档"
_ONE = sa.text("SELECT pg_advisory_xact_lock(hashtext('archive_sheet:' || :claim))")
_LAST = sa.text("SELECT encode(hash, 'hex') FROM audit_record WHERE chain_id = :claim AND seq = :seq")


def file(session: Session, *, claim_id: uuid.UUID, actor: Actor, now: datetime) -> OfficeLetter | None:
    """The archive sheet of the claim's last closing; the one that is there is given back. None when the claim is not closed (any more).

    GuardFailed names a value that is missing; ConfigError when no office above signs letters.
    """
    session.execute(_ONE, {"claim": str(claim_id)})
    found = claim_parts.whole(session, claim_id)
    closings = closed(found.view.record)
    if found.view.claim.state != ClaimState.CLOSED or not closings:
        return None
    there = sheet(session, claim_id, len(closings))
    if there is not None:
        return there
    org_key = claims.locate_id(session, claim_id).org_key
    last = closings[-1]
    head = session.execute(_LAST, {"claim": claim_id, "seq": last.seq}).scalar_one()
    day = business_day(last.at)
    office = signing_office(session, org_key)
    about = About(CODE, subject(claim_id, len(closings)), org_key, SUFFIX, day, claim_id=claim_id)
    values = archive_sheet.values(session, found, closed_on=day, times=len(closings), head=head)
    return issue(session, about, values, office=office, actor=actor, now=now)


def closed(record: Sequence[RecordView]) -> list[RecordView]:
    """The entries of the claim's record that closed it."""
    return [entry for entry in record if (entry.machine, entry.event) == ("claim", "close")]


def subject(claim_id: uuid.UUID, times: int) -> str:
    """What makes the sheet of one closing one letter."""
    return f"{claim_id}:{times}"


def sheet(session: Session, claim_id: uuid.UUID, times: int, *, lock: bool = False) -> OfficeLetter | None:
    """The sheet of a closing that still stands."""
    query = select(OfficeLetter).where(
        OfficeLetter.code == CODE, OfficeLetter.subject == subject(claim_id, times), col(OfficeLetter.voided_at).is_(None),
        col(OfficeLetter.replaced_by).is_(None))
    return session.exec(query.with_for_update().execution_options(populate_existing=True) if lock else query).first()
