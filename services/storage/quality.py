"""Can a person and a program read it? Measured with Pillow on the page as it would be shown.

The thresholds stand here and nowhere else. Size: measured OCR found every field of pages 900 pixels wide, 0.86 of them at 520,
0.04 at 400 (DESIGN, facts measured). A card fills the picture with few and large letters, so less will do. Light and
sharpness: between a scanned page (light 243, sharpness 1.2) and the same page darkened to a fifth (48) or blurred over two pixels
of its thousand (0.04), where strokes run together. Sharpness is measured against the page's own contrast, so that a dark page
is called dark and not blurred.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from PIL import Image, ImageFilter, ImageStat

from services.storage.pdfium import leaf

SMALLEST, SMALL, SMALL_CARD = 400, 900, 500     # pixels of the shorter side: refused below, warned below
DARK, PALE = 70, 252                            # mean light of 0–255
BLURRED = 0.05                                  # variance of the Laplacian over that of the light, at a thousand pixels
EMPTY = 2                                       # standard deviation of the light: nothing but paper
CARDS = frozenset({"id_card", "bank_card"})
_LONG = 1000
_LAPLACE = ImageFilter.Kernel((3, 3), (0, 1, 0, 1, -4, 1, 0, 1, 0), scale=1, offset=128)

ADVICE = {
    "picture_small": ("图片偏小，字可能看不清", "请把材料放满取景框重新拍照，或用更高的清晰度扫描"),
    "picture_dark": ("图片太暗", "请在光线充足的地方重新拍照，避开手机的影子"),
    "picture_pale": ("图片太亮，字可能已发白", "请关掉闪光灯，避开强光重新拍照"),
    "picture_blurred": ("图片模糊", "请拿稳手机，对准后再拍，或改用扫描"),
    "picture_empty": ("图片上像是没有内容", "请确认拍的是有字的一面，再重新拍照"),
}


@dataclass(frozen=True, slots=True)
class Measure:
    """`side`: shorter side in pixels, none for a page that is drawn, not photographed; light and its spread of 0–255."""

    side: int | None
    light: float
    spread: float
    sharpness: float

    def as_words(self) -> dict[str, object]:
        """For the pipe."""
        return asdict(self)


def of_picture(picture: Image.Image) -> Measure:
    """Of a decoded picture."""
    return _measure(picture, min(picture.size))


def of_pdf(content: bytes) -> Measure:
    """Of the first page, drawn a thousand pixels long; a page that is one photograph is as large as that is."""
    with leaf(content, 1) as page:
        return _measure(page.drawn(_LONG / max(*page.size, 1)), page.photograph())


def _measure(picture: Image.Image, side: int | None) -> Measure:
    grey = picture.convert("L")
    grey.thumbnail((_LONG, _LONG), Image.Resampling.BILINEAR)
    stat = ImageStat.Stat(grey)
    edges = grey.filter(_LAPLACE).crop((1, 1, max(grey.width - 1, 2), max(grey.height - 1, 2)))
    sharpness = ImageStat.Stat(edges).var[0] / max(stat.var[0], 1)
    return Measure(side, round(stat.mean[0], 1), round(stat.stddev[0], 1), round(sharpness, 3))


def warnings_of(measure: Measure, *, kind: str = "") -> list[str]:
    """Codes of ADVICE, worst first; `kind` is the paper's."""
    small = measure.side is not None and measure.side < (SMALL_CARD if kind in CARDS else SMALL)
    if measure.spread < EMPTY:
        return ["picture_empty", *(["picture_small"] if small else [])]
    found = {"picture_small": small, "picture_dark": measure.light < DARK, "picture_pale": measure.light > PALE,
             "picture_blurred": measure.sharpness < BLURRED}
    return [code for code, true in found.items() if true]


def limits(kind: str = "") -> dict[str, int | float]:
    """The thresholds for a kind of paper, for the browser, which measures the same before anything is sent."""
    return {"smallest": SMALLEST, "small": SMALL_CARD if kind in CARDS else SMALL, "dark": DARK, "pale": PALE, "blurred": BLURRED,
            "empty": EMPTY, "long": _LONG}


def too_small(measure: Measure) -> bool:
    """Beyond any reading."""
    return measure.side is not None and measure.side < SMALLEST
