"""Further layouts of discharge summaries: a front page of a record, heads over values, the stay told in a sentence of the form."""

from __future__ import annotations

from services.simulate.scans import prose
from services.simulate.scans.canvas import BLUE, GREY, Look, Page

_SONG, _HEI, _MONO = Look("song", 25), Look("hei", 24), Look("mono", 24)
_SMALL = Look("hei", 20, GREY)
_SIZE = (1240, 1754)


def _front(page: Page) -> None:
    """Labels without colons, times behind days; both diagnoses side by side; operation, printing and return have dates too."""
    page.text(0, 70, "{hospital}", Look("hei-bold", 36), width=1240, align="middle")
    page.text(0, 124, "出院小结（患者联）", Look("hei-bold", 36), width=1240, align="middle")
    rows = ((("姓　名", "{name}"), ("性　别", "{sex~}"), ("年　龄", "{age}岁")), (("科　室", "{ward}"), ("床　号", "{bed}"),
            ("住院号", "{case_no}")), (("入院时间", "{admitted_on} 09:12"), ("手术时间", "{diagnosed_on~} 08:30"),
                                    ("出院时间", "{discharged_on} 10:45")))
    for down, row in enumerate(rows):
        for across, (label, value) in enumerate(row):
            page.text(80 + across * 370, 210 + down * 48, label, _HEI)
            page.text(195 + across * 370, 210 + down * 48, value, _MONO)
    page.text(80, 354, "住院天数", _HEI)
    page.text(195, 354, "{days}", _MONO)
    page.text(450, 354, "主管医师　{doctor}", _HEI)
    y = page.table(80, 410, (540, 540), (("入院诊断", "出院诊断"), ("占位性病变，性质待查", "{disease}")), _HEI, high=54)
    for title, text in (("入院情况", prose.COMPLAINT), ("诊治经过", prose.COURSE), ("出院情况", prose.STATE), ("出院医嘱", prose.ADVICE)):
        y = page.text(80, y + 20, title, Look("hei-bold", 24))
        y = page.text(80, y, text, _HEI, width=1080)
    page.text(80, y + 50, "复诊日期 2027-01-15　　打印时间 {discharged_on~} 11:03:20", _SMALL)
    page.seal(900, y + 70, page.facts["hospital"], middle="住院处")


def _heads(page: Page) -> None:
    """Two tables with heads in the first row; days of the stay among them."""
    page.text(0, 90, "出院记录", Look("song-bold", 46, spread=20), width=1240, align="middle")
    page.text(90, 170, "医疗机构　{hospital}", _SONG)
    page.text(860, 170, "病案号　{case_no}", _SONG)
    y = page.table(90, 220, (212, 130, 130, 330, 258), (
        ("姓名", "性别", "年龄", "科别", "床位"), ("{name}", "{sex~}", "{age}岁", "{ward}", "{bed}床")), _SONG, high=54, align="middle")
    y = page.table(90, y, (265, 265, 265, 265), (("入院日期", "手术日期", "出院日期", "住院天数"), (
        "{admitted_on|slash}", "{diagnosed_on~|slash}", "{discharged_on|slash}", "{days}")), _SONG, high=54, align="middle")
    y = page.table(90, y, (200, 860), (("入院诊断", "待诊"), ("出院诊断", "{disease}"), ("入院情况", prose.COMPLAINT),
                                      ("诊疗经过", prose.COURSE + prose.EXAMINED), ("出院情况", prose.STATE),
                                      ("出院医嘱", prose.ADVICE)), _SONG, high=54)
    page.text(640, y + 40, "住院医师　", _SONG)
    page.text(770, y + 32, "{doctor}", Look("kai", 38, BLUE, hand=True))
    page.text(640, y + 100, "记录日期　{discharged_on~|cn}", _SONG)
    page.seal(320, y + 80, page.facts["hospital"])


def _blanks(page: Page) -> None:
    """A printed sentence with blanks that a hand or a printer filled; the place signs at the end."""
    page.text(0, 100, "出院小结", Look("song-bold", 48), width=1240, align="middle")
    text = Look("song", 28, lead=1.9)
    y = page.text(110, 210, "　　患者 {name} ，性别 {sex~} ，年龄 {age} 岁，住院号 {case_no} 。于 {admitted_on|gap} 住入我院 {ward} ，"
                  "于 {discharged_on|gap} 出院，住院 {days} 天。", text, width=1020)
    y = page.text(110, y + 10, "入院时诊断　待查", text)
    y = page.text(110, y + 10, "主要治疗经过　" + prose.COURSE, text, width=1020)
    y = page.text(110, y + 10, "出院时诊断　{disease}", text, width=1020)
    y = page.text(110, y + 10, "注意事项　" + prose.ADVICE, text, width=1020)
    page.text(700, y + 50, "{hospital}", text)
    page.text(700, y + 110, "医师　{doctor}", text)
    page.text(700, y + 170, "{discharged_on~|gap}", text)
    page.seal(900, y + 110, page.facts["hospital"])


