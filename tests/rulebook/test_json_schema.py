"""The JSON Schema of rule-book files: current, true of every released file, false of files that are wrong."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from services.cli import main as cli
from services.rulebook import json_schema, registry
from services.rulebook.loader import load
from services.rulebook.values import Frozen

COMMITTED = Path(json_schema.__file__).with_name("rulebook.schema.json")
VALIDATOR = jsonschema.Draft202012Validator(json.loads(COMMITTED.read_text(encoding="utf-8")))
WOMEN = next(path for path in registry.files() if path.parent.name == "xj-women")
BOOKS = sorted((Path(__file__).parent / "books").glob("*.yaml"))
_PLAIN = {"true": True, "false": False, "null": None, "": None}


def as_editors_read(text: str) -> object:
    """YAML 1.2's core schema, as editors have it: no dates, `on` is a word, `1..30` is a word."""
    def built(node: yaml.Node) -> object:
        if isinstance(node, yaml.MappingNode):
            return {str(key.value): built(value) for key, value in node.value}
        if isinstance(node, yaml.SequenceNode):
            return [built(item) for item in node.value]
        assert isinstance(node, yaml.ScalarNode)
        word = str(node.value)
        if node.style in ("'", '"', "|", ">"):
            return word
        if word in _PLAIN:
            return _PLAIN[word]
        if re.fullmatch(r"[-+]?\d+", word):
            return int(word)
        return float(word.replace(".inf", "inf")) if re.fullmatch(r"[-+]?(\d*\.\d+|\d+\.|\.inf)", word) else word

    node = yaml.compose(text)
    assert node is not None
    return built(node)


def complaints(text: str) -> list[str]:
    return [f"{'.'.join(str(part) for part in error.absolute_path)}: {error.message[:200]}"
            for error in VALIDATOR.iter_errors(as_editors_read(text))]


def test_the_committed_schema_is_current() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == json_schema.text(), "run huzhu plans schema --out on the file"
    jsonschema.Draft202012Validator.check_schema(json_schema.schema())


@pytest.mark.parametrize("path", [*registry.files(), *BOOKS], ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_file_that_loads_is_true_of_the_schema(path: Path) -> None:
    load(path)
    assert complaints(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(("old", "new", "at"), [
    ("mode: event", "mood: event", "mood"),
    ("mode: event", "mode: always", "mode"),
    ("mode: event\n", "", "mode"),
    ("plan: xj-women", "plan: XJ women", "plan"),
    ("from: 2024-01-01", "from: 2024年1月1日", "from"),
    ("kinds: [diagnosis]", "kinds: [illness]", "kinds"),
    ("dated_by: event.diagnosed_on", "dated_by: event.diagnosd_on", "dated_by"),
    ("    ends: [consolation]", "    end: [consolation]", "benefits"),
    ("{times: cover.shares, clause: 一览表 每份}", "{time: cover.shares}", "benefits"),
    ("{times: cover.shares, clause: 一览表 每份}", "{times: cover.share}", "benefits"),
    ("{take: 500, clause", "{take: 500, tiems: 2, clause", "benefits"),
    ("{take: 500, clause", "{take: 5oo, clause", "benefits"),
    ("{take: 500, clause", "{take: [500], clause", "benefits"),
    ("{take: 500, clause", "{take: {by: cover.tire, else: 500}, clause", "benefits"),
    ("{take: 500, clause", "{take: {else: 500}, clause", "benefits"),
    ("{take: 500, clause", "{manual: 500, over: year, clause", "benefits"),
    ("{take: 500, clause", "{slices: [[50000]], clause", "benefits"),
    ("{take: 500, clause", "{scale: nine-grades, clause", "benefits"),
    ("{take: 500, clause", "{sum: months, clause", "benefits"),
    ("{band: early,", "{bnad: early,", "benefits"),
    ("severity: in_situ", "severity: insitu", "benefits"),
    ("age: 16..60", "age: 16-60", "eligible"),
    ("age: 16..60", "age: [16, 60]", "eligible"),
    ("role: unit_clerk", "role: clerk", "chain"),
    ("banks: {clause", "banks: {alow: [ICBC], clause", "banks"),
    ("fee: {amount: 25, per: share", "fee: {amount: 25, per: head", "fee"),
    ("fee: {amount: 25, per: share", 'fee: {amount: {by: cover.shares, "1": 25}, per: share', "fee"),
    ("read: [A-10]", "read: [A10]", "bands"),
    ("kind: calendar", "kind: lunar", "clocks"),
])
def test_a_wrong_file_is_not(old: str, new: str, at: str) -> None:
    text = WOMEN.read_text(encoding="utf-8")
    assert text.count(old) >= 1
    found = complaints(text.replace(old, new, 1))
    assert any(at in complaint for complaint in found), found


def test_an_unknown_written_form_is_no_silence() -> None:
    class Novel(Frozen):
        moon: complex = 1j

    with pytest.raises(TypeError, match="written form"):
        json_schema._model(Novel)


def test_words_with_a_fixed_choice_come_from_the_models() -> None:
    definitions = json.loads(COMMITTED.read_text(encoding="utf-8"))["$defs"]
    assert definitions["Level"]["properties"]["role"]["enum"] == ["unit_clerk", "district_reviewer", "office_reviewer",
                                                                  "senior_reviewer", "head"]
    assert definitions["Cap"]["required"] == ["cap"] and "with" in definitions["Cap"]["properties"]
    assert definitions["PlanFlag"]["properties"]["code"]["enum"]
    assert {"event.loss", "loss", "cover.tier"} <= set(definitions["fact"]["enum"])


def test_the_command_prints_it_and_writes_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["plans", "schema"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(COMMITTED.read_text(encoding="utf-8"))
    file = tmp_path / "rulebook.schema.json"
    assert cli.main(["plans", "schema", "--out", str(file)]) == 0
    assert file.read_bytes() == COMMITTED.read_bytes()
    assert cli.main(["plans", "schema", "--out", str(tmp_path / "none" / "x.json")]) == 2
    assert "写不了文件" in capsys.readouterr().err
