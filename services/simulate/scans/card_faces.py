"""Faces of cards on a table, as third.py photographs them."""

from __future__ import annotations

import math
from datetime import date

from PIL import Image

from services.simulate.scans.canvas import INK, Colour, Look, Page

_LABEL: Colour = (66, 112, 172)
_WHITE: Colour = (250, 250, 250)
_DESK: tuple[tuple[Colour, Colour], ...] = (((126, 96, 70), (168, 134, 102)), ((66, 70, 78), (108, 112, 118)),
                                            ((178, 176, 170), (214, 212, 206)))
DESKS = len(_DESK)
# A bank's card: its name, the hotline on its back, the paper's colour and the ink of its words.
_CARDS: dict[str, tuple[str, str, Colour, Colour]] = {
    "中国工商银行": ("牡丹灵通卡", "95588", (240, 222, 196), (150, 24, 34)),
    "中国建设银行": ("龙卡通", "95533", (206, 222, 240), (14, 52, 122)),
    "中国农业银行": ("金穗通宝卡", "95599", (214, 234, 220), (0, 96, 78)),
    "中国银行": ("长城电子借记卡", "95566", (236, 232, 228), (156, 22, 46)),
    "北京银行": ("京卡·互助服务卡", "95526", (226, 236, 246), (178, 32, 40))}


def desk(page: Page, x: float, y: float, wide: float, tall: float, table: int) -> None:
    """A photograph's ground: the table (below DESKS) on which a card lay."""
    dark, light = _DESK[table]
    size = (round(wide * page.scale), round(tall * page.scale))
    slope = Image.linear_gradient("L").rotate(page.chance.choice((0, 90, 180))).resize(size)
    page.image.paste(Image.composite(Image.new("RGB", size, light), Image.new("RGB", size, dark), slope),
                     (round(x * page.scale), round(y * page.scale)))


def _waves(page: Page, x: float, y: float, wide: float, tall: float, ink: Colour) -> None:
    """The fine lines under everything that is printed on a card."""
    s = page.scale
    for row in range(int(tall / 13)):
        points = [((x + 14 + step * (wide - 28) / 60) * s,
                   (y + 9 + row * 13 + 5 * math.sin(step / 5 + row * 0.7)) * s) for step in range(61)]
        page.draw.line(points, fill=ink, width=1)


def front(page: Page, x: float, y: float, wide: float) -> None:
    """The side with the person: labels, and 年 月 日, in the card's blue."""
    f = wide / 856
    page.box(x, y, x + wide, y + 540 * f, fill=(229, 238, 244), ink=(170, 176, 182), round_by=28 * f)
    _waves(page, x, y, wide, 540 * f, (213, 226, 238))
    small, big = Look("hei", 25 * f, _LABEL), Look("hei", 33 * f, INK)
    for text, left, top in (("姓  名", 62, 66), ("性  别", 62, 136), ("民  族", 250, 136), ("出  生", 62, 204), ("住  址", 62, 276),
                            ("公民身份号码", 62, 452)):
        page.text(x + left * f, y + top * f, text, small)
    page.text(x + 156 * f, y + 58 * f, "{name}", Look("hei", 37 * f, INK))
    page.text(x + 156 * f, y + 130 * f, "{sex}", big)
    page.text(x + 344 * f, y + 130 * f, "{folk}", big)
    born, at = date.fromisoformat(page.facts["born"]), x + 156 * f
    for number, sign in ((born.year, "年"), (born.month, "月"), (born.day, "日")):
        page.text(at, y + 198 * f, str(number), big)
        at += page.width(str(number), big) + 10 * f
        page.text(at, y + 204 * f, sign, small)
        at += 25 * f + 12 * f
    page.mark("born", (x + 156 * f, y + 197 * f, at - 12 * f, y + 235 * f))
    page.text(x + 156 * f, y + 270 * f, "{address}", Look("hei", 32 * f, INK, 1.42), width=380 * f)
    page.text(x + 272 * f, y + 444 * f, "{number}", Look("mono", 39 * f, INK, spread=4 * f))
    _head(page, x + 580 * f, y + 74 * f, 214 * f)


def _head(page: Page, x: float, y: float, wide: float) -> None:
    s = page.scale

    def place(left: float, top: float, right: float, low: float) -> tuple[float, float, float, float]:
        return (x + wide * left) * s, (y + wide * top) * s, (x + wide * right) * s, (y + wide * low) * s

    page.draw.pieslice(place(0.02, 0.82, 0.98, 1.98), 180, 360, fill=(52, 56, 66))
    page.draw.rectangle(place(0.4, 0.66, 0.6, 0.92), fill=(204, 182, 166))
    page.draw.ellipse(place(0.25, 0.02, 0.75, 0.78), fill=(212, 190, 174))
    page.draw.chord(place(0.22, -0.03, 0.78, 0.62), 185, 355, fill=(36, 34, 34))


