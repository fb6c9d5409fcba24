"""Further layouts of pathology reports: many dates of the laboratory, labels in brackets, a report on another hospital's slides."""

from __future__ import annotations

from services.simulate.scans import prose
from services.simulate.scans.canvas import GREY, Look, Page

_SONG, _HEI = Look("song", 25), Look("hei", 24)
_SMALL = Look("hei", 20, GREY)
_SIZE = (1240, 1754)


def _dense(page: Page) -> None:
    """Labels set right without colons in three columns; the laboratory's own steps have dates too."""
    page.text(0, 70, "{hospital}", Look("hei-bold", 36), width=1240, align="middle")
    page.text(0, 126, "病理诊断报告单", Look("hei-bold", 40), width=1240, align="middle")
    cells = (("病 理 号", "P{number}"), ("姓 名", "{name}"), ("性 别", "{sex~}"),
             ("申请科室", "{ward}"), ("申请医师", "{doctor}"), ("年 龄", "{age} 岁"),
             ("申请日期", "{admitted_on~}"), ("采集日期", "{specimen_on}"), ("收样日期", "{received_on}"),
             ("大体取材", "{received_on~}"), ("住 院 号", "{case_no}"), ("床 号", "{bed}"))
    for place, (label, value) in enumerate(cells):
        x, y = 60 + place % 3 * 390, 210.0 + place // 3 * 46
        page.text(x, y, label, _HEI, width=130, align="right")
        page.text(x + 145, y, value, _HEI)
    page.line(70, 404, 1170, 404, thick=2)
    y = page.text(90, 424, "大体检查", Look("hei-bold", 25))
    y = page.text(90, y, prose.NAKED_EYE, _HEI, width=1060)
    y = page.text(90, y + 14, "光镜所见", Look("hei-bold", 25))
    y = page.text(90, y, prose.MICROSCOPE, _HEI, width=1060)
    y = page.text(90, y + 14, "病理诊断", Look("hei-bold", 25))
    y = page.text(130, y, "{disease}", Look("hei-bold", 28), width=1000)
    page.text(90, y + 70, "初诊医师 {doctor2}　　复诊医师 {doctor}　　报告日期 {reported_on}", _HEI)
    page.text(90, y + 120, "打印日期 {discharged_on~}　　第 1 页 共 1 页", _SMALL)
    page.seal(930, y + 80, page.facts["hospital"], middle="病理科")


def _brackets(page: Page) -> None:
    """Every label in brackets of its own, several on a line, days in Chinese."""
    page.text(0, 80, "病理检查报告", Look("song-bold", 46), width=1240, align="middle")
    page.text(0, 150, "（{hospital}病理科）", _SONG, width=1240, align="middle")
    rows = ("「姓名」{name}　「性别」{sex~}　「年龄」{age}　「病理编号」{number}",
            "「科室」{ward}　「送检医师」{doctor}　「住院号」{case_no}",
            "「标本采集」{specimen_on|cn}　「标本签收」{received_on|cn}",
            "「临床诊断」占位性病变　「送检标本」组织一块")
    y = 230.0
    for row in rows:
        y = page.text(90, y, row, _SONG)
    page.line(80, y + 10, 1160, y + 10)
    y = page.text(90, y + 30, "「巨检」" + prose.NAKED_EYE, _SONG, width=1060)
    y = page.text(90, y + 20, "「镜检」" + prose.MICROSCOPE, _SONG, width=1060)
    y = page.text(90, y + 20, "「病理诊断」", _SONG)
    y = page.text(140, y + 6, "{disease}", Look("song-bold", 28), width=1000)
    page.text(90, y + 80, "「报告医师」{doctor2}　「审核医师」{doctor}　「报告签发」{reported_on|cn}", _SONG)
    page.seal(880, y + 40, page.facts["hospital"])


