"""What every page about one claim hands to its template, and the page of a refusal that keeps what was typed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from urllib.parse import quote

from sqlmodel import Session

from services.core.money import to_yuan
from services.evidence.paper_names import paper_names
from services.reporting import sight
from services.reporting.claim_file import ClaimFile, book_of, claim_file
from services.reporting.pauses import pauses
from services.reporting.views import RecordView
from services.review import queries as review
from services.review.inputs import exclusions_of
from services.web import claim_words as words
from services.web.act_fields import grades_of
from services.web.visit import Visit, whole

WORK = "work"


def back(visit: Visit) -> str:
    """What an address of the same claim carries on, so that the place in the worklist is kept."""
    return "?from=work" if WORK in (visit.query.get("from"), visit.field("from")) else ""


def address(visit: Visit, claim_no: str, anchor: str = "") -> str:
    """The claim's own page."""
    return f"/claims/{quote(claim_no)}{back(visit)}{anchor}"


def read_file(visit: Visit, session: Session, claim_no: str, what: str = "claim") -> ClaimFile:
    """The file of the claim, with the look recorded."""
    found = sight.claim(session, visit.actor, claim_no)
    sight.looked(session, visit.actor, found, what, visit.now)
    return claim_file(session, found, visit.actor, today=visit.today)


def context(visit: Visit, file: ClaimFile) -> dict[str, Any]:     # a template's values are of every kind
    """The names a claim's templates use."""
    book = book_of(file.view)
    total = worksheet_sum(file)
    kinds = [paper.kind for paper in file.view.papers] + [need.kind for need in file.view.checklist]
    return {"file": file, "view": file.view, "words": words, "reasons": review.reasons(), "back": back(visit),
            "names": {name: benefit.name for name, benefit in book.benefits.items()}, "paper_names": paper_names(book, kinds),
            "sum": total, "due": total - to_yuan(file.earlier_fen), "asks_exclusions": bool(exclusions_of(book)),
            "grades": grades_of(file), "pauses": pauses}


def worksheet_sum(file: ClaimFile) -> Decimal:
    """Yuan of the newest worksheet, a premium to give back included."""
    if file.sheet is None:
        return Decimal(0)
    return Decimal(file.sheet.stored.total) + Decimal(file.sheet.stored.refund)


def moved_on(visit: Visit, file: ClaimFile) -> list[RecordView]:
    """What others recorded after the visitor opened the form that was refused."""
    seq = whole(visit.field("seq"))
    return [entry for entry in file.view.record if entry.seq > seq] if seq is not None else []
