"""Eight layouts, one of each kind, that were held out after those of second.py and measured once: ordinary ones since."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from services.simulate.scans import card_faces as cards
from services.simulate.scans import prose
from services.simulate.scans.canvas import BLUE, GREY, INK, Colour, Look, Page
from services.simulate.scans.forms import shifted

_SONG, _HEI = Look("song", 26), Look("hei", 25)
_FORM: Colour = (150, 62, 46)


def _blank(page: Page, x: float, y: float, label: str, value: str, end: float, look: Look) -> None:
    """A label and a value in the middle of its underlined blank, up to `end`."""
    page.text(x, y, label, look)
    start = x + page.width(label, look) + 4
    page.text(start, y, value, look, width=end - start, align="middle")
    page.line(start, y + look.size * 1.24, end, y + look.size * 1.24, thick=1)


def _id_card(page: Page) -> None:
    """Two photographs of the card, with the table it lay on, set one above the other in a typed page."""
    table = page.chance.randrange(cards.DESKS)
    for top, draw in ((170, cards.front), (860, cards.back)):
        cards.desk(page, 200, top, 840, 610, table)
        draw(page, 246 + page.chance.uniform(-14, 14), top + 62 + page.chance.uniform(-16, 16), 750)
    page.text(0, 1520, "{unit_name}　　{name~}", Look("song", 28), width=1240, align="middle")


def _bank_card(page: Page) -> None:
    """Both sides of a flat printed card in one photograph."""
    cards.desk(page, 0, 0, 1000, 1290, page.chance.randrange(cards.DESKS))
    cards.bank_front(page, 60, 60, 880)
    cards.bank_back(page, 60, 675, 880)


def _diagnosis(page: Page) -> None:
    """Half a sheet as the outpatient hall's printer gives it: underlined blanks, diagnosis, advice, two notes in the foot."""
    page.text(0, 44, "{hospital}", Look("kai", 38), width=1240, align="middle")
    page.text(0, 98, "诊 断 证 明 书", Look("song-bold", 44), width=1240, align="middle")
    text = Look("song", 25)
    page.text(860, 168, "No. {case_no}", Look("mono", 23), width=300, align="right")
    for x, y, label, value, end in (
            (80, 210, "姓名", "{name}", 330), (350, 210, "性别", "{sex~}", 500), (520, 210, "年龄", "{age}岁", 690),
            (710, 210, "科别", "{ward}", 1160), (80, 262, "单位", "{unit_name}", 690), (710, 262, "病历号", "{visit_no}", 1160)):
        _blank(page, x, y, label, value, end, text)
    page.text(80, 330, "诊断：", Look("song-bold", 26))
    page.text(170, 330, "{disease}", Look("song", 28))
    page.text(80, 424, "建议：", Look("song-bold", 26))
    page.text(170, 426, prose.ADVICE, text, width=980)
    page.text(640, 606, "医师（签章）：", text)
    page.text(830, 594, "{doctor}", Look("kai", 38, (30, 30, 60), hand=True))
    page.text(640, 664, "{diagnosed_on|gap}", Look("song", 27))
    page.seal(970, 650, page.facts["hospital"], radius=92, middle="诊断证明专用章")
    page.line(80, 758, 1160, 758, thick=1)
    page.text(80, 768, "注：1. 本证明未加盖诊断证明专用章无效，涂改无效。\n　　2. 本证明仅供病休及证明病情之用，不作其他法律依据。",
              Look("song", 20, GREY))


def _slide(page: Page, x: float, y: float, wide: float, tall: float) -> None:
    """What the camera on the microscope saw, red and violet."""
    s, chance = page.scale, page.chance
    page.box(x, y, x + wide, y + tall, fill=(232, 190, 210), ink=(120, 100, 110))
    for _ in range(170):
        size = chance.uniform(5, 15)
        left, top = x + chance.uniform(4, wide - 22), y + chance.uniform(4, tall - 22)
        tone = chance.randrange(40)
        page.draw.ellipse([side * s for side in (left, top, left + size, top + size * chance.uniform(0.7, 1.1))],
                          fill=(110 + tone, 60 + tone, 140 + tone))
    page.text(x + 6, y + tall - 26, "HE ×200", Look("hei", 17, (250, 250, 250)))


