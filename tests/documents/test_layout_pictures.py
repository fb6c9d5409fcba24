"""Samples as pictures against those that a person looked at and approved.

To approve a change: look at the page, then save `drawn(pdf, page)` as the file that the failure names.
"""

from __future__ import annotations

import io
import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from documents.faces import faces
from documents.layout.context import Check, Official
from documents.render import Rendered, proof

GOLDEN = Path(__file__).parents[1] / "golden" / "pictures"
CIRCULAR = ('{% extends "layout/official.html" %}{% block title %}关于报送2026年度互助保障工作情况的通知{% endblock %}{% block body %}'
            "<p>为做好互助保障工作，请各单位工会按照下列要求报送情况：</p>"
            '{{ section("报送内容") }}<p>参保人数、给付件数和金额，截至2026年11月30日。</p>{% endblock %}')
PAGES = [("withdrawal", 0), ("withdrawal", 1), ("transfer", 0), ("circular", 0)]


@pytest.fixture(scope="module")
def circular() -> Rendered:
    return proof(CIRCULAR, Official(
        office_name="演示市职工互助保障办公室", number="演工互发〔2026〕7号", issued_on=date(2026, 11, 21),
        addressees=("各区总工会", "各直属基层工会"), printed_by="演示市职工互助保障办公室", printed_on=date(2026, 11, 22),
        check=Check(url="https://huzhu.example/check/7K4M", code="7K4M")))


def drawn(pdf: bytes, page: int) -> Image.Image:
    """A page as poppler draws it at 64 dots an inch, in 8 greys."""
    done = subprocess.run(["pdftoppm", "-r", "64", "-gray", "-f", str(page + 1), "-l", str(page + 1), "-singlefile", "-"],
                          input=pdf, capture_output=True, check=True)
    return Image.open(io.BytesIO(done.stdout)).convert("L").point([round(value / 36) * 36 for value in range(256)])


@pytest.mark.parametrize(("code", "page"), PAGES)
def test_page_looks_as_approved(code: str, page: int, press: Callable[[str], Rendered], circular: Rendered) -> None:
    if faces()["fang"].path.stat().st_size > 10_000_000:
        pytest.skip("Noto stands in for Fandol on this machine; the pictures were approved with Fandol")
    pdf = circular.pdf if code == "circular" else press(code).pdf
    seen, approved = drawn(pdf, page), Image.open(GOLDEN / f"{code}-{page + 1}.png").convert("L")
    assert seen.size == approved.size
    differing = sum(value > 96 for value in ImageChops.difference(seen, approved).tobytes())
    assert differing / (seen.width * seen.height) < 0.002, f"{code}-{page + 1}.png"
