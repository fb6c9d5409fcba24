"""The page “Write a rule-book”: its sample passes, its commands run, its tables are whole."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.cli import main as cli
from services.engine.checking.cases import EXPECT
from services.engine.checking.check import checked
from services.engine.checking.mutate import mutate
from services.rulebook import json_schema, registry
from services.rulebook.facts import FACTS, KINDS, FactSpec
from services.rulebook.parts import ROLES
from services.rulebook.reasons import FLAGS, REASONS
from services.rulebook.steps import STEPS
from services.rulebook.validation import known_words

PAGE = (Path(__file__).resolve().parents[2] / "infra/docs/write-a-rule-book.md").read_text(encoding="utf-8")
PLACE = Path("services/rulebook/plans/yunling/yl-inpatient")
# Keys of models that no file writes: they come out of the written forms, or stand in the disability tables.
INSIDE = {"any_of", "cases", "first", "high", "items", "later", "limbs", "low", "otherwise", "rule", "span", "title", "upto"}


def block(kind: str, starting: str) -> str:
    """The fenced block that starts so; there must be exactly one."""
    found = [text for text in re.findall(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL) if text.startswith(starting)]
    assert len(found) == 1, starting
    return str(found[0])


@pytest.fixture
def sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The sample's two files as a newcomer saves them, and only them, where the commands look."""
    folder = tmp_path / PLACE
    folder.mkdir(parents=True)
    (folder / "2026-01-01.yaml").write_text(block("yaml", "# yaml-language-server"), encoding="utf-8")
    (folder / "2026-01-01.examples.yaml").write_text(block("yaml", "# Worked by hand"), encoding="utf-8")
    (tmp_path / "claim.json").write_text(block("json", '{"plan"'), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(registry, "PLANS", tmp_path / "services/rulebook/plans")
    caches = [found for found in vars(registry).values() if hasattr(found, "cache_clear")]
    for cache in caches:
        cache.cache_clear()
    yield folder / "2026-01-01.yaml"
    for cache in caches:
        cache.cache_clear()


def test_the_sample_is_sound_and_every_number_is_seen(sample: Path) -> None:
    found = checked(sample)
    assert found.findings == ()
    assert found.cases >= 30
    assert mutate(sample).survivors == ()


@pytest.mark.parametrize(("facts", "said"), [
    ('{kind: inpatient, stays: [{from: 2026-03-02, to: 2026-03-14}], own_payment: "3500.00"}', "1900.00"),
    ("{kind: inpatient, stays: [{days: 5}, {days: 1}]", "60.00"),
    ('{kind: inpatient, own_payment: "9643.00"', "6000.00"),
    ('{kind: accident, "on": 2026-04-02, disability_items: [16]}', "6000.00"),
    ('{kind: accident, "on": 2026-04-02, disability_items: [1]}', "6500.00")])
def test_the_brochures_five_worked_cases_are_among_the_examples(facts: str, said: str) -> None:
    cases = block("yaml", "# Worked by hand").split("- case: ")
    assert any(facts in case and f'total: "{said}"' in case for case in cases)


def test_the_claim_of_the_page_pays_what_the_page_says(sample: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["compute", "claim.json", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["total"] == "1900.00"
    assert "It answers 1900.00" in PAGE


@pytest.mark.parametrize("line", re.findall(r"^\$ (huzhu .*)$", PAGE, re.MULTILINE))
def test_every_command_of_the_page_runs(sample: Path, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(shlex.split(line)[1:]) == 0, capsys.readouterr()
    assert capsys.readouterr().out


def test_the_schema_the_sample_names_is_the_one_that_is_generated() -> None:
    named = re.search(r"\$schema=(\S+)", block("yaml", "# yaml-language-server"))
    assert named is not None
    committed = Path(json_schema.__file__).with_name("rulebook.schema.json")
    assert (registry.PLANS / "yunling" / "yl-inpatient" / named.group(1)).resolve() == committed.resolve()


def fact_row(name: str, spec: FactSpec) -> str:
    kinds = "all" if set(spec.kinds) == set(KINDS) else " ".join(f"`{kind}`" for kind in spec.kinds)
    return f"| `{name}` | {spec.label} | {spec.type} | {kinds} | {' '.join(spec.choices)} |"


def test_the_table_of_facts_is_the_tables_own() -> None:
    head = "| fact | 名称 | type | kinds of event | values |\n|---|---|---|---|---|\n"
    rows = [fact_row(name, spec) for name, spec in FACTS.items()]
    assert head + "\n".join(rows) + "\n\n" in PAGE, "\n".join(rows)


@pytest.mark.parametrize("words", [STEPS, ROLES, KINDS, tuple(FLAGS), tuple(REASONS), tuple(EXPECT), EXPECT["input"],
                                   tuple(word for word in known_words(top=True)),
                                   tuple(word for word in known_words(top=False) if word not in INSIDE)],
                         ids=["steps", "roles", "kinds", "flags", "reasons", "questions", "answers", "keys", "inner-keys"])
def test_the_page_names_every_word_of_the_language(words: tuple[str, ...]) -> None:
    coded = " ".join(re.findall(r"`[^`\n]+`", PAGE)) + " ".join(re.findall(r"```.*?```", PAGE, re.DOTALL))
    assert [word for word in words if not re.search(rf"(?<![\w.-]){re.escape(word)}(?![\w-])", coded)] == []
