"""The five questions of an examples file: what each answers, and what is said of one that is wrongly asked."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from services.engine.checking.cases import due, question, years_later
from services.engine.checking.check import check
from services.rulebook.loader import load
from services.rulebook.parts import ClockRule

TRIAL = Path(__file__).parent / "trial" / "2025-07-01.yaml"
BOOK = load(TRIAL)


def differences(case: dict[str, object]) -> tuple[str, ...]:
    return question({"case": "一例", **case}, BOOK.plan).differences(BOOK)


@pytest.mark.parametrize(("asked", "right", "wrong", "said"), [
    ({"unit": {"staff": 29}}, {"required": 29}, {"required": 24}, "required 应为 24，算得 29"),
    ({"unit": {"staff": 30}}, {"required": 24}, {"required": 30}, "算得 24"),
    ({"enrol": {"effective": date(2026, 3, 1), "shares": 2, "tier": "26"}}, {"until": date(2027, 2, 28), "fee": "52.00"},
     {"until": date(2027, 3, 1)}, "until 应为 2027-03-01，算得 2027-02-28"),
    ({"enrol": {"effective": "2026-03-01", "tier": 50}}, {"fee": 50}, {"fee": "50.01"}, "fee 应为 50.01，算得 50.00"),
    ({"enrol": {"effective": "2026-03-01", "tier": "50", "high_risk_work": True}}, {"fee": 32}, {"fee": 50}, "算得 32.00"),
    ({"enrol": {"effective": "2026-03-01", "tier": "50", "shares": 3}}, {"error": "cover.shares"}, {"fee": 150}, "超过每人 2 份"),
    ({"enrol": {"effective": "2026-03-01"}}, {"error": "cover.tier"}, {"error": "cover.shares"}, "cover.tier"),
    ({"clocks": {"start": date(2026, 3, 2)}}, {"report": date(2026, 3, 12), "chain.unit": date(2026, 3, 3)},
     {"pay": date(2026, 3, 12)}, "pay 应为 2026-03-12，算得 2026-03-11"),
    ({"chain": {"amount": "5000.00"}}, {"levels": ["unit", "office_first"]}, {"levels": ["office_first", "unit"]}, "levels 应为"),
    ({"input": {"cover": {"effective": date(2026, 1, 1), "until": date(2026, 12, 31)}, "covers": ["xj-women"],
                "event": {"kind": "accident", "on": date(2026, 1, 5), "death": True}}},
     {"outcome": "manual", "total": 0, "flags": ["unverified_amount"]}, {"error": "event.on"}, "error 应为 event.on"),
])
def test_each_question_has_one_answer(asked: dict[str, object], right: dict[str, object], wrong: dict[str, object],
                                      said: str) -> None:
    assert differences({**asked, "expect": right}) == ()
    assert any(said in difference for difference in differences({**asked, "expect": wrong}))


@pytest.mark.parametrize(("case", "said"), [
    ({"inptu": {}, "expect": {"total": 0}}, "inptu 不认识，最接近的是 input"),
    ({"clock": {"start": "2026-03-02"}, "expect": {"pay": "2026-03-11"}}, "最接近的是 clocks"),
    ({"expect": {"total": 0}}, "要写且只写一种问法"),
    ({"unit": {"staff": 1}, "chain": {"amount": 1}, "expect": {"required": 1}}, "要写且只写一种问法"),
    ({"unit": {"staff": 29}}, "要有 expect"),
    ({"unit": {"staff": 29}, "expect": {}}, "要有 expect"),
    ({"unit": {"stuff": 29}, "expect": {"required": 29}}, "unit.stuff 不认识，最接近的是 staff"),
    ({"unit": {"women": 29}, "expect": {"required": 29}}, "参加比例按 staff 计算"),
    ({"unit": {"staff": "29"}, "expect": {"required": 29}}, "不是整数"),
    ({"unit": [29], "expect": {"required": 29}}, "unit 应是映射"),
    ({"unit": {"staff": 29}, "expect": {"requird": 29}}, "expect.requird 不认识，最接近的是 required"),
    ({"enrol": {"efective": "2026-03-01"}, "expect": {"fee": 1}}, "enrol.efective 不认识，最接近的是 effective"),
    ({"enrol": {"effective": "3月1日"}, "expect": {"fee": 1}}, "不是日期"),
    ({"clocks": {"start": "2026-03-02"}, "expect": {"verifcation": "2026-03-04"}}, "最接近的是 verification"),
    ({"clocks": {"start": "2026-03-02"}, "expect": {"chain.office": "2026-03-04"}}, "最接近的是 chain.office"),
    ({"chain": {"amount": "二万"}, "expect": {"levels": []}}, "不是金额"),
    ({"input": {"cover": {"efective": "2026-01-01"}}, "expect": {"total": 0}}, "最接近的是 cover.effective"),
    ({"input": {}, "expect": {"outcom": "pay"}}, "expect.outcom 不认识，最接近的是 outcome"),
])
def test_a_wrong_question_names_the_nearest_word(case: dict[str, object], said: str) -> None:
    assert any(said in difference for difference in differences(case)), differences(case)


def test_a_case_without_a_sentence_and_a_case_that_is_no_mapping() -> None:
    assert question({"unit": {"staff": 1}, "expect": {"required": 1}}, "hz-trial").wrong == ("要有 case，用一句话说明",)
    assert question(["unit"], "hz-trial").wrong == ("每个算例应是映射",)


@pytest.mark.parametrize(("text", "line", "said"), [
    ("- case: 一\n  unit: {staff: 29\n", 3, "不是 YAML"),
    ("case: 一\n", 1, "算例文件应是列表"),
    ("[]\n", 1, "算例文件应是列表"),
    ("- case: 一\n  clocks: {start: 2026-02-30}\n  expect: {pay: 2026-03-01}\n", 1, "不存在的日期"),
    ("- case: 一\n  unit: {staff: 29}\n  expect: {required: 29}\n  expect: {required: 29}\n", 4, "键“expect”重复"),
])
def test_an_examples_file_that_cannot_be_read_is_named(text: str, line: int, said: str, tmp_path: Path) -> None:
    file = tmp_path / TRIAL.name
    shutil.copy(TRIAL, file)
    file.with_suffix(".examples.yaml").write_text(text, encoding="utf-8")
    found = check(file)
    assert [(finding.file, finding.line) for finding in found] == [("2025-07-01.examples.yaml", line)], found
    assert said in found[0].message


def test_on_is_a_day_and_not_a_truth() -> None:
    """YAML would read the key `on` as true; the trial's examples write it plain."""
    text = TRIAL.with_suffix(".examples.yaml").read_text(encoding="utf-8")
    assert "kind: accident, on: 2026-01-05" in text
    assert check(TRIAL) == []


@pytest.mark.parametrize(("start", "years", "last"), [
    (date(2026, 3, 2), 2, date(2028, 3, 2)), (date(2028, 2, 29), 2, date(2030, 2, 28)), (date(2028, 2, 29), 4, date(2032, 2, 29))])
def test_limitations_count_whole_years(start: date, years: int, last: date) -> None:
    assert years_later(start, years) == last
    assert due(ClockRule(years=years, kind="calendar", start="出险之日起"), start) == last


def test_calendar_days_roll_past_holidays_and_working_days_skip_them() -> None:
    """30 calendar days from 7 September 2026 end on 7 October, inside the National Day holiday, which ends on the 7th."""
    assert due(ClockRule(days=30, kind="calendar", start="次日起"), date(2026, 9, 7)) == date(2026, 10, 8)
    assert due(ClockRule(days=15, kind="working", start="次日起"), date(2026, 3, 2)) == date(2026, 3, 23)
