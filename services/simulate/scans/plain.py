"""Papers as a scanner would give them: grey pages with a person's (synthetic) data, a little tilted and specked.

Every page says that it is a specimen. The same facts give the same bytes.
"""

from __future__ import annotations

import io
import random
import subprocess
from collections.abc import Mapping, Sequence
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

from services.core.errors import ConfigError

WIDTH, HEIGHT = 900, 1273                     # A4 at 109 dots an inch: readable by a person and by OCR
_MARGIN, _LINE = 90, 46
_PAPER, _INK, _PALE = 246, 40, 205
_LEVELS = [level // 12 * 12 + 6 for level in range(256)]      # a scanner's few greys, which keep the file small

TITLES: Mapping[str, str] = {
    "policy_copy": "关爱女职工“安康保”保险合同（复印件）",
    "application": "互助金申请书",
    "id_card": "居民身份证（复印件）",
    "diagnosis": "疾病诊断证明书",
    "pathology": "病理诊断报告",
    "bank_card": "银行卡（复印件）",
    "hospital": "出院记录",
    "consent": "个人信息提供与处理同意书",
    "withdrawal": "撤回申请书",
    "death_proof": "居民死亡医学证明",
    "household_cancellation": "户籍注销证明",
    "heir_proof": "继承人身份和亲属关系证明",
}


@lru_cache(maxsize=1)
def _font_file() -> str:
    """The system's Chinese serif, asked of fontconfig."""
    found = subprocess.run(["fc-match", "--format=%{file}", "Noto Serif CJK SC:lang=zh-cn"], capture_output=True,
                           text=True, check=False)
    if found.returncode or "CJK" not in found.stdout:
        raise ConfigError("font_missing", "没有找到中文字体 Noto Serif CJK", remedy="运行 infra/bootstrap.sh 安装 fonts-noto-cjk")
    return found.stdout


@lru_cache(maxsize=4)
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(_font_file(), size)


def scan(kind: str, facts: Sequence[tuple[str, str]], *, copy: int = 1) -> bytes:
    """A PNG page of one kind of paper: its title, one line per (label, value). `copy` tells a second scan from the first.

    Raises KeyError for a kind nobody has drawn.
    """
    page = Image.new("L", (WIDTH, HEIGHT), _PAPER)
    draw = ImageDraw.Draw(page)
    draw.text((WIDTH // 2, _MARGIN), TITLES[kind], font=_font(38), fill=_INK, anchor="ma")
    draw.line((_MARGIN, _MARGIN + 66, WIDTH - _MARGIN, _MARGIN + 66), fill=_INK, width=2)
    top = _MARGIN + 100
    for label, value in facts:
        for text in _wrapped(f"{label}：{value}"):
            draw.text((_MARGIN, top), text, font=_font(26), fill=_INK)
            top += _LINE
    draw.text((WIDTH // 2, HEIGHT // 2 + 220), "演示样张 SPECIMEN", font=_font(64), fill=_PALE, anchor="mm")
    draw.text((_MARGIN, HEIGHT - _MARGIN), f"扫描件第{copy}次", font=_font(20), fill=_INK)
    return _png(_scanned(page, seed=f"{kind}{facts}{copy}"))


def _wrapped(text: str, width: int = 27) -> list[str]:
    return [text[at:at + width] for at in range(0, len(text), width)]


def _scanned(page: Image.Image, *, seed: str) -> Image.Image:
    """A slight tilt and some specks, drawn from the facts so that a page looks the same each time."""
    dice = random.Random(seed)
    tilted = page.rotate(dice.uniform(-0.8, 0.8), resample=Image.Resampling.BILINEAR, fillcolor=_PAPER)
    draw = ImageDraw.Draw(tilted)
    for _ in range(120):
        x, y = dice.randrange(WIDTH), dice.randrange(HEIGHT)
        draw.point((x, y), fill=dice.randrange(60, 200))
    return tilted


def _png(page: Image.Image) -> bytes:
    buffer = io.BytesIO()
    page.point(_LEVELS).save(buffer, "PNG")
    return buffer.getvalue()
