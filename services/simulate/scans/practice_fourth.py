"""Practice sheets, fourth set: drawn after the gate of certainty was chosen, and read once before any rule met them."""

from __future__ import annotations

from decimal import Decimal

from services.simulate.scans import prose
from services.simulate.scans.canvas import GREY, RED, Look, Page
from services.simulate.scans.forms import shifted

_SONG, _HEI, _MONO, _SMALL = Look("song", 24), Look("hei", 23), Look("mono", 23), Look("hei", 19, GREY)


def _electronic_card(page: Page) -> None:
    """An electronic certificate as a portal of the government prints it."""
    page.text(0, 60, "居民身份证电子证照", Look("hei-bold", 34), width=1240, align="middle")
    page.text(0, 112, "政务服务平台　亮证打印件", _SMALL, width=1240, align="middle")
    y = page.table(160, 170, (260, 660), (
        ("持证人", "{name}"), ("性别／民族", "{sex}　{folk}族"), ("出生日期", "{born|cn}"), ("证件号码", "{number}"),
        ("户籍住址", "{address}"), ("发证机关", "{police}"), ("证件有效期", "{valid_from|dot} 至 {valid_until|dot}")),
                   Look("hei", 25), high=62)
    page.text(160, y + 24, f"打印时间：{shifted('2026-01-05', int(page.facts['age']) % 90)} 10:12　　本件仅供本次办事使用", _SMALL)


def _social_card(page: Page) -> None:
    """A social security card of the third generation with a bank's account: three numbers on one card."""
    page.box(120, 60, 1120, 660, fill=(232, 240, 246), ink=(150, 160, 170), round_by=30)
    page.text(0, 90, "中华人民共和国社会保障卡", Look("song-bold", 38), width=1240, align="middle")
    for row, (label, value) in enumerate((("姓　　名", "{name~}"), ("社会保障号码", "{id_number}"), ("发卡日期", "{opened_on|dot}"))):
        page.text(430, 190 + row * 64, label, Look("hei", 22, GREY))
        page.text(640, 188 + row * 64, value, Look("hei", 26))
    page.box(170, 180, 380, 420, fill=(214, 206, 200), ink=GREY)
    page.text(170, 470, "{bank}", Look("hei-bold", 30))
    page.text(170, 530, "银行账号", Look("hei", 22, GREY))
    page.text(320, 524, "{account|groups}", Look("mono", 34))
    page.text(170, 600, "服务热线 12333　　社保卡号 A0{visit_no}", Look("hei", 21, GREY))


def _teaching_hospital(page: Page) -> None:
    """A certificate of a teaching hospital: two dates beside the one that counts, notes that contain labels."""
    page.text(0, 70, "{hospital}", Look("song-bold", 38), width=1240, align="middle")
    page.text(0, 128, "诊　断　证　明", Look("song", 40), width=1240, align="middle")
    page.text(860, 190, "No. {visit_no}", Look("mono", 22, RED))
    y = page.table(90, 230, (150, 240, 110, 150, 110, 300), (
        ("患者姓名", "{name}", "性别", "{sex~}", "年龄", "{age}岁"),
        ("病历号", "{case_no}", "科室", "{ward}", "初诊日", "{admitted_on|dot}")),
                   _SONG, high=56)
    y = page.text(90, y + 26, "诊断名称", Look("song-bold", 26))
    y = page.text(130, y + 4, "{disease}（ICD-10：{icd}）", Look("song", 28))
    y = page.text(90, y + 20, "诊疗意见", Look("song-bold", 26))
    y = page.text(130, y + 4, prose.ADVICE, _SONG, width=1000)
    page.text(90, y + 50, "诊断医师（签章）：{doctor}", _SONG)
    page.text(660, y + 50, "证明日期：{diagnosed_on|gap}", _SONG)
    page.text(90, y + 110, "说明：本证明涂改无效；诊断日期以证明日期为准，七日内加盖医院诊断专用章有效。", _SMALL)
    page.seal(980, y + 40, page.facts["hospital"], middle="诊断专用章")


