"""Layouts of medical invoices and of what fire brigades find."""

from __future__ import annotations

from services.simulate.scans import prose
from services.simulate.scans.canvas import GREY, Colour, Look, Page

_BROWN: Colour = (132, 66, 40)
_SONG = Look("song", 30, lead=1.85)


def _electronic(page: Page, title: str, *, items: int) -> None:
    label, value = Look("song", 22, _BROWN), Look("song", 23)
    page.text(0, 60, title, Look("song-bold", 38, _BROWN), width=1240, align="middle")
    page.line(390, 116, 850, 116, ink=_BROWN)
    for x, y, text, shown in ((80, 140, "票据代码：", "{code}"), (800, 140, "票据号码：", "{number}"),
                              (80, 180, "交款人统一社会信用代码：", "{id_number|star}"), (800, 180, "校验码：", "{check}"),
                              (80, 220, "交款人：", "{name}"), (800, 220, "开票日期：", "{issued_on}")):
        page.text(x, y, text, label)
        page.text(x + page.width(text, label), y - 1, shown, value)
    page.box(80, 266, 1160, 700, ink=_BROWN)
    for x, text in ((90, "项目名称"), (300, "数量/单位"), (470, "金额（元）"), (640, "项目名称"), (850, "数量/单位"), (1010, "金额（元）")):
        page.text(x, 276, text, label)
    for place in range(items):
        x, y = 90 + place % 2 * 550, 320 + place // 2 * 42
        page.text(x, y, f"{{item_{place}}}", value)
        page.text(x + 230, y, "1/项", value)
        page.text(x + 340, y, f"{{cost_{place}}}", value, width=140, align="right")
    page.line(80, 560, 1160, 560, ink=_BROWN)
    page.text(90, 572, "金额合计（大写）", label)
    page.text(270, 571, "{amount_in_words}", value)
    page.text(800, 572, "（小写）", label)
    page.text(890, 571, "{amount}", value)
    page.line(80, 612, 1160, 612, ink=_BROWN)


def _invoice_inpatient(page: Page) -> None:
    _electronic(page, "医疗住院收费票据（电子）", items=10)
    small = Look("song", 20)
    page.text(90, 620, "业务流水号：{visit_no}　病历号：{case_no}　住院科别：{ward}　住院时间：{admitted_on~}至{discharged_on~}", small)
    page.text(90, 656, "医保类型：职工医保　性别：{sex~}　预缴金额：5000.00", small)
    page.text(80, 716, "收款单位（章）：", Look("song", 22, _BROWN))
    page.text(240, 715, "{hospital}", Look("song", 23))
    page.text(760, 716, "复核人：{doctor}　收款人：{doctor2}", Look("song", 22))
    page.seal(520, 716, page.facts["hospital"], radius=84, middle="财务专用章", oval=True)


def _invoice_outpatient(page: Page) -> None:
    _electronic(page, "医疗门诊收费票据（电子）", items=10)
    page.text(90, 622, "业务流水号：{visit_no}　门诊号：{case_no}　就诊日期：{issued_on~}　医疗机构类型：综合医院", Look("song", 20))
    page.text(90, 658, "医保统筹基金支付：0.00　个人现金支付：{amount~}", Look("song", 20))
    page.text(80, 716, "收款单位（章）：{hospital}", Look("song", 22))
    page.text(780, 716, "收款人：{doctor2}", Look("song", 22))
    page.seal(470, 700, page.facts["hospital"], radius=82, middle="收费专用章", oval=True)


def _invoice_dots(page: Page) -> None:
    """A form printed beforehand; what the printer adds sits a little beside its place."""
    form, dots = Look("song", 23, (40, 110, 90)), Look("mono", 25, (60, 60, 90))
    page.text(0, 50, "医疗住院收费专用收据", Look("song-bold", 36, (40, 110, 90)), width=1240, align="middle")
    off = page.chance.uniform(-5, 7)
    page.text(880, 40, "代码", form)
    page.text(940, 40 + off / 2, "{code}", dots)
    page.text(880, 80, "No.", form)
    page.text(940, 78 + off / 2, "{number}", Look("mono", 30, (190, 40, 40)))
    for x, label, shown in ((80, "姓名", "{name}"), (430, "住院号", "{case_no}"), (800, "开票日期", "{issued_on}")):
        page.text(x, 136, label, form)
        page.text(x + 24 + 26 * len(label), 136 + off, shown, dots)
    rows = [(f"{{item_{place}}}", f"{{cost_{place}}}", f"{{item_{place + 1}}}", f"{{cost_{place + 1}}}") for place in range(0, 10, 2)]
    y = page.table(80, 190, (290, 250, 290, 250), (("收费项目", "金额", "收费项目", "金额"), *rows), dots, high=56, ink=(40, 110, 90))
    page.text(90, y + 18, "合计人民币（大写）", form)
    page.text(320, y + 18 + off, "{amount_in_words}", dots)
    page.text(820, y + 18, "￥", form)
    page.text(856, y + 18 + off, "{amount}", dots)
    page.text(90, y + 76, "收款单位", form)
    page.text(210, y + 76 + off, "{hospital}", dots)
    page.text(820, y + 76, "收款员", form)
    page.text(920, y + 76 + off, "{doctor2}", dots)
    page.seal(600, y + 80, page.facts["hospital"], radius=88, middle="财务专用章")


