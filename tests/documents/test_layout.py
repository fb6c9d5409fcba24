"""The layout measured on the PDF, in millimetres, against GB/T 9704-2012 and the recipe that was tried for it."""

from __future__ import annotations

import io
import itertools
import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pdfplumber
import pikepdf
import pytest
from PIL import Image

from documents.layout.context import Check, Official
from documents.render import Rendered, proof, render

MM = 25.4 / 72
PITCH = 10.4489
RARE = "喆堃珺昇玥祎旻彧赟镕·㛃䶮"
Press = Callable[[str], Rendered]
CIRCULAR = ('{% extends "layout/official.html" %}{% block title %}关于开展2027年度职工互助保障参保工作的通知{% endblock %}'
            "{% block body %}<p>" + "互助保障工作关系职工切身利益各单位工会应当高度重视精心组织" * 36 + "。</p>"
            f"<p>{RARE}</p>" '{{ section("工作要求") }}<p>请于2026年12月20日前报送。</p>{% endblock %}')


def circular(**more: object) -> Official:
    return Official.model_validate({
        "office_name": "演示市职工互助保障办公室", "number": "演工互发〔2026〕7号", "issued_on": date(2026, 11, 21),
        "addressees": ("各区总工会", "各直属基层工会"), "contact": "联系人：陈样例；联系电话：000-12345678", **more})


@pytest.fixture(scope="module")
def official() -> Rendered:
    return proof(CIRCULAR, circular(
        copies_to=("演示人寿保险股份有限公司", "市总工会办公室"), printed_by="演示市职工互助保障办公室", printed_on=date(2026, 11, 22),
        enclosures=("参保名册", "流程图"), check=Check(url="https://huzhu.example/check/7K4M-2QXD", code="7K4M-2QXD")), sealed=True)


@pytest.fixture(scope="module")
def upwards() -> Rendered:
    return proof(CIRCULAR, circular(signer="王样例"))


def chars(pdf: bytes, page: int) -> list[dict[str, object]]:
    with pdfplumber.open(io.BytesIO(pdf)) as book:
        return [one for one in book.pages[page].chars if str(one["text"]).strip()]


def mm(one: dict[str, object], edge: str) -> float:
    return float(str(one[edge])) * MM


def of_size(found: list[dict[str, object]], points: float) -> list[dict[str, object]]:
    return [one for one in found if abs(float(str(one["size"])) - points) < 0.05]


def picture(pdf: bytes, page: int, dots: int, folder: Path) -> Image.Image:
    (folder / "a.pdf").write_bytes(pdf)
    subprocess.run(["pdftoppm", "-r", str(dots), "-f", str(page + 1), "-l", str(page + 1), "-singlefile", "-png", str(folder / "a.pdf"),
                    str(folder / "a")], check=True)
    return Image.open(folder / "a.png").convert("RGB")


def red_rows(image: Image.Image, dots: int) -> list[float]:
    """Heights, in mm from the top, of the picture's rows that hold something red."""
    wide, high = image.size
    data = image.tobytes()
    return [row / dots * 25.4 for row in range(high)
            if any(data[i] > 150 and data[i + 1] < 80 for i in range(row * wide * 3, (row + 1) * wide * 3, 3))]


def test_full_page_has_22_rows_of_28_characters(official: Rendered) -> None:
    body = of_size(chars(official.pdf, 1), 15.79)
    tops = sorted({round(mm(one, "top"), 1) for one in body})
    assert len(tops) == 22
    assert tops[0] == pytest.approx(37.0, abs=0.06) and mm(body[-1], "bottom") == pytest.approx(262.0, abs=0.15)
    for place, top in enumerate(tops):
        assert top == pytest.approx(37.0 + place * PITCH, abs=0.08)
    first = [one for one in body if abs(mm(one, "top") - tops[3]) < 0.1]
    assert len(first) == 28
    assert mm(first[0], "x0") == pytest.approx(28.0, abs=0.02) and mm(first[-1], "x1") == pytest.approx(184.0, abs=0.2)


@pytest.mark.parametrize("code", ["decision", "transfer", "exchange", "receipt"])
def test_text_after_tables_is_on_the_grid_again(code: str, press: Press) -> None:
    letter = press(code)
    for page in range(letter.pages):
        for one in of_size(chars(letter.pdf, page), 15.79):
            if page == 0 and mm(one, "top") < 100 and mm(one, "x0") > 100:
                continue        # the number stands under the rule, not on a row
            rows = (mm(one, "top") - 37.0) / PITCH
            assert abs(rows - round(rows)) * PITCH < 0.1, (one["text"], page)
            assert mm(one, "x0") > 27.9 and mm(one, "x1") < 185.0