def _laboratory(page: Page) -> None:
    """A laboratory that works for hospitals: its own name in the head, the hospital as the one that sent."""
    page.text(90, 60, "示例医学检验实验室", Look("hei-bold", 34))
    page.text(90, 112, "组织病理学检测报告", Look("hei", 30))
    page.text(820, 70, "样本条码 64{visit_no}", _MONO)
    page.line(80, 160, 1160, 160, thick=3)
    for row, texts in enumerate((("受检人：{name}", "性别：{sex~}", "年龄：{age}岁", "病理编号：{number}"),
                                 ("委托单位：{hospital}", "", "送检科室：{ward}", "门诊/住院号：{case_no}"),
                                 ("采样日期：{specimen_on}", "", "收样日期：{received_on}", "报告日期：{reported_on}"))):
        for place, text in enumerate(texts):
            page.text(90 + place * 275, 180 + row * 46, text, Look("song", 22))
    page.line(80, 326, 1160, 326)
    y = 340.0
    for label, body in (("临床信息", "占位待查，活检明确性质"), ("样本描述", prose.NAKED_EYE), ("显微镜描述", prose.MICROSCOPE),
                        ("检测结论", "{disease}"), ("备注", "本报告仅对所检样本负责，结论请结合临床。")):
        page.text(90, y, label, Look("hei-bold", 23))
        y = page.text(260, y, body, _SONG, width=890) + 14
    page.text(90, y + 40, "检测者：{doctor}　　审核者：{doctor2}　　打印：{reported_on~} 17:20", _SONG)
    page.seal(980, y + 30, "示例医学检验实验室", middle="检验报告专用章")


def _leave_paper(page: Page) -> None:
    """The paper with which a county's hospital lets a patient go: days told twice, results to be ticked."""
    text = Look("kai", 27)
    page.text(0, 70, "{hospital}", Look("kai", 34), width=1240, align="middle")
    page.text(0, 124, "出　　院　　证", Look("song-bold", 42), width=1240, align="middle")
    y = 220.0
    for line in ("姓名 {name}　　性别 {sex~}　　年龄 {age}　　职业 职工　　住院号 {case_no}",
                 "住址或单位 {unit_name}", "住院日期 {admitted_on|cn}　　离院日期 {discharged_on|cn}　　计住院 {days} 天",
                 "住院科室 {ward}　　入院时情况 一般", "最后诊断 {disease}", "手术名称及日期 见手术记录",
                 "治疗结果 ①治愈 ②好转√ ③未愈 ④死亡", "出院后注意 " + prose.ADVICE):
        y = page.text(100, y, line, text, width=1040) + 14
    page.text(620, y + 40, "经治医师 {doctor}", text)
    page.text(620, y + 96, "填发 {discharged_on~|cn}", text)
    page.seal(300, y + 60, page.facts["hospital"], middle="住院部")


def _grown(page: Page, name: str, before: int) -> str:
    """A year's sum: this sheet's amount and what was paid before it."""
    return f"{Decimal(page.facts[name]) + before:.2f}"


def _booked(page: Page) -> None:
    """A southern city's settlement, where the insurer's parts are booked (记账) and years' sums stand beside."""
    page.text(0, 50, "社会医疗保险住院费用结算单", Look("song-bold", 36), width=1240, align="middle")
    page.text(80, 110, "结算业务号：{number}　　定点机构：{hospital}", _SONG)
    page.text(80, 150, "参保人姓名：{name}　　社保号：{visit_no}　　人员类别：在职", _SONG)
    page.text(80, 190, "入院时间：{admitted_on} 09:00　　出院时间：{discharged_on} 11:30　　住院日数：{days}", _SONG)
    y = page.table(80, 236, (370, 170, 370, 170), (
        ("项目", "金额", "项目", "金额"), ("医疗费用合计", "{total}", "统筹基金记账", "{pool_fund_paid}"),
        ("完全自费", "{own_expense}", "大病保险记账", "{large_fund_paid}"), ("乙类先自付", "{own_2}", "公务员补助记账", "0.00"),
        ("起付标准", "800.00", "本年度统筹累计", _grown(page, "pool_fund_paid", 4100)),
        ("按比例自付", "{own_1}", "本年度大病累计", _grown(page, "large_fund_paid", 900)),
        ("记账合计", "{fund_paid}", "个人缴费合计", "{own_payment}"), ("其中个账支付", "{account_paid}", "其中现金支付", "{cash_paid}")),
                   Look("song", 22), high=46)
    page.text(80, y + 20, "个人缴费大写：{own_words}", _SONG)
    page.text(80, y + 70, "打单时间：{settled_on} 16:05　　打单员：{doctor}　　参保人签名：", _SONG)
    page.seal(980, y + 50, page.facts["hospital"], middle="医保办公室")


