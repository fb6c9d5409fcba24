"""What the page of the supplement list proposes: from what is missing, sent back, unreadable or found by the checks; and what waits for
a senior."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.evidence import findings as found_by_checks
from services.evidence import further, queries, repeats
from services.evidence.asked import Faulty, Proposal, proposals
from services.evidence.recognition.vocabulary import field
from services.models import Account, PaperField, Supplement
from services.reporting.views import ClaimView, PaperView
from services.rulebook.schema import RuleBook


@dataclass(frozen=True, slots=True)
class Prepared:
    """A further list as somebody prepared it. `outcome` none while it waits; `answer`: why a senior declined it."""

    items: Mapping[str, Mapping[str, str]]
    reason: str
    by: str
    at: datetime
    outcome: str | None
    answer: str | None


@dataclass(frozen=True, slots=True)
class Asking:
    """`further`: this round was already asked once, so that a senior decides; `prepared`: the newest list prepared in it."""

    proposals: tuple[Proposal, ...]
    further: bool
    prepared: Prepared | None

    @property
    def waits(self) -> Prepared | None:
        """The prepared list that nobody has answered yet."""
        return self.prepared if self.prepared is not None and self.prepared.outcome is None else None


def asking(session: Session, view: ClaimView, findings: Sequence[Mapping[str, object]], book: RuleBook) -> Asking:
    """The proposals of one claim, and whether a senior must agree."""
    prepared = _prepared(session, view)
    known = {**({kind: Faulty() for kind in prepared.items} if prepared else {}), **_faulty(session, view, findings)}
    made = proposals(book, [(need.kind, need.state) for need in view.checklist], known)
    asked = session.exec(select(Supplement.id).where(Supplement.claim_id == view.claim.id, Supplement.round == view.claim.round,
                                                     Supplement.source == "union")).first()
    return Asking(tuple(made), asked is not None, prepared)


def _prepared(session: Session, view: ClaimView) -> Prepared | None:
    row = further.latest(session, view.claim.id, view.claim.round)
    if row is None:
        return None
    by = session.exec(select(Account.name).where(Account.id == row.prepared_by)).first()
    return Prepared({item["paper"]: item for item in row.items}, row.reason, by or "", row.prepared_at, row.outcome, row.answer)


def _faulty(session: Session, view: ClaimView, findings: Sequence[Mapping[str, object]]) -> dict[str, Faulty]:
    """What is known against each kind's papers: why the last one was sent back, what nobody can read, what the checks found."""
    kinds: dict[str, list[PaperView]] = {}
    for paper in view.papers:
        kinds.setdefault(paper.kind, []).append(paper)
    unread, seen = _unread(session, view), _seen(session, view, findings)
    found = {}
    for kind, papers in kinds.items():
        back = papers[-1].fault or "" if all(paper.verdict == "rejected" for paper in papers) else ""
        known = Faulty(back, tuple(dict.fromkeys(unread.get(kind, ()))), tuple(dict.fromkeys(seen.get(kind, ()))))
        if known != Faulty():
            found[kind] = known
    return found


def _unread(session: Session, view: ClaimView) -> dict[str, list[str]]:
    """By kind of paper the pages that cannot be shown and the fields that somebody called unreadable, of papers not judged yet."""
    waiting = {paper.id: paper.kind for paper in view.papers if paper.verdict == "waiting"}
    found: dict[str, list[str]] = {}
    for kind, number in queries.unshown(session, view.claim.id):
        if kind in waiting.values():
            found.setdefault(kind, []).append(f"第{number}页")
    rows = session.execute(sa.select(col(PaperField.paper_id), col(PaperField.sheet), col(PaperField.name)).where(
        col(PaperField.claim_id) == view.claim.id, col(PaperField.state) == "unreadable").order_by(
        col(PaperField.paper_id), col(PaperField.page), col(PaperField.id)))
    for paper_id, sheet, name in rows:
        if paper_id in waiting:
            found.setdefault(waiting[paper_id], []).append(f"“{field(sheet, name).label}”")
    return found


def _seen(session: Session, view: ClaimView, findings: Sequence[Mapping[str, object]]) -> dict[str, list[str]]:
    """By kind of paper what the checks found on it and nobody set aside. What stands here goes into a letter: that a paper was seen in
    somebody else's case, and in which, is no matter for one."""
    kinds: dict[uuid.UUID, str] = {paper.id: paper.kind for paper in view.papers}
    found: dict[str, list[str]] = {}
    for one in found_by_checks.told(session, view.claim.id, findings):
        aside = one.answer is not None and one.answer.verdict == "overridden"
        if one.paper_id in kinds and not aside and one.code not in repeats.CODES:
            found.setdefault(kinds[one.paper_id], []).append(one.words)
    return found
