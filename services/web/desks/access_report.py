"""Who looked at a person's data: for the member about herself, for the auditor about anybody in sight; each may be kept as a workbook."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from fastapi import Response
from sqlmodel import Session

from services.access.actor import Role
from services.core.clock import business_day
from services.core.errors import NotFound
from services.reporting import people, seen_book, seen_by, sight
from services.reporting.seen_by import Given, Seen
from services.web import claim_words as words
from services.web.desks.admin import known_id
from services.web.door import Pages
from services.web.downloads import saved
from services.web.language import N_
from services.web.visit import Visit

pages = Pages()
MEMBERS, AUDITORS = frozenset({Role.MEMBER}), frozenset({Role.AUDITOR})
# What the record's own words are in the catalogue (services/reporting/seen_by.py).
SAID = (N_("审计监督"), N_("支付互助金"), N_("维护登记"), N_("代为办理"), N_("办理案件"),
        N_("向银行提供收款信息"), N_("向保险公司移送案卷"))
GIVEN_SHOWN = 20


@pages.get("/mine/access", roles=MEMBERS)
def own(visit: Visit) -> Response:
    """The member's own report, newest first."""
    person = _self(visit)
    with visit.wiring.db.view(visit.wiring.root) as session:        # as `seen_by` says
        return _page(visit, session, person, "/mine/access", "")


@pages.get("/mine/access/workbook", roles=MEMBERS)
def own_workbook(visit: Visit) -> Response:
    """The same, whole, to keep."""
    person = _self(visit)
    with visit.wiring.db.view(visit.wiring.root) as session:
        return _workbook(session, person, visit.now)


@pages.get("/people/{person_id}/access", roles=AUDITORS)
def of_person(visit: Visit, person_id: str) -> Response:
    """Anybody in the auditor's region, as far as the auditor sees."""
    def run(session: Session) -> Response:
        person = people.known(session, visit.actor, known_id(person_id))
        return _page(visit, session, person.id, f"/people/{person.id}/access", person.name)
    return visit.read(run)


@pages.get("/people/{person_id}/access/workbook", roles=AUDITORS)
def of_person_workbook(visit: Visit, person_id: str) -> Response:
    """The same, whole, to keep."""
    return visit.read(lambda session: _workbook(session, people.known(session, visit.actor, known_id(person_id)).id, visit.now))


def _self(visit: Visit) -> uuid.UUID:
    if visit.actor.person_id is None:
        raise sight.missing()
    return visit.actor.person_id


def _page(visit: Visit, session: Session, person: uuid.UUID, path: str, name: str) -> Response:
    after = known_id(visit.query["after"]) if visit.query.get("after") else None
    found = seen_by.seen_by(session, person, after=after)
    shown = found[:seen_by.PAGE]
    more = f"{path}?after={shown[-1].id}" if len(found) > seen_by.PAGE else ""
    given = [] if after else seen_by.given(session, person, limit=GIVEN_SHOWN)
    return visit.page("access_report.html", seen=shown, given=given, more=more, path=path, name=name, later=after is not None, words=words)


def _workbook(session: Session, person: uuid.UUID, now: datetime) -> Response:
    seen, given, name = _whole(session, person)
    return saved(seen_book.workbook(seen, given, name=name, at=now), f"个人信息查看记录_{business_day(now).isoformat()}.xlsx")


def _whole(session: Session, person: uuid.UUID) -> tuple[Sequence[Seen], Sequence[Given], str]:
    name = seen_by.name_of(session, person)
    if name is None:
        raise NotFound("not_found", "没有这一记录", remedy="核对编号")
    return seen_by.seen_by(session, person, limit=seen_by.MOST), seen_by.given(session, person), name
