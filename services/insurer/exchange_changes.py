"""What a correction changed, as an office writes it: the list, the line, the figure; sums in yuan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.core.money import show, to_yuan
from services.insurer.exchange_words import AGES, DUTIES, ENDED, SIDES, liability_name, plan_name

NONE = "—"
_LISTS: Mapping[str, str] = {
    "covers": "承保与保险费", "claims": "理赔", "open": "期末在办", "differing": "金额不一致", "duties": "履约", "missed": "逾期明细",
    "acts": "合作记录", "reserves": "未决赔款准备"}
_FIGURES: Mapping[str, Mapping[str, str]] = {
    "covers": {"in_force": "期末有效", "begun": "本期生效", "ended": "本期终止", "premium_fen": "本期生效应收（元）",
               "received_fen": "本期收到（元）", "returned_fen": "本期退还（元）"},
    "claims": {"reported": "报案", "handed_over": "移送", "questioned": "问询", "rejected": "退件", "recalled": "撤回",
               "paid_out": "核定给付", "part": "部分给付", "refund": "退还保险费", "nothing": "不予给付",
               "decided_fen": "核定金额（元）", "paid": "已付件数",
               "paid_fen": "已付金额（元）"},
    "open": {"plan": "计划", "sent_on": "移送日期", "days": "移送天数", "band": "移送天数分段", "due_on": "最近期限"},
    "differing": {"ours_fen": "我方核算（元）", "theirs_fen": "保险公司核定（元）", "opened_on": "起自", "ended": "结果"},
    "duties": {"clause": "依据", "kept": "按期", "missed": "逾期", "late": "期末未完成"},
    "missed": {"done_on": "完成日期"}, "acts": {"": "登记"},
    "reserves": {"count": "件数", "uncomputed": "其中未核算", "computed_fen": "我方核算（元）", "said": "保险公司已核定件数",
                 "said_fen": "已核定未付（元）", "reserve_fen": "准备金额（元）"}}
_NAMED = 3      # an entry's code, day and note, of which the last may hold a stroke


def told(changes: Sequence[Mapping[str, str]], plans: tuple[str, ...]) -> list[dict[str, str]]:
    """Each change of `exchange_facts.changes` in words: {"what", "before", "after"}."""
    return [_told(one["what"], one["before"], one["after"], plans) for one in changes]


def _told(what: str, before: str, after: str, plans: tuple[str, ...]) -> dict[str, str]:
    section, _, rest = what.partition("/")
    line, _, figure = rest.rpartition("/")
    names = [_name(section, part, plans) for part in line.split("/", _NAMED - 1)]
    words = " ".join([_LISTS[section], *names, _FIGURES[section][figure]])
    return {"what": words, "before": _value(figure, before), "after": _value(figure, after)}


def _name(section: str, part: str, plans: tuple[str, ...]) -> str:
    if section in ("covers", "claims", "reserves") and part in plans:
        return plan_name(part)
    if section == "reserves":
        return part if part[-1] != "-" else f"{part[:-1]}日以上"
    if section in ("duties", "missed", "acts"):
        return SIDES.get(part) or DUTIES.get(part) or part
    return liability_name(part, plans) if section == "differing" else part


def _value(figure: str, value: str) -> str:
    if value == NONE:
        return NONE
    if figure.endswith("_fen"):
        return show(to_yuan(int(value)))
    if figure == "plan":
        return plan_name(value)
    return {"band": AGES, "ended": ENDED}.get(figure, {}).get(value, value)
