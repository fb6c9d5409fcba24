"""The office's desk for personal data: requests to answer, holds by law, what was disposed of; and a request taken at the counter."""

from __future__ import annotations

import uuid
from datetime import date

from fastapi import Response
from sqlmodel import Session

from services.access.actor import OFFICE, REVIEWERS, Role
from services.core.errors import HuzhuError, InputError, NotFound
from services.enrolment import categories
from services.evidence import holds, keeping
from services.intake import data_requests
from services.intake.purposes import purposes
from services.models import LegalHold, PrivacyRequest
from services.models.privacy import ANSWERS, GROUNDS
from services.reporting import data_desk, people
from services.web import privacy_words as words
from services.web.acts import day_of
from services.web.desks.admin import known_id
from services.web.desks.data_rights import saved_copy
from services.web.door import Pages
from services.web.language import N_
from services.web.menu import Item
from services.web.uploading import files
from services.web.visit import Visit

pages = Pages()
CLERKS = frozenset({Role.UNIT_CLERK, *REVIEWERS})
ANSWERERS = frozenset(OFFICE)
HOLDERS = frozenset(holds.MAY)
READERS = CLERKS | {Role.AUDITOR}
WATCHERS = HOLDERS | {Role.AUDITOR}


@pages.get("/privacy", roles=READERS, menu=Item(58, N_("个人信息")))
def requests(visit: Visit) -> Response:
    """What waits for an answer, the most urgent first."""
    everything = visit.query.get("all") == "yes"
    found = visit.read(lambda session: data_desk.lines(session, everything=everything))
    return visit.page("privacy.html", found=found, words=words, here="requests", everything=everything, watches=visit.actor.has(*WATCHERS))


@pages.get("/privacy/requests/{request_no}", roles=READERS)
def request(visit: Visit, request_no: str) -> Response:
    """One request; who opened it is recorded."""
    return _request(visit, request_no)


def _request(visit: Visit, request_no: str, problem: HuzhuError | None = None) -> Response:
    found = visit.note(lambda session: data_desk.asked(session, request_no, actor=visit.actor, now=visit.now))
    return visit.page("privacy_request.html", problem=problem, act="answer" if problem else "", one=found, words=words, answers=ANSWERS,
                      ground=data_requests.KEEP_GROUND, desk=True, here="requests", watches=visit.actor.has(*WATCHERS),
                      may=visit.actor.has(*ANSWERERS) and found.row.person_id not in visit.actor.persons,
                      fetches=visit.actor.has(*CLERKS) and found.row.channel == "counter")


@pages.post("/privacy/requests/{request_no}", roles=ANSWERERS)
def answer(visit: Visit, request_no: str) -> Response:
    """Done, in part or refused, with the reason; a correction of the record is made by it."""
    def verb(session: Session) -> PrivacyRequest:
        return data_requests.answer(session, request_no=request_no, version=visit.version(), answer=visit.field("answer"),
                                    words=visit.field("words"), kept_until=_day(visit, "kept_until"), actor=visit.actor, now=visit.now)
    return visit.attempt(verb, again=lambda problem: _request(visit, request_no, problem), then=f"/privacy/requests/{request_no}",
                         done="answered")


def _day(visit: Visit, name: str) -> date | None:
    return day_of(visit, name) if visit.field(name) else None


@pages.get("/privacy/requests/{request_no}/file", roles=CLERKS)
def file(visit: Visit, request_no: str) -> Response:
    """A copy asked for at the counter, handed over to its person; recorded."""
    return saved_copy(visit, request_no, visit.actor)


@pages.get("/people/{person_id}/data-request", roles=CLERKS)
def counter(visit: Visit, person_id: str) -> Response:
    """The form of a request made in person."""
    return _counter(visit, person_id)


def _counter(visit: Visit, person_id: str, problem: HuzhuError | None = None) -> Response:
    person = visit.read(lambda session: people.known(session, visit.actor, known_id(person_id)))
    return visit.page("privacy_counter.html", problem=problem, act="counter", person=person, words=words,
                      corrections=data_requests.CORRECTIONS, deletions=data_requests.DELETIONS, days=data_requests.DAYS)


