"""Cover sheets (业务条形码): one page a claim and kind of paper, laid before its pages in a stack that is then scanned in one go."""

from __future__ import annotations

import io
import re
import subprocess
import uuid
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import zxingcpp
from PIL import Image, ImageDraw, ImageFont
from sqlmodel import Session

from services.access.actor import Actor, Role
from services.core.errors import ConfigError, InputError
from services.evidence import rules
from services.evidence.papers import VERIFIERS
from services.intake.queries import claim_for
from services.rulebook import registry

DPI = 200
_WIDTH, _HEIGHT = 1654, 2339            # A4
_CODE = 640                             # 8 cm: read from a fax, a photo and a scan askew
_MARK = "HZ"
_TEXT = re.compile(r"HZ:([A-Z0-9-]{4,40}):([a-z][a-z0-9_]{0,39})")


def text_of(claim_no: str, kind: str) -> str:
    """What the code says: no name, no diagnosis, nothing that a finder could use."""
    return f"{_MARK}:{claim_no}:{kind}"


def meant(text: str) -> bool:
    """Whether a code on a page is (or tries to be) one of ours; hospitals print codes of their own."""
    return text.startswith(f"{_MARK}:")


def read(text: str) -> tuple[str, str] | None:
    """(claim number, kind of paper) of a code; none when it says neither."""
    found = _TEXT.fullmatch(text)
    return (found[1], found[2]) if found else None


def cover_sheets(session: Session, *, claim_id: uuid.UUID, kinds: Sequence[str] = (), actor: Actor) -> bytes:
    """A PDF with a page for each kind (all that the claim asks for, when none is named). InputError for an unknown kind."""
    actor.require(Role.MEMBER, *VERIFIERS, what="打印材料封面")
    claim = claim_for(session, claim_id, actor)
    book = registry.version(claim.plan, claim.plan_from)
    for kind in kinds:
        rules.check_kind(book, kind)
    wanted = list(dict.fromkeys(kinds or claim.required))
    if not wanted:
        raise InputError("kind_missing", "本案没有要求的材料", remedy="写明材料种类", field="kind")
    pages = [_page(claim.claim_no, book.name, rules.paper_name(book, kind), kind) for kind in wanted]
    out = io.BytesIO()
    pages[0].save(out, "PDF", resolution=DPI, save_all=True, append_images=pages[1:])
    return out.getvalue()


def _page(claim_no: str, plan: str, name: str, kind: str) -> Image.Image:
    sheet = Image.new("1", (_WIDTH, _HEIGHT), 1)
    draw, middle = ImageDraw.Draw(sheet), _WIDTH // 2
    draw.text((middle, 190), "材料封面", font=_font(88), fill=0, anchor="ma")
    draw.text((middle, 330), plan, font=_font(44), fill=0, anchor="ma")
    sheet.paste(_code(text_of(claim_no, kind)), (middle - _CODE // 2, 480))
    draw.text((middle, 480 + _CODE + 40), text_of(claim_no, kind), font=_font(36), fill=0, anchor="ma")
    draw.text((middle, 1300), f"受理编号　{claim_no}", font=_font(64), fill=0, anchor="ma")
    top = 1430
    for line in _wrapped(name):
        draw.text((middle, top), line, font=_font(64), fill=0, anchor="ma")
        top += 90
    for line in ("把本页放在这份材料的前面，一起扫描；", "下一份材料之前放它自己的封面。", "本页不要折叠、涂写，条码须完整。"):
        draw.text((middle, top + 120), line, font=_font(40), fill=0, anchor="ma")
        top += 64
    return sheet


def _code(text: str) -> Image.Image:
    drawn: Any = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.DataMatrix).to_image(scale=4, add_quiet_zones=True)
    made = memoryview(drawn)            # rows of bytes, as the buffer protocol gives them
    rows, columns = made.shape or (0, 0)
    return Image.frombytes("L", (columns, rows), bytes(made)).resize((_CODE, _CODE), Image.Resampling.NEAREST).convert("1")


def _wrapped(text: str, width: int = 22) -> list[str]:
    return [text[at:at + width] for at in range(0, len(text), width)]


@lru_cache(maxsize=1)
def _font_file() -> str:
    """The system's Chinese sans, asked of fontconfig."""
    found = subprocess.run(["fc-match", "--format=%{file}", "Noto Sans CJK SC:lang=zh-cn"], capture_output=True, text=True, check=False)
    if found.returncode or "CJK" not in found.stdout:
        raise ConfigError("font_missing", "没有找到中文字体 Noto Sans CJK", remedy="运行 infra/bootstrap.sh 安装 fonts-noto-cjk")
    return found.stdout


@lru_cache(maxsize=8)
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(_font_file(), size)
