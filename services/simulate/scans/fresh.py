"""Layouts drawn after the rules were mended, to measure them untouched."""

from __future__ import annotations

from services.simulate.scans import prose
from services.simulate.scans.canvas import GREY, Look, Page
from services.simulate.scans.forms import shifted

_SONG, _HEI, _MONO, _SMALL = Look("song", 24), Look("hei", 23), Look("mono", 24), Look("hei", 18, GREY)


def _settlement_items(page: Page) -> None:
    """Funds and own parts in a table of three columns; the head in sentences of labels without colons; an earlier stay below."""
    facts = page.facts
    facts["before_in"], facts["before_out"] = shifted(facts["admitted_on"], -90), shifted(facts["admitted_on"], -81)
    page.text(0, 60, "城镇职工医疗保险出院费用结算清单", Look("hei-bold", 34), width=1240, align="middle")
    page.text(80, 126, "医院：{hospital}　　　　结算流水：{number}", _SONG)
    page.text(80, 168, "患者：{name}（{sex~}）　　住院号：{case_no}　　"
              "入院：{admitted_on|slash}　　出院：{discharged_on|slash}　　计 {days} 天", _SONG)
    y = page.table(80, 216, (340, 260, 480), (
        ("费用类别", "金额（元）", "说明"), ("费用总额", "{total|comma}", "全部住院医疗费用"),
        ("其中：自费", "{own_expense|comma}", "目录外药品、诊疗、耗材"), ("　　　先行自付", "{own_2|comma}", "乙类药品、特殊材料"),
        ("　　　自付一", "{own_1|comma}", "起付线 800.00 元以下及按比例部分"), ("统筹支付", "{pool_fund_paid|comma}", "支付比例 90%"),
        ("大额医疗补助支付", "{large_fund_paid|comma}", "超过统筹封顶线部分"),
        ("个人应付总额", "{own_payment|comma}", "预交 {advance~|comma}，多退少补")),
        Look("song", 22), high=50)
    page.text(80, y + 20, "上次住院：{before_in} 至 {before_out}　上次费用总额：8,123.45".replace("{before_in}", facts["before_in"])
              .replace("{before_out}", facts["before_out"]), _SMALL)
    page.text(80, y + 70, "结算员：{doctor2}　　　结账日期：{settled_on|cn}　　　患者或家属签字：", _SONG)
    page.seal(940, y + 20, facts["hospital"], middle="住院收费专用章")


def _settlement_over(page: Page) -> None:
    """Labels in small print over values, three in a row; a period in one cell."""
    page.text(70, 60, "{hospital}", Look("song-bold", 30))
    page.text(70, 108, "医疗费用结算单（住院）", Look("song", 28))
    y = 170.0
    rows = ((("参保人姓名", "{name}"), ("单据编号", "{number}"), ("结算时间", "{settled_on} 14:20:31")),
            (("住院起止日期", "{admitted_on}至{discharged_on}"), ("住院日数", "{days}"), ("住院科室", "{ward}")),
            (("医疗费用总额", "{total}"), ("统筹基金支付金额", "{pool_fund_paid}"), ("大病保险支付金额", "{large_fund_paid}")),
            (("个人自付一", "{own_1}"), ("个人自付二", "{own_2}"), ("个人自费金额", "{own_expense}")),
            (("个人支付总额", "{own_payment}"), ("个人账户支付", "{account_paid}"), ("个人现金支付", "{cash_paid}")))
    for row in rows:
        for place, (label, value) in enumerate(row):
            page.text(70 + place * 380, y, label, _SMALL)
            page.text(70 + place * 380, y + 28, value, _HEI)
        y += 96
    page.text(70, y + 10, "打印人：{doctor2}　本单据加盖印章后有效", _SMALL)
    page.seal(950, y - 60, page.facts["hospital"], middle="医保结算章")


