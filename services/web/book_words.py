"""What the unit's book calls standings, kinds of payer and what was done: Chinese words, each a key of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping

from services.web.language import N_

# standing -> (words, kind of tag)
STANDINGS: Mapping[str, tuple[str, str]] = {
    "in_force": (N_("保障中"), "good"), "soon": (N_("即将到期"), "busy"), "coming": (N_("未生效"), "quiet"),
    "ended": (N_("已终止"), "quiet")}
PAYERS: Mapping[str, str] = {"self": N_("个人缴费"), "enterprise": N_("企业出资"), "public": N_("机关、事业单位出资")}
COVER_RELATIONS: Mapping[str, str] = {"employee": N_("职工本人"), "wife": N_("配偶"), "child": N_("子女")}
ENDS: Mapping[str, str] = {"transfer": N_("调离"), "retirement": N_("退休"), "death": N_("身故"), "benefit": N_("保障责任全部终止"),
                           "withdrawn": N_("退保")}
ENDORSEMENTS: Mapping[str, str] = {"add": N_("增加"), "remove": N_("终止"), "change": N_("变更")}
LIABILITIES: Mapping[str, tuple[str, str]] = {
    "open": (N_("有效"), "good"), "ending": (N_("给付后终止"), "busy"), "ended": (N_("已终止"), "quiet")}
KIN: Mapping[str, str] = {
    "husband": N_("丈夫"), "wife": N_("妻子"), "parent": N_("父母"), "child": N_("子女"), "sibling": N_("兄弟姐妹"), "spouse": N_("配偶"),
    "other": N_("其他亲属"), "proxy": N_("代理人")}
CHANGED: Mapping[str, str] = {
    "name": N_("姓名"), "id_number": N_("身份证号"), "phone": N_("电话"), "died_on": N_("死亡日期"), "born": N_("出生日期"),
    "sex": N_("性别"), "category": N_("会员类别"), "proxy": N_("代理人"), "kin": N_("亲属"), "merged": N_("合并记录")}
CATEGORIES: Mapping[str, str] = {"model_worker": N_("劳模"), "specially_poor": N_("特困职工"), "hardship": N_("困难职工")}
CORRECTED: Mapping[str, str] = {name: CHANGED[name] for name in ("name", "id_number", "phone", "died_on")}
PERSON_DONE: Mapping[str, str] = {
    "corrected": N_("已更正，更正前后都有留存。"), "category": N_("类别已认定。"), "category_withdrawn": N_("类别认定已撤销。"),
    "card": N_("银行卡已登记。"), "proxy": N_("代理人已登记。"), "proxy_ended": N_("代理已终止。"), "kin": N_("亲属关系已登记。"),
    "kin_removed": N_("亲属登记已撤销。")}
COVER_DONE: Mapping[str, str] = {"endorsed": N_("批单已登记。"), "ended": N_("保障已终止。"), "shares": N_("份数已变更。")}
TOLD_DONE: Mapping[str, str] = {
    "told": N_("已登记转告。"), "join": N_("已提出并案，没有重复案件的当即并入，有的等另一人确认。"), "joined": N_("已并案。"),
    "apart": N_("已登记为不同事件。"),
    "cancelled": N_("案件已作废。"), "dropped": N_("作废申请已撤回，案件继续办理。")}
ADDRESSEES: Mapping[str, str] = {"committee": N_("单位工会女职工委员会"), "insurer": N_("保险公司")}
CANCELS: Mapping[str, str] = {"duplicate": N_("重复"), "mistake": N_("误录")}
ACT_TITLES: Mapping[str, str] = {
    "correct": N_("更正登记信息"), "category": N_("认定会员类别"), "card": N_("登记银行卡"), "proxy": N_("登记代理人"),
    "kin": N_("登记亲属")}
