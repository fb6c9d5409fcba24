"""Files in parts, for the script of the papers page: every answer is JSON. Without script the page's own form does the same at once."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from fastapi import Response
from fastapi.responses import JSONResponse
from sqlmodel import Session

from services.core.errors import HuzhuError, InputError, NotFound
from services.evidence import uploads
from services.evidence.uploads import PART, Coming
from services.intake.queries import require_own
from services.reporting.claims import case_by_no
from services.web.desks.case_papers import HANDERS
from services.web.door import Pages
from services.web.refusal_words import in_words
from services.web.visit import Visit, whole

pages = Pages()
Told = dict[str, object]


@pages.post("/cases/{case_no}/uploads", roles=HANDERS)
def begin(visit: Visit, case_no: str) -> Response:
    """Announce a file: how far it is already, and where its parts go."""
    def run(session: Session) -> Told:
        case_id = _case(session, visit, case_no)
        return _coming(uploads.begin(session, case_id=case_id, kind=visit.field("kind"), file_name=visit.field("file_name"),
                                     size=whole(visit.field("size")) or 0, sha256=visit.field("sha256"), actor=visit.actor, now=visit.now))
    return _answer(visit, run)


@pages.get("/cases/{case_no}/uploads/{upload_id}", roles=HANDERS)
def state(visit: Visit, case_no: str, upload_id: str) -> Response:
    """How far it is."""
    return _answer(visit, lambda session: _coming(uploads.state(
        session, upload_id=_of(session, visit, case_no, upload_id), actor=visit.actor, now=visit.now)))


@pages.post("/cases/{case_no}/uploads/{upload_id}/part", roles=HANDERS)
def part(visit: Visit, case_no: str, upload_id: str) -> Response:
    """The next part; a wrong place is answered with the right one (409, `offset`)."""
    def run(session: Session) -> Told:
        wanted, offset = _of(session, visit, case_no, upload_id), whole(visit.field("offset"))
        uploads.state(session, upload_id=wanted, actor=visit.actor, now=visit.now)
        if offset is None:
            raise InputError("upload_part", "没有写明从哪里接着传", remedy="写明 offset", field="offset")
        content = visit.upload("part").file.read(PART + 1)
        return _coming(uploads.part(session, upload_id=wanted, offset=offset, content=content, actor=visit.actor, now=visit.now))
    return _answer(visit, run)


@pages.post("/cases/{case_no}/uploads/{upload_id}/finish", roles=HANDERS)
def finish(visit: Visit, case_no: str, upload_id: str) -> Response:
    """Hand the whole in. A file that is refused is given up at once: sending it again would be refused again."""
    def run(session: Session) -> Told:
        uploads.finish(session, upload_id=_of(session, visit, case_no, upload_id), actor=visit.actor, now=visit.now)
        return {"done": True}

    def give_up(session: Session) -> None:
        uploads.drop(session, upload_id=_of(session, visit, case_no, upload_id), actor=visit.actor, now=visit.now)
    return _answer(visit, run, refused=give_up)


@pages.post("/cases/{case_no}/uploads/{upload_id}/drop", roles=HANDERS)
def drop(visit: Visit, case_no: str, upload_id: str) -> Response:
    """Give an unfinished file up. From the page's own button it leads back there."""
    def run(session: Session) -> Told:
        uploads.drop(session, upload_id=_of(session, visit, case_no, upload_id), actor=visit.actor, now=visit.now)
        return {"done": True}
    answer = _answer(visit, run)
    return visit.go(f"/cases/{case_no}/papers", "dropped") if visit.field("back") and answer.status_code == 200 else answer


def _case(session: Session, visit: Visit, case_no: str) -> uuid.UUID:
    """A member's own; another's is told from nothing."""
    found = case_by_no(session, case_no)
    require_own(session, visit.actor, found.person_id)
    return found.id


def _of(session: Session, visit: Visit, case_no: str, upload_id: str) -> uuid.UUID:
    _case(session, visit, case_no)
    try:
        return uuid.UUID(upload_id)
    except ValueError:
        raise NotFound("upload_missing", "没有这一次上传，或已过期", remedy="请重新选择文件上传") from None


def _coming(found: Coming) -> Told:
    return {"id": str(found.id) if found.id else None, "size": found.size, "received": found.received, "part": PART}


def _answer(visit: Visit, verb: Callable[[Session], Told], *, refused: Callable[[Session], None] | None = None) -> Response:
    try:
        return JSONResponse(visit.note(verb))
    except HuzhuError as error:
        if refused and isinstance(error, InputError):
            visit.note(refused)
        told = in_words(error)
        return JSONResponse({**error.as_problem(), "words": told.message, "remedy": told.remedy}, error.status)
