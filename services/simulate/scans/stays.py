"""Layouts of discharge summaries and in-patient settlement sheets."""

from __future__ import annotations

from services.simulate.scans import prose
from services.simulate.scans.canvas import BLUE, GREY, Look, Page

_SONG, _HEI = Look("song", 26), Look("hei", 25)


def _discharge_classic(page: Page) -> None:
    page.text(0, 100, "{hospital}", Look("song-bold", 38), width=1240, align="middle")
    page.text(0, 166, "出 院 小 结", Look("song-bold", 46), width=1240, align="middle")
    for x, text in ((100, "姓名：{name}"), (360, "科别：{ward}"), (660, "床号：{bed}"), (850, "住院号：{case_no}")):
        page.text(x, 262, text, _SONG)
    page.line(90, 308, 1150, 308)
    for x, text in ((100, "性别：{sex~}"), (360, "年龄：{age}岁"), (660, "职业：职员")):
        page.text(x, 326, text, _SONG)
    page.text(100, 378, "入院日期：{admitted_on}", _SONG)
    page.text(480, 378, "出院日期：{discharged_on}", _SONG)
    page.text(860, 378, "住院天数：{days|days}", _SONG)
    y = page.text(100, 440, "入院情况：" + prose.COMPLAINT + prose.EXAMINED, _SONG, width=1040)
    y = page.text(100, y + 14, "入院诊断：待查", _SONG)
    y = page.text(100, y + 14, "诊疗经过：" + prose.COURSE, _SONG, width=1040)
    y = page.text(100, y + 14, "出院诊断：{disease}", Look("song-bold", 26), width=1040)
    y = page.text(100, y + 14, "出院情况：" + prose.STATE, _SONG, width=1040)
    y = page.text(100, y + 14, "出院医嘱：" + prose.ADVICE, _SONG, width=1040)
    page.text(760, y + 60, "医师签名：", _SONG)
    page.text(900, y + 50, "{doctor}", Look("kai", 40, BLUE, hand=True))
    page.seal(420, y + 70, page.facts["hospital"], middle="病案专用章")


def _discharge_table(page: Page) -> None:
    page.text(0, 90, "{hospital}出院记录", Look("hei-bold", 40), width=1240, align="middle")
    y = page.table(90, 190, (140, 220, 140, 210, 140, 210), (
        ("姓名", "{name}", "性别", "{sex~}", "年龄", "{age}岁"), ("科室", "{ward}", "病床", "{bed}床", "病案号", "{case_no}"),
        ("入院时间", "{admitted_on|cn}", "出院时间", "{discharged_on|cn}", "住院日", "{days|days}"),
        ("入院诊断", ("腹部包块待查", 5)), ("出院诊断", ("{disease}", 5))), Look("hei", 23), high=64)
    for title, text in (("入院时情况", prose.COMPLAINT + prose.EXAMINED), ("住院经过", prose.COURSE), ("出院时情况", prose.STATE),
                        ("出院医嘱", prose.ADVICE)):
        page.text(100, y + 22, title, Look("hei-bold", 25))
        y = page.text(100, y + 62, text, _HEI, width=1040)
    page.text(640, y + 60, "主治医师：{doctor}　住院医师：{doctor2}", _HEI)
    page.seal(330, y + 80, page.facts["hospital"], radius=90, middle="住院部")


def _discharge_told(page: Page) -> None:
    page.text(0, 100, "{hospital}", Look("song", 34), width=1240, align="middle")
    page.text(0, 160, "出院记录", Look("song-bold", 44, spread=16), width=1240, align="middle")
    page.text(100, 250, "科室：{ward}　　床号：{bed}　　住院号：{case_no}", _SONG)
    y = page.text(100, 310, "　　患者{name}，{sex~}，{age}岁，于{admitted_on|cn}入院，于{discharged_on|cn}出院，"
                  "共住院{days}天。", Look("song", 27, lead=1.8),
                  width=1040)
    for text in ("　　入院情况：" + prose.COMPLAINT, "　　入院诊断：占位性病变性质待定。", "　　诊治经过：" + prose.COURSE + prose.EXAMINED,
                 "　　出院诊断：{disease}。", "　　出院时情况：" + prose.STATE, "　　出院医嘱：" + prose.ADVICE):
        y = page.text(100, y + 8, text, Look("song", 27, lead=1.7), width=1040)
    page.text(700, y + 60, "记录医师：{doctor}", _SONG)
    page.seal(820, y + 100, page.facts["hospital"])


