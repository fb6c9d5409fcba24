"""What the pages call ages of files at the insurer, and what stands with an amount on which the two sides differ."""

from __future__ import annotations

from collections.abc import Mapping

from services.web.language import N_

# stage or result -> (words, kind of tag)
DISAGREEMENTS: Mapping[str, tuple[str, str]] = {
    "open": (N_("待处理"), "stop"), "accept": (N_("拟接受，待另一人同意"), "busy"), "insist": (N_("拟坚持，待另一人确认"), "busy"),
    "insisted": (N_("已坚持，待保险公司重新决定"), "busy"), "accepted": (N_("已接受"), "quiet"), "changed": (N_("重新决定后一致"), "good"),
    "upheld": (N_("保险公司重新决定后仍不一致"), "stop"), "closed": (N_("已了结"), "quiet")}
DISAGREED: Mapping[str, str] = {
    "accept": N_("已提出接受，等待另一人同意。"), "accepted": N_("已接受保险公司的金额。"), "open": N_("已撤回接受意见。"),
    "insist": N_("已提出坚持，等待另一人确认；确认后案件进入新一轮，由保险公司重新决定。"), "closed": N_("已了结。")}
# What only the insurer gives as a reason.
TOLD: Mapping[str, str] = {"no_paid_days": N_("没有超过免赔天数的住院"), "paid_before": N_("以前已给付本项责任")}
AGES: Mapping[str, str] = {
    "none": N_("未移送"), "3": N_("3 天以内"), "10": N_("4 至 10 天"), "30": N_("11 至 30 天"), "over": N_("30 天以上")}
FOLLOWED: Mapping[str, str] = {"taken": N_("由您跟进。"), "given_back": N_("已不再跟进。"), "assigned": N_("已指派跟进人。")}
ANSWERED: Mapping[str, str] = {"brought": N_("已登记并核对，等待另一人采用。"), "taken": N_("已采用，答复已进入收件箱，随后自动办理。"),
                               "dropped": N_("已撤销登记。")}
