"""A person's record for staff of a region that knows her: who may open it, what it shows, its numbers in full for a reason."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.access.actor import Actor
from services.audit import service as audit
from services.core.errors import NotFound
from services.enrolment import categories, person_history, proxies, queries
from services.enrolment.persons import warnings
from services.models import Account, BankCard, Claim, FamilyTie, Payee, Person, PersonCategory, Proxy
from services.reporting import book, claims, minimum, sight, unmasking
from services.reporting.book import CoverLine
from services.reporting.views import ClaimHead, PersonView

UNMASKERS = tuple(sorted(minimum.UNMASK["id_number"]))
_HIDDEN = {"id_number", "phone"}
_ELSEWHERE = sa.text("SELECT person_beyond_scope(:person)")


@dataclass(frozen=True, slots=True)
class Relative:
    """Somebody tied to the person."""

    id: uuid.UUID
    name: str
    relation: str


@dataclass(frozen=True, slots=True)
class Acting:
    """A proxy with her name."""

    row: Proxy
    name: str


@dataclass(frozen=True, slots=True)
class Changed:
    """One field before and after, numbers masked, and who wrote it."""

    field: str
    old: str | None
    new: str | None
    why: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PersonSheet:
    """All that is recorded about a person. `claims` only for those who may see claims."""

    view: PersonView
    version: int
    died_on: date | None
    warnings: list[str]
    covers: list[CoverLine]
    claims: list[ClaimHead]
    card: BankCard | None
    categories: list[PersonCategory]
    proxies: list[Acting]
    kin: list[Relative]
    changes: list[Changed]


def region_knows(session: Session, person_id: uuid.UUID) -> bool:
    """Covered or paid in the caller's region. An account there, the caller's own above all, opens nobody else's record."""
    person = person_history.resolved(session, person_id)
    if person is None:
        return False
    payee = select(Payee.id).where(Payee.person_id == person.id)
    return bool(queries.covers_of(session, person.id)) or session.exec(payee).first() is not None


def in_region(session: Session, actor: Actor, person_id: uuid.UUID) -> bool:
    """The caller, or somebody covered, paid or with an account in the caller's region: people have no region of their own."""
    person = person_history.resolved(session, person_id)
    if person is None:
        return False
    if actor.person_id == person.id or region_knows(session, person.id):
        return True
    account = select(Account.id).where(Account.person_id == person.id, col(Account.org_key).startswith(actor.org_key))
    return session.exec(account).first() is not None


def known(session: Session, actor: Actor, person_id: uuid.UUID) -> Person:
    """The present record of an id. NotFound outside the caller's region."""
    found = person_history.resolved(session, person_id)
    if found is None or not in_region(session, actor, found.id):
        raise sight.missing()
    return found


def opened(session: Session, actor: Actor, person_id: uuid.UUID, *, now: datetime) -> Person:
    """`known`, and who opened the record is recorded."""
    found = known(session, actor, person_id)
    if actor.account_id:
        audit.looked(session, org_key=actor.org_key, account=actor.account_id, claim_id=None, what=f"person:{found.id}",
                     reason=None, at=now)
    return found


def find(session: Session, actor: Actor, number: str, *, now: datetime) -> PersonView | None:
    """Who has this number: somebody of the caller's region, or on record nowhere yet. Recorded, also that nobody was found.

    None: nobody, or only on record elsewhere. Conflict: too many were asked for in vain within the hour.
    """
    account = unmasking.require_few(session, actor=actor, now=now)
    found = queries.person_by_number(session, number)
    if found and not in_region(session, actor, found.id) and session.execute(_ELSEWHERE, {"person": found.id}).scalar_one():
        found = None
    audit.looked(session, org_key=actor.org_key, account=account, claim_id=None, reason=None, at=now,
                 what=f"person:{found.id}" if found else unmasking.MISSED)
    return view_for(actor, found) if found else None


def view_for(actor: Actor, found: Person) -> PersonView:
    """A person as the actor's work needs her. Birth date, last places and the check digit leave some ninety numbers: both stay out for
    whoever never sees a number in full.
    """
    view = claims.person_view(found)
    return view if minimum.unmasks(actor) else view.model_copy(update={"born": None, "id_number": _hidden(view.id_number)})


def _hidden(number: str) -> str:
    return number[:3] + "*" * len(number[3:])