def _discharge_columns(page: Page) -> None:
    page.text(90, 90, "{hospital}", Look("hei-bold", 34))
    page.text(860, 90, "出院小结", Look("hei-bold", 40))
    page.line(80, 160, 1160, 160, thick=3)
    left = (("患者姓名", "{name}"), ("登记号", "{visit_no}"), ("入院日期", "{admitted_on|dot}"), ("实际住院天数", "{days}"))
    right = (("科别", "{ward}"), ("性别/年龄", "{sex~} {age}岁"), ("出院日期", "{discharged_on|dot}"), ("主管医生", "{doctor}"))
    for x, rows in ((100, left), (660, right)):
        for place, (label, value) in enumerate(rows):
            page.text(x, 190 + place * 52, label, Look("hei", 24, GREY))
            page.text(x + 190, 190 + place * 52, value, Look("hei", 26))
    page.line(80, 410, 1160, 410, thick=1)
    y = 430.0
    for title, text in (("【主诉及入院情况】", prose.COMPLAINT + prose.EXAMINED), ("【出院主要诊断】", "{disease}"),
                        ("【手术及操作】", "肿物切除术"),
                        ("【诊疗经过】", prose.COURSE), ("【离院方式】", "医嘱离院"), ("【出院指导】", prose.ADVICE)):
        y = page.text(100, y, title, Look("hei-bold", 25))
        y = page.text(130, y + 2, text, _HEI, width=1010) + 12
    page.seal(960, y + 90, page.facts["hospital"], radius=88, middle="病案室")


def _settlement_table(page: Page) -> None:
    page.text(0, 90, "{hospital}", Look("song-bold", 34), width=1240, align="middle")
    page.text(0, 150, "基本医疗保险住院费用结算单", Look("song-bold", 40), width=1240, align="middle")
    page.text(90, 236, "结算单号：{number}", Look("song", 24))
    page.text(820, 236, "结算日期：{settled_on}", Look("song", 24))
    y = page.table(90, 284, (150, 205, 150, 205, 150, 200), (
        ("姓名", "{name}", "性别", "{sex~}", "人员类别", "在职"), ("入院日期", "{admitted_on}", "出院日期", "{discharged_on}",
         "住院天数", "{days}"), ("参保单位", ("{unit_name}", 3), "险种", "职工医保"),
        ("出院诊断", ("{disease~}", 5))), Look("song", 23), high=56)
    y = page.table(90, y, (265, 265, 265, 265), (
        *((f"{{item_{place}}}", f"{{cost_{place}}}", f"{{item_{place + 1}}}", f"{{cost_{place + 1}}}") for place in range(0, 10, 2)),
        ("费用总额", "{total}", "统筹基金支付", "{pool_fund_paid}"), ("大额互助支付", "{large_fund_paid}", "个人自付一", "{own_1}"),
        ("个人自付二", "{own_2}", "自费", "{own_expense}"), ("个人账户支付", "{account_paid}", "个人支付合计", "{own_payment}")),
        Look("song", 24), high=54)
    page.text(100, y + 30, "个人支付合计（大写）：{own_words}", _SONG)
    page.text(100, y + 90, "经办人：{doctor2}　　　　患者或家属签字：", _SONG)
    page.seal(900, y + 100, page.facts["hospital"], middle="医保结算专用章")


def _settlement_list(page: Page) -> None:
    page.text(0, 100, "住院医疗费用结算单", Look("hei-bold", 44), width=1240, align="middle")
    page.text(110, 190, "医疗机构名称：{hospital}", _HEI)
    page.text(110, 240, "单据号：{number}", _HEI)
    page.text(700, 240, "住院号：{case_no}", _HEI)
    page.text(110, 290, "参保人姓名：{name}", _HEI)
    page.text(700, 290, "科室：{ward}", _HEI)
    page.text(110, 340, "住院时间：{admitted_on|dot} 至 {discharged_on|dot}　共 {days} 天", _HEI)
    page.line(100, 400, 1140, 400, thick=2)
    y = 420.0
    for label, name in (("医疗费用总金额", "total"), ("基本医疗保险统筹基金支付", "pool_fund_paid"),
                        ("大额医疗互助资金支付", "large_fund_paid"),
                        ("自付一", "own_1"), ("自付二", "own_2"), ("自费金额", "own_expense"), ("个人负担合计", "own_payment"),
                        ("　其中：个人账户支付", "account_paid"), ("　　　　现金支付", "cash_paid"), ("预交金", "advance")):
        page.text(150, y, label, _HEI)
        page.text(560, y, f"{{{name}|comma}}", Look("mono", 26), width=420, align="right")
        page.text(1000, y, "元", _HEI)
        y += 58
    page.line(100, y + 10, 1140, y + 10, thick=2)
    page.text(110, y + 40, "结算员：{doctor2}", _HEI)
    page.text(700, y + 40, "结算时间：{settled_on|dot}", _HEI)
    page.seal(860, y + 50, page.facts["hospital"], radius=92, middle="收费专用章")


