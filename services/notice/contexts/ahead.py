"""Money paid ahead: its own letter, and what the letter of the decision says of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from services.core.clock import business_day
from services.core.errors import NotFound
from services.core.money import show, to_yuan
from services.notice.contexts.common import Values, amount, payees
from services.notice.files import File
from statemachines.states import PaymentState


@dataclass(frozen=True, slots=True)
class Ahead:
    """Of what was paid ahead: fen that the decision takes in, and fen asked back. `covered`: nothing of the decision is to come."""

    taken_fen: int
    back_fen: int
    covered: bool

    def note(self) -> Values:
        """What a decision says that pays nothing more, or asks something back; nothing otherwise."""
        if not self.covered and not self.back_fen:
            return {}
        whole = f"{show(to_yuan(self.taken_fen + self.back_fen))}元"
        if not self.taken_fen:
            return {"advance_note": f"本案已先予支付{whole}，应予返还。返还的数额、期限和方式，我们将与您商定，不从您的账户直接扣划"}
        back = (f"多付的{show(to_yuan(self.back_fen))}元应予返还，返还的期限和方式，我们将与您商定，不从您的账户直接扣划"
                if self.back_fen else "不再另行汇款")
        return {"advance_note": f"本案已先予支付{whole}，本决定的款项从中扣除，{back}"}


def paid_ahead(file: File) -> Ahead:
    """Of the claim's first decision; a later round counts it among what was given before."""
    if file.decision is None or any(row.round < file.decision.round for row in file.decisions):
        return Ahead(0, 0, False)
    live = sum(row.amount_fen for row in file.payments if row.purpose == "advance" and row.state != PaymentState.CANCELLED)
    back = sum(row.amount_fen for row in file.receivables if row.why == "advance")
    return Ahead(live - back, back, bool(live) and live - back == file.decision.amount_fen)


def advance(file: File, issued_on: date) -> Values:
    """先予支付通知书."""
    made = next((row for row in reversed(file.advances) if str(row.round) == file.subject), None)
    if made is None or made.confirmed_at is None:
        raise NotFound("advance_missing", "本案没有先予支付", remedy="核对案件", field="round")
    return {**amount(made.amount_fen), "confirmed_on": business_day(made.confirmed_at), "reported_on": file.case.reported_on,
            "complete_on": file.claim.verified_on, "computed": show(to_yuan(made.computed_fen)),
            "why": made.reason, "payees": payees(file, made.amount_fen)}