def sheet(session: Session, actor: Actor, person_id: uuid.UUID, *, today: date, now: datetime) -> PersonSheet:
    """The whole record; who opened it is recorded."""
    found = opened(session, actor, person_id, now=now)
    held = list(reversed(queries.covers_of(session, found.id)))
    return PersonSheet(
        view_for(actor, found), found.version, found.died_on, warnings(found.name, queries.number_of(found)),
        book.lines(held, today), claims.listed(session, person_id=found.id) if actor.has(*sight.READERS) else [],
        queries.current_cards(session, [found.id]).get(found.id), categories.periods(session, found.id),
        _proxies(session, found.id), _kin(session, found.id), _changes(session, actor, found.id))


def _proxies(session: Session, person_id: uuid.UUID) -> list[Acting]:
    rows = proxies.proxies_of(session, person_id)
    names = queries.people_by_id(session, [row.proxy_id for row in rows])
    return [Acting(row, names[row.proxy_id].name) for row in rows]


def _kin(session: Session, person_id: uuid.UUID) -> list[Relative]:
    rows = session.exec(select(Person.id, Person.name, FamilyTie.relation).join(
        FamilyTie, col(FamilyTie.relative_id) == Person.id).where(FamilyTie.person_id == person_id).order_by(col(Person.id))).all()
    return [Relative(*row) for row in rows]


def _changes(session: Session, actor: Actor, person_id: uuid.UUID) -> list[Changed]:
    rows = person_history.changes_of(session, person_id)
    shown = masked if minimum.unmasks(actor) else _barely
    accounts = {row.account_id for row in rows if row.account_id}
    names: dict[uuid.UUID, str] = {row[0]: row[1] for row in session.execute(
        sa.select(col(Account.id), col(Person.name)).join(Person, col(Person.id) == Account.person_id)
        .where(col(Account.id).in_(list(accounts))))}
    return [Changed(row.field, shown(row.field, row.old), shown(row.field, row.new), row.why,
                    names.get(row.account_id, "") if row.account_id else "", row.at) for row in reversed(rows)]


def masked(field: str, value: str | None) -> str | None:
    """A changed value as it may be listed."""
    if value is None or field not in _HIDDEN:
        return value
    return minimum.masked(field, value)


def _barely(field: str, value: str | None) -> str | None:
    if field == "id_number" and value:
        return _hidden(value)
    return None if field == "born" else masked(field, value)


def unmask(session: Session, *, person_id: uuid.UUID, what: str, reason: str, claim_id: uuid.UUID | None = None, actor: Actor,
           now: datetime) -> str:
    """One number of FIELDS in full, recorded. Only of somebody covered in sight, or a payee (an heir) of the claim at hand.

    NotFound: not in sight, no such number; InputError: unknown field, no reason.
    """
    unmasking.require(session, what=what, reason=reason, actor=actor, now=now)
    person = person_history.resolved(session, person_id)
    if person is None or not _covered_or_paid(session, person.id, claim_id):
        raise sight.missing()
    value = _number(session, person, what)
    if value is None:
        raise NotFound("number_missing", "没有登记这一号码", remedy="先登记", field="field")
    assert actor.account_id is not None
    # Kept with a stranger's claim the entry would be missing from whose number it is (services/reporting/seen_by).
    named = claim_id if claim_id and _of_claim(session, person.id, claim_id) else None
    audit.looked(session, org_key=actor.org_key, account=actor.account_id, claim_id=named, what=f"unmask:{what}:{person_id}",
                 reason=reason.strip(), at=now)
    return value


def _covered_or_paid(session: Session, person_id: uuid.UUID, claim_id: uuid.UUID | None) -> bool:
    return bool(queries.covers_of(session, person_id)) or _paid(session, person_id, claim_id)


def _of_claim(session: Session, person_id: uuid.UUID, claim_id: uuid.UUID) -> bool:
    """Its claimant or payee."""
    claim = session.get(Claim, claim_id)
    return claim is not None and (claim.person_id == person_id or _paid(session, person_id, claim_id))


def _paid(session: Session, person_id: uuid.UUID, claim_id: uuid.UUID | None) -> bool:
    return session.exec(select(Payee.id).where(Payee.claim_id == claim_id, Payee.person_id == person_id)).first() is not None


def _number(session: Session, person: Person, what: str) -> str | None:
    if what == "id_number":
        return queries.number_of(person)
    if what == "phone":
        return queries.phone_of(person)
    card = queries.current_cards(session, [person.id]).get(person.id)
    return queries.card_number(card) if card else None
