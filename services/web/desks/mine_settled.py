"""What a settled quarter paid the member and why: the worksheet that finance sees, of one's own line alone."""

from __future__ import annotations

from fastapi import Response

from services.settlement.city import own
from services.web import claim_words as words
from services.web.desks.admin import known_id
from services.web.desks.mine import MEMBERS
from services.web.desks.settlements import FLAGS, WHY_UNPAID
from services.web.door import Pages
from services.web.visit import Visit, whole

pages = Pages()


@pages.get("/mine/settlements/{settlement_id}/{year}", roles=MEMBERS)
def sheet(visit: Visit, settlement_id: str, year: str) -> Response:
    """One line with its worksheet. A member's look at the own line leaves no record, as at the own claim."""
    with visit.wiring.db.view(visit.wiring.root) as session:        # as `own` says
        one, line, told = own.sheet(session, visit.actor.person_id, settlement_id=known_id(settlement_id), year=whole(year) or 0)
    return visit.page("mine_settlement.html", one=one, line=line, told=told, words=words, why_unpaid=WHY_UNPAID, flags=FLAGS)
