"""Answers an insurer gives in a workbook: the open list to fill in, what was brought, checked row by row, and taken by another person."""

from __future__ import annotations

import uuid
from pathlib import PurePath

from fastapi import Response
from sqlmodel import Session

from services.access.actor import OFFICE, Role
from services.core.errors import HuzhuError, InputError
from services.insurer import bulk_answers
from services.insurer.bulk_answers import Checked
from services.models import AnswerSheet
from services.reporting import sight
from services.storage import service as storage
from services.web.claim_words import DECISIONS
from services.web.desks.book import row_id
from services.web.door import Pages
from services.web.downloads import saved
from services.web.handoff_words import ANSWERED
from services.web.uploading import beside, files, limits
from services.web.visit import Visit

pages = Pages()
READERS = OFFICE | {Role.AUDITOR}


@pages.get("/handoffs/answers", roles=READERS)
def listed(visit: Visit) -> Response:
    """What was brought, newest first, and bringing another."""
    return _listed(visit)


def _listed(visit: Visit, problem: HuzhuError | None = None) -> Response:
    rows = visit.read(lambda session: bulk_answers.sheets(session))
    return visit.page("answers.html", problem=problem, rows=rows, may=visit.actor.has(*OFFICE), **limits())


@pages.post("/handoffs/answers", roles=OFFICE)
def bring(visit: Visit) -> Response:
    """Kept and checked; nothing is decided yet."""
    def verb(session: Session) -> uuid.UUID:
        visit.upload("file")
        book, letters = files(visit, "file")[0], files(visit, "letters")
        named = {PurePath(letter.name).stem: letter.content for letter in letters}
        if len(named) != len(letters):
            raise InputError("letters_twice", "有两份决定书同名", remedy="每案一份，文件名为案号", field="letters")
        with beside("file"):
            return bulk_answers.bring(session, content=book.content, file_name=book.name, letters=named, actor=visit.actor,
                                      now=visit.now).id
    return visit.attempt(verb, again=lambda problem: _listed(visit, problem), then=lambda made: f"/handoffs/answers/{made}", done="brought")


@pages.get("/handoffs/answers/open", roles=OFFICE)
def open_list(visit: Visit) -> Response:
    """The workbook to fill in."""
    content = visit.read(lambda session: bulk_answers.open_list(session, actor=visit.actor))
    return saved(content, f"待答复清单{visit.today.isoformat()}.xlsx")


@pages.get("/handoffs/answers/{sheet_id}", roles=READERS)
def one(visit: Visit, sheet_id: str) -> Response:
    """Claim by claim what would be taken, and what is wrong with the others."""
    return _one(visit, sheet_id)


def _one(visit: Visit, sheet_id: str, problem: HuzhuError | None = None) -> Response:
    def read(session: Session) -> tuple[AnswerSheet, Checked | None]:
        row = _sheet(session, sheet_id)
        over = row.taken_at or row.dropped_at
        return row, None if over else bulk_answers.check(session, storage.get(row.sha256), row.letters, visit.now)
    row, found = visit.read(read)
    return visit.page("answer.html", problem=problem, row=row, found=found, kinds=DECISIONS, said=ANSWERED, may=visit.actor.has(*OFFICE),
                      own=row.brought_person in visit.actor.persons)


@pages.get("/handoffs/answers/{sheet_id}/errors", roles=READERS)
def errors(visit: Visit, sheet_id: str) -> Response:
    """The rows that could not be taken, each fault by column."""
    row = visit.read(lambda session: _sheet(session, sheet_id))
    if row.errors_sha256 is None:
        raise sight.missing()
    return saved(storage.get(row.errors_sha256), f"有误的行-{row.sha256[:8]}.xlsx")


@pages.post("/handoffs/answers/{sheet_id}/take", roles=OFFICE)
def take(visit: Visit, sheet_id: str) -> Response:
    """By another person: the answers become the insurer's messages."""
    return visit.attempt(lambda session: bulk_answers.take(session, sheet_id=_sheet(session, sheet_id).id, actor=visit.actor,
                                                           now=visit.now),
                         again=lambda problem: _one(visit, sheet_id, problem), then=f"/handoffs/answers/{sheet_id}", done="taken")


@pages.post("/handoffs/answers/{sheet_id}/drop", roles=OFFICE)
def drop(visit: Visit, sheet_id: str) -> Response:
    """Brought by mistake."""
    return visit.attempt(lambda session: bulk_answers.drop(session, sheet_id=_sheet(session, sheet_id).id, reason=visit.field("reason"),
                                                           actor=visit.actor, now=visit.now),
                         again=lambda problem: _one(visit, sheet_id, problem), then=f"/handoffs/answers/{sheet_id}", done="dropped")


def _sheet(session: Session, sheet_id: str) -> AnswerSheet:
    found = row_id(sheet_id)
    row = session.get(AnswerSheet, found) if found else None
    if row is None:
        raise sight.missing()
    return row
