"""Reason codes, one table for letters, cure lists, objections and statistics. Pure."""

from __future__ import annotations

from services.core.errors import InputError
from services.rulebook.reasons import REASONS as BENEFIT_REASONS

RETURNS: dict[str, str] = {
    "papers_unclear": "材料影像不清，无法辨认",
    "papers_contradict": "材料之间相互矛盾",
    "papers_missing": "缺少作出决定所需的材料",
    "papers_changed": "材料有变动，须重新审核",
    "identity_doubt": "身份信息存疑",
    "diagnosis_doubt": "诊断依据存疑",
    "dates_doubt": "日期存疑，影响观察期或保障期的认定",
    "computation_doubt": "核算依据或金额存疑",
    "certificate_doubt": "单位证明内容存疑",
    "opinion_incomplete": "审核意见不完整",
    "regraded": "病情分级已更正，须重新审核",
}
REFUSALS: dict[str, str] = {
    **BENEFIT_REASONS,
    "facts_unproved": "申领所依据的事实没有得到证明",
    "not_a_member": "出险时不在参保名册内",
    "false_papers": "提供虚假材料",
}
HOLDS: dict[str, str] = {
    "investigation": "正在调查核实",
    "audit_request": "应审计要求暂停",
    "court_or_police": "司法或公安机关正在处理",
    "rule_question": "规则适用问题正在请示",
    "holder_unreachable": "暂时无法联系申请人",
    "hold_over": "暂停事由已消除",
}
STANDS = "decision_stands"              # of a later round: nothing more is due; only `uphold` gives it
# Why the person's own word stops a claim, which nobody chooses (services/intake/consents).
CONSENT_WITHDRAWN = {"consent_withdrawn": "会员撤回了办理所需的同意"}
REASONS: dict[str, str] = {**REFUSALS, **RETURNS, **HOLDS, **CONSENT_WITHDRAWN, STANDS: "重新审核后没有应补付的金额"}

# Which approvals stand: said on the page beside the chain, and what `send_down`, `refresh` and `regrade` do.
APPROVALS_STAND: tuple[str, ...] = (
    "退回下级：被退回的层级重新审核；其间已通过的层级，所见事实（案情、已接收材料、核定金额和除外答复）未变的继续有效，有变动的重新审核。",
    "退回材料环节后再次送审：各层级已作的通过，所见事实未变的继续有效，有变动的重新审核。",
    "审核中核定金额、答复除外责任、接收新材料：以下层级的通过继续有效，由本级及以上层级对照变动审核。",
    "审核中更正病情分级：以下各审核层级的通过失效，逐级重新审核；单位对在职的证明继续有效。",
    "前一轮的决定不因新一轮审核而改动。",
)

RECOMMENDS = ("refuse",)


def check_reason(code: str | None, table: dict[str, str]) -> str:
    """The code when the table has it. InputError names the codes that would do."""
    if not code:
        raise InputError("reason_unknown", "没有选择理由", remedy="从所列的理由中选择一项", field="reason")
    if code not in table:
        raise InputError("reason_unknown", f"没有理由代码“{code}”", remedy="可用：" + "、".join(table), field="reason")
    return code


def check_recommendation(recommends: str | None, reason: str | None) -> None:
    """A recommendation is `refuse`, and says why."""
    if recommends is None:
        return
    if recommends not in RECOMMENDS:
        raise InputError("recommends_unknown", f"不认识的建议“{recommends}”", remedy="可用：refuse", field="recommends")
    check_reason(reason, REFUSALS)
