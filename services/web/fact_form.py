"""The facts of a claim's event as one form: completed before the decision, or corrected after it by two persons."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from fastapi import Response
from sqlmodel import Session

from services.core.errors import HuzhuError, InputError
from services.reporting import sight
from services.reporting.claim_file import book_of
from services.web.claim_context import address, context, moved_on, read_file
from services.web.event_form import event_fields, own_name, read_event
from services.web.visit import Visit

Change = Callable[[Session, uuid.UUID, dict[str, object]], object]


def facts_page(visit: Visit, claim_no: str, *, decided: bool, problem: HuzhuError | None = None) -> Response:
    """The fields of the event's kind with what stands now; `decided`: a correction of a decided claim."""
    file = visit.note(lambda session: read_file(visit, session, claim_no))
    fields = event_fields(book_of(file.view), file.view.event)
    return visit.page("claim_amend.html", problem=problem, fields=fields, decided=decided, news=moved_on(visit, file),
                      **context(visit, file))


def send_facts(visit: Visit, claim_no: str, change: Change, *, decided: bool, done: str) -> Response:
    """`change` with the event as typed, on the version that was seen; a refusal names the form's own field."""
    def verb(session: Session) -> None:
        found = sight.claim(session, visit.actor, claim_no, lock=True, version=visit.version())
        view = read_file(visit, session, found.claim_no).view
        try:
            change(session, found.id, read_event(book_of(view), view.event, visit.typed()))
        except InputError as error:
            raise own_name(error) from error
    return visit.attempt(verb, again=lambda problem: facts_page(visit, claim_no, decided=decided, problem=problem),
                         then=address(visit, claim_no), done=done)
