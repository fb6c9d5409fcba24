"""期限变更告知书: a day that an earlier letter named has moved with the calendar."""

from __future__ import annotations

from datetime import date

from services.core.errors import NotFound
from services.notice.contexts.common import Values
from services.notice.contexts.decided import refund_title
from services.notice.files import File

_PERIODS = {"pay": "给付期限", "insurer_pay": "保险公司的给付期限", "assessment": "保险公司的核定期限", "advance": "保险公司先予支付的期限",
            "agreement": "达成协议后的给付期限", "supplement": "提交补充材料的期限", "objection": "提出异议的期限",
            "verification": "材料核对的期限", "refusal_letter": "发出不予给付通知的期限"}
_READERS_OWN = frozenset({"supplement", "objection"})
# As each letter is headed.
_TITLES = {
    "receipt": "受理回执", "supplement": "补充材料一次性告知书", "reminder": "补充材料提醒通知书", "decision": "互助金给付决定通知书",
    "consolation": "慰问金通知书", "refusal": "不予给付通知书", "cover_note": "关于转送理赔决定的附函",
    "objection_receipt": "异议收件回执", "reopened": "重新审核通知书", "reexamined": "重新审核结果通知书", "held": "暂停办理告知书",
    "recalled": "收回移送材料告知书", "extended": "延期告知书", "advance": "先予支付通知书", "date_changed": "期限变更告知书"}


def date_changed(file: File, issued_on: date) -> Values:
    """Of the change that the cause names, with the day as it stands now: it may have moved once more since."""
    change = file.recount
    if change is None or change.due == change.old:
        raise NotFound("date_unchanged", "日期没有变化", remedy="无须再发，请作废", field="due")
    titles = {**_TITLES, "refund": refund_title(file)}
    return {"which": _PERIODS.get(change.kind, "办理期限"), "old": change.old,
            "due": {"on": change.due, "words": change.words, "provisional": change.provisional},
            "named_in": [f"《{titles.get(code, '告知书')}》（{number}）" for code, number in change.named],
            "sources": list(change.sources), "reader_acts": change.kind in _READERS_OWN}
