"""What the boards' pages say, in Chinese: each a key of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping

from services.reporting.boards.words import insurers, levels, plans
from services.web.claim_words import CLOCKS, STATES
from services.web.language import N_

__all__ = ["CHARTS", "KINDS", "NUMBERS", "STAGES", "TABS", "WAYS", "insurers", "levels", "plans"]

TABS: tuple[tuple[str, str], ...] = (
    ("/boards", N_("现在")), ("/boards/time", N_("用时")), ("/boards/kept", N_("按期与质量")), ("/boards/waiting", N_("待定事项")))
WAYS: Mapping[str, str] = {"stage": N_("按环节"), "level": N_("按审核层级"), "plan": N_("按计划"), "org": N_("按下级"),
                           "insurer": N_("按保险公司")}
KINDS = CLOCKS
STAGES: Mapping[str, str] = {"whole": N_("全程"), **{state: words for state, (words, _, _) in STATES.items()}}
NUMBERS: Mapping[str, str] = {
    "open": N_("在办的期限"), "due_today": N_("今天到期的期限"), "soon": N_("三个工作日内到期的期限"), "late": N_("已逾期的期限"),
    "paused": N_("暂停中的期限"), "band": N_("在办的期限，按已用工作日"), "time": N_("办完的环节"), "kept": N_("按期办结的期限"),
    "missed": N_("逾期办结的期限"), "verified": N_("完成核验的案件"), "complete": N_("一次齐全的案件"), "decided": N_("作出决定的案件"),
    "asked": N_("补充过材料的案件"), "returned": N_("退回过的案件"), "refused": N_("不予给付的案件"), "paid": N_("已付款的案件"),
    "manual": N_("待人工核定金额的案件")}
# The sentences of `documents.charts.told`, for the catalogues.
CHARTS = (N_("最多的是{label}：{n}{unit}；合计{all}{unit}。"), N_("没有可以画出的数据。"), N_("{label}：{bands}。"),
          N_("{name}：{first_month}{first}，{last_month}{last}，最低{low}，最高{high}。"))
