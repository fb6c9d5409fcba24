"""Further pages that show an identity card: pasted on a form, on a telephone's screen, a temporary one."""

from __future__ import annotations

from services.simulate.scans.canvas import BLUE, GREY, Look, Page
from services.simulate.scans.identity import id_back, id_front

_SONG, _HEI = Look("song", 27), Look("hei", 27)


def _form(page: Page) -> None:
    """A form for copies, filled by an agent of another name; a watermark runs over the card."""
    page.text(0, 80, "被保障人身份证件复印件粘贴页", Look("song-bold", 40), width=1240, align="middle")
    page.text(110, 170, "经办人姓名：例晓静　　　　粘贴日期：2026年3月5日", _SONG)
    page.text(110, 230, "正面", _SONG)
    id_front(page, 300, 240, 640, grey=True)
    page.text(110, 720, "反面", _SONG)
    id_back(page, 300, 730, 640, grey=True)
    page.text(330, 900, "仅供办理互助金申领使用", Look("hei", 34, (196, 196, 202)), width=600, align="middle")
    page.text(110, 1240, "与原件核对无误　2026-03-05", Look("kai", 34, BLUE, hand=True))


def _screen(page: Page) -> None:
    """A list on a screen: label left, value right."""
    page.text(0, 60, "居民身份证电子凭证", Look("hei-bold", 40), width=900, align="middle")
    page.text(0, 124, "数据更新时间 2026-05-18 10:22:31", Look("hei", 22, GREY), width=900, align="middle")
    y = 210.0
    for label, value in (("姓名", "{name}"), ("性别", "{sex}"), ("民族", "{folk}族"), ("出生日期", "{born}"), ("公民身份号码", "{number}"),
                         ("住址", "{address}"), ("签发机关", "{police}"), ("有效期起始日期", "{valid_from}"),
                         ("有效期截止日期", "{valid_until}")):
        page.text(60, y, label, Look("hei", 27, GREY))
        y = page.text(340, y, value, Look("hei", 27), width=500, align="right") + 26
        page.line(60, y - 14, 840, y - 14, thick=1, ink=(220, 220, 220))


def _temporary(page: Page) -> None:
    """All on one side, as on a temporary card."""
    page.box(120, 120, 1120, 760, fill=(240, 240, 232), ink=(150, 150, 150), round_by=20)
    page.text(120, 150, "中华人民共和国临时居民身份证", Look("song-bold", 40), width=1000, align="middle")
    left = (("姓　名", "{name}"), ("性　别", "{sex}　　民 族　{folk}"), ("出　生", "{born|cn}"), ("住　址", "{address}"))
    y = 240.0
    for label, value in left:
        page.text(170, y, label, _HEI)
        y = page.text(290, y, value, _HEI, width=480) + 18
    page.text(170, 560, "公民身份号码　{number}", Look("hei", 30))
    page.text(170, 620, "签发机关　{police}", _HEI)
    page.text(170, 670, "有效期限　{valid_from|dot}-{valid_until|dot}", _HEI)
    s = page.scale
    page.draw.rectangle((820 * s, 250 * s, 1060 * s, 540 * s), fill=(206, 196, 186))


def _checked(page: Page) -> None:
    """A sheet of an office that looked the person up: two persons, of whom the first is the one."""
    page.text(0, 90, "居民身份证信息核验单", Look("song-bold", 42), width=1240, align="middle")
    page.text(110, 170, "核验时间：2026-04-02 09:15　　核验单号：20260402000123", Look("song", 22, GREY))
    y = page.table(110, 220, (200, 310, 200, 310), (
        ("姓名", "{name}", "性别", "{sex}"), ("民族", "{folk}", "出生日期", "{born}"), ("公民身份号码", ("{number}", 3)),
        ("住址", ("{address}", 3)), ("签发机关", "{police}", "有效期限", "{valid_from}至{valid_until}"),
        ("核验结果", ("一致", 3)), ("经办人", "{doctor}", "复核人", "{doctor2}")), Look("song", 24), high=66)
    page.text(110, y + 40, "申请人签字：", _SONG)


def _two_up(page: Page) -> None:
    """Two cards on one sheet would be two papers; here the card stands small over an applicant's note with another number."""
    id_front(page, 80, 120, 500)
    id_back(page, 640, 120, 500)
    page.text(110, 520, "以上为参保职工本人身份证正反面。", _SONG)
    page.text(110, 580, "代办人：{doctor}　　代办人联系电话：19900001234　　代办日期：2026.03.18", Look("song", 23))
    page.text(110, 640, "审核：已核对原件", Look("kai", 34, BLUE, hand=True))

LAYOUTS = {"form": (_form, (1240, 1754)), "screen": (_screen, (900, 1400)), "temporary": (_temporary, (1240, 900)),
           "checked": (_checked, (1240, 1000)),
           "two_up": (_two_up, (1240, 800))}
