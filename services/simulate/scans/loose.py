"""More layouts of what hospitals and brigades print, looser ones: no colons, label and value in one cell, values run into sentences."""

from __future__ import annotations

from services.simulate.scans import prose
from services.simulate.scans.canvas import GREY, Look, Page

_SONG, _HEI, _MONO = Look("song", 25), Look("hei", 24), Look("mono", 26)
_GREY_WORDS = Look("hei", 22, GREY)


def _diagnosis_cells(page: Page) -> None:
    """Label and value share a cell."""
    page.text(0, 100, "诊断证明书（副本）", Look("song-bold", 44), width=1240, align="middle")
    y = page.table(90, 200, (353, 353, 354), (
        ("姓名 {name}", "性别 {sex~}", "年龄 {age} 岁"), ("科别 {ward}", "门诊号 {visit_no}", "住院号 {case_no}")), _SONG, high=66)
    y = page.table(90, y, (1060,), (
        ("入院时间 {admitted_on~|cn}　　出院时间 {discharged_on~|cn}",), ("诊断 {disease}",), ("诊断依据 " + prose.COURSE,),
        ("医师意见 " + prose.ADVICE,), ("证明医师 {doctor}　　　　　　　　开立日期 {diagnosed_on|cn}",)), _SONG, high=66)
    page.text(90, y + 60, "{hospital}（公章）", _SONG, width=1060, align="right")
    page.seal(940, y + 74, page.facts["hospital"])


def _pathology_letter(page: Page) -> None:
    """Labels in brackets, the three dates on one line of small print above the signatures."""
    page.text(90, 90, "{hospital}", Look("song-bold", 34))
    page.text(90, 146, "病理学检查报告", Look("song-bold", 44))
    page.text(860, 100, "检查号", _GREY_WORDS)
    page.text(940, 96, "{number}", _MONO)
    page.line(80, 220, 1160, 220, thick=3)
    page.text(90, 240, "〔姓名〕{name}　〔性别〕{sex~}　〔年龄〕{age}　〔病区〕{ward}　〔床位〕{bed}", _SONG)
    y = page.text(90, 300, "〔送检标本〕穿刺及切除组织　〔临床诊断〕占位待查", _SONG)
    y = page.text(90, y + 20, "〔肉眼检查〕" + prose.NAKED_EYE, _SONG, width=1060)
    y = page.text(90, y + 20, "〔显微镜检查〕" + prose.MICROSCOPE, _SONG, width=1060)
    y = page.text(90, y + 20, "〔诊断结论〕{disease}", Look("song-bold", 28), width=1060)
    page.text(90, y + 90, "标本取出 {specimen_on}　　标本送达 {received_on}　　签发报告 {reported_on}", Look("song", 23))
    page.text(90, y + 140, "诊断者 {doctor}　　　复核者 {doctor2}", _SONG)
    page.seal(930, y + 150, page.facts["hospital"], middle="病理诊断中心")


def _discharge_cells(page: Page) -> None:
    """Two columns of cells, label and value in one; diagnoses numbered, of which the first is the one."""
    page.text(0, 80, "{hospital}", Look("hei", 32), width=1240, align="middle")
    page.text(0, 136, "出院诊断及小结", Look("hei-bold", 40), width=1240, align="middle")
    y = page.table(90, 220, (530, 530), (
        ("患者 {name}（{sex~}，{age}岁）", "住院号 {case_no}"), ("入院 {admitted_on|cn} 10:20", "出院 {discharged_on|cn} 09:35"),
        ("住院共计 {days} 天", "病区 {ward} {bed}床")), _HEI, high=58)
    y = page.table(90, y, (1060,), (("出院主诊断\n{disease}",), ("治疗结果　好转",), ("住院期间诊治情况\n" + prose.COURSE,),
                                   ("出院时状况\n" + prose.STATE,), ("随访与建议\n" + prose.ADVICE,)), _HEI)
    page.text(100, y + 40, "经治医师 {doctor}　　上级医师 {doctor2}", _HEI)
    page.seal(900, y + 60, page.facts["hospital"], middle="医务部")


