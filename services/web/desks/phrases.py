"""Stock phrases of an organisation: offered while a reviewer writes a reason, added and retired here."""

from __future__ import annotations

from fastapi import Response

from services.access.actor import REVIEWERS
from services.core.errors import HuzhuError
from services.review import phrases as stock
from services.review import queries as review
from services.review import service
from services.web.desks.claim import identified
from services.web.door import Pages
from services.web.language import N_
from services.web.visit import Visit

pages = Pages()
SAID = {"added": N_("已保存常用语。"), "retired": N_("已停用常用语。")}


@pages.get("/phrases", roles=REVIEWERS)
def listed(visit: Visit) -> Response:
    """The phrases in use at the reader's organisation and above."""
    return _page(visit)


@pages.post("/phrases", roles=REVIEWERS)
def add(visit: Visit) -> Response:
    """A phrase of the reader's own organisation."""
    return visit.attempt(lambda session: service.add_phrase(session, reason=visit.field("reason"), words=visit.field("words"),
                                                            actor=visit.actor, now=visit.now),
                         again=lambda problem: _page(visit, problem=problem), then="/phrases", done="added")


@pages.post("/phrases/{phrase_id}/retire", roles=REVIEWERS)
def retire(visit: Visit, phrase_id: str) -> Response:
    """Offered no more; what was written with it stays."""
    wanted = identified(phrase_id)
    return visit.attempt(lambda session: service.retire_phrase(session, phrase_id=wanted, actor=visit.actor, now=visit.now),
                         again=lambda problem: _page(visit, problem=problem), then="/phrases", done="retired")


def _page(visit: Visit, *, problem: HuzhuError | None = None) -> Response:
    found = visit.read(lambda session: stock.phrases(session, visit.actor))
    return visit.page("phrases.html", problem=problem, phrases=found, reasons=review.reasons(), said=SAID)
