"""Quarters settled at once: the list, one settlement with how it spreads, the rows that stayed out, a member's line as a worksheet."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from fastapi import Response
from sqlmodel import Session

from services.audit import service as audit
from services.core.errors import NotFound
from services.models import Settlement
from services.rulebook import registry
from services.settlement.city import book, queries
from services.settlement.city.queries import MAY_SEE, Column
from services.storage import service as storage
from services.web import claim_words
from services.web.desks.admin import known_id
from services.web.door import Pages
from services.web.downloads import saved
from services.web.language import N_
from services.web.menu import Item
from services.web.visit import Visit, whole

pages = Pages()
READERS = frozenset(MAY_SEE)
STATES = {"settling": N_("结算中"), "settled": N_("已结算"), "cancelled": N_("已停止")}
OUTCOMES = {"pay": N_("给付"), "receivable": N_("多付待抵"), "nothing": N_("未给付")}
WHY_UNPAID = {"no_card": N_("没有可用的京卡账户"), "died": N_("会员已故，须由继承人申领")}
FLAGS = {"over_cap": N_("封顶线以上年度办理"), "annual_maximum_cut": N_("受年度最高额限制")}
LINES = 50
LOOK = "settlement_line"
_HEIGHT = 120           # of the tallest column, in the picture's units


@dataclass(frozen=True, slots=True)
class Bar:
    """A column of the distribution as it is drawn."""

    column: Column
    left: int
    top: int
    height: int


@pages.get("/settlements", roles=READERS, menu=Item(34, N_("批量结算")))
def listed(visit: Visit) -> Response:
    """The newest settlements."""
    found = visit.read(lambda session: queries.settlements(session, actor=visit.actor))
    return visit.page("settlements.html", settlements=found, states=STATES, plan_name=_plan_name)


@pages.get("/settlements/{settlement_id}", roles=READERS)
def one(visit: Visit, settlement_id: str) -> Response:
    """How far, what came out, how it spreads, and the lines from a place on; of one outcome if asked."""
    outcome = visit.query.get("outcome", "")
    part, after = whole(visit.query.get("part", "")) or 0, visit.query.get("after", "")

    def run(session: Session) -> dict[str, Any]:     # a template's values are of every kind
        found = queries.one(session, known_id(settlement_id), actor=visit.actor)
        lines = queries.lines(session, found, outcome=outcome if outcome in OUTCOMES else None, size=LINES, part=part,
                              after=known_id(after) if after else None, year=whole(visit.query.get("year", "")) or 0)
        return {"settlement": found, "feed": queries.feed_of(session, found), "progress": queries.progress(session, found.id),
                "bars": _bars(queries.distribution(session, found.id)), "lines": lines,
                "more": lines[-1].line if len(lines) == LINES else None}
    return visit.page("settlement.html", **visit.read(run), outcome=outcome, states=STATES, outcomes=OUTCOMES, why_unpaid=WHY_UNPAID,
                      flags=FLAGS, plan_name=_plan_name)


def _bars(columns: list[Column]) -> list[Bar]:
    """Those that pay, drawn to the tallest."""
    paying = columns[1:]
    most = max([column.lines for column in paying], default=0)
    heights = [round(_HEIGHT * column.lines / most) if most else 0 for column in paying]
    return [Bar(column, 10 + 40 * place, _HEIGHT - height + 20, height)
            for place, (column, height) in enumerate(zip(paying, heights, strict=True))]


def _plan_name(found: Settlement) -> str:
    return registry.version(found.plan, found.plan_from).name


@pages.get("/settlements/{settlement_id}/unresolved", roles=READERS)
def unresolved(visit: Visit, settlement_id: str) -> Response:
    """The rows that belong to nobody covered, by row number, as CSV within gzip."""
    found = visit.read(lambda session: queries.one(session, known_id(settlement_id), actor=visit.actor))
    if found.unresolved_sha256 is None:
        raise NotFound("settlement_list_missing", "这一次结算没有未入账的行", remedy="返回结算页")
    return saved(storage.get(found.unresolved_sha256), f"{found.year}年第{found.quarter}季度-未入账行.csv.gz", "application/gzip")


@pages.get("/settlements/{settlement_id}/workbook", roles=READERS)
def workbook(visit: Visit, settlement_id: str) -> Response:
    """Summary and distribution as XLSX."""
    def run(session: Session) -> tuple[Settlement, bytes]:
        found = queries.one(session, known_id(settlement_id), actor=visit.actor)
        return found, book.workbook(found, queries.distribution(session, found.id), _plan_name(found))
    found, content = visit.read(run)
    return saved(content, f"{found.year}年第{found.quarter}季度-批量结算.xlsx")


@pages.get("/settlements/{settlement_id}/lines/{person_id}/{year}", roles=READERS)
def line(visit: Visit, settlement_id: str, person_id: str, year: str) -> Response:
    """A member's line as the worksheet that a claim has; the look is recorded."""
    def run(session: Session) -> dict[str, Any]:     # a template's values are of every kind
        settlement = queries.one(session, known_id(settlement_id), actor=visit.actor)
        person = known_id(person_id)
        found = queries.line(session, settlement, person, whole(year) or 0)
        assert visit.actor.account_id is not None
        audit.looked(session, org_key=found.org_key, account=visit.actor.account_id, claim_id=None, what=f"{LOOK}:{person}",
                     reason=_reason(settlement, person), at=visit.now)
        name = queries.lines_of(session, settlement, person)[0].name
        return {"settlement": settlement, "line": found, "name": name, "told": queries.worksheet(settlement, found)}
    return visit.page("settlement_line.html", **visit.note(run), words=claim_words, outcomes=OUTCOMES, why_unpaid=WHY_UNPAID, flags=FLAGS,
                      plan_name=_plan_name)


def _reason(settlement: Settlement, person_id: uuid.UUID) -> str:
    return f"{settlement.year}Q{settlement.quarter} {person_id}"
