"""After the decision, on the claim's page: objections, corrections by two persons; and originals asked for and given back."""

from __future__ import annotations

import uuid

from fastapi import Response
from sqlmodel import Session

from services.access.actor import OFFICE, REVIEWERS, Role
from services.evidence import originals
from services.reporting import sight
from services.review import after_queries, amendment, objection
from services.web.acts import Act, day_of, picked, register
from services.web.desks.claim import STAFF
from services.web.door import Audience, Pages
from services.web.fact_form import facts_page, send_facts
from services.web.language import N_
from services.web.visit import Visit
from statemachines.states import ObjectionState

pages = Pages()
SENIORS: Audience = frozenset({Role.SENIOR_REVIEWER, Role.HEAD})
OBJECTORS: Audience = frozenset({Role.UNIT_CLERK}) | OFFICE


def _object(visit: Visit, session: Session, claim_id: uuid.UUID) -> None:
    objection.lodge(session, claim_id=claim_id, grounds=visit.field("grounds"), late_reason=visit.field("late_reason") or None,
                    actor=visit.actor, now=visit.now)


def _open(session: Session, claim_id: uuid.UUID, *states: str) -> uuid.UUID:
    """The claim's objection that still waits."""
    found = next((row for row in after_queries.objections_of(session, claim_id) if row.state in states), None)
    if found is None:
        raise sight.missing()
    return found.id


def _accept(visit: Visit, session: Session, claim_id: uuid.UUID) -> None:
    objection.accept(session, objection_id=_open(session, claim_id, ObjectionState.LODGED), actor=visit.actor, now=visit.now)


def _dismiss(visit: Visit, session: Session, claim_id: uuid.UUID) -> None:
    objection.dismiss(session, objection_id=_open(session, claim_id, ObjectionState.LODGED), words=visit.field("reason"),
                      actor=visit.actor, now=visit.now)


def _withdraw(visit: Visit, session: Session, claim_id: uuid.UUID) -> None:
    found = _open(session, claim_id, ObjectionState.LODGED, ObjectionState.ACCEPTED)
    objection.withdraw_objection(session, objection_id=found, reason=visit.field("reason"), actor=visit.actor, now=visit.now)


def _correct(visit: Visit, session: Session, claim_id: uuid.UUID) -> None:
    change = {name: visit.field(name) for name in ("what", "old", "new")}
    amendment.ask_amendment(session, claim_id=claim_id, version=visit.version(), kind=visit.field("kind"), why=visit.field("reason"),
                            changes=[change], actor=visit.actor, now=visit.now)


def _confirm(visit: Visit, session: Session, claim_id: uuid.UUID) -> None:
    amendment.confirm_amendment(session, claim_id=claim_id, version=visit.version(), actor=visit.actor, now=visit.now)


def _drop(visit: Visit, session: Session, claim_id: uuid.UUID) -> None:
    amendment.drop_amendment(session, claim_id=claim_id, reason=visit.field("reason"), actor=visit.actor, now=visit.now)


def _ask_original(visit: Visit, session: Session, _claim_id: uuid.UUID) -> None:
    originals.ask_original(session, paper_id=picked(visit, "paper"), reason=visit.field("reason"), due_on=day_of(visit, "due_on"),
                           actor=visit.actor, now=visit.now)


def _receive(visit: Visit, session: Session, _claim_id: uuid.UUID) -> None:
    originals.receive_original(session, request_id=picked(visit, "request"), from_whom=visit.field("from_whom"),
                               how=visit.field("how"), same=visit.field("same") == "yes", note=visit.field("note"),
                               actor=visit.actor, now=visit.now)


def _give_back(visit: Visit, session: Session, _claim_id: uuid.UUID) -> None:
    originals.return_original(session, request_id=picked(visit, "request"), to_whom=visit.field("to_whom"), how=visit.field("how"),
                              actor=visit.actor, now=visit.now)


def _drop_original(visit: Visit, session: Session, _claim_id: uuid.UUID) -> None:
    originals.drop_original(session, request_id=picked(visit, "request"), reason=visit.field("reason"), actor=visit.actor,
                            now=visit.now)


ACTS = (
    Act("object", "object", N_("登记异议"), N_("登记"), "objected", _object, ("grounds", "late_reason"), roles=OBJECTORS,
        explain=N_("代申请人登记对决定的异议。超过期限的须写明原因，由主任决定是否受理。")),
    Act("accept-objection", "accept-objection", N_("受理异议"), N_("受理"), "accepted", _accept, shows="objection", roles=SENIORS,
        explain=N_("受理后开始新一轮审核，原来核验、审核和决定的人都不再办理；原决定保留。")),
    Act("dismiss-objection", "dismiss-objection", N_("逾期异议不再审核"), N_("不再审核"), "dismissed", _dismiss, ("words",),
        shows="objection", roles=frozenset({Role.HEAD}), explain=N_("只限逾期或超过时效的异议，理由写入通知书。")),
    Act("withdraw-objection", "withdraw-objection", N_("撤回异议"), N_("登记撤回"), "unobjected", _withdraw, ("words",), shows="objection",
        roles=frozenset({Role.UNIT_CLERK}), explain=N_("须先上传申请人签字的撤回异议书。")),
    Act("correct", "correct", N_("提出更正"), N_("提出"), "correction", _correct, ("correction", "what", "old", "new", "words"),
        roles=STAFF, explain=N_("更正已作的决定须两人办理：一人提出，另一人确认后开始新一轮审核。更正事实的，用“更正已决定案件的事实”。")),
    Act("confirm-correction", "confirm-correction", N_("确认更正"), N_("确认，开始新一轮审核"), "confirmed", _confirm,
        shows="correction", roles=SENIORS, explain=N_("确认后案件重新审核，原决定保留。")),
    Act("drop-correction", "drop-correction", N_("撤回更正"), N_("确认撤回更正"), "uncorrected", _drop, ("words",),
        shows="correction", roles=STAFF, explain=N_("原决定不变。")),
    Act("ask-original", "ask-original", N_("索取原件"), N_("索取"), "original_asked", _ask_original, ("paper", "words", "due_on"),
        roles=REVIEWERS, explain=N_("写明为什么须看原件、最迟哪一天。")),
    Act("receive-original", "receive-original", N_("登记收到原件"), N_("登记，出具收据"), "original_in", _receive,
        ("original", "from", "how", "same", "note"), roles=STAFF),
    Act("return-original", "return-original", N_("登记归还原件"), N_("登记，出具收据"), "original_back", _give_back,
        ("original_here", "to", "how"), roles=STAFF),
    Act("drop-original", "drop-original", N_("不再索取原件"), N_("不再索取"), "original_dropped", _drop_original,
        ("original", "words"), roles=REVIEWERS),
)
for _each in ACTS:
    register(pages, _each)


@pages.get("/claims/{claim_no}/correct-facts", roles=STAFF)
def facts(visit: Visit, claim_no: str) -> Response:
    """The facts of a decided claim, to be corrected as a whole."""
    return facts_page(visit, claim_no, decided=True)


@pages.post("/claims/{claim_no}/correct-facts", roles=STAFF)
def correct_facts(visit: Visit, claim_no: str) -> Response:
    """Asked by one person; the facts change when another confirms."""
    return send_facts(visit, claim_no, lambda session, found, event: amendment.ask_amendment(
        session, claim_id=found, version=visit.version(), kind="fact", why=visit.field("reason"), event=event, actor=visit.actor,
        now=visit.now), decided=True, done="correction")
