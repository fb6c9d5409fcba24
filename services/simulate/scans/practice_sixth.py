"""Practice sheets, sixth set: the six other kinds, drawn with the fifth and read once before any rule met them."""

from __future__ import annotations

from services.simulate.scans import prose
from services.simulate.scans.canvas import GREY, Look, Page
from services.simulate.scans.forms import shifted

_SONG, _HEI, _MONO, _SMALL = Look("song", 24), Look("hei", 23), Look("mono", 22), Look("hei", 19, GREY)


def _register(page: Page) -> None:
    """A copy of both sides beside each other, with the purpose written across."""
    page.box(60, 90, 620, 450, fill=(240, 244, 248), ink=GREY, round_by=24)
    for y, label, value in ((120, "姓 名", "{name}"), (172, "性 别", "{sex}　民 族  {folk}"), (224, "出 生", "{born|gap}")):
        page.text(90, y, label, Look("hei", 17, (70, 110, 160)))
        page.text(160, y - 4, value, Look("hei", 23))
    page.text(90, 278, "住 址", Look("hei", 17, (70, 110, 160)))
    page.text(160, 274, "{address}", Look("hei", 21), width=260)
    page.box(440, 130, 590, 330, fill=(214, 206, 200), ink=GREY)
    page.text(90, 400, "公民身份号码", Look("hei", 17, (70, 110, 160)))
    page.text(240, 394, "{number}", Look("mono", 26))
    page.box(650, 90, 1200, 450, fill=(240, 244, 248), ink=GREY, round_by=24)
    page.text(790, 120, "中华人民共和国\n居 民 身 份 证", Look("song-bold", 30))
    page.text(690, 350, "签发机关　{police}", Look("hei", 20))
    page.text(690, 398, "有效期限　{valid_from|dot}-{valid_until|dot}", Look("hei", 20))
    page.text(300, 520, "仅供办理职工互助保障理赔使用", Look("kai", 34, GREY))


def _confirmation(page: Page) -> None:
    """A bank's confirmation of an account, with the holder's and the branch's particulars."""
    page.text(80, 60, "{bank}", Look("song-bold", 36))
    page.text(0, 130, "个人账户信息确认单", Look("song-bold", 34), width=1240, align="middle")
    y = page.table(90, 210, (260, 270, 260, 270), (
        ("客户姓名", "{name~}", "证件类型", "居民身份证"), ("证件号码", ("{id_number|star}", 3)), ("借记卡卡号", ("{account|groups}", 3)),
        ("账户状态", "正常", "币种", "人民币"), ("开户日期", "{opened_on}", "开户网点", "{branch}")), _HEI, high=58)
    page.text(90, y + 20, f"打印流水：2026{page.facts['id_number'][-8:-1]}00017　　柜员号：64012　　联行号："
              f"102871{page.facts['id_number'][:6]}", _SMALL)


def _military(page: Page) -> None:
    """A certificate with its head in a grid and the diagnosis numbered, the department's date under its stamp."""
    page.text(0, 60, "{hospital}疾病诊断证明书", Look("song-bold", 36), width=1240, align="middle")
    page.text(90, 126, "登记号：{visit_no}", _MONO)
    page.text(820, 126, "第 {case_no} 号", _MONO)
    y = page.table(90, 170, (130, 220, 110, 150, 110, 150, 100, 90), (
        ("姓　名", "{name}", "性　别", "{sex~}", "年　龄", "{age}岁", "费别", "医保"),
        ("单位或住址", ("{unit_name}", 3), "科　室", ("{ward}", 3))), Look("song", 23), high=54)
    page.text(90, y + 24, "病情摘要：", Look("song-bold", 24))
    y = page.text(120, y + 62, "　　患者因不适就诊，于{admitted_on~|cn}入院，完善检查，病理已回报，现病情平稳。", _SONG, width=1010)
    page.text(90, y + 16, "诊　　断：", Look("song-bold", 24))
    y = page.text(230, y + 16, "1、{disease}", Look("song", 26))
    page.text(90, y + 16, "处理意见：", Look("song-bold", 24))
    y = page.text(230, y + 16, prose.ADVICE, _SONG, width=900)
    page.text(560, y + 40, "医　　师：{doctor}", _SONG)
    page.text(560, y + 84, "科 主 任：{doctor2}", _SONG)
    page.text(860, y + 84, "{diagnosed_on|cn}", _SONG)
    page.seal(960, y + 60, page.facts["hospital"], middle="医务科")