def back(page: Page, x: float, y: float, wide: float) -> None:
    """The side with the emblem."""
    f, s = wide / 856, page.scale
    page.box(x, y, x + wide, y + 540 * f, fill=(240, 231, 230), ink=(178, 170, 170), round_by=28 * f)
    _waves(page, x, y, wide, 540 * f, (232, 214, 216))
    page.draw.ellipse(((x + 54 * f) * s, (y + 48 * f) * s, (x + 204 * f) * s, (y + 206 * f) * s), fill=(190, 52, 44))
    page.draw.ellipse(((x + 78 * f) * s, (y + 72 * f) * s, (x + 180 * f) * s, (y + 176 * f) * s), outline=(232, 190, 96),
                      width=max(1, round(8 * f * s)))
    page.text(x + 282 * f, y + 66 * f, "中华人民共和国", Look("song-bold", 53 * f, spread=9 * f))
    page.text(x + 262 * f, y + 152 * f, "居民身份证", Look("song-bold", 76 * f, spread=26 * f))
    label, value = Look("hei-bold", 28 * f), Look("hei", 31 * f)
    page.text(x + 196 * f, y + 384 * f, "签发机关", label)
    page.text(x + 342 * f, y + 382 * f, "{police}", value)
    page.text(x + 196 * f, y + 450 * f, "有效期限", label)
    page.text(x + 342 * f, y + 448 * f, "{valid_from|dot}-{valid_until|dot}", value)


def bank_front(page: Page, x: float, y: float, wide: float) -> None:
    """A flat printed card: the number in dark ink under the chip, nothing embossed."""
    f = wide / 856
    product, _, paper, ink = _CARDS[page.facts["bank"]]
    page.box(x, y, x + wide, y + 540 * f, fill=paper, ink=(190, 190, 190), round_by=30 * f)
    pale: Colour = (max(0, paper[0] - 12), max(0, paper[1] - 12), max(0, paper[2] - 12))
    _waves(page, x, y, wide, 540 * f, pale)
    page.draw.ellipse([side * page.scale for side in (x + 48 * f, y + 40 * f, x + 116 * f, y + 108 * f)], outline=ink,
                      width=max(2, round(9 * f * page.scale)))
    page.text(x + 134 * f, y + 38 * f, "{bank}", Look("kai", 48 * f, ink))
    page.text(x + 136 * f, y + 92 * f, "{bank_english}", Look("hei", 15 * f, ink))
    page.text(x + 500 * f, y + 140 * f, product, Look("hei", 29 * f, ink), width=300 * f, align="right")
    page.box(x + 74 * f, y + 180 * f, x + 186 * f, y + 264 * f, fill=(218, 196, 132), ink=(150, 124, 70), round_by=12 * f)
    for part in (0.33, 0.67):
        page.line(x + 74 * f, y + (180 + 84 * part) * f, x + 186 * f, y + (180 + 84 * part) * f, ink=(150, 124, 70), thick=1)
    page.text(x + 204 * f, y + 206 * f, ")))", Look("hei", 26 * f, ink))
    page.text(x + 70 * f, y + 306 * f, "{account|groups}", Look("mono", 49 * f, INK))
    page.text(x + 330 * f, y + 388 * f, "月/年\nMONTH/YEAR", Look("hei", 13 * f, INK, 1.2))
    page.text(x + 250 * f, y + 388 * f, "VALID\nTHRU", Look("hei", 13 * f, INK, 1.2))
    page.text(x + 430 * f, y + 384 * f, "{valid}", Look("mono", 31 * f, INK))
    page.text(x + 70 * f, y + 458 * f, "借记卡 Debit Card", Look("hei", 23 * f, ink))
    page.text(x + 420 * f, y + 452 * f, "QuickPass 闪付", Look("hei", 25 * f, (30, 90, 130)))
    page.box(x + 646 * f, y + 412 * f, x + 800 * f, y + 506 * f, fill=(0, 88, 116), ink=_WHITE, round_by=12 * f)
    page.box(x + 652 * f, y + 418 * f, x + 696 * f, y + 500 * f, fill=(204, 30, 46), ink=(204, 30, 46), round_by=8 * f)
    page.text(x + 662 * f, y + 424 * f, "UnionPay", Look("hei-bold", 27 * f, _WHITE))
    page.text(x + 690 * f, y + 460 * f, "银联", Look("hei-bold", 30 * f, _WHITE))


def bank_back(page: Page, x: float, y: float, wide: float) -> None:
    """Stripe, strip for the signature, and what the bank says in small print."""
    f = wide / 856
    _, hotline, paper, ink = _CARDS[page.facts["bank"]]
    page.box(x, y, x + wide, y + 540 * f, fill=paper, ink=(190, 190, 190), round_by=30 * f)
    page.box(x + 1, y + 50 * f, x + wide - 1, y + 160 * f, fill=(40, 36, 36), ink=(40, 36, 36))
    page.text(x + 60 * f, y + 176 * f, "持卡人签名 AUTHORIZED SIGNATURE", Look("hei", 17 * f, INK))
    page.box(x + 60 * f, y + 206 * f, x + 590 * f, y + 276 * f, fill=_WHITE, ink=(200, 200, 200))
    page.text(x + 120 * f, y + 214 * f, "{name~}", Look("kai", 40 * f, (40, 44, 90), hand=True))
    page.text(x + 60 * f, y + 290 * f, "未经签名无效 NOT VALID UNLESS SIGNED", Look("hei", 15 * f, INK))
    y_low = page.text(x + 60 * f, y + 330 * f, "本卡由{bank~}发行，仅限持卡人本人使用，不得转借。持卡人须遵守发卡银行有关章程及规定。"
                      "如拾获此卡，请交还发卡银行任一网点。", Look("hei", 19 * f, INK), width=736 * f)
    page.text(x + 60 * f, y_low + 22 * f, f"客户服务热线：{hotline}", Look("hei-bold", 27 * f, ink))
