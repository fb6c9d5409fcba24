"""Settlements as other regions print them: heads over values, sentences, two tongues, last year beside this one."""

from __future__ import annotations

from decimal import Decimal

from services.simulate.scans.canvas import GREY, Look, Page
from services.simulate.scans.forms import shifted

_SONG, _HEI, _MONO, _SMALL = Look("song", 24), Look("hei", 23), Look("mono", 24), Look("hei", 18, GREY)


def _heads(page: Page) -> None:
    """A form of a whole province: rows of heads with their values in the row below."""
    page.facts["asked_on"] = shifted(page.facts["settled_on"], 21)
    page.text(0, 70, "职工基本医疗保险住院医疗费用结算表", Look("song-bold", 36), width=1240, align="middle")
    page.text(70, 136, "统筹区：市本级　　　　　险种：职工基本医疗保险　　　　　　　　　　　单位：元", Look("song", 20))
    y = page.table(70, 170, (150, 220, 120, 220, 150, 240), (
        ("姓名", "{name}", "性别", "{sex~}", "人员类别", "在职"), ("单位名称", ("{unit_name}", 3), "业务号", "{number}"),
        ("医疗机构", ("{hospital}", 3), "医院级别", "三级甲等"),
        ("入院时间", "{admitted_on}", "出院时间", "{discharged_on}", "住院天数", "{days}"),
        ("临床诊断", ("{disease}", 3), "结算时间", "{settled_on}")), Look("song", 22), high=52)
    y = page.table(70, y, (220,) * 5, (
        ("医疗费总额", "全自费金额", "先行自付金额", "起付标准", "符合政策范围金额"),
        ("{total}", "{own_expense}", "{own_2}", "800.00", "—")), Look("song", 22), high=52, align="right")
    y = page.table(70, y, (220,) * 5, (
        ("统筹基金支付", "大额补助支付", "公务员补助", "按比例自付", "个人支付合计"),
        ("{pool_fund_paid}", "{large_fund_paid}", "0.00", "{own_1}", "{own_payment}")), Look("song", 22), high=52, align="right")
    y = page.table(70, y, (220, 880), (("个人支付合计（大写）", "{own_words}"),), Look("song", 22), high=52)
    page.text(70, y + 24, "经办人：{doctor}　　复核人：{doctor2}　　打印日期：{asked_on}", Look("song", 22))
    page.seal(960, y + 30, page.facts["hospital"], radius=90, middle="医保专用章")


def _two_tongues(page: Page) -> None:
    """Chinese and English side by side, values set to the right over dotted lines."""
    page.text(80, 70, "{hospital}", Look("hei-bold", 34))
    page.text(80, 122, "住院费用结算单  INPATIENT SETTLEMENT STATEMENT", Look("hei", 26))
    page.line(80, 166, 1160, 166, thick=3)
    for x, top, label, value in (
            (80, 190, "患者姓名 Patient", "{name}"), (640, 190, "结算单号 Statement No.", "{number}"),
            (80, 236, "入院 Admission", "{admitted_on|slash}"), (640, 236, "出院 Discharge", "{discharged_on|slash}"),
            (80, 282, "住院天数 Days", "{days}"), (640, 282, "结算日期 Date of settlement", "{settled_on|slash}")):
        page.text(x, top, label, _HEI)
        page.text(x + 330, top, value, _MONO, width=190, align="right")
    y = 350.0
    for label, name in (("费用总额 Total charges", "total"), ("医保统筹基金支付 Pooled fund", "pool_fund_paid"),
                        ("大病保险支付 Catastrophic insurance", "large_fund_paid"), ("自付一 Co-payment", "own_1"),
                        ("自付二 Prior deduction", "own_2"), ("自费 Not covered", "own_expense"),
                        ("个人支付 Patient pays", "own_payment"), ("预交金 Deposit", "advance")):
        page.text(80, y, label, _HEI)
        page.text(520, y + 2, "." * 44, _SMALL)
        page.text(860, y, f"{{{name}|comma}}", _MONO, width=300, align="right")
        y += 50
    page.text(80, y + 40, "收费员 Cashier：{doctor2}", _HEI)
    page.seal(960, y + 10, page.facts["hospital"], middle="结算专用章")


def _told(page: Page) -> None:
    """A letter that tells everything in sentences."""
    text = Look("song", 28, lead=1.9)
    page.text(0, 110, "住院医疗费用医保结算书", Look("song-bold", 44), width=1240, align="middle")
    page.text(90, 196, "结算编号：{number}", Look("song", 24), width=1060, align="right")
    y = page.text(110, 260, "　　参保人员{name}（{sex~}，身份证号{id_number|star}）于{admitted_on|cn}至{discharged_on|cn}在{hospital}"
                  "住院治疗{days}天，现予结算：", text, width=1020)
    y = page.text(110, y, "　　本次发生医疗总费用{total}元。其中：统筹基金支付{pool_fund_paid}元，大额互助支付{large_fund_paid}元；"
                  "自付一{own_1}元，自付二{own_2}元，自费{own_expense}元，个人负担合计{own_payment}元。", text, width=1020)
    y = page.text(110, y, "　　本年度统筹基金累计支付已计入个人权益记录。对结算结果有异议的，"
                  "请于收到本书之日起六十日内向医疗保障经办机构提出。",
                  text, width=1020)
    page.text(640, y + 90, "医疗保险服务中心（盖章）", text)
    page.text(640, y + 150, "结算日期：{settled_on|gap}", text)
    page.seal(860, y + 110, "示例市医疗保险服务中心", middle="结算专用章")


