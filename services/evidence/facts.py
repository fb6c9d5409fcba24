"""From verified fields to the event's facts: what would change, taking it (through `intake.amend`, the one way), and the links back.

Each fact keeps the field it was taken from, or found equal to: the worksheet's input leads to a place on a page.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col

from services.access.actor import Actor
from services.audit import service as audit
from services.audit.chain import Entry
from services.core.errors import Conflict, InputError, NotFound
from services.engine.event import plain_event
from services.enrolment import queries as enrolment
from services.evidence import rules, taking
from services.evidence.checks import check
from services.evidence.fact_checks import fact_of, of_kind
from services.evidence.papers import VERIFIERS
from services.evidence.readings import FieldView, fields_of, view_of
from services.evidence.recognition.lines import Box
from services.evidence.sheet_checks import ANSWERED
from services.evidence.taking import Change
from services.intake import service as intake
from services.intake.queries import claim_for
from services.lifecycle.apart import require_apart
from services.models import Claim, Cover, FactSource, Paper, PaperField
from services.rulebook import registry
from statemachines.words import state_words

__all__ = ["Change", "Proposal", "Source", "link", "proposed", "sources_in", "sources_of", "take"]


@dataclass(frozen=True, slots=True)
class Proposal:
    """The event with the fields' values, and each changed fact in words."""

    event: dict[str, object]
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a fact stands on paper. `place`: which of several (a stay, an amount of a year)."""

    fact: str
    place: int
    field_id: uuid.UUID
    paper_id: uuid.UUID
    page: int
    box: Box | None


def proposed(session: Session, *, claim_id: uuid.UUID, field_ids: Sequence[uuid.UUID], actor: Actor) -> Proposal:
    """What `take` would write. Errors as there; nothing is written."""
    claim = claim_for(session, claim_id, actor)
    return _proposal(session, claim, _verified(session, claim, field_ids))


def take(session: Session, *, claim_id: uuid.UUID, field_ids: Sequence[uuid.UUID], reason: str, version: int | None = None,
         actor: Actor, now: datetime) -> Claim:
    """Verified fields become the event's facts, each linked to its field; the checks look again.

    NotFound: a field of another claim. InputError: a field that nobody verified, of a paper that was sent back, or that proves no fact
    of such an event, two that contradict each other, or whatever `intake.amend` refuses (another day of the event, outside the cover).
    Conflict as there, and after the decision also when nothing would change.
    """
    actor.require(*VERIFIERS, what="填入核对过的事实")
    claim = claim_for(session, claim_id, actor)
    require_apart(session, [claim.id], actor)
    session.refresh(claim, with_for_update=True)
    if claim.state not in rules.JUDGED_IN:
        raise Conflict("event_not_allowed", f"案件现在是“{state_words('claim', claim.state)}”，不能更正事实", remedy="由审核人退回后再更正")
    fields = _verified(session, claim, field_ids)
    proposal = _proposal(session, claim, fields)
    if proposal.changes:
        intake.amend(session, claim_id=claim.id, version=version, event=proposal.event, reason=reason, actor=actor, now=now)
        _record(session, claim, [change.fact for change in proposal.changes], fields, reason, actor, now)
    link(session, claim_id=claim.id, field_ids=[field.id for field in fields], actor=actor, now=now)
    check(session, claim_ids=[claim.id], actor=actor, now=now)
    return claim


def link(session: Session, *, claim_id: uuid.UUID, field_ids: Sequence[uuid.UUID], actor: Actor, now: datetime) -> list[FactSource]:
    """Tie facts to verified fields that say the same; a field that says otherwise, proves nothing, or stands on a paper that was sent
    back is passed over.

    Called whenever a field is accepted or corrected, so that a fact typed at the report is linked too. Linking again adds nothing.
    """
    claim = session.get_one(Claim, claim_id)
    there = {(row.fact, row.place) for row, field in _rows(session, claim.id) if _place(claim.event, field) == row.place}
    made, back = [], _sent_back(session, claim.id)
    for field in fields_of(session, [claim.id])[claim.id]:
        place = _place(claim.event, field) if field.id in set(field_ids) and field.paper_id not in back else None
        fact = fact_of(field)
        if place is None or (fact, place) in there:
            continue
        there.add((fact, place))
        made.append(FactSource(org_key=claim.org_key, claim_id=claim.id, fact=fact, place=place, field_id=field.id,
                               by_person=actor.person_id, at=now))
    session.add_all(made)
    session.flush()
    return made


def sources_of(session: Session, claim_id: uuid.UUID, event: Mapping[str, object] | None = None) -> dict[str, list[Source]]:
    """Each fact's places on paper, in order; a fact that was changed since, and no longer says what the field says, has none, and none
    is on a paper that was sent back.

    `event`: the claim's, where the caller has it.
    """
    stated = session.get_one(Claim, claim_id).event if event is None else event
    found: dict[str, list[Source]] = {}
    for row, field in _rows(session, claim_id):
        if _place(stated, field) is not None:
            found.setdefault(row.fact, []).append(Source(row.fact, row.place, field.id, field.paper_id, field.page, field.box))
    return found


def sources_in(sources: Mapping[str, Sequence[Source]], fact: str) -> list[Source]:
    """The places of a fact as a worksheet names it: its own, of its parts (days of stays: admission and discharge) or its whole."""
    whole = "event.stays" if fact.startswith("event.stays.") else fact
    names = [name for name in sources if name in (fact, whole) or name.startswith(f"{whole}.")]
    return [source for name in names for source in sources[name]]


def _rows(session: Session, claim_id: uuid.UUID) -> list[tuple[FactSource, FieldView]]:
    """The newest row of each fact and place, with its field as it is now."""
    rows = session.execute(sa.select(FactSource, PaperField).join(PaperField, col(PaperField.id) == col(FactSource.field_id)).where(
        col(FactSource.claim_id) == claim_id, col(PaperField.paper_id).not_in(_sent_back(session, claim_id))).order_by(
        col(FactSource.at), col(FactSource.id)).execution_options(populate_existing=True))
    newest = {(row.fact, row.place): (row, field) for row, field in rows}
    return [(row, view_of(field)) for _, (row, field) in sorted(newest.items())]


def _sent_back(session: Session, claim_id: uuid.UUID) -> set[uuid.UUID]:
    """Papers that count no more."""
    return set(session.scalars(sa.select(col(Paper.id)).where(col(Paper.claim_id) == claim_id, col(Paper.verdict) == "rejected")))


def _place(event: Mapping[str, object], field: FieldView) -> int | None:
    """Which of the event's values the field's is; None when it was not verified or says otherwise."""
    return taking.place_of(event, field) if field.state in ANSWERED else None


def _verified(session: Session, claim: Claim, field_ids: Sequence[uuid.UUID]) -> list[FieldView]:
    """The fields, in the order of the papers."""
    wanted = set(field_ids)
    found = [field for field in fields_of(session, [claim.id])[claim.id] if field.id in wanted]
    if len(found) != len(wanted) or not found:
        raise NotFound("field_missing", "没有这一项读数，或不属于本案", remedy="刷新后重新选择")
    kind, back = str(claim.event["kind"]), _sent_back(session, claim.id)
    for field in found:
        if field.paper_id in back:
            raise InputError("field_sent_back", "有的项目所在的材料已退回，不能填入", remedy="另选未退回的材料上的项目，或先重新认可该材料",
                             field="field_ids")
        if field.state not in ANSWERED or field.value is None:
            raise InputError("field_unverified", "有未经核对的项目，不能填入", remedy="先对照原件认可或更正", field="field_ids")
        if not (fact_of(field) and of_kind(fact_of(field), kind)):
            raise InputError("field_no_fact", "有的项目不对应本案的事实", remedy="只选能填入事实的项目", field="field_ids")
    return found


def _proposal(session: Session, claim: Claim, fields: Sequence[FieldView]) -> Proposal:
    book = registry.version(claim.plan, claim.plan_from)
    event = taking.taken(claim.event, fields, book)
    plain = plain_event(enrolment.computation_of(session.get_one(Cover, claim.cover_id), event).event)
    return Proposal(plain, taking.changes(claim.event, plain))


def _record(session: Session, claim: Claim, facts: Sequence[str], fields: Sequence[FieldView], reason: str, actor: Actor,
            now: datetime) -> None:
    """Which facts came from which fields; their values stand in the event."""
    audit.append(session, [Entry(claim.id, claim.org_key, "claim", claim.id, "take_facts", reason=reason, details={
        "facts": list(facts), "fields": [str(field.id) for field in fields]})],
        account=actor.account_id, person=actor.person_id, at=now)
