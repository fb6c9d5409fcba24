"""The automatic checks, set-based, and verification: the file is complete and somebody stands for it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm.attributes import set_committed_value
from sqlmodel import Session, col, select

from services.access.actor import Actor
from services.core.clock import business_day
from services.core.crypto import key_ring
from services.core.errors import GuardFailed, InputError
from services.core.identity import check_identity
from services.enrolment import queries as enrolment
from services.evidence import cross_checks, queries, readings, repeats, rules
from services.evidence.answered import require_answered
from services.evidence.cross_checks import Stated
from services.evidence.readings import FieldView
from services.evidence.rules import Finding, Seen
from services.evidence.sheet_checks import PaperRead
from services.evidence.unread import pages_left
from services.intake.queries import claim_for, require_processing
from services.lifecycle.service import Move, Moved, fire
from services.models import BankCard, Case, Claim, Cover, Paper, PaperReading, Person
from services.rulebook import registry
from services.rulebook.dating import stated_date

_STORE = sa.text("""
    UPDATE claim c SET identity_matched = r.matched, findings = r.findings::jsonb
    FROM unnest(CAST(:ids AS uuid[]), CAST(:matched AS bool[]), CAST(:findings AS text[])) AS r(id, matched, findings)
    WHERE c.id = r.id""")
_NUMBERS = frozenset({("id_card", "number"), ("bank_card", "account")})


@dataclass(frozen=True, slots=True)
class _File:
    """Everything the checks need, loaded in one select each."""

    covers: Mapping[uuid.UUID, Cover]
    people: Mapping[uuid.UUID, Person]
    cases: Mapping[uuid.UUID, Case]
    cards: Mapping[uuid.UUID, BankCard]
    papers: Mapping[uuid.UUID, Sequence[Paper]]
    repeats: Mapping[uuid.UUID, Sequence[Finding]]   # papers that lie in another claim too
    undrawn: Mapping[uuid.UUID, Sequence[tuple[str, int, bool]]]
    read: Mapping[uuid.UUID, PaperReading]           # by paper
    fields: Mapping[uuid.UUID, Sequence[FieldView]]


def check(session: Session, *, claim_ids: Sequence[uuid.UUID], actor: Actor,
          now: datetime) -> dict[uuid.UUID, list[dict[str, object]]]:
    """Check claims against roster, checklist, what was read on their papers and one another; the findings are kept and returned.

    Sets `identity_matched`; changes no state. Unknown ids are left out. Run again, the answer is of that moment, and what is
    found again has the same key.
    """
    claims = session.exec(select(Claim).where(col(Claim.id).in_(list(claim_ids))).order_by(col(Claim.id))
                          .with_for_update().execution_options(populate_existing=True)).all()
    if not claims:
        return {}
    file = _load(session, claims)
    seen = {claim.id: _seen(claim, file) for claim in claims}
    found = {claim.id: [finding.to_dict() for finding in rules.findings(seen[claim.id], _on_papers(claim, file))] for claim in claims}
    session.execute(_STORE, {"ids": list(seen), "matched": [what.identity_matched for what in seen.values()],
                             "findings": [json.dumps(found[claim_id], ensure_ascii=False) for claim_id in seen]})
    for claim in claims:    # what was just written, without a query each
        set_committed_value(claim, "identity_matched", seen[claim.id].identity_matched)
        set_committed_value(claim, "findings", found[claim.id])
    return found


def _load(session: Session, claims: Sequence[Claim]) -> _File:
    ids = [claim.id for claim in claims]
    persons = list({claim.person_id for claim in claims})
    covers = session.exec(select(Cover).where(col(Cover.id).in_([claim.cover_id for claim in claims]))).all()
    cases = session.exec(select(Case).where(col(Case.id).in_([claim.case_id for claim in claims]))).all()
    papers = queries.papers_of(session, ids)
    names = {paper.id: _name(claim, paper) for claim in claims for paper in papers[claim.id]}
    read = session.exec(select(PaperReading).where(col(PaperReading.paper_id).in_(list(names)))).all()
    return _File({cover.id: cover for cover in covers}, enrolment.people_by_id(session, persons),
                 {case.id: case for case in cases}, enrolment.current_cards(session, persons), papers,
                 repeats.findings(session, ids, names), queries.undrawn(session, ids), {one.paper_id: one for one in read},
                 readings.fields_of(session, ids))


def _name(claim: Claim, paper: Paper) -> str:
    """In a finding's sentence the plan's own words about a paper are too long: what stands in brackets is left out."""
    return rules.paper_name(registry.version(claim.plan, claim.plan_from), paper.kind).partition("（")[0]


def _seen(claim: Claim, file: _File) -> Seen:
    cover, person, card = file.covers[claim.cover_id], file.people[claim.person_id], file.cards.get(claim.person_id)
    book = registry.version(claim.plan, claim.plan_from)
    undrawn = file.undrawn.get(claim.id, ())
    uploaded = {paper.kind for paper in file.papers[claim.id] if paper.verdict != "rejected"}
    return Seen(
        identity_matched=_matches(claim, cover, person),
        missing=tuple(rules.paper_name(book, kind) for kind in claim.required if kind not in uploaded),
        decisive_fact=_unstated(claim, cover),
        unshown=tuple((rules.paper_name(book, kind), number) for kind, number, lost in undrawn if not lost),
        lost=tuple(rules.paper_name(book, kind) for kind, _, lost in undrawn if lost),
        bank=card.bank if card else None, bank_allowed=card is not None and book.bank_allowed(card.bank),
        late=file.cases[claim.case_id].late, cover_ended=cover.ended_on is not None)


def _on_papers(claim: Claim, file: _File) -> list[Finding]:
    """What the papers gave: seen before elsewhere, and whatever they say otherwise. Papers sent back count no more."""
    papers = {paper.id: paper for paper in file.papers[claim.id] if paper.verdict != "rejected"}
    repeated = [finding for finding in file.repeats.get(claim.id, ()) if finding.paper in papers]
    fields = [field for field in file.fields[claim.id] if field.paper_id in papers]
    read = {paper.id: _read(claim, paper, file.read.get(paper.id)) for paper in papers.values()}
    if not fields and not any(paper.sheets for paper in read.values()):
        return repeated
    cover, person, card = file.covers[claim.cover_id], file.people[claim.person_id], file.cards.get(claim.person_id)
    words, case = enrolment.computation_of(cover, claim.event), file.cases[claim.case_id]
    stated = Stated(
        name=person.name, number=enrolment.number_of(person), others_too=claim.died or words.event.victim == "child", words=words,
        book=registry.version(claim.plan, claim.plan_from), last_day=cover.ended_on or cover.until, reported_on=case.reported_on,
        hospital=case.hospital or "", account=enrolment.card_number(card) if card else "", papers=read, fields=fields,
        marks={field.id: key_ring().index(field.value, field=readings.SEALED).hex()[:20] for field in fields
               if (field.sheet, field.name) in _NUMBERS and field.value is not None})
    return repeated + cross_checks.contradictions(stated)


def _read(claim: Claim, paper: Paper, reading: PaperReading | None) -> PaperRead:
    sheets = {int(page): sheet for page, sheet in reading.sheets.items()} if reading else {}
    return PaperRead(paper.id, paper.kind, _name(claim, paper), reading.source if reading else "", sheets)


def _matches(claim: Claim, cover: Cover, person: Person) -> bool:
    """The claimant is the person on the roster, and the number on record still says who that is."""
    identity = check_identity(enrolment.number_of(person))
    return (cover.person_id == claim.person_id and identity.valid and identity.born == person.born
            and identity.sex == person.sex)


def _unstated(claim: Claim, cover: Cover) -> str:
    """The fact that dates the plan, when the event does not state it."""
    book = registry.version(claim.plan, claim.plan_from)
    words = enrolment.computation_of(cover, claim.event)
    return "" if any(stated_date(words, fact) for fact in book.dated_by) else book.dated_by[0]


def verify(session: Session, *, claim_id: uuid.UUID, version: int | None = None, reason: str = "", actor: Actor,
           now: datetime) -> Moved:
    """The file is complete: the pay clock starts. Papers, identity, consent and separation are the machine's guards.

    Pages that the machine has still to read could bring a finding after the verifier is gone: who does not wait for it gives the
    `reason`, which the record keeps; GuardFailed without one.

    InputError when the fact that dates the plan is not stated yet (`intake.amend` states it); GuardFailed while a serious finding
    has no answer (`findings.answer` gives it).
    """
    claim = claim_for(session, claim_id, actor)
    if actor.person_id is None:
        raise GuardFailed("verifier_missing", "核对须由具体人员办理", remedy="用本人账号办理")
    check(session, claim_ids=[claim.id], actor=actor, now=now)
    fact = _unstated(claim, session.get_one(Cover, claim.cover_id))
    if fact:
        raise InputError("missing_key", f"{fact}：本计划以它决定日期，核对前须补上", remedy="按材料补上这一事实", field=fact)
    require_answered(session, claim)
    left = pages_left(session, claim.id)
    if left and not reason.strip():
        raise GuardFailed("papers_unread", f"还有 {left} 页尚未识读", remedy="等识读完再核验；不等的，逐页看过后写明理由", field="reason")
    told: dict[str, object] = {"unread_pages": left, "unread_reason": reason.strip()} if left else {}
    require_processing(session, claim.id)
    moved = fire(session, "claim", "verify", [Move(claim.id, version=version, details=told)], actor=actor, now=now)[0]
    session.execute(sa.update(Claim).where(col(Claim.id) == claim.id).values(
        verified_person=actor.person_id, verified_on=business_day(now)))
    session.refresh(claim)
    return moved
