"""Everything a letter may say, read set-based for any number of letters."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypeVar

import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col, select

from services.core.clock import business_day
from services.core.errors import ConfigError
from services.enrolment.numbers import ancestor_keys
from services.models import (
    Advance,
    Case,
    Claim,
    Consent,
    Cover,
    Decision,
    Handoff,
    Notice,
    Objection,
    Organisation,
    Paper,
    Payment,
    Person,
    Receivable,
    Reopening,
    ReviewStep,
    SlaClock,
    Supplement,
    Worksheet,
)
from services.notice.recounts import Recount, changes
from services.notice.rules import base_of
from services.payment.queries import Receiver, Succession, receivers, succession
from services.releases import passages
from services.releases.passages import Worded
from services.rulebook.registry import version
from services.rulebook.schema import RuleBook
from services.sla import policies
from services.sla.calendars import calendar_for
from services.sla.policy import Changed
from services.workdays.calendar import Calendar

T = TypeVar("T", bound=SQLModel)


@dataclass(frozen=True, slots=True)
class File:
    """One letter's claim as it stands. `numbers` (code → number of the claim's issued letters, the reader's own first) grows
    while a batch is issued, so that a consolation letter can name the decision beside it.
    """

    notice: Notice
    claim: Claim
    case: Case
    person: Person
    cover: Cover
    book: RuleBook
    office: Organisation
    unit: Organisation
    between: tuple[Organisation, ...]
    decision: Decision | None
    worksheet: Worksheet | None
    receivers: tuple[Receiver, ...]
    clocks: dict[str, SlaClock]
    promised: dict[int, SlaClock]                               # round → its promise to pay
    papers: tuple[Paper, ...]
    supplements: tuple[Supplement, ...]
    handoff: Handoff | None
    consent: Consent | None
    certified_on: date | None
    payments: tuple[Payment, ...]
    numbers: dict[str, str]
    calendar: Calendar                                          # by which the claim's office counts
    changes: tuple[Changed, ...]                                # of time limits, by offices
    worded: tuple[Worded, ...] = ()                             # passages in offices' own words, with their days
    numbered: dict[str, str] = field(default_factory=dict)      # cause (event and round) → number of the letter it owed first
    decisions: tuple[Decision, ...] = ()
    objections: tuple[Objection, ...] = ()
    reopenings: tuple[Reopening, ...] = ()
    receivables: tuple[Receivable, ...] = ()
    advances: tuple[Advance, ...] = ()                          # those that two persons agreed on
    delivered: dict[str, datetime] = field(default_factory=dict)        # cause → when its letter reached the reader
    list_clocks: dict[str, SlaClock] = field(default_factory=dict)      # supplement list → its own clock
    handoffs: tuple[Handoff, ...] = ()
    turned: dict[str, str] = field(default_factory=dict)        # claim's event → the reason given last
    instead_of: str | None = None                               # number of the letter that this one replaces
    recount: Recount | None = None                              # only where the letter tells of a day that moved
    succession: Succession | None = None                        # only where the letter tells heirs of it

    @property
    def subject(self) -> str:
        """What the cause names: a round, a supplement list, a payment."""
        return base_of(self.notice.cause).split(":")[1]


def _by(session: Session, table: type[T], column: str, values: Sequence[uuid.UUID]) -> list[T]:
    found = getattr(table, column)
    return list(session.exec(select(table).where(found.in_(list(values))).order_by(table.id)))  # type: ignore[attr-defined]


def _one(rows: Sequence[T], key: str = "id") -> dict[uuid.UUID, T]:
    return {getattr(row, key): row for row in rows}


def _many(rows: Sequence[T], key: str = "claim_id") -> dict[uuid.UUID, list[T]]:
    found: dict[uuid.UUID, list[T]] = {}
    for row in rows:
        found.setdefault(getattr(row, key), []).append(row)
    return found


def gather(session: Session, notices: Sequence[Notice]) -> list[File]:
    """A file for each notice, in the given order."""
    ids = sorted({notice.claim_id for notice in notices})
    claims = _one(_by(session, Claim, "id", ids))
    cases = _one(_by(session, Case, "id", [claim.case_id for claim in claims.values()]))
    people = _one(_by(session, Person, "id", [claim.person_id for claim in claims.values()]))
    covers = _one(_by(session, Cover, "id", [claim.cover_id for claim in claims.values()]))
    trees = _trees(session, {claim.org_key for claim in claims.values()})
    decisions = _many(_by(session, Decision, "claim_id", ids))
    sheets = _one(_by(session, Worksheet, "id", [row.worksheet_id for rows in decisions.values() for row in rows]))
    clocks, papers = _many(_by(session, SlaClock, "claim_id", ids)), _many(_by(session, Paper, "claim_id", ids))
    supplements = _many(_by(session, Supplement, "claim_id", ids))
    handoffs, payments = _many(_by(session, Handoff, "claim_id", ids)), _many(_by(session, Payment, "claim_id", ids))
    consents = _many(_by(session, Consent, "case_id", list(cases)), "case_id")
    objections, reopenings = _many(_by(session, Objection, "claim_id", ids)), _many(_by(session, Reopening, "claim_id", ids))
    receivables = _many(_by(session, Receivable, "claim_id", ids))
    advances = _many([row for row in _by(session, Advance, "claim_id", ids) if row.confirmed_at])
    certified = _certified(session, ids)
    getting = receivers(session, ids)
    numbers, numbered = _numbers(session, ids)
    shared: Numbers = {}
    came, turned = _delivered(session, ids), _turned(session, [row.claim_id for row in notices if row.code == "recalled"])
    former = _former(session, [row.replaces for row in notices if row.replaces])
    moved = changes(session, [base_of(row.cause).split(":")[1] for row in notices if row.code == "date_changed"])
    files = []
    for notice in notices:
        claim = claims[notice.claim_id]
        tree = trees[claim.org_key]
        office = _signing(tree, claim.org_key)
        decision = next((row for row in decisions.get(claim.id, []) if row.round == claim.round), None)
        files.append(File(
            notice=notice, claim=claim, case=cases[claim.case_id], person=people[claim.person_id],
            cover=covers[claim.cover_id], book=version(claim.plan, claim.plan_from), office=office, unit=tree[-1],
            between=tuple(org for org in tree[:-1] if len(org.org_key) > len(office.org_key)), decision=decision,
            worksheet=sheets[decision.worksheet_id] if decision else None, receivers=tuple(getting.get(claim.id, ())),
            clocks={clock.kind: clock for clock in clocks.get(claim.id, []) if clock.round == claim.round
                    and clock.kind != "level"},
            promised={clock.round: clock for clock in clocks.get(claim.id, []) if clock.kind == "pay"},
            papers=tuple(papers.get(claim.id, ())), supplements=tuple(supplements.get(claim.id, ())),
            handoff=next((row for row in handoffs.get(claim.id, []) if row.round == claim.round), None),
            consent=next((row for row in consents.get(claim.case_id, []) if row.purpose == "insurer"
                          and row.withdrawn_at is None), None),
            certified_on=certified.get(claim.id), payments=tuple(payments.get(claim.id, ())),
            numbers=shared.setdefault((claim.id, notice.person_id), _own(numbers, notice)), numbered=_own(numbered, notice),
            decisions=tuple(decisions.get(claim.id, ())),
            objections=tuple(objections.get(claim.id, ())), reopenings=tuple(reopenings.get(claim.id, ())),
            receivables=tuple(receivables.get(claim.id, ())), advances=tuple(advances.get(claim.id, ())),
            delivered=came.get(claim.id, {}), calendar=calendar_for(session, claim.org_key),
            changes=policies.changes(session),
            worded=passages.released(session),
            list_clocks={clock.subject: clock for clock in clocks.get(claim.id, []) if clock.kind == "supplement"},
            handoffs=tuple(handoffs.get(claim.id, ())), turned=turned.get(claim.id, {}),
            instead_of=former.get(notice.replaces) if notice.replaces else None,
            recount=moved.get(base_of(notice.cause).split(":")[1]) if notice.code == "date_changed" else None,
            succession=succession(session, claim.id) if notice.code == "heirs" else None))
    return files


def _trees(session: Session, keys: set[str]) -> dict[str, list[Organisation]]:
    """Each key's organisations from the root down."""
    wanted = {ancestor for key in keys for ancestor in ancestor_keys(key)}
    rows = {org.org_key: org for org in session.exec(select(Organisation).where(col(Organisation.org_key).in_(wanted)))}
    return {key: [rows[ancestor] for ancestor in ancestor_keys(key) if ancestor in rows] for key in keys}