def _pathology(page: Page) -> None:
    """As the usual software of pathology departments prints it: head between rules, two pictures, the diagnosis below."""
    page.text(0, 60, "{hospital}", Look("song-bold", 38), width=1240, align="middle")
    page.text(0, 116, "病理检查报告单", Look("song-bold", 36), width=1240, align="middle")
    page.text(860, 176, "病理号：{number}", Look("song-bold", 26), width=300, align="right")
    page.line(80, 218, 1160, 218, thick=3)
    head, at = Look("song", 24), (80, 370, 600, 850)
    for place, row in enumerate((("姓　　名：{name}", "性　别：{sex~}", "年　　龄：{age}岁", "送检日期：{specimen_on}"),
                                 ("住 院 号：{case_no}", "床　号：{bed}", "送检医生：{doctor}", "收到日期：{received_on}"),
                                 ("送检科室：{ward}", "", "送检医院：本院", ""))):
        for x, text in zip(at, row, strict=True):
            page.text(x, 230 + place * 42, text, head)
    page.text(80, 356, "送检材料：病变组织及区域淋巴结　　　　临床诊断：占位性病变，性质待定", head)
    page.line(80, 400, 1160, 400, thick=2)
    bold = Look("song-bold", 26)
    page.text(80, 416, "肉眼所见：", bold)
    y = page.text(112, 458, "　　" + prose.NAKED_EYE, _SONG, width=1030)
    _slide(page, 150, y + 14, 440, 310)
    _slide(page, 650, y + 14, 440, 310)
    page.text(80, y + 346, "镜下所见：", bold)
    y = page.text(112, y + 388, "　　" + prose.MICROSCOPE, _SONG, width=1030)
    page.text(80, y + 24, "病理诊断：", bold)
    page.text(140, y + 72, "{disease}", Look("song-bold", 30))
    page.line(80, 1540, 1160, 1540, thick=2)
    page.text(80, 1556, "报告医生：{doctor2}", head)
    page.text(450, 1556, "审核医生：{doctor}", head)
    page.text(850, 1556, "报告日期：{reported_on}", head)
    page.text(80, 1606, "注：本报告仅对送检标本负责，供临床医师参考；如与临床不符，请及时与病理科联系。", Look("song", 20))
    page.seal(960, 1440, page.facts["hospital"], radius=98, middle="病理诊断专用章")


def _discharge(page: Page) -> None:
    """A record as the ward's system prints it: a running head, what was and what was done in paragraphs, the record office's stamp."""
    page.text(0, 70, "{hospital}", Look("song", 36), width=1240, align="middle")
    page.text(0, 124, "出　院　记　录", Look("song-bold", 40), width=1240, align="middle")
    page.text(80, 200, "姓名：{name}　　科室：{ward}　　床号：{bed}床　　住院号：{case_no}", Look("song", 24))
    page.line(80, 240, 1160, 240, thick=2)
    text = Look("song", 26, lead=1.62)
    page.text(90, 256, "姓　　名：{name~}", text)
    page.text(480, 256, "性　　别：{sex~}", text)
    page.text(840, 256, "年　　龄：{age}岁", text)
    page.text(90, 300, "入院日期：{admitted_on} 09:32", text)
    page.text(480, 300, "出院日期：{discharged_on} 10:15", text)
    page.text(920, 300, "住院天数：{days}天", text)
    bold = Look("song-bold", 26, lead=1.62)
    y = 352.0
    for label, words in (("入院情况：", prose.COMPLAINT + prose.EXAMINED), ("入院诊断：", "{disease~}？"),
                         ("诊疗经过：", prose.COURSE), ("出院诊断：", "{disease}"),
                         ("出院情况：", prose.STATE), ("出院医嘱：", prose.ADVICE)):
        page.text(90, y, label, bold)
        y = page.text(226, y, words, text, width=920) + 10
    page.text(620, y + 36, "住院医师：{doctor}　主治医师：{doctor2}", text)
    page.text(620, y + 84, "记录时间：{discharged_on~} 10:40", text)
    page.text(0, 1690, "第 1 页", Look("song", 20, GREY), width=1240, align="middle")
    page.seal(420, y + 90, page.facts["hospital"], middle="病案复印专用章")


