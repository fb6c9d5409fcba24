"""Reads: a claim's papers, its checklist, its supplement lists."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.core.errors import NotFound
from services.evidence import reminders
from services.evidence.rules import paper_name
from services.models import Claim, Notice, Paper, PaperPage, Supplement
from services.rulebook import registry
from statemachines.states import ClaimState, NoticeState, SupplementState


@dataclass(frozen=True, slots=True)
class Wanted:
    """One line of the checklist. `state`: missing, waiting, accepted or rejected."""

    kind: str
    name: str
    state: str
    fault: str | None


def papers_of(session: Session, claim_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Paper]]:
    """Each claim's papers, oldest first."""
    found: dict[uuid.UUID, list[Paper]] = {claim_id: [] for claim_id in claim_ids}
    for paper in session.exec(select(Paper).where(col(Paper.claim_id).in_(list(claim_ids))).order_by(
            col(Paper.uploaded_at), col(Paper.id))).all():
        found[paper.claim_id].append(paper)
    return found


LOST = ("object_missing", "object_damaged")     # the store's fault: whoever handed the paper in has nothing to do with it


def undrawn(session: Session, claim_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[tuple[str, int, bool]]]:
    """Kind of paper, number and whether the store lost it, of each page that could not be drawn; papers sent back are left out."""
    rows = session.execute(sa.select(col(Paper.claim_id), col(Paper.kind), col(PaperPage.number), col(PaperPage.fault).in_(LOST)).join(
        PaperPage, col(PaperPage.paper_id) == col(Paper.id)).where(
        col(Paper.claim_id).in_(list(claim_ids)), col(PaperPage.fault).is_not(None), col(Paper.verdict) != "rejected").order_by(
        col(Paper.id), col(PaperPage.number)))
    found: dict[uuid.UUID, list[tuple[str, int, bool]]] = {}
    for claim_id, kind, number, lost in rows:
        found.setdefault(claim_id, []).append((kind, number, lost))
    return found


def unshown(session: Session, claim_id: uuid.UUID) -> list[tuple[str, int]]:
    """Of one claim the pages that nobody can read as they were handed in; what the store lost is not among them."""
    return [(kind, number) for kind, number, lost in undrawn(session, [claim_id]).get(claim_id, ()) if not lost]


def checklist(session: Session, claim: Claim) -> list[Wanted]:
    """The papers the plan asks for this event, each with the best that is on file."""
    papers = papers_of(session, [claim.id])[claim.id]
    book = registry.version(claim.plan, claim.plan_from)
    return [_line(kind, paper_name(book, kind), [paper for paper in papers if paper.kind == kind])
            for kind in claim.required]


def _line(kind: str, name: str, papers: Sequence[Paper]) -> Wanted:
    for verdict in ("accepted", "waiting", "rejected"):
        paper = next((paper for paper in reversed(papers) if paper.verdict == verdict), None)
        if paper:
            return Wanted(kind, name, verdict, paper.fault)
    return Wanted(kind, name, "missing", None)


def supplement(session: Session, supplement_id: uuid.UUID) -> Supplement:
    """One list of the caller's scope. NotFound otherwise."""
    found = session.get(Supplement, supplement_id, populate_existing=True)
    if found is None:
        raise NotFound("supplement_missing", "没有这一补充清单，或不在您的管辖范围内", remedy="核对编号")
    return found


def overdue(session: Session, today: date, limit: int = 500) -> list[uuid.UUID]:
    """Lists of ours past their deadline whose last reminder came long enough ago (`reminders.over`): `lapse` closes them."""
    reached = sa.cast(sa.func.timezone("Asia/Shanghai", col(Notice.delivered_at)), sa.Date)
    long_ago = reached < today - timedelta(days=reminders.GRACE)
    return list(session.exec(select(Supplement.id).join(Claim, col(Claim.id) == col(Supplement.claim_id)).where(
        Supplement.state == SupplementState.DELIVERED, Supplement.source == "union", col(Supplement.deadline) < today,
        Claim.state == ClaimState.SUPPLEMENTING,
        select(Notice.id).where(
            Notice.claim_id == Supplement.claim_id, Notice.state == NoticeState.DELIVERED, long_ago,
            col(Notice.cause) == sa.func.concat(f"{reminders.CAUSES[reminders.LAST]}:", Supplement.id)).exists())
        .order_by(col(Supplement.deadline)).limit(limit)).all())
