"""Eight layouts, one of each kind, that were held out of tuning until what they showed had been told: ordinary ones since.

Five of their pages of each kind were read apart by the bench; the layouts held out now are in held_out.py.
"""

from __future__ import annotations

from services.simulate.scans import prose
from services.simulate.scans.canvas import GREY, INK, Look, Page
from services.simulate.scans.identity import id_back, id_front

_SONG, _HEI, _KAI = Look("song", 26), Look("hei", 25), Look("kai", 29)


def _id_lying(page: Page) -> None:
    """Lying, front and back side by side, words for one use only printed across both."""
    id_back(page, 900, 330, 760)
    id_front(page, 90, 330, 760)
    pale = Look("kai", 38, (188, 196, 204), spread=6)
    for place in range(3):
        page.text(120, 400 + place * 170, "仅供办理互助金申请使用　　再次复印无效　　仅供办理互助金申请使用", pale)
    page.text(90, 900, "与原件核对无误", Look("kai", 36))


def _first_leaf(page: Page) -> None:
    """The first leaf of a passbook."""
    page.box(60, 60, 1180, 720, ink=(150, 60, 60), thick=3)
    page.text(0, 90, "{bank}活期一本通", Look("song-bold", 42, (150, 50, 50)), width=1240, align="middle")
    mono = Look("mono", 29)
    page.text(120, 200, "户　名 NAME", Look("song", 24, GREY))
    page.text(430, 196, "{name~}", mono)
    page.text(120, 280, "账　号 A/C NO.", Look("song", 24, GREY))
    page.text(430, 276, "{account|groups}", mono)
    page.text(120, 360, "开户网点 BRANCH", Look("song", 24, GREY))
    page.text(430, 356, "{branch}", mono)
    page.text(120, 440, "开户日 OPENED", Look("song", 24, GREY))
    page.text(430, 436, "{opened_on|slash}", mono)
    page.text(120, 520, "印密 凭密码支取　　通兑 通存通兑", Look("song", 24))
    page.seal(950, 560, page.facts["bank"] + "储蓄专用章", radius=92)


def _from_record(page: Page) -> None:
    """From an electronic record: labels over values, the diagnosis in a numbered list, the date in the foot."""
    page.text(80, 70, "{hospital} 门诊电子病历", Look("hei", 26, GREY))
    page.text(80, 130, "医学诊断证明", Look("hei-bold", 46))
    page.line(80, 210, 1160, 210, thick=4)
    small, big = Look("hei", 20, GREY), Look("hei", 27)
    for place, (label, value) in enumerate((("就诊人", "{name}"), ("性别", "{sex~}"), ("年龄", "{age}岁"), ("就诊科室", "{ward}"),
                                            ("就诊卡号", "{visit_no}"))):
        page.text(80 + place * 222, 232, label, small)
        page.text(80 + place * 222, 264, value, big)
    y = page.text(80, 350, "现病史", Look("hei-bold", 25))
    y = page.text(80, y + 4, prose.COMPLAINT, _HEI, width=1070)
    y = page.text(80, y + 20, "医学诊断", Look("hei-bold", 25))
    y = page.text(120, y + 6, "1. {disease}", Look("hei", 29))
    y = page.text(80, y + 30, "医生意见", Look("hei-bold", 25))
    y = page.text(80, y + 4, prose.ADVICE, _HEI, width=1070)
    page.line(80, y + 140, 1160, y + 140, thick=1)
    page.text(80, y + 160, "接诊医生 {doctor}", _HEI)
    page.text(480, y + 160, "出具时间 {diagnosed_on|dot}", _HEI)
    page.seal(980, y + 100, page.facts["hospital"], radius=96, middle="门诊部")