def _settlement_heads(page: Page) -> None:
    page.text(0, 80, "宁夏回族自治区职工基本医疗保险住院结算单", Look("song-bold", 36), width=1240, align="middle")
    page.text(80, 160, "定点医疗机构：{hospital}", Look("song", 24))
    page.text(800, 160, "业务流水号：{number}", Look("song", 24))
    small = Look("song", 22)
    y = page.table(80, 210, (150, 80, 190, 180, 180, 100, 200), (
        ("姓名", "性别", "病案号", "入院时间", "出院时间", "天数", "结算时间"),
        ("{name}", "{sex~}", "{case_no}", "{admitted_on|slash}", "{discharged_on|slash}", "{days}", "{settled_on|slash}")), small, high=56,
        align="middle")
    y = page.table(80, y + 24, (180, 180, 180, 180, 180, 180), (
        ("费用合计", "统筹基金支付金额", "大额补助支付", "乙类自付（自付二）", "全自费金额", "起付及比例自付（自付一）"),
        ("{total}", "{pool_fund_paid}", "{large_fund_paid}", "{own_2}", "{own_expense}", "{own_1}"),
        ("医保基金合计", "个人账户支付", "现金支付", ("个人支付合计", 3)), ("{fund_paid}", "{account_paid}", "{cash_paid}",
         ("{own_payment}", 3))),
        small, high=64, align="middle")
    page.text(90, y + 24, "医疗费合计大写：{total_words}", Look("song", 24))
    page.text(90, y + 80, "操作员：{doctor2}　　　审核：{doctor}", Look("song", 24))
    page.text(90, y + 140, "说明：本结算单一式两份，患者、医疗机构各一份；金额单位为元。", Look("song", 21, GREY))
    page.seal(980, y + 90, page.facts["hospital"], radius=90, middle="医保办")


def _settlement_blocks(page: Page) -> None:
    page.text(90, 80, "{hospital}", Look("mono", 30))
    page.text(90, 130, "住院病人费用结算清单", Look("hei-bold", 38))
    mono = Look("mono", 25)
    for y, left, right in ((220, "结算编号:{number}", "病人姓名:{name}"), (268, "住院日期:{admitted_on|cn0}",
                               "离院日期:{discharged_on|cn0}"),
                           (316, "住院天数:{days}天", "结算日期:{settled_on|cn0}"), (364, "病区:{ward}", "医保类型:城镇职工")):
        page.text(90, y, left, mono)
        page.text(660, y, right, mono)
    page.text(90, 420, "-" * 80, mono, width=1060)
    top = 460.0
    for place in range(10):
        page.text(90 + place % 2 * 560, top + place // 2 * 46, f"{{item_{place}}}", mono)
        page.text(330 + place % 2 * 560, top + place // 2 * 46, f"{{cost_{place}}}", mono, width=200, align="right")
    page.text(90, top + 250, "-" * 80, mono, width=1060)
    below = top + 250
    rows = (("费用总计:{total|yen}", "医保统筹支付:{pool_fund_paid|yen}"), ("大额互助基金:{large_fund_paid|yen}", "自付一:{own_1|yen}"),
            ("自付二:{own_2|yen}", "自费:{own_expense|yen}"), ("个人支付总额:{own_payment|yen}", "预缴:{advance|yen}"))
    for left, right in rows:
        below += 48
        page.text(90, below, left, mono)
        page.text(660, below, right, mono)
    page.text(90, below + 80, "个人支付总额大写:{own_words}", mono)
    page.seal(900, below + 150, page.facts["hospital"], middle="财务专用章")


LAYOUTS = {
    "discharge": {"classic": (_discharge_classic, (1240, 1754)), "table": (_discharge_table, (1240, 1754)),
                  "told": (_discharge_told, (1240, 1754)), "columns": (_discharge_columns, (1240, 1754))},
    "settlement": {"table": (_settlement_table, (1240, 1754)), "list": (_settlement_list, (1240, 1754)),
                   "heads": (_settlement_heads, (1240, 1100)), "blocks": (_settlement_blocks, (1240, 1500))},
}
