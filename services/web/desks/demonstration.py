"""The synthetic people of a demonstration, any of whose desks may be tried. Outside one these pages do not exist."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import Response

from services.access import demonstration
from services.access.actor import Role
from services.access.demonstration import Seat
from services.core.errors import InputError
from services.reporting import seats as reporting
from services.reporting.seats import Waiting
from services.web.claim_words import ROLES
from services.web.door import ANYONE, COOKIE, Pages, keep_cookie
from services.web.language import N_
from services.web.visit import Visit

pages = Pages()
COUNTED = 60                # desks whose work is counted: each is asked in its own sight
WAITING = {reporting.TASKS: N_("待办 {n} 件"), reporting.UNCHECKED: N_("待复核付款批次 {n} 个"),
           reporting.PLANNED: N_("待制单付款 {n} 笔"), reporting.RETURNED: N_("银行退回 {n} 笔"),
           reporting.UNFOUND: N_("质检样本待查 {n} 件"), reporting.OPEN: N_("在办案件 {n} 件"),
           reporting.DRAFTS: N_("报案草稿 {n} 份"), reporting.CLOSED: N_("已办结案件 {n} 件")}


@dataclass(frozen=True, slots=True)
class Place:
    """A desk in the visitor's words."""

    seat: Seat
    roles: list[str]
    waiting: list[str]


@pages.get("/demonstration", roles=ANYONE)
def desks(visit: Visit) -> Response:
    """Who is who, and what waits there."""
    with visit.wiring.db.view(visit.wiring.root) as session:
        found = demonstration.seats(session)
        actors = {actor.account_id: actor for actor in demonstration.actors(session, [seat.account_id for seat in found], now=visit.now)}
        members = [seat for seat in found if seat.roles == (Role.MEMBER,)]
        waiting = reporting.of_members(session, [seat.account_id for seat in members])
    members.sort(key=lambda seat: not {reporting.OPEN, reporting.DRAFTS} & {one.kind for one in waiting[seat.account_id]})
    staff = [seat for seat in found if seat not in members]
    for seat in staff[:COUNTED]:
        actor = actors[seat.account_id]
        with visit.wiring.db.view(actor.scope) as session:      # that person's own sight, so that the count is the desk's own
            waiting[seat.account_id] = reporting.at_desk(session, actor, today=visit.today)
    return visit.page("demonstration.html", groups=[(visit.say("办案人员"), visit.say("按组织排列"), _places(visit, staff, waiting)),
                                                    (visit.say("会员"), visit.say("有在办案件的在前"), _places(visit, members, waiting))])


def _places(visit: Visit, seats: Sequence[Seat], waiting: dict[uuid.UUID, list[Waiting]]) -> list[Place]:
    return [Place(seat, [visit.say(ROLES[role]) for role in seat.roles],
                  [visit.say(WAITING[one.kind], n=one.count) for one in waiting.get(seat.account_id, [])]) for seat in seats]


@pages.post("/demonstration", roles=ANYONE)
def sit_down(visit: Visit) -> Response:
    """At that person's desk."""
    try:
        account_id = uuid.UUID(visit.field("account"))
    except ValueError:
        raise InputError("account_wrong", "没有选择演示账号", remedy="从一览中选择", field="account") from None
    with visit.wiring.db.unit_of_work(visit.wiring.root) as session:
        token = demonstration.sit_down(session, account_id=account_id, agent=visit.agent, address=visit.address, now=visit.now)
    response = visit.go("/")
    keep_cookie(response, COOKIE, token)
    return response
