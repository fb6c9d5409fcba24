"""What the desk of papers calls sheets, fields, readings and keys. A test holds the names to the reader's vocabulary."""

from __future__ import annotations

from collections.abc import Mapping

from services.web.language import N_

SHEETS: tuple[str, ...] = (
    N_("居民身份证"), N_("银行卡"), N_("疾病诊断证明书"), N_("病理检查报告单"), N_("出院小结"), N_("住院费用结算单"), N_("医疗收费票据"),
    N_("火灾事故认定书"))
FIELDS: tuple[str, ...] = (
    N_("姓名"), N_("医疗机构"), N_("印章"), N_("入院日期"), N_("出院日期"), N_("住院天数"), N_("性别"), N_("出生日期"), N_("公民身份号码"),
    N_("有效期止（日期或长期）"), N_("卡号"), N_("开户银行"), N_("诊断"), N_("确诊（开具）日期"), N_("病理号"), N_("标本提取（采集）日期"),
    N_("标本接收日期"), N_("报告日期"), N_("病理诊断"), N_("出院诊断"), N_("结算单号"), N_("结算日期"), N_("费用总额"), N_("统筹基金支付"),
    N_("大额互助（大病）支付"), N_("自付一"), N_("自付二"), N_("自费"), N_("个人支付合计"), N_("票据代码"), N_("票据号码"), N_("交款人"),
    N_("收款单位"), N_("开票日期"), N_("金额合计（小写）"), N_("金额合计（大写）"), N_("文号"), N_("当事人"), N_("起火地点"),
    N_("起火日期"), N_("起火原因"), N_("认定日期"), N_("就诊医院"))
# how a field was read -> (words, kind of tag)
CERTAINTY: Mapping[str, tuple[str, str]] = {"sure": (N_("确信"), "good"), "check": (N_("请核对"), "busy"), "none": (N_("没读出"), "stop")}
STATES: Mapping[str, tuple[str, str]] = {
    "accepted": (N_("已认可"), "good"), "corrected": (N_("已改正"), "good"), "unreadable": (N_("看不清"), "stop")}
SOURCES: Mapping[str, str] = {"ocr": N_("机器识读"), "text": N_("取自文件自带的文字"), "hand": N_("由人填写")}
KEYS: tuple[tuple[str, str], ...] = (
    ("↑ ↓", N_("上一项、下一项")), ("Enter", N_("认可这一项")), ("a", N_("认可这一项")), ("e", N_("改正这一项")), ("u", N_("这一项看不清")),
    ("n", N_("下一页；没有下一页时到下一份材料")), ("p", N_("到“认可”按钮（再按回车确认）")), ("r", N_("向右转 90 度")),
    ("+ -", N_("放大、缩小")), ("0", N_("恢复原大小")), ("o", N_("打开原件")), ("?", N_("显示这张表")))