def _traditional(page: Page) -> None:
    """Two diagnoses of two schools, transfers between wards, a former stay."""
    page.text(0, 80, "{hospital}", Look("song-bold", 36), width=1240, align="middle")
    page.text(0, 134, "住院病历·出院小结", Look("song-bold", 36), width=1240, align="middle")
    for x, top, text in ((90, 220, "患者 {name}　{sex~}　{age}岁"), (520, 220, "住院号 {case_no}"), (860, 220, "入住科室 {ward}"),
                       (90, 268, "入院日期 {admitted_on|cn}"), (520, 268, "转科日期 {diagnosed_on~|cn}"),
                       (90, 316, "出院日期 {discharged_on|cn}"),
                       (520, 316, "共住院 {days} 日"), (860, 316, "上次出院日期 2024-03-02")):
        page.text(x, top, text, _SONG)
    y = page.text(90, 380, "入院诊断：中医：积聚病　西医：待查", _SONG)
    y = page.text(90, y + 10, "住院经过：" + prose.COURSE, _SONG, width=1060)
    y = page.text(90, y + 10, "出院诊断：", _SONG)
    y = page.text(140, y, "{disease}", _SONG, width=1000)
    y = page.text(90, y + 10, "出院带药：无", _SONG)
    y = page.text(90, y + 10, "出院医嘱：" + prose.ADVICE, _SONG, width=1060)
    page.text(640, y + 40, "医师签名 {doctor}　{discharged_on~|dot}", _SONG)
    page.seal(360, y + 60, page.facts["hospital"], middle="病案室")


def _labels_over(page: Page) -> None:
    """Small labels over large values in three columns; the hospital only in the foot."""
    page.text(80, 70, "出院小结 Discharge Summary", Look("hei-bold", 38))
    small, big = Look("hei", 20, GREY), Look("hei", 27)
    cells = (("姓名", "{name}"), ("性别 / 年龄", "{sex~} / {age}"), ("病案号", "{case_no}"), ("入院时间", "{admitted_on|dot}"),
             ("出院时间", "{discharged_on|dot}"), ("住院天数（天）", "{days}"), ("科室", "{ward}"), ("主管医师", "{doctor}"),
             ("离院方式", "医嘱离院"))
    for place, (label, value) in enumerate(cells):
        x, y = 90 + place % 3 * 370, 170.0 + place // 3 * 96
        page.text(x, y, label, small)
        page.text(x, y + 30, value, big)
    y = 480.0
    for title, text in (("出院诊断", "{disease}"), ("入院情况", prose.COMPLAINT), ("治疗经过", prose.COURSE), ("出院情况", prose.STATE),
                        ("随访计划", prose.ADVICE)):
        page.text(90, y, title, small)
        y = page.text(90, y + 30, text, _HEI, width=1060) + 24
    page.text(90, y + 60, "{hospital}　病案管理科　打印于 {discharged_on~}", _SMALL)
    page.seal(940, y + 20, page.facts["hospital"])


def _certificate(page: Page) -> None:
    """A certificate of discharge: labels of other words, a period, two doctors and a sum that is no field."""
    page.text(0, 90, "出院证明书", Look("song-bold", 46), width=1240, align="middle")
    page.text(820, 160, "编号 {visit_no}", _SMALL)
    rows = (("病人姓名", "{name}", "住院号码", "{case_no}"), ("性　　别", "{sex~}", "年　　龄", "{age}"),
            ("住院科室", "{ward}", "主管医生", "{doctor}"))
    y = page.table(90, 200, (180, 350, 180, 350), rows, _SONG, high=58)
    y = page.table(90, y, (180, 880), (("住院期间", "{admitted_on|cn} 至 {discharged_on|cn}　计 {days} 天"), ("入院诊断", "待查"),
                                      ("出院诊断", "①{disease}"), ("治疗结果", "好转"), ("出院医嘱", prose.ADVICE),
                                      ("医疗费用", "现金 3200.50 元")), _SONG, high=58)
    page.text(90, y + 40, "医院：{hospital}", _SONG)
    page.text(760, y + 40, "签发人：{doctor2}", _SONG)
    page.text(760, y + 90, "{discharged_on~|gap}", _SONG)
    page.seal(400, y + 70, page.facts["hospital"])

def _day_ward(page: Page) -> None:
    """A narrow summary as a ward prints it: times glued to days, the outcome beside the diagnosis."""
    page.text(60, 50, "{hospital}", Look("song-bold", 30))
    page.text(60, 100, "出院小结（病人留存）", Look("song-bold", 32))
    for top, text in ((170, "床号:{bed} 姓名:{name} 性别:{sex~} 年龄:{age}岁"), (214, "病案号:{case_no} 科室:{ward}"),
                    (258, "入院日期:{admitted_on|dot}　实际住院:{days}天"), (302, "出院日期:{discharged_on|dot}　转归:好转"),
                    (346, "门诊诊断:待查")):
        page.text(60, top, text, _MONO)
    y = page.table(60, 400, (560, 220), (("出院诊断", "出院情况"), ("{disease}", "好转")), _SONG, high=54)
    y = page.text(60, y + 20, "诊疗经过:" + prose.COURSE, _SONG, width=780)
    y = page.text(60, y + 20, "医嘱:" + prose.ADVICE, _SONG, width=780)
    page.text(60, y + 40, "主治医师:{doctor}　打印:{discharged_on~|dot}", _MONO)
    page.seal(640, y + 70, page.facts["hospital"], radius=85)


LAYOUTS = {"front": (_front, _SIZE), "heads": (_heads, _SIZE), "blanks": (_blanks, _SIZE), "traditional": (_traditional, _SIZE),
           "labels_over": (_labels_over, _SIZE),
           "certificate": (_certificate, (1240, 1300)),
           "day_ward": (_day_ward, (900, 1200))}