def _signing(tree: Sequence[Organisation], key: str) -> Organisation:
    """The nearest organisation that signs letters."""
    for org in reversed(tree):
        if org.letter_organ and org.letter_series:
            return org
    raise ConfigError("letter_series_missing", f"{key} 之上没有登记落款机关和机关代字的组织",
                      remedy="请管理员登记办事处的落款机关和机关代字", field="letter_series")


def _certified(session: Session, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, date]:
    rows = session.exec(select(ReviewStep).join(Claim, col(Claim.id) == col(ReviewStep.claim_id)).where(
        col(ReviewStep.claim_id).in_(ids), ReviewStep.round == Claim.round, ReviewStep.act == "certify",
        ReviewStep.state == "passed"))
    return {step.claim_id: business_day(step.done_at) for step in rows if step.done_at}


Numbers = dict[tuple[uuid.UUID, uuid.UUID | None], dict[str, str]]      # (claim, reader; None: whoever it was) → code or cause → number


def _numbers(session: Session, ids: Sequence[uuid.UUID]) -> tuple[Numbers, Numbers]:
    """The newest number of each code, and the first number of each cause (event and subject)."""
    rows = session.execute(sa.text("""
        SELECT claim_id, person_id, code, cause, number FROM notice WHERE claim_id = ANY(CAST(:ids AS uuid[])) AND number IS NOT NULL
        AND state IN ('issued', 'dispatched', 'delivered') ORDER BY issued_at, year, serial"""), {"ids": list(ids)})
    by_code: Numbers = {}
    by_cause: Numbers = {}
    for row in rows:
        for reader in {None, row.person_id}:
            by_code.setdefault((row.claim_id, reader), {})[row.code] = row.number
            by_cause.setdefault((row.claim_id, reader), {}).setdefault(base_of(row.cause), row.number)
    return by_code, by_cause