def _invoice_county(page: Page) -> None:
    """A county's receipt with a row of heads, sums of the insurance in the foot, and the day at the very bottom."""
    page.text(0, 46, "定点医疗机构门诊收费票据", Look("song-bold", 34), width=1240, align="middle")
    page.text(80, 110, "收据代码 {code}　　收据号码 {number}　　校验 {check}", _SONG)
    page.text(80, 150, "姓名 {name}　　性别 {sex~}　　就诊科室 {ward}　　医保类别 职工", _SONG)
    rows = [(f"{{item_{place}}}", "1", f"{{cost_{place}}}", "甲类" if place % 2 else "乙类") for place in range(7)]
    y = page.table(80, 194, (440, 120, 300, 220), (("收费项目", "数量", "金额", "类别"), *rows), _SONG, high=46)
    page.text(80, y + 18, "合计大写：{amount_in_words}　　　　合计：{amount}元", _SONG)
    page.text(80, y + 62, "统筹支付：0.00　个人账户支付：{amount~}　现金支付：0.00　账户余额：2,310.55", _SONG)
    page.text(80, y + 112, "开票单位：{hospital}", _SONG)
    page.text(80, y + 156, "收款：{doctor2}　　　开票时间：{issued_on|slash} {clock}", _SONG)
    page.seal(940, y + 70, page.facts["hospital"], radius=84, middle="收费专用章")


def _fire_result(page: Page) -> None:
    """A form with its text in one wide cell under each head; several people and days."""
    facts = page.facts
    facts["told_on"], facts["served_on"] = shifted(facts["on"], 2), shifted(facts["issued_on"], 5)
    page.text(0, 90, "{brigade}", Look("song-bold", 34), width=1240, align="middle")
    page.text(0, 142, "火灾事故调查认定书", Look("song-bold", 42), width=1240, align="middle")
    page.text(90, 214, "文号：{number}", _SONG)
    page.text(760, 214, f"立案日期：{facts['told_on']}", _SONG)
    y = page.table(90, 256, (200, 330, 200, 330), (
        ("报警人", "{doctor}", "受灾户主", "{name}"), ("报警时间", "{on~} {hour}", "火灾发生时间", "{on} {hour}"),
        ("火灾发生地点", ("{place}", 3)), ("财产损失", "18600元", "伤亡情况", "无")), _HEI, high=60)
    y = page.table(90, y, (1060,), (("一、起火原因",), ("　　经现场勘验、调查询问，排除人为放火，认定起火原因为{cause}。",),
                                   ("二、告知事项",),
                                   (prose.APPEAL,)), Look("song", 25, lead=1.6))
    page.text(90, y + 30, f"调查人员：{{doctor2}}　　认定日期：{{issued_on}}　　送达日期：{facts['served_on']}", _SONG)
    page.seal(930, y - 20, facts["brigade"])


def _fire_letter(page: Page) -> None:
    """A letter to the owner of a dwelling."""
    text = Look("song", 29, lead=1.9)
    page.text(0, 120, "火灾事故证明", Look("song-bold", 46), width=1240, align="middle")
    page.text(90, 200, "（{number}）", Look("song", 25), width=1060, align="middle")
    y = page.text(110, 270, "　　兹证明{name}（公民身份号码{id_number}）位于{place}的住宅于{on|cn}{hour}许失火。"
                  "我队出动消防车2辆、消防员12人，于当日{hour}将火扑灭。", text, width=1020)
    y = page.text(110, y, "　　经查，火灾原因系{cause}。" + prose.BURNT, text, width=1020)
    y = page.text(110, y, "　　本证明仅用于申请困难救助，自开具之日起六个月内有效。", text, width=1020)
    page.text(640, y + 90, "{brigade}（盖章）", text)
    page.text(700, y + 150, "{issued_on|cn}", text)
    page.seal(860, y + 120, page.facts["brigade"])


def _card_table(page: Page) -> None:
    """A table of payees' accounts with an account's number of another kind beside the card's."""
    page.text(0, 90, "职工互助保障金银行卡信息采集表", Look("hei-bold", 36), width=1240, align="middle")
    page.table(70, 180, (150, 260, 240, 310, 140), (
        ("姓名", "身份证号码", "开户银行", "银行卡卡号", "备注"),
        ("{name~}", "{id_number}", "{bank}", "{account}", "本人")), Look("song", 20), high=60)
    page.text(70, 330, "单位账号：6400{case_no}0001　　填表日期：{opened_on}　　联系电话：13900000000", _SONG)
    page.text(70, 380, "经办人：{doctor}　　单位（盖章）：{unit_name}", _SONG)


