"""The member's own bank card: where her money goes, masked, and another one in its place."""

from __future__ import annotations

from fastapi import Response
from sqlmodel import Session

from services.access.actor import Role
from services.core.errors import HuzhuError
from services.core.identity import BANKS
from services.enrolment import person_history, queries
from services.enrolment import service as enrolment
from services.models import BankCard, Person
from services.reporting import sight
from services.web.desks.mine import as_member
from services.web.door import Audience, Pages
from services.web.visit import Visit

pages = Pages()
MEMBERS: Audience = frozenset({Role.MEMBER})


@pages.get("/card", roles=MEMBERS)
def card(visit: Visit) -> Response:
    """The card in use, and the form of another."""
    return _page(visit)


@pages.post("/card", roles=MEMBERS)
def change(visit: Visit) -> Response:
    """Hers alone; a payment that the bank returned is corrected by two persons of the office instead."""
    def verb(session: Session) -> None:
        enrolment.add_bank_card(session, person_id=_own(visit, session).id, bank=visit.field("bank"), number=visit.field("number"),
                                holder=visit.field("holder"), actor=as_member(visit), now=visit.now)
    return visit.attempt(verb, again=lambda problem: _page(visit, problem=problem), then="/card", done="card")


def _own(visit: Visit, session: Session) -> Person:
    found = person_history.resolved(session, visit.actor.person_id) if visit.actor.person_id else None
    if found is None:
        raise sight.missing()
    return found


def _page(visit: Visit, *, problem: HuzhuError | None = None) -> Response:
    def read(session: Session) -> tuple[str, BankCard | None, str]:
        own = _own(visit, session)
        row = queries.current_cards(session, [own.id]).get(own.id)
        return own.name, row, queries.masked_card(row) if row else ""
    name, row, number = visit.read(read)
    return visit.page("card.html", problem=problem, name=name, row=row, number=number, banks=list(BANKS.items()))
