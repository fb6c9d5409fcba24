"""A settlement's line of a member who died: given up, so that the heirs' claim gives it."""

from __future__ import annotations

import uuid

from fastapi import APIRouter, Response
from sqlmodel import Session

from services.api.bodies import Reason
from services.api.calls import Changing
from services.api.routes.payments import hold_one, payment_view
from services.payment import service as payment
from services.reporting.views import PaymentView

router = APIRouter(tags=["付款"])


@router.post("/payments/{payment_id}/heirs", response_model=PaymentView, summary="会员已去世的结算款项转由继承人申领")
def give_to_heirs(call: Changing, payment_id: uuid.UUID, body: Reason) -> Response:
    """In no run, or sent back by the bank; the heirs' claim about the year then gives it. With a reason."""
    def run(session: Session) -> PaymentView:
        hold_one(call, session, payment_id)
        payment.give_to_heirs(session, payment_id=payment_id, reason=body.reason, actor=call.actor, now=call.now)
        return payment_view(session, payment_id)
    return call.act(body, run, status=200)