def test_letter_head(press: Press, tmp_path: Path) -> None:
    pdf = press("decision").pdf
    with pdfplumber.open(io.BytesIO(pdf)) as book:
        rules = sorted({(round(one["x0"] * MM, 1), round(one["x1"] * MM, 1)) for one in book.pages[0].rects + book.pages[0].lines
                        if (one["x1"] - one["x0"]) * MM > 165})
    assert all(left == pytest.approx(20, abs=0.1) and right == pytest.approx(190, abs=0.1) for left, right in rules) and rules
    rows = red_rows(picture(pdf, 0, 200, tmp_path), 200)
    assert rows[0] == pytest.approx(30, abs=0.25)
    assert rows[-1] == pytest.approx(277, abs=0.25)
    gaps = [(low, high) for low, high in itertools.pairwise(rows) if high - low > 1]
    assert gaps[0][1] - gaps[0][0] == pytest.approx(4, abs=0.35)       # from the mark's ink to the rule
    number = [one for one in of_size(chars(pdf, 0), 15.79) if mm(one, "top") < 70]
    assert "".join(str(one["text"]) for one in number) == "新互通〔2026〕21号"
    assert mm(number[-1], "x1") == pytest.approx(184, abs=0.3)
    title = of_size(chars(pdf, 0), 22)
    assert (mm(title[0], "x0") + mm(title[-1], "x1")) / 2 == pytest.approx(106, abs=0.1)


def test_official_head(official: Rendered, tmp_path: Path) -> None:
    rows = red_rows(picture(official.pdf, 0, 200, tmp_path), 200)
    assert rows[0] == pytest.approx(72, abs=0.25)
    number = [one for one in of_size(chars(official.pdf, 0), 15.79) if mm(one, "top") < rows[-1]]
    assert (mm(number[0], "x0") + mm(number[-1], "x1")) / 2 == pytest.approx(106, abs=0.1)
    rule = next(low for low in rows if low > mm(number[0], "bottom"))
    assert rule - mm(number[0], "bottom") == pytest.approx(4, abs=0.3)
    title = of_size(chars(official.pdf, 0), 22)
    lines = sorted({round(mm(one, "top"), 1) for one in title})
    assert len(lines) == 2


def test_document_upwards_names_its_signer(upwards: Rendered) -> None:
    found = of_size(chars(upwards.pdf, 0), 15.79)
    row = "".join(str(one["text"]) for one in found if 100 < mm(one, "top") < 118)
    assert row == "演工互发〔2026〕7号签发人：王样例"
    name = [one for one in found if str(one["text"]) in "王样例" and 100 < mm(one, "top") < 118]
    assert all("Kai" in str(one["fontname"]) for one in name)
    number = next(one for one in found if one["text"] == "演")
    assert mm(number, "x0") == pytest.approx(28 + 156 / 28, abs=0.1)
    assert mm(name[-1], "x1") == pytest.approx(184 - 156 / 28, abs=0.1)


def test_page_numbers_stand_outside(official: Rendered, press: Press) -> None:
    for page in range(official.pages):
        found = [one for one in of_size(chars(official.pdf, page), 14) if mm(one, "top") > 263]
        assert "".join(str(one["text"]) for one in found) == f"—{page + 1}—"
        assert (mm(found[0], "top") + mm(found[0], "bottom")) / 2 == pytest.approx(269, abs=0.5)      # the dash, 7 mm below
        outer = (mm(found[-1], "x1"), 184 - 14 * MM) if page % 2 == 0 else (mm(found[0], "x0"), 28 + 14 * MM)
        assert outer[0] == pytest.approx(outer[1], abs=0.1)
    assert [one for one in chars(press("decision").pdf, 0) if mm(one, "top") > 263] == []


