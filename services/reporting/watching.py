"""What the auditor reads across the house: the access record, the daily heads, who signed a line of it. Reads only."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session, select

from services.ledger import queries as ledger
from services.models import Account, Claim, Person

PAGE = 50


@dataclass(frozen=True, slots=True)
class Look:
    """Somebody looked at something, or changed an account or an organisation: who, when, what, why, in which claim."""

    id: uuid.UUID
    at: datetime
    account_id: uuid.UUID
    name: str
    login: str
    what: str
    reason: str | None
    claim_no: str | None


@dataclass(frozen=True, slots=True)
class Asked:
    """What the record is asked for; nothing given asks for all. `login` is whole; `person_id` is whose claims were looked at."""

    claim_no: str = ""
    login: str = ""
    person_id: uuid.UUID | None = None
    after: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class Day:
    """A day's seal over all chains. `exported_at` is empty until it lies at the second place, and in days of the former kind."""

    day: date
    chains: int
    records: int
    digest: str
    at: datetime
    place: str = ""
    exported_at: datetime | None = None
    losses: int = 0


_LOOKS = """
    SELECT r.id, r.at, r.account_id, coalesce(a.name, '') AS name, coalesce(a.login, '') AS login, r.what, r.reason, c.claim_no
    FROM access_record r LEFT JOIN account a ON a.id = r.account_id LEFT JOIN claim c ON c.id = r.claim_id
    WHERE (CAST(:after AS uuid) IS NULL OR r.id < :after) {narrowed} ORDER BY r.id DESC LIMIT :limit"""
_DAYS = sa.text("""
    SELECT day, chains, records, root AS digest, at, place, exported_at, losses FROM audit_seal WHERE day < coalesce(:before, 'infinity')
    UNION ALL SELECT day, chains, records, digest, at, '', NULL, 0 FROM audit_head h
    WHERE day < coalesce(:before, 'infinity') AND NOT EXISTS (SELECT FROM audit_seal s WHERE s.day = h.day)
    ORDER BY day DESC LIMIT :limit""").bindparams(sa.bindparam("before", type_=sa.Date))
_BY_CLAIMS = " AND r.claim_id = ANY(CAST(:claims AS uuid[]))"
_BY_ACCOUNT = " AND r.account_id = CAST(:account AS uuid)"


def looks(session: Session, asked: Asked, *, limit: int = PAGE + 1) -> list[Look]:
    """The access record in the session's scope, newest first. What was asked for and is not there gives nothing."""
    narrowed = ""
    given: dict[str, object] = {"after": asked.after, "limit": limit}
    if asked.claim_no or asked.person_id:
        found = session.exec(select(Claim.id).where(
            *([Claim.claim_no == asked.claim_no] if asked.claim_no else []),
            *([Claim.person_id == asked.person_id] if asked.person_id else []))).all()
        narrowed, given = _BY_CLAIMS, {**given, "claims": list(found)}
    if asked.login:
        account = session.exec(select(Account.id).where(Account.login == asked.login)).first()
        if account is None:
            return []
        narrowed, given = narrowed + _BY_ACCOUNT, {**given, "account": account}
    return [Look(**row) for row in session.execute(sa.text(_LOOKS.format(narrowed=narrowed)), given).mappings()]


def name_of(session: Session, person_id: uuid.UUID) -> str | None:
    """A person's name, for the heading."""
    return session.exec(select(Person.name).where(Person.id == person_id)).first()


def person_of(session: Session, claim_no: str) -> uuid.UUID | None:
    """Whose claim a number is, in sight."""
    return session.exec(select(Claim.person_id).where(Claim.claim_no == claim_no)).first()


def days(session: Session, *, before: date | None = None, limit: int = 31) -> list[Day]:
    """The newest daily seals, and the heads of before there were seals, without what is in them."""
    rows = session.execute(_DAYS, {"before": before, "limit": limit})
    return [Day(row.day, row.chains, row.records, row.digest.hex(), row.at, row.place, row.exported_at, row.losses) for row in rows]


def books(session: Session) -> Sequence[ledger.Balance]:
    """The trial balance of every plan in sight."""
    return ledger.balances(session)
