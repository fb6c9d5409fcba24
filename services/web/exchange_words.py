"""What the pages call the things between office and insurer: duties, differences, ages."""

from __future__ import annotations

from collections.abc import Mapping

from services.web.language import N_

STATUS: Mapping[str, tuple[str, str]] = {"prepared": (N_("待签发"), "busy"), "issued": (N_("已签发"), "good")}
SIDES: Mapping[str, str] = {"insurer": N_("保险公司"), "union": N_("工会")}
DUTIES: Mapping[str, str] = {
    "pay": N_("15个工作日内给付"), "assess": N_("30日内核定"), "advance": N_("60日内先予支付"), "policies": N_("送交保险单"),
    "summary": N_("汇总投保情况"), "meeting": N_("联席会议"), "notice": N_("通报承保、理赔与服务情况"), "lecture": N_("健康或保险知识讲座"),
    "team": N_("服务专员队伍"), "roster": N_("报送参保名单"), "premium": N_("缴纳保险费"), "report": N_("确诊后10日内报案"),
    "first_notice": N_("当日通知保险公司"), "answer": N_("答复保险公司的补充要求"), "refusal_letter": N_("3日内送达不予给付通知")}
ENDED: Mapping[str, str] = {"": N_("未了结"), "accepted": N_("接受保险公司核定"), "changed": N_("保险公司改变核定"),
                            "upheld": N_("保险公司维持核定"), "closed": N_("因案件变化而结束")}
KINDS: Mapping[str, str] = {
    "file_missing": N_("对方清单上没有这份案卷"), "file_unknown": N_("我方没有这份案卷"),
    "receipt_missing": N_("对方已收到，我方没有回执"),
    "digest_differs": N_("案卷内容不同"), "reply_missing": N_("对方没有我方的答复"), "recall_unknown": N_("我方没有这一退回请求"),
    "message_missing": N_("没有收到对方的消息"), "message_unknown": N_("对方清单上没有这条消息"),
    "message_waiting": N_("消息已收到，还不能办理"),
    "message_refused": N_("消息已收到，没有采用"), "decided_differs": N_("核定金额不同"), "settled_differs": N_("付款与核定金额不同"),
    "paid_differs": N_("到账金额不同"), "serial_differs": N_("银行流水号不同")}
DONE: Mapping[str, str] = {
    "prepared": N_("已编制，由另一位负责人签发。"), "issued": N_("已签发，数据和函件不再改变。"),
    "corrected": N_("已编制更正，由另一位负责人签发。"),
    "entered": N_("已登记。"), "withdrawn": N_("登记已撤销，仍可查看。")}
