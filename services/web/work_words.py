"""What the worklist calls kinds of work, reasons and days: Chinese words, each a key of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping

from services.rulebook import registry
from services.web.language import N_

# kind -> (what it is called, what to do, anchor on the claim's page)
KINDS: Mapping[str, tuple[str, str, str]] = {
    "certify": (N_("证明"), N_("核对后证明"), ""), "review": (N_("审核"), N_("审核"), ""),
    "verify": (N_("核验"), N_("核对材料"), "#papers"), "answer": (N_("留言"), N_("答复留言"), "#talk"),
    "objection": (N_("异议"), N_("办理异议"), ""), "further": (N_("再次告知"), N_("复审补充清单"), "#todo"),
    "deliver": (N_("送达"), N_("送达补充材料文书"), "#todo"), "handoff": (N_("保险公司逾期"), N_("催问保险公司"), "#insurer"),
    "differ": (N_("金额不一致"), N_("处理金额不一致"), "#insurer")}
ALL = N_("全部")
# reason -> (words, kind of tag)
REASONS: Mapping[str, tuple[str, str]] = {
    "held": (N_("暂停中"), "stop"), "late": (N_("已逾期"), "stop"), "soon": (N_("临近期限"), "busy"),
    "paused": (N_("时限中止"), "quiet"), "returned": (N_("退回后重办"), "busy"), "escalated": (N_("无人可办，上交"), "busy"),
    "substitute": (N_("代理"), "busy"), "again": (N_("重新办理"), "busy"), "mine": (N_("我已领取"), "good"),
    "papers": (N_("有材料待核对"), "busy"), "complete": (N_("材料已核对，待核验"), "good"), "unread": (N_("会员有新留言"), "busy"),
    "prepared": (N_("已准备，等您同意"), "busy"), "undelivered": (N_("发出三日，会员没有打开"), "busy"),
    "unheard": (N_("移送后没有回执"), "stop"), "at_insurer": (N_("保险公司未按期办理"), "busy"),
    "differs": (N_("保险公司的金额与本会不同"), "busy"), "asked": (N_("已有人提出意见，等另一人"), "busy"),
    "lodged": (N_("会员提出异议"), "busy"), "late_objection": (N_("逾期提出的异议"), "stop"), "turn": (N_("轮到本级"), "quiet")}
DUES: Mapping[str, str] = {"late": N_("已逾期"), "soon": N_("三日内到期"), "later": N_("以后到期")}

SHEET_STATES: Mapping[str, tuple[str, str]] = {
    "drafted": (N_("草稿"), "busy"), "signed": (N_("已签署"), "good"), "received": (N_("上级已接收"), "good"),
    "discarded": (N_("已作废"), "quiet")}
SHEET_SAID: Mapping[str, str] = {
    "drafted": N_("草稿已编好，核对后签署。"), "taken_out": N_("已从草稿中去掉。"), "refreshed": N_("已按现有事实重新编制。"),
    "discarded": N_("草稿已作废，其中的案件可以另行汇总。"), "signed": N_("已签署，汇总的案件全部通过。"), "received": N_("已接收。")}

TEAM_SAID: Mapping[str, str] = {"handed": N_("已转交。"), "appointed": N_("代理已登记。"), "ended": N_("代理已提前结束。")}


def plan_names() -> dict[str, str]:
    """Every plan's code with the name of its newest wording."""
    return {book.plan: book.name for book in registry.plans()}
