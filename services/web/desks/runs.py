"""Finance's desk: payments gathered into a run by one person, released by another, answered by the bank. No health data here."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from fastapi import Response
from sqlmodel import Session

from services.access.actor import Role
from services.core.errors import HuzhuError, InputError, NotFound
from services.core.identity import BANKS
from services.core.money import to_fen, to_yuan
from services.core.words import uppercase
from services.ledger import queries as ledger
from services.payment import queries as payments
from services.payment import service as payment
from services.reporting import attached, paying, settled_lines
from services.reporting.views import PaymentView
from services.settlement.paying import service as settling
from services.storage import service as storage
from services.web.claim_words import PAYMENTS, PURPOSES
from services.web.door import Pages
from services.web.downloads import saved
from services.web.menu import Item
from services.web.run_words import DONE, FAULTS, LIMITS, RUN_STATES
from services.web.visit import Visit
from services.web.work_words import plan_names

pages = Pages()
MAKER = frozenset({Role.FINANCE_MAKER})
CHECKER = frozenset({Role.FINANCE_CHECKER})
FINANCE = MAKER | CHECKER
READERS = FINANCE | {Role.HEAD, Role.AUDITOR}
UPLOAD_MB = 32       # a file of 50,000 lines, as wide as a layout makes them


@pages.get("/runs", roles=READERS, menu=Item(30, "付款"))
def runs(visit: Visit) -> Response:
    """What is ready, what came back, and the runs."""
    return _runs(visit)


def _runs(visit: Visit, problem: HuzhuError | None = None) -> Response:
    def run(session: Session) -> dict[str, Any]:
        found = paying.runs(session, after=visit.query.get("after", ""))
        return {"settlements": settled_lines.waiting(session), "waiting": paying.waiting(session), "dead": settled_lines.of_dead(session),
                "left_out": paying.left_out(session), "runs": found,
                "returned": attached.payments(session, state="returned"),
                "unmatched": payments.unmatched_lines(session, 50)}
    values = visit.read(run)
    return visit.page("runs.html", problem=problem, names=plan_names(), banks=list(payments.banks().items()),
                      **_words(), **values)


def _words() -> dict[str, Any]:
    return {"states": RUN_STATES, "payment_states": PAYMENTS, "purposes": PURPOSES, "said": DONE, "faults": FAULTS}


@pages.post("/runs", roles=MAKER)
def make(visit: Visit) -> Response:
    """Everything of a plan that is ready, or what of a settlement waits."""
    def verb(session: Session) -> str:
        bank, settlement = visit.field("bank"), visit.field("settlement")
        if settlement:
            return settling.build_again(session, settlement_id=_id(settlement), bank=bank or None, actor=visit.actor,
                                        now=visit.now).run_no
        return payment.build_run(session, plan=visit.field("plan"), bank=bank, actor=visit.actor, now=visit.now).run_no
    return visit.attempt(
        verb,
        again=lambda problem: _runs(visit, problem), then=_address, done="made")


@pages.get("/runs/{run_no}", roles=READERS)
def run(visit: Visit, run_no: str) -> Response:
    """A run's lines, the sum in figures and in words, its two persons."""
    return _run(visit, run_no)


def _run(visit: Visit, run_no: str, problem: HuzhuError | None = None) -> Response:
    head, lines, against, word = visit.read(lambda session: (*paying.run(session, run_no), *paying.limits(session, run_no, visit.now)))
    own, total = visit.actor.person_id == head.made_person, sum((Decimal(line.amount) for line in lines), Decimal(0))
    part = visit.read(lambda session: settled_lines.of_run(session, head.id, after=_after(visit))) if head.settlement_id else None
    if part:
        lines, total = part.lines, to_yuan(part.total_fen)
    fund = visit.read(lambda session: ledger.adequacy(session, head.plan)) if head.released_at is None else []
    return visit.page("run.html", fund=fund[0] if fund else None, problem=problem, run=head, lines=lines, part=part,
                      count=part.count if part else len(lines), names=plan_names(), total=total,
                      sum_words=uppercase(total), unsealed=head.state == "submitted" and to_fen(total) != head.total_fen,
                      bank=payments.banks().get(head.bank, head.bank), own=own,
                      limits=against, word=word, kinds=LIMITS, over=any(one.over for one in against),
                      heads=visit.actor.has(Role.HEAD), makes=visit.actor.has(*MAKER), checks=visit.actor.has(*CHECKER),
                      **_words())


@pages.post("/runs/{run_no}/submit", roles=MAKER)
def submit(visit: Visit, run_no: str) -> Response:
    """To the checker."""
    return _change(visit, run_no, lambda session, run_id: payment.submit(
        session, run_id=run_id, version=visit.version(), actor=visit.actor, now=visit.now), "submitted")


@pages.post("/runs/{run_no}/release", roles=CHECKER)
def release(visit: Visit, run_no: str) -> Response:
    """By another person; the bank's file follows."""
    return _change(visit, run_no, lambda session, run_id: payment.release(
        session, run_id=run_id, version=visit.version(), actor=visit.actor, now=visit.now), "released")


@pages.post("/runs/{run_no}/allow", roles=frozenset({Role.HEAD}))
def allow(visit: Visit, run_no: str) -> Response:
    """The head's word on a run above its limits."""
    return _change(visit, run_no, lambda session, run_id: payment.allow_over(
        session, run_id=run_id, version=visit.version(), reason=_reason(visit), actor=visit.actor, now=visit.now), "allowed")


