"""Receipt and confirmation of withdrawal."""

from __future__ import annotations

from datetime import date

from services.core.clock import business_day
from services.notice.contexts.common import (
    Values,
    basis,
    by_kind,
    clock_due,
    counted,
    event_words,
    limitation,
    paper_name,
    rule_of,
)
from services.notice.files import File

_CHANNELS = {"member": "手机网页", "clerk": "所在单位工会", "phone": "服务电话", "insurer": "保险公司报案电话",
             "api": "单位系统对接"}


def receipt(file: File, issued_on: date) -> Values:
    """受理回执. In time is judged by the first of those who had to be told (reading A-15)."""
    case, rule, pay = file.case, rule_of(file, "report"), rule_of(file, "pay")
    told = [business_day(at) for at in (case.committee_told_at, case.insurer_told_at) if at]
    here = by_kind(file.papers)
    verification = file.clocks.get("verification")
    return {
        "reported_on": min([case.reported_on, *told]), "report_channel": _CHANNELS[case.channel],
        "event_words": event_words(file), "report_basis": basis(file.book, rule.clause), "report_days": rule.days,
        "report_due": {"on": case.last_timely_day, "words": case.count_words}, "late": case.late,
        "late_reason": case.late_reason if case.late else None,
        "papers": [{"name": paper_name(file.book, kind), "required": True, "received": kind in here}
                   for kind in file.claim.required],
        "next_due": clock_due(verification) if verification else counted(file, "verification", issued_on),
        "pay_days": pay.days, "pay_day_kind": pay.kind, "insurer_name": file.book.insurer,
        "resumed_on": business_day(file.notice.drafted_at) if file.notice.cause.startswith("claim.resume:") else None}


def withdrawal(file: File, issued_on: date) -> Values:
    """撤回申请确认书."""
    signed = [business_day(paper.uploaded_at) for paper in file.papers if paper.kind == "withdrawal"]
    received_on = max(signed, default=issued_on)
    return {
        "reported_on": file.case.reported_on, "signed_on": received_on, "received_on": received_on,
        "withdrawn_by": "本人", "papers_words": "您已提交的材料由我们按档案规定保管，不再用于本次申请的审核",
        "limitation": limitation(file), "limitation_basis": basis(file.book, rule_of(file, "limitation").clause)}
