"""Layouts of identity cards and of what shows a bank account. Sizes in points of a page 1240 wide."""

from __future__ import annotations

from PIL import Image

from services.simulate.scans.canvas import BLUE, GREY, INK, Colour, Look, Page

_LABEL: Colour = (70, 110, 170)
_CARD = (856, 540)
_BANKS: tuple[tuple[Colour, Colour], ...] = (((176, 34, 46), (226, 120, 96)), ((26, 58, 128), (92, 150, 214)),
                                             ((14, 104, 92), (120, 190, 160)), ((92, 92, 100), (186, 186, 196)))


def id_front(page: Page, x: float, y: float, wide: float, *, grey: bool = False) -> None:
    """The side with the person."""
    f, ink = wide / _CARD[0], INK
    label = GREY if grey else _LABEL
    back = (238, 238, 238) if grey else (226, 236, 244)
    page.box(x, y, x + wide, y + _CARD[1] * f, fill=back, ink=(150, 150, 150), round_by=26 * f)
    small, big = Look("hei", 27 * f, label), Look("hei", 33 * f, ink)
    for text, value, left, top in (("姓名", "{name}", 70, 62), ("性别", "{sex}", 70, 130), ("出生", "{born|gap}", 70, 198)):
        page.text(x + left * f, y + (top + 5) * f, text, small)
        page.text(x + (left + 78) * f, y + top * f, value, big)
    page.text(x + 250 * f, y + 135 * f, "民族", small)
    page.text(x + 328 * f, y + 130 * f, "{folk}", big)
    page.text(x + 70 * f, y + 271 * f, "住址", small)
    page.text(x + 148 * f, y + 266 * f, "{address}", Look("hei", 31 * f, ink, 1.4), width=390 * f)
    page.text(x + 70 * f, y + 446 * f, "公民身份号码", small)
    page.text(x + 268 * f, y + 436 * f, "{number}", Look("mono", 40 * f, ink, spread=3 * f))
    _portrait(page, x + 590 * f, y + 70 * f, 210 * f)


def _portrait(page: Page, x: float, y: float, wide: float) -> None:
    s, skin = page.scale, (206, 190, 178)
    page.draw.ellipse(((x + wide * 0.26) * s, y * s, (x + wide * 0.74) * s, (y + wide * 0.66) * s), fill=skin)
    hair = ((x + wide * 0.22) * s, (y - wide * 0.06) * s, (x + wide * 0.78) * s, (y + wide * 0.6) * s)
    page.draw.chord(hair, 180, 360, fill=(48, 44, 44))
    page.draw.pieslice((x * s, (y + wide * 0.7) * s, (x + wide) * s, (y + wide * 1.7) * s), 180, 360, fill=(62, 72, 96))


def id_back(page: Page, x: float, y: float, wide: float, *, grey: bool = False) -> None:
    """The side with the emblem."""
    f = wide / _CARD[0]
    page.box(x, y, x + wide, y + _CARD[1] * f, fill=(238, 238, 238) if grey else (238, 228, 226), ink=(150, 150, 150), round_by=26 * f)
    s = page.scale
    emblem = ((x + 60 * f) * s, (y + 56 * f) * s, (x + 210 * f) * s, (y + 206 * f) * s)
    page.draw.ellipse(emblem, outline=(170, 60, 50), width=max(2, round(7 * f * s)))
    page.text(x + 290 * f, y + 76 * f, "中华人民共和国", Look("song-bold", 48 * f, spread=8 * f))
    page.text(x + 268 * f, y + 156 * f, "居民身份证", Look("song-bold", 68 * f, spread=24 * f))
    small, big = Look("hei", 29 * f), Look("hei", 32 * f)
    page.text(x + 180 * f, y + 378 * f, "签发机关", small)
    page.text(x + 330 * f, y + 375 * f, "{police}", big)
    page.text(x + 180 * f, y + 446 * f, "有效期限", small)
    page.text(x + 330 * f, y + 443 * f, "{valid_from|dot}-{valid_until|dot}", big)


def _copied(page: Page) -> None:
    id_front(page, 340, 300, 560, grey=True)
    id_back(page, 340, 800, 560, grey=True)


def _photographed(page: Page) -> None:
    id_front(page, 60, 60, 880)
    id_back(page, 60, 680, 880)


def _for_this_use(page: Page) -> None:
    page.text(0, 150, "身份证复印件", Look("song-bold", 44), width=1240, align="middle")
    id_back(page, 90, 320, 515, grey=True)
    id_front(page, 640, 320, 515, grey=True)
    page.text(120, 760, "本复印件与原件核对一致，仅供办理职工互助保障使用。", Look("song", 28))
    page.text(120, 840, "经办人：{name~}　　　　　　2026年　　月　　日", Look("song", 28))


def _coloured(page: Page) -> None:
    id_front(page, 270, 180, 700)
    id_back(page, 270, 760, 700)
    page.text(0, 1420, "（此件由本人提供，与原件一致）", Look("kai", 32, BLUE), width=1240, align="middle")


