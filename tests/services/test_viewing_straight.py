"""Pages that hang to one side: found within 0.3°, set straight once, pictures of the world left as they are."""

from __future__ import annotations

import io
import random

import pytest
from hypothesis import given
from hypothesis import settings as run
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFilter

from services.storage import reading
from services.storage.reading import Drawn
from services.storage.straight import straightened, tilt
from tests.support.paper_files import page, saved

PAGE = page(700, 980)


def hanging(degrees: float) -> Image.Image:
    """The page turned clockwise by so much, as a hand lays it on the glass."""
    return PAGE.rotate(-degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=(246, 246, 246))


def scene(seed: int) -> Image.Image:
    """A picture of the world: ground and sky, round things, some noise."""
    chance = random.Random(seed)
    picture = Image.new("RGB", (1200, 900), (150, 170, 200))
    draw = ImageDraw.Draw(picture)
    draw.polygon([(0, 500 + chance.randrange(80)), (1200, 440), (1200, 900), (0, 900)], fill=(110, 110, 100))
    for _ in range(60):
        left, top, wide = chance.randrange(1200), chance.randrange(900), chance.randrange(9, 120)
        draw.ellipse((left, top, left + wide, top + wide * 2 // 3), fill=tuple(chance.randrange(256) for _ in range(3)))
    return picture.filter(ImageFilter.GaussianBlur(1.5))


@run(max_examples=5)
@given(st.floats(-7.4, 7.4))
def test_a_known_tilt_is_found_and_is_gone_afterwards(degrees: float) -> None:
    found = tilt(hanging(degrees))
    assert abs(found + degrees) <= 0.3
    assert tilt(straightened(hanging(degrees), found)) == 0


def test_a_straight_page_is_not_touched() -> None:
    assert tilt(PAGE) == 0 and straightened(PAGE, 0) is PAGE


@pytest.mark.parametrize("seed", range(4))
def test_a_picture_without_writing_is_left_as_it_is(seed: int) -> None:
    assert tilt(scene(seed)) == 0 and tilt(scene(seed).convert("L")) == 0
    assert tilt(Image.effect_noise((900, 700), 60 + seed)) == 0
    assert tilt(Image.new("RGB", (900, 1200), (200 + seed, 240, 240))) == 0


def test_the_view_is_straight_and_the_tilt_is_told_the_original_stays() -> None:
    original = saved(hanging(3.0), "JPEG", quality=85)
    [found] = reading.draw(original, "image/jpeg", [1])
    assert isinstance(found, Drawn) and abs(found.tilt + 3.0) <= 0.3 and found.rotation == 0
    view = Image.open(io.BytesIO(found.view))
    assert view.size == (found.width, found.height) and tilt(view) == 0


def test_a_scan_in_a_pdf_is_set_straight_a_written_page_is_not() -> None:
    out = io.BytesIO()
    hanging(-2.0).save(out, "PDF", resolution=150)
    [found] = reading.draw(out.getvalue(), "application/pdf", [1])
    assert isinstance(found, Drawn) and abs(found.tilt - 2.0) <= 0.3