def _invoice_printed(page: Page) -> None:
    page.text(0, 110, "医疗收费电子票据", Look("hei-bold", 42), width=1240, align="middle")
    y = page.table(90, 210, (180, 350, 180, 350), (
        ("电子票据代码", "{code}", "电子票据号码", "{number}"), ("校验码", "{check}", "开票日期", "{issued_on|cn0}"),
        ("交款人", "{name}", "病历号", "{case_no}")), Look("hei", 25), high=64)
    y = page.table(90, y, (106, 424, 265, 265), (
        ("序号", "项目名称", "数量", "金额"), *((f"{place + 1}", f"{{item_{place}}}", "1", f"{{cost_{place}}}") for place in range(8)),
        ("", "其他", "1", "{cost_8}")), Look("hei", 24), high=50)
    y = page.table(90, y, (180, 480, 130, 270), (("合计大写", "{amount_in_words}", "合计小写", "{amount|yen}"),), Look("hei", 25), high=64)
    y = page.table(90, y, (180, 880), (("收款单位", "{hospital}"),
                                       ("备注", "本票据可在财政部全国财政电子票据查验平台查验")), Look("hei", 25), high=64)
    page.seal(930, y - 40, page.facts["hospital"], radius=92, middle="财务专用章")


def _fire_official(page: Page) -> None:
    page.text(0, 130, "{brigade}", Look("song-bold", 38), width=1240, align="middle")
    page.text(0, 200, "火灾事故认定书", Look("song-bold", 52, spread=8), width=1240, align="middle")
    page.text(90, 300, "{number}", Look("kai", 30), width=1060, align="right")
    page.line(100, 352, 1140, 352, thick=3)
    y = page.text(120, 390, "　　火灾事故基本情况：{on|cn}{hour}许，位于{place}的当事人{name}家中发生火灾。"
                  + prose.BURNT, _SONG, width=1000)
    y = page.text(120, y + 8, "　　经调查，对起火原因认定如下：起火原因为{cause}。", _SONG, width=1000)
    y = page.text(120, y + 8, "　　" + prose.PROOF, _SONG, width=1000)
    y = page.text(120, y + 8, "　　" + prose.APPEAL, _SONG, width=1000)
    page.text(640, y + 90, "{brigade}", Look("song", 30))
    page.text(690, y + 145, "{issued_on|cn}", Look("song", 30))
    page.seal(790, y + 120, page.facts["brigade"])


def _fire_simple(page: Page) -> None:
    page.text(0, 110, "火灾事故简易调查认定书", Look("hei-bold", 44), width=1240, align="middle")
    page.text(90, 190, "编号：{number}", Look("hei", 26), width=1060, align="right")
    y = page.table(90, 240, (210, 320, 210, 320), (
        ("当事人", "{name}", "性别", "{sex~}"), ("身份证号", ("{id_number}", 3)), ("起火时间", "{on|cn}{hour}", "报警时间", "{on~|cn}"),
        ("起火地点", ("{place}", 3)), ("火灾损失", (prose.BURNT, 3)), ("起火原因", ("{cause}", 3)), ("证据", (prose.PROOF, 3)),
        ("告知事项", (prose.APPEAL, 3)), ("当事人签名", "", "承办人", "{doctor}、{doctor2}"), ("认定日期", ("{issued_on|cn}", 3))),
        Look("hei", 25, lead=1.5), high=74)
    page.seal(900, y - 40, page.facts["brigade"], middle="火灾调查专用章")


def _fire_labels(page: Page) -> None:
    page.text(0, 140, "火灾事故认定书", Look("song-bold", 50), width=1240, align="middle")
    page.text(0, 220, "（{number}）", Look("song", 28), width=1240, align="middle")
    y = 310.0
    for label, value in (("当事人", "{name}"), ("住址", "{address~}"), ("火灾发生时间", "{on|cn0}"), ("火灾发生地点", "{place}"),
                         ("火灾事故原因", "{cause}"), ("过火面积", "12平方米")):
        page.text(130, y, f"{label}：", _SONG)
        y = page.text(360, y, value, _SONG, width=760) + 10
    y = page.text(130, y + 10, "　　" + prose.PROOF + prose.APPEAL, _SONG, width=980)
    page.text(700, y + 80, "{brigade}（印章）", Look("song", 28))
    page.text(760, y + 140, "{issued_on|cn0}", Look("song", 28))
    page.seal(850, y + 100, page.facts["brigade"])


def _fire_columns(page: Page) -> None:
    page.box(80, 90, 1160, 1650, thick=3)
    page.text(0, 130, "{brigade}火灾事故认定书", Look("song-bold", 40), width=1240, align="middle")
    page.text(120, 210, "文书编号：{number}", Look("song", 27))
    page.line(80, 262, 1160, 262)
    y = 286.0
    for title, text in (("一、当事人基本情况", "姓名：{name}；公民身份号码：{id_number}。"),
                        ("二、火灾基本情况", "起火日期：{on|dot}；起火部位及地点：{place}。" + prose.BURNT),
                        ("三、起火原因", "{cause}。"), ("四、认定依据", "依据《中华人民共和国消防法》第五十一条。" + prose.PROOF),
                        ("五、救济途径", prose.APPEAL)):
        y = page.text(120, y, title, Look("hei-bold", 28, lead=1.8))
        y = page.text(150, y, text, Look("song", 27, lead=1.75), width=960) + 14
    page.text(120, y + 80, "制作日期：{issued_on|dot}", Look("song", 27))
    page.text(660, y + 80, "消防救援机构（盖章）", Look("song", 27, GREY))
    page.seal(790, y + 90, page.facts["brigade"])


LAYOUTS = {
    "invoice": {"inpatient": (_invoice_inpatient, (1240, 800)), "outpatient": (_invoice_outpatient, (1240, 800)),
                "dots": (_invoice_dots, (1240, 720)), "printed": (_invoice_printed, (1240, 1754))},
    "fire": {"official": (_fire_official, (1240, 1754)), "simple": (_fire_simple, (1240, 1754)),
             "labels": (_fire_labels, (1240, 1754)), "columns": (_fire_columns, (1240, 1754))},
}
