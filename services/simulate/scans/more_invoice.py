"""Receipts of other fiscal systems: a tax invoice, a slip of thermal paper, labels in brackets, two tongues."""

from __future__ import annotations

from decimal import Decimal

from services.simulate.scans.canvas import GREY, Look, Page
from services.simulate.scans.forms import shifted

_SONG, _HEI, _MONO, _SMALL = Look("song", 23), Look("hei", 23), Look("mono", 24), Look("hei", 18, GREY)


def _tax(page: Page) -> None:
    """A general VAT invoice: buyer and seller each have a 名称."""
    page.text(0, 40, "增值税电子普通发票", Look("kai", 40, (132, 66, 40)), width=1240, align="middle")
    y = 30.0
    for label, value in (("发票代码", "{code}"), ("发票号码", "{number}"), ("开票日期", "{issued_on|gap}"), ("校　验　码", "{check}")):
        page.text(850, y, f"{label}：{value}", _SONG)
        y += 36
    page.box(60, 190, 1180, 740)
    for row, (side, lines) in enumerate((("购\n买\n方", ("名　　　称：{name}", "纳税人识别号：", "地址、电话：", "开户行及账号：")),
                                         ("销\n售\n方", ("名　　　称：{hospital}", "纳税人识别号：12640000MB0000001X",
                                                      "地址、电话：示例东路100号 0951-0000000",
                                                      "开户行及账号：中国工商银行示例支行 2902000000000")))):
        top = 196 + row * 400
        page.text(70, top + 6, side, Look("song", 24))
        page.line(104, top - 6, 104, top + 140)
        for place, text in enumerate(lines):
            page.text(114, top + place * 34, text, Look("song", 21))
        page.line(60, top + 144, 1180, top + 144)
    for x, text in ((80, "货物或应税劳务、服务名称"), (480, "单位"), (580, "数量"), (700, "单价"), (850, "金额"),
                    (980, "税率"), (1090, "税额")):
        page.text(x, 348, text, Look("song", 20))
    for place in range(4):
        for x, text in ((80, f"*医疗服务*{{item_{place}}}"), (590, "1"), (830, f"{{cost_{place}}}"), (980, "免税"), (1100, "***")):
            page.text(x, 384 + place * 34, text, Look("song", 21))
    page.line(60, 524, 1180, 524)
    page.text(80, 540, "价税合计（大写）", _SONG)
    page.text(330, 540, "{amount_in_words}", _SONG)
    page.text(830, 540, "（小写）{amount|yen}", _SONG)
    page.line(60, 580, 1180, 580)
    page.text(80, 756, "收款人：{doctor}　　复核：{doctor2}　　开票人：{doctor2}　　销售方：（章）", _SONG)
    page.seal(980, 640, page.facts["hospital"], radius=78, middle="发票专用章", oval=True)


def _slip(page: Page) -> None:
    """A slip of a counter, narrow: what was paid in, what came back."""
    total = Decimal(page.facts["amount"])
    page.facts["given"], page.facts["back"] = f"{total + 100:.2f}", "100.00"
    page.text(0, 40, "{hospital}", Look("hei-bold", 30), width=760, align="middle")
    page.text(0, 90, "门诊收费票据", Look("hei", 28), width=760, align="middle")
    y = 150.0
    for text in ("票据号码 {number}", "就诊人 {name}　{sex~}　{age}岁", "收费时间 {issued_on} {clock}", "门诊号 {case_no}　科室 {ward}",
                 "费别 职工医保"):
        page.text(50, y, text, _HEI)
        y += 42
    page.line(50, y, 710, y)
    y += 12
    for place in range(6):
        page.text(50, y, f"{{item_{place}}}", _HEI)
        page.text(400, y, f"{{cost_{place}}}", _MONO, width=300, align="right")
        y += 40
    page.line(50, y, 710, y)
    y += 14
    for label, name in (("合　　计", "amount"), ("实收现金", "given"), ("找　　零", "back")):
        page.text(50, y, label, _HEI)
        page.text(400, y, f"{{{name}}}", _MONO, width=300, align="right")
        y += 44
    page.text(50, y, "人民币 {amount_in_words}", _HEI)
    page.text(50, y + 60, "收款员 {doctor2}　请妥善保管，遗失不补", _SMALL)
    page.seal(560, y + 10, page.facts["hospital"], radius=80, middle="收费专用章")


