"""Practice sheets, ninth set: one of most kinds, the last round; read once before any rule met them."""

from __future__ import annotations

from services.simulate.scans import prose
from services.simulate.scans.canvas import BLUE, GREY, RED, Look, Page
from services.simulate.scans.forms import shifted

_SONG, _HEI, _MONO, _SMALL = Look("song", 24), Look("hei", 23), Look("mono", 22), Look("hei", 19, GREY)
_LONG = Look("song", 29, lead=1.75)


def _conclusion(page: Page) -> None:
    """A proof for the family: the house's master told with birthday and number, the finding in the same sentence as the call."""
    page.text(0, 110, "火灾事故证明书", Look("song-bold", 44, spread=6), width=1240, align="middle")
    page.text(110, 190, "{number}", Look("song", 25), width=1020, align="right")
    y = page.text(110, 250, "　　{name}，{sex~}，{folk}族，公民身份号码{id_number}，系{place}住户。{on|cn}{hour}，该住户家中起火，"
                  "{brigade}接警后赶赴现场扑救。经勘查认定，火灾原因为{cause}，造成室内物品不同程度烧损，无人员伤亡。", _LONG, width=1020)
    y = page.text(110, y, "　　以上情况属实，特予证明。", _LONG, width=1020)
    page.text(680, y + 70, "出具单位：{brigade}", Look("song", 27))
    page.text(680, y + 124, "出具日期：{issued_on|cn}", Look("song", 27))
    page.seal(880, y + 110, page.facts["brigade"])


def _grid(page: Page) -> None:
    """A simple finding all in one grid whose last cells hold the signatures and the stamp."""
    facts = page.facts
    page.text(0, 70, "火灾事故简易调查认定书", Look("song-bold", 40), width=1240, align="middle")
    page.text(100, 140, "{number}", _SONG, width=1040, align="right")
    y = page.table(100, 186, (200, 320, 200, 320), (
        ("起火时间", "{on|cn}{hour}", "报警时间", "{on~|cn}{hour}"), ("起火地点", ("{place}", 3)),
        ("当事人基本情况", ("{name}，{sex~}，{age}岁，职工，联系电话 139****0000", 3)), ("火灾损失", (prose.BURNT, 3)),
        ("调查认定情况", ("经现场勘验、询问当事人，认定起火原因为{cause}。", 3)),
        ("当事人签字", "{name~}　{issued_on~}", "调查人员", "{doctor}　{doctor2}"),
        ("告知事项", (prose.APPEAL, 3))), Look("song", 23), high=62)
    page.text(720, y + 40, "{brigade}", _SONG)
    page.text(740, y + 84, "{issued_on|gap}", _SONG)
    page.seal(860, y + 70, facts["brigade"])


def _unit_bill(page: Page) -> None:
    """A city's outpatient receipt on the printer's pre-cut paper: words of the form small, values large."""
    page.text(0, 40, "示例市门诊收费专用票据", Look("song-bold", 30), width=1100, align="middle")
    for x, top, label, value in ((60, 100, "票号", "{number}"), (420, 100, "票据代码", "{code}"), (780, 100, "日期", "{issued_on}"),
                               (60, 150, "姓名", "{name}"), (420, 150, "身份", "职工医保"), (780, 150, "门诊号", "{case_no}")):
        page.text(x, top + 4, label, Look("song", 18, GREY))
        page.text(x + 90, top, value, Look("mono", 24))
    y = page.table(60, 200, (330, 160, 330, 160), tuple((f"{{item_{at}}}", f"{{cost_{at}}}", f"{{item_{at + 1}}}", f"{{cost_{at + 1}}}")
                                                       for at in range(0, 10, 2)), Look("mono", 21), high=42)
    page.text(60, y + 18, "合计（大写）", Look("song", 20, GREY))
    page.text(210, y + 14, "{amount_in_words}", _SONG)
    page.text(720, y + 14, "￥{amount|comma}元", _SONG)
    page.text(60, y + 64, "收款单位", Look("song", 18, GREY))
    page.text(160, y + 60, "{hospital}", _SONG)
    page.text(720, y + 60, "收款人　{doctor2}", _SONG)
    page.seal(420, y + 50, page.facts["hospital"], radius=72, middle="收费专用章")


def _refund(page: Page) -> None:
    """An inpatient receipt in blanks: the year, month and day apart, sums by class underneath each other."""
    page.text(0, 50, "住院收费专用票据", Look("song-bold", 36, BLUE), width=1240, align="middle")
    page.text(80, 120, "代码：{code}　　　　　　号码：{number}　　　　　　{issued_on|gap}", _SONG)
    page.text(80, 164, "缴款人：{name}　　性别：{sex~}　　住院号：{case_no}　　入院日期：" + shifted(page.facts["issued_on"], -12)
              + "　　出院日期：" + shifted(page.facts["issued_on"], -1), Look("song", 22))
    costs = [(f"{{item_{at}}}", f"{{cost_{at}}}") for at in range(10)] + [("", "")] * 2
    rows = [tuple(text for cost in costs[row:row + 3] for text in cost) for row in range(0, 10, 3)]
    y = page.table(80, 210, (180, 180) * 3, (("项目", "金额") * 3, *rows), Look("song", 21), high=42)
    page.text(80, y + 16, "人民币合计（大写）：{amount_in_words}　　（小写）：￥{amount}", _SONG)
    page.text(80, y + 60, "预交款：10000.00　　找补：0.00　　统筹支付：0.00", _SONG)
    page.text(80, y + 104, "开票单位：{hospital}　　开票人：{doctor2}", _SONG)
    page.seal(300, y + 90, page.facts["hospital"], oval=True, middle="收费专用章")


