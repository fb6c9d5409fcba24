"""Layouts of diagnosis certificates and pathology reports."""

from __future__ import annotations

from services.simulate.scans import prose
from services.simulate.scans.canvas import BLUE, GREY, INK, Look, Page

_SONG, _HEI, _KAI = Look("song", 27), Look("hei", 26), Look("kai", 30)


def _heading(page: Page, title: str, *, top: float = 110, family: str = "song-bold", hospital: str = "{hospital}") -> float:
    page.text(0, top, hospital, Look(family, 40), width=1240, align="middle")
    return page.text(0, top + 70, title, Look(family, 46, spread=10), width=1240, align="middle")


def _diagnosis_classic(page: Page) -> None:
    y = _heading(page, "疾病诊断证明书")
    page.text(820, y + 10, "编号：{visit_no}", Look("song", 24))
    page.line(100, y + 60, 1140, y + 60, thick=2)
    y += 90
    for x, text in ((110, "姓名：{name}"), (430, "性别：{sex~}"), (620, "年龄：{age}岁"), (830, "科别：{ward}")):
        page.text(x, y, text, _SONG)
    page.text(110, y + 58, "病案号：{case_no}", _SONG)
    page.text(430, y + 58, "工作单位：{unit_name}", _SONG)
    page.text(110, y + 140, "临床诊断：", _SONG)
    y = page.text(260, y + 140, "{disease}（ICD-10：{icd}）", _SONG, width=860)
    page.text(110, y + 40, "确诊日期：{diagnosed_on}", _SONG)
    page.text(110, y + 120, "处理意见：", _SONG)
    y = page.text(260, y + 120, prose.ADVICE, _SONG, width=860)
    page.text(110, y + 120, "医师签名：", _SONG)
    page.text(270, y + 110, "{doctor}", Look("kai", 42, BLUE, hand=True))
    page.text(680, y + 120, "医疗机构（盖章）：", _SONG)
    page.seal(930, y + 150, page.facts["hospital"], middle="诊断证明专用章")
    page.text(110, y + 260, "注：本证明涂改、未盖章无效。", Look("song", 22, GREY))


def _diagnosis_table(page: Page) -> None:
    y = _heading(page, "诊断证明书", family="hei-bold")
    y = page.table(100, y + 30, (150, 250, 120, 140, 120, 260), (
        ("患者姓名", "{name}", "性别", "{sex~}", "年龄", "{age}岁"), ("门诊/住院号", "{case_no}", "科室", ("{ward}", 3)),
        ("身份证号", ("{id_number}", 5)), ("诊　断", ("{disease}", 5)), ("病情摘要", (prose.COURSE, 5)), ("建　议", (prose.ADVICE, 5)),
        ("医师", "{doctor}", ("开具日期", 2), ("{diagnosed_on|cn}", 2))), _HEI, high=66)
    page.seal(960, y - 40, page.facts["hospital"], radius=88, middle="医务科")


def _diagnosis_letter(page: Page) -> None:
    page.text(0, 160, "疾 病 证 明 书", Look("song-bold", 52), width=1240, align="middle")
    y = page.text(130, 330, "　　兹有患者{name}，{sex~}，现年{age}岁，因身体不适于{admitted_on~|cn}来我院{ward}就诊，"
                  "经临床、影像及病理检查，诊断为：{disease}。现病情稳定，仍需继续治疗。", Look("song", 30, lead=1.9), width=980)
    y = page.text(130, y + 20, "　　特此证明。", Look("song", 30))
    page.text(560, y + 120, "主治医师：{doctor}", Look("song", 30))
    page.text(560, y + 190, "{hospital}", Look("song", 30))
    page.text(560, y + 250, "{diagnosed_on|cn}", Look("song", 30))
    page.seal(760, y + 215, page.facts["hospital"])


def _diagnosis_slip(page: Page) -> None:
    page.text(0, 60, "{hospital}疾病诊断证明", Look("song-bold", 40), width=1240, align="middle")
    hand = Look("kai", 36, BLUE, hand=True)
    for x, y, label, value, end in ((90, 170, "姓名", "{name}", 400), (420, 170, "性别", "{sex~}", 560), (590, 170, "年龄", "{age}", 740),
                                    (770, 170, "病历号", "{case_no}", 1150), (90, 260, "诊断", "{disease}", 1150),
                                    (90, 350, "建议", "全休壹个月，门诊随诊复查", 1150), (90, 520, "医师", "{doctor}", 400)):
        page.text(x, y, label, Look("song", 28))
        page.line(x + 70 + 30 * (len(label) - 2), y + 44, end, y + 44, thick=1)
        page.text(x + 84 + 30 * (len(label) - 2), y - 6, value, hand)
    page.text(760, 520, "日期", Look("song", 28))
    page.text(840, 514, "{diagnosed_on|gap}", hand)
    page.seal(620, 530, page.facts["hospital"], radius=90, middle="门诊专用")


def _pathology_grid(page: Page) -> None:
    y = _heading(page, "病理检查报告单")
    page.text(860, y + 6, "病理号：{number}", _SONG)
    y = page.table(90, y + 60, (130, 220, 120, 230, 130, 230), (
        ("姓名", "{name}", "性别", "{sex~}", "年龄", "{age}岁"), ("科室", "{ward}", "住院号", "{case_no}", "床号", "{bed}"),
        ("送检医师", "{doctor}", "采集日期", "{specimen_on}", "接收日期", "{received_on}")), Look("song", 24), high=60)
    y = page.text(100, y + 30, "标本名称：手术切除标本", _SONG)
    page.text(100, y + 16, "肉眼所见：", Look("song-bold", 27))
    y = page.text(100, y + 62, prose.NAKED_EYE, _SONG, width=1040)
    page.text(100, y + 16, "镜下所见：", Look("song-bold", 27))
    y = page.text(100, y + 62, prose.MICROSCOPE, _SONG, width=1040)
    page.text(100, y + 26, "病理诊断：", Look("song-bold", 30))
    y = page.text(140, y + 80, "{disease}", Look("song-bold", 30), width=960)
    page.line(90, y + 90, 1150, y + 90)
    page.text(100, y + 106, "报告医师：{doctor2}", _SONG)
    page.text(480, y + 106, "审核医师：{doctor}", _SONG)
    page.text(820, y + 106, "报告日期：{reported_on}", _SONG)
    page.seal(940, y + 20, page.facts["hospital"], middle="病理科")


