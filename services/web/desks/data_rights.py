"""A person's rights over her data on her own pages: consents by purpose, a copy, a correction, a deletion, and what became of each."""

from __future__ import annotations

import uuid
from dataclasses import replace

from fastapi import Response
from fastapi.responses import StreamingResponse
from sqlmodel import Session

from services.access.actor import Actor
from services.core.errors import HuzhuError
from services.intake import data_copies, data_requests
from services.intake import service as intake
from services.intake.purposes import purposes
from services.models import PrivacyRequest
from services.reporting import own_data, sight
from services.reporting.claims import case_by_no
from services.web import privacy_words as words
from services.web.desks.access_report import MEMBERS
from services.web.desks.mine import as_member
from services.web.door import Pages
from services.web.render import HEADERS
from services.web.visit import Visit
from services.web.work_words import plan_names

pages = Pages()
HOME = "/mine/privacy"


@pages.get(HOME, roles=MEMBERS)
def overview(visit: Visit) -> Response:
    """Who looked, consents, requests: one page."""
    return _page(visit)


def _page(visit: Visit, problem: HuzhuError | None = None, act: str = "") -> Response:
    person = _self(visit)
    with visit.wiring.db.view(visit.wiring.root) as session:        # as `own_data` says
        consents = own_data.consents_of(session, person)
        requests = own_data.requests_of(session, person)
    return visit.page("mine_privacy.html", problem=problem, act=act, desk=False, consents=consents, requests=requests, purposes=purposes(),
                      names=plan_names(), words=words, corrections=data_requests.CORRECTIONS, deletions=data_requests.DELETIONS,
                      days=data_requests.DAYS)


def _self(visit: Visit) -> uuid.UUID:
    if visit.actor.person_id is None:
        raise sight.missing()
    return visit.actor.person_id


def _whole(visit: Visit) -> Visit:
    """She acts on what the page shows her: all that is hers, also at a unit she left; as a member, who is in every condition."""
    return replace(visit, actor=as_member(visit).anywhere(visit.wiring.root.org_path))


@pages.post(f"{HOME}/consent", roles=MEMBERS)
def consent(visit: Visit) -> Response:
    """One purpose of one report, given or taken back."""
    give, purpose, hers = visit.field("give") == "yes", visit.field("purpose"), _whole(visit)

    def verb(session: Session) -> None:
        case = case_by_no(session, visit.field("case_no"))
        if give:
            intake.record_consent(session, case_id=case.id, purpose=purpose, actor=hers.actor, now=visit.now)
        else:
            intake.withdraw_consent(session, case_id=case.id, purpose=purpose, why=visit.field("why"), actor=hers.actor, now=visit.now)
    return hers.attempt(verb, again=lambda problem: _page(visit, problem), then=f"{HOME}?done={'given' if give else 'taken'}#consents")


@pages.post(f"{HOME}/requests", roles=MEMBERS)
def ask(visit: Visit) -> Response:
    """A copy, a correction or a deletion of one's own."""
    person, kind = _self(visit), visit.field("kind")

    def verb(session: Session) -> PrivacyRequest:
        return data_requests.ask(session, person_id=person, kind=kind, field=visit.field("field"), wanted=visit.field("wanted"),
                                 words=visit.field("words"), actor=as_member(visit), now=visit.now)
    return visit.attempt(verb, again=lambda problem: _page(visit, problem, kind), then=f"{HOME}?done=asked#requests")


@pages.post(f"{HOME}/requests/{{request_no}}/withdraw", roles=MEMBERS)
def withdraw(visit: Visit, request_no: str) -> Response:
    """Taken back while nobody answered."""
    hers = _whole(visit)
    return hers.attempt(lambda session: data_requests.withdraw(session, request_no=request_no, actor=hers.actor, now=visit.now),
                        again=lambda problem: _page(visit, problem), then=f"{HOME}?done=withdrawn#requests")


@pages.get(f"{HOME}/requests/{{request_no}}/file", roles=MEMBERS)
def copy(visit: Visit, request_no: str) -> Response:
    """The copy itself; each download is counted."""
    hers = _whole(visit)
    return saved_copy(hers, request_no, hers.actor)


def saved_copy(visit: Visit, request_no: str, actor: Actor) -> Response:
    """The ZIP, part by part."""
    row = visit.note(lambda session: data_copies.fetch(session, request_no, actor=actor, now=visit.now))
    return StreamingResponse(data_copies.pieces(row.id), media_type="application/zip", headers={
        **HEADERS, "Content-Length": str(row.size), "Content-Disposition": f"attachment; filename=\"{row.request_no}.zip\""})
