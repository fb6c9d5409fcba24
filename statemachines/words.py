"""What people call the states and events of the machines: for refusals and whoever else tells a person where something stands."""

from __future__ import annotations

from collections.abc import Mapping

STATES: Mapping[str, Mapping[str, str]] = {
    "claim": {
        "reported": "已报案", "supplementing": "待补充材料", "verified": "已核验", "in_review": "审核中", "with_insurer": "保险公司办理",
        "payable": "待付款", "refused": "不予给付", "paid": "已付款", "closed": "已结案", "cancelled": "已撤回或作废"},
    "review_step": {"waiting": "未到", "open": "办理中", "passed": "已通过", "refused": "不予给付", "void": "作废"},
    "handoff": {
        "prepared": "待移送", "sent": "已发出", "received": "已收到", "questioned": "问询中", "decided": "已决定", "settled": "已给付",
        "recalled": "已撤回"},
    "payment": {
        "planned": "待制单", "batched": "已制单", "released": "已复核放行", "sent": "已送银行", "credited": "已到账", "returned": "被退回",
        "cancelled": "已取消"},
    "payment_run": {"draft": "草拟", "submitted": "待复核", "released": "已放行", "sent": "已送银行", "reconciled": "已对账"},
    "receivable": {"open": "待协商", "agreed": "已达成协议", "received": "已返还", "written_off": "免予返还"},
    "notice": {
        "drafted": "待签发", "issued": "已签发", "dispatched": "已发出", "delivered": "已送达", "replaced": "已更正", "voided": "已作废"},
    "supplement": {"drafted": "待送达", "delivered": "已送达，待答复", "answered": "已答复", "lapsed": "逾期"},
    "objection": {"lodged": "待受理", "accepted": "已受理，审核中", "decided": "已处理", "withdrawn": "已撤回"},
}
EVENTS: Mapping[str, Mapping[str, str]] = {
    "claim": {
        "create": "立案", "verify": "核验", "ask": "要求补充材料", "answer": "收齐补充材料", "lapse": "逾期结案",
        "resume": "恢复办理", "route": "分派审核", "send_back": "退回材料环节", "approve": "作出给付决定", "refuse": "作出不予给付决定",
        "forward": "移送保险公司", "insurer_pay": "登记保险公司给付决定", "insurer_refuse": "登记保险公司不予给付决定",
        "recall": "从保险公司撤回", "settle": "付清款项",
        "reopen": "重新办理", "close": "结案", "cancel": "撤回或作废", "hold": "暂停", "unhold": "解除暂停", "note_death": "登记身故",
        "advance": "先予支付"},
    "review_step": {
        "create": "设置审核层级", "open": "开始办理本级", "take": "领取", "drop": "放回", "pass": "通过", "send_down": "退回下级",
        "refuse": "作出不予给付决定", "void": "作废本级", "reopen": "重新办理本级", "reset": "重新审核"},
    "handoff": {
        "create": "准备移送", "send": "发送", "repeat": "重发", "reject": "退件", "ack": "登记保险公司报案号", "file": "登记保险公司立案号",
        "question": "问询", "reply": "答复问询", "answer_part": "部分答复", "decide": "登记保险公司决定", "settle": "登记保险公司给付",
        "reopen": "重开", "recall": "撤回移送"},
    "payment": {
        "create": "计划付款", "include": "列入付款批次", "exclude": "移出付款批次", "release": "复核放行", "send": "送银行",
        "announce": "登记保险公司付款", "credit": "登记到账", "bounce": "登记退回", "correct": "更正账户", "cancel": "取消付款"},
    "payment_run": {
        "create": "制单", "submit": "提交复核", "release": "复核放行", "send_back": "退回制单人", "send": "送银行", "reconcile": "对账"},
    "receivable": {"create": "登记应返还款", "agree": "登记返还协议", "receive": "登记收款", "write_off": "免予返还"},
    "notice": {
        "create": "拟制文书", "issue": "签发文书", "dispatch": "发出文书", "deliver": "登记送达", "bounce": "登记未送达",
        "replace": "更正文书", "void": "作废文书"},
    "supplement": {"create": "列出补充材料", "deliver": "登记清单送达", "answer": "答复清单", "lapse": "清单逾期"},
    "objection": {"create": "提出异议", "accept": "受理异议", "decide": "处理异议", "withdraw": "撤回异议"},
}


def state_words(machine: str, state: str) -> str:
    """“审核中” for claim, in_review. KeyError for a state that no machine has."""
    return STATES[machine][state]


def event_words(machine: str, event: str) -> str:
    """“核验” for claim, verify. KeyError for an event that no machine has."""
    return EVENTS[machine][event]
