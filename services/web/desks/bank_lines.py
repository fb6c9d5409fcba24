"""Finance's desk for a bank's line that matched nothing: assigned or dismissed by one person, confirmed by another."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from fastapi import Response
from sqlmodel import Session

from services.access.actor import Role
from services.core.errors import HuzhuError, InputError, NotFound
from services.payment import service as payment
from services.reporting import bank_lines
from services.web.claim_words import PAYMENTS
from services.web.door import Pages
from services.web.run_words import FAULTS, LINE_DONE, LINE_KINDS, VERDICTS
from services.web.visit import Visit

pages = Pages()
FINANCE = frozenset({Role.FINANCE_MAKER, Role.FINANCE_CHECKER})


@pages.get("/bank-lines/{line_id}", roles=FINANCE | {Role.HEAD, Role.AUDITOR})
def line(visit: Visit, line_id: str) -> Response:
    """The line and what can be done with it."""
    return _line(visit, line_id)


def _line(visit: Visit, line_id: str, problem: HuzhuError | None = None) -> Response:
    found = visit.read(lambda session: bank_lines.line(session, _id(line_id)))
    said = found.verdict
    return visit.page("bank_line.html", problem=problem, line=found, faults=FAULTS, kinds=LINE_KINDS, verdicts=VERDICTS,
                      payment_states=PAYMENTS, said=LINE_DONE, acts=visit.actor.has(*FINANCE),
                      own=bool(said and said.asked_person in visit.actor.persons))


@pages.post("/bank-lines/{line_id}/assign", roles=FINANCE)
def assign(visit: Visit, line_id: str) -> Response:
    """It is this payment's."""
    def verb(session: Session, line: uuid.UUID) -> None:
        chosen = visit.field("payment")
        if not chosen:
            raise InputError("none_chosen", "没有选择款项", remedy="选择这条记录是哪一笔款项的", field="payment")
        payment.propose_assign(session, line_id=line, payment_id=_id(chosen), reason=visit.field("reason"), actor=visit.actor,
                               now=visit.now)
    return _change(visit, line_id, verb, "proposed")


@pages.post("/bank-lines/{line_id}/dismiss", roles=FINANCE)
def dismiss(visit: Visit, line_id: str) -> Response:
    """It is none of ours."""
    return _change(visit, line_id, lambda session, line: payment.propose_dismiss(
        session, line_id=line, reason=visit.field("reason"), actor=visit.actor, now=visit.now), "proposed")


@pages.post("/bank-lines/{line_id}/confirm", roles=FINANCE)
def confirm(visit: Visit, line_id: str) -> Response:
    """By another person than who said it."""
    return _change(visit, line_id, lambda session, line: payment.confirm_line(
        session, line_id=line, actor=visit.actor, now=visit.now), "confirmed")


@pages.post("/bank-lines/{line_id}/undo", roles=FINANCE)
def undo(visit: Visit, line_id: str) -> Response:
    """Taken back: the line is open again."""
    return _change(visit, line_id, lambda session, line: payment.undo_line(
        session, line_id=line, reason=visit.field("reason"), actor=visit.actor, now=visit.now), "undone")


def _change(visit: Visit, line_id: str, verb: Callable[[Session, uuid.UUID], object], done: str) -> Response:
    return visit.attempt(lambda session: verb(session, _id(line_id)), again=lambda problem: _line(visit, line_id, problem),
                         then=f"/bank-lines/{_id(line_id)}", done=done)


def _id(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise NotFound("line_missing", "没有这条记录，或不在您的管辖范围内", remedy="回到付款页核对") from None
