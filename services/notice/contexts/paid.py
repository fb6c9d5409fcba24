"""给付到账通知书: one per payee and credit."""

from __future__ import annotations

from datetime import date, timedelta

from services.core.clock import business_day
from services.core.errors import NotFound
from services.core.words import date_cn
from services.models import Payment, SlaClock
from services.notice.contexts.common import Values, amount, clock_due, payee, share_words
from services.notice.contexts.decided import is_consolation, number_of_round, refund_title
from services.notice.files import File
from services.payment.queries import Receiver
from services.workdays.count import working_days_between


def _credited(file: File) -> tuple[Payment, Receiver]:
    for row in file.payments:
        if str(row.id) == file.subject and row.credited_at and row.serial:
            receiver = next((one for one in file.receivers if one.payee.id == row.payee_id), None)
            if receiver:
                return row, receiver
    raise NotFound("payment_missing", "没有这一笔已到账的款项", remedy="核对付款记录", field="payment_id")


def payment(file: File, issued_on: date) -> Values:
    """The credit with its proof, and whether the promise was kept."""
    row, receiver = _credited(file)
    assert row.credited_at is not None
    credited_on = business_day(row.credited_at)
    values: Values = {
        **amount(row.amount_fen), "purpose": _purpose(file, row), "basis": _basis(file, row),
        "payer_name": file.book.insurer if row.channel == "insurer" else file.office.letter_organ,
        "payee": payee(receiver, row.amount_fen), "credited_on": credited_on, "bank_serial": row.serial,
        "clock": _clock(file, row, credited_on)}
    if receiver.relation:
        values["heir"] = {"deceased": file.person.name, "share": share_words(receiver)}
    return values


def _purpose(file: File, row: Payment) -> str:
    if row.purpose == "refund":
        return "refund_premium" if file.book.insurer else "refund_fee"
    if row.purpose == "benefit":
        if file.book.insurer:
            return "insurance"
        return "consolation" if is_consolation(file.worksheet) else "benefit"
    return row.purpose


def _basis(file: File, row: Payment) -> str:
    """The decision that is paid, by number and title when its letter is out: that of the payment's own round."""
    made = next((one for one in file.decisions if one.round == row.round), None)
    number = number_of_round(file, row.round)
    if made and number is None and row.round == file.claim.round:      # issued just now, in one batch with this letter
        number = file.numbers.get("refund" if made.kind == "refund" else "cover_note" if file.book.insurer else "decision")
    if made is None or number is None:
        return "本案给付决定"
    title = refund_title(file) if made.kind == "refund" else "关于转送理赔决定的附函" if file.book.insurer else "互助金给付决定通知书"
    return f"{number}《{title}》"


def _clock(file: File, row: Payment, credited_on: date) -> Values:
    clock = file.promised.get(row.round)
    if clock is None:
        raise NotFound("pay_clock_missing", "本案没有给付时限", remedy="核对案件", field="clock")
    late = _days(file, clock, clock.due_on, credited_on) if credited_on > clock.due_on else 0
    paused = sum(_days(file, clock, date.fromisoformat(a), date.fromisoformat(b)) for a, b in clock.pauses if a and b)
    return {"complete_on": clock.start_on, "due": clock_due(clock), "kind": clock.day_kind, "pauses": _pauses(clock),
            "days_used": max(0, _days(file, clock, clock.start_on, credited_on) - paused),
            # A credit on a day off after the last day is late by that day, though no working day has passed.
            "late_days": max(1, late) if credited_on > clock.due_on else 0}


def _pauses(clock: SlaClock) -> list[str]:
    """From the day after the list was delivered to the day everything was in; none where both fell on one day."""
    spans = [(date.fromisoformat(a), date.fromisoformat(b)) for a, b in clock.pauses if a and b and a != b]
    return [f"{date_cn(first + timedelta(days=1))}至{date_cn(last)}" for first, last in spans]


def _days(file: File, clock: SlaClock, after: date, until: date) -> int:
    return working_days_between(after, until, file.calendar) if clock.day_kind == "working" else (until - after).days