def _two_dates(page: Page) -> None:
    """A certificate that tells when the disease was first found and when it was written."""
    page.text(0, 60, "{hospital}", Look("song-bold", 34), width=1240, align="middle")
    page.text(0, 114, "疾病诊断证明书", Look("song-bold", 36), width=1240, align="middle")
    y = page.table(90, 180, (170, 360, 170, 360), (
        ("姓名", "{name}", "性别／年龄", "{sex~}／{age}岁"), ("科室", "{ward}", "住院号", "{case_no}"),
        ("确诊日期", "{diagnosed_on|cn}", "入院日期", "{admitted_on|cn}"), ("诊断", ("1. {disease}", 3)), ("建议", (prose.ADVICE, 3))),
                   _SONG, high=58)
    page.text(90, y + 30, "主治医师：{doctor}　　　　　　开具日期：{discharged_on~|cn}", _SONG)
    page.seal(960, y + 30, page.facts["hospital"], middle="诊断证明专用章")


def _specimen(page: Page) -> None:
    """A report with its times at the foot and the doctors beside them."""
    page.text(0, 60, "{hospital}", Look("kai", 34), width=1240, align="middle")
    page.text(0, 110, "病理诊断报告书", Look("kai", 36), width=1240, align="middle")
    page.text(80, 180, "病理号：{number}　　　姓名：{name}　　　性别：{sex~}　　　年龄：{age}岁", _SONG)
    page.text(80, 222, "送检单位：本院{ward}　　　住院号：{case_no}　　　送检医师：{doctor}", _SONG)
    page.line(80, 264, 1160, 264)
    page.text(80, 280, "巨检：", Look("song-bold", 24))
    y = page.text(170, 280, prose.NAKED_EYE, _SONG, width=980)
    page.text(80, y + 10, "镜检：", Look("song-bold", 24))
    y = page.text(170, y + 10, prose.MICROSCOPE, _SONG, width=980)
    page.text(80, y + 20, "病理诊断：{disease}", Look("song-bold", 26))
    page.line(80, y + 90, 1160, y + 90)
    page.text(80, y + 104, "取材日期：{specimen_on|dot}　　收到日期：{received_on|dot}　　报告日期：{reported_on|dot}　　诊断医师："
              "{doctor2}", Look("song", 22))
    page.seal(980, y + 60, page.facts["hospital"], middle="病理诊断章")


def _county_sheet(page: Page) -> None:
    """A national list of settlement cut short: sections with their heads, sums in pairs."""
    page.text(0, 50, "{hospital}医保住院结算清单", Look("hei-bold", 30), width=1240, align="middle")
    for row, texts in enumerate((("姓名 {name}", "性别 {sex~}", "结算流水号 {number}"), ("入院时间 {admitted_on}",
                                                                                "出院时间 {discharged_on}", "住院 {days} 天"),
                                 ("险种 职工基本医疗保险", "科室 {ward}", "结算时间 {settled_on} 15:20"))):
        for place, text in enumerate(texts):
            page.text(80 + place * 370, 110 + row * 42, text, Look("hei", 22))
    y = page.table(80, 250, (290, 250, 290, 250), (
        (("一、费用", 4),), ("总费用", "{total}", "其中：全自费", "{own_expense}"), ("先自付", "{own_2}", "起付线", "900.00"),
        (("二、基金支付", 4),), ("统筹基金支出", "{pool_fund_paid}", "大额补助支出", "{large_fund_paid}"),
        (("三、个人负担", 4),), ("按比例自付", "{own_1}", "个人负担合计", "{own_payment}"), ("账户支付", "{account_paid}", "现金支付",
                                                                            "{cash_paid}")),
                   Look("hei", 22), high=46)
    page.text(80, y + 20, "制表：{doctor2}　　审核：{doctor}", _HEI)
    page.seal(980, y, page.facts["hospital"], middle="医保办")


def _record(page: Page) -> None:
    """A 24-hour style record with the stay in the head and labels over their text."""
    page.text(0, 60, "{hospital}", Look("hei", 32), width=1240, align="middle")
    page.text(0, 108, "出院记录", Look("hei-bold", 34), width=1240, align="middle")
    page.text(80, 170, "姓名 {name}　性别 {sex~}　年龄 {age}岁　科别 {ward}　床号 {bed}　住院号 {case_no}", Look("hei", 22))
    page.text(80, 212, "入院 {admitted_on} 08:40　　出院 {discharged_on} 10:00　　共 {days} 天", Look("hei", 22))
    y = 260.0
    for label, words in (("入院诊断", "{disease~}待查"), ("主诉及病史", prose.COMPLAINT), ("诊疗经过", prose.COURSE), ("出院诊断",
                                                                                                        "{disease}"),
                         ("出院情况", prose.STATE), ("出院医嘱", prose.ADVICE)):
        page.text(80, y, label, Look("hei-bold", 23))
        y = page.text(110, y + 38, words, Look("hei", 23), width=1040) + 8
    page.text(760, y + 20, "医师签名 {doctor}", _HEI)
    page.text(760, y + 60, "{discharged_on~|dot}", _HEI)
    page.text(80, y + 60, "仅供报销使用", Look("hei", 22, RED))
    page.seal(600, y + 40, page.facts["hospital"], middle="病案专用章")


LAYOUTS = {
    "fire": {"practice_family": (_conclusion, (1240, 900)), "practice_gridded": (_grid, (1240, 1150))},
    "invoice": {"practice_precut": (_unit_bill, (1100, 640)), "practice_blank_date": (_refund, (1240, 640))},
    "diagnosis": {"practice_two_dates": (_two_dates, (1240, 760))}, "pathology": {"practice_foot": (_specimen, (1240, 860))},
    "settlement": {"practice_sections": (_county_sheet, (1240, 800))}, "discharge": {"practice_over_text": (_record, (1240, 1100))}}
