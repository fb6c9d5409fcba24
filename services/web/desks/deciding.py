"""What a reviewer does at the open level: each act has its address, its short form where one is needed, and its verb."""

from __future__ import annotations

import uuid

from sqlmodel import Session

from services.access.actor import Role
from services.core.errors import InputError
from services.core.money import parse_yuan
from services.review import service as review
from services.review import upholding
from services.web.act_fields import numbers
from services.web.acts import Act, picked, register
from services.web.desks.claim import STAFF
from services.web.door import Pages
from services.web.language import N_
from services.web.visit import Visit

pages = Pages()


# --- the verbs --------------------------------------------------------------------------------------------------------

def _take(visit: Visit, session: Session, claim_id: uuid.UUID) -> None:
    review.take(session, claim_id=claim_id, version=visit.version(), actor=visit.actor, now=visit.now)


def _drop(visit: Visit, session: Session, claim_id: uuid.UUID) -> None:
    review.drop(session, claim_id=claim_id, version=visit.version(), actor=visit.actor, now=visit.now)


def _pass(visit: Visit, session: Session, claim_id: uuid.UUID) -> None:
    """A decision needs the second step: the sum, seen and confirmed."""
    done = review.pass_level(session, claim_id=claim_id, version=visit.version(), seen=visit.field("seen"), actor=visit.actor,
                             now=visit.now)
    if done.decided_fen is not None and visit.field("confirmed") != "yes":
        raise InputError("confirm_needed", "本级通过即作出给付决定，须先核对金额", remedy="核对下面的金额和收款人，再确认")


def _recommend(visit: Visit, session: Session, claim_id: uuid.UUID) -> None:
    review.pass_level(session, claim_id=claim_id, version=visit.version(), seen=visit.field("seen"), recommends="refuse",
                      reason=visit.field("reason"), actor=visit.actor, now=visit.now)


def _refuse(visit: Visit, session: Session, claim_id: uuid.UUID) -> None:
    review.refuse(session, claim_id=claim_id, version=visit.version(), reason=visit.field("reason"), clause=visit.field("clause"),
                  seen=visit.field("seen"), actor=visit.actor, now=visit.now)


def _send_down(visit: Visit, session: Session, claim_id: uuid.UUID) -> None:
    review.send_down(session, claim_id=claim_id, version=visit.version(), to_level=visit.field("to_level"),
                     reason=visit.field("reason"), actor=visit.actor, now=visit.now)


def _send_back(visit: Visit, session: Session, claim_id: uuid.UUID) -> None:
    review.send_back(session, claim_id=claim_id, version=visit.version(), reason=visit.field("reason"), actor=visit.actor, now=visit.now)


def _hold(visit: Visit, session: Session, claim_id: uuid.UUID) -> None:
    review.hold(session, claim_id=claim_id, version=visit.version(), reason=visit.field("reason"), actor=visit.actor, now=visit.now)


def _unhold(visit: Visit, session: Session, claim_id: uuid.UUID) -> None:
    review.unhold(session, claim_id=claim_id, version=visit.version(), actor=visit.actor, now=visit.now)


def _delegate(visit: Visit, session: Session, claim_id: uuid.UUID) -> None:
    review.delegate(session, claim_id=claim_id, version=visit.version(), to_account=picked(visit, "to_account"),
                    reason=visit.field("reason"), actor=visit.actor, now=visit.now)


def _take_over(visit: Visit, session: Session, claim_id: uuid.UUID) -> None:
    review.take_over(session, claim_id=claim_id, version=visit.version(), reason=visit.field("reason"), actor=visit.actor, now=visit.now)


def _amount(visit: Visit, session: Session, claim_id: uuid.UUID) -> None:
    review.set_amount(session, claim_id=claim_id, version=visit.version(), benefit=visit.field("benefit"),
                      amount=parse_yuan(visit.field("amount"), field="amount"), reason=visit.field("reason"), actor=visit.actor,
                      now=visit.now)


def _exclusion(visit: Visit, session: Session, claim_id: uuid.UUID) -> None:
    given = visit.field("answer")
    if given not in ("true", "false", "suspected"):
        raise InputError("answer_missing", "没有选择答复", remedy="选择属于、不属于或疑似", field="answer")
    review.answer_exclusion(session, claim_id=claim_id, version=visit.version(), exclusion=visit.field("exclusion"),
                            answer="suspected" if given == "suspected" else given == "true", reason=visit.field("reason"),
                            actor=visit.actor, now=visit.now)


