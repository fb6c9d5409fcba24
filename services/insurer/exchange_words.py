"""What workbook and letter call the things of a period's report."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from datetime import date

from services.rulebook import registry

SIDES: Mapping[str, str] = {"insurer": "保险公司", "union": "工会"}
DUTIES: Mapping[str, str] = {
    "pay": "15个工作日内给付", "assess": "30日内核定", "advance": "60日内先予支付", "policies": "送交保险单",
    "summary": "汇总投保情况", "meeting": "联席会议", "notice": "通报承保、理赔与服务情况", "lecture": "健康或保险知识讲座（每年1至2次）",
    "team": "服务专员队伍", "roster": "报送参保名单", "premium": "缴纳保险费", "report": "确诊后10日内报案",
    "first_notice": "当日通知保险公司", "answer": "答复保险公司的补充要求", "refusal_letter": "3日内送达不予给付通知"}
ENDED: Mapping[str, str] = {"": "未了结", "accepted": "接受保险公司核定", "changed": "保险公司改变核定", "upheld": "保险公司维持核定",
                            "closed": "因案件变化而结束"}


AGES: Mapping[str, str] = {"0-7": "7日以内", "8-15": "8至15日", "16-30": "16至30日", "31-60": "31至60日", "61-": "61日以上"}
BASIS = "《关爱女职工“安康保”管理办法》第十三条、第十五条至第十八条"      # seed 003: what is told, by whom


def plan_name(plan: str) -> str:
    """The plan's name in its newest wording."""
    return registry.latest(plan).name


def liability_name(plan_liability: str, plans: tuple[str, ...]) -> str:
    """The benefit's name in the rule-books; the premium's refund has no code there."""
    if plan_liability == "refund":
        return "退还保险费"
    names = {code: benefit.name for plan in plans for code, benefit in registry.latest(plan).benefits.items()}
    return names.get(plan_liability, plan_liability)


def period_words(first: date, last: date) -> str:
    """2026年3月, 2026年第一季度, 2026年度, or both days."""
    if (first.day, last.day) == (1, _days_in(last)):
        months = (last.year - first.year) * 12 + last.month - first.month + 1
        if months == 1:
            return f"{first.year}年{first.month}月"
        if months == 12 and first.month == 1:
            return f"{first.year}年度"
        if months == 3 and first.month in (1, 4, 7, 10):
            return f"{first.year}年第{'一二三四'[first.month // 3]}季度"
    return f"{_day(first)}至{_day(last)}"


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _days_in(day: date) -> int:
    return monthrange(day.year, day.month)[1]
