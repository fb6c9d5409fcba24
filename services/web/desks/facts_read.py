"""Checked fields taken into the case as its facts: what would change, old beside new, before anybody says yes."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from fastapi import Response
from sqlmodel import Session

from services.core.errors import HuzhuError, InputError
from services.evidence import facts
from services.evidence.facts import Change
from services.reporting import paper_desk, sight
from services.reporting.claim_file import ClaimFile
from services.reporting.paper_desk import FactRead
from services.web.claim_context import address, context, moved_on, read_file
from services.web.desks.claim import STAFF
from services.web.door import Pages
from services.web.visit import Visit

pages = Pages()


@pages.get("/claims/{claim_no}/facts-read", roles=STAFF)
def offered(visit: Visit, claim_no: str) -> Response:
    """The checked fields that prove facts; those that say otherwise than the case are ticked."""
    return _page(visit, claim_no)


@pages.post("/claims/{claim_no}/facts-read", roles=STAFF)
def take(visit: Visit, claim_no: str) -> Response:
    """The ticked fields become facts, with a reason; or what would change is shown once more."""
    if visit.field("do") == "look":
        return _page(visit, claim_no, picked=_picked(visit))

    def verb(session: Session) -> None:
        found = sight.claim(session, visit.actor, claim_no, lock=True, version=visit.version())
        picked = _picked(visit)
        if not picked:
            raise InputError("choice_missing", "没有选择要填入的项目", remedy="选择后再提交", field="pick")
        facts.take(session, claim_id=found.id, field_ids=picked, reason=visit.field("reason"), version=visit.version(),
                   actor=visit.actor, now=visit.now)
    return visit.attempt(verb, again=lambda problem: _page(visit, claim_no, picked=_picked(visit), problem=problem),
                         then=address(visit, claim_no), done="amended")


def _page(visit: Visit, claim_no: str, *, picked: Sequence[uuid.UUID] | None = None, problem: HuzhuError | None = None) -> Response:
    def read(session: Session) -> tuple[ClaimFile, list[FactRead], list[uuid.UUID], tuple[Change, ...], HuzhuError | None]:
        file = read_file(visit, session, claim_no)
        rows = paper_desk.facts_read(session, file)
        chosen = list(picked) if picked is not None else [row.line.view.id for row in rows if row.line.equal is not True]
        changes, why = _changes(visit, session, file, [one for one in chosen if one in {row.line.view.id for row in rows}])
        return file, rows, chosen, changes, why
    file, rows, chosen, changes, why = visit.note(read)
    return visit.page("paper_facts.html", problem=problem, rows=rows, chosen=chosen, changes=changes, why=None if problem else why,
                      may=file.standing.may("facts"), news=moved_on(visit, file), **context(visit, file))


def _changes(visit: Visit, session: Session, file: ClaimFile, chosen: Sequence[uuid.UUID]) -> tuple[tuple[Change, ...], HuzhuError | None]:
    """What would be written, or why it cannot be."""
    if not chosen:
        return (), None
    try:
        return facts.proposed(session, claim_id=file.view.claim.id, field_ids=chosen, actor=visit.actor).changes, None
    except InputError as error:
        return (), error


def _picked(visit: Visit) -> list[uuid.UUID]:
    try:
        return [uuid.UUID(one) for one in visit.listed("pick")]
    except ValueError:
        raise sight.missing() from None
