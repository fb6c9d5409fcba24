"""Cards and papers of banks that show a card's number: a slip of the counter, a telephone's page, a book, a mandate, a card on end."""

from __future__ import annotations

from services.simulate.scans.canvas import GREY, Look, Page

_SONG, _HEI, _MONO = Look("song", 26), Look("hei", 27), Look("mono", 27)
_PALE = Look("hei", 24, GREY)


def _slip(page: Page) -> None:
    """A slip of opening an account: an account's number and a slip's beside the card's."""
    page.text(80, 60, "{bank}", Look("hei-bold", 36))
    page.text(640, 66, "个人开户回单（客户留存）", Look("hei", 30))
    page.line(80, 124, 1160, 124, thick=3)
    y = page.table(80, 150, (200, 340, 200, 340), (
        ("交易日期", "{opened_on}", "交易流水号", "00{case_no}{visit_no}"), ("客户名称", "{name~}", "客户号", "{visit_no}"),
        ("卡号", ("{account}", 3)), ("账号", ("29{visit_no}{case_no}", 3)), ("开户网点", "{branch}", "柜员号", "00123")), _SONG, high=62)
    page.text(80, y + 30, "温馨提示：请勿泄露密码。客服热线 95588", Look("song", 22, GREY))
    page.seal(960, y + 10, page.facts["bank"] + "业务章", radius=84)


def _telephone(page: Page) -> None:
    """A picture of a bank's page on a telephone."""
    page.text(40, 30, "09:41", Look("hei", 24))
    page.text(0, 90, "账户详情", Look("hei-bold", 32), width=760, align="middle")
    page.box(40, 170, 720, 400, fill=(232, 240, 250), ink=(200, 210, 230), round_by=20)
    page.text(70, 196, "{bank}", Look("hei-bold", 32))
    page.text(70, 250, "借记卡 · Ⅰ类账户", _PALE)
    page.text(70, 310, "{account|groups}", Look("mono", 36))
    y = 440.0
    for label, value in (("持卡人", "{name~}"), ("开户行", "{branch}"), ("开户日期", "{opened_on}"), ("账户余额", "¥ 1,024.00"),
                         ("预留手机", "138****0000")):
        page.text(60, y, label, _PALE)
        page.text(300, y, value, Look("hei", 26), width=400, align="right")
        page.line(60, y + 50, 700, y + 50, ink=(220, 220, 220))
        y += 76


def _book(page: Page) -> None:
    """The first page of a book: number of the book, of the account, and of the card bound to it."""
    page.text(0, 70, "{bank}", Look("song-bold", 40), width=1000, align="middle")
    page.text(0, 130, "活期一本通存折", Look("song", 30), width=1000, align="middle")
    y = 220.0
    for label, value in (("户名 NAME", "{name~}"), ("账号 A/C NO.", "{account}"), ("开户行 BRANCH", "{branch}"),
                         ("凭证号码", "No.{visit_no}"), ("签发日期 DATE", "{opened_on|bare}"), ("通存通兑", "通兑")):
        page.text(90, y, label, _HEI)
        page.text(400, y, value, _MONO)
        y += 64
    page.seal(800, y - 60, page.facts["bank"], radius=84, middle="储蓄专用章")


def _mandate(page: Page) -> None:
    """A mandate in sentences; an identity number and a telephone's stand near."""
    text = Look("song", 30, lead=1.9)
    page.text(0, 130, "互助金划款授权书", Look("song-bold", 44), width=1240, align="middle")
    y = page.text(110, 260, "　　本人{name~}，身份证号{id_number}，同意将职工互助保障活动的互助金划入本人名下银行账户："
                  "开户银行{bank}，户名{name~}，卡号{account}。如因账户信息有误造成的损失由本人承担。", text, width=1020)
    page.text(110, y + 40, "联系电话：13800000000", text)
    page.text(700, y + 120, "授权人：{name~}", Look("kai", 34, hand=True))


def _on_end(page: Page) -> None:
    """A card on end, its number in four rows of four."""
    account = page.facts["account"]
    page.box(40, 40, 660, 1000, fill=(28, 84, 120), ink=(20, 60, 90), round_by=26)
    white = (246, 246, 246)
    page.text(80, 80, "{bank}", Look("hei-bold", 44, white))
    page.text(80, 140, "{bank_english}", Look("hei", 17, white))
    page.box(80, 230, 190, 320, fill=(214, 184, 110), ink=(150, 120, 60), round_by=12)
    page.text(80, 470, "{account|groups}", Look("mono", 38, white))
    page.text(80, 600, "有效期 VALID THRU {valid}", Look("hei", 22, white))
    page.text(80, 660, "借记卡", Look("hei", 26, white))
    page.text(480, 880, "银联\nUnionPay", Look("hei-bold", 28, white))
    page.text(80, 920, f"卡面编号 {account[-4:]}", Look("hei", 18, white))


LAYOUTS = {"slip": (_slip, (1240, 700)), "telephone": (_telephone, (760, 1000)), "book": (_book, (1000, 760)),
                         "mandate": (_mandate, (1240, 1000)), "on_end": (_on_end, (700, 1040))}
