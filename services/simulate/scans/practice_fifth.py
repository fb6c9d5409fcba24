"""Practice sheets, fifth set: the kinds that were read worst, papers about fires and receipts, three of each; read once before any
rule met them."""

from __future__ import annotations

from decimal import Decimal

from services.simulate.scans import prose
from services.simulate.scans.canvas import BLUE, GREY, RED, Look, Page
from services.simulate.scans.forms import shifted

_SONG, _HEI, _MONO, _SMALL = Look("song", 24), Look("hei", 23), Look("mono", 22), Look("hei", 19, GREY)
_LONG = Look("song", 29, lead=1.75)


def _simple_form(page: Page) -> None:
    """The ministry's form of a simple investigation: a grid, and the facts told in one cell."""
    page.text(0, 70, "{brigade}", Look("song-bold", 36), width=1240, align="middle")
    page.text(0, 130, "火灾事故简易调查认定书", Look("song-bold", 42), width=1240, align="middle")
    page.text(100, 204, "{number}", _SONG, width=1040, align="right")
    y = page.table(100, 250, (210, 310, 210, 310), (
        ("起火单位（个人）", "{name}", "性　别", "{sex~}"), ("地　　址", ("{place}", 3)),
        ("起火时间", "{on|cn}{hour}", "报警时间", "{on~|cn}{hour}"), ("火灾类别", "一般火灾", "扑灭时间", "{on~|cn}"),
        ("过火面积", "约 12 平方米", "人员伤亡", "无"),
        ("调查认定的火灾事故事实", ("{on~|cn}{hour}，{name~}住宅发生火灾。" + prose.BURNT + "经现场勘验、调查询问，"
                         "起火原因为{cause}。", 3)),
        ("当事人意见", ("对以上认定无异议。　签名：{name~}　{issued_on~|cn}", 3))), Look("song", 24), high=60)
    page.text(100, y + 22, "火灾事故调查人员：{doctor}　{doctor2}", _SONG)
    page.text(760, y + 70, "（印章）", _SONG)
    page.text(720, y + 116, "{issued_on|cn}", _SONG)
    page.seal(840, y + 104, page.facts["brigade"])
    page.text(100, y + 180, "当事人对认定有异议的，可在收到之日起十五日内提出复核申请。", _SMALL)


def _report(page: Page) -> None:
    """An investigation in numbered parts; people and days of the investigation beside those that count."""
    facts = page.facts
    page.text(0, 90, "关于{place~}火灾的调查认定意见", Look("song-bold", 32), width=1240, align="middle")
    page.text(0, 146, "{number}", Look("song", 26), width=1240, align="middle")
    y = 220.0
    for line in ("　　一、基本情况", f"　　{{on|cn}}{{hour}}，大队指挥中心接群众{facts['doctor']}报警称：{{place}}冒烟起火。"
                 f"大队出动两车十人，"
                 "于当日将火扑灭。起火房屋为砖混结构住宅，户主{name}，户内无人员伤亡。",
                 "　　二、调查情况", f"　　{shifted(facts['on'], 1)}，大队派员进行现场勘验，询问户主及邻居{facts['doctor2']}等三人，"
                 f"提取电气线路残骸送检。",
                 "　　三、认定意见", "　　起火时间认定为{on~|cn}{hour}许；起火部位认定为该户室内；起火原因认定为{cause}。",
                 "　　四、救济途径", "　　" + prose.APPEAL):
        y = page.text(110, y, line, _LONG, width=1020)
    page.text(720, y + 50, "{brigade}", _LONG)
    page.text(740, y + 106, "{issued_on|cn}", _LONG)
    page.seal(850, y + 90, facts["brigade"])


def _police(page: Page) -> None:
    """What a brigade attests for the insurer: one long sentence, the family named late."""
    page.text(0, 100, "证　　明", Look("song-bold", 48, spread=8), width=1240, align="middle")
    page.text(100, 190, "编号：{number}", _SONG, width=1040, align="right")
    y = page.text(110, 250, "　　兹证明{on|cn}{hour}许，位于{place}的{name}家中失火，过火面积约 10 平方米，烧毁家具、家电等物品。"
                  "经我大队现场勘验和调查，排除人为放火，认定起火原因系{cause}。", _LONG, width=1020)
    y = page.text(110, y, "　　特此证明。", _LONG, width=1020)
    page.text(110, y + 30, "经办人：{doctor}　　联系电话：0951-6012119", _SONG)
    page.text(700, y + 100, "{brigade}（章）", _LONG)
    page.text(720, y + 156, "{issued_on|gap}", _LONG)
    page.seal(860, y + 140, page.facts["brigade"])
    page.text(110, y + 260, "注：本证明依当事人申请出具，自出具之日起三个月内有效。", _SMALL)