def _own(numbers: Numbers, notice: Notice) -> dict[str, str]:
    """The claim's, and in their place those of letters to the same reader."""
    return {**numbers.get((notice.claim_id, None), {}), **numbers.get((notice.claim_id, notice.person_id), {})}


def _delivered(session: Session, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, dict[str, datetime]]:
    """By claim and cause when a letter reached its reader."""
    found: dict[uuid.UUID, dict[str, datetime]] = {}
    for claim_id, cause, at in session.execute(sa.select(col(Notice.claim_id), col(Notice.cause), col(Notice.delivered_at)).where(
            col(Notice.claim_id).in_(list(ids)), col(Notice.delivered_at).is_not(None))):
        found.setdefault(claim_id, {})[cause] = at
    return found


def _turned(session: Session, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, dict[str, str]]:
    """By claim and event of the claim the reason that was given last, as the record has it."""
    found: dict[uuid.UUID, dict[str, str]] = {}
    if ids:
        for row in session.execute(sa.text("""
                SELECT chain_id, event, record ->> 'reason' AS reason FROM audit_record WHERE chain_id = ANY(CAST(:ids AS uuid[]))
                AND machine = 'claim' AND event = 'recall' AND record ->> 'reason' IS NOT NULL ORDER BY seq"""), {"ids": list(ids)}):
            found.setdefault(row.chain_id, {})[row.event] = row.reason
    return found


def _former(session: Session, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    """The numbers of letters that others take the place of."""
    if not ids:
        return {}
    rows = session.execute(sa.select(col(Notice.id), col(Notice.number)).where(col(Notice.id).in_(list(ids))))
    return {key: number for key, number in rows if number}