def _settlement(page: Page) -> None:
    """The cashier's form on leaving: head, ten kinds of costs three abreast, then what the insurance and the person bear."""
    facts = page.facts
    facts["covered"] = f"{Decimal(facts['total']) - Decimal(facts['own_2']) - Decimal(facts['own_expense']):.2f}"
    facts["refund"] = f"{Decimal(facts['advance']) - Decimal(facts['cash_paid']):.2f}"
    page.text(0, 56, "{hospital}", Look("hei", 34), width=1240, align="middle")
    page.text(0, 104, "住院费用结算单", Look("hei-bold", 40), width=1240, align="middle")
    head, at = Look("hei", 23), (70, 430, 800)
    for place, row in enumerate((("姓名：{name}", "性别：{sex~}　年龄：{age}岁", "结算单号：{number}"),
                                 ("病案号：{case_no}", "科室：{ward}", "费别：城镇职工基本医疗保险"),
                                 ("入院日期：{admitted_on}", "出院日期：{discharged_on}", "住院天数：{days}"))):
        for x, text in zip(at, row, strict=True):
            page.text(x, 176 + place * 40, text, head)
    cell = Look("hei", 22)
    costs = [f"{{item_{place}}}|{{cost_{place}}}" for place in range(10)] + ["|", "|"]
    rows = [[part for cost in costs[start:start + 3] for part in cost.split("|")] for start in range(0, 12, 3)]
    y = page.table(70, 304, (190, 176, 190, 176, 190, 178), (("项目", "金额", "项目", "金额", "项目", "金额"), *rows,
                                                            ("费用总额", "{total}", "大写", ("{total_words}", 3))), cell, high=46)
    y = page.table(70, y + 22, (230, 137, 230, 137, 229, 137), (
        ("医保范围内金额", "{covered}", "起付标准", "400.00", "统筹基金支付", "{pool_fund_paid}"),
        ("大额医疗互助支付", "{large_fund_paid}", "自付一", "{own_1}", "自付二", "{own_2}"),
        ("自费", "{own_expense}", "个人支付金额", "{own_payment}", "个人账户支付", "{account_paid}"),
        ("现金支付", "{cash_paid}", "预交金额", "{advance}", "应退金额", "{refund}")), cell, high=52)
    page.text(70, y + 26, "结算日期：{settled_on}", head)
    page.text(430, y + 26, "收费员：{doctor2}", head)
    page.text(800, y + 26, "患者（家属）签字：", head)
    page.text(70, y + 76, "本单据为住院费用结算依据，请妥善保管。", Look("hei", 19, GREY))
    page.seal(600, y + 40, page.facts["hospital"], radius=90, middle="住院结算专用章")


def _invoice(page: Page) -> None:
    """The prescribed form on paper, its words printed beforehand, the machine's words beside them, the copy's name up the edge."""
    facts = page.facts
    far, amount = facts["hospital"].startswith(("乌鲁木齐", "昌吉")), Decimal(facts["amount"])
    facts["fund"] = f"{amount * 7 / 10:.2f}"
    facts["own"] = f"{amount - Decimal(facts['fund']):.2f}"
    form, done = Look("song", 22, _FORM), Look("mono", 22, (54, 56, 78))
    page.draw.ellipse([side * page.scale for side in (520, 36, 720, 122)], outline=(206, 66, 58), width=max(2, round(4 * page.scale)))
    page.text(0, 96, "财 政 部 监 制", Look("song", 15, (206, 66, 58)), width=1240, align="middle")
    page.text(0, 46, ("新疆维吾尔自治区" if far else "宁夏回族自治区") + "医疗住院收费票据",
              Look("song-bold", 34, _FORM), width=1240, align="middle")
    off = page.chance.uniform(-4, 5)
    page.text(860, 112, "NO.", form)
    page.text(910, 108, "{number}", Look("mono", 29, (190, 44, 44)))
    for x, y, label, value in (
            (70, 116, "票据代码：", "{code}"), (70, 152, "业务流水号：", "{visit_no}"), (440, 152, "医疗机构类型：", "综合医院"),
            (800, 152, "病历号：", "{case_no}"), (70, 188, "姓名：", "{name}"), (300, 188, "性别：", "{sex~}"),
            (440, 188, "医保类型：", "职工医保"), (720, 188, "社会保障号码：", "{id_number|star}"), (70, 224, "住院科别：", "{ward}"),
            (440, 224, "住院时间：", "{admitted_on} 至 {discharged_on}"),
            (86, 518, "合计（大写）：", "{amount_in_words}"), (820, 518, "￥：", "{amount}"),
            (86, 560, "预缴金额：", "{amount~}"), (420, 560, "补缴金额：", "0.00"), (740, 560, "退费金额：", "{fund}"),
            (86, 602, "医保统筹支付：", "{fund}"), (400, 602, "个人账户支付：", "0.00"), (650, 602, "其他医保支付：", "0.00"),
            (880, 602, "个人支付金额：", "{own}"), (70, 650, "收款单位（章）：", "{hospital}"), (660, 650, "收款人：", "{doctor2}")):
        page.text(x, y, label, form)
        page.text(x + page.width(label, form) + 4, y + off, value, done)
    page.text(900, 650 + off, "{issued_on|gap}", done)
    page.box(70, 262, 1140, 636, ink=_FORM)
    page.line(605, 262, 605, 510, ink=_FORM)
    for rule in (304, 510, 552, 594):
        page.line(70, rule, 1140, rule, ink=_FORM)
    for left in (70, 605):
        page.text(left + 110, 270, "项　目", form)
        page.text(left + 370, 270, "金额（元）", form)
    for place in range(10):
        left, top = 70 + place % 2 * 535, 311 + place // 2 * 39 + off
        page.text(left + 90, top, f"{{item_{place}}}", done)
        page.text(left + 330, top, f"{{cost_{place}}}", done, width=160, align="right")
    page.text(1160, 300, "第\n二\n联\n\n收\n据\n联", Look("song", 20, _FORM))
    page.seal(480, 640, page.facts["hospital"], radius=80, middle="收费专用章")


