"""What the office reads of persons' requests for their data: those that wait, one with all it needs to answer, what was disposed of."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.access.actor import Actor
from services.audit import service as audit
from services.intake import data_requests
from services.models import Disposal, Person, PrivacyRequest
from services.reporting.masking import masked_id, masked_phone
from services.review.summary_queries import masked_name

_LINES = sa.text("""
    SELECT q.request_no, q.kind, q.field, q.state, q.asked_at, q.due_on, q.answer, p.name, coalesce(o.name, '') AS unit
    FROM privacy_request q JOIN person p ON p.id = q.person_id LEFT JOIN organisation o ON o.org_key = q.org_key
    WHERE :all OR q.state IN ('open', 'working') OR (q.kind = 'export' AND q.state = 'ready')
    ORDER BY q.state <> 'open', CASE WHEN q.state = 'open' THEN q.due_on END, q.asked_at DESC, q.id LIMIT 200""")
# Until when the law keeps what hangs on somebody's claims: ten years after the last cover ended or the last claim was closed.
_KEPT = sa.text("""
    SELECT greatest((SELECT max(coalesce(v.ended_on, v.until)) FROM cover v WHERE v.person_id = :person),
                    (SELECT max((c.updated_at AT TIME ZONE 'Asia/Shanghai')::date) FROM claim c WHERE c.person_id = :person))
           + interval '10 years' AS until""")


@dataclass(frozen=True, slots=True)
class Line:
    """One request of the list, the name masked."""

    request_no: str
    kind: str
    field: str | None
    state: str
    asked_at: datetime
    due_on: date
    answer: str | None
    name: str
    unit: str


@dataclass(frozen=True, slots=True)
class Asked:
    """One request with the person, what stands now and what is wanted; `kept_until`: what the law keeps of her claims."""

    row: PrivacyRequest
    name: str
    present: str
    wanted: str
    words: str
    kept_until: date | None


def lines(session: Session, *, everything: bool = False) -> list[Line]:
    """Those that wait, the most urgent first; or all, the newest two hundred."""
    return [Line(**{**row._mapping, "name": masked_name(row.name)}) for row in session.execute(_LINES, {"all": everything})]


def asked(session: Session, request_no: str, *, actor: Actor, now: datetime) -> Asked:
    """One of them; who opened it is recorded, for it says what a person wants of her data."""
    row = data_requests.one(session, request_no)
    person = session.get_one(Person, row.person_id)
    if actor.account_id:
        audit.looked(session, org_key=row.org_key, account=actor.account_id, claim_id=None, what=f"data_request:{row.request_no}",
                     reason=None, at=now)
    until = session.execute(_KEPT, {"person": row.person_id}).scalar_one()
    wanted = data_requests.wanted_of(row)
    return Asked(row, person.name, _present(person, row.field), _shown(row.field, wanted), data_requests.words_of(row),
                 until.date() if until else None)


def _present(person: Person, field: str | None) -> str:
    if field == "name":
        return person.name
    return masked_id(person) if field == "id_number" else (masked_phone(person) or "") if field == "phone" else ""


def _shown(field: str | None, wanted: str) -> str:
    """Numbers masked, as everywhere; the answer itself writes the whole one."""
    if field in ("id_number", "phone") and len(wanted) > 7:
        return f"{wanted[:3]}{'*' * (len(wanted) - 7)}{wanted[-4:]}"
    return wanted


def disposals(session: Session, *, after: uuid.UUID | None = None, limit: int = 101) -> list[Disposal]:
    """What was disposed of, newest first: counts by kind that name nobody, of one sweep over the whole house, so read in its scope."""
    query = select(Disposal).order_by(col(Disposal.id).desc()).limit(limit)
    return list(session.exec(query.where(col(Disposal.id) < after) if after else query))
