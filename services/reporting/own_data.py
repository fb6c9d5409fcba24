"""What a person has consented to and asked for, for her own page and her export. She is in every condition: read in the house's scope."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.intake.purposes import Purpose, purposes

_CASES = sa.text("""
    SELECT f.id, f.case_no, f.reported_on, f.event_kind, array_agg(DISTINCT c.plan) AS plans, bool_or(c.route = 'insurer') AS insured,
        bool_or(c.state NOT IN ('closed', 'cancelled')) AS open
    FROM case_file f JOIN claim c ON c.case_id = f.id WHERE f.joined_into IS NULL AND f.person_id IN (
        SELECT p.id FROM person p WHERE p.id = :person OR p.merged_into = :person)
    GROUP BY f.id ORDER BY f.reported_at DESC, f.case_no""")
_CONSENTS = sa.text("""
    SELECT k.case_id, k.purpose, k.given_at, k.withdrawn_at, k.words_version, k.withdrawn_why, k.paper_sha256 IS NOT NULL AS on_paper,
        coalesce(a.name, '') AS recorded_by, coalesce(w.name, '') AS withdrawn_by
    FROM consent k LEFT JOIN account a ON a.id = k.recorded_by LEFT JOIN account w ON w.id = k.withdrawn_by
    WHERE k.case_id = ANY(CAST(:cases AS uuid[])) ORDER BY k.given_at, k.id""")
_CONTACTS = sa.text("""
    SELECT t.channel, t.shown, t.consented_at, t.withdrawn_at FROM letter_contact t WHERE t.person_id IN (
        SELECT p.id FROM person p WHERE p.id = :person OR p.merged_into = :person) ORDER BY t.consented_at, t.id""")


@dataclass(frozen=True, slots=True)
class Given:
    """One consent from giving to taking back, with the words it was given to. Of a message channel `what` is its masked address."""

    purpose: str
    words: str
    version: str
    given_at: datetime
    recorded_by: str
    on_paper: bool
    withdrawn_at: datetime | None
    withdrawn_by: str
    withdrawn_why: str
    what: str = ""


@dataclass(frozen=True, slots=True)
class CaseConsents:
    """A report with the consents it asks for: those it needs, and all that was given and taken back."""

    case_no: str
    reported_on: date
    plans: tuple[str, ...]
    open: bool
    needs: tuple[Purpose, ...]
    in_force: frozenset[str]
    history: tuple[Given, ...]


@dataclass(frozen=True, slots=True)
class Consents:
    """All of one person: report by report, newest first, and her message channels."""

    cases: tuple[CaseConsents, ...]
    messages: tuple[Given, ...]


def consents_of(session: Session, person_id: uuid.UUID) -> Consents:
    """Everything given and taken back."""
    cases = session.execute(_CASES, {"person": person_id}).all()
    rows = session.execute(_CONSENTS, {"cases": [row.id for row in cases]}).all()
    found = [(row.case_id, _given(row)) for row in rows]
    known = purposes()
    return Consents(tuple(_case(row, [given for case, given in found if case == row.id]) for row in cases), tuple(
        Given("messages", known["messages"].present.words, known["messages"].present.version, row.consented_at, "", False,
              row.withdrawn_at, "", "", f"{row.channel} {row.shown}") for row in session.execute(_CONTACTS, {"person": person_id})))


def _given(row: sa.Row[tuple[object, ...]]) -> Given:
    purpose = purposes()[row.purpose]
    return Given(row.purpose, purpose.words(row.words_version), row.words_version or "", row.given_at, row.recorded_by, row.on_paper,
                 row.withdrawn_at, row.withdrawn_by, row.withdrawn_why or "")


def _case(row: sa.Row[tuple[object, ...]], history: list[Given]) -> CaseConsents:
    needs = [one for one in purposes().values() if one.scope == "case" and (one.code != "insurer" or row.insured)]
    return CaseConsents(row.case_no, row.reported_on, tuple(row.plans), row.open, tuple(needs),
                        frozenset(one.purpose for one in history if one.withdrawn_at is None), tuple(history))


@dataclass(frozen=True, slots=True)
class Request:
    """One request as its person sees it. `late`: unanswered past its day."""

    request_no: str
    kind: str
    field: str | None
    state: str
    asked_at: datetime
    due_on: date
    answer: str | None
    answer_words: str | None
    answered_at: datetime | None
    kept_until: date | None
    done: int
    total: int
    size: int | None
    expires_at: datetime | None
    downloads: int
    channel: str


_REQUESTS = sa.text("""
    SELECT q.request_no, q.kind, q.field, q.state, q.asked_at, q.due_on, q.answer, q.answer_words, q.answered_at, q.kept_until, q.done,
        q.total, q.size, q.expires_at, q.downloads, q.channel
    FROM privacy_request q WHERE q.person_id IN (SELECT p.id FROM person p WHERE p.id = :person OR p.merged_into = :person)
    ORDER BY q.asked_at DESC, q.id DESC LIMIT 50""")


def requests_of(session: Session, person_id: uuid.UUID) -> tuple[Request, ...]:
    """The newest fifty, newest first."""
    return tuple(Request(*row) for row in session.execute(_REQUESTS, {"person": person_id}))
