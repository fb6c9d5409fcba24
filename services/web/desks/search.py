"""Search: a claim by its number, a person's exact name or identity number. What is typed never stands in an address."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import Response
from sqlmodel import Session

from services.access.actor import REVIEWERS, Role
from services.audit import service as audit
from services.core.errors import InputError
from services.reporting import searching
from services.reporting.searching import Hits
from services.web.claim_words import STATES
from services.web.door import Pages
from services.web.menu import Item
from services.web.visit import Visit
from services.web.work_words import plan_names

pages = Pages()
READERS = frozenset({Role.UNIT_CLERK, Role.AUDITOR, *REVIEWERS})


@pages.get("/search", roles=READERS, menu=Item(20, "查找案件"))
def search(visit: Visit) -> Response:
    """The empty form."""
    return _page(visit)


@pages.post("/search", roles=READERS)
def found(visit: Visit) -> Response:
    """What was found; who looked for what kind of thing is recorded, never what was typed."""
    try:
        # Read apart from the record: a reading connection plans each search for what was typed.
        hits = visit.read(lambda session: searching.search(session, visit.field("words")))
    except InputError as error:
        return _page(visit, problem=error)
    if not hits.exact:
        visit.note(lambda session: _record(visit, session, hits))
    if hits.exact:
        return visit.go(f"/claims/{quote(hits.hits[0].claim_no)}")
    return _page(visit, hits=hits)


def _record(visit: Visit, session: Session, hits: Hits) -> None:
    if visit.actor.account_id:
        audit.looked(session, org_key=visit.actor.org_key, account=visit.actor.account_id,
                     claim_id=hits.hits[0].claim_id if len(hits.hits) == 1 else None,
                     what=f"search:{hits.by}:{len(hits.hits)}", reason=None, at=visit.now)


def _page(visit: Visit, *, hits: Hits | None = None, problem: InputError | None = None) -> Response:
    return visit.page("search.html", problem=problem, hits=hits, states=STATES, names=plan_names(), most=searching.MOST)