def test_seal_stands_over_the_date_and_touches_no_note(official: Rendered) -> None:
    with pikepdf.open(io.BytesIO(official.pdf)) as book:
        last = book.pages[-1]
        left, low, right, high = (float(edge) * MM for edge in last.Annots[0].Rect)
    assert right - left == pytest.approx(40, abs=0.02) and high - low == pytest.approx(40, abs=0.02)
    found = of_size(chars(official.pdf, official.pages - 1), 15.79)
    words = "".join(str(one["text"]) for one in found)
    at = words.index("2026年11月21日")
    day = found[at:at + 11]
    assert (mm(day[0], "x0") + mm(day[-1], "x1")) / 2 == pytest.approx((left + right) / 2, abs=0.1)
    assert 184 - mm(day[-1], "x1") >= 4 * 156 / 28 - 0.1
    assert 297 - high < mm(day[0], "top") and mm(day[0], "bottom") < 297 - low
    note = found[words.index("（联系人")]
    assert mm(note, "top") > 297 - low
    above = [one for one in found if mm(one, "top") < mm(day[0], "top") - 1.5 * PITCH]
    assert above and max(mm(one, "bottom") for one in above) < 297 - high


def test_rear_block_ends_with_the_text_block(official: Rendered, tmp_path: Path) -> None:
    rear = of_size(chars(official.pdf, official.pages - 1), 14)
    words = "".join(str(one["text"]) for one in rear if mm(one, "top") < 263)
    assert words == "抄送：演示人寿保险股份有限公司，市总工会办公室。演示市职工互助保障办公室2026年11月22日印发"
    image = picture(official.pdf, official.pages - 1, 200, tmp_path).convert("L")
    wide = image.width
    dark = [row for row in range(image.height) if sum(value < 160 for value in image.crop((0, row, wide, row + 1)).tobytes()) > 0.7 * wide]
    rules = [row / 200 * 25.4 for row in dark if row - 1 not in dark]
    assert len(rules) == 3
    assert rules[2] == pytest.approx(262 - 0.35, abs=0.3)
    assert rules[2] - rules[1] == pytest.approx(rules[1] - rules[0], abs=0.3)


@pytest.mark.parametrize("rows", range(12, 20))
def test_seal_and_date_share_a_page_with_text(rows: int) -> None:
    body = "".join(f"<p>第{n}项工作按期完成，情况良好。</p>" for n in range(rows))
    template = '{% extends "layout/official.html" %}{% block title %}报告{% endblock %}{% block body %}' + body + "{% endblock %}"
    letter = proof(template, circular())
    last = sorted(of_size(chars(letter.pdf, letter.pages - 1), 15.79), key=lambda one: (round(mm(one, "top")), mm(one, "x0")))
    words = "".join(str(one["text"]) for one in last)
    assert "情况良好。演示市职工互助保障办公室2026年11月21日" in words


def test_every_rare_character_is_drawn_by_two_renderers(official: Rendered, tmp_path: Path) -> None:
    page = next(n for n in range(official.pages) if RARE[0] in "".join(str(one["text"]) for one in chars(official.pdf, n)))
    found = chars(official.pdf, page)
    at = "".join(str(one["text"]) for one in found).index(RARE)
    spots = found[at:at + len(RARE)]
    seen = [picture(official.pdf, page, 144, tmp_path).convert("L")]
    subprocess.run(["mutool", "draw", "-q", "-r", "144", "-o", str(tmp_path / "m.png"), str(tmp_path / "a.pdf"), str(page + 1)], check=True)
    seen.append(Image.open(tmp_path / "m.png").convert("L"))
    for one in spots:
        left, top, right, low = (round(float(str(one[edge])) * 2) for edge in ("x0", "top", "x1", "bottom"))
        dark = [sum(value < 128 for value in image.crop((left, top, right, low)).tobytes()) for image in seen]
        assert min(dark) > (4 if one["text"] == "·" else 60), one["text"]
        assert abs(dark[0] - dark[1]) < 0.35 * max(dark), one["text"]


def test_faces_are_those_of_the_standard(official: Rendered) -> None:
    with pikepdf.open(io.BytesIO(official.pdf)) as book:
        names = {str(font.BaseFont).split("+")[-1] for page in book.pages for font in page.Resources.Font.as_dict().values()}
    assert names <= {f"Letter-{face}" for face in ("Latin", "Fang", "Rare", "Hei", "Rarehei", "Kai", "Title", "Raretitle", "Song")}
    assert {"Letter-Fang", "Letter-Title", "Letter-Hei", "Letter-Latin"} <= names


def test_unsealed_sample_has_no_field(sample: Callable[[str], dict[str, object]]) -> None:
    pdf = render("withdrawal", sample("withdrawal"), sealed=False).pdf
    with pikepdf.open(io.BytesIO(pdf)) as book:
        assert "/AcroForm" not in book.Root
