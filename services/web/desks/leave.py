"""Leave: who does my work while I am away, whom I stand in for; a head arranges it for a colleague too."""

from __future__ import annotations

import uuid
from datetime import date

from fastapi import Response
from sqlmodel import Session

from services.access import service as access
from services.access.actor import LENDABLE, Role
from services.access.substitutes import Candidate, SubstituteView
from services.core.errors import HuzhuError, InputError, NotPermitted
from services.web.claim_words import ROLES
from services.web.desks.account import identity
from services.web.door import Pages
from services.web.language import N_
from services.web.visit import Visit

pages = Pages()
LENDERS = frozenset(LENDABLE)
ENDERS = LENDERS | {Role.ADMINISTRATOR}
READERS = ENDERS | {Role.AUDITOR}
SAID = {"appointed": N_("已安排代理。代理人在这些日子里同时算作两个人：您办过的案件，他也要回避。"), "ended": N_("代理已提前结束。")}


@pages.get("/account/leave", roles=READERS)
def leave(visit: Visit) -> Response:
    """Who stands in for whom, and the form to arrange it."""
    return _page(visit)


@pages.post("/account/leave", roles=LENDERS)
def appoint(visit: Visit) -> Response:
    """Name the substitute: days, reason, and which of the roles."""
    def run(session: Session) -> object:
        own = visit.actor.account_id
        if own is None:
            raise NotPermitted("account_missing", "当前操作没有对应的账号", remedy="请以本人账号登录")
        absent = visit.field("absent")
        return access.appoint_substitute(
            session, absent_id=identity(absent) if absent else own, account_id=_chosen(visit.field("account_id")),
            roles=visit.listed("roles"), from_on=_day(visit, "from_on"), until_on=_day(visit, "until_on"), reason=visit.field("reason"),
            actor=visit.actor, now=visit.now)
    return visit.attempt(run, again=lambda error: _page(visit, error), then="/account/leave", done="appointed")


@pages.post("/account/leave/end", roles=ENDERS)
def end(visit: Visit) -> Response:
    """Back earlier."""
    return visit.attempt(lambda session: access.end_substitute(
        session, substitute_id=identity(visit.field("substitute")), why=visit.field("why"), actor=visit.actor, now=visit.now),
        again=lambda error: _page(visit, error), then="/account/leave", done="ended")


def _page(visit: Visit, problem: HuzhuError | None = None) -> Response:
    me = visit.actor
    own = me.account_id

    def run(session: Session) -> tuple[list[SubstituteView], list[Candidate]]:
        found = access.substitutes(session, actor=me, now=visit.now)
        asks = own is not None and me.has(*LENDABLE)
        return found, access.candidates(session, absent_id=own, actor=me) if asks and own is not None else []
    found, colleagues = visit.read(run)
    lent = {one.role for one in me.lent}
    return visit.page(
        "leave.html", problem=problem, mine=[one for one in found if one.absent_id == own],
        theirs=[one for one in found if one.account_id == own],
        others=[one for one in found if own not in (one.absent_id, one.account_id) and _open(one, visit)],
        colleagues=colleagues, people=[(one.account_id, _called(visit, one)) for one in colleagues],
        roles=[role for role in ROLES if role in me.roles and role in LENDABLE and role not in lent],
        role_words=ROLES, ticked=visit.listed("roles"), for_others=me.has(Role.HEAD) and Role.HEAD not in lent,
        ends=me.has(Role.HEAD, Role.ADMINISTRATOR), why=not me.has(Role.ADMINISTRATOR), said=SAID)


def _called(visit: Visit, one: Candidate) -> str:
    return visit.say("{name}（{roles}）", name=one.name, roles=visit.say("、").join(visit.say(ROLES[role]) for role in one.roles))


def _open(one: SubstituteView, visit: Visit) -> bool:
    return one.ended_at is None and one.until_on >= visit.today


def _chosen(text: str) -> uuid.UUID:
    if not text:
        raise InputError("account_missing", "没有选定代理人", remedy="选一位同事", field="account_id")
    return identity(text)


def _day(visit: Visit, name: str) -> date:
    try:
        return date.fromisoformat(visit.field(name))
    except ValueError:
        raise InputError("day_wrong", "日期没有填写或写法不对", remedy="如 2026-03-20", field=name) from None
