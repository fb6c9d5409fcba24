"""Charts: no character left to a reader's fonts, the same values the same bytes, and words and table that say the same numbers."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from documents import charts
from documents.charts import Bands, Bars, Months
from documents.errors import MissingGlyph

BARS = Bars((("乌鲁木齐市总工会", 123), ("伊犁", 7)), "件")
KEPT = Months(("1月", "2月", "3月"), (("按期率", (0.9, 0.925, 1.0)), ("上年同期", (None, 0.8, 0.85))), percent=True)
AGES = Bands(("7日内", "8—15日", "16—30日"), (("待核验材料", (12, 40, 0)), ("审核中", (1, 0, 3))), "件")


@pytest.mark.parametrize("chart", [BARS, KEPT, AGES], ids=["bars", "months", "bands"])
@pytest.mark.parametrize("tone", ["light", "dark", "print"])
def test_shapes_only_and_the_same_twice(chart: charts.Chart, tone: charts.Tone) -> None:
    svg = charts.draw(chart, tone=tone)
    kinds = {element.tag.rpartition("}")[2] for element in ET.fromstring(svg).iter()}
    assert kinds <= {"svg", "g", "path", "rect", "line"} and "path" in kinds
    assert b"font" not in svg and b"http" not in svg.replace(b"http://www.w3.org/2000/svg", b"")
    assert charts.draw(chart, tone=tone) == svg


def test_every_character_is_drawn_or_named() -> None:
    few, more = (charts.draw(Bars(((label, 1),), "件")) for label in ("甲", "甲乙丙"))
    assert len(few) < len(more)
    with pytest.raises(MissingGlyph) as missing:
        charts.draw(Bars((("\U0001f642", 1),)))
    assert "\U0001f642" in str(missing.value)


def test_nothing_to_draw_is_no_fault() -> None:
    for empty in (Bars(()), Months(("1月",), (("按期率", (None,)),), percent=True), Bands(("7日内",), (("审核中", (0,)),))):
        assert charts.draw(empty).startswith(b"<svg")
    assert charts.told(Bars(())) == "没有可以画出的数据。"
    assert charts.told(Months(("1月",), (("按期率", (None,)),))) == "按期率：没有可以画出的数据。"


def test_the_words_say_the_numbers() -> None:
    assert charts.told(BARS) == "最多的是乌鲁木齐市总工会：123件；合计130件。"
    assert charts.told(KEPT) == "按期率：1月90.0%，3月100.0%，最低90.0%，最高100.0%。 上年同期：2月80.0%，3月85.0%，最低80.0%，最高85.0%。"
    assert charts.told(AGES) == "待核验材料：7日内 12件，8—15日 40件，16—30日 0件。 审核中：7日内 1件，8—15日 0件，16—30日 3件。"


def test_the_table_holds_every_number() -> None:
    assert charts.table(BARS) == (("", "件"), (("乌鲁木齐市总工会", "123"), ("伊犁", "7")))
    heads, rows = charts.table(KEPT)
    assert heads == ("", "按期率", "上年同期")
    assert rows == (("1月", "90.0%", "—"), ("2月", "92.5%", "80.0%"), ("3月", "100.0%", "85.0%"))
    assert charts.table(AGES)[1] == (("待核验材料", "12", "40", "0"), ("审核中", "1", "0", "3"))


def test_letters_do_not_wait_for_the_drawing_engine() -> None:
    loaded = "import sys, documents.render, documents.charts; print({'altair', 'vl_convert'} & set(sys.modules))"
    said = subprocess.run([sys.executable, "-c", loaded], check=True, capture_output=True, text=True, cwd=Path(charts.__file__).parents[1])
    assert said.stdout.strip() == "set()"
