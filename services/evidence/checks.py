"""The automatic checks, set-based, and verification: the file is complete and somebody stands for it."""

from __future__ import annotations

import json
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm.attributes import set_committed_value
from sqlmodel import Session, col, select

from services.access.actor import Actor
from services.core.clock import business_day
from services.core.errors import GuardFailed, InputError
from services.core.identity import check_identity
from services.enrolment import queries as enrolment
from services.evidence import queries, rules
from services.evidence.rules import Seen
from services.intake.queries import claim_for
from services.lifecycle.service import Move, Moved, fire
from services.models import BankCard, Case, Claim, Cover, Paper, Person
from services.rulebook import registry
from services.rulebook.dating import stated_date

_STORE = sa.text("""
    UPDATE claim c SET identity_matched = r.matched, findings = r.findings::jsonb
    FROM unnest(CAST(:ids AS uuid[]), CAST(:matched AS bool[]), CAST(:findings AS text[])) AS r(id, matched, findings)
    WHERE c.id = r.id""")


@dataclass(frozen=True, slots=True)
class _File:
    """Everything the checks need, loaded in one select each."""

    covers: Mapping[uuid.UUID, Cover]
    people: Mapping[uuid.UUID, Person]
    cases: Mapping[uuid.UUID, Case]
    cards: Mapping[uuid.UUID, BankCard]
    papers: Mapping[uuid.UUID, Sequence[Paper]]
    repeated: Mapping[uuid.UUID, frozenset[str]]     # hashes that lie in another person's claim
    unshown: Mapping[uuid.UUID, Sequence[tuple[str, int]]]


def check(session: Session, *, claim_ids: Sequence[uuid.UUID], actor: Actor,
          now: datetime) -> dict[uuid.UUID, list[dict[str, str]]]:
    """Check claims against roster, checklist and one another; the findings are kept on the claim and returned.

    Sets `identity_matched`; changes no state. Unknown ids are left out. Run again, the answer is of that moment.
    """
    claims = session.exec(select(Claim).where(col(Claim.id).in_(list(claim_ids))).order_by(col(Claim.id))
                          .with_for_update().execution_options(populate_existing=True)).all()
    if not claims:
        return {}
    file = _load(session, claims)
    seen = {claim.id: _seen(claim, file) for claim in claims}
    found = {claim_id: rules.findings(what) for claim_id, what in seen.items()}
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
    return _File({cover.id: cover for cover in covers}, enrolment.people_by_id(session, persons),
                 {case.id: case for case in cases}, enrolment.current_cards(session, persons),
                 queries.papers_of(session, ids), _repeated(session, ids), queries.unshown(session, ids))


def _repeated(session: Session, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, frozenset[str]]:
    rows = session.execute(sa.text("""
        SELECT DISTINCT p.claim_id, p.sha256 FROM paper p JOIN claim c ON c.id = p.claim_id
        JOIN paper o ON o.sha256 = p.sha256 AND o.claim_id <> p.claim_id
        JOIN claim d ON d.id = o.claim_id AND d.person_id <> c.person_id WHERE p.claim_id = ANY(CAST(:ids AS uuid[]))"""),
        {"ids": list(ids)})
    found: dict[uuid.UUID, set[str]] = defaultdict(set)
    for claim_id, sha256 in rows:
        found[claim_id].add(sha256)
    return {claim_id: frozenset(hashes) for claim_id, hashes in found.items()}


def _seen(claim: Claim, file: _File) -> Seen:
    cover, person, card = file.covers[claim.cover_id], file.people[claim.person_id], file.cards.get(claim.person_id)
    book = registry.version(claim.plan, claim.plan_from)
    uploaded = {paper.kind for paper in file.papers[claim.id] if paper.verdict != "rejected"}
    repeated = file.repeated.get(claim.id, frozenset())
    return Seen(
        identity_matched=_matches(claim, cover, person),
        missing=tuple(rules.paper_name(book, kind) for kind in claim.required if kind not in uploaded),
        decisive_fact=_unstated(claim, cover),
        repeated=tuple(rules.paper_name(book, paper.kind) for paper in file.papers[claim.id] if paper.sha256 in repeated),
        unshown=tuple((rules.paper_name(book, kind), number) for kind, number in file.unshown.get(claim.id, ())),
        bank=card.bank if card else None, bank_allowed=card is not None and book.bank_allowed(card.bank),
        late=file.cases[claim.case_id].late, cover_ended=cover.ended_on is not None)


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


def verify(session: Session, *, claim_id: uuid.UUID, version: int | None = None, actor: Actor, now: datetime) -> Moved:
    """The file is complete: the pay clock starts. Papers, identity, consent and separation are the machine's guards.

    InputError when the fact that dates the plan is not stated yet (`intake.amend` states it).
    """
    claim = claim_for(session, claim_id, actor)
    if actor.person_id is None:
        raise GuardFailed("verifier_missing", "核对须由具体人员办理", remedy="用本人账号办理")
    check(session, claim_ids=[claim.id], actor=actor, now=now)
    fact = _unstated(claim, session.get_one(Cover, claim.cover_id))
    if fact:
        raise InputError("missing_key", f"{fact}：本计划以它决定日期，核对前须补上", remedy="按材料补上这一事实", field=fact)
    moved = fire(session, "claim", "verify", [Move(claim.id, version=version)], actor=actor, now=now)[0]
    session.execute(sa.update(Claim).where(col(Claim.id) == claim.id).values(
        verified_person=actor.person_id, verified_on=business_day(now)))
    session.refresh(claim)
    return moved
