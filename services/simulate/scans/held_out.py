"""Layouts that nobody looks at while rules are tuned, one of a kind: the bench reads them apart.

Whoever draws them reads nothing of services/evidence/recognition; whoever tunes there reads neither them nor what the reading machine
makes of them, except in the bench. Once measured and looked at they move to third.py and others are drawn; a kind without a layout
here is read by the bench in known layouts only.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from services.simulate.scans import prose
from services.simulate.scans.canvas import BLUE, GREY, INK, Colour, Look, Page
from services.simulate.scans.held_out_cards import bank_copy, id_copy

_SONG, _HEI = Look("song", 25), Look("hei", 24)
_BILL: Colour = (140, 70, 52)


def _squares(page: Page, x: float, y: float, wide: float) -> None:
    """A square code that says nothing."""
    step, s = wide / 25, page.scale
    for row in range(25):
        for column in range(25):
            if page.chance.random() < 0.5:
                left, top = (x + column * step) * s, (y + row * step) * s
                page.draw.rectangle((left, top, left + step * s, top + step * s), fill=INK)
    for left, top in ((x, y), (x + 18 * step, y), (x, y + 18 * step)):
        page.box(left, top, left + 7 * step, top + 7 * step, fill=(252, 252, 250), thick=step)
        page.box(left + 2 * step, top + 2 * step, left + 5 * step, top + 5 * step, fill=INK)


def _bars(page: Page, x: float, y: float, wide: float, tall: float) -> None:
    at = x
    while at < x + wide:
        thick = page.chance.choice((1.5, 3, 4.5))
        page.draw.rectangle((at * page.scale, y * page.scale, (at + thick) * page.scale, (y + tall) * page.scale), fill=INK)
        at += thick + page.chance.choice((2, 3.5, 5))


def _diagnosis(page: Page) -> None:
    """A form of the medical office: the person and the stay, why they came, what it is and since when, who signed."""
    page.text(0, 80, "{hospital}", Look("song-bold", 38), width=1240, align="middle")
    page.text(0, 140, "疾 病 证 明 书", Look("hei-bold", 46), width=1240, align="middle")
    page.text(90, 226, "病案号：{case_no}", _SONG)
    page.text(800, 226, "证明编号：{visit_no}", _SONG, width=350, align="right")
    y = page.table(90, 270, (150, 230, 130, 170, 130, 250), (
        ("患者姓名", "{name}", "性别", "{sex~}", "年龄", "{age}岁"), ("身份证号", ("{id_number}", 3), "科室", "{ward}"),
        ("单位/住址", ("{unit_name}", 5)),
        ("入院日期", ("{admitted_on~|cn}", 2), "出院日期", ("{discharged_on~|cn}", 2)),
        ("主诉", ("反复不适两月余，加重一周。", 5)), ("检查结果", (prose.EXAMINED, 5)),
        ("临床诊断", ("{disease}", 5)), ("确诊日期", ("{diagnosed_on|cn}", 5)), ("处理意见", (prose.ADVICE, 5))), _SONG, high=68)
    page.text(100, y + 40, "主治医师：", _SONG)
    page.text(230, y + 30, "{doctor}", Look("kai", 38, BLUE, hand=True))
    page.text(500, y + 40, "科主任：", _SONG)
    page.text(610, y + 30, "{doctor2}", Look("kai", 38, BLUE, hand=True))
    page.text(860, y + 40, "医务科（盖章）", _SONG)
    page.text(820, y + 96, "{discharged_on~|cn}", _SONG)
    page.text(90, y + 170, "说明：本证明须加盖医院公章后生效，涂改、复印无效。", Look("song", 21, GREY))
    page.seal(940, y + 90, page.facts["hospital"], radius=98, middle="医务科")


def _pathology(page: Page) -> None:
    """A report with bars above, the head in a grid without upright rules, what was seen in a wide column beside two small pictures."""
    page.text(80, 60, "{hospital}", Look("hei-bold", 34))
    page.text(80, 112, "病理科　病理诊断报告", Look("hei", 32))
    _bars(page, 870, 62, 280, 52)
    page.text(870, 122, "病理编号 {number}", Look("hei", 24), width=280, align="right")
    page.line(80, 168, 1160, 168, thick=2)
    head, at = Look("hei", 22), (84, 360, 590, 840)
    for place, row in enumerate((("姓名：{name}", "性别：{sex~}", "年龄：{age}岁", "病人类别：住院"),
                                 ("送检科室：{ward}", "床号：{bed}", "住院号：{case_no}", "送检医师：{doctor}"),
                                 ("标本名称：手术切除标本", "", "临床诊断：占位性病变", ""),
                                 ("标本采集日期：{specimen_on}", "", "标本接收日期：{received_on}", ""))):
        for x, text in zip(at, row, strict=True):
            page.text(x, 180 + place * 40, text, head)
        page.line(80, 214 + place * 40, 1160, 214 + place * 40, thick=1, ink=(190, 190, 190))
    bold, y = Look("hei-bold", 25), 362.0
    s, chance = page.scale, page.chance
    for top in (366, 620):
        page.box(850, top, 1160, top + 230, fill=(236, 204, 220), ink=(130, 110, 120))
        for _ in range(110):
            left, over, r = 858 + chance.uniform(0, 284), top + 8 + chance.uniform(0, 206), chance.uniform(3, 7)
            page.draw.ellipse([side * s for side in (left, over, left + 2 * r, over + 1.6 * r)], fill=(112, 70, 148))
    for label, words in (("【大体描述】", prose.NAKED_EYE), ("【镜下描述】", prose.MICROSCOPE)):
        page.text(80, y, label, bold)
        y = page.text(90, y + 42, words, _HEI, width=730) + 22
    y = max(y, 880.0)
    page.text(80, y, "【病理诊断】", bold)
    y = page.text(120, y + 52, "（手术标本）{disease}。", Look("hei-bold", 29), width=1000)
    y = page.text(120, y + 6, "手术切缘未见病变累及；送检淋巴结未见转移（0/12）。", Look("hei", 26), width=1000)
    page.line(80, y + 50, 1160, y + 50, thick=2)
    page.text(84, y + 66, "初诊医师：{doctor2}", head)
    page.text(420, y + 66, "审核医师：", head)
    page.text(530, y + 56, "{doctor}", Look("kai", 36, hand=True))
    page.text(760, y + 66, "审核报告日期：{reported_on} 16:05", head)
    page.text(84, y + 112, "※ 本报告只对本次送检标本负责，须经病理医师签名方为有效。如有疑问请于一周内咨询病理科。", Look("hei", 19, GREY))
    page.seal(960, y - 20, page.facts["hospital"], radius=94, middle="病理科")


def _discharge(page: Page) -> None:
    """A form whose every part has its frame: names of the parts in the narrow column, the words in the wide one."""
    page.text(0, 70, "{hospital}", Look("song-bold", 36), width=1240, align="middle")
    page.text(0, 126, "出院小结", Look("song-bold", 44, spread=22), width=1240, align="middle")
    page.text(90, 204, "科室：{ward}", _SONG)
    page.text(480, 204, "床号：{bed}", _SONG)
    page.text(800, 204, "住院号：{case_no}", _SONG, width=350, align="right")
    y = page.table(90, 246, (120, 240, 90, 90, 90, 140, 150, 140), (
        ("姓名", "{name}", "性别", "{sex~}", "年龄", "{age}岁", "住院次数", "1"),), Look("song", 23), high=58)
    y = page.table(90, y, (120, 300, 120, 300, 110, 110), (
        ("入院时间", "{admitted_on|cn0}09时", "出院时间", "{discharged_on|cn0}10时", "共住院", "{days|days}"),), Look("song", 23), high=58)
    y = page.table(90, y, (120, 940), (
        ("入院诊断", "占位性病变，性质待查"), ("出院诊断", "主要诊断：{disease}\n其他诊断：无"),
        ("入院时主要症状及体征", prose.COMPLAINT + prose.EXAMINED), ("诊疗经过", prose.COURSE),
        ("出院时情况", prose.STATE), ("治疗结果", "□治愈　■好转　□未愈　□其他"), ("出院后建议", prose.ADVICE)), _SONG, high=72)
    page.text(620, y + 40, "经治医师：", _SONG)
    page.text(745, y + 30, "{doctor}", Look("kai", 38, hand=True))
    page.text(620, y + 90, "上级医师：{doctor2}", _SONG)
    page.text(90, y + 150, "（本小结一式两份，一份交患者，一份归入病历）", Look("song", 21, GREY))
    page.seal(380, y + 80, page.facts["hospital"], middle="出院处")


def _settlement(page: Page) -> None:
    """What the insurance's system prints at the hospital's counter: costs, the funds' part and the person's, each under its own head."""
    facts = page.facts
    facts["covered"] = f"{Decimal(facts['total']) - Decimal(facts['own_2']) - Decimal(facts['own_expense']):.2f}"
    page.text(0, 60, "医疗保险住院费用结算单", Look("song-bold", 40), width=1240, align="middle")
    small = Look("song", 22)
    page.text(70, 136, "医疗机构：{hospital}", small)
    page.text(560, 136, "结算流水号：{number}", small)
    page.text(1000, 136, "单位：元", small, width=170, align="right")
    cells = (150, 217, 150, 216, 150, 217)
    y = page.table(70, 176, cells, (
        ("姓名", "{name}", "性别", "{sex~}", "年龄", "{age}"), ("身份证号", ("{id_number|star}", 2), "险种类型", ("职工基本医疗保险", 2)),
        ("入院日期", "{admitted_on}", "出院日期", "{discharged_on}", "住院天数", "{days}"),
        ("科室", "{ward}", "出院诊断", ("{disease~}", 3))), small, high=50)
    pairs = (258, 132, 206, 132, 240, 132)
    for title, rows in (
            ("一、费用情况", (("医疗费用总额", "{total|comma}", "目录内费用", "{covered|comma}", "起付线", "400.00"),
                        ("乙类先行自付（自付二）", "{own_2|comma}", "目录外自费", "{own_expense|comma}",
                         "目录内自付（自付一）", "{own_1|comma}"))),
            ("二、基金支付", (("统筹基金支付", "{pool_fund_paid|comma}", "大额医疗补助支付", "{large_fund_paid|comma}",
                         "公务员补助支付", "0.00"), ("医疗救助支付", "0.00", "基金支付合计", ("{fund_paid|comma}", 3)))),
            ("三、个人支付", (("个人支付合计", "{own_payment|comma}", "其中：个人账户", "{account_paid|comma}",
                          "其中：现金", "{cash_paid|comma}"),
                         ("大写", ("{own_words}", 5))))):
        y = page.table(70, y, (1100,), ((title,),), Look("song-bold", 22), high=44)
        y = page.table(70, y, pairs, rows, small, high=50)
    page.text(70, y + 24, "经办人：{doctor2}", small)
    page.text(390, y + 24, "患者签字：", small)
    page.text(760, y + 24, "结算日期：{settled_on} 15:21:08", small)
    page.seal(640, y + 10, page.facts["hospital"], radius=88, middle="医保结算专用章")


def _invoice(page: Page) -> None:
    """The electronic receipt of the treasury, of an in-patient: head without rules, items two abreast, the insurance's part below."""
    facts = page.facts
    west, amount = facts["hospital"].startswith(("乌鲁木齐", "昌吉")), Decimal(facts["amount"])
    facts["fund"] = f"{amount * 6 / 10:.2f}"
    facts["own"] = f"{amount - Decimal(facts['fund']):.2f}"
    form, done = Look("kai", 23, _BILL), Look("song", 22)
    page.text(0, 44, ("新疆维吾尔自治区" if west else "宁夏回族自治区") + "医疗住院收费票据（电子）",
              Look("kai", 38, _BILL), width=1240, align="middle")
    page.draw.ellipse([side * page.scale for side in (540, 94, 700, 168)], outline=(206, 66, 58), width=max(2, round(3 * page.scale)))
    page.text(0, 120, "财政票据监制章", Look("song", 15, (206, 66, 58)), width=1240, align="middle")
    _squares(page, 70, 40, 110)
    lines = ((210, 130, "票据代码：", "{code}"), (820, 130, "票据号码：", "{number}"),
             (70, 172, "交款人统一社会信用代码：", "{id_number|star}"), (820, 172, "校验码：", "{check}"),
             (70, 214, "交款人：", "{name}"), (820, 214, "开票日期：", "{issued_on}"),
             (86, 560, "金额合计（大写）", "{amount_in_words}"), (800, 560, "（小写）", "{amount}"),
             (130, 616, "业务流水号：", "{visit_no}"), (530, 616, "病历号：", "{case_no}"), (860, 616, "住院科别：", "{ward}"),
             (130, 654, "住院时间：", "{admitted_on~}至{discharged_on~}"), (530, 654, "预缴金额：", "0.00"),
             (860, 654, "医保类型：", "职工医保"),
             (130, 692, "医保统筹基金支付：", "{fund}"), (530, 692, "个人账户支付：", "0.00"), (860, 692, "个人现金支付：", "{own}"),
             (70, 756, "收款单位（章）：", "{hospital}"), (660, 756, "复核人：", "{doctor}"), (930, 756, "收款人：", "{doctor2}"))
    for x, y, label, value in lines:
        page.text(x, y, label, form)
        page.text(x + page.width(label, form) + 6, y, value, done)
    page.box(70, 256, 1170, 740, ink=_BILL)
    for rule in (300, 550, 604):
        page.line(70, rule, 1170, rule, ink=_BILL)
    page.line(620, 256, 620, 550, ink=_BILL)
    page.line(116, 604, 116, 740, ink=_BILL)
    page.text(82, 616, "其\n他\n信\n息", Look("kai", 20, _BILL, 1.4))
    for left in (70, 620):
        for over, text in ((30, "项目名称"), (200, "数量/单位"), (330, "金额（元）"), (466, "备注")):
            page.text(left + over, 264, text, form)
    for place in range(10):
        left, top = 70 + place % 2 * 550, 312 + place // 2 * 46
        page.text(left + 30, top, f"{{item_{place}}}", done)
        page.text(left + 220, top, "1/项", done)
        page.text(left + 310, top, f"{{cost_{place}}}", done, width=130, align="right")
    page.seal(430, 740, page.facts["hospital"], radius=82, middle="财务专用章", oval=True)


