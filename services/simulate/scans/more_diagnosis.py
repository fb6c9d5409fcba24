"""Further layouts of diagnosis certificates: two languages, a leave form with heads over their values, labels set right."""

from __future__ import annotations

from services.simulate.scans import prose
from services.simulate.scans.canvas import BLUE, GREY, Look, Page

_SONG, _HEI, _KAI = Look("song", 26), Look("hei", 25), Look("kai", 29)
_SMALL = Look("hei", 21, GREY)
_WHITE_A4 = (1240, 1754)


def _two_tongues(page: Page) -> None:
    """Chinese and English labels over underlined blanks; three dates of which the last, below right, is the certificate's."""
    page.text(0, 90, "{hospital}", Look("hei-bold", 38), width=1240, align="middle")
    page.text(0, 150, "疾病诊断证明  Medical Certificate", Look("hei-bold", 36), width=1240, align="middle")
    page.text(780, 220, "打印日期 Printed：{discharged_on~}", _SMALL)
    for x, y, label, english, value, end in (
            (100, 280, "姓名", "Name", "{name}", 460), (490, 280, "性别", "Sex", "{sex~}", 700), (730, 280, "年龄", "Age", "{age}", 900),
            (100, 370, "就诊科室", "Dept.", "{ward}", 460), (490, 370, "病历号码", "Record No.", "{case_no}", 900),
            (100, 460, "就诊日期", "Date of visit", "{admitted_on~|slash}", 700)):
        page.text(x, y, label, _SONG)
        page.text(x, y + 34, english, _SMALL)
        wide = 34 * len(label) + 20
        page.text(x + wide + 14, y, value, _KAI)
        page.line(x + wide, y + 40, end, y + 40, thick=1)
    page.text(100, 560, "诊断 Diagnosis", Look("hei-bold", 27))
    page.text(140, 620, "{disease}", _KAI, width=960)
    page.text(100, 740, "医生建议 Recommendation", Look("hei-bold", 27))
    page.text(140, 800, prose.ADVICE, _KAI, width=960)
    page.text(560, 1080, "医师签名 Physician　{doctor}", _SONG)
    page.text(560, 1150, "日期 Date　{diagnosed_on|gap}", _SONG)
    page.seal(930, 1110, page.facts["hospital"])


def _leave(page: Page) -> None:
    """A leave form: heads in one row, values under them; the period of leave looks like other dates."""
    page.text(0, 70, "疾病诊断及休假证明书", Look("song-bold", 42), width=1240, align="middle")
    page.text(90, 150, "医院编码 H65010200123　　　　　　　　　　　　　　　　　　　证明编号 {visit_no}", _SMALL)
    y = page.table(90, 190, (220, 110, 110, 300, 320), (
        ("病员姓名", "性别", "年龄", "就诊科别", "工作单位"), ("{name}", "{sex~}", "{age}", "{ward}", "{unit_name}")), _SONG, high=60,
        align="middle")
    y = page.table(90, y, (530, 530), (("首诊日期", "确诊日期"), ("{admitted_on~|dot}", "{diagnosed_on|dot}")), _SONG, high=56,
                   align="middle")
    y = page.table(90, y, (1060,), (("疾病诊断（全称）",), ("{disease}",), ("诊断依据（症状、体征及辅助检查）",), (prose.COURSE,),
                                   ("休假意见",), ("建议休息 贰 周，自 {diagnosed_on~|cn} 起至 {discharged_on~|cn} 止",)), _SONG, high=56)
    page.text(100, y + 30, "诊断医师（签章）　{doctor}", _SONG)
    page.text(520, y + 30, "科主任（签章）　{doctor2}", _SONG)
    page.text(100, y + 90, "医疗机构（公章）　{hospital}", _SONG)
    page.text(100, y + 150, "填报日期　{discharged_on~|cn}", _SONG)
    page.seal(760, y + 110, page.facts["hospital"], middle="医务处")


def _right_labels(page: Page) -> None:
    """Labels end at one line, values begin behind it; the doctor's name has a label with the patient's word in it."""
    page.text(120, 90, "自治区医疗机构统一格式", _SMALL)
    page.text(0, 130, "诊断证明", Look("hei-bold", 46, spread=14), width=1240, align="middle")
    rows = (("出具单位", "{hospital}"), ("患者姓名", "{name}"), ("主治医师姓名", "{doctor}"), ("出生日期", "{born~}"),
            ("身份证件号", "{id_number|star}"), ("初诊日期", "{admitted_on~}"), ("疾病诊断", "{disease}"), ("疾病编码", "{icd}"),
            ("确诊日期", "{diagnosed_on}"), ("打印时间", "{discharged_on~} 15:02"))
    y = 250.0
    for label, value in rows:
        page.text(60, y, label, _HEI, width=280, align="right")
        page.text(380, y, value, _HEI, width=780)
        y += 62
    page.text(60, y, "诊疗建议", _HEI, width=280, align="right")
    y = page.text(380, y, prose.ADVICE, _HEI, width=760)
    page.text(120, y + 60, "本证明仅证明病情，不作他用。", Look("hei", 23, BLUE))
    page.seal(900, y + 90, page.facts["hospital"], middle="诊断证明章")


