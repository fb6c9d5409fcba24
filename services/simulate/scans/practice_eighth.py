"""Practice sheets, eighth set: once more papers about fires and receipts, and two cards; read once before any rule met them."""

from __future__ import annotations

from services.simulate.scans import prose
from services.simulate.scans.canvas import GREY, RED, Look, Page
from services.simulate.scans.forms import shifted

_SONG, _HEI, _MONO, _SMALL = Look("song", 24), Look("hei", 23), Look("mono", 22), Look("hei", 19, GREY)
_LONG = Look("song", 29, lead=1.75)


def _notice(page: Page) -> None:
    """A decision told to the party: addressed by name, facts, finding and right of review in one letter."""
    facts = page.facts
    page.text(0, 90, "{brigade}", Look("song-bold", 38, RED, spread=4), width=1240, align="middle")
    page.line(110, 160, 1130, 160, thick=3, ink=RED)
    page.text(0, 180, "{number}", Look("song", 26), width=1240, align="middle")
    page.text(0, 236, "关于一起居民住宅火灾的原因认定", Look("song-bold", 36), width=1240, align="middle")
    y = page.text(110, 316, "{name}：", _LONG)
    y = page.text(110, y, f"　　你户于{{on|cn}}{{hour}}发生火灾，火灾地址为{{place}}。"
                  f"我大队于{shifted(facts['on'], 3)}完成现场勘验，经技术分析，"
                  "此起火灾系{cause}引起。" + prose.BURNT, _LONG, width=1020)
    y = page.text(110, y, "　　如对本认定不服，可自收到之日起十五日内申请复核。", _LONG, width=1020)
    page.text(740, y + 60, "{issued_on|cn}", _LONG)
    page.seal(850, y + 50, facts["brigade"])
    page.text(110, y + 170, "抄送：辖区派出所、社区居委会", _SMALL)


def _archive(page: Page) -> None:
    """A page of a brigade's system: pairs of label and value without rules, in two columns."""
    page.text(0, 70, "火灾调查认定信息单", Look("hei-bold", 36), width=1240, align="middle")
    y = 160.0
    for row in ((("认定书编号", "{number}"), ("认定机构", "{brigade}")), (("起火日期", "{on|slash}"), ("起火时刻", "{hour}")),
                (("当事人姓名", "{name}"), ("联系方式", "139****0000")), (("起火场所", "住宅"), ("认定日期", "{issued_on|slash}"))):
        for x, (label, value) in zip((100, 660), row, strict=True):
            page.text(x, y, label + "：" + value, _HEI)
        y += 52
    y = page.text(100, y, "起火地址：{place}", _HEI, width=1040)
    y = page.text(100, y + 16, "起火原因：{cause}", _HEI, width=1040)
    y = page.text(100, y + 16, "损失统计：" + prose.BURNT, _HEI, width=1040)
    page.text(100, y + 40, "制单人：{doctor}　　　打印时间：" + shifted(page.facts["issued_on"], 5), _HEI)
    page.seal(900, y + 30, page.facts["brigade"])


def _electric(page: Page) -> None:
    """A finding in which the facts precede a numbered list of what is found."""
    page.text(0, 100, "火灾原因认定书", Look("song-bold", 44, spread=6), width=1240, align="middle")
    page.text(110, 190, "{number}", Look("song", 26), width=1020, align="right")
    y = 250.0
    for line in ("　　受灾户：{name}，住{place}。",
                 "　　{on|cn}{hour}左右，该户室内起火，邻居{doctor}发现后拨打119报警，消防员到场后扑灭。",
                 "　　根据现场勘验笔录、监控录像和证人证言，认定：", "　　（一）起火时间为{on~|cn}{hour}左右；",
                 "　　（二）起火部位为该户客厅；",
                 "　　（三）起火原因为{cause}。", "　　" + prose.APPEAL):
        y = page.text(110, y, line, _LONG, width=1020)
    page.text(740, y + 50, "{brigade}", _LONG)
    page.text(740, y + 106, "二〇" + _year(page.facts["issued_on"]), _LONG)
    page.mark("issued_on", (740, y + 106, 1090, y + 150))
    page.seal(860, y + 90, page.facts["brigade"])


def _year(day: str) -> str:
    """二〇二六年八月三日, without its first two signs."""
    figures = "〇一二三四五六七八九"
    year, month, date = day.split("-")

    def count(number: int) -> str:
        tens, ones = divmod(number, 10)
        return ("" if tens == 0 else "十" if tens == 1 else figures[tens] + "十") + (figures[ones] if ones else "")
    return "".join(figures[int(sign)] for sign in year[2:]) + f"年{count(int(month))}月{count(int(date))}日"


