"""Two records of one person become one: the other is found by its number, both are seen side by side, then merged; or undone."""

from __future__ import annotations

from fastapi import Response
from sqlmodel import Session

from services.access.actor import OFFICE, Role
from services.audit import service as audit
from services.core.errors import HuzhuError
from services.enrolment import service as enrolment
from services.models import Person
from services.reporting import merging, people, sight
from services.web.acts import picked
from services.web.desks.book import row_id
from services.web.door import Audience, Pages
from services.web.visit import Visit

pages = Pages()
MERGERS: Audience = frozenset({Role.ADMINISTRATOR, *OFFICE})


@pages.get("/people/{person_id}/merge", roles=MERGERS)
def merge_form(visit: Visit, person_id: str) -> Response:
    """The other record's number; and what was merged into this one before."""
    return _page(visit, person_id)


@pages.post("/people/{person_id}/merge", roles=MERGERS)
def merge(visit: Visit, person_id: str) -> Response:
    """First both side by side; confirmed on what was seen, the other record goes into this one."""
    if not visit.field("confirmed"):
        try:
            visit.read(lambda session: merging.other(session, visit.actor, _kept(visit, session, person_id), visit.field("id_number")))
        except HuzhuError as error:
            return _page(visit, person_id, problem=error)
        return _page(visit, person_id, pair=True)

    def verb(session: Session) -> str:
        kept = _kept(visit, session, person_id)
        dropped = merging.other(session, visit.actor, kept, visit.field("id_number"))
        enrolment.merge_people(session, kept_id=kept.id, dropped_id=dropped.id, why=visit.field("why"), version=visit.version(),
                               actor=visit.actor, now=visit.now)
        return f"/people/{kept.id}/merge"
    return visit.attempt(verb, again=lambda problem: _page(visit, person_id, problem=problem, pair=problem.field != "id_number"),
                         then=str, done="merged")


@pages.post("/people/{person_id}/merge/undo", roles=MERGERS)
def undo(visit: Visit, person_id: str) -> Response:
    """What it re-pointed goes back; what came since stays."""
    def verb(session: Session) -> str:
        kept, wanted = _kept(visit, session, person_id), picked(visit, "row")
        if wanted not in {one.row.id for one in merging.past(session, visit.actor, kept.id)}:
            raise sight.missing()
        enrolment.split_people(session, merge_id=wanted, why=visit.field("why"), actor=visit.actor, now=visit.now)
        return f"/people/{kept.id}/merge"
    return visit.attempt(verb, again=lambda problem: _page(visit, person_id, problem=problem), then=str, done="split")


def _kept(visit: Visit, session: Session, person_id: str) -> Person:
    found = row_id(person_id)
    if found is None:
        raise sight.missing()
    return people.known(session, visit.actor, found)


def _page(visit: Visit, person_id: str, *, problem: HuzhuError | None = None, pair: bool = False) -> Response:
    def read(session: Session) -> tuple[merging.Side, merging.Side | None, list[merging.Past]]:
        kept = _kept(visit, session, person_id)
        other = merging.side(session, visit.actor, merging.other(session, visit.actor, kept, visit.field("id_number"))) if pair else None
        for seen in (kept, other) if other else (kept,):
            assert visit.actor.account_id is not None
            audit.looked(session, org_key=visit.actor.org_key, account=visit.actor.account_id, claim_id=None, what=f"person:{seen.id}",
                         reason=None, at=visit.now)
        return merging.side(session, visit.actor, kept), other, merging.past(session, visit.actor, kept.id)
    kept, other, past = visit.note(read)
    return visit.page("person_merge.html", problem=problem, kept=kept, other=other, past=past, number=visit.field("id_number"))