def _outpatient(page: Page) -> None:
    """A narrow outpatient slip: head on the left, the day in three boxes, the diagnosis coded and numbered."""
    page.text(60, 50, "{hospital}", Look("song-bold", 34))
    page.text(60, 104, "门（急）诊诊断证明", Look("song-bold", 36))
    page.text(640, 60, "NO. 00{visit_no}", _SMALL)
    page.text(60, 180, "持证人  {name}", _SONG)
    page.text(380, 180, "{sex~}  {age}岁", _SONG)
    page.text(60, 230, "单位或住址  {unit_name}", _SONG)
    page.text(60, 280, "来诊时间  {admitted_on~}", _SONG)
    page.text(60, 340, "初步印象  待排除感染", _SONG)
    page.text(60, 390, "确定诊断  1. {disease}", _SONG)
    page.text(60, 460, "医嘱  休息一周，一周后复查", _SONG)
    page.text(60, 560, "接诊医生  {doctor}", _SONG)
    page.text(480, 560, "出证时间", _SONG)
    page.text(610, 560, "{diagnosed_on|gap}", _SONG)
    page.text(60, 630, "有效期三日，逾期作废", _SMALL)
    page.seal(720, 470, page.facts["hospital"], radius=88, middle="门诊办公室")


def _special(page: Page) -> None:
    """A certificate for a chronic or grave illness: sections with numbers, sentences, two dates of signing."""
    page.text(0, 90, "重大疾病诊断证明", Look("hei-bold", 44), width=1240, align="middle")
    page.text(90, 180, "一、患者信息", Look("hei-bold", 26))
    page.text(120, 226, "姓名：{name}　　性别：{sex~}　　出生日期：{born~|cn}　　联系人：{doctor2}", _HEI)
    page.text(90, 290, "二、诊断情况", Look("hei-bold", 26))
    page.text(120, 336, "1. 所患疾病：{disease}", _HEI)
    page.text(120, 382, "2. 疾病首次确诊时间：{diagnosed_on|cn}", _HEI)
    page.text(120, 428, "3. 末次住院时间：{admitted_on~|cn} 至 {discharged_on~|cn}", _HEI)
    page.text(120, 474, "4. 确诊方式：□临床  ☑病理  □影像", _HEI)
    y = page.text(90, 536, "三、病情说明", Look("hei-bold", 26))
    y = page.text(120, y, prose.COURSE, _HEI, width=1000)
    page.text(120, y + 60, "经治医师：{doctor}　　　{discharged_on~|cn}", _HEI)
    page.text(120, y + 120, "开具医疗机构：{hospital}", _HEI)
    page.text(120, y + 180, "医保办审核意见：属实　　　审核日期：{discharged_on~|cn}", _HEI)
    page.seal(880, y + 130, page.facts["hospital"])


def _clinic(page: Page) -> None:
    """A small hospital's form: label and value in one cell, a history with a day of its own, the place in the foot."""
    page.text(0, 80, "病情证明书", Look("song-bold", 44, spread=8), width=1240, align="middle")
    y = page.table(90, 170, (400, 330, 330), (("患者：{name}", "{sex~}/{age}岁", "ID号：{visit_no}"),
                                             ("科别：{ward}", "床位：{bed}", "医保类别：职工")), _SONG, high=60)
    y = page.table(90, y, (160, 900), (
        ("病史", "患者于{admitted_on~|cn}起自觉不适，外院检查提示异常。"), ("辅助检查", "影像提示占位性病变，大小约2.1cm。"),
        ("临床诊断", "{disease}"), ("建议", "继续专科治疗，定期复查")), _SONG, high=80)
    page.text(90, y + 40, "诊断日期：{diagnosed_on|slash}", _SONG)
    page.text(560, y + 40, "主诊医师：{doctor}", _SONG)
    page.text(90, y + 110, "证明单位：{hospital}", _SONG)
    page.text(760, y + 170, "核发日期：{discharged_on~|slash}", _SMALL)
    page.seal(520, y + 130, page.facts["hospital"], radius=88)

def _bureau(page: Page) -> None:
    """A bureau's form for employees: the place first, an opinion of a second doctor, days of three kinds in a row of heads."""
    page.text(0, 80, "职工患病诊断意见书", Look("hei-bold", 40), width=1240, align="middle")
    y = page.table(90, 160, (210, 320, 210, 320), (("就诊医院", ("{hospital}", 3)), ("职工姓名", "{name}", "性别 年龄", "{sex~}  {age}"),
                                                  ("所在单位", ("{unit_name}", 3)), ("主要症状", ("反复不适两月余，加重一周", 3)),
                                                  ("诊断结论", ("{disease}", 3))), _HEI, high=60)
    y = page.table(90, y, (353, 353, 354), (("发病日期", "确诊日期", "填表日期"), (
        "{admitted_on~|cn0}", "{diagnosed_on|cn0}", "{discharged_on~|cn0}")), _HEI, high=54, align="middle")
    page.text(90, y + 40, "诊断医生：{doctor}　　　　复核医生：{doctor2}", _HEI)
    page.seal(880, y + 60, page.facts["hospital"], radius=90)


LAYOUTS = {"two_tongues": (_two_tongues, _WHITE_A4), "leave": (_leave, _WHITE_A4), "right_labels": (_right_labels, _WHITE_A4),
           "outpatient": (_outpatient, (900, 740)), "special": (_special, _WHITE_A4),
           "clinic": (_clinic, (1240, 1000)),
           "bureau": (_bureau, (1240, 1000))}
