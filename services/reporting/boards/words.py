"""What a board's keys are called, in Chinese: kinds of clocks, stages, levels, bands, plans. Pages and files say the same words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from services.reporting.boards.views import BANDS, WHOLE, Number
from services.rulebook import registry

KINDS: Mapping[str, str] = {
    "report": "报案", "first_notice": "首次通知", "verification": "材料核验", "level": "本级审核", "pay": "给付", "supplement": "补充材料",
    "assessment": "保险公司核定", "insurer_pay": "保险公司给付", "agreement": "达成协议后给付", "advance": "先予支付",
    "refusal_letter": "不予给付通知", "objection": "异议", "limitation": "申领时效"}
STAGES: Mapping[str, str] = {
    WHOLE: "全程", "reported": "已报案", "supplementing": "待补充材料", "verified": "已核验", "in_review": "审核中",
    "with_insurer": "保险公司办理", "payable": "待付款", "refused": "不予给付", "paid": "已付款", "closed": "已结案",
    "cancelled": "已撤回或作废"}
NUMBERS: Mapping[Number, str] = {
    "open": "在办期限", "due_today": "今天到期", "soon": "三个工作日内到期", "late": "已逾期", "paused": "暂停中", "band": "按已用工作日",
    "time": "办完的环节", "kept": "按期", "missed": "逾期", "verified": "完成核验", "complete": "一次齐全", "decided": "作出决定",
    "asked": "要求补充材料", "returned": "退回", "refused": "不予给付", "paid": "已付款", "manual": "待人工核定金额"}


def levels() -> dict[str, str]:
    """Each review level's code with its name in the newest wording that has it."""
    return {level.level: level.name for book in registry.plans() for level in book.chain}


def plans() -> dict[str, str]:
    """Each plan's code with its name."""
    return {book.plan: book.name for book in registry.plans()}


def insurers() -> list[str]:
    """The insurers that carry a plan, by name."""
    return sorted({book.insurer for book in registry.plans() if book.insurer})


def band(place: int) -> str:
    """6—10日; 31日以上."""
    low, high = BANDS[place]
    return f"{low}—{high}日" if high is not None else f"{low}日以上"


def month(first: date) -> str:
    """2026年3月."""
    return f"{first.year}年{first.month}月"
