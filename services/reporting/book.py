"""The unit's book: who is covered where, from when to when, one cover with its money, and what was uploaded. Set-based."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.access.actor import Actor
from services.core.identity import eighteen
from services.enrolment import cover_queries, queries, tree
from services.enrolment.cover_queries import Liability
from services.enrolment.numbers import ancestor_keys
from services.enrolment.people import index_of
from services.ledger import queries as ledger
from services.ledger.queries import Premium
from services.models import Cover, Endorsement, Organisation, Person, ReportImport, RosterImport
from services.reporting import sight
from services.reporting.masking import masked_id
from services.rulebook import registry

MOST = 50
SOON = timedelta(days=60)       # how long before its end a cover is called to its renewal
_IDENTITY = re.compile(r"[1-9]\d{16}[\dX]|[1-9]\d{14}", re.ASCII)
STANDINGS = ("in_force", "soon", "coming", "ended")


@dataclass(frozen=True, slots=True)
class CoverLine:
    """One cover in a list. `waits_until`: last day of a waiting period that still runs."""

    id: uuid.UUID
    certificate_no: str
    plan: str
    effective: date
    until: date
    ended: bool
    shares: int
    renewal: bool
    relation: str
    standing: str
    waits_until: date | None


@dataclass(frozen=True, slots=True)
class Member:
    """A person of the unit, numbers masked, newest cover first."""

    id: uuid.UUID
    name: str
    id_number: str
    category: str
    covers: tuple[CoverLine, ...]
    open_claims: int


@dataclass(frozen=True, slots=True)
class Place:
    """An organisation of the tree, the ones above it that are in sight, and the ones under it."""

    org: Organisation
    above: tuple[Organisation, ...]
    under: tuple[Organisation, ...]


@dataclass(frozen=True, slots=True)
class CoverSheet:
    """One cover with all that belongs to it."""

    cover: Cover
    person: Person
    unit: str
    line: CoverLine
    waiting_start: date
    premium: Premium
    endorsements: list[Endorsement]
    liabilities: list[Liability]


def place(session: Session, actor: Actor, org_key: str) -> Place:
    """The organisation of a key, the actor's own without one. NotFound outside the actor's tree."""
    org = tree.find(session, org_key or actor.org_key)
    if not org.org_key.startswith(actor.org_key):
        raise sight.missing()
    keys = [key for key in ancestor_keys(org.org_key) if key.startswith(actor.org_key) and key != org.org_key]
    above = session.exec(select(Organisation).where(col(Organisation.org_key).in_(keys)).order_by(col(Organisation.org_key))).all()
    under = session.exec(select(Organisation).where(Organisation.parent_id == org.id, col(Organisation.closed_on).is_(None))
                         .order_by(col(Organisation.org_key)).limit(500)).all()
    return Place(org, tuple(above), tuple(under))


_STANDING = {
    "": "true", "in_force": "v.effective <= :today AND coalesce(v.ended_on, v.until) >= :today",
    "soon": "v.effective <= :today AND v.ended_on IS NULL AND v.until BETWEEN :today AND :soon",
    "coming": "v.effective > :today AND (v.ended_on IS NULL OR v.ended_on >= v.effective)",
    "ended": "(coalesce(v.ended_on, v.until) < :today OR v.ended_on < v.effective)"}
_IDS = """
    WITH mine AS MATERIALIZED (
        SELECT DISTINCT v.person_id FROM cover v WHERE v.org_key = :key AND (CAST(:plan AS text) = '' OR v.plan = :plan) AND {standing}
        AND (CAST(:after AS uuid) IS NULL OR v.person_id > :after))
    SELECT person_id FROM mine ORDER BY person_id LIMIT :limit"""
_FOUND = """
    SELECT DISTINCT v.person_id FROM person p JOIN cover v ON v.person_id = coalesce(p.merged_into, p.id)
    WHERE {by} AND v.org_key >= :key AND v.org_key < :past ORDER BY v.person_id LIMIT :limit"""


def members(session: Session, *, org_key: str, plan: str = "", standing: str = "", after: uuid.UUID | None = None,
            today: date) -> tuple[list[Member], uuid.UUID | None]:
    """A page of the people covered directly at an organisation, in the order they were registered, and where the next begins."""
    query = sa.text(_IDS.format(standing=_STANDING.get(standing, "true")))
    ids = list(session.execute(query, {"key": org_key, "plan": plan, "today": today, "soon": today + SOON, "after": after,
                                       "limit": MOST + 1}).scalars())
    return _shown(session, ids[:MOST], today), ids[MOST - 1] if len(ids) > MOST else None


def find(session: Session, *, org_key: str, words: str, today: date) -> list[Member]:
    """The people at and under an organisation with exactly this name or identity number."""
    joined = "".join(words.split()).upper()
    number = (eighteen(joined) or joined) if _IDENTITY.fullmatch(joined) else ""
    query = sa.text(_FOUND.format(by="p.id_number_index = :words" if number else "p.name = :words"))
    ids = session.execute(query, {"words": index_of(number) if number else " ".join(words.split()), "key": org_key,
                                  "past": f"{org_key.rstrip('.')}/", "limit": MOST}).scalars()
    return _shown(session, list(ids), today)


_CLAIMS = sa.text("""
    SELECT person_id, count(*) FROM claim WHERE person_id = ANY(CAST(:ids AS uuid[])) AND state NOT IN ('closed', 'cancelled')
    GROUP BY person_id""")


def _shown(session: Session, ids: Sequence[uuid.UUID], today: date) -> list[Member]:
    people = queries.people_by_id(session, ids)
    held: dict[uuid.UUID, list[Cover]] = {person: [] for person in ids}
    for cover in session.exec(select(Cover).where(col(Cover.person_id).in_(list(ids))).order_by(col(Cover.effective).desc())):
        held[cover.person_id].append(cover)
    claims = {row[0]: row[1] for row in session.execute(_CLAIMS, {"ids": list(ids)})}
    return [Member(person.id, person.name, masked_id(person), person.category, tuple(lines(held[person.id], today)),
                   claims.get(person.id, 0)) for person in (people[key] for key in ids)]


def lines(covers: Iterable[Cover], today: date) -> list[CoverLine]:
    """One person's covers as they stand on a day."""
    held = list(covers)
    return [_line(cover, held, today) for cover in held]