def _registration(page: Page) -> None:
    """A small outpatient receipt of a county hospital, pre-printed words around what a needle printer put in."""
    page.text(0, 40, "医疗卫生机构门诊收费收据", Look("song-bold", 30), width=1000, align="middle")
    page.text(60, 96, "（{code}）", _MONO)
    page.text(700, 96, "号码 {number}", Look("mono", 24, RED))
    page.text(60, 140, "患者 {name}　　性别 {sex~}　　结算方式 医保　　{issued_on|gap}", _SONG)
    rows = [(f"{{item_{place}}}", f"{{cost_{place}}}", f"{{item_{place + 5}}}", f"{{cost_{place + 5}}}") for place in range(5)]
    y = page.table(60, 184, (240, 200, 240, 200), rows, _SONG, high=42)
    page.text(60, y + 14, "合计人民币（大写）{amount_in_words}", _SONG)
    page.text(690, y + 14, "￥{amount}", _SONG)
    page.text(60, y + 60, "收费单位（盖章）{hospital}　　收费员 {doctor2}", _SONG)
    page.seal(340, y + 50, page.facts["hospital"], radius=76, middle="收费章")


def _paper_vat(page: Page) -> None:
    """A tax invoice on paper: code and number over the form, buyer above, seller below, capitals in the sum's row."""
    page.text(0, 40, "宁夏增值税普通发票", Look("kai", 40, (150, 60, 40)), width=1240, align="middle")
    page.text(90, 50, "{code}", Look("mono", 26))
    page.text(920, 46, "No {number}", Look("mono", 28, RED))
    page.text(920, 96, "开票日期：{issued_on|cn0}", Look("song", 21))
    y = page.table(60, 140, (60, 560, 60, 440), (("购\n买\n方", "名　　称：{name}\n纳税人识别号：\n地址、电话：\n开户行及账号：",
                                                  "密\n码\n区",
                                                  "03<8>*4+/6-97\n5*2>>/+0<84\n+7-<31*/65"),), Look("song", 20))
    y = page.table(60, y, (360, 130, 130, 160, 170, 170), (("货物或应税劳务、服务名称", "单位", "数量", "单价", "金额", "税额"),
                                                          ("*医疗服务*住院费", "次", "1", "{amount~}", "{amount~}", "***"),
                                                          ("合　　计", "", "", "", "¥{amount~}", "***")), Look("song", 20), high=44)
    y = page.table(60, y, (300, 480, 340), (("价税合计（大写）", "⊗{amount_in_words}", "（小写）¥{amount}"),), Look("song", 21), high=48)
    y = page.table(60, y, (60, 560, 60, 440), (("销\n售\n方",
                                                "名　　称：{hospital}\n纳税人识别号：1264000045406{visit_no}\n地址、电话："
                                                "略\n开户行及账号：略",
                                               "备\n注", "住院号 {case_no}"),), Look("song", 20))
    page.text(80, y + 16, "收款人：{doctor}　　　复核：　　　开票人：{doctor2}　　　销售方：（章）", Look("song", 21))
    page.seal(960, y - 40, page.facts["hospital"], oval=True, middle="发票专用章")


def _photo_card(page: Page) -> None:
    """A bank card taken with its number along the lower edge and the bank's name beside a mark."""
    page.box(40, 40, 960, 620, fill=(180, 60, 60), ink=(120, 40, 40), round_by=40)
    white = (250, 250, 250)
    page.text(120, 90, "{bank}", Look("hei-bold", 44, white))
    page.text(120, 150, "{bank_english~}", Look("hei", 20, white))
    page.box(120, 240, 240, 330, fill=(220, 190, 110), ink=(160, 130, 60), round_by=10)
    page.text(100, 400, "{account|groups}", Look("mono", 48, white))
    page.text(100, 500, "有效期 {valid}　　银联 UnionPay　　借记卡", Look("hei", 24, white))


def _temporary(page: Page) -> None:
    """A certificate of the household register's office while the card is being made."""
    page.text(0, 70, "临时居民身份证", Look("song-bold", 36), width=1000, align="middle")
    y = 150.0
    for line in ("姓名　{name}", "性别　{sex}　　民族　{folk}", "出生　{born|cn}", "住址　{address}", "公民身份号码　{number}",
                 "签发机关　{police}", "有效期限　自{valid_from|cn}至{valid_until|cn}"):
        y = page.text(80, y, line, Look("song", 28, lead=1.7), width=620)
    page.box(730, 160, 940, 430, fill=(214, 206, 200), ink=GREY)


LAYOUTS = {
    "fire": {"practice_lettered": (_notice, (1240, 1200)), "practice_screened": (_archive, (1240, 860)),
             "practice_numbered_list": (_electric, (1240, 1300))},
    "invoice": {"practice_needle": (_registration, (1000, 620)), "practice_vat": (_paper_vat, (1240, 860))},
    "bank_card": {"practice_edge": (_photo_card, (1000, 660))}, "id_card": {"practice_interim": (_temporary, (1000, 620))}}