def _pathology_dates(page: Page) -> None:
    y = _heading(page, "病理诊断报告书", family="hei-bold")
    rows = (("姓　名：{name}", "性　别：{sex~}", "年　龄：{age}岁", "病理号：{number}"),
            ("科　别：{ward}", "床　号：{bed}床", "住院号：{case_no}", "送检单位：本院"))
    page.line(80, y + 20, 1160, y + 20, thick=2)
    for row in rows:
        y += 52
        for place, text in enumerate(row):
            page.text(90 + place * 272, y - 16, text, Look("hei", 23))
    y = page.table(80, y + 50, (360, 360, 360), (("标本采集日期", "标本接收日期", "报告日期"),
                                               ("{specimen_on|dot}", "{received_on|dot}", "{reported_on|dot}")), Look("hei", 24),
                   high=50, align="middle")
    y = page.text(90, y + 30, "【大体所见】" + prose.NAKED_EYE, _HEI, width=1060)
    y = page.text(90, y + 20, "【镜下描述】" + prose.MICROSCOPE, _HEI, width=1060)
    y = page.text(90, y + 20, "【病理诊断】{disease}", Look("hei-bold", 28), width=1060)
    page.text(90, y + 90, "诊断医生：{doctor}", _HEI)
    page.text(640, y + 90, "复核医生：{doctor2}", _HEI)
    page.seal(560, y + 120, page.facts["hospital"], radius=92, middle="病理专用章")
    page.text(90, y + 260, "本报告仅对送检标本负责，仅供临床医师参考。", Look("hei", 21, GREY))


def _pathology_clock(page: Page) -> None:
    y = _heading(page, "组织病理学检查报告", family="song-bold")
    left = ("患者姓名：{name}", "登记号：{visit_no}", "临床科室：{ward}", "标本离体时间：{specimen_on} 10:25",
            "收到标本时间：{received_on} 08:40")
    right = ("病理编号：{number}", "性别/年龄：{sex~}/{age}岁", "申请医生：{doctor}", "申请日期：{admitted_on~}",
             "报告时间：{reported_on} 16:12")
    for one, two in zip(left, right, strict=True):
        y += 48
        page.text(100, y, one, Look("song", 25))
        page.text(660, y, two, Look("song", 25))
    page.line(90, y + 60, 1150, y + 60)
    y = page.text(100, y + 80, "巨检：" + prose.NAKED_EYE, _SONG, width=1040)
    y = page.text(100, y + 20, "镜检：" + prose.MICROSCOPE, _SONG, width=1040)
    page.text(100, y + 30, "诊断：", Look("song-bold", 29))
    y = page.text(190, y + 30, "{disease}", Look("song-bold", 29), width=900)
    page.text(100, y + 110, "报告人：{doctor}　　　　审核人：{doctor2}", _SONG)
    page.seal(900, y + 110, page.facts["hospital"], middle="病理科")


def _pathology_stacked(page: Page) -> None:
    page.box(70, 90, 1170, 190, fill=(228, 238, 244), ink=(228, 238, 244))
    page.text(100, 112, "{hospital}", Look("hei-bold", 36))
    page.text(780, 116, "病理报告", Look("hei-bold", 34))
    small, big = Look("hei", 20, GREY), Look("hei", 26, INK)
    cells = (("姓名", "{name}"), ("性别", "{sex~}"), ("年龄", "{age}"), ("病理号", "{number}"), ("取材日期", "{specimen_on|slash}"),
             ("收样日期", "{received_on|slash}"), ("签发日期", "{reported_on|slash}"), ("住院号", "{case_no}"))
    for place, (label, value) in enumerate(cells):
        x, top = 100 + place % 4 * 270, 230 + place // 4 * 110
        page.text(x, top, label, small)
        page.text(x, top + 30, value, big)
    y = page.text(100, 480, "大体描述", Look("hei-bold", 25))
    y = page.text(100, y + 6, prose.NAKED_EYE, _HEI, width=1040)
    y = page.text(100, y + 20, "显微镜下描述", Look("hei-bold", 25))
    y = page.text(100, y + 6, prose.MICROSCOPE, _HEI, width=1040)
    y = page.text(100, y + 20, "病理学诊断", Look("hei-bold", 25))
    y = page.text(100, y + 6, "{disease}", Look("hei-bold", 30), width=1040)
    page.text(100, y + 100, "诊断医师　{doctor}　　　审签医师　{doctor2}", _HEI)
    page.seal(930, y + 90, page.facts["hospital"], radius=90)


LAYOUTS = {
    "diagnosis": {"classic": (_diagnosis_classic, (1240, 1754)), "table": (_diagnosis_table, (1240, 1754)),
                  "letter": (_diagnosis_letter, (1240, 1754)), "slip": (_diagnosis_slip, (1240, 760))},
    "pathology": {"grid": (_pathology_grid, (1240, 1754)), "dates": (_pathology_dates, (1240, 1754)),
                  "clock": (_pathology_clock, (1240, 1754)), "stacked": (_pathology_stacked, (1240, 1754))},
}