def _regrade(visit: Visit, session: Session, claim_id: uuid.UUID) -> None:
    fact, value = visit.field("fact"), visit.field("value")
    review.regrade(session, claim_id=claim_id, version=visit.version(), fact=fact,
                   value=value if fact == "severity" else numbers(value, "value"), reason=visit.field("reason"), actor=visit.actor,
                   now=visit.now)


def _uphold(visit: Visit, session: Session, claim_id: uuid.UUID) -> None:
    upholding.uphold(session, claim_id=claim_id, version=visit.version(), seen=visit.field("seen"), actor=visit.actor, now=visit.now)


def _look(visit: Visit, session: Session, claim_id: uuid.UUID) -> None:
    review.look(session, claim_id=claim_id, actor=visit.actor, now=visit.now)


ACTS = (
    Act("take", "take", N_("领取"), N_("领取"), "took", _take, roles=STAFF),
    Act("drop", "drop", N_("放回"), N_("放回"), "dropped", _drop, roles=STAFF),
    Act("pass", "pass", N_("通过"), N_("确认通过"), "passed", _pass, shows="sums", roles=STAFF,
        explain=N_("核对金额、收款人和理由。确认后即按此办理。")),
    Act("recommend", "recommend", N_("建议不予给付"), N_("提出建议"), "recommended", _recommend, ("refusal",), shows="sums",
        explain=N_("本级提出建议，案件照常送上一级，由决定层级作出决定。")),
    Act("refuse", "refuse", N_("作出不予给付决定"), N_("确认不予给付"), "refused", _refuse, ("refusal", "clause"), shows="sums",
        explain=N_("须写明理由和条款，通知书在三日内送达申请人。")),
    Act("send-down", "send_down", N_("退回下级"), N_("退回"), "sent_down", _send_down, ("to_level", "return"),
        explain=N_("被退回的层级重新审核；其间各级所见事实未变的，通过继续有效。")),
    Act("send-back", "send_back", N_("退回材料环节"), N_("退回"), "sent_back", _send_back, ("return",),
        explain=N_("由核验人补正材料后再次送审；所见事实未变的层级，通过继续有效。")),
    Act("hold", "hold", N_("暂停办理"), N_("暂停"), "held", _hold, ("hold",),
        explain=N_("暂停分派、决定、移送和付款；各项时限照常计算，申请人仍可补交材料。")),
    Act("unhold", "unhold", N_("解除暂停"), N_("解除暂停"), "unheld", _unhold),
    Act("delegate", "delegate", N_("转交同事"), N_("转交"), "delegated", _delegate, ("to_account", "words"), roles=STAFF,
        explain=N_("转交给能办理这一级的同事，理由记入案件。")),
    Act("take-over", "take-over", N_("收回自办"), N_("收回"), "taken_over", _take_over, ("words",), roles=frozenset({Role.HEAD}),
        explain=N_("由您本人办理这一级，理由记入案件。")),
    Act("amount", "amount", N_("核定金额"), N_("核定"), "amount", _amount, ("benefit", "amount", "words"), shows="sums",
        explain=N_("金额须在条款上限之内。核定金额的人不作本案的决定。")),
    Act("regrade", "regrade", N_("更正病情分级"), N_("更正"), "regraded", _regrade, ("grade", "value", "words"), shows="sums",
        explain=N_("更正后重新核算，以下各审核层级重新审核。更正分级的人不作本案的决定。")),
    Act("uphold", "uphold", N_("维持原决定"), N_("确认没有应补付的金额"), "upheld", _uphold, shows="sums",
        explain=N_("重新审核后没有应补付的金额：原决定维持；多付的须与会员协商返还。")),
    Act("look", "look", N_("变动已阅"), N_("变动已阅"), "looked", _look, roles=STAFF),
    Act("exclusion", "exclusion", N_("答复除外责任"), N_("答复"), "exclusion", _exclusion, ("exclusion", "answer", "words"),
        explain=N_("答复记入核算表，各级审核都能看到。")),
)
for _each in ACTS:
    register(pages, _each)
