"""What the pages of administrator and auditor call kinds, states and entries: Chinese words, each a key of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping

from services.web.language import N_

ORG_KINDS: Mapping[str, str] = {
    "nation": N_("全国"), "office": N_("办事机构"), "city": N_("市级工会"), "district": N_("区县级工会"), "industry": N_("产业工会"),
    "company": N_("公司工会"), "unit": N_("基层工会"), "womens_committee": N_("女职工委员会"), "insurer": N_("保险公司"),
    "agency": N_("服务机构")}
CHANGES: Mapping[str, str] = {
    "opened": N_("新建"), "changed": N_("更改"), "moved": N_("移动"), "merged": N_("合并"), "closed": N_("撤销")}
ACCOUNT_KINDS: Mapping[str, str] = {"person": N_("个人"), "system": N_("系统"), "insurer": N_("保险公司"), "hospital": N_("定点医院")}
RELEASE_KINDS: Mapping[str, str] = {
    "separation_rule": N_("人员分离规则"), "calendar": N_("工作日历"), "rule_book": N_("计划条款"), "wording": N_("文书用语"),
    "clock_policy": N_("时限管理")}
PAYLOADS: Mapping[str, str] = {
    "off": N_("取消的分离要求"), "year": N_("年份"), "plan": N_("计划"), "effective": N_("条款生效日"), "sha256": N_("文件的 SHA-256"),
    "code": N_("文书用语代码"), "text": N_("用语"),
    "kind": N_("时限"), "days": N_("预算天数"), "warn": N_("提醒比例"), "ladder": N_("逾期上报"), "owner": N_("负责人"),
    "cutoff": N_("每日截止时刻")}
PLACES: Mapping[str, str] = {
    "unit": N_("基层工会"), "district": N_("区县级工会"), "office": N_("办事机构"), "nation": N_("全国")}
RELEASE_STATES: Mapping[str, tuple[str, str]] = {
    "proposed": (N_("待另一人放行"), "busy"), "released": (N_("已放行"), "good"), "rejected": (N_("已否决"), "stop"),
    "withdrawn": (N_("已撤回"), "quiet")}
# What happened to an account or was looked at, as the access record names it (before its colon).
LOOKS: Mapping[str, str] = {
    "account.opened": N_("开设账号"), "account.closed": N_("停用账号"), "account.reopened": N_("启用账号"), "account.roles": N_("调整职责"),
    "password.link": N_("发放一次性口令"), "password.set": N_("设置密码"), "password.changed": N_("更改密码"),
    "second_factor.set": N_("设置动态口令"), "second_factor.reset": N_("重置动态口令"), "second_factor.given_up": N_("停用原动态口令"),
    "recovery_codes.renewed": N_("重新生成恢复码"), "signed_in": N_("登录"), "session.ended": N_("结束一次登录"),
    "session.others_ended": N_("结束其他登录"), "session.all_ended": N_("管理员结束全部登录"), "token.issued": N_("签发凭证"),
    "token.revoked": N_("停用凭证"), "substitute.appointed": N_("安排代理"), "substitute.ended": N_("结束代理"),
    "oidc.bound": N_("绑定统一身份"), "oidc.unbound": N_("解除统一身份"), "search": N_("查找案件"),
    "invoices": N_("查找票据"), "claim": N_("查看案件"), "settlement_line": N_("查看结算核算表"),
    "paper": N_("查看材料"), "unmask": N_("查看完整号码"), "conversation": N_("查看会员留言"), "changes": N_("查看变动"),
    "heirs": N_("查看继承情况"), "inputs": N_("查看核算依据"), "case_papers": N_("查看报案材料"), "person": N_("查看人员"),
    "person.changed": N_("更正人员"), "report_errors": N_("查看批量报案错误"), "report_notes": N_("查看批量报案提示"),
    "roster_errors": N_("查看名册错误"), "bank_file": N_("下载银行文件"),
    "person.history": N_("查看人员变更"), "release.proposed": N_("提出规则变更"), "release.released": N_("放行规则变更"),
    "release.rejected": N_("否决规则变更"), "release.withdrawn": N_("撤回规则变更"), "organisation.opened": N_("新建组织"),
    "organisation.changed": N_("更改组织"), "organisation.moved": N_("移动组织"), "organisation.merged": N_("合并组织"),
    "organisation.closed": N_("撤销组织"), "told": N_("查看转告与并案"), "pair": N_("查看疑似重复的报案"), "letter": N_("查看文书"),
    "汇总表": N_("查看汇总表"), "导出汇总表": N_("下载汇总表"), "letters": N_("打印文书"), "findings": N_("查看核对发现"),
    "replay": N_("重现决定"), "objections": N_("查看异议"), "person.find": N_("按身份证号没有找到人"),
    "disagreement": N_("查看不同意见"), "dossier": N_("下载案卷"), "clocks": N_("查看时限"), "settlement_sms": N_("下载短信清单"),
    "data_export": N_("下载个人信息副本"), "data_request": N_("查看个人信息申请"), "legal_hold.placed": N_("登记保全"),
    "legal_hold.asked": N_("申请解除保全"), "legal_hold.lifted": N_("解除保全")}
# By which door somebody came in, where the record of signing in says it.
DOORS: Mapping[str, str] = {"password": N_("密码"), "oidc": N_("统一身份"), "demonstration": N_("演示账号")}


def look_words(what: str) -> str:
    """What an entry of the access record is called; its own name when it has no words."""
    return LOOKS.get(what, LOOKS.get(what.partition(":")[0], what))