@pages.post("/runs/{run_no}/send-back", roles=CHECKER)
def send_back(visit: Visit, run_no: str) -> Response:
    """To the maker, with a reason."""
    return _change(visit, run_no, lambda session, run_id: payment.send_back(
        session, run_id=run_id, version=visit.version(), reason=_reason(visit), actor=visit.actor, now=visit.now), "sent_back")


@pages.post("/runs/{run_no}/exclude", roles=FINANCE)
def exclude(visit: Visit, run_no: str) -> Response:
    """Some payments wait for a later run."""
    def verb(session: Session, run_id: uuid.UUID) -> None:
        listed = [line for id_ in visit.listed("payment") for line in attached.payments(session, payment_id=_id(id_))]
        chosen = [line.id for line in listed if line.run_id == run_id]
        if not chosen:
            raise InputError("none_chosen", "没有勾选款项", remedy="勾选要剔除的款项", field="payment")
        payment.exclude(session, payment_ids=chosen, reason=_reason(visit), actor=visit.actor, now=visit.now)
    return _change(visit, run_no, verb, "excluded")


@pages.get("/runs/{run_no}/file", roles=FINANCE | {Role.AUDITOR})
def file(visit: Visit, run_no: str) -> Response:
    """The very bytes that went to the bank; who took them is recorded."""
    sha256, name = visit.note(lambda session: paying.file_taken(session, paying.run(session, run_no)[0], actor=visit.actor, now=visit.now))
    return saved(storage.get(sha256), name, "application/octet-stream")


@pages.post("/runs/returns", roles=FINANCE)
def read_return(visit: Visit) -> Response:
    """The bank's answer file; the same file twice changes nothing."""
    try:
        upload = visit.upload("file")
        content, name = upload.file.read(UPLOAD_MB * 1024 * 1024 + 1), upload.filename or "return"
        if len(content) > UPLOAD_MB * 1024 * 1024:
            raise InputError("file_too_large", f"文件超过 {UPLOAD_MB} MB", remedy="核对是否选错了文件", field="file")
    except HuzhuError as error:
        return _runs(visit, error)
    return visit.attempt(lambda session: payment.read_return(session, content=content, file_name=name, actor=visit.actor, now=visit.now),
                         again=lambda problem: _runs(visit, problem), then="/runs", done="read")


@pages.get("/payments/{payment_id}/card", roles=FINANCE)
def card(visit: Visit, payment_id: str) -> Response:
    """A returned payment and the account it should go to instead."""
    return _card(visit, payment_id)


def _card(visit: Visit, payment_id: str, problem: HuzhuError | None = None) -> Response:
    row = visit.read(lambda session: _payment(session, payment_id))
    return visit.page("payment_card.html", problem=problem, payment=row, banks=list(BANKS.items()), **_words())


@pages.post("/payments/{payment_id}/card", roles=MAKER)
def propose(visit: Visit, payment_id: str) -> Response:
    """The payee's own other account; another person confirms it."""
    return visit.attempt(
        lambda session: payment.propose_card(
            session, payment_id=_payment(session, payment_id).id, bank=visit.field("bank"), number=visit.field("number"),
            holder=visit.field("holder"), actor=visit.actor, now=visit.now),
        again=lambda problem: _card(visit, payment_id, problem), then="/runs", done="proposed")


@pages.post("/payments/{payment_id}/card/confirm", roles=FINANCE)
def confirm(visit: Visit, payment_id: str) -> Response:
    """By another person than who proposed it."""
    return visit.attempt(
        lambda session: payment.confirm_card(session, payment_id=_payment(session, payment_id).id, actor=visit.actor, now=visit.now),
        again=lambda problem: _card(visit, payment_id, problem), then="/runs", done="confirmed")


@pages.post("/payments/{payment_id}/heirs", roles=MAKER)
def give_to_heirs(visit: Visit, payment_id: str) -> Response:
    """A settlement's line of a member who died; the heirs' claim gives it."""
    return visit.attempt(
        lambda session: payment.give_to_heirs(session, payment_id=_payment(session, payment_id).id, reason=_reason(visit),
                                              actor=visit.actor, now=visit.now),
        again=lambda problem: _runs(visit, problem), then="/runs", done="heirs")


def _id(text: str) -> uuid.UUID:
    """A name that is nobody's when the text is no id."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return uuid.UUID(int=0)


def _after(visit: Visit) -> int:
    text = visit.query.get("after", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else 0


def _payment(session: Session, payment_id: str) -> PaymentView:
    found = attached.payments(session, payment_id=_id(payment_id))
    if not found:
        raise NotFound("payment_missing", "没有这笔款项，或不在您的管辖范围内", remedy="回到付款页核对")
    return found[0]


def _change(visit: Visit, run_no: str, verb: Callable[[Session, uuid.UUID], object], done: str) -> Response:
    def act(session: Session) -> None:
        head, _ = paying.run(session, run_no)
        verb(session, head.id)
    return visit.attempt(act, again=lambda problem: _run(visit, run_no, problem), then=_address(run_no), done=done)


def _address(run_no: str) -> str:
    return f"/runs/{quote(run_no)}"


def _reason(visit: Visit) -> str:
    reason = visit.field("reason")
    if not reason:
        raise InputError("reason_missing", "须写明理由", remedy="写明理由后再提交", field="reason")
    return reason