@pages.post("/people/{person_id}/data-request", roles=CLERKS)
def register(visit: Visit, person_id: str) -> Response:
    """Written down for whoever came in, with how she was known and the signed paper where there is one."""
    def verb(session: Session) -> PrivacyRequest:
        person = people.known(session, visit.actor, known_id(person_id))
        kind, _, field = visit.field("what").partition(":")
        sent = files(visit, "proof")
        proof = categories.keep_proof(content=sent[0].content, file_name=sent[0].name, actor=visit.actor) if sent else None
        return data_requests.ask(session, person_id=person.id, kind=kind, field=field, wanted=visit.field("wanted"),
                                 words=visit.field("words"), identified=visit.field("identified"), proof_sha256=proof, actor=visit.actor,
                                 now=visit.now)
    return visit.attempt(verb, again=lambda problem: _counter(visit, person_id, _beside(problem)),
                         then=lambda row: f"/privacy/requests/{row.request_no}", done="registered")


def _beside(problem: HuzhuError) -> HuzhuError:
    """A fault of the signed paper stands beside its own field."""
    if problem.field in ("proof_sha256", "content"):
        problem.field = "proof"
    return problem


@pages.get("/privacy/holds", roles=WATCHERS)
def standing(visit: Visit) -> Response:
    """Every hold in sight, those to be looked at first in front."""
    return _holds(visit)


def _holds(visit: Visit, problem: HuzhuError | None = None, act: str = "") -> Response:
    lifted = visit.query.get("all") == "yes"
    found = visit.read(lambda session: holds.lines(session, today=visit.today, lifted=lifted))
    return visit.page("privacy_holds.html", problem=problem, act=act, found=found, words=words, grounds=GROUNDS, reaches=holds.REACHES,
                      here="holds", lifted=lifted, may=visit.actor.has(*HOLDERS), watches=True, own=visit.actor.account_id)


@pages.post("/privacy/holds", roles=HOLDERS)
def place(visit: Visit) -> Response:
    """On the claim or report of a number, or on its member with all that is hers."""
    def verb(session: Session) -> LegalHold:
        return holds.place(session, subject=_reached(visit, session), ground=visit.field("ground"), reason=visit.field("reason"),
                           paper_no=visit.field("paper_no"), review_on=_day(visit, "review_on"), actor=visit.actor, now=visit.now)
    return visit.attempt(verb, again=lambda problem: _holds(visit, problem, "place"), then="/privacy/holds", done="placed")


def _reached(visit: Visit, session: Session) -> holds.Subject:
    """A number that was typed and names nothing is a wrong entry: the form comes back with what else was written."""
    try:
        return holds.reached(session, visit.field("reach"), visit.field("number"), actor=visit.actor)
    except NotFound as error:
        raise InputError(error.code, error.message, remedy=error.remedy, field="number") from None


@pages.post("/privacy/holds/{hold_id}/ask", roles=HOLDERS)
def ask(visit: Visit, hold_id: str) -> Response:
    """One says that it is needed no more."""
    wanted = known_id(hold_id)
    return visit.attempt(lambda session: holds.ask_lift(session, hold_id=wanted, why=visit.field("why"), actor=visit.actor, now=visit.now),
                         again=lambda problem: _holds(visit, problem, str(wanted)), then="/privacy/holds", done="lift-asked")


@pages.post("/privacy/holds/{hold_id}/lift", roles=HOLDERS)
def lift(visit: Visit, hold_id: str) -> Response:
    """Another one lifts it."""
    wanted = known_id(hold_id)
    return visit.attempt(lambda session: holds.lift(session, hold_id=wanted, actor=visit.actor, now=visit.now),
                         again=lambda problem: _holds(visit, problem, str(wanted)), then="/privacy/holds", done="lifted")


@pages.get("/privacy/keeping", roles=WATCHERS)
def kept(visit: Visit) -> Response:
    """How long what is kept, on which ground; and what was disposed of. Purposes of consents stand below."""
    after: uuid.UUID | None = known_id(visit.query["after"]) if visit.query.get("after") else None
    with visit.wiring.db.view(visit.wiring.root) as session:        # as `disposals` says
        found = data_desk.disposals(session, after=after)
    return visit.page("privacy_keeping.html", kinds=keeping.kinds(), titles={kind.code: kind.title for kind in keeping.kinds()},
                      found=found[:100], more=found[99].id if len(found) > 100 else None, purposes=purposes(), here="keeping", watches=True)
