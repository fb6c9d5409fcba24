"""What a clerk does for the member on the claim's page: letters and lists handed over, lists answered, consent, withdrawal."""

from __future__ import annotations

import uuid
from datetime import date

from fastapi import Response
from sqlmodel import Session

from services.access.actor import OFFICE, Role
from services.core.errors import HuzhuError, InputError
from services.evidence import service as evidence
from services.intake import service as intake
from services.notice import receiving
from services.reporting import sight
from services.reporting.views import SupplementView
from services.web.acts import Act, day_of, picked, register
from services.web.claim_context import address, context, moved_on, read_file
from services.web.desks.claim import STAFF
from services.web.door import Audience, Pages
from services.web.language import N_
from services.web.visit import Visit

pages = Pages()
CLERK: Audience = frozenset({Role.UNIT_CLERK})


def _delivered(visit: Visit, session: Session, _claim_id: uuid.UUID) -> None:
    receiving.receive(session, notice_id=picked(visit, "letter"), proof=visit.field("proof"), on=_on(visit), actor=visit.actor,
                      now=visit.now)


def _hand_list(visit: Visit, session: Session, claim_id: uuid.UUID) -> None:
    evidence.deliver(session, supplement_id=_list(visit, session, "drafted").id, on=_on(visit), actor=visit.actor, now=visit.now)


def _withdraw(visit: Visit, session: Session, claim_id: uuid.UUID) -> None:
    intake.withdraw(session, claim_id=claim_id, version=visit.version(), reason=visit.field("reason"), actor=visit.actor, now=visit.now)


def _resume(visit: Visit, session: Session, claim_id: uuid.UUID) -> None:
    intake.resume(session, claim_id=claim_id, version=visit.version(), actor=visit.actor, now=visit.now)


def _consent(visit: Visit, session: Session, claim_id: uuid.UUID) -> None:
    case = sight.claim(session, visit.actor, visit.path.split("/")[2]).case_id
    intake.record_consent(session, case_id=case, purpose="insurer", actor=visit.actor, now=visit.now)


def _on(visit: Visit) -> date | None:
    return day_of(visit, "on") if visit.field("on") else None


def _list(visit: Visit, session: Session, state: str) -> SupplementView:
    """The claim's list in this state."""
    found = read_file(visit, session, visit.path.split("/")[2]).view.supplements
    wanted = next((listed for listed in found if listed.state == state), None)
    if wanted is None:
        raise sight.missing()
    return wanted


for _each in (
    Act("delivered", "delivered", N_("登记文书送达"), N_("登记送达"), "delivered", _delivered, ("letter", "proof", "on"), roles=CLERK,
        explain=N_("送达日起算的时限由此起算；补充材料告知书送达后时限中止。")),
    Act("hand-list", "hand-list", N_("登记补充清单送达"), N_("登记送达"), "delivered", _hand_list, ("on",), roles=CLERK,
        explain=N_("清单当面交给申请人的，在此登记；时限自送达日中止。")),
    Act("withdraw", "withdraw", N_("登记撤回申请"), N_("登记撤回"), "withdrawn", _withdraw, ("words",),
        roles=frozenset({Role.UNIT_CLERK}) | OFFICE, explain=N_("须先上传申请人签字的撤回申请书。撤回后案件作废，时效期内可以重新报案。")),
    Act("resume", "resume", N_("恢复办理"), N_("恢复办理"), "resumed", _resume, roles=CLERK),
    Act("consent", "consent", N_("登记同意"), N_("登记同意"), "consented", _consent, shows="consent", roles=STAFF,
        explain=N_("会员单独同意向保险公司提供与本次申请有关的个人信息（个人信息保护法第二十三条、第二十九条）。须有会员签字的同意书。")),
):
    register(pages, _each)


@pages.get("/claims/{claim_no}/answer-list", roles=CLERK)
def listed(visit: Visit, claim_no: str) -> Response:
    """The open list, item by item."""
    return _answer_page(visit, claim_no)


@pages.post("/claims/{claim_no}/answer-list", roles=CLERK)
def answer(visit: Visit, claim_no: str) -> Response:
    """Some or all items: handed in, or unavailable with the reason."""
    def verb(session: Session) -> None:
        sight.claim(session, visit.actor, claim_no, lock=True, version=visit.version())
        wanted = _list(visit, session, "delivered")
        items = [{"paper": item["paper"], "state": state, "note": visit.field(f"note-{item['paper']}")} for item in wanted.items
                 if (state := visit.field(f"state-{item['paper']}"))]
        if not items:
            raise InputError("items_empty", "没有答复任何一项", remedy="至少选一项已交或无法提供", field="items")
        evidence.answer(session, supplement_id=wanted.id, items=items, on=_on(visit), actor=visit.actor, now=visit.now)
    return visit.attempt(verb, again=lambda problem: _answer_page(visit, claim_no, problem=problem), then=address(visit, claim_no),
                         done="answered")


def _answer_page(visit: Visit, claim_no: str, *, problem: HuzhuError | None = None) -> Response:
    file = visit.note(lambda session: read_file(visit, session, claim_no))
    wanted = next((found for found in file.view.supplements if found.state == "delivered"), None)
    if wanted is None:
        raise sight.missing()
    return visit.page("claim_answer.html", problem=problem, wanted=wanted, news=moved_on(visit, file), **context(visit, file))