def _fire(page: Page) -> None:
    """The prescribed document of a full investigation: basic facts, what was found of time, place and cause, and who received it."""
    facts = page.facts
    facts["served_on"] = shifted(facts["issued_on"], 2)
    page.text(0, 140, "{brigade}", Look("song-bold", 44, spread=4), width=1240, align="middle")
    page.text(0, 216, "火灾事故认定书", Look("song-bold", 56, spread=10), width=1240, align="middle")
    text = Look("song", 30, INK, 1.72)
    page.text(110, 320, "{number}", text, width=1020, align="right")
    y = page.text(120, 390, "　　火灾事故基本情况：{on|cn}{hour}，{brigade}接到报警，称位于{place}的{name}家发生火灾，"
                  "接警后立即调派力量赶赴现场处置。" + prose.BURNT, text, width=1000)
    y = page.text(120, y, "　　经调查，对起火原因认定如下：起火时间为{on~|cn}{hour}许，起火部位位于该户室内，"
                  "可以排除放火、雷击、自燃等因素，起火原因为{cause}。", text, width=1000)
    y = page.text(120, y, "　　认定上述事实的证据有：火灾现场勘验笔录、现场照片、询问笔录、火灾痕迹物品提取清单等。", text, width=1000)
    y = page.text(120, y, "　　" + prose.APPEAL, text, width=1000)
    page.text(760, y + 80, "{issued_on|cn}", text)
    page.seal(860, y + 84, page.facts["brigade"])
    small = Look("song", 25)
    page.line(120, 1524, 1120, 1524, thick=1)
    page.text(120, 1540, "当事人签收：", small)
    page.text(280, 1530, "{name~}", Look("kai", 36, BLUE, hand=True))
    page.text(640, 1532, "{served_on|cn}", Look("kai", 32, BLUE, hand=True))
    page.text(120, 1592, "本文书一式三份，当事人各执一份，一份存档。", Look("song", 22))


LAYOUTS: dict[str, dict[str, tuple[Callable[[Page], None], tuple[int, int]]]] = {
    "id_card": {"typed_page": (_id_card, (1240, 1754))}, "bank_card": {"both_sides": (_bank_card, (1000, 1290))},
    "diagnosis": {"half_sheet": (_diagnosis, (1240, 874))}, "pathology": {"two_pictures": (_pathology, (1240, 1754))},
    "discharge": {"running_head": (_discharge, (1240, 1754))}, "settlement": {"on_leaving": (_settlement, (1240, 1000))},
    "invoice": {"prescribed": (_invoice, (1240, 760))}, "fire": {"prescribed": (_fire, (1240, 1754))}}
