"""A broken file is refused with file, line, what is expected and the nearest known word."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from services.engine.check import check
from services.rulebook import registry
from services.rulebook.bundle import combine
from services.rulebook.loader import RuleBookError, load
from services.rulebook.schema import RuleBook
from services.rulebook.validation import Finding

WOMEN = next(path for path in registry.files() if path.parent.name == "xj-women")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A copy of the women's rule-book and its examples."""
    for path in (WOMEN, WOMEN.with_suffix(".examples.yaml")):
        shutil.copy(path, tmp_path)
    return tmp_path / WOMEN.name


def broken(file: Path, old: str, new: str) -> list[Finding]:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    return check(file)


def line_of(path: Path, text: str) -> int:
    return next(number for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1) if text in line)


@pytest.mark.parametrize(("old", "new", "said"), [
    ("mode: event", "mood: event", "最接近的是 mode"),
    ("mode: event", "mode: always", "'event'"),
    ("    ends: [consolation]", "    end: [consolation]", "最接近的是 ends"),
    ("{times: cover.shares, clause: 一览表 每份}", "{time: cover.shares}", "最接近的是 times"),
    ("{times: cover.shares, clause: 一览表 每份}", "{times: cover.share}", "最接近的是 cover.shares"),
    ("{take: 500, clause", "{less: 500, clause", "第一步应为 take"),
    ("{take: 500, clause", "{take: event.stays.days, clause", "列表要先用 sum 合计"),
    ("{take: 500, clause", "{take: 5oo, clause", "不是数"),
    ("list: in_situ}", "list: insitu}", "最接近的是 in_situ"),
    ("{band: early,", "{band: erly,", "最接近的是 early"),
    ("ends: [consolation]", "ends: [consolaton]", "最接近的是 consolation"),
    ("age: 16..60", "age: 60..16", "起点大于终点"),
    ("age: 16..60", "age: 16-60", "不是范围"),
    ("from: 2024-01-01", "from: 2024-13-01", "日期"),
    ("role: unit_clerk", "role: clerk", "unit_clerk"),
    ("banks: {clause", "banks: {alow: [ICBC], clause", "最接近的是 allow"),
    ("fee: {amount: 25, per: share", "fee: {amount: 25, per: head", "share"),
])
def test_a_wrong_word_is_named_with_its_line(file: Path, old: str, new: str, said: str) -> None:
    expected = line_of(file, old)
    found = broken(file, old, new)
    assert any(said in finding.message for finding in found), found
    assert any(finding.file == file.name and abs(finding.line - expected) <= 6 for finding in found), (expected, found)


def test_duplicate_key_and_broken_yaml_and_missing_key(file: Path) -> None:
    assert "重复" in broken(file, "mode: event", "mode: event\nmode: event")[0].message
    with pytest.raises(RuleBookError):
        load(file)
    file.write_text("plan: [", encoding="utf-8")
    assert check(file)[0].message.startswith("不是 YAML")
    file.write_text("plan: xj-women\n", encoding="utf-8")
    assert {"name", "benefits", "clocks"} <= {finding.key for finding in check(file)}


def test_budgets_beyond_the_promise_are_refused(file: Path) -> None:
    found = broken(file, "role: office_reviewer, days: 2", "role: office_reviewer, days: 3")
    assert [finding.key for finding in found] == ["clocks.pay"]
    assert "合计 16 个工作日" in found[0].message
    assert found[0].line == line_of(file, "  pay: {days: 15")


def test_two_files_from_one_day_overlap(file: Path) -> None:
    shutil.copy(file, file.with_name("2025-01-01.yaml"))
    assert "版本重叠" in check(file)[0].message


def test_a_wrong_amount_fails_its_examples_by_line(file: Path) -> None:
    found = broken(file, "{take: 15000,", "{take: 15001,")
    examples = file.with_suffix(".examples.yaml")
    assert {finding.file for finding in found} == {examples.name}
    assert found[0].line == line_of(examples, "第61天")
    assert "应为 15000.00，算得 15001.00" in found[0].message


def test_missing_examples_and_unknown_expectation(file: Path) -> None:
    examples = file.with_suffix(".examples.yaml")
    examples.write_text(examples.read_text(encoding="utf-8").replace("outcome: pay", "outcom: pay", 1), encoding="utf-8")
    assert "最接近的是 outcome" in check(file)[0].message
    examples.unlink()
    assert "算例" in check(file)[0].message


def test_unknown_exclusion_is_named(file: Path) -> None:
    found = broken(file, "banks: {clause", "exclusions: [XJ-A01..XJ-A18]\nbanks: {clause")
    assert "XJ-A18" in found[0].message


def test_a_bundle_carries_its_parts_with_their_joint_caps(book_of: Callable[[str], RuleBook]) -> None:
    parts = {plan: book_of(plan) for plan in ("xj-critical-illness", "xj-inpatient-accident")}
    whole = combine(registry.latest("xj-women").model_copy(update={"bundle": tuple(parts)}), parts.__getitem__)
    assert len(whole.benefits) == 3 + 4 + 4
    assert whole.closed_by("xj-critical-illness.severe") == {
        f"xj-critical-illness.{name}" for name in ("consolation", "light", "severe", "sudden_death")}
    cap = whole.benefits["xj-critical-illness.light"].steps[-1]
    assert getattr(cap, "with_", ()) == tuple(f"xj-critical-illness.{name}" for name in parts["xj-critical-illness"].benefits)
    assert whole.one_of[-1].benefits == ("xj-inpatient-accident.accident_life", "xj-inpatient-accident.accident_work")
