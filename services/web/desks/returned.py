"""Payments that a bank returned: the clerk asks the payee and proposes her other card; finance confirms."""

from __future__ import annotations

from fastapi import Response
from sqlmodel import Session

from services.access.actor import Role
from services.core.errors import HuzhuError
from services.core.identity import BANKS
from services.payment import service as payment
from services.reporting import attached, sight
from services.reporting.views import PaymentView
from services.web import book_words as words
from services.web.desks.book import row_id
from services.web.door import Audience, Pages
from services.web.visit import Visit
from statemachines.states import PaymentState

pages = Pages()
CLERK: Audience = frozenset({Role.UNIT_CLERK})


@pages.get("/book/returned", roles=CLERK)
def returned(visit: Visit) -> Response:
    """Within the clerk's unit."""
    rows = visit.read(lambda session: attached.payments(session, state=PaymentState.RETURNED))
    return visit.page("returned.html", rows=rows, words=words)


@pages.get("/book/returned/{payment_id}", roles=CLERK)
def form(visit: Visit, payment_id: str) -> Response:
    """Why it came back, and the other card."""
    return _form(visit, payment_id)


def _form(visit: Visit, payment_id: str, *, problem: HuzhuError | None = None) -> Response:
    row = visit.read(lambda session: _payment(session, payment_id))
    return visit.page("returned_card.html", problem=problem, row=row, banks=BANKS, words=words)


def _payment(session: Session, payment_id: str) -> PaymentView:
    found = row_id(payment_id)
    rows = attached.payments(session, payment_id=found) if found else []
    if not rows:
        raise sight.missing()
    return rows[0]


@pages.post("/book/returned/{payment_id}", roles=CLERK)
def propose(visit: Visit, payment_id: str) -> Response:
    """The payee's own; another person confirms it."""
    def verb(session: Session) -> None:
        row = _payment(session, payment_id)
        if visit.version() not in (None, row.version):
            raise sight.stale(visit.version() or 0, row.version)
        payment.propose_card(session, payment_id=row.id, bank=visit.field("bank"), number=visit.field("number"),
                             holder=visit.field("holder"), actor=visit.actor, now=visit.now)
    return visit.attempt(verb, again=lambda problem: _form(visit, payment_id, problem=problem), then="/book/returned", done="proposed")