def _fire(page: Page) -> None:
    """A decision with its parts numbered: what happened, then time, place and cause each by itself, then what proves it."""
    page.text(0, 120, "{brigade}", Look("song-bold", 40), width=1240, align="middle")
    page.text(0, 186, "火灾事故认定书", Look("song-bold", 52, spread=6), width=1240, align="middle")
    page.text(0, 276, "{number}", Look("song", 27), width=1240, align="middle")
    head, text = Look("hei", 28, lead=1.8), Look("song", 28, lead=1.72)
    y = page.text(120, 344, "一、火灾基本情况", head)
    y = page.text(120, y, "　　{on~|cn}{hour}，119指挥中心接到报警，位于{place}的居民{name}家中发生火灾。" + prose.BURNT, text, width=1000)
    y = page.text(120, y + 6, "二、火灾事故认定", head)
    for part in ("（一）起火时间：{on|cn}{hour}许。", "（二）起火部位：该住宅室内。",
                 "（三）起火原因：{cause}。"):
        y = page.text(120, y, "　　" + part, text, width=1000)
    y = page.text(120, y + 6, "三、认定依据", head)
    y = page.text(120, y, "　　" + prose.PROOF, text, width=1000)
    y = page.text(120, y + 6, "四、权利告知", head)
    y = page.text(120, y, "　　" + prose.APPEAL, text, width=1000)
    page.text(120, y + 50, "调查人员：{doctor}、{doctor2}", text)
    page.text(660, y + 120, "{brigade}", text, width=400, align="middle")
    page.text(660, y + 172, "{issued_on|cn}", text, width=400, align="middle")
    page.seal(860, y + 160, page.facts["brigade"], radius=105)


LAYOUTS: dict[str, tuple[Callable[[Page], None], tuple[int, int]]] = {     # by kind: who writes the page, and its size in points
    "id_card": (id_copy, (1240, 1754)), "bank_card": (bank_copy, (1240, 1300)), "diagnosis": (_diagnosis, (1240, 1754)),
    "pathology": (_pathology, (1240, 1754)), "discharge": (_discharge, (1240, 1754)), "settlement": (_settlement, (1240, 1010)),
    "invoice": (_invoice, (1240, 840)), "fire": (_fire, (1240, 1754))}
