"""A PDF's own words count where the machine sees the same; garbage, hidden and differing words do not."""

from __future__ import annotations

import pytest
import weasyprint

from services.core import settings as settings_module
from services.core.errors import ConfigError
from services.evidence.recognition import engine
from services.evidence.recognition.lines import Box, Line
from services.evidence.recognition.text_layer import Glyph, spelled
from services.storage import reading


def glyphs(text: str, left: float = 0.1, top: float = 0.1, width: float = 0.02) -> list[Glyph]:
    return [(sign, left + place * width, top, left + (place + 1) * width, top + 0.02) for place, sign in enumerate(text) if sign != " "]


def line(text: str, confidence: float = 0.93) -> Line:
    return Line(text, confidence, Box(0.09, 0.098, 0.9, 0.122))


@pytest.mark.parametrize(("seen", "told", "source", "text", "confidence"), [
    ("诊断：甲状腺乳头状癌", "诊断：甲状腺乳头状癌", "text", "诊断：甲状腺乳头状癌", 1.0),
    ("姓名：王玥翀", "姓名：王玥翀", "text", "姓名：王玥翀", 1.0),
    ("姓名：王明神", "姓名：王玥翀", "ocr", "姓名：王明神", 0.93),             # most of it differs: who knows whose words these are
    ("合计 12345.67", "合计 12345.67", "text", "合计 12345.67", 1.0),
    ("合计 12345.67", "合计 92345.67", "ocr", "合计 12345.67", 0.8),         # other digits: what is seen stays, as something to look at
    ("合计 12345.67", "\ue001\ue002\ue003\ue004\ue005\ue006", "ocr", "合计 12345.67", 0.93),
    ("合计 12345.67", "\ufffd" * 8, "ocr", "合计 12345.67", 0.93),
    ("合计 12345.67", "", "ocr", "合计 12345.67", 0.93)])
def test_what_is_seen_decides(seen: str, told: str, source: str, text: str, confidence: float) -> None:
    found, lines = spelled([line(seen)], glyphs(told), 0.7)
    assert (found, [(one.text, one.confidence) for one in lines]) == (source, [(text, confidence)])


def test_words_elsewhere_and_words_drawn_twice_change_nothing() -> None:
    [below] = spelled([line("诊断证明书")], glyphs("病理报告单", top=0.5), 0.7)[1]
    assert (below.text, below.confidence) == ("诊断证明书", 0.93)
    bold = sorted(glyphs("诊断证明书") + [(sign, left + 0.001, top, right + 0.001, bottom)
                                     for sign, left, top, right, bottom in glyphs("诊断证明书")])
    assert spelled([line("诊断证明书")], bold, 0.7)[1][0].text == "诊断证明书"


def test_signs_of_a_pdf_have_their_places_on_the_page_as_shown() -> None:
    page = "<p style='margin:0;font:20px \"Noto Serif CJK SC\"'>姓名：示例</p>"
    made = weasyprint.HTML(string=f"<style>@page{{size:200px 100px;margin:20px 40px}}body{{margin:0}}</style>{page}").write_pdf(
        uncompressed_pdf=True)
    found = reading.glyphs(made, [1])[1]
    assert "".join(one[0] for one in found) == "姓名：示例"
    left, top, right, bottom = found[0][1:]
    assert abs(left - 0.2) < 0.01 and abs(right - 0.3) < 0.01 and 0.15 < top < bottom < 0.55
    assert made.count(b"\nBT\n") == 1
    assert reading.glyphs(made.replace(b"\nBT\n", b"\nBT 3 Tr\n"), [1])[1] == []     # as scanners lay under their pictures
    assert reading.glyphs(made, [2]) == {2: []}


def test_a_machine_that_was_asked_for_and_is_not_here_refuses_to_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_PARTS", ("rapidocr", "a_part_that_nobody_installed"))
    config = settings_module.settings()
    engine.refuse_without_reader(config.model_copy(update={"ocr": "auto"}))
    engine.refuse_without_reader(config.model_copy(update={"ocr": "none"}))
    with pytest.raises(ConfigError, match="HUZHU_OCR") as refused:
        engine.refuse_without_reader(config.model_copy(update={"ocr": "rapidocr"}))
    assert "HUZHU_OCR=none" in str(refused.value.remedy)
