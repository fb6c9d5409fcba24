"""Letters of a supplement list: the list itself, its reminders, and that the claim rests because nothing came."""

from __future__ import annotations

from datetime import date

from services.core.clock import business_day
from services.core.errors import NotFound
from services.evidence import reminders
from services.evidence.asked import remedy_of
from services.models import Supplement
from services.notice.contexts.common import Values, basis, clock_due, counted, limitation, paper_name
from services.notice.files import File
from services.review.queries import reasons

LAW = "《中华人民共和国保险法》第二十二条"
WAYS = ("登录“我的保障”，打开本案，在“补充材料”中拍照或者选择文件提交", "将材料交所在单位工会，由其代为上传")
WAYS_BACK = ("登录“我的保障”，打开本案，在“补充材料”中交材料或者写明原因，提交后即恢复办理",
             "将材料交所在单位工会，由其代为登记恢复办理")


def supplement(file: File, issued_on: date) -> Values:
    """补充材料一次性告知书."""
    asked = _asked(file)
    earlier = [row for row in file.supplements if row.round == asked.round and row.source == asked.source
               and row.asked_at < asked.asked_at]
    theirs = asked.source == "insurer"
    why = reasons().get(asked.reason or "", asked.reason or "审核中发现新的情况")
    return {
        "items": items(file, asked), "basis": LAW if theirs else _rests_on(file, asked),
        "asked_by": _asked_by(file, asked), "later_round": asked.round > 1, "first": not earlier,
        "further_reason": why.rstrip("。") if earlier else None,
        "answer_due": _due(file, asked, issued_on), "clock_name": _clock_name(asked), "answer_ways": WAYS, "limitation": limitation(file)}


def _rests_on(file: File, asked: Supplement) -> str:
    """The clauses of the papers asked for, each once; the law where the plan lists none of them."""
    kinds = {item.get("paper") for item in asked.items}
    return "、".join(dict.fromkeys(basis(file.book, paper.clause) for paper in file.book.papers if paper.kind in kinds)) or LAW


def reminder(file: File, issued_on: date) -> Values:
    """补充材料提醒通知书: what is still open of a delivered list."""
    asked = _asked(file)
    due = _due(file, asked, issued_on)
    last_day = due["on"]
    assert isinstance(last_day, date)
    last = file.notice.cause.startswith(f"{reminders.CAUSES[reminders.LAST]}:")
    return {
        "asked_by": _asked_by(file, asked), "later_round": asked.round > 1,
        "list_number": _number(file, asked), "delivered_on": _delivered(asked),
        "items": items(file, asked, only_open=True), "answer_due": due, "days_left": (last_day - issued_on).days,
        "last": last or last_day < issued_on, "grace_days": reminders.GRACE,
        "clock_name": _clock_name(asked), "answer_ways": WAYS, "limitation": limitation(file)}


def not_pursued(file: File, issued_on: date) -> Values:
    """未继续办理结案通知书, with the way back."""
    asked = _asked(file)
    return {
        "list_number": _number(file, asked), "delivered_on": _delivered(asked), "answer_due": _due(file, asked, issued_on),
        "reminded_on": _reminded(file, asked), "closed_on": _closed(file, asked), "items": items(file, asked, only_open=True),
        "back_ways": WAYS_BACK, "limitation": limitation(file)}


def _asked(file: File) -> Supplement:
    for row in file.supplements:
        if str(row.id) == file.subject:
            return row
    raise NotFound("supplement_missing", "没有这一补充材料清单", remedy="核对编号", field="supplement_id")


def items(file: File, asked: Supplement, *, only_open: bool = False) -> list[Values]:
    """Name, reason and remedy of each item; one without a kind is a statement in writing."""
    return [{"name": paper_name(file.book, item["paper"]) if item.get("paper") else "情况说明", "reason": item["reason"],
             "remedy": item.get("remedy") or remedy_of(file.book, item.get("paper", ""))}
            for item in asked.items if not only_open or item.get("state") == "open"]


def _due(file: File, asked: Supplement, issued_on: date) -> Values:
    """The last day and its count as the list's own clock has them, stopped or not; before the delivery as if the letter came today."""
    clock = file.list_clocks.get(str(asked.id))
    return clock_due(clock) if clock else counted(file, "supplement", issued_on)


def _asked_by(file: File, asked: Supplement) -> str | None:
    return file.book.insurer if asked.source == "insurer" else None


def _clock_name(asked: Supplement) -> str:
    return "保险公司核定和给付期限" if asked.source == "insurer" else "给付期限"


def _number(file: File, asked: Supplement) -> str | None:
    return file.numbered.get(f"supplement.create:{asked.id}")


def _delivered(asked: Supplement) -> date:
    if asked.delivered_at is None:
        raise NotFound("list_not_delivered", "补充材料清单尚未送达", remedy="送达后再提醒", field="delivered_on")
    return business_day(asked.delivered_at)


def _reminded(file: File, asked: Supplement) -> date:
    """When the last reminder reached its reader."""
    at = file.delivered.get(f"{reminders.CAUSES[reminders.LAST]}:{asked.id}")
    if at is None:
        raise NotFound("reminder_missing", "没有送达提醒的记录", remedy="先送达提醒", field="reminded_on")
    return business_day(at)


def _closed(file: File, asked: Supplement) -> date:
    """The day the list lapsed: its own clock stopped that day."""
    clock = file.list_clocks.get(str(asked.id))
    if clock is None or clock.stopped_on is None:
        raise NotFound("list_not_lapsed", "补充材料清单尚未逾期", remedy="核对清单", field="closed_on")
    return clock.stopped_on