def _army(page: Page) -> None:
    """A hospital's receipt of another system: account closed on a day, money paid before and given back."""
    page.text(0, 44, "住院病人结账收据", Look("song-bold", 36), width=1240, align="middle")
    page.text(90, 104, "批次 {code}", _MONO)
    page.text(860, 104, "№ {number}", Look("mono", 25, RED))
    page.text(90, 148, "病人 {name}　　病人ID {case_no}　　科别 {ward}　　费别 医保", _SONG)
    page.text(90, 190, f"住院期间 {shifted(page.facts['issued_on'], -11)} 至 {shifted(page.facts['issued_on'], -1)}"
              "　　结账日期 {issued_on}", _SONG)
    rows = [(f"{{item_{place}}}", f"{{cost_{place}}}", f"{{item_{place + 1}}}", f"{{cost_{place + 1}}}", f"{{item_{place + 2}}}",
             f"{{cost_{place + 2}}}") for place in range(0, 9, 3)]
    y = page.table(80, 236, (190, 170) * 3, (("项目", "金额") * 3, *rows), Look("song", 21), high=42)
    page.text(90, y + 16, "总计（大写）{amount_in_words}　　￥{amount|comma}", _SONG)
    page.text(90, y + 62, "预交金 10,000.00　　医保记账 {cost_0~|comma}　　应退 {cost_1~|comma}", _SONG)
    page.text(90, y + 110, "收款单位：{hospital}　　收款员：{doctor2}", _SONG)
    page.seal(900, y + 70, page.facts["hospital"], oval=True, middle="收费专用章")


def _called_out(page: Page) -> None:
    """What a brigade certifies of a call: the hours of the call, whose house, and what it was found to be."""
    page.text(0, 90, "{brigade}", Look("song", 34), width=1240, align="middle")
    page.text(0, 146, "火灾事故认定情况登记表", Look("song-bold", 38), width=1240, align="middle")
    page.text(90, 210, "文书编号：{number}", _SONG)
    y = page.table(90, 256, (200, 330, 200, 330), (
        ("接警时间", "{on~|cn}{hour}", "发生日期", "{on|cn}"), ("火场地址", ("{place}", 3)),
        ("受灾人", "{name}", "联系方式", "0951-6012345"), ("出动力量", "2车10人", "扑救结束", "当日"),
        ("过火情况", (prose.BURNT, 3)), ("认定成因", ("{cause}", 3)), ("认定依据", (prose.PROOF, 3)),
        ("办理人员", "{doctor}　{doctor2}", "填表日期", "{issued_on|cn}")), Look("song", 23), high=58)
    page.text(90, y + 30, "备注：本表一式两份，受灾人对认定成因有异议的，可在十五日内申请复核。", _SMALL)
    page.text(700, y + 90, "（{brigade}印章）", _SONG)
    page.seal(860, y + 100, page.facts["brigade"])


LAYOUTS = {
    "id_card": {"practice_portal": (_electronic_card, (1240, 760))}, "bank_card": {"practice_social": (_social_card, (1240, 720))},
    "diagnosis": {"practice_teaching": (_teaching_hospital, (1240, 980))}, "pathology": {"practice_laboratory": (_laboratory, (1240, 980))},
    "discharge": {"practice_let_go": (_leave_paper, (1240, 960))}, "settlement": {"practice_booked": (_booked, (1240, 860))},
    "invoice": {"practice_closed": (_army, (1240, 680))}, "fire": {"practice_called": (_called_out, (1240, 1050))}}
