"""Every number of every released rule-book is seen by an example; the shifting itself, on the trial book."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from services.cli.main import main
from services.engine.checking.mutate import Shift, mutate, shifted, sites
from services.rulebook import registry
from services.rulebook.loader import read_document

TRIAL = Path(__file__).parent / "trial" / "2025-07-01.yaml"


@pytest.mark.parametrize("path", registry.files(), ids=lambda path: f"{path.parent.name} {path.stem}")
def test_no_number_of_a_released_file_can_change_unnoticed(path: Path) -> None:
    found = mutate(path)
    assert found.mutants > 0
    assert [(shift.line, shift.key, shift.old, shift.new) for shift in found.survivors] == []


@pytest.mark.parametrize(("text", "to"), [
    ("100", ["101", "99"]), ("0.40", ["0.41", "0.39"]), ("0.333", ["0.334", "0.332"]), ("5000.5", ["5000.6", "5000.4"]),
    ("0", ["1", "-1"]), ("16..60", ["17..60", "15..60", "16..61", "16..59"]), ("61..", ["62..", "60.."]), ("..60", ["..61", "..59"]),
    ("0..17", ["1..17", "0..18", "0..16"]), (".inf", []), ("2024-01-01", []), ("C57.0", []), ("第八条", []), ("true", [])])
def test_a_number_moves_by_one_unit_of_its_last_place(text: str, to: list[str]) -> None:
    assert shifted(text) == to


def test_which_numbers_of_the_trial_are_shifted() -> None:
    """By hand from the file: amounts, rates, days, bounds, shares, people; no code, date, clause, tier name or text."""
    keys = list(dict.fromkeys(".".join(key) for key, _, _ in sites(read_document(TRIAL))))
    assert keys == [
        "term.years", "fee.amount.26", "fee.amount.50", "fee.high_risk", "shares.max", "eligible.age", "participation.share",
        "participation.all_below", "bands.ranges.none", "bands.ranges.early", "bands.ranges.full", "tables.rate.normal",
        "tables.rate.else", "benefits.consolation.steps.0.take", "benefits.severe.steps.0.take", "benefits.medical.steps.1.less",
        "benefits.medical.steps.2.slices.0.0", "benefits.medical.steps.2.slices.0.1", "benefits.medical.steps.2.slices.1.1",
        "benefits.medical.steps.3.cap", "benefits.subsidy.when.event.subsidy_days", "benefits.fire.steps.0.manual", "total.cap",
        "chain.0.days", "chain.1.days", "chain.2.days", "chain.2.above", "clocks.report.days", "clocks.verification.days",
        "clocks.pay.days", "clocks.limitation.years"]


def test_the_trial_has_no_survivor_and_each_example_is_needed_for_its_number(tmp_path: Path) -> None:
    assert mutate(TRIAL).survivors == ()
    file = _without(tmp_path, "高危工种每份32元")
    assert mutate(file).survivors == (Shift("2025-07-01.yaml", 14, "fee.high_risk", "32", "33"),
                                      Shift("2025-07-01.yaml", 14, "fee.high_risk", "32", "31"))
    file = _without(tmp_path, "30人按八成")
    assert [(shift.key, shift.old, shift.new) for shift in mutate(file).survivors] == [("participation.all_below", "30", "31")]
    file = _without(tmp_path, "核定8000.01元，超过上限")
    assert [(shift.key, shift.new) for shift in mutate(file).survivors] == [("benefits.fire.steps.0.manual", "8001")]


def test_a_file_without_examples_lets_all_but_contradictions_through(tmp_path: Path) -> None:
    file = tmp_path / TRIAL.name
    shutil.copy(TRIAL, file)
    found = mutate(file)
    assert found.mutants == 68
    assert {shift.key for shift in found.survivors} >= {"shares.max", "total.cap", "benefits.medical.steps.1.less"}
    # Each of the five bounds of the bands, up and down: the next band no longer follows; and a term of no year.
    assert found.refused == found.mutants - len(found.survivors) == 11


def test_the_command_tells_counts_by_plan_and_each_survivor(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plans", "check", str(TRIAL), "--mutate"]) == 0
    told = capsys.readouterr().out
    assert "检查 1 份规则，26 个算例，发现 0 个问题；改动 68 处，5 处由文件自身的检查发现，0 处没有算例发现" in told
    assert "hz-trial" in told
    file = _without(tmp_path, "核定8000.01元，超过上限")
    assert main(["plans", "check", str(file), "--mutate"]) == 1
    assert "2025-07-01.yaml:60: benefits.fire.steps.0.manual 由 8000 改为 8001，没有算例发现" in capsys.readouterr().out
    assert main(["plans", "check", str(file)]) == 0
    capsys.readouterr()
    assert main(["plans", "check", str(file), "--mutate", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["files"][0]["plan"], told["files"][0]["cases"], told["files"][0]["mutants"]) == ("hz-trial", 25, 68)
    assert [(row["line"], row["key"], row["old"], row["new"]) for row in told["survivors"]] == [
        (60, "benefits.fire.steps.0.manual", "8000", "8001")]


def _without(tmp_path: Path, case: str) -> Path:
    """The trial with one example left out."""
    file = tmp_path / TRIAL.name
    shutil.copy(TRIAL, file)
    text = TRIAL.with_suffix(".examples.yaml").read_text(encoding="utf-8")
    head, *cases = text.split("- case: ")
    kept = [each for each in cases if not each.startswith(case + "\n")]
    assert len(kept) == len(cases) - 1
    file.with_suffix(".examples.yaml").write_text(head + "".join(f"- case: {each}" for each in kept), encoding="utf-8")
    return file
