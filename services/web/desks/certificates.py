"""A certificate of cover: asked for by the member or at the unit, and saved."""

from __future__ import annotations

from datetime import date
from urllib.parse import quote

from fastapi import Response
from sqlmodel import Session

from services.access.actor import REVIEWERS, Role
from services.core.errors import InputError
from services.notice import certificates, office_letters
from services.storage.service import PDF
from services.web.desks.mine import MEMBERS, as_member
from services.web.door import Audience, Pages
from services.web.downloads import saved
from services.web.visit import Visit

pages = Pages()
KEEPERS: Audience = frozenset({Role.UNIT_CLERK, *REVIEWERS})


@pages.get("/book/covers/{certificate_no}/certificate", roles=KEEPERS)
def of_unit(visit: Visit, certificate_no: str) -> Response:
    """The last one that stands."""
    return _saved(visit, certificate_no, member=False)


@pages.post("/book/covers/{certificate_no}/certificate", roles=KEEPERS)
def for_unit(visit: Visit, certificate_no: str) -> Response:
    """As of a day, today without one."""
    return _issued(visit, certificate_no, f"/book/covers/{quote(certificate_no)}/certificate", member=False)


@pages.get("/mine/covers/{certificate_no}/certificate", roles=MEMBERS)
def of_member(visit: Visit, certificate_no: str) -> Response:
    """The last one that stands."""
    return _saved(visit, certificate_no, member=True)


@pages.post("/mine/covers/{certificate_no}/certificate", roles=MEMBERS)
def for_member(visit: Visit, certificate_no: str) -> Response:
    """As of today."""
    return _issued(visit, certificate_no, f"/mine/covers/{quote(certificate_no)}/certificate", member=True)


def _saved(visit: Visit, certificate_no: str, *, member: bool) -> Response:
    actor = as_member(visit) if member else visit.actor

    def run(session: Session) -> tuple[str, bytes]:
        row = certificates.newest(session, certificate_no=certificate_no, actor=actor)
        return row.number, office_letters.content(session, row.id)
    number, content = visit.read(run)
    return saved(content, f"参保证明-{number}.pdf", PDF)


def _issued(visit: Visit, certificate_no: str, then: str, *, member: bool) -> Response:
    actor = as_member(visit) if member else visit.actor
    return visit.attempt(lambda session: certificates.certify(session, certificate_no=certificate_no, valid_on=_day(visit), actor=actor,
                                                              now=visit.now).id,
                         again=lambda problem: visit.page("refused.html", problem=problem, title=problem.message), then=then)


def _day(visit: Visit) -> date | None:
    text = visit.field("valid_on")
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise InputError("date_wrong", "不是日期", remedy="写成 2026-05-01", field="valid_on") from None