def _stations(page: Page) -> None:
    """A road of the specimen in three stations, the opinion in a frame at the top."""
    page.text(0, 80, "{hospital}病理科", Look("song", 32), width=1240, align="middle")
    page.text(0, 136, "外科病理学诊断意见书", Look("song-bold", 44), width=1240, align="middle")
    page.text(90, 220, "病理编码 {number}", Look("mono", 27))
    page.text(560, 220, "受检者 {name}　{sex~}　{age}岁", _SONG)
    page.box(80, 280, 1160, 460, thick=3)
    page.text(100, 296, "病理学诊断意见", Look("song-bold", 26))
    page.text(120, 360, "{disease}", Look("song-bold", 34))
    stations = (("标本采样", "{specimen_on|cn}"), ("标本签收", "{received_on|cn}"), ("报告签发", "{reported_on|cn}"))
    for place, (label, value) in enumerate(stations):
        x = 110.0 + place * 370
        page.box(x, 500, x + 300, 610, ink=GREY, round_by=14)
        page.text(x, 514, label, Look("song", 23, GREY), width=300, align="middle")
        page.text(x, 556, value, _SONG, width=300, align="middle")
        if place:
            page.line(x - 70, 555, x, 555, ink=GREY, thick=3)
    y = page.text(90, 650, "送检材料及大体检查　" + prose.NAKED_EYE, _SONG, width=1060)
    y = page.text(90, y + 16, "组织学描述　" + prose.MICROSCOPE, _SONG, width=1060)
    page.text(90, y + 80, "签发医师 {doctor}　　审核 {doctor2}", _SONG)
    page.seal(930, y + 110, page.facts["hospital"], middle="病理诊断专用章")


def _case_leaf(page: Page) -> None:
    """Like the first leaf of a case record: boxes, dates with hours, diagnoses in a table with codes."""
    page.text(0, 70, "住院病案出院摘要", Look("song-bold", 42), width=1240, align="middle")
    page.text(80, 150, "医疗机构 {hospital}", _SONG)
    page.text(820, 150, "病案号 {case_no}", _SONG)
    y = page.table(80, 210, (1080,), (
        ("姓名 {name}　　性别 {sex~}　　年龄 {age}岁　　国籍 中国　　职业 职员",), ("工作单位及地址 {unit_name}",),
        ("入院时间 {admitted_on|gap} 09 时　　入院科别 {ward}　　入院途径 门诊",),
        ("出院时间 {discharged_on|gap} 11 时　　出院科别 {ward}　　实际住院 {days} 天",)), Look("song", 25), high=62)
    y = page.table(80, y, (560, 280, 240), (("出院诊断", "疾病编码", "入院病情"), ("{disease}", "{icd}", "1"), ("", "", ""), ("", "", "")),
                   Look("song", 25), high=56)
    y = page.table(80, y, (1080,), (("诊疗经过　" + prose.COURSE,), ("出院时情况　" + prose.STATE,), ("出院后建议　" + prose.ADVICE,)),
                   Look("song", 25))
    page.text(90, y + 40, "科主任 {doctor2}　　主治医师 {doctor}　　质控护士", _SONG)
    page.seal(920, y + 60, page.facts["hospital"], middle="病案管理科")


def _led_by_dots(page: Page) -> None:
    """Numbered lines with dots that lead to the amounts."""
    page.text(0, 90, "医疗保险住院医疗费结算表", Look("song-bold", 42), width=1240, align="middle")
    page.text(90, 180, "就医医院　{hospital}", _KAI)
    page.text(90, 232, "患者　{name}（{sex~}）", _KAI)
    page.text(640, 232, "结算流水　{number}", _KAI)
    page.text(90, 284, "自 {admitted_on|cn} 住院，至 {discharged_on|cn} 出院，计 {days} 日", _KAI)
    y = 360.0
    for label, name in (("一、本次住院医疗费总额", "total"), ("二、医保基金支付", "fund_paid"), ("　（一）统筹基金", "pool_fund_paid"),
                        ("　（二）大额医疗费用互助资金", "large_fund_paid"),
                        ("三、个人应付合计", "own_payment"),
                        ("　（一）自付一", "own_1"), ("　（二）自付二", "own_2"), ("　（三）自费", "own_expense"),
                        ("四、个人账户划扣", "account_paid")):
        page.text(110, y, label, _KAI)
        start = 130 + page.width(label, _KAI)
        page.text(start, y, "." * max(4, round((880 - start) / 9)), Look("song", 26, GREY))
        page.text(900, y, f"{{{name}|yencomma}}", Look("mono", 27), width=230, align="right")
        y += 62
    page.text(110, y + 20, "个人应付大写　{own_words}", _KAI)
    page.text(110, y + 100, "制单 {doctor2}", _KAI)
    page.text(720, y + 100, "办理结算 {settled_on|cn}", _KAI)
    page.seal(560, y + 120, page.facts["hospital"], middle="住院收费处")


