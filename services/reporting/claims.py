"""Claims as they are shown: one with all that hangs on it, or a page of many. The session's scope decides what is seen."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.core.errors import NotFound
from services.core.money import show, to_yuan
from services.models import Case as CaseFile
from services.models import Claim, Consent, Paper, Person
from services.reporting import attached
from services.reporting.masking import masked_id, masked_phone
from services.reporting.views import CaseView, ClaimHead, ClaimView, PaperNeed, PersonView
from services.rulebook.registry import version as book_version

_C = Claim.__table__        # type: ignore[attr-defined]
_HEAD = (_C.c.id, _C.c.claim_no, _C.c.state, _C.c.version, _C.c.round, _C.c.plan, _C.c.route, _C.c.outcome, _C.c.amount_fen,
         _C.c.held, _C.c.died, _C.c.verified_on, _C.c.pay_due, _C.c.digest)


@dataclass(frozen=True, slots=True)
class Located:
    """Which row a claim number means, and whose it is."""

    id: uuid.UUID
    claim_no: str
    org_key: str
    version: int
    person_id: uuid.UUID
    case_id: uuid.UUID


def missing() -> NotFound:
    """Not there and not in sight are not told apart."""
    return NotFound("claim_missing", "没有这一案件，或不在您的管辖范围内", remedy="核对案号", field="claim_no")


def locate(session: Session, claim_no: str, *, lock: bool = False) -> Located:
    """The claim of a number. Columns only, so that nobody later reads a stale object."""
    query = sa.select(_C.c.id, _C.c.claim_no, _C.c.org_key, _C.c.version, _C.c.person_id, _C.c.case_id).where(
        _C.c.claim_no == claim_no)
    row = session.execute(query.with_for_update(of=_C) if lock else query).first()
    if row is None:
        raise missing()
    return Located(*row)


def locate_id(session: Session, claim_id: uuid.UUID, *, lock: bool = False) -> Located:
    """The claim of an id."""
    number = session.execute(sa.select(_C.c.claim_no).where(_C.c.id == claim_id)).scalar_one_or_none()
    if number is None:
        raise missing()
    return locate(session, number, lock=lock)


def _head(row: sa.Row[tuple[object, ...]]) -> ClaimHead:
    values = dict(row._mapping)
    fen = values.pop("amount_fen")
    return ClaimHead(**values, amount=show(to_yuan(fen)) if fen is not None else None)


def head(session: Session, claim_id: uuid.UUID) -> ClaimHead:
    """The claim's row as it now stands."""
    session.flush()
    return _head(session.execute(sa.select(*_HEAD).where(_C.c.id == claim_id)).one())


def listed(session: Session, *, states: Sequence[str] = (), plan: str | None = None, person_id: uuid.UUID | None = None,
           case_id: uuid.UUID | None = None, after: uuid.UUID | None = None, limit: int = 50) -> list[ClaimHead]:
    """A page of claims in the order they were made; `after` is the last id of the page before."""
    query = sa.select(*_HEAD).order_by(_C.c.id).limit(limit)
    if states:
        query = query.where(_C.c.state.in_(list(states)))
    if plan:
        query = query.where(_C.c.plan == plan)
    if person_id:
        query = query.where(_C.c.person_id == person_id)
    if case_id:
        query = query.where(_C.c.case_id == case_id)
    if after:
        query = query.where(_C.c.id > after)
    return [_head(row) for row in session.execute(query)]


def person_view(person: Person) -> PersonView:
    """A person, numbers masked."""
    return PersonView(id=person.id, name=person.name, id_number=masked_id(person), phone=masked_phone(person),
                      born=person.born, sex=person.sex, category=person.category)


def case_view(session: Session, case_id: uuid.UUID) -> CaseView:
    """A report with its count and the consents in force."""
    case = session.get(CaseFile, case_id)
    if case is None:
        raise NotFound("case_missing", "没有这一报案，或不在您的管辖范围内", remedy="核对报案号", field="case_no")
    consents = session.exec(select(Consent.purpose).where(Consent.case_id == case_id, col(Consent.withdrawn_at).is_(None))).all()
    return CaseView(**case.model_dump(include=set(CaseView.model_fields)), consents=sorted(set(consents)))


def case_by_no(session: Session, case_no: str) -> CaseFile:
    """The report of a number."""
    case = session.exec(select(CaseFile).where(CaseFile.case_no == case_no)).first()
    if case is None:
        raise NotFound("case_missing", "没有这一报案，或不在您的管辖范围内", remedy="核对报案号", field="case_no")
    return case


def whole(session: Session, claim_id: uuid.UUID) -> ClaimView:
    """One claim with papers, worksheets, chain, decisions, payments, clocks, letters and record."""
    claim = session.get(Claim, claim_id)
    if claim is None:
        raise missing()
    person = session.get(Person, claim.person_id)
    assert person is not None
    book = book_version(claim.plan, claim.plan_from)
    papers = attached.papers(session, claim_id)
    names = {rule.kind: rule for rule in book.papers}
    checklist = [PaperNeed(kind=kind, name=names[kind].name if kind in names else kind,
                           clause=names[kind].clause if kind in names else "", state=_state_of(kind, papers))
                 for kind in claim.required]
    return ClaimView(
        claim=head(session, claim_id), plan_name=book.name, plan_version=claim.plan_from, public_code=claim.code,
        hold_reason=claim.hold_reason, person=person_view(person), case=case_view(session, claim.case_id),
        event=claim.event, checklist=checklist, papers=[attached.paper_view(paper) for paper in papers],
        supplements=attached.supplements(session, claim_id), worksheets=attached.worksheets(session, claim_id),
        chain=attached.chain(session, claim_id), decisions=attached.decisions(session, claim_id),
        handoffs=attached.handoffs(session, claim_id), payees=attached.payees(session, claim_id),
        payments=attached.payments(session, claim_ids=[claim_id]), clocks=attached.clocks(session, claim_id),
        letters=attached.letters(session, claim_id), record=attached.record(session, claim_id))


def _state_of(kind: str, papers: Sequence[Paper]) -> str:
    """The best verdict among the papers of a kind."""
    verdicts = {paper.verdict for paper in papers if paper.kind == kind}
    return next((verdict for verdict in ("accepted", "waiting", "rejected") if verdict in verdicts), "missing")