def _elsewhere(page: Page) -> None:
    """Slides of another hospital: that hospital's name and number stand beside one's own; the dates in a table below."""
    page.text(90, 70, "{hospital}", Look("song-bold", 34))
    page.text(90, 122, "组织病理学诊断报告书", Look("song-bold", 40))
    page.text(800, 84, "病理号：", _SONG)
    page.text(905, 84, "{number}", _SONG)
    page.line(80, 190, 1160, 190, thick=3)
    y = page.table(90, 210, (160, 300, 160, 440), (("受检者", "{name}", "性别 / 年龄", "{sex~} / {age}岁"),
                                                  ("送检单位", "示例县人民医院", "原病理号", "B20190458"),
                                                  ("送检医生", "{doctor}", "送检材料", "蜡块 2 个，切片 4 张")), _SONG, high=54)
    y = page.text(90, y + 24, "肉眼所见　" + prose.NAKED_EYE, _SONG, width=1060)
    y = page.text(90, y + 14, "镜下所见　" + prose.MICROSCOPE, _SONG, width=1060)
    y = page.text(90, y + 24, "最终诊断", Look("song-bold", 28))
    y = page.text(260, y - 43, "{disease}", Look("song-bold", 28), width=880)
    y = page.table(90, y + 30, (265, 265, 265, 265), (("取样时间", "核收时间", "制片时间", "签发时间"), (
        "{specimen_on} 09:40", "{received_on} 10:05", "{received_on~} 17:30", "{reported_on} 11:20")), Look("song", 22), high=48,
        align="middle")
    page.text(90, y + 30, "诊断医师 {doctor2}　　审核医师 {doctor}", _SONG)
    page.seal(920, y + 50, page.facts["hospital"], radius=90)


def _sample_log(page: Page) -> None:
    """A log of the sample's way in a column at the right edge; the patient on the left."""
    page.text(80, 70, "{hospital}　病理中心", Look("hei-bold", 32))
    page.text(80, 122, "活体组织检查报告", Look("hei-bold", 38))
    left = ("送检编号　{visit_no}", "病理编号　{number}", "姓　　名　{name}", "性别年龄　{sex~}　{age}岁", "申请科室　{ward}")
    right = ("开单时间　{admitted_on~|slash}", "离体时间　{specimen_on|slash}", "固定时间　{specimen_on~|slash}",
             "送达时间　{received_on|slash}", "出报告时间　{reported_on|slash}")
    for place, (one, two) in enumerate(zip(left, right, strict=True)):
        page.text(80, 200 + place * 44, one, _HEI)
        page.text(760, 200 + place * 44, two, _HEI)
    page.line(70, 430, 1170, 430)
    y = page.text(80, 450, "诊断结果", Look("hei-bold", 27))
    y = page.text(110, y, "{disease}。", Look("hei", 29), width=1000)
    y = page.text(80, y + 30, "大体　" + prose.NAKED_EYE, _HEI, width=1080)
    y = page.text(80, y + 20, "镜下　" + prose.MICROSCOPE, _HEI, width=1080)
    page.text(80, y + 60, "诊断人　{doctor2}　　复审人　{doctor}", _HEI)
    page.text(80, y + 110, "本报告须经医师签字方为有效。上次病理号：B20190011", _SMALL)
    page.seal(900, y + 60, page.facts["hospital"])


def _sentence(page: Page) -> None:
    """A short report in sentences with one table of days."""
    page.text(0, 90, "{hospital}病理科", Look("song-bold", 36), width=1240, align="middle")
    page.text(0, 150, "诊断报告", Look("song-bold", 40), width=1240, align="middle")
    page.text(90, 230, "No. {number}", _SONG)
    page.text(90, 280, "病员姓名 {name}　性别 {sex~}　年龄 {age}　门诊号 {visit_no}　病区 {ward}", _SONG)
    y = page.text(90, 340, "标本于 {specimen_on|cn} 采集，{received_on|cn} 由我科接收，{reported_on|cn} 签发本报告。", _SONG, width=1060)
    y = page.text(90, y + 20, "大体所见：" + prose.NAKED_EYE, _SONG, width=1060)
    y = page.text(90, y + 20, "镜下所见：" + prose.MICROSCOPE, _SONG, width=1060)
    y = page.text(90, y + 20, "病理诊断：（切除标本）", _SONG)
    y = page.text(140, y, "{disease}", Look("song-bold", 28), width=1000)
    page.text(90, y + 80, "报告医师：{doctor2}　　　审核医师：{doctor}", _SONG)
    page.seal(900, y + 80, page.facts["hospital"])


