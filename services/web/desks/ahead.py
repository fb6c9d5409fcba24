"""Paying ahead of the decision, on the claim's page: proposed by one reviewer, confirmed by a senior, taken back."""

from __future__ import annotations

import uuid

from sqlmodel import Session

from services.access.actor import REVIEWERS, Role
from services.core.money import parse_yuan
from services.payment import service as payment
from services.web.acts import Act, register
from services.web.door import Pages
from services.web.language import N_
from services.web.visit import Visit

pages = Pages()


def _propose(visit: Visit, session: Session, claim_id: uuid.UUID) -> None:
    payment.propose_advance(session, claim_id=claim_id, version=visit.version(), amount=parse_yuan(visit.field("amount"), field="amount"),
                            reason=visit.field("reason"), actor=visit.actor, now=visit.now)


def _confirm(visit: Visit, session: Session, claim_id: uuid.UUID) -> None:
    payment.confirm_advance(session, claim_id=claim_id, version=visit.version(), actor=visit.actor, now=visit.now)


def _drop(visit: Visit, session: Session, claim_id: uuid.UUID) -> None:
    payment.drop_advance(session, claim_id=claim_id, version=visit.version(), reason=visit.field("reason"), actor=visit.actor,
                         now=visit.now)


for _each in (
    Act("propose-advance", "propose-advance", N_("提出先予支付"), N_("提出"), "ahead_asked", _propose, ("amount", "words"), shows="sums",
        roles=frozenset(REVIEWERS), explain=N_("数额暂时不能全部确定的，已能确定的部分可先予支付，不超过核算金额。"
                                              "理由写入通知书。另一人确认后付款，决定时扣除。")),
    Act("confirm-advance", "confirm-advance", N_("确认先予支付"), N_("确认，交财务付款"), "ahead", _confirm, shows="advance",
        roles=frozenset({Role.SENIOR_REVIEWER, Role.HEAD}), explain=N_("确认后列为应付款，由财务制单、复核放行；决定只付其余部分。")),
    Act("drop-advance", "drop-advance", N_("撤回先予支付"), N_("确认撤回"), "ahead_dropped", _drop, ("words",), shows="advance",
        roles=frozenset(REVIEWERS)),
):
    register(pages, _each)
