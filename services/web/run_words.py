"""What finance's pages call the states of a run."""

from __future__ import annotations

from collections.abc import Mapping

from services.web.language import N_

RUN_STATES: Mapping[str, tuple[str, str]] = {
    "draft": (N_("制单中"), "busy"), "submitted": (N_("待复核"), "busy"), "released": (N_("已放行"), "busy"),
    "sent": (N_("已送银行"), "busy"),
    "reconciled": (N_("已对账"), "good")}
DONE: Mapping[str, str] = {
    "made": N_("已汇集可付款项，核对后提交复核。"), "submitted": N_("已提交复核。"), "released": N_("已放行，报盘文件随后生成。"),
    "sent_back": N_("已退回制单人。"), "excluded": N_("已剔除，款项留待下一批。"), "read": N_("回盘文件已读取。"),
    "allowed": N_("已核准这一批超限额付款。"),
    "proposed": N_("已提出新账户，待另一人确认。"), "confirmed": N_("新账户已确认，款项重新列入待付。"),
    "heirs": N_("已转由继承人申领，这一笔不再付给会员本人。")}
FAULTS: Mapping[str, str] = {
    "unknown_reference": N_("没有这一付款编号"), "late_answer": N_("该笔已更换账户重新付款，这是上一次的回复"),
    "amount_differs": N_("金额与付款记录不一致"), "payee_differs": N_("户名或账号与付款记录不一致"),
    "already_answered": N_("该笔已有相同的回复")}
LINE_KINDS: Mapping[str, str] = {"credit": N_("已入账"), "return": N_("由银行退回")}
VERDICTS: Mapping[str, str] = {"assign": N_("认领到款项"), "dismiss": N_("不予处理")}
LINE_DONE: Mapping[str, str] = {"proposed": N_("已提出处理意见，待另一人确认。"), "confirmed": N_("处理意见已确认。"),
                                "undone": N_("处理意见已撤回。")}
LIMITS: Mapping[str, str] = {"payment": N_("单笔（最大一笔）"), "run": N_("单批"), "day": N_("当日累计（含这一批）")}