def _settlement_narrow(page: Page) -> None:
    """Two columns of label and amount without lines, headings between."""
    page.text(90, 80, "住院结算凭证", Look("hei-bold", 42))
    page.text(90, 150, "{hospital}", _HEI)
    page.text(740, 90, "凭证号 {number}", _MONO)
    page.text(740, 140, "结算于 {settled_on|dot}", _MONO)
    page.line(80, 200, 1160, 200, thick=3)
    page.text(90, 220, "{name}　{sex~}　{age}岁　　入院 {admitted_on|dot}　出院 {discharged_on|dot}　住院 {days} 天", _HEI)
    page.text(90, 290, "费用构成", _GREY_WORDS)
    y = 330.0
    for place in range(0, 8, 2):
        for x, item in ((110, place), (660, place + 1)):
            page.text(x, y, f"{{item_{item}}}", _HEI)
            page.text(x + 240, y, f"{{cost_{item}|comma}}", _MONO, width=200, align="right")
        y += 46
    page.text(90, y + 16, "报销与负担", _GREY_WORDS)
    y += 60
    rows = (("总费用", "total", "统筹支付", "pool_fund_paid"), ("大额基金支付", "large_fund_paid", "个人自付（一）", "own_1"),
            ("乙类先行自付", "own_2", "丙类自费", "own_expense"), ("个人负担", "own_payment", "其中账户支付", "account_paid"))
    for left, one, right, two in rows:
        for x, label, name in ((110, left, one), (660, right, two)):
            page.text(x, y, label, _HEI)
            page.text(x + 240, y, f"{{{name}|comma}}", _MONO, width=200, align="right")
        y += 54
    page.text(110, y + 20, "个人负担（大写）{own_words}", _HEI)
    page.text(110, y + 90, "收款员 {doctor2}", _HEI)
    page.seal(930, y + 90, page.facts["hospital"], middle="住院结算处")


def _invoice_stub(page: Page) -> None:
    """A stub: label over value, in one row after another."""
    page.text(60, 50, "医疗收费票据", Look("song-bold", 38))
    page.text(60, 110, "（收据联）", _GREY_WORDS)
    heads = ((("票据编码", "{code}"), ("票号", "{number}"), ("校验码", "{check}")),
            (("缴款人", "{name}"), ("开具日期", "{issued_on|dot}"), ("门诊号", "{case_no}")))
    y = 170.0
    for row in heads:
        for place, (label, value) in enumerate(row):
            page.text(60 + place * 310, y, label, _GREY_WORDS)
            page.text(60 + place * 310, y + 30, value, _MONO)
        y += 96
    items = [(f"{{item_{place}}}", "1", f"{{cost_{place}}}") for place in range(6)]
    rows = (("项目", "数量", "金额（元）"), *items, ("其他项目合计", "4", "见清单"))
    y = page.table(60, y + 10, (420, 160, 300), rows, Look("song", 23), high=46)
    page.text(60, y + 20, "总计（大写）　{amount_in_words}", _SONG)
    page.text(60, y + 70, "总计（小写）　{amount|yencomma}", _SONG)
    page.text(60, y + 130, "收费单位　{hospital}", _SONG)
    page.seal(700, y + 110, page.facts["hospital"], radius=90, middle="收费专用章")


def _fire_notice(page: Page) -> None:
    """A notice of the result: the case in one paragraph, the result in another."""
    page.text(0, 130, "火灾原因认定书", Look("hei-bold", 48), width=1240, align="middle")
    page.text(0, 205, "{number}", Look("hei", 26), width=1240, align="middle")
    text = Look("song", 29, lead=1.9)
    y = page.text(120, 290, "申请人：{name}，{sex~}，身份证号码{id_number}。", text, width=1000)
    y = page.text(120, y, "　　申请人于{on|cn}{hour}报警称，{place}发生火灾。" + prose.BURNT, text, width=1000)
    y = page.text(120, y, "　　经现场勘验和调查询问，查明此起火灾系{cause}所致。" + prose.PROOF, text, width=1000)
    y = page.text(120, y, "　　" + prose.APPEAL, text, width=1000)
    page.text(120, y + 80, "调查人员：{doctor}　{doctor2}", text)
    page.text(700, y + 160, "{brigade}", text)
    page.text(720, y + 220, "{issued_on|cn}", text)
    page.seal(850, y + 195, page.facts["brigade"])


LAYOUTS = {
    "diagnosis": {"cells": (_diagnosis_cells, (1240, 1754))}, "pathology": {"letter": (_pathology_letter, (1240, 1754))},
    "discharge": {"cells": (_discharge_cells, (1240, 1754))}, "settlement": {"narrow": (_settlement_narrow, (1240, 1400))},
    "invoice": {"stub": (_invoice_stub, (1000, 1200))}, "fire": {"notice": (_fire_notice, (1240, 1754))},
}
