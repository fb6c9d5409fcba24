"""Practice sheets, seventh set: drawn after the sentences of papers about fires were read anew, and read once before any rule met them."""

from __future__ import annotations

from decimal import Decimal

from services.simulate.scans import prose
from services.simulate.scans.canvas import BLUE, GREY, RED, Look, Page
from services.simulate.scans.forms import shifted

_SONG, _HEI, _MONO, _SMALL = Look("song", 24), Look("hei", 23), Look("mono", 22), Look("hei", 19, GREY)
_LONG = Look("song", 29, lead=1.75)


def _situation(page: Page) -> None:
    """A short statement of a fire with a head in lines and one paragraph each."""
    page.text(0, 90, "火灾事故情况说明", Look("hei-bold", 40), width=1240, align="middle")
    page.text(0, 156, "（{number}）", Look("song", 25), width=1240, align="middle")
    y = 220.0
    for line in ("时　　间：{on|cn}{hour}许", "地　　点：{place}", "受灾人员：{name}，{sex~}，联系电话 139****0000",
                 "　　{on~|cn}{hour}许，我队接到119指挥中心调度后出动，到场时起火房间处于猛烈燃烧阶段，经扑救明火熄灭。" + prose.BURNT,
                 "　　经查，此次火灾的直接原因是{cause}，排除人为纵火。", "　　情况属实，特此说明。"):
        y = page.text(110, y, line, _LONG, width=1020)
    page.text(760, y + 60, "{brigade}", _LONG)
    page.text(780, y + 116, "{issued_on|cn}", _LONG)
    page.seal(880, y + 100, page.facts["brigade"])


def _review(page: Page) -> None:
    """The statutory document in its newer words, a table over it and paragraphs below."""
    facts = page.facts
    page.text(0, 80, "{brigade}", Look("song-bold", 36), width=1240, align="middle")
    page.text(0, 140, "火灾事故认定书", Look("song-bold", 46, spread=6), width=1240, align="middle")
    page.text(0, 220, "{number}", Look("song", 26), width=1240, align="middle")
    y = page.text(110, 280, "火灾基本情况：", Look("hei-bold", 27))
    y = page.text(110, y, f"　　{{on|cn}}{{hour}}，接群众报警，{{place}}{{name}}户发生火灾。{shifted(facts['on'], 2)}立案调查。"
                  + prose.BURNT, _LONG, width=1020)
    y = page.text(110, y, "起火原因认定：", Look("hei-bold", 27))
    y = page.text(110, y, "　　经现场勘验、调查询问和综合分析，认定起火部位为该户西侧房间，排除放火、遗留火种引发火灾的可能，"
                  "不排除其他，起火原因系{cause}。", _LONG, width=1020)
    y = page.text(110, y, "主要证据：", Look("hei-bold", 27))
    y = page.text(110, y, "　　" + prose.PROOF, _LONG, width=1020)
    y = page.text(110, y, "　　" + prose.APPEAL, _LONG, width=1020)
    page.text(720, y + 46, "（消防救援机构印章）", _SONG)
    page.text(760, y + 92, "{issued_on|gap}", _LONG)
    page.seal(870, y + 84, facts["brigade"])
    page.text(110, y + 190, "被送达人签名：", _SONG)
    page.text(290, y + 182, "{name~}", Look("kai", 34, BLUE, hand=True))
    page.text(560, y + 190, f"送达时间：{shifted(facts['issued_on'], 3)}", _SONG)


def _village(page: Page) -> None:
    """A form of a brigade of the country: a grid with the household, members and the fire."""
    page.text(0, 80, "居民家庭火灾事故证明表", Look("song-bold", 38), width=1240, align="middle")
    page.text(100, 146, "文号：{number}", _SONG)
    page.text(800, 146, "填表时间：{issued_on}", _SONG)
    y = page.table(100, 196, (180, 340, 180, 340), (
        ("户主姓名", "{name}", "身份证号", "{id_number|star}"), ("家庭住址", ("{place}", 3)),
        ("失火时间", "{on} {hour}", "扑灭时间", "{on~} 夜间"), ("失火原因", ("{cause}", 3)),
        ("损失情况", (prose.BURNT, 3)), ("消防部门意见", ("情况属实，同意出具。　　{brigade}", 3))), _SONG, high=64)
    page.text(100, y + 26, "填表人：{doctor}　　　审核人：{doctor2}", _SONG)
    page.seal(900, y - 10, page.facts["brigade"])