def bank_face(page: Page, x: float, y: float, wide: float, *, embossed: bool = True, grey: bool = False) -> None:
    """The face of a card; embossed digits stand light with a dark edge."""
    f, s = wide / _CARD[0], page.scale
    dark, light = ((120, 120, 120), (196, 196, 196)) if grey else _BANKS[page.chance.randrange(len(_BANKS))]
    size = (round(wide * s), round(_CARD[1] * f * s))
    slope = Image.linear_gradient("L").rotate(90).resize(size)
    mask = Image.new("L", size, 0)
    face = Image.composite(Image.new("RGB", size, light), Image.new("RGB", size, dark), slope)
    page.draw.rounded_rectangle((x * s, y * s, x * s + size[0], y * s + size[1]), radius=28 * f * s, fill=dark)
    inner = Image.new("L", size, 0)
    inner.paste(255, (round(12 * f * s), round(12 * f * s), size[0] - round(12 * f * s), size[1] - round(12 * f * s)))
    page.image.paste(face, (round(x * s), round(y * s)), Image.composite(inner, mask, inner))
    white: Colour = (250, 250, 250)
    page.text(x + 60 * f, y + 48 * f, "{bank}", Look("hei-bold", 46 * f, white))
    page.text(x + 60 * f, y + 112 * f, "{bank_english}", Look("hei", 19 * f, white))
    page.box(x + 70 * f, y + 190 * f, x + 180 * f, y + 274 * f, fill=(214, 184, 110), ink=(150, 120, 60), round_by=14 * f)
    if embossed:
        page.text(x + 72 * f, y + 318 * f, "{account~|groups}", Look("mono", 50 * f, (40, 40, 40)))
    page.text(x + 70 * f, y + 315 * f, "{account|groups}", Look("mono", 50 * f, white))
    page.text(x + 70 * f, y + 430 * f, "借记卡 DEBIT", Look("hei", 26 * f, white))
    page.text(x + 330 * f, y + 400 * f, "VALID THRU {valid}", Look("hei", 22 * f, white))
    page.box(x + 640 * f, y + 410 * f, x + 790 * f, y + 500 * f, fill=(0, 84, 110), ink=white, round_by=12 * f)
    page.text(x + 652 * f, y + 418 * f, "UnionPay\n银联", Look("hei-bold", 26 * f, white, 1.3))


def _card_photo(page: Page) -> None:
    bank_face(page, 40, 40, 920)


def _card_copy(page: Page) -> None:
    bank_face(page, 330, 360, 580, embossed=False, grey=True)


def _card_pasted(page: Page) -> None:
    page.text(0, 130, "互助金领取账户登记表", Look("hei-bold", 44), width=1240, align="middle")
    page.table(110, 240, (220, 290, 220, 290), (("户名", "{name~}", "身份证号", "{id_number|star}"),
                                               ("开户银行", "{bank}", "开户网点", "{branch}"),
                                               ("银行卡号", ("{account}", 3))), Look("song", 26), high=72)
    page.box(110, 520, 1130, 1180, ink=GREY)
    page.text(140, 540, "银行卡复印件粘贴处", Look("song", 24, GREY))
    s = page.scale
    page.draw.rectangle((300 * s, 610 * s, 940 * s, 1014 * s), fill=(206, 206, 206))
    page.text(345, 650, "{bank~}", Look("hei-bold", 34, (90, 90, 90)))
    page.text(345, 840, "{account~|groups}", Look("mono", 37, (60, 60, 60)))
    page.text(140, 1250, "本人确认以上账户信息真实有效。　　申领人签字：", Look("song", 26))
    page.text(800, 1238, "{name~}", Look("kai", 38, BLUE, hand=True))


def _account_note(page: Page) -> None:
    page.text(0, 120, "{bank}", Look("song-bold", 46), width=1240, align="middle")
    page.text(0, 200, "个人账户开户信息证明", Look("song-bold", 38), width=1240, align="middle")
    y = 330.0
    for label, value in (("客户姓名", "{name~}"), ("证件类型", "居民身份证"), ("证件号码", "{id_number|star}"),
                         ("账号/卡号", "{account}"),
                         ("账户类型", "个人Ⅰ类户"), ("币种", "人民币"), ("开户机构", "{branch}"), ("开户日期", "{opened_on}"),
                         ("账户状态", "正常")):
        page.text(190, y, f"{label}：", Look("song", 28))
        page.text(430, y, value, Look("mono", 28))
        y += 66
    page.text(190, y + 40, "本证明仅反映开具之时的账户信息。", Look("song", 24, GREY))
    page.seal(880, y + 110, page.facts["bank"] + "业务专用章", radius=100, oval=True)


LAYOUTS = {
    "id_card": {"copied": (_copied, (1240, 1754)), "photographed": (_photographed, (1000, 1280)),
                "for_this_use": (_for_this_use, (1240, 1754)), "coloured": (_coloured, (1240, 1754))},
    "bank_card": {"photo": (_card_photo, (1000, 660)), "copy": (_card_copy, (1240, 1754)),
                  "pasted": (_card_pasted, (1240, 1754)), "account_note": (_account_note, (1240, 1754))},
}
