"""What the claim page calls states, clocks, levels and entries of the record: Chinese words, each a key of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping

from services.web.language import N_

# state -> (words, kind of tag, what comes next and who does it)
STATES: Mapping[str, tuple[str, str, str]] = {
    "reported": (N_("已报案"), "busy", N_("核验人核对材料，齐全后核验")),
    "supplementing": (N_("待补充材料"), "busy", N_("等待申请人补充材料")),
    "verified": (N_("已核验"), "busy", N_("系统核算并分派审核层级")),
    "in_review": (N_("审核中"), "busy", N_("由当前层级审核")),
    "with_insurer": (N_("保险公司办理"), "busy", N_("等待保险公司审核决定")),
    "payable": (N_("待付款"), "good", N_("财务制单、复核后付款")),
    "refused": (N_("不予给付"), "stop", N_("送达通知书，等待异议期满")),
    "paid": (N_("已付款"), "good", N_("送达通知，等待异议期满")),
    "closed": (N_("已结案"), "quiet", N_("无")),
    "cancelled": (N_("已撤回或作废"), "quiet", N_("无")),
}
STEP_STATES: Mapping[str, tuple[str, str]] = {
    "waiting": (N_("未到"), "quiet"), "open": (N_("办理中"), "busy"), "passed": (N_("已通过"), "good"),
    "refused": (N_("不予给付"), "stop"),
    "void": (N_("作废"), "quiet")}
VERDICTS: Mapping[str, tuple[str, str]] = {
    "missing": (N_("缺"), "stop"), "waiting": (N_("待核对"), "busy"), "accepted": (N_("已认可"), "good"),
    "rejected": (N_("已退回"), "stop")}
# what the door saw of an upload -> (what is wrong, what to do): `storage.quality.ADVICE`
ADVICE: Mapping[str, tuple[str, str]] = {
    "picture_small": (N_("图片偏小，字可能看不清"), N_("请把材料放满取景框重新拍照，或用更高的清晰度扫描")),
    "picture_dark": (N_("图片太暗"), N_("请在光线充足的地方重新拍照，避开手机的影子")),
    "picture_pale": (N_("图片太亮，字可能已发白"), N_("请关掉闪光灯，避开强光重新拍照")),
    "picture_blurred": (N_("图片模糊"), N_("请拿稳手机，对准后再拍，或改用扫描")),
    "picture_empty": (N_("图片上像是没有内容"), N_("请确认拍的是有字的一面，再重新拍照"))}
ROLES: Mapping[str, str] = {
    "member": N_("会员"), "unit_clerk": N_("基层工会经办"), "district_reviewer": N_("区、产业工会审核"),
    "office_reviewer": N_("办事处初审"),
    "senior_reviewer": N_("办事处复审"), "head": N_("办事处主任"), "finance_maker": N_("财务制单"), "finance_checker": N_("财务复核"),
    "auditor": N_("审计"), "administrator": N_("管理员"), "insurer": N_("保险公司"), "hospital": N_("定点医院"), "system": N_("系统")}
CLOCKS: Mapping[str, str] = {
    "report": N_("报案"), "first_notice": N_("首次通知"), "verification": N_("材料核验"), "level": N_("本级审核"), "pay": N_("给付"),
    "supplement": N_("补充材料"),
    "assessment": N_("保险公司核定"), "insurer_pay": N_("保险公司给付"), "agreement": N_("达成协议后给付"), "advance": N_("先予支付"),
    "refusal_letter": N_("不予给付通知"), "objection": N_("异议"), "limitation": N_("申领时效")}
# What a desk was reminded of.
ALERTS: Mapping[str, tuple[str, str]] = {
    "warned": (N_("即将到期"), "busy"), "breached": (N_("已逾期"), "stop"), "escalated": (N_("已报上级"), "stop")}
DAY_KINDS: Mapping[str, str] = {"working": N_("个工作日"), "calendar": N_("日（自然日）")}
DECISIONS: Mapping[str, str] = {
    "pay": N_("给付"), "part": N_("部分给付"), "refund": N_("退还费用"), "nothing": N_("不予给付"), "manual": N_("须人工核定"),
                                "withdrawn": N_("撤回"), "not_pursued": N_("逾期未补正"), "duplicate": N_("重复"), "mistake": N_("误录")}
SOURCES: Mapping[str, str] = {"office": N_("办事处"), "insurer": N_("保险公司"), "union": N_("工会")}
HANDOFFS: Mapping[str, str] = {
    "prepared": N_("待移送"), "sent": N_("已发出"), "received": N_("已收到"), "questioned": N_("问询中"), "decided": N_("已决定"),
    "settled": N_("已给付"),
    "recalled": N_("已撤回")}
PAYMENTS: Mapping[str, tuple[str, str]] = {
    "planned": (N_("待制单"), "busy"), "batched": (N_("已制单"), "busy"), "released": (N_("已复核放行"), "busy"),
    "sent": (N_("已送银行"), "busy"),
    "credited": (N_("已到账"), "good"), "returned": (N_("被退回"), "stop"), "cancelled": (N_("已取消"), "quiet")}
PURPOSES: Mapping[str, str] = {"benefit": N_("互助金"), "refund": N_("退还费用"), "advance": N_("先予支付"), "difference": N_("差额"),
                                "settlement": N_("结算互助金")}
LETTER_STATES: Mapping[str, tuple[str, str]] = {
    "drafted": (N_("待签发"), "busy"), "issued": (N_("已签发"), "busy"), "dispatched": (N_("已发出"), "busy"),
    "delivered": (N_("已送达"), "good"),
    "replaced": (N_("已更正"), "quiet"), "voided": (N_("已作废"), "quiet")}
LETTERS: Mapping[str, str] = {
    "receipt": N_("受理回执"), "supplement": N_("补充材料告知书"), "reminder": N_("补充材料提醒通知书"),
    "not_pursued": N_("未继续办理结案通知书"), "advance": N_("先予支付通知书"),
    "decision": N_("给付决定书"), "refusal": N_("不予给付通知书"),
    "refund": N_("退费通知书"),
    "consolation": N_("慰问金通知书"), "cover_note": N_("转送保险公司决定的函"), "payment": N_("付款通知书"),
    "transfer": N_("移送告知书"),
    "withdrawal": N_("撤回确认书"), "objection_receipt": N_("异议收件回执"), "reopened": N_("重新审核通知书"),
    "reexamined": N_("重新审核结果通知书"), "recalled": N_("收回移送材料告知书"), "held": N_("暂停办理告知书"),
    "extended": N_("延期告知书"),
    "heirs": N_("继承人领款事项告知书"), "repayment": N_("返还款项通知书"), "account": N_("重新登记收款账户通知书"),
    "limitation": N_("申领时效届满提醒书"), "date_changed": N_("期限变更告知书")}
LISTS: Mapping[str, tuple[str, str]] = {
    "drafted": (N_("待送达"), "busy"), "delivered": (N_("已送达，待答复"), "busy"), "answered": (N_("已答复"), "good"),
    "lapsed": (N_("逾期"), "stop")}
ITEMS: Mapping[str, str] = {"open": N_("待补充"), "answered": N_("已补充"), "unavailable": N_("无法提供")}
ANSWERS: Mapping[str, str] = {"True": N_("属于"), "False": N_("不属于"), "suspected": N_("疑似")}
NUMBERS: Mapping[str, str] = {"id_number": N_("身份证号"), "phone": N_("电话"), "bank_account": N_("银行账号")}
ACTS: Mapping[str, str] = {"certify": N_("证明"), "review": N_("审核")}
CHANNELS: Mapping[str, str] = {"bank": N_("银行"), "insurer": N_("保险公司支付"), "clerk": N_("基层工会经办"), "member": N_("会员本人"),
                               "phone": N_("电话"), "api": N_("系统接口")}
RELATIONS: Mapping[str, str] = {
    "self": N_("本人"), "husband": N_("丈夫"), "wife": N_("妻子"), "spouse": N_("配偶"), "child": N_("子女"), "parent": N_("父母"),
    "grandchild": N_("孙子女、外孙子女"),
    "sibling": N_("兄弟姐妹"), "grandparent": N_("祖父母、外祖父母"), "child_in_law": N_("尽了主要赡养义务的丧偶儿媳、女婿"),
    "niece_nephew": N_("侄子女、甥子女"), "other": N_("其他（指定）")}
PEOPLE: Mapping[str, str] = {
    "normal": N_("一般会员"), "model_worker": N_("劳模"), "specially_poor": N_("特困职工"), "hardship": N_("困难职工"),
                             "F": N_("女"), "M": N_("男")}
ORIGINS: Mapping[str, str] = {
    "seed": N_("条款"), "clause": N_("条款"), "promise": N_("公开承诺"), "law": N_("法律"), "ours": N_("内部规定"),
    "association": N_("协会规定"),
    "web": N_("公开网页"), "reading": N_("条款解释"), "UNVERIFIED": N_("未经核实")}

OBJECTIONS: Mapping[str, tuple[str, str]] = {
    "lodged": (N_("待受理"), "busy"), "accepted": (N_("已受理，审核中"), "busy"), "decided": (N_("已处理"), "good"),
    "withdrawn": (N_("已撤回"), "quiet")}
RESULTS: Mapping[str, str] = {
    "raised": N_("补付"), "upheld": N_("维持原决定"), "lowered": N_("减少"), "dismissed": N_("不再审核")}
CORRECTIONS: Mapping[str, str] = {
    "fact": N_("事实"), "amount": N_("金额"), "card": N_("收款账户"), "clerical": N_("文字差错"), "other": N_("其他")}
GROUNDS: Mapping[str, str] = {"objection": N_("异议"), "correction": N_("更正"), "advance": N_("先予支付")}
ORIGINALS: Mapping[str, tuple[str, str]] = {
    "asked": (N_("已索取"), "busy"), "overdue": (N_("逾期未交"), "stop"), "received": (N_("已收到"), "good"),
    "returned": (N_("已归还"), "quiet"), "dropped": (N_("不再索取"), "quiet")}
RECEIVABLES: Mapping[str, tuple[str, str]] = {
    "open": (N_("待协商"), "busy"), "agreed": (N_("已达成协议"), "busy"), "received": (N_("已返还"), "good"),
    "written_off": (N_("免予返还"), "quiet")}

# What the system notes on a worksheet; a person's words stand as they are.
SHEETS: Mapping[str, str] = {"before the decision": N_("决定前核算"), "frozen at the decision": N_("作出决定时锁定")}

# What was done, said once on the page after it.
SAID: Mapping[str, str] = {
    "took": N_("已领取。"), "taken_over": N_("已收回，由您办理。"), "looked": N_("变动已记为您看过。"), "said": N_("已发给会员。"),
    "noted": N_("已记为内部备注。"), "objected": N_("已登记异议。"), "accepted": N_("已受理异议，新一轮审核开始。"),
    "dismissed": N_("已决定不再审核。"), "unobjected": N_("已撤回异议。"), "correction": N_("已提出更正，等待另一人确认。"),
    "confirmed": N_("已确认更正，新一轮审核开始。"), "uncorrected": N_("已撤回更正。"),
    "ahead_asked": N_("已提出先予支付，等待另一人确认。"),
    "ahead": N_("已确认先予支付，款项等待财务付款。"), "ahead_dropped": N_("已撤回先予支付。"), "original_asked": N_("已索取原件。"),
    "original_in": N_("已登记收到原件，收据编号见原件登记。"), "original_back": N_("已登记归还原件。"),
    "original_dropped": N_("已不再索取。"), "upheld": N_("已维持原决定。"), "delivered": N_("已登记送达。"),
    "answered": N_("已登记补充材料。"), "resumed": N_("已恢复办理。"), "consented": N_("已登记同意。"),
    "withdrawn": N_("已撤回申请。"), "dropped": N_("已放回。"),
    "passed": N_("已通过本级。"), "recommended": N_("已提出建议，交上级审核。"),
    "refused": N_("已作出不予给付决定。"),
    "sent_down": N_("已退回下级。"), "sent_back": N_("已退回材料环节。"), "held": N_("已暂停办理。"), "unheld": N_("已解除暂停。"),
    "delegated": N_("已转交同事。"),
    "amount": N_("已核定金额，核算表已更新。"), "exclusion": N_("已答复，核算表已更新。"), "regraded": N_("已调整，核算表已更新。"),
    "judged": N_("已核对材料。"), "finding": N_("已答复核对发现。"),
    "waived": N_("已免交该材料。"), "amended": N_("已更正事实。"), "asked": N_("已列出补充材料，告知书随后发出。"),
    "prepared": N_("已交复审人员，同意后发出。"), "declined": N_("已记录不再次告知的理由。"),
    "verified": N_("已核验，给付时限起算。"), "cancel_asked": N_("已提出作废，等待办事处另一人确认。"),
    "cancelled": N_("已作废。"), "cancel_dropped": N_("已撤回作废申请，案件继续办理。"),
    "died": N_("已登记身故，款项付给继承人。")}

# machine.event (or the event alone) -> what the record says
_EVENTS: Mapping[str, str] = {
    "claim.create": N_("报案立案"), "claim.verify": N_("核验通过"), "claim.ask": N_("告知补充材料"), "claim.answer": N_("补充材料收齐"),
    "claim.lapse": N_("逾期未补正，结案"), "claim.resume": N_("恢复办理"), "claim.route": N_("分派审核"),
    "claim.send_back": N_("退回材料环节"),
    "claim.approve": N_("作出给付决定"), "claim.refuse": N_("作出不予给付决定"), "claim.forward": N_("移送保险公司"),
    "claim.insurer_pay": N_("保险公司决定给付"), "claim.insurer_refuse": N_("保险公司决定不予给付"), "claim.recall": N_("从保险公司撤回"),
    "claim.settle": N_("款项全部到账"), "claim.reopen": N_("重新办理"), "claim.close": N_("结案"), "claim.cancel": N_("撤回或作废"),
    "claim.hold": N_("暂停"),
    "claim.unhold": N_("解除暂停"), "claim.note_death": N_("登记身故"), "claim.advance": N_("先予支付"),
    "claim.propose_advance": N_("提出先予支付"),
    "claim.drop_advance": N_("撤回先予支付"), "claim.amend": N_("更正事实"),
    "claim.set_amount": N_("核定金额"), "claim.answer_exclusion": N_("答复除外责任"),
    "claim.answer_finding": N_("答复核对发现"), "claim.take_facts": N_("填入核对过的事实"), "claim.worksheet": N_("核算"),
    "claim.freeze": N_("锁定核算表"),
    "claim.regrade": N_("更正病情分级"), "claim.moved": N_("案件转属"), "claim.ask_cancel": N_("提出作废"),
    "claim.drop_cancel": N_("撤销作废申请"),
    "claim.summary_signed": N_("汇总表签署"), "claim.qa_finding": N_("质检复查"),
    "review_step.create": N_("设置审核层级"), "review_step.open": N_("层级开始办理"), "review_step.take": N_("领取"),
    "review_step.drop": N_("放回"),
    "review_step.pass": N_("通过"), "review_step.refuse": N_("不予给付"), "review_step.send_down": N_("退回下级"),
    "review_step.reopen": N_("重新办理本级"),
    "review_step.reset": N_("须重新审核"), "review_step.void": N_("层级作废"), "review_step.escalate": N_("上交上级"),
    "review_step.delegate": N_("转交同事"),
    "review_step.take_over": N_("主任接办"),
    "handoff.create": N_("准备移送"), "handoff.send": N_("发送保险公司"), "handoff.repeat": N_("重发"),
    "handoff.reject": N_("保险公司退件"),
    "handoff.ack": N_("保险公司报案"), "handoff.file": N_("保险公司立案"), "handoff.question": N_("保险公司问询"),
    "handoff.reply": N_("答复问询"),
    "handoff.answer_part": N_("保险公司部分答复"), "handoff.decide": N_("保险公司决定"), "handoff.settle": N_("保险公司给付"),
    "handoff.reopen": N_("保险公司重开"), "handoff.recall": N_("撤回移送"),
    "handoff.disagree": N_("金额与保险公司不一致"), "handoff.ask_accept": N_("提出接受保险公司的金额"),
    "handoff.insist": N_("坚持本会金额"), "handoff.take_back_accept": N_("撤回接受意见"),
    "handoff.disagreement_accepted": N_("接受保险公司金额"), "handoff.disagreement_closed": N_("了结金额不一致"),
    "payment.create": N_("计划付款"), "payment.include": N_("列入付款批次"), "payment.exclude": N_("移出付款批次"),
    "payment.release": N_("复核放行"),
    "payment.send": N_("送银行"), "payment.announce": N_("保险公司付款"), "payment.credit": N_("到账"), "payment.bounce": N_("银行退回"),
    "payment.correct": N_("更正账户"), "payment.cancel": N_("取消付款"), "payment.propose_card": N_("提出更换账户"),
    "notice.create": N_("拟制文书"), "notice.issue": N_("签发文书"), "notice.dispatch": N_("发出文书"), "notice.deliver": N_("文书送达"),
    "notice.bounce": N_("文书未送达"), "notice.replace": N_("更正文书"), "notice.void": N_("作废文书"),
    "supplement.create": N_("列出补充材料"), "supplement.deliver": N_("补充清单送达"), "supplement.answer": N_("补充清单答复"),
    "supplement.lapse": N_("补充清单逾期"), "supplement.items": N_("逐项答复"),
    "further_list.prepare": N_("准备再次告知，交复审"), "further_list.release": N_("复审同意再次告知"),
    "further_list.decline": N_("复审不同意再次告知"),
    "paper.upload": N_("上传材料"), "paper.accept": N_("认可材料"), "paper.reject": N_("退回材料"), "paper.waive": N_("免交材料"),
    "paper.joined": N_("材料并入"), "paper.field_accept": N_("认可读出的内容"),
    "paper.read_again": N_("请机器重新识别"), "paper.field_correct": N_("改正读出的内容"),
    "paper.field_unreadable": N_("标为看不清"), "paper.field_enter": N_("照原件填写"), "paper.turn": N_("转正页面"),
    "consent.given": N_("登记同意"), "consent.withdrawn": N_("撤回同意"), "payee.card": N_("更换收款账户"), "case.told": N_("告知"),
    "case.report_joined": N_("并案"),
    "objection.create": N_("提出异议"), "objection.accept": N_("受理异议"), "objection.decide": N_("异议处理"),
    "objection.withdraw": N_("撤回异议"),
    "message.said": N_("留言"), "message.noted": N_("内部备注"), "original.asked": N_("索取原件"), "original.received": N_("收到原件"),
    "original.returned": N_("退还原件"), "original.dropped": N_("不再索取原件")}


def event_words(machine: str, event: str) -> str:
    """What an entry of the record is called; its own name when it has no words."""
    return _EVENTS.get(f"{machine}.{event}", f"{machine}.{event}")