def _gastroscopy(page: Page) -> None:
    """A short pathology report of half a sheet, times to the minute."""
    page.text(0, 50, "{hospital}", Look("hei", 30), width=1240, align="middle")
    page.text(0, 96, "活体组织病理诊断报告单", Look("hei-bold", 32), width=1240, align="middle")
    for row, texts in enumerate((("病理号 {number}", "姓名 {name}", "性别 {sex~}", "年龄 {age}岁"),
                                 ("病案号 {case_no}", "科别 {ward}", "床号 {bed}", "送检医师 {doctor}"),
                                 ("标本离体 {specimen_on} 10:20", "", "标本签收 {received_on} 14:05", ""))):
        for place, text in enumerate(texts):
            page.text(80 + place * 290, 160 + row * 44, text, Look("hei", 22))
    page.line(80, 300, 1160, 300)
    page.text(80, 312, "标本名称　切除组织", _HEI)
    page.text(80, 356, "大体描述", Look("hei-bold", 23))
    y = page.text(220, 356, prose.NAKED_EYE, _HEI, width=930)
    page.text(80, y + 14, "病理诊断", Look("hei-bold", 23))
    y = page.text(220, y + 14, "（手术切除标本）{disease}。", Look("hei", 25), width=930)
    y = page.text(220, y + 4, "脉管内未见癌栓，神经未见侵犯，切缘净。", _HEI, width=930)
    page.line(80, y + 40, 1160, y + 40)
    page.text(80, y + 54, "初诊医师 {doctor2}　　复诊医师 {doctor}　　报告发出 {reported_on} 16:30", _HEI)
    page.seal(980, y + 30, page.facts["hospital"], middle="病理科")


def _summary(page: Page) -> None:
    """A discharge summary in a grid with the days of the stay in one cell."""
    page.text(0, 60, "{hospital}", Look("song-bold", 36), width=1240, align="middle")
    page.text(0, 116, "出院小结", Look("song-bold", 34), width=1240, align="middle")
    y = page.table(80, 180, (150, 210, 150, 210, 150, 210), (
        ("姓名", "{name}", "性别", "{sex~}", "年龄", "{age}岁"), ("住院号", "{case_no}", "科别", "{ward}", "床号", "{bed}"),
        ("入院日期", "{admitted_on}", "出院日期", "{discharged_on}", "实际住院", "{days}天"),
        ("入院诊断", ("{disease~}可能", 5)), ("出院诊断", ("1. {disease}", 5)), ("入院时情况", (prose.COMPLAINT, 5)),
        ("诊治经过", (prose.COURSE, 5)), ("出院时情况", (prose.STATE, 5)), ("出院后用药及建议", (prose.ADVICE, 5))), _SONG, high=54)
    page.text(80, y + 26, "主治医师：{doctor}　　　经治医师：{doctor2}　　　日期：{discharged_on~}", _SONG)
    page.seal(920, y + 40, page.facts["hospital"], middle="病案室")


def _national(page: Page) -> None:
    """A city's settlement sheet: costs by class, then who pays in a column each."""
    page.text(0, 50, "基本医疗保险住院医疗费用结算单", Look("hei-bold", 32), width=1240, align="middle")
    for row, texts in enumerate((("定点医疗机构：{hospital}", "", "结算单号：{number}"),
                                 ("姓名：{name}", "性别：{sex~}", "身份证号：{id_number|star}"),
                                 ("入院日期：{admitted_on|dot}", "出院日期：{discharged_on|dot}", "住院天数：{days}天"),
                                 ("险种：职工基本医疗保险", "出院诊断：{disease}", "结算日期：{settled_on|dot}"))):
        for place, text in enumerate(texts):
            page.text(80 + place * 370, 110 + row * 42, text, Look("hei", 22))
    y = page.table(80, 290, (290, 250, 290, 250), (
        ("医疗费总额", "{total}", "全自费金额", "{own_expense}"), ("先行自付金额", "{own_2}", "起付标准", "500.00"),
        ("统筹基金支付", "{pool_fund_paid}", "政策范围内自付", "{own_1}"), ("大额医疗补助", "{large_fund_paid}", "公务员补助", "0.00"),
        ("基金支付合计", "{fund_paid}", "个人负担合计", "{own_payment}"), ("个人账户支付", "{account_paid}", "个人现金支付",
                                                               "{cash_paid}")),
                   Look("hei", 23), high=52)
    page.text(80, y + 22, "经办人：{doctor2}　　　参保人签字：　　　　　　打印时间：" + shifted(page.facts["settled_on"], 1), _HEI)
    page.seal(960, y + 30, page.facts["hospital"], middle="医保结算专用章")


LAYOUTS = {
    "id_card": {"practice_across": (_register, (1240, 620))}, "bank_card": {"practice_confirmed": (_confirmation, (1240, 700))},
    "diagnosis": {"practice_numbered": (_military, (1240, 860))}, "pathology": {"practice_half": (_gastroscopy, (1240, 860))},
    "discharge": {"practice_cell": (_summary, (1240, 1300))}, "settlement": {"practice_classes": (_national, (1240, 760))}}