def _provincial(page: Page) -> None:
    """A fiscal receipt: labels in brackets, the date in three blanks, items in two columns."""
    year, month, day = page.facts["issued_on"].split("-")
    page.text(0, 50, "医疗卫生机构住院收费票据", Look("song-bold", 34), width=1240, align="middle")
    page.text(0, 104, "（第二联　收据）", _SMALL, width=1240, align="middle")
    page.text(70, 140, "[票据代码] {code}", _SONG)
    page.text(860, 140, "[票据号码] {number}", _SONG)
    before = 180.0
    page.text(70, before, "[付款人] {name}", _SONG)
    page.text(480, before, "[住院号] {case_no}", _SONG)
    at = 860.0
    for number, sign in ((year, "年"), (month, "月"), (day, "日")):
        wide = page.width(number, _MONO)
        page.text(at, before, number, _MONO)
        page.text(at + wide + 14, before, sign, _SONG)
        at += wide + 52
    page.mark("issued_on", (860, before, at, before + 26))
    rows = [(f"{{item_{place}}}", f"{{cost_{place}}}", f"{{item_{place + 5}}}", f"{{cost_{place + 5}}}") for place in range(5)]
    y = page.table(70, 226, (300, 250, 300, 250), (("收费项目", "金额（元）", "收费项目", "金额（元）"), *rows), _SONG, high=50)
    y = page.table(70, y, (300, 450, 120, 230), (("金额合计人民币（大写）", "{amount_in_words}", "￥", "{amount}"),), _SONG, high=54)
    y = page.table(70, y, (184, 183, 184, 183, 183, 183), (("预缴款", "5000.00", "补收", "0.00", "退款", "120.00"),), _SONG, high=50)
    page.text(70, y + 24, "[收款单位] {hospital}　　[开票] {doctor}　[复核] {doctor2}", _SONG)
    page.seal(900, y - 30, page.facts["hospital"], middle="财务专用章")


def _full(page: Page) -> None:
    """A fully digital invoice: no code, buyer and seller side by side."""
    page.text(0, 50, "电子发票（普通发票）", Look("song-bold", 38, (132, 66, 40)), width=1240, align="middle")
    page.text(840, 110, "发票号码：{number}", _SONG)
    page.text(840, 146, "开票日期：{issued_on|cn0}", _SONG)
    page.box(60, 196, 1180, 700)
    for x, side, text in ((60, "购\n买\n方\n信\n息", "名称：{name}"), (620, "销\n售\n方\n信\n息", "名称：{hospital}")):
        page.text(x + 10, 202, side, Look("song", 19, lead=1.15))
        page.text(x + 50, 212, text, Look("song", 22))
        page.text(x + 50, 266, "统一社会信用代码/纳税人识别号：", Look("song", 20))
    page.line(60, 316, 1180, 316)
    for x, text in ((80, "项目名称"), (480, "规格型号"), (640, "数　量"), (800, "金　额"), (940, "税率/征收率"), (1100, "税　额")):
        page.text(x, 326, text, Look("song", 20))
    for place in range(5):
        page.text(80, 364 + place * 36, f"*医疗服务*{{item_{place}}}", Look("song", 20))
        page.text(740, 364 + place * 36, f"{{cost_{place}}}", Look("song", 20), width=120, align="right")
        page.text(960, 364 + place * 36, "免税", Look("song", 20))
    page.text(80, 556, "合　　　计", _SONG)
    page.text(740, 556, "{amount|yen}", _SONG, width=140, align="right")
    page.line(60, 596, 1180, 596)
    page.text(80, 610, "价税合计（大写）　　　{amount_in_words}", _SONG)
    page.text(780, 610, "（小写）　{amount|yen}", _SONG)
    page.line(60, 648, 1180, 648)
    page.text(80, 660, "备注：门诊号 {case_no}", Look("song", 20))
    page.text(80, 716, "开票人：{doctor2}", _SONG)


def _over(page: Page) -> None:
    """Labels in two tongues above their values; dates of the visit and of the print beside that of the receipt."""
    page.facts["seen_on"], page.facts["printed_on"] = shifted(page.facts["issued_on"], -1), shifted(page.facts["issued_on"], 6)
    page.text(70, 50, "{hospital}", Look("hei-bold", 32))
    page.text(70, 100, "医疗门诊收费票据 OFFICIAL RECEIPT", Look("hei", 26))
    y = 170.0
    for row in ((("票据代码 Code", "{code}"), ("票据号码 Receipt No.", "{number}"), ("校验码 Check", "{check}")),
                (("缴费人 Payer", "{name}"), ("就诊日期 Visit", page.facts["seen_on"]), ("开票日期 Issued", "{issued_on}"))):
        for place, (label, value) in enumerate(row):
            page.text(70 + place * 370, y, label, _SMALL)
            page.text(70 + place * 370, y + 28, value, _MONO)
        y += 92
    page.line(70, y, 1160, y)
    y += 14
    for place in range(7):
        page.text(70, y, f"{{item_{place}}}", _HEI)
        page.text(860, y, f"{{cost_{place}|comma}}", _MONO, width=300, align="right")
        y += 42
    page.line(70, y, 1160, y)
    for label, value in (("应收合计 Total", "{amount|comma}"), ("大写 In words", "{amount_in_words}"), ("医保支付 Insurance", "0.00")):
        y += 44
        page.text(70, y - 28, label, _HEI)
        page.text(660, y - 28, value, _MONO, width=500, align="right")
    page.text(70, y + 60, f"打印日期 Printed {page.facts['printed_on']}　收款人 Cashier {{doctor2}}", _SMALL)
    page.seal(940, y + 30, page.facts["hospital"], radius=86, middle="收费专用章")


LAYOUTS = {"tax": (_tax, (1240, 830)), "slip": (_slip, (760, 980)), "provincial": (_provincial, (1240, 800)),
                       "full": (_full, (1240, 780)), "over": (_over, (1240, 980))}