def _slip(page: Page) -> None:
    """A narrow slip of a machine at the outpatient hall: label and value a line."""
    facts = page.facts
    page.text(0, 30, "{hospital}", Look("hei", 34), width=700, align="middle")
    page.text(0, 84, "门诊医疗收费票据（自助机）", Look("hei-bold", 30), width=700, align="middle")
    y = 150.0
    small = Look("hei", 26)
    for line in ("票据代码：{code}", "票据号码：{number}", "姓　　名：{name}", "就诊科室：{ward}", "就诊日期：{issued_on~}"):
        y = page.text(40, y, line, small)
    page.text(40, y, "-" * 60, small)
    y += 40
    for place in range(10):
        page.text(60, y, f"{{item_{place}}}", small)
        y = page.text(360, y, f"{{cost_{place}}}", small, width=280, align="right")
    page.text(40, y, "-" * 60, small)
    y = page.text(40, y + 40, "合计：{amount} 元", Look("hei-bold", 28))
    y = page.text(40, y, "大写：{amount_in_words}", small)
    y = page.text(40, y, f"医保支付：{Decimal(facts['amount']) / 2:.2f}　现金：{Decimal(facts['amount']) / 2:.2f}", small)
    y = page.text(40, y, "收费时间：{issued_on} {clock}", small)
    page.text(40, y, "收费员：{doctor2}", small)
    page.seal(520, y - 40, facts["hospital"], radius=80, middle="收费专用章")


def _union(page: Page) -> None:
    """A receipt in the unified form of payments to the public purse."""
    page.text(0, 50, "非税收入统一票据（医疗住院）", Look("song-bold", 32, RED), width=1240, align="middle")
    page.text(80, 112, "填制日期：{issued_on|cn}", _SONG)
    page.text(480, 112, "票据批次：{code}", _SONG)
    page.text(860, 112, "No：{number}", Look("mono", 24, RED))
    page.text(80, 156, "执收单位：{hospital}", _SONG)
    page.text(700, 156, "缴款人：{name}", _SONG)
    rows = [(f"{{item_{place}}}", "1", f"{{cost_{place}}}") for place in range(10)]
    y = page.table(80, 204, (560, 160, 360), (("收费项目", "数量", "金额"), *rows, ("合计金额（大写）{amount_in_words}", "", "¥{amount}")),
                   Look("song", 22), high=42)
    page.text(80, y + 20, "执收单位（盖章）　　　　　经办人：{doctor2}　　　　　第二联 收据", _SONG)
    page.seal(300, y + 10, page.facts["hospital"], oval=True, middle="财务专用章")


def _inpatient_bill(page: Page) -> None:
    """The electronic bill of a stay: amounts three abreast, other information below with days of the stay."""
    facts = page.facts
    total = Decimal(facts["amount"])
    pool = (total * 7 / 10).quantize(Decimal("0.01"))
    page.text(0, 46, "示例省医疗住院收费票据（电子）", Look("song-bold", 32, RED), width=1240, align="middle")
    page.text(80, 110, "电子票据代码：{code}", _SONG)
    page.text(760, 110, "电子票据号码：{number}", _SONG)
    page.text(80, 150, "交款人：{name}", _SONG)
    page.text(760, 150, "开票日期：{issued_on|cn}", _SONG)
    rows = [tuple(text for at in range(place, place + 3) for text in ((f"{{item_{at}}}", f"{{cost_{at}}}") if at < 10 else ("", "")))
            for place in range(0, 10, 3)]
    y = page.table(80, 196, (200, 160) * 3, (("项目名称", "金额(元)") * 3, *rows), Look("song", 21), high=42)
    page.text(80, y + 14, "金额合计（大写）：{amount_in_words}", _SONG)
    page.text(780, y + 14, "（小写）：{amount|comma}", _SONG)
    left = shifted(facts["issued_on"], -1)
    for row, texts in enumerate(((f"业务流水号：{facts['visit_no']}", f"住院号：{facts['case_no']}", "住院科别：" + facts["ward"]),
                                 (f"住院时间：{shifted(left, -9)} 至 {left}", "预缴金额：10000.00", "补缴金额：0.00"),
                                 (f"医保统筹基金支付：{pool}", "其他支付：0.00", f"个人现金支付：{total - pool}"))):
        for place, text in enumerate(texts):
            page.text(80 + place * 370, y + 66 + row * 36, text, Look("song", 21))
    page.text(80, y + 190, "收款单位（章）：{hospital}　　　复核人：{doctor}　　　收款人：{doctor2}", _SONG)
    page.seal(380, y + 160, facts["hospital"], oval=True, middle="票据专用章")


def _simple_certificate(page: Page) -> None:
    """A certificate with lines to fill, the diagnosis with its hedge words and the leave."""
    page.text(0, 70, "{hospital}", Look("kai", 36), width=1240, align="middle")
    page.text(0, 130, "诊断证明书（存根联）", Look("song-bold", 36), width=1240, align="middle")
    y = 210.0
    for line in ("门诊号 {visit_no}　　　　　　　　　　　　科室 {ward}", "病人姓名 {name}　　性别 {sex~}　　年龄 {age}　　职业 职工",
                 "工作单位 {unit_name}", "临床诊断：1.{disease}", "诊疗意见：" + prose.ADVICE):
        y = page.text(100, y, line, Look("song", 26), width=1040) + 16
    page.text(100, y + 30, "医师（签名盖章）{doctor}", Look("song", 26))
    page.text(700, y + 30, "{diagnosed_on|cn}", Look("song", 26))
    page.seal(860, y + 20, page.facts["hospital"], middle="诊断证明章")


