"""The synthetic people of a demonstration, any of whose desks may be tried. Outside one these pages do not exist."""

from __future__ import annotations

import uuid

from fastapi import Response

from services.access import demonstration
from services.core.errors import InputError
from services.web.claim_words import ROLES
from services.web.door import ANYONE, COOKIE, Pages, keep_cookie
from services.web.visit import Visit

pages = Pages()


@pages.get("/demonstration", roles=ANYONE)
def desks(visit: Visit) -> Response:
    """Who is who."""
    with visit.wiring.db.view(visit.wiring.root) as session:
        found = demonstration.seats(session)
    return visit.page("demonstration.html", seats=[(seat, [visit.say(ROLES[role]) for role in seat.roles]) for seat in found])


@pages.post("/demonstration", roles=ANYONE)
def sit_down(visit: Visit) -> Response:
    """At that person's desk."""
    try:
        account_id = uuid.UUID(visit.field("account"))
    except ValueError:
        raise InputError("account_wrong", "没有选择演示账号", remedy="从一览中选择", field="account") from None
    with visit.wiring.db.unit_of_work(visit.wiring.root) as session:
        token = demonstration.sit_down(session, account_id=account_id, agent=visit.agent, address=visit.address, now=visit.now)
    response = visit.go("/")
    keep_cookie(response, COOKIE, token)
    return response
