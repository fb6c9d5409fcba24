"""The papers of one report: what its claims ask for together, what is there, and which claims one paper serves."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from services.access.actor import Actor
from services.evidence.paper_names import EXTRA, paper_name
from services.evidence.queries import papers_of
from services.intake.queries import require_own
from services.models import Case, Claim, Paper, Person
from services.reporting import claims
from services.rulebook import registry
from services.rulebook.schema import RuleBook
from statemachines.states import ClaimState

# Best first: a paper that is good for one claim may still wait in another.
_STATES = ("missing", "rejected", "waiting", "accepted")
OVER = (ClaimState.CLOSED, ClaimState.CANCELLED)


@dataclass(frozen=True, slots=True)
class Wanted:
    """One kind of paper. `serves`: claim numbers that ask for it; `state`: the worst of them; `files` without repeats."""

    kind: str
    name: str
    clause: str
    serves: tuple[str, ...]
    state: str
    files: tuple[Paper, ...]


@dataclass(frozen=True, slots=True)
class CasePapers:
    """A report's papers. `claims`: claim number → plan name of those that still take papers."""

    case: Case
    person: Person
    claims: Mapping[str, str]
    claim_ids: Mapping[str, uuid.UUID]
    claim_org: str
    wanted: tuple[Wanted, ...]
    others: tuple[Wanted, ...]


def case_papers(session: Session, case_no: str, actor: Actor) -> CasePapers:
    """The case of a number that this actor may see. NotFound otherwise."""
    case = claims.case_by_no(session, case_no)
    require_own(session, actor, case.person_id)
    found = session.exec(select(Claim).where(Claim.case_id == case.id, col(Claim.state).not_in(OVER)).order_by(col(Claim.claim_no))).all()
    books = {claim.id: registry.version(claim.plan, claim.plan_from) for claim in found}
    papers = papers_of(session, list(books))
    kinds = dict.fromkeys(kind for claim in found for kind in claim.required)
    extra = dict.fromkeys(paper.kind for group in papers.values() for paper in group if paper.kind not in kinds)
    return CasePapers(
        case, session.get_one(Person, case.person_id), {claim.claim_no: books[claim.id].name for claim in found},
        {claim.claim_no: claim.id for claim in found}, case.org_key,
        tuple(_wanted(kind, [claim for claim in found if kind in claim.required], books, papers) for kind in kinds),
        tuple(_wanted(kind, [claim for claim in found if any(paper.kind == kind for paper in papers[claim.id])], books, papers)
              for kind in extra))


def _wanted(kind: str, asking: Sequence[Claim], books: Mapping[uuid.UUID, RuleBook], papers: Mapping[uuid.UUID, list[Paper]]) -> Wanted:
    book = books[asking[0].id]
    clause = next((paper.clause for paper in book.papers if paper.kind == kind), "")
    files = {paper.sha256: paper for claim in asking for paper in papers[claim.id] if paper.kind == kind}
    worst = min((_state([paper for paper in papers[claim.id] if paper.kind == kind]) for claim in asking), key=_STATES.index)
    return Wanted(kind, paper_name(book, kind), clause, tuple(claim.claim_no for claim in asking), worst, tuple(files.values()))


def _state(papers: Sequence[Paper]) -> str:
    verdicts = {paper.verdict for paper in papers}
    return next((verdict for verdict in reversed(_STATES) if verdict in verdicts), "missing")


def other_kinds() -> list[tuple[str, str]]:
    """Kinds that no plan asks for and any claim may get, with their names."""
    return list(EXTRA.items())