def _settlement_letters(page: Page) -> None:
    """Label and value in brackets and dashes on lines of their own, amounts before their words at the right edge; deposits and refunds."""
    page.facts["asked_on"] = shifted(page.facts["admitted_on"], -2)
    page.text(0, 70, "{hospital}", Look("kai", 36), width=1240, align="middle")
    page.text(0, 126, "出 院 结 算 单", Look("song-bold", 36), width=1240, align="middle")
    for place, text in enumerate((
            "姓　　名　{name}　　　　性　　别　{sex~}　　　　年　　龄　{age}",
            "医保报销单号　{number}　　　　登记日期　" + page.facts["asked_on"],
            "入院日期　{admitted_on|cn}　　　　出院日期　{discharged_on|cn}", "住院天数　{days}　　　　　　　　结清日期　{settled_on|cn}")):
        page.text(90, 200 + place * 46, text, _SONG)
    y = 400.0
    for left, one, right, two in (("住院费合计", "total", "预交金合计", "advance"),
                                  ("医保统筹报销", "pool_fund_paid", "大额救助报销", "large_fund_paid"),
                                  ("完全自费", "own_expense", "乙类自理", "own_2"), ("统筹内自付", "own_1", "本人负担合计", "own_payment"),
                                  ("账户支付", "account_paid", "现金补缴", "cash_paid")):
        for x, label, name in ((90, left, one), (660, right, two)):
            page.text(x, y, f"{label}（元）", _SONG)
            page.text(x + 250, y, f"{{{name}}}", _MONO, width=230, align="right")
        y += 52
    page.text(90, y + 30, "结算窗口：3 号　　收费员：{doctor2}　　主治医师：{doctor}", _SONG)
    page.seal(940, y + 20, page.facts["hospital"], middle="出入院管理处")


def _invoice_stamp(page: Page) -> None:
    """A receipt in prose, with the insurance's part and a replaced receipt's number."""
    page.text(0, 60, "医疗收费收据", Look("song-bold", 40), width=1240, align="middle")
    page.text(800, 120, "收据编号：{number}", _SONG)
    page.text(90, 180, "今收到　{name}　交来门诊医疗费用", Look("song", 28))
    page.text(90, 240, "人民币（大写）{amount_in_words}　　￥{amount}", Look("song", 28))
    page.text(90, 300, "上列款项包括：{item_0}{cost_0}元、{item_1}{cost_1}元、{item_2}{cost_2}元等", Look("song", 24))
    page.text(90, 360, "原票据号码 0098811 作废", Look("song", 22, GREY))
    page.text(90, 420, "收款单位：{hospital}　　收款人：{doctor2}", Look("song", 24))
    page.text(800, 470, "{issued_on|gap}", Look("song", 26))
    page.seal(600, 400, page.facts["hospital"], radius=90, middle="收费专用章")


def _fire_record(page: Page) -> None:
    """A record with the day of the survey above all, the owner and the tenant, and a finding in two sentences."""
    facts = page.facts
    facts["seen_on"] = shifted(facts["on"], 1)
    text = Look("song", 27, lead=1.8)
    page.text(0, 100, "火灾事故认定复核告知暨认定书", Look("hei-bold", 38), width=1240, align="middle")
    page.text(100, 176, f"勘验日期：{facts['seen_on']}　　　　　　　　文书号：{{number}}", text)
    y = 240.0
    for label, value in (("当事人（房主）", "{name}　{sex~}　{age}岁"), ("承租人", "{doctor}"), ("失火地址", "{place}"),
                         ("失火时间", "{on|cn0}{hour}"),
                         ("起火成因", "经认定，{cause}，并蔓延成灾。"), ("处理情况", prose.BURNT)):
        page.text(100, y, label, text)
        y = page.text(340, y, value, text, width=800) + 8
    y = page.text(100, y + 20, "　　" + prose.APPEAL, text, width=1040)
    page.text(100, y + 60, "送达人：{doctor2}", text)
    page.text(640, y + 60, "{brigade}", text)
    page.text(640, y + 112, "签发日期：{issued_on|cn0}", text)
    page.seal(860, y + 90, facts["brigade"])


LAYOUTS = {"settlement": {"items": (_settlement_items, (1240, 900)), "over": (_settlement_over, (1240, 800)),
                          "letters": (_settlement_letters, (1240, 900))},
           "invoice": {"county": (_invoice_county, (1240, 900)), "collected": (_invoice_stamp, (1240, 640))},
           "fire": {"result": (_fire_result, (1240, 1200)), "letter": (_fire_letter, (1240, 1300)), "record": (_fire_record, (1240, 1300))},
           "bank_card": {"collected": (_card_table, (1240, 560))}}
