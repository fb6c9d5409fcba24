"""Money asked back after a later round found less: agreed with the member, received in parts, or given up by two persons."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from fastapi import Response
from sqlmodel import Session

from services.access.actor import Role
from services.core.errors import HuzhuError
from services.core.money import parse_yuan
from services.payment import receivables
from services.reporting import owed, sight
from services.web.claim_words import RECEIVABLES
from services.web.desks.book import row_id
from services.web.door import Audience, Pages
from services.web.language import N_
from services.web.menu import Item
from services.web.visit import Visit
from services.web.work_words import plan_names

pages = Pages()
MAKER: Audience = frozenset({Role.FINANCE_MAKER})
FINANCE: Audience = frozenset({Role.FINANCE_MAKER, Role.FINANCE_CHECKER})
PROPOSERS: Audience = frozenset({Role.FINANCE_MAKER, Role.FINANCE_CHECKER, Role.HEAD})
SECOND: Audience = frozenset({Role.FINANCE_CHECKER, Role.HEAD})
READERS: Audience = frozenset({Role.FINANCE_MAKER, Role.FINANCE_CHECKER, Role.HEAD, Role.AUDITOR})
SAID = {"agreed": N_("已登记返还协议。"), "came": N_("已登记收到的款项。"), "proposed": N_("已提出免予返还，等待另一人同意。"),
        "written_off": N_("已免予返还。")}


@pages.get("/receivables", roles=READERS, menu=Item(32, N_("应返还款")))
def waiting(visit: Visit) -> Response:
    """What is still to come back."""
    rows, after = visit.read(lambda session: owed.waiting(session, visit.actor, after=row_id(visit.query.get("after", ""))))
    return visit.page("receivables.html", rows=rows, after=after, states=RECEIVABLES, names=plan_names())


@pages.get("/receivables/{receivable_id}", roles=READERS)
def one(visit: Visit, receivable_id: str) -> Response:
    """One, with what may be done about it now."""
    return _one(visit, receivable_id)


def _one(visit: Visit, receivable_id: str, *, problem: HuzhuError | None = None) -> Response:
    row = visit.read(lambda session: owed.one(session, visit.actor, row_id(receivable_id)))
    return visit.page("receivable.html", problem=problem, row=row, states=RECEIVABLES, names=plan_names(), said=SAID)


@pages.post("/receivables/{receivable_id}/agree", roles=MAKER)
def agree(visit: Visit, receivable_id: str) -> Response:
    """Sum and days in the member's own agreement; nothing is taken without it."""
    return _do(visit, receivable_id, "agreed", lambda session, found: receivables.agree(
        session, receivable_id=found, version=visit.version(), agreement=visit.field("agreement"), actor=visit.actor, now=visit.now))


@pages.post("/receivables/{receivable_id}/receive", roles=FINANCE)
def receive(visit: Visit, receivable_id: str) -> Response:
    """A part or the rest, with the bank's serial."""
    return _do(visit, receivable_id, "came", lambda session, found: receivables.receive(
        session, receivable_id=found, version=visit.version(), amount=parse_yuan(visit.field("amount"), field="amount"),
        reference=visit.field("reference"), actor=visit.actor, now=visit.now))


@pages.post("/receivables/{receivable_id}/propose-write-off", roles=PROPOSERS)
def propose(visit: Visit, receivable_id: str) -> Response:
    """One person's word; another must agree."""
    return _do(visit, receivable_id, "proposed", lambda session, found: receivables.propose_write_off(
        session, receivable_id=found, reason=visit.field("reason"), actor=visit.actor, now=visit.now))


@pages.post("/receivables/{receivable_id}/write-off", roles=SECOND)
def write_off(visit: Visit, receivable_id: str) -> Response:
    """By another person than who proposed it."""
    return _do(visit, receivable_id, "written_off", lambda session, found: receivables.write_off(
        session, receivable_id=found, version=visit.version(), actor=visit.actor, now=visit.now))


def _do(visit: Visit, receivable_id: str, done: str, verb: Callable[[Session, uuid.UUID], object]) -> Response:
    """On the version that was seen."""
    def run(session: Session) -> str:
        row = owed.one(session, visit.actor, row_id(receivable_id))
        if visit.version() not in (None, row.version):
            raise sight.stale(visit.version() or 0, row.version)
        verb(session, row.id)
        return f"/receivables/{row.id}"
    return visit.attempt(run, again=lambda problem: _one(visit, receivable_id, problem=problem), then=str, done=done)
