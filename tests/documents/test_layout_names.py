"""Long names, last lines and addresses: what made letters look careless, measured on the PDF."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date

import pdfplumber
import pikepdf
import pytest

from documents.layout.context import Check, Official
from documents.layout.lines import Run, set_lines
from documents.render import Rendered, proof, render

MM = 25.4 / 72
LONG = "中国职工保险互助会新疆维吾尔自治区巴音郭楞蒙古自治州办事处"
CHECK = Check(url="https://huzhu.example/check/7K4M2QXD7K4M2QXD", code="WMWM-2QXD-WMWM-WMWM")
Press = Callable[[str], Rendered]
Sample = Callable[[str], dict[str, object]]


def rows(pdf: bytes, page: int) -> list[tuple[str, float, float, float]]:
    """Lines of a page from the top: words without spaces, left, right, size in points."""
    with pdfplumber.open(io.BytesIO(pdf)) as book:
        lines = book.pages[page].extract_text_lines(y_tolerance=2)
    return [("".join(line["text"].split()), line["x0"] * MM, line["x1"] * MM, line["chars"][0]["size"]) for line in lines]


@pytest.fixture(scope="module")
def long_official() -> Rendered:
    template = ('{% extends "layout/official.html" %}{% block title %}通知{% endblock %}'
                "{% block body %}<p>请各单位于2026年12月20日前报送。</p>{% endblock %}")
    return proof(template, Official(
        office_name=LONG, number="演工互发〔2026〕7号", issued_on=date(2026, 11, 21), addressees=("各区总工会",), check=CHECK,
        printed_by=LONG, printed_on=date(2026, 11, 22)), sealed=True)


def test_long_organ_stands_on_two_lines_everywhere(long_official: Rendered) -> None:
    found = rows(long_official.pdf, 0)
    words = [line[0] for line in found]
    assert words[:2] == ["中国职工保险互助会新疆维吾尔自治区", "巴音郭楞蒙古自治州办事处文件"]
    assert min(line[3] for line in found[:2]) > 22, "a mark is larger than the title"
    assert all(line[1] > 26 and line[2] < 186 for line in found)
    assert words[-3:] == [LONG, "2026年11月22日印发", "—1—"]      # not one over the other
    at = words.index("2026年11月21日")
    assert words[at - 2:at] == ["中国职工保险互助会新疆维吾尔自治区", "巴音郭楞蒙古自治州办事处"]


def test_seal_of_a_long_organ_leaves_the_code_free(long_official: Rendered) -> None:
    with pikepdf.open(io.BytesIO(long_official.pdf)) as book:
        seal = float(book.pages[0].Annots[0].Rect[0]) * MM
    with pdfplumber.open(io.BytesIO(long_official.pdf)) as book:
        small = [one for one in book.pages[0].chars if abs(one["size"] - 8.5) < 0.05]
    assert "".join(one["text"] for one in small).replace(" ", "").endswith("WMWM-2QXD-WMWM-WMWMhttps://huzhu.example/check")
    assert max(one["x1"] for one in small) * MM < seal


@pytest.mark.parametrize("code", ["decision", "consolation", "supplement", "refund", "refusal", "exchange", "held", "cover_note"])
def test_signature_never_follows_one_short_line_alone(code: str, press: Press, sample: Sample) -> None:
    letter = press(code)
    words = [line[0] for line in rows(letter.pdf, letter.pages - 1)]
    assert words.index(str(sample(code)["office_name"])) >= 2


def test_address_stands_alone(press: Press) -> None:
    letter = press("decision")
    assert [line[0] for line in rows(letter.pdf, letter.pages - 1)][-2] == "https://huzhu.example/p"


def test_contact_does_not_repeat_the_organ(sample: Sample) -> None:
    html = render("cover_certificate", sample("cover_certificate")).html
    assert "（联系方式：电话0991-0000000。）" in html


@pytest.mark.parametrize(("benefits", "state"), [(6, "ended"), (9, "open")])
def test_certificate_has_one_page(benefits: int, state: str, sample: Sample) -> None:
    values = sample("cover_certificate")
    values["liabilities"] = [{"benefit": f"第{n}种重大疾病互助金", "clause": "简表 第3行 住院医疗", "state": state}
                             for n in range(1, benefits + 1)]
    letter = render("cover_certificate", values)
    assert letter.pages == 1
    assert f"第{benefits}种重大疾病互助金" in "".join(line[0] for line in rows(letter.pdf, 0))


def test_cells_are_not_overfull() -> None:
    """A line that is not spread cannot be squeezed either."""
    text = "核" * 27 + "（定）"
    assert [line.text for line in set_lines([Run(text)], first=0, columns=29.5, flush=False)] == ["核" * 27, "（定）"]
