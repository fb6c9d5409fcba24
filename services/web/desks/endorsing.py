"""The insurer's endorsement (批单) of one or many covers, entered by the office: the record and, when it brings one, the policy number."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import Response
from sqlmodel import Session

from services.access.actor import OFFICE
from services.core.errors import HuzhuError
from services.enrolment import covers
from services.reporting import book
from services.web import book_words as words
from services.web.acts import day_of
from services.web.door import Audience, Pages
from services.web.visit import Visit
from services.web.work_words import plan_names

pages = Pages()
ENDORSERS: Audience = frozenset(OFFICE)


@pages.get("/book/covers/{certificate_no}/endorse", roles=ENDORSERS)
def endorse_form(visit: Visit, certificate_no: str) -> Response:
    """What the endorsement says, and which other covers it names."""
    return _page(visit, certificate_no)


@pages.post("/book/covers/{certificate_no}/endorse", roles=ENDORSERS)
def endorse(visit: Visit, certificate_no: str) -> Response:
    """All of the covers it names, or none."""
    def verb(session: Session) -> None:
        others = visit.field("certificates").replace("，", " ").replace(",", " ").split()
        covers.endorse(session, certificates=list(dict.fromkeys([certificate_no, *others])), kind=visit.field("kind"),
                       on=day_of(visit, "on"), text=visit.field("text"), number=visit.field("number") or None,
                       policy_no=visit.field("policy_no") or None, actor=visit.actor, now=visit.now)
    return visit.attempt(verb, again=lambda problem: _page(visit, certificate_no, problem=problem),
                         then=f"/book/covers/{quote(certificate_no)}", done="endorsed")


def _page(visit: Visit, certificate_no: str, *, problem: HuzhuError | None = None) -> Response:
    sheet = visit.read(lambda session: book.cover(session, certificate_no, today=visit.today))
    return visit.page("book_endorse.html", problem=problem, sheet=sheet, words=words, names=plan_names())