def _ward_sheet(page: Page) -> None:
    """A discharge certificate whose stay is told in one line and whose diagnosis has several items."""
    page.text(0, 60, "{hospital}", Look("song", 34), width=1240, align="middle")
    page.text(0, 112, "出院证明书", Look("song-bold", 38), width=1240, align="middle")
    y = 190.0
    for line in ("姓名：{name}　性别：{sex~}　年龄：{age}岁　病区：{ward}　床号：{bed}　住院号：{case_no}",
                 "入院时间：{admitted_on|cn} 10时20分　　出院时间：{discharged_on|cn} 9时30分　　共住院{days}天",
                 "入院诊断：{disease~}？", "出院诊断：{disease}", "治疗情况：" + prose.COURSE, "出院带药：遵医嘱",
                 "注意事项：" + prose.ADVICE):
        y = page.text(90, y, line, Look("song", 25, lead=1.7), width=1060)
    page.text(700, y + 40, "主管医师：{doctor}", _SONG)
    page.text(700, y + 84, "{discharged_on~|cn}", _SONG)
    page.seal(860, y + 70, page.facts["hospital"], middle="住院处")


def _reimbursement(page: Page) -> None:
    """A county's sheet of reimbursement, label and value in four columns, the funds named in full."""
    page.text(0, 50, "城镇职工医疗保险住院费用结算审批表", Look("song-bold", 34), width=1240, align="middle")
    y = page.table(80, 120, (250, 290, 250, 290), (
        ("姓名", "{name}", "单位名称", "{unit_name}"), ("就诊医院", "{hospital}", "业务编号", "{number}"),
        ("入院日期", "{admitted_on}", "出院日期", "{discharged_on}"), ("住院天数", "{days}", "结算日期", "{settled_on}"),
        ("总费用", "{total}", "个人自费费用", "{own_expense}"), ("乙类先行自付", "{own_2}", "起付标准", "700.00"),
        ("医保内个人自付", "{own_1}", "个人支付合计", "{own_payment}"),
        ("基本医疗保险统筹基金支付", "{pool_fund_paid}", "大额医疗互助基金支付", "{large_fund_paid}"),
        ("个人账户支付", "{account_paid}", "报销合计", "{fund_paid}")), Look("song", 23), high=56)
    page.text(80, y + 26, "经办人：{doctor}　　复核：{doctor2}　　参保人签字：　　　　　　　（盖章）", _SONG)
    page.seal(980, y + 20, "示例医疗保险服务中心")


def _cell_report(page: Page) -> None:
    """A pathology report of a screen's print: pairs of times in one row, the diagnosis in a frame."""
    page.text(0, 56, "{hospital}病理科", Look("hei", 30), width=1240, align="middle")
    page.text(0, 104, "病理图文诊断报告", Look("hei-bold", 34), width=1240, align="middle")
    y = page.table(80, 170, (130, 230, 130, 230, 130, 230), (
        ("患者姓名", "{name}", "性别年龄", "{sex~} {age}岁", "病理编号", "{number}"), ("住院号", "{case_no}", "科室", "{ward}", "床位",
                                                                          "{bed}"),
        ("采集日期", "{specimen_on}", "接收日期", "{received_on}", "报告日期", "{reported_on}"),
        ("标本名称", ("病变组织", 5)), ("肉眼所见", (prose.NAKED_EYE, 5)), ("镜下所见", (prose.MICROSCOPE, 5)),
        ("病理诊断", ("{disease}，建议结合临床。", 5))), Look("hei", 21), high=50)
    page.text(80, y + 24, "报告医师：{doctor}　　　审核医师：{doctor2}　　　打印：{reported_on~} 08:00", _HEI)
    page.seal(1000, y + 10, page.facts["hospital"], middle="病理科")


LAYOUTS = {
    "fire": {"practice_situation": (_situation, (1240, 1100)), "practice_served": (_review, (1240, 1560)),
             "practice_household": (_village, (1240, 900))},
    "invoice": {"practice_kiosk": (_slip, (700, 1150)), "practice_unified": (_union, (1240, 820)),
                "practice_stay_bill": (_inpatient_bill, (1240, 720))},
    "diagnosis": {"practice_counterfoil": (_simple_certificate, (1240, 700))},
    "discharge": {"practice_leave_line": (_ward_sheet, (1240, 860))},
    "settlement": {"practice_approval": (_reimbursement, (1240, 780))},
    "pathology": {"practice_framed": (_cell_report, (1240, 900))}}