def _years(page: Page) -> None:
    """This stay beside what the year came to, line by line; labels numbered, values right."""
    facts = page.facts
    for name in ("total", "pool_fund_paid", "large_fund_paid", "own_payment"):
        facts[f"year_{name}"] = f"{Decimal(facts[name]) * 3 / 2 + 1000:.2f}"
    facts["entered_on"] = shifted(facts["admitted_on"], -40)
    page.text(0, 60, "{hospital}住院结算清单", Look("hei-bold", 34), width=1240, align="middle")
    page.text(80, 130, "住院号 {case_no}　　姓名 {name}　　性别 {sex~}　　参保日期 " + facts["entered_on"], _HEI)
    page.text(80, 176, "住院起止日期 {admitted_on|dot}—{discharged_on|dot}　共 {days} 天　　科室 {ward}", _HEI)
    page.text(80, 222, "清单编号 {number}　　　　结算完成日期 {settled_on|dot}", _HEI)
    rows = [("序号", "项　目", "本次金额", "本年累计")]
    for place, (label, name, year) in enumerate((
            ("医疗总费用", "total", "year_total"), ("基本统筹支付", "pool_fund_paid", "year_pool_fund_paid"),
            ("大额救助金支付", "large_fund_paid", "year_large_fund_paid"), ("个人自付一", "own_1", ""), ("个人自付二", "own_2", ""),
            ("个人自费", "own_expense", ""), ("个人支付小计", "own_payment", "year_own_payment"), ("其中：个人账户", "account_paid", ""),
            ("　　　现金", "cash_paid", "")), 1):
        rows.append((str(place), label, f"{{{name}}}", f"{{{year}}}" if year else "—"))
    y = page.table(80, 276, (100, 400, 290, 290), rows, _HEI, high=52)
    page.text(80, y + 24, "应退预交金：{advance~}　　　制单：{doctor2}", _HEI)
    page.seal(900, y - 20, facts["hospital"], middle="出院结算处")


def _bracketed(page: Page) -> None:
    """Labels in brackets, two columns, blanks underlined, the sums at the foot."""
    page.facts["printed_on"] = shifted(page.facts["settled_on"], 9)
    page.text(0, 80, "住 院 费 用 结 算 凭 证", Look("kai", 42), width=1240, align="middle")
    page.text(80, 150, "（定点医疗机构）{hospital}", _SONG)
    page.text(800, 150, "（凭证编号）{number}", _SONG)
    page.line(80, 196, 1160, 196)
    y = 214.0
    for left, right in ((("姓名", "{name}"), ("社会保障卡号", "{id_number|star}")),
                        (("住院日期", "{admitted_on|cn0}"), ("离院日期", "{discharged_on|cn0}")),
                        (("实际住院天数", "{days}天"), ("费用结算日期", "{settled_on|cn0}"))):
        for x, (label, value) in zip((80, 640), (left, right), strict=True):
            page.text(x, y, f"（{label}）", _SONG)
            page.text(x + 210, y, value, _SONG)
            page.line(x + 200, y + 34, x + 500, y + 34, thick=1)
        y += 56
    y += 14
    pairs = (("医疗费用合计", "total"), ("基本医疗保险统筹支付", "pool_fund_paid"), ("大额医疗费用补助支付", "large_fund_paid"),
             ("乙类自付", "own_2"), ("范围内自付", "own_1"), ("目录外自费", "own_expense"), ("账户支付", "account_paid"),
             ("现金支付", "cash_paid"))
    for place, (label, name) in enumerate(pairs):
        x, row = (80, 640)[place % 2], y + place // 2 * 54
        page.text(x, row, label, _SONG)
        page.text(x + 290, row, f"{{{name}|yen}}", _MONO)
    page.text(80, y + 240, "以上费用已结清。（个人负担金额）{own_payment|yen}　（大写）{own_words}", _SONG)
    page.text(80, y + 300, f"打印时间 {page.facts['printed_on']} 10:22　操作员 {{doctor2}}", _SMALL)
    page.seal(930, y + 250, page.facts["hospital"], middle="财务专用章")


LAYOUTS = {"heads_over": (_heads, (1240, 900)), "two_tongues": (_two_tongues, (1240, 1000)), "told": (_told, (1240, 1300)),
                          "years": (_years, (1240, 1000)), "bracketed": (_bracketed, (1240, 980))}
