"""What the pages on personal data call kinds, states and grounds: Chinese words, each a key of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping

from services.web.language import N_

KINDS: Mapping[str, str] = {"export": N_("个人信息副本"), "correction": N_("更正"), "deletion": N_("删除")}
STATES: Mapping[str, tuple[str, str]] = {
    "open": (N_("等待办理"), "busy"), "working": (N_("正在制作"), "busy"), "ready": (N_("可以下载"), "good"),
    "answered": (N_("已答复"), "good"),
    "withdrawn": (N_("已撤回"), "quiet"), "expired": (N_("已过保存期"), "quiet")}
ANSWERS: Mapping[str, str] = {"done": N_("已办理"), "partly": N_("部分办理"), "refused": N_("不予办理")}
# What may be corrected or deleted (services/intake/data_requests.py).
FIELDS: Mapping[str, str] = {
    "name": N_("姓名"), "id_number": N_("身份证号"), "phone": N_("手机号"), "event": N_("案件中的事实"), "other": N_("其他"),
    "contacts": N_("提醒用的联系方式"), "drafts": N_("没有提交的报案草稿"), "records": N_("案件和材料")}
DELETED: Mapping[str, str] = {"contacts": FIELDS["contacts"], "drafts": FIELDS["drafts"], "phone": N_("登记的手机号"),
                               "records": FIELDS["records"]}
GROUNDS: Mapping[str, str] = {
    "lawsuit": N_("诉讼、仲裁"), "inspection": N_("监管检查"), "complaint": N_("投诉、举报"), "audit": N_("审计"), "other": N_("其他")}
REACHES: Mapping[str, str] = {"matter": N_("这一案件或报案"), "person": N_("会员本人名下的全部案件和信息")}
DONE: Mapping[str, str] = {
    "given": N_("已记下您的同意。"), "taken": N_("已撤回同意。"), "asked": N_("申请已收到。"), "withdrawn": N_("申请已撤回。"),
    "answered": N_("已答复。"), "placed": N_("已登记保全，到期销毁对它停止。"), "lift-asked": N_("已申请解除，等另一人确认。"),
    "lifted": N_("保全已解除。"), "registered": N_("已登记申请。")}
# The sentences a person agrees to (services/intake/purposes.yaml), and what that file says of each purpose.
CONSENTS: tuple[str, ...] = (
    N_("办理互助保障"), N_("向保险公司提供"), N_("用短信、企业微信或邮件提醒"),
    N_("我同意使用我的身份、病情和银行账户信息办理互助保障。"),
    N_("我单独同意把身份、病情和本案材料提供给承保的保险公司，仅用于审核和付款（可以以后再同意；没有同意不移送）。"),
    N_("我同意用我选择的方式提醒我有文书待阅；提醒不含病情和金额。"),
    N_("本人不能在网上报案；由单位工会经办凭本人签字的书面材料办理"), N_("案卷不移送保险公司，保险公司不能审核和付款"),
    N_("不发提醒；文书在本系统查阅，逾期未打开的以纸质送达"),
    N_("本次报案的案件暂停办理，不核验、不移送、不付款；再次同意后自动恢复。已作出的决定、已付的款项和依法须保存的记录不受影响"),
    N_("不再向保险公司提供；已提供的不受影响，案件可能无法继续办理"), N_("不再发提醒；联系方式到期后销毁"))