def _e_bill(page: Page) -> None:
    """The finance ministry's electronic bill for an outpatient, with its block of other information."""
    facts = page.facts
    total = Decimal(facts["amount"])
    fund = (total * 6 / 10).quantize(Decimal("0.01"))
    page.text(0, 40, "医疗门诊收费票据（电子）", Look("song-bold", 34, RED), width=1240, align="middle")
    for x, top, text in ((80, 110, "票据代码：{code}"), (760, 110, "票据号码：{number}"),
                       (80, 148, "交款人统一社会信用代码：{id_number|star}"), (760, 148, "校验码：{check}"),
                       (80, 186, "交款人：{name}"), (760, 186, "开票日期：{issued_on}")):
        page.text(x, top, text, _SONG)
    rows = [(f"{{item_{place}}}", f"{{cost_{place}}}", "", f"{{item_{place + 1}}}", f"{{cost_{place + 1}}}", "") for place in range(0,
                                                                                                                                    10, 2)]
    y = page.table(80, 232, (220, 180, 140) * 2, (("项目名称", "金额（元）", "备注") * 2, *rows), Look("song", 21), high=42)
    y = page.table(80, y, (640, 440), (("金额合计（大写）{amount_in_words}", "（小写）{amount}"),), _SONG, high=50)
    page.text(60, y + 20, "其\n他\n信\n息", Look("song", 20))
    for row, texts in enumerate((("业务流水号：{visit_no}", "门诊号：{case_no}", "就诊日期：{issued_on~}"),
                                 ("医疗机构类型：综合医院", "医保类型：职工医保", "医保编号：64{visit_no}"),
                                 (f"医保统筹基金支付：{fund}", "其他支付：0.00", "个人账户支付：0.00"),
                                 (f"个人现金支付：{total - fund}", f"个人自付：{total - fund}", "个人自费：0.00"))):
        for place, text in enumerate(texts):
            page.text(110 + place * 350, y + 14 + row * 34, text, Look("song", 20))
    page.text(80, y + 176, "收款单位（章）：{hospital}", _SONG)
    page.text(640, y + 176, "复核人：{doctor}", _SONG)
    page.text(940, y + 176, "收款人：{doctor2}", _SONG)
    page.seal(400, y + 150, facts["hospital"], oval=True, middle="财务专用章")


def _all_digital(page: Page) -> None:
    """The tax office's all-digital invoice: one number of twenty figures, buyer and seller side by side."""
    facts = page.facts
    facts["number"] = "26" + facts["code"][:4] + "0000" + facts["number"]
    page.text(0, 50, "电子发票（普通发票）", Look("kai", 40, (150, 60, 40)), width=1240, align="middle")
    page.text(850, 60, "发票号码：{number}", Look("song", 20))
    page.text(850, 96, "开票日期：{issued_on|cn0}", Look("song", 20))
    page.box(60, 150, 1180, 620, ink=(150, 60, 40))
    for x, side, name, code in ((60, "购\n买\n方\n信\n息", "{name}", ""), (620, "销\n售\n方\n信\n息", "{hospital}",
                                                                      "126400004540{visit_no}")):
        page.text(x + 10, 156, side, Look("song", 18, (150, 60, 40), lead=1.3))
        page.line(x + 40, 150, x + 40, 280, ink=(150, 60, 40))
        page.text(x + 54, 172, "名称：" + name, Look("song", 22))
        page.text(x + 54, 228, "统一社会信用代码/纳税人识别号：" + code, Look("song", 18))
    page.line(60, 280, 1180, 280, ink=(150, 60, 40))
    for x, text in ((90, "项目名称"), (380, "规格型号"), (520, "单 位"), (640, "数 量"), (760, "单 价"), (900, "金 额"), (1000,
                                                                                                          "税率/征收率"), (1120, "税 额")):
        page.text(x, 290, text, Look("song", 17, (150, 60, 40)))
    page.text(80, 330, "*医疗服务*医疗服务费", Look("song", 20))
    page.text(660, 330, "1", Look("song", 20))
    page.text(880, 330, "{amount~}", Look("song", 20))
    page.text(1030, 330, "免税", Look("song", 20))
    page.text(1130, 330, "***", Look("song", 20))
    page.text(140, 500, "合　　　计", Look("song", 20, (150, 60, 40)))
    page.text(870, 500, "¥{amount~}", Look("song", 20))
    page.line(60, 540, 1180, 540, ink=(150, 60, 40))
    page.text(100, 552, "价税合计（大写）", Look("song", 20, (150, 60, 40)))
    page.text(340, 550, "⊗ {amount_in_words}", Look("song", 22))
    page.text(860, 550, "（小写）¥{amount}", Look("song", 22))
    page.text(80, 640, "备注：住院号 {case_no}", Look("song", 19))
    page.text(100, 760, "开票人：{doctor2}", Look("song", 21))


def _old_paper(page: Page) -> None:
    """A receipt printed over a form of paper of the province: sums by kind down two columns, words in boxes."""
    page.text(0, 50, "住院医药费专用收据", Look("kai", 36), width=1240, align="middle")
    page.text(90, 60, "收据代码 {code}", _MONO)
    page.text(880, 60, "收据号 {number}", Look("mono", 24, RED))
    page.text(90, 116, "住院号 {case_no}　　姓名 {name}　　科室 {ward}　　床号 {bed}", _SONG)
    rows = [(f"{{item_{place}}}", f"{{cost_{place}|comma}}", f"{{item_{place + 5}}}", f"{{cost_{place + 5}|comma}}") for place in range(5)]
    y = page.table(90, 164, (300, 230, 300, 230), (("费用项目", "金　额", "费用项目", "金　额"), *rows,
                                                  ("应收合计", ("{amount|comma}", 3)), ("人民币（大写）", ("{amount_in_words}", 3))),
                                                  _SONG, high=46)
    page.text(90, y + 18, f"预收款 {Decimal(page.facts['amount']) + 1000:,.2f}　　应退款 1,000.00", _SONG)
    page.text(90, y + 64, "收费单位 {hospital}", _SONG)
    page.text(700, y + 64, "{issued_on|gap}", Look("song", 24, BLUE))
    page.text(980, y + 64, "收款员 {doctor2}", _SONG)
    page.seal(360, y + 60, page.facts["hospital"], radius=80, middle="收讫")


LAYOUTS = {
    "fire": {"practice_simplest": (_simple_form, (1240, 1300)), "practice_report": (_report, (1240, 1450)),
             "practice_insurer": (_police, (1240, 1000))},
    "invoice": {"practice_e_bill": (_e_bill, (1240, 800)), "practice_all_digital": (_all_digital, (1240, 820)),
                "practice_paper": (_old_paper, (1240, 720))}}
