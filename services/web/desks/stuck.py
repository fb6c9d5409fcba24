"""Work that has stopped, as it was last looked for: each line with its remedy, to be put off for a while or tried again at once."""

from __future__ import annotations

from collections import Counter
from datetime import date

from fastapi import Response
from sqlmodel import Session

from services.core.errors import HuzhuError, InputError
from services.reporting.stuck import service
from services.reporting.stuck.service import BY_CODE, LOOKERS, MENDERS
from services.web.desks.book import row_id
from services.web.door import Audience, Pages
from services.web.language import N_
from services.web.menu import Item
from services.web.stuck_words import REMEDIES, WORDS
from services.web.visit import Visit

pages = Pages()
READERS: Audience = frozenset(LOOKERS)
DOERS: Audience = frozenset(MENDERS)
SAID = {"put_off": N_("已搁置，到期会再列出来。"), "back": N_("已重新列入。"), "again": N_("已重新安排，由后台接着办理。"),
        "looking": N_("已安排重新检查，稍后刷新本页。")}


@pages.get("/stuck", roles=READERS, menu=Item(21, N_("停下的工作")))
def listed(visit: Visit) -> Response:
    """The last look's list."""
    return _listed(visit)


def _listed(visit: Visit, problem: HuzhuError | None = None) -> Response:
    rows, off = visit.read(lambda session: service.listed(session, today=visit.today))
    counts = Counter(row.condition for row in rows)
    return visit.page("stuck.html", problem=problem, rows=rows, off=off, counts=counts, looked_at=visit.read(service.last_look),
                      conditions=BY_CODE, words=WORDS, remedies=REMEDIES, said=SAID, may=visit.actor.has(*MENDERS))


@pages.post("/stuck/look", roles=DOERS)
def look(visit: Visit) -> Response:
    """Now, not tomorrow morning."""
    def run(session: Session) -> str:
        service.owe(session, topic="timetable.stuck", actor=visit.actor, now=visit.now)
        return "/stuck"
    return visit.attempt(run, again=lambda problem: _listed(visit, problem), then=str, done="looking")


@pages.post("/stuck/{stuck_id}/put-off", roles=DOERS)
def put_off(visit: Visit, stuck_id: str) -> Response:
    """Until a day, with the reason."""
    def run(session: Session) -> str:
        row = service.one(session, row_id(stuck_id))
        service.put_off(session, stuck_id=row.id, until=_day(visit.field("until")), why=visit.field("why"),
                        actor=visit.actor, now=visit.now)
        return "/stuck"
    return visit.attempt(run, again=lambda problem: _listed(visit, problem), then=str, done="put_off")


@pages.post("/stuck/{stuck_id}/back", roles=DOERS)
def back(visit: Visit, stuck_id: str) -> Response:
    """On the list again."""
    def run(session: Session) -> str:
        service.put_off(session, stuck_id=row_id(stuck_id), until=None, why="", actor=visit.actor, now=visit.now)
        return "/stuck"
    return visit.attempt(run, again=lambda problem: _listed(visit, problem), then=str, done="back")


@pages.post("/stuck/{stuck_id}/again", roles=DOERS)
def again(visit: Visit, stuck_id: str) -> Response:
    """What `huzhu stuck again` does, for this line."""
    def run(session: Session) -> str:
        row = service.one(session, row_id(stuck_id))
        service.again(session, code=row.condition, subject=row.subject, actor=visit.actor, now=visit.now)
        return "/stuck"
    return visit.attempt(run, again=lambda problem: _listed(visit, problem), then=str, done="again")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError("wrong_value", "请选搁置到哪一天", remedy="写成 2026-11-30 这样的日期", field="until") from None
