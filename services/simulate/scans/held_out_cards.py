"""Cards as the copying machine gives them, held out like the papers of held_out.py."""

from __future__ import annotations

from PIL import ImageDraw

from services.simulate.scans import card_faces as cards
from services.simulate.scans.canvas import GREY, INK, Colour, Look, Page

_PEN: Colour = (34, 48, 118)
# What a bank prints on its card: product, colour of the card, ink of its words.
_CARDS: dict[str, tuple[str, Colour, Colour]] = {
    "中国工商银行": ("工银借记卡", (158, 30, 40), (250, 244, 236)), "中国建设银行": ("龙卡借记卡", (24, 74, 140), (244, 248, 252)),
    "中国农业银行": ("金穗借记卡", (12, 122, 102), (246, 250, 246)), "中国银行": ("长城借记卡", (226, 222, 214), (140, 24, 44)),
    "北京银行": ("京卡借记卡", (232, 206, 150), (120, 30, 30))}


def _copied(page: Page) -> None:
    """All that was drawn so far turns grey, darker in the dark and lost in the pale, as toner does."""
    toner = [max(20, min(252, round((level - 116) * 1.35 + 128))) for level in range(256)]
    page.image = page.image.convert("L").point(toner).convert("RGB")
    page.draw = ImageDraw.Draw(page.image)
    s = page.scale
    for _ in range(70):
        x, y, r = page.chance.uniform(0, page.size[0]), page.chance.uniform(0, page.size[1]), page.chance.uniform(0.5, 1.7)
        page.draw.ellipse(((x - r) * s, (y - r) * s, (x + r) * s, (y + r) * s), fill=(90, 90, 90))


def id_copy(page: Page) -> None:
    """A copy in black and white: the emblem's side above, the person's below; by hand what the copy is for, and the office's stamp."""
    left = 270 + page.chance.uniform(-24, 24)
    cards.back(page, left, 230, 660)
    cards.front(page, left + page.chance.uniform(-18, 18), 760, 660)
    _copied(page)
    pen = Look("kai", 38, _PEN, hand=True)
    page.text(250, 1260, "此复印件与原件一致，仅供申领互助金使用。", pen)
    page.text(700, 1340, "{name~}", Look("kai", 44, _PEN, hand=True))
    page.text(620, 1410, "2026 年 10 月 12 日", pen)
    page.seal(400, 1400, page.facts["unit_name"] + "工会委员会", radius=100)


def _bank_face(page: Page, x: float, y: float, wide: float) -> None:
    f, s = wide / 856, page.scale
    product, paper, ink = _CARDS[page.facts["bank"]]
    page.box(x, y, x + wide, y + 540 * f, fill=paper, ink=(120, 120, 120), round_by=30 * f)
    tone = [min(255, level + 14) for level in paper]
    page.draw.ellipse([side * s for side in (x + 440 * f, y + 130 * f, x + 840 * f, y + 530 * f)], fill=(tone[0], tone[1], tone[2]))
    page.text(x + 420 * f, y + 40 * f, "{bank}", Look("song-bold", 46 * f, ink), width=390 * f, align="right")
    page.text(x + 300 * f, y + 98 * f, "{bank_english}", Look("hei", 16 * f, ink), width=510 * f, align="right")
    page.text(x + 60 * f, y + 52 * f, product, Look("hei", 30 * f, ink))
    page.box(x + 84 * f, y + 176 * f, x + 190 * f, y + 256 * f, fill=(206, 190, 140), ink=(120, 104, 66), round_by=14 * f)
    page.line(x + 84 * f, y + 216 * f, x + 190 * f, y + 216 * f, thick=1, ink=(120, 104, 66))
    page.line(x + 137 * f, y + 176 * f, x + 137 * f, y + 256 * f, thick=1, ink=(120, 104, 66))
    account = Look("mono", 50 * f, ink, spread=1.5 * f)
    shade = Look("mono", 50 * f, (70, 70, 70), spread=1.5 * f)      # raised letters throw a shadow
    page.text(x + 62 * f, y + 302 * f, "{account~|groups}", shade)
    page.text(x + 60 * f, y + 299 * f, "{account|groups}", account)
    page.text(x + 62 * f, y + 366 * f, page.facts["account"][:4], Look("hei", 17 * f, ink))
    page.text(x + 300 * f, y + 384 * f, "有效期至\nGOOD THRU", Look("hei", 15 * f, ink, 1.2))
    page.text(x + 400 * f, y + 382 * f, "{valid}", Look("mono", 32 * f, ink))
    page.text(x + 60 * f, y + 462 * f, "Debit 借记", Look("hei", 26 * f, ink))
    page.text(x + 650 * f, y + 430 * f, "UnionPay\n银联", Look("hei-bold", 34 * f, ink, 1.2))


def bank_copy(page: Page) -> None:
    """A card copied in black and white on a sheet; the holder wrote underneath what the office wants to know."""
    page.text(0, 120, "银行卡复印件", Look("song-bold", 40), width=1240, align="middle")
    _bank_face(page, 260 + page.chance.uniform(-20, 20), 240, 700)
    _copied(page)
    pen, print_ = Look("kai", 38, _PEN, hand=True), Look("song", 28, INK)
    for place, (label, value) in enumerate((("户　　名", "{name~}"), ("开 户 行", "{bank~}{branch}"), ("卡　　号", "{account~}"),
                                            ("联系电话", "139****0000"))):
        y = 790.0 + place * 82
        page.text(240, y, f"{label}：", print_)
        page.text(410, y - 10, value, pen)
        page.line(400, y + 42, 1010, y + 42, thick=1)
    page.text(240, 1140, "注：请核对以上信息，因填写有误造成退票的由本人负责。", Look("song", 22, GREY))
