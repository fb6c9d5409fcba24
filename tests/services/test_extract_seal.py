"""A red stamp on a page is seen where it stands; red titles, tables and dots are none."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageDraw, ImageEnhance

from services.evidence.recognition.lines import Box, Found
from services.evidence.recognition.seal import look, seal_on
from services.simulate.scans.sheets import sheet

RED = (196, 48, 40)


def _form(*, stamp: bool, width: int = 900, height: int = 1260) -> Image.Image:
    page = Image.new("RGB", (width, height), (250, 249, 246))
    ink = ImageDraw.Draw(page)
    for row in range(12):
        ink.line((60, 200 + 60 * row, width - 60, 200 + 60 * row), fill=RED, width=2)      # a form printed in red
    ink.line((60, 200, 60, 860), fill=RED, width=2)
    ink.rectangle((300, 80, 600, 96), fill=RED)                                            # a red title
    if stamp:
        ink.ellipse((560, 760, 740, 940), outline=RED, width=8)
        ink.polygon([(650, 820), (664, 862), (628, 836), (672, 836), (636, 862)], fill=RED)
    return page


def test_a_stamp_is_seen_over_the_lines_of_a_red_form() -> None:
    seen = look(_form(stamp=True))
    assert seen is not None
    box, sure = seen
    assert sure >= 0.9
    assert (box.left, box.top, box.right, box.bottom) == pytest.approx((560 / 900, 760 / 1260, 740 / 900, 940 / 1260), abs=0.02)


def test_a_red_form_is_no_stamp() -> None:
    assert look(_form(stamp=False)) is None


@pytest.mark.parametrize("light", [0.45, 1.0])
def test_a_stamp_is_seen_in_the_dark_and_under_a_warm_lamp(light: float) -> None:
    page = ImageEnhance.Brightness(_form(stamp=True)).enhance(light)
    red, green, blue = page.split()
    assert look(Image.merge("RGB", (red, green, blue.point([round(level * 0.8) for level in range(256)])))) is not None


def test_a_grey_scan_and_a_blank_tell_nothing() -> None:
    assert look(_form(stamp=True).convert("L")) is None
    assert look(Image.new("RGB", (4, 4), "white")) is None
    assert seal_on(2, Image.new("RGB", (50, 2000), RED)) == []


def test_the_field_of_a_generated_scan() -> None:
    scan = sheet("diagnosis", 3)
    found = seal_on(2, Image.open(io.BytesIO(scan.data)))
    truth = scan.boxes["seal"]
    assert [(field.page, field.name, field.value) for field in found] == [(2, "seal", "yes")]
    assert isinstance(found[0], Found) and isinstance(found[0].box, Box)
    assert found[0].box.left < truth.right and found[0].box.right > truth.left
    assert found[0].box.top < truth.bottom and found[0].box.bottom > truth.top
