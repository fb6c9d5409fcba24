"""The team board: open work by level and by person, what is late, work handed on or up, and who stands in for whom."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any
from urllib.parse import urlencode

from fastapi import Response
from sqlmodel import Session

from services.access import substitutes
from services.access.actor import Role
from services.core.errors import HuzhuError, InputError
from services.reporting import sight, team
from services.review import service as review
from services.web.claim_words import ROLES
from services.web.door import Pages
from services.web.menu import Item
from services.web.visit import Visit
from services.web.work_words import TEAM_SAID, plan_names

pages = Pages()
HEADS = frozenset({Role.SENIOR_REVIEWER, Role.HEAD})
HEAD = frozenset({Role.HEAD})
FILTERS = ("level", "who", "due", "order")


@pages.get("/team", roles=HEADS, menu=Item(30, "团队"))
def board(visit: Visit) -> Response:
    """What is open, with whom, and the list behind each figure."""
    return show(visit)


def show(visit: Visit, *, problem: HuzhuError | None = None) -> Response:
    """The board as it now stands."""
    asked = {name: visit.query.get(name, visit.field(f"at_{name}")) for name in (*FILTERS, "after")}

    def run(session: Session) -> dict[str, Any]:     # a template's values are of every kind
        found, after = team.open_levels(session, visit.actor, asked=asked, today=visit.today)
        return {"levels": team.levels(session, visit.actor, today=visit.today), "open": found, "after": after,
                "holders": team.holders(session, visit.actor, today=visit.today), "able": team.able(session, found),
                "stuck": team.stuck(session, visit.actor, today=visit.today),
                "leave": [one for one in substitutes.substitutes(session, actor=visit.actor, now=visit.now)
                          if one.ended_at is None and one.until_on >= visit.today]}
    values = visit.read(run)
    kept = {name: asked[name] for name in FILTERS if asked[name]}
    more = f"/team?{urlencode({**kept, 'after': values['after']})}#open" if values["after"] else ""
    return visit.page("team.html", problem=problem, asked=asked, filtered=bool(set(kept) - {"order"}), more=more, names=plan_names(),
                      said=TEAM_SAID, roles=ROLES, heads=visit.actor.has(Role.HEAD), **values)


def _chosen(visit: Visit) -> list[tuple[str, uuid.UUID]]:
    """The ticked rows: claim number and level."""
    rows = [text.partition("|") for text in visit.listed("row")]
    if not rows:
        raise InputError("rows_empty", "没有选定案件", remedy="在列表中勾选", field="row")
    return [(claim_no, _identified(step)) for claim_no, _, step in rows]


def _identified(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise sight.missing() from None


@pages.post("/team/hand", roles=HEADS)
def hand(visit: Visit) -> Response:
    """The ticked work goes to a colleague, with the reason: all of it, or nothing."""
    def verb(session: Session) -> None:
        if not visit.field("to_account"):
            raise InputError("colleague_missing", "没有选择同事", remedy="选择转交给谁", field="to_account")
        to = _identified(visit.field("to_account"))
        for claim_no, _step in sorted(_chosen(visit)):
            found = sight.claim(session, visit.actor, claim_no)
            review.delegate(session, claim_id=found.id, to_account=to, reason=visit.field("reason"), actor=visit.actor, now=visit.now)
    return visit.attempt(verb, again=lambda problem: show(visit, problem=problem), then=_back(visit), done="handed")


@pages.post("/team/up", roles=HEADS)
def up(visit: Visit) -> Response:
    """The ticked work goes to the organisation above; what nobody there may take stays."""
    def verb(session: Session) -> int:
        steps = [step for _, step in _chosen(visit)]
        return len(review.escalate(session, step_ids=steps, actor=visit.actor, now=visit.now))
    return visit.attempt(verb, again=lambda problem: show(visit, problem=problem),
                         then=lambda count: f"{_back(visit)}{'&' if '?' in _back(visit) else '?'}n={count}", done="up")


def _back(visit: Visit) -> str:
    kept = {name: visit.field(f"at_{name}") for name in FILTERS if visit.field(f"at_{name}")}
    return "/team" + (f"?{urlencode(kept)}" if kept else "")


@pages.get("/team/leave/{account_id}", roles=HEAD)
def leave(visit: Visit, account_id: str) -> Response:
    """Who could stand in for a colleague, from when to when."""
    return _leave(visit, account_id)


def _leave(visit: Visit, account_id: str, problem: HuzhuError | None = None) -> Response:
    absent = _identified(account_id)

    def run(session: Session) -> dict[str, Any]:
        able = substitutes.candidates(session, absent_id=absent, actor=visit.actor)
        colleague = next((one for one in team.holders(session, visit.actor, today=visit.today) if one.account_id == absent), None)
        if colleague is None:
            raise sight.missing()
        return {"able": able, "colleague": colleague}
    return visit.page("team_leave.html", problem=problem, roles=ROLES, **visit.read(run))


@pages.post("/team/leave/{account_id}", roles=HEAD)
def appoint(visit: Visit, account_id: str) -> Response:
    """Name the substitute."""
    def verb(session: Session) -> None:
        if not visit.field("substitute"):
            raise InputError("substitute_missing", "没有选择代理人", remedy="选择由谁代理", field="substitute")
        substitutes.appoint_substitute(
            session, absent_id=_identified(account_id), account_id=_identified(visit.field("substitute")), roles=visit.listed("role"),
            from_on=_day(visit, "from_on"), until_on=_day(visit, "until_on"), reason=visit.field("reason"), actor=visit.actor,
            now=visit.now)
    return visit.attempt(verb, again=lambda problem: _leave(visit, account_id, problem), then="/team", done="appointed")


def _day(visit: Visit, name: str) -> date:
    try:
        return date.fromisoformat(visit.field(name))
    except ValueError:
        raise InputError("day_wrong", "没有填写日期，或写法不对", remedy="写成 2026-03-12", field=name) from None


@pages.post("/team/substitutes/{substitute_id}/end", roles=HEADS)
def end(visit: Visit, substitute_id: str) -> Response:
    """End it before its last day."""
    def verb(session: Session) -> None:
        substitutes.end_substitute(session, substitute_id=_identified(substitute_id), why=visit.field("why"), actor=visit.actor,
                                   now=visit.now)
    return visit.attempt(verb, again=lambda problem: show(visit, problem=problem), then="/team", done="ended")
