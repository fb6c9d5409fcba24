"""Fields from what RapidOCR read on generated scans (kept lines and truth in tests/golden/words), and from any words at all."""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.evidence.recognition import vocabulary
from services.evidence.recognition.extract import extract
from services.evidence.recognition.lines import Box, Found, Line, Words

PAGES = sorted((Path(__file__).parents[1] / "golden" / "words").glob("*.json"))


def _page(path: Path) -> tuple[dict[str, dict[str, str]], Words]:
    kept = json.loads(path.read_text(encoding="utf-8"))
    return kept, Words(1, "ocr", kept["aspect"], tuple(Line(text, sure, Box(*box)) for text, sure, *box in kept["lines"]))


def test_pages_of_every_kind_are_kept() -> None:
    assert {path.name.split("-")[0] for path in PAGES} == set(vocabulary.SHEETS)
    assert len(PAGES) >= 22


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_every_field_of_a_scan_is_found_with_its_place(path: Path) -> None:
    kept, words = _page(path)
    reading = extract(words)
    assert reading.sheet == kept["sheet"]
    found = {field.name: field for field in reversed(reading.found)}
    assert {name: found[name].value if name in found else None for name in kept["truth"]} == kept["truth"]
    assert [name for name in kept["boxes"] if not _touch(found[name].box, kept["boxes"][name])] == []


def _touch(box: Box | None, truth: object) -> bool:
    left, top, right, bottom = truth  # type: ignore[misc]
    return box is not None and box.left < right and left < box.right and box.top < bottom and top < box.bottom


def test_nothing_certain_is_wrong() -> None:
    wrong = []
    for path in PAGES:
        kept, words = _page(path)
        wrong += [(path.stem, field) for field in extract(words).found
                  if field.confidence >= 0.9 and kept["truth"].get(field.name, field.value) != field.value]
    assert wrong == []


FORMS = {"date": r"\d{4}-\d\d-\d\d", "money": r"-?\d+\.\d\d", "int": r"\d+", "number": r"\d+X?", "flag": "yes", "text": r"\S(?:.*\S)?"}
PIECES = (
    "姓名", "患者", "诊断", "诊断证明书", "出院小结", "住院费用结算单", "病理检查报告单", "医疗收费票据", "火灾事故认定书",
    "居民身份证", "公民身份号码", "票据代码", "入院日期", "出院日期", "住院天数", "采集日期", "接收日期", "报告日期",
    "统筹基金支付", "自付一", "个人支付合计", "总费用", "大写", "小写", "起火原因", "起火地点", ":", "：", "(", "）",
    "2026年9月30日", "2026-02-30", "2026.1.3", "20260930", "9月31日", "1,234.50", "¥12", "元", "壹佰元整", "零元", "12天",
    "640099198503070025", "6217000000000012348", "银川样本医院", "示一兰", "长期", "〔2026〕第3号", "二〇二六年一月二日", "至",
    "\ue000", "𠮷")
TITLES = ("居民身份证", "银行卡 6217000000000012348", "疾病诊断证明书", "病理检查报告单", "出院小结", "住院费用结算单", "医疗住院收费票据",
          "火灾事故认定书")
TEXTS = st.one_of(st.text(max_size=20), st.lists(st.sampled_from((*PIECES, " ")), max_size=8).map("".join))
EDGE = st.floats(min_value=0, max_value=1, allow_nan=False)
BOXES = st.builds(lambda x0, x1, y0, y1: Box(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)), EDGE, EDGE, EDGE, EDGE)
LINES = st.builds(Line, TEXTS, EDGE, BOXES)


@settings(max_examples=120, deadline=None)
@given(st.lists(LINES, max_size=14), st.sampled_from(TITLES), st.floats(min_value=0.3, max_value=3))
def test_any_words_are_read_without_fault_and_into_written_forms(lines: list[Line], title: str, aspect: float) -> None:
    reading = extract(Words(3, "text", aspect, (Line(title, 1.0, Box(0.3, 0.02, 0.7, 0.06)), *lines)))
    for field in reading.found:
        _written(reading.sheet or "", field)


def _written(sheet: str, field: Found) -> None:
    kind = vocabulary.field(sheet, field.name).type
    assert re.fullmatch(FORMS[kind], field.value), field
    assert field.page == 3 and 0 <= field.confidence <= 0.999 and field.box is not None
    assert "(" not in field.value and ")" not in field.value
    if kind == "date":
        date.fromisoformat(field.value)
    if kind == "money":
        Decimal(field.value)
