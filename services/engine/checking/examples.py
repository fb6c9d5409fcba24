"""The examples beside a rule-book: read once, each with its line, and asked of the book."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import yaml

from services.engine.checking.cases import Question, question
from services.rulebook.schema import RuleBook
from services.rulebook.validation import Finding

_BOOL = "tag:yaml.org,2002:bool"


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """libyaml's reader where the wheel carries it. Examples keep YAML's dates and numbers; of its truths only `true` and
    `false`, for `on` is the day of an accident."""

    yaml_implicit_resolvers = {first: [(tag, pattern) for tag, pattern in found if tag != _BOOL]
                               for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()}


_Loader.add_implicit_resolver(_BOOL, re.compile("true|false"), list("tf"))


@dataclass(frozen=True, slots=True)
class Examples:
    """The questions of one file with their lines; `wrong`: why the file itself cannot be read."""

    file: str
    questions: tuple[tuple[int, Question], ...] = ()
    wrong: tuple[Finding, ...] = ()

    def findings(self, book: RuleBook) -> list[Finding]:
        """Each difference from the expectation, with the line of its case."""
        return [*self.wrong, *(Finding(self.file, line, asked.name, f"{asked.name}：{difference}")
                               for line, asked in self.questions for difference in asked.differences(book))]


def read_examples(path: Path, plan: str) -> Examples:
    """The examples of the rule-book file `path`, for the plan it says."""
    beside = path.with_suffix(".examples.yaml")
    if not beside.exists():
        return Examples(beside.name, wrong=(Finding(path.name, 1, "", f"缺少 {beside.name}：每份规则都要有算例"),))
    try:
        text = beside.read_text(encoding="utf-8")
        cases, node = yaml.load(text, _Loader), yaml.compose(text, _Loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        return _unreadable(beside.name, line, f"不是 YAML：{error.problem}")
    except (UnicodeDecodeError, yaml.YAMLError, ValueError):     # not text, or a date like 2026-02-30
        return _unreadable(beside.name, 1, "不是 UTF-8 的 YAML 文本，或有不存在的日期")
    if not isinstance(cases, list) or not isinstance(node, yaml.SequenceNode) or not cases:
        return _unreadable(beside.name, 1, "算例文件应是列表，至少一个算例")
    twice = tuple(Finding(beside.name, line, key, f"键“{key}”重复") for line, key in _twice(node))
    lines = (item.start_mark.line + 1 for item in node.value)
    return Examples(beside.name, tuple(zip(lines, (question(case, plan) for case in cases), strict=True)), twice)


def cases(path: Path) -> list[dict[str, object]]:
    """The worked cases of an examples file as they stand; none where there is no file."""
    found = yaml.load(path.read_text(encoding="utf-8"), _Loader) if path.exists() else []
    return [case for case in found if isinstance(case, dict)]


def _unreadable(file: str, line: int, message: str) -> Examples:
    return Examples(file, wrong=(Finding(file, line, "", message),))


def _twice(node: yaml.Node) -> list[tuple[int, str]]:
    """Keys that stand twice in one mapping: YAML would silently keep the last."""
    if isinstance(node, yaml.SequenceNode):
        return [found for item in node.value for found in _twice(item)]
    if not isinstance(node, yaml.MappingNode):
        return []
    seen: set[str] = set()
    found: list[tuple[int, str]] = []
    for key, value in node.value:
        if key.value in seen:
            found.append((key.start_mark.line + 1, str(key.value)))
        seen.add(key.value)
        found += _twice(value)
    return found