def _machine_slip(page: Page) -> None:
    """A narrow slip as a self-service machine prints it."""
    mono = Look("mono", 30)
    page.text(0, 60, "医疗门诊收费票据", Look("hei-bold", 40), width=800, align="middle")
    page.text(0, 120, "（电子凭据打印件）", Look("hei", 26), width=800, align="middle")
    y = 190.0
    for text in ("收费单位:{hospital}", "票据代码:{code}", "票据号码:{number}", "校 验 码:{check}", "患者:{name}  {sex~}",
                 "时间:{issued_on} {clock}"):
        y = page.text(50, y, text, mono, width=720)
    page.text(50, y, "-" * 44, mono)
    y += 44
    for place in range(7):
        page.text(50, y, f"{{item_{place}}}", mono)
        page.text(480, y, f"{{cost_{place}}}", mono, width=260, align="right")
        y += 46
    page.text(50, y, "-" * 44, mono)
    page.text(50, y + 46, "合计金额", mono)
    page.text(400, y + 42, "{amount|yen}", Look("mono", 36), width=340, align="right")
    page.text(50, y + 104, "大写金额 {amount_in_words}", Look("mono", 27))
    page.text(50, y + 190, "请妥善保管，遗失不补", Look("hei", 24, GREY))
    page.seal(600, y + 240, page.facts["hospital"], radius=100, middle="电子票据专用章")


def _answer(page: Page) -> None:
    """The brigade's answer to an application, numbers and dates in the running text only."""
    page.text(0, 140, "{brigade}文件", Look("song-bold", 50, (196, 38, 38)), width=1240, align="middle")
    page.text(0, 250, "{number}", Look("song", 28), width=1240, align="middle")
    page.line(110, 310, 1130, 310, ink=(196, 38, 38), thick=4)
    page.text(0, 350, "关于{name}家火灾事故原因的认定书", Look("song-bold", 42), width=1240, align="middle")
    text = Look("kai", 31, INK, 1.85)
    y = page.text(120, 450, "{name~}：", text)
    y = page.text(120, y, "　　{on|cn}{hour}，你位于{place}的住所起火。" + prose.BURNT, text, width=1000)
    y = page.text(120, y, "　　我大队依法进行了调查，认定起火原因系{cause}。" + prose.PROOF, text, width=1000)
    y = page.text(120, y, "　　" + prose.APPEAL, text, width=1000)
    page.text(700, y + 90, "{brigade}", text)
    page.text(740, y + 150, "{issued_on|cn}", text)
    page.seal(850, y + 125, page.facts["brigade"])


LAYOUTS = {
    "id_card": {"lying": (_id_lying, (1754, 1240))}, "bank_card": {"first_leaf": (_first_leaf, (1240, 800))},
    "diagnosis": {"from_record": (_from_record, (1240, 1754))}, "pathology": {"stations": (_stations, (1240, 1754))},
    "discharge": {"case_leaf": (_case_leaf, (1240, 1754))}, "settlement": {"led_by_dots": (_led_by_dots, (1240, 1500))},
    "invoice": {"machine_slip": (_machine_slip, (800, 1290))}, "fire": {"answer": (_answer, (1240, 1754))}}