def _line(cover: Cover, held: Sequence[Cover], today: date) -> CoverLine:
    last = cover.ended_on or cover.until
    standing = ("ended" if last < today or last < cover.effective else "coming" if cover.effective > today
                else "soon" if cover.ended_on is None and last <= today + SOON else "in_force")
    return CoverLine(cover.id, cover.certificate_no, cover.plan, cover.effective, last, cover.ended_on is not None, cover.shares,
                     cover.renewal, cover.relation, standing, _waits(cover, held, today) if standing != "ended" else None)


def _waits(cover: Cover, held: Sequence[Cover], today: date) -> date | None:
    """The last day of the waiting period, as the pinned wording counts it, when it is not over."""
    rule = registry.version(cover.plan, cover.plan_from).waiting
    if rule is None or rule.days.high is None or (rule.unless == "cover.renewal" and cover.renewal):
        return None
    last = cover_queries.waiting_start(cover, held) + timedelta(days=rule.days.high - 1)
    return last if last >= today else None


def cover(session: Session, certificate_no: str, *, today: date) -> CoverSheet:
    """The cover of a certificate in sight, with premium, endorsements and benefits. NotFound otherwise."""
    found = cover_queries.by_certificate(session, certificate_no)
    held = queries.covers_of(session, found.person_id, found.plan)
    return CoverSheet(found, session.get_one(Person, found.person_id), session.get_one(Organisation, found.org_id).name,
                      _line(found, held, today), cover_queries.waiting_start(found, held),
                      ledger.premiums(session, [found.id])[found.id], cover_queries.endorsements(session, found),
                      cover_queries.liabilities(session, found))


def rosters(session: Session, *, after: uuid.UUID | None = None) -> tuple[list[tuple[RosterImport, str]], uuid.UUID | None]:
    """Rosters uploaded in sight with the unit's name, newest first, and where the next page begins."""
    query = select(RosterImport, Organisation.name).join(Organisation, col(Organisation.id) == RosterImport.org_id, isouter=True)
    if after:
        query = query.where(col(RosterImport.id) < after)
    rows = list(session.exec(query.order_by(col(RosterImport.id).desc()).limit(MOST + 1)).all())
    return [(row, name or "") for row, name in rows[:MOST]], rows[MOST - 1][0].id if len(rows) > MOST else None


def report_files(session: Session, *, after: uuid.UUID | None = None) -> tuple[list[ReportImport], uuid.UUID | None]:
    """Workbooks of reports uploaded in sight, newest first."""
    query = select(ReportImport)
    if after:
        query = query.where(col(ReportImport.id) < after)
    rows = list(session.exec(query.order_by(col(ReportImport.id).desc()).limit(MOST + 1)).all())
    return rows[:MOST], rows[MOST - 1].id if len(rows) > MOST else None
