"""The sample pictures beside the checklist: `python -m infra.paper_samples` draws them anew into services/web/static/samples/.

Sheets of people who do not exist, small, each marked 样张 across.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from services.evidence.sheets import _font_file
from services.simulate import scans

HERE = Path(__file__).resolve().parents[1] / "services" / "web" / "static" / "samples"
WIDTH, MOST = 560, 40_000       # pixels; bytes of one file
_RED = (190, 30, 30)
_FORMS = {
    "application": (("申请人", "王示例"), ("身份证号", "（十八位）"), ("参加的计划", "在职女职工特殊疾病互助保障"),
                    ("事由", "经医院确诊，申请互助金"),
                    ("开户银行及账号", "（本人银行卡）"),
                    ("申请人签字", "王示例"), ("日期", "2026年3月16日"),
                    ("单位工会意见（盖章）", "情况属实")),
    "policy_copy": (("合同编号", "（以凭证为准）"), ("被保险人", "王示例"), ("保险期间", "2026年1月1日至2026年12月31日"),
                    ("单位（盖章）", "示例单位工会")),
    "death_proof": (("姓名", "王示例"), ("死亡日期", "2026年3月16日"), ("死亡原因", "（由医疗机构填写）"),
                    ("医疗机构（盖章）", "示例市第一医院"),
                    ("户籍注销日期", "2026年3月20日"), ("派出所（盖章）", "示例派出所"))}


def _sheet(kind: str) -> Callable[[], bytes]:
    return lambda: scans.sheet(kind, 0).data


def _form(kind: str) -> Callable[[], bytes]:
    return lambda: scans.scan(kind, _FORMS[kind])


DRAWN: dict[str, Callable[[], bytes]] = {
    **{kind: _sheet(kind) for kind in ("id_card", "bank_card", "diagnosis", "pathology", "discharge", "settlement", "invoice", "fire")},
    **{kind: _form(kind) for kind in _FORMS}}


def sample(content: bytes) -> bytes:
    """A picture of a sheet, small and marked."""
    with Image.open(io.BytesIO(content)) as opened:
        picture = opened.convert("RGB")
    picture = picture.resize((WIDTH, round(picture.height * WIDTH / picture.width)), Image.Resampling.LANCZOS)
    mark = Image.new("L", picture.size)
    font = ImageFont.truetype(_font_file(), WIDTH // 4)
    ImageDraw.Draw(mark).text((picture.width // 2, picture.height // 2), "样张", font=font, fill=120, anchor="mm")
    mark = mark.rotate(24)
    picture.paste(Image.new("RGB", picture.size, _RED), mask=mark)
    for quality in range(70, 20, -10):
        out = io.BytesIO()
        picture.save(out, "WEBP", quality=quality, method=6)
        if out.tell() <= MOST:
            break
    return out.getvalue()


def main() -> int:
    """Draw every one."""
    HERE.mkdir(parents=True, exist_ok=True)
    for kind, draw in DRAWN.items():
        content = sample(draw())
        (HERE / f"sample-{kind}.webp").write_bytes(content)
        sys.stdout.write(f"sample-{kind}.webp {len(content)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