def _timeline(page: Page) -> None:
    """Steps of the sample as a line of boxes, each a day over its step."""
    page.text(0, 70, "{hospital}", Look("song-bold", 34), width=1240, align="middle")
    page.text(0, 120, "病理会诊及诊断报告", Look("song-bold", 38), width=1240, align="middle")
    page.text(90, 200, "患者姓名 {name}    性别 {sex~}    年龄 {age}    病理检查编号 {number}    申请医师 {doctor}", _SONG)
    y = page.table(90, 250, (212, 212, 212, 212, 212), (
        ("申请时间", "标本采样时间", "标本接收时间", "切片时间", "报告时间"),
        ("{admitted_on~|slash}", "{specimen_on|slash}", "{received_on|slash}", "{received_on~|slash}", "{reported_on|slash}")),
        Look("song", 22), high=46, align="middle")
    y = page.text(90, y + 24, "【临床诊断】待查　【标本】手术切除组织", _SONG)
    y = page.text(90, y + 14, "【巨检描述】" + prose.NAKED_EYE, _SONG, width=1060)
    y = page.text(90, y + 14, "【光镜描述】" + prose.MICROSCOPE, _SONG, width=1060)
    y = page.text(90, y + 14, "【诊断意见】", _SONG)
    y = page.text(90, y, "1. {disease}；", _SONG, width=1060)
    y = page.text(90, y, "2. 切缘未见肿瘤累及。", _SONG)
    page.text(90, y + 70, "会诊医师 {doctor2}　　签名日期 {reported_on~|slash}", _SONG)
    page.seal(900, y + 60, page.facts["hospital"])

def _two_columns(page: Page) -> None:
    """Labels in brackets behind the Chinese, English beside; two columns of which the right one holds days and times."""
    page.text(0, 70, "{hospital}", Look("hei-bold", 34), width=1240, align="middle")
    page.text(0, 120, "Surgical Pathology Report 外科病理报告", Look("hei-bold", 34), width=1240, align="middle")
    left = ("姓名(Name)：{name}", "性别(Sex)：{sex~}", "病理号(Path No.)：{number}", "科室(Dept)：{ward}", "病历号(MRN)：{case_no}")
    right = ("年龄(Age)：{age}", "取材日期(Collected)：{specimen_on}", "接收日期(Received)：{received_on}",
             "报告日期(Reported)：{reported_on}",
             "打印日期(Printed)：{discharged_on~}")
    for place, (one, two) in enumerate(zip(left, right, strict=True)):
        page.text(90, 210 + place * 46, one, _HEI)
        page.text(650, 210 + place * 46, two, _HEI)
    y = page.text(90, 470, "病理诊断(Diagnosis)：", Look("hei-bold", 26))
    y = page.text(130, y, "{disease}", Look("hei-bold", 27), width=1000)
    y = page.text(90, y + 24, "肉眼描述(Gross)：" + prose.NAKED_EYE, _HEI, width=1060)
    y = page.text(90, y + 24, "显微镜描述(Microscopic)：" + prose.MICROSCOPE, _HEI, width=1060)
    page.text(90, y + 60, "报告医生：{doctor2}　　签发医生：{doctor}", _HEI)
    page.seal(900, y + 60, page.facts["hospital"])


LAYOUTS = {"dense": (_dense, _SIZE), "brackets": (_brackets, _SIZE), "elsewhere": (_elsewhere, _SIZE), "sample_log": (_sample_log, _SIZE),
           "sentence": (_sentence, _SIZE),
           "timeline": (_timeline, _SIZE),
           "two_columns": (_two_columns, _SIZE)}
