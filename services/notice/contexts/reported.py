"""Receipt, supplement list and confirmation of withdrawal."""

from __future__ import annotations

from datetime import date

from services.core.clock import business_day
from services.core.errors import NotFound
from services.models import Supplement
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
from services.review.queries import reasons

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
        "next_due": clock_due(verification) if verification else counted(rule_of(file, "verification"), issued_on),
        "pay_days": pay.days, "pay_day_kind": pay.kind, "insurer_name": file.book.insurer}


def supplement(file: File, issued_on: date) -> Values:
    """补充材料一次性告知书, and its reminder: a list already delivered keeps its deadline."""
    asked = _asked(file)
    earlier = [row for row in file.supplements if row.round == asked.round and row.source == asked.source
               and row.asked_at < asked.asked_at]
    theirs = asked.source == "insurer"
    due = counted(rule_of(file, "supplement"), issued_on)
    if asked.deadline and asked.delivered_at:
        due = counted(rule_of(file, "supplement"), business_day(asked.delivered_at)) | {"on": asked.deadline}
    why = reasons().get(asked.reason or "", asked.reason or "审核中发现新的情况")
    law = "《中华人民共和国保险法》第二十二条"
    clause = next((paper.clause for paper in file.book.papers), "")
    return {
        "items": [{"name": paper_name(file.book, item["paper"]) if item.get("paper") else "情况说明",
                   "reason": item["reason"], "form": "原件扫描件或清晰照片" if item.get("paper") else "书面说明"}
                  for item in asked.items],
        "basis": law if theirs or not clause else basis(file.book, clause), "asked_by": file.book.insurer if theirs else None,
        "first": not earlier, "further_reason": why if earlier else None,
        "answer_due": due, "clock_name": "保险公司核定和给付期限" if theirs else "给付期限",
        "answer_ways": ["登录进度查询页上传", "将材料交所在单位工会代为上传"], "limitation": limitation(file)}


def _asked(file: File) -> Supplement:
    for row in file.supplements:
        if str(row.id) == file.subject:
            return row
    raise NotFound("supplement_missing", "没有这一补充材料清单", remedy="核对编号", field="supplement_id")


def withdrawal(file: File, issued_on: date) -> Values:
    """撤回申请确认书."""
    signed = [business_day(paper.uploaded_at) for paper in file.papers if paper.kind == "withdrawal"]
    received_on = max(signed, default=issued_on)
    return {
        "reported_on": file.case.reported_on, "signed_on": received_on, "received_on": received_on,
        "withdrawn_by": "本人", "papers_words": "您已提交的材料由我们按档案规定保管，不再用于本次申请的审核",
        "limitation": limitation(file), "limitation_basis": basis(file.book, rule_of(file, "limitation").clause)}
