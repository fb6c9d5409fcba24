"""Letters owed by the calendar: a hold that lasts, a promise that is missed, a right that is about to end."""

from __future__ import annotations

from datetime import date

from services.core.clock import business_day
from services.core.errors import NotFound
from services.models import SlaClock
from services.notice.contexts.common import Values, basis, clock_due, limitation, pay_due, rule_of
from services.notice.contexts.listed import WAYS_BACK, items
from services.notice.files import File
from services.review.queries import reasons
from statemachines.states import ClaimState, PaymentState

_STAGES = {
    ClaimState.REPORTED: "正在核对材料", ClaimState.SUPPLEMENTING: "正在等待补充材料", ClaimState.VERIFIED: "材料已经核对，正在核算",
    ClaimState.IN_REVIEW: "正在审核", ClaimState.PAYABLE: "已经决定给付，正在办理付款"}
_REASONS = {
    ClaimState.REPORTED: "材料核对尚未完成", ClaimState.SUPPLEMENTING: "需要补充的材料尚未到齐",
    ClaimState.VERIFIED: "核算和审核环节尚未完成", ClaimState.IN_REVIEW: "审核环节尚未全部完成", ClaimState.PAYABLE: "付款手续尚未办结"}
CARD = "请尽快登录“我的保障”登记本人名下的银行卡，或者交所在单位工会代为登记，我们即行付款"


def held(file: File, issued_on: date) -> Values:
    """暂停办理告知书. The cause names the day of the hold."""
    reason = file.claim.hold_reason
    if not file.claim.held or reason is None:
        raise NotFound("not_held", "案件没有暂停", remedy="无须再发，请作废", field="held_on")
    return {"held_on": date.fromisoformat(file.subject), "reason": reasons().get(reason, reason),
            "pay_due": pay_due(file) if "pay" in file.clocks else None}


def extended(file: File, issued_on: date) -> Values:
    """延期告知书: of the clock that the cause names."""
    clock = next((one for one in file.clocks.values() if str(one.id) == file.subject), None)
    if clock is None:
        raise NotFound("clock_missing", "没有这一期限", remedy="无须再发，请作废", field="due")
    why, acts = _why(file, clock)
    with_insurer = file.claim.state == ClaimState.WITH_INSURER
    return {
        "which": clock.kind, "due": clock_due(clock), "basis": basis(file.book, clock.clause),
        "stage": f"已移送{file.book.insurer}，正在由其核定" if with_insurer else _STAGES.get(ClaimState(file.claim.state), "正在办理"),
        "reason": why, "reader_acts": acts, "insurer_name": file.book.insurer}


def _why(file: File, clock: SlaClock) -> tuple[str, str | None]:
    """Why the day is missed, and what its reader can do about it."""
    if file.claim.held and file.claim.hold_reason:
        return f"本案暂停办理，原因是：{reasons().get(file.claim.hold_reason, file.claim.hold_reason)}", None
    if file.claim.state == ClaimState.WITH_INSURER:
        return f"{file.book.insurer}尚未作出核定", None
    returned = next((row for row in file.payments if row.state == PaymentState.RETURNED), None)
    if returned is not None:
        return f"款项被银行退回，银行说明的原因是：{returned.return_reason or '未说明'}", CARD
    if file.claim.state == ClaimState.PAYABLE and any(one.card is None for one in file.receivers):
        return "领款人还没有登记收款账户", CARD
    return _REASONS.get(ClaimState(file.claim.state), "办理环节尚未完成"), None


def limitation_ends(file: File, issued_on: date) -> Values:
    """申领时效届满提醒书."""
    until = limitation(file)
    last = until["on"]
    assert isinstance(last, date)
    asked = max((row for row in file.supplements if row.state == "lapsed"), key=lambda row: row.asked_at, default=None)
    return {"limitation": until, "basis": basis(file.book, rule_of(file, "limitation").clause), "days_left": (last - issued_on).days,
            "items": items(file, asked, only_open=True) if asked else [], "back_ways": WAYS_BACK}


def day_of(file: File) -> date:
    """The day the letter was drafted, for what happened in the same moment."""
    return business_day(file.notice.drafted_at)
