"""Letters when something turns: the file comes back from the insurer, a death, a bank's return, money asked back."""

from __future__ import annotations

from datetime import date

from services.core.clock import business_day
from services.core.errors import InputError, NotFound
from services.core.identity import BANKS
from services.core.money import show, to_yuan
from services.models import Payment, Receivable
from services.notice.contexts.again import earlier
from services.notice.contexts.common import Values, amount, clock_due, payee, share_words
from services.notice.contexts.timely import day_of
from services.notice.files import File
from services.payment.queries import Receiver
from services.review.queries import reasons
from statemachines.states import PaymentState, ReceivableState

_STEPS = {ReceivableState.OPEN: "asked", ReceivableState.AGREED: "asked", ReceivableState.RECEIVED: "received",
          ReceivableState.WRITTEN_OFF: "written_off"}


def recalled(file: File, issued_on: date) -> Values:
    """收回移送材料告知书: the round before the present one was the insurer's."""
    parcel = next((row for row in file.handoffs if row.round == int(file.subject) - 1), None)
    if parcel is None or file.book.insurer is None:
        raise NotFound("handoff_missing", "没有收回移送材料的记录", remedy="核对案件", field="forwarded_on")
    clock, why = file.clocks.get("verification"), file.turned.get("recall") or parcel.recall_reason or ""
    return {
        "insurer_name": file.book.insurer, "forwarded_on": business_day(parcel.sent_at) if parcel.sent_at else None,
        "transfer_number": file.numbered.get(f"claim.forward:{parcel.round}"), "recalled_on": day_of(file),
        "reason": reasons().get(why, why) or "材料需要更正", "next_due": clock_due(clock) if clock else None}


def heirs(file: File, issued_on: date) -> Values:
    """继承人领款事项告知书. Amounts are those of the payments that stand for the heirs."""
    found = file.succession
    if found is None or not found.receivers or file.person.died_on is None:
        raise NotFound("heirs_missing", "没有登记继承人", remedy="先登记继承人", field="heirs")
    owed = {row.payee_id: row.amount_fen for row in file.payments if row.state != PaymentState.CANCELLED}
    sums = [owed.get(one.payee.id, 0) for one in found.receivers]
    whole = sum(sums)
    return {
        "died_on": file.person.died_on, "basis": found.receivers[0].payee.basis or "law",
        "decided": show(to_yuan(whole)) if whole else None,
        "heirs": [_heir(one, fen if whole else None) for one, fen in zip(found.receivers, sums, strict=True)],
        "papers": [{"name": proof.name, "required": True, "received": proof.there} for proof in found.proofs]}


def _heir(one: Receiver, fen: int | None) -> Values:
    account = f"{BANKS.get(one.card.bank, one.card.bank)}，尾号{one.card.last4}" if one.card else None
    return {"name": one.person.name, "relation": one.relation or "继承人", "share": share_words(one), "num": one.payee.share_num,
            "den": one.payee.share_den, "amount": None if fen is None else show(to_yuan(fen)), "account": account}


def account(file: File, issued_on: date) -> Values:
    """重新登记收款账户通知书."""
    row = next((one for one in file.payments if str(one.id) == file.subject), None)
    receiver = next((one for one in file.receivers if row and one.payee.id == row.payee_id), None)
    if row is None or receiver is None or row.state != PaymentState.RETURNED:
        raise NotFound("payment_not_returned", "没有这一笔退回的款项", remedy="无须再发，请作废", field="payee")
    return {**amount(row.amount_fen), "payee": payee(_of_attempt(receiver, row), row.amount_fen), "returned_on": day_of(file),
            "reason": (row.return_reason or "银行没有说明").rstrip("。"),
            "banks": [BANKS.get(bank, bank) for bank in file.claim.banks]}


def _of_attempt(receiver: Receiver, row: Payment) -> Receiver:
    """The receiver with the account that the bank refused. InputError when a newer one was registered meanwhile."""
    if receiver.card is None or (row.bank_card_id and receiver.card.id != row.bank_card_id):
        raise InputError("account_changed", "退款之后已经登记新的账户", remedy="无须再发，请作废", field="payee.account_last4")
    return receiver


def repayment(file: File, issued_on: date) -> Values:
    """应返还款项告知书, 返还款项收讫确认书, 免予返还通知书: by the event that the cause names."""
    row = _receivable(file)
    first = file.notice.cause.startswith("receivable.create:")
    made = next((one for one in file.decisions if one.round == row.round), None)
    if made is None:
        raise NotFound("decision_missing", "没有应返还款项所依据的决定", remedy="核对案件", field="decided_on")
    return {
        **amount(row.amount_fen), "step": "asked" if first else _STEPS[ReceivableState(row.state)], "ground": row.why,
        "earlier": earlier(file, row.round - 1) if row.why != "advance" and row.round > 1 else None, "decided_on": business_day(made.at),
        "received": show(to_yuan(0 if first else row.received_fen)),
        "closed_on": None if first else business_day(row.closed_at) if row.closed_at else day_of(file),
        "account": row.agreement if not first else None}


def _receivable(file: File) -> Receivable:
    found = next((row for row in file.receivables if str(row.id) == file.subject), None)
    if found is None:
        raise NotFound("receivable_missing", "没有这一待返还款项", remedy="核对编号", field="receivable")
    return found
