"""`plans check`: everything that can be wrong with a rule-book file before anybody relies on it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

import yaml

from services import rulebook
from services.core.errors import HuzhuError
from services.engine import one
from services.engine.conditions import expand
from services.rulebook import registry
from services.rulebook.bundle import combine
from services.rulebook.loader import Document, RuleBookError, read_document, validate
from services.rulebook.results import Result
from services.rulebook.schema import RuleBook
from services.rulebook.validation import Finding
from services.rulebook.values import nearest
from services.rulebook.vocabulary import parse

EXPECTATIONS = ("outcome", "total", "refund", "receivable", "lines", "nothing", "flags", "error")

RULEBOOK = Path(rulebook.__file__).parent


def check(path: Path) -> list[Finding]:
    """Findings of one file, empty when it is sound: schema, budgets against the promise, versions, exclusions, examples."""
    try:
        document = read_document(Path(path))
        book = validate(document)
        whole = combine(book, lambda plan: registry.resolve(plan, book.from_))
    except RuleBookError as error:
        return error.findings
    except HuzhuError as error:
        return [Finding(Path(path).name, 1, error.field or "", error.message)]
    return [*_budgets(document, book), *_versions(document, book), *_exclusions(document, book),
            *_examples(document, whole)]


def _at(document: Document, *key: str) -> tuple[str, int, str]:
    return document.path.name, document.lines.get(key, 1), ".".join(key)


def _budgets(document: Document, book: RuleBook) -> list[Finding]:
    """On the office route all working budgets together must fit the promised days of payment."""
    promise = book.clocks.get("pay")
    if promise is None:
        return [Finding(*_at(document, "clocks"), "clocks：缺少 pay（给付期限）")]
    if book.route != "office":
        return []
    named = {name: book.clocks[name].days for name in ("verification", "finance", "bank") if name in book.clocks}
    levels = sum(level.days for level in book.chain if level.act != "informed")
    spent = sum(named.values()) + levels
    if spent <= promise.days:
        return []
    parts = "、".join([*(f"{name} {days}" for name, days in named.items()), f"各级审核 {levels}"])
    return [Finding(*_at(document, "clocks", "pay"),
                    f"clocks.pay：各环节时限合计 {spent} 个工作日（{parts}），超过承诺的 {promise.days} 个工作日")]


def _versions(document: Document, book: RuleBook) -> list[Finding]:
    """Two files of one plan may not start on the same day; the file is named after its first day."""
    found = []
    if document.path.stem != book.version:
        found.append(Finding(*_at(document, "from"), f"from：文件名是 {document.path.stem}，内容自 {book.version} 起"))
    for other in sorted(document.path.parent.glob("*.yaml")):
        if other.name.endswith(".examples.yaml") or other == document.path:
            continue
        tree = yaml.load(other.read_text(encoding="utf-8"), yaml.BaseLoader)
        if isinstance(tree, dict) and (tree.get("plan"), tree.get("from")) == (book.plan, book.version):
            found.append(Finding(*_at(document, "from"), f"from：与 {other.name} 同日起施行，版本重叠"))
    return found


@cache
def exclusion_texts() -> dict[str, str]:
    """Every known exclusion by id, with its words."""
    text = (RULEBOOK / "tables" / "exclusions.yaml").read_text(encoding="utf-8")
    return {name: row["text"] for name, row in yaml.load(text, yaml.BaseLoader).items()}


def _exclusions(document: Document, book: RuleBook) -> list[Finding]:
    named = [*book.exclusions, *(name for benefit in book.benefits.values() for name in benefit.exclusions)]
    unknown = [name for name in expand(tuple(named)) if name not in exclusion_texts()]
    return [Finding(*_at(document, "exclusions"), f"exclusions：没有“{name}”，最接近的是 "
                    f"{nearest(name, exclusion_texts())}") for name in unknown]


def _examples(document: Document, book: RuleBook) -> list[Finding]:
    """Run the worked cases beside the file; each difference is a finding with the case's line."""
    path = document.path.with_suffix(".examples.yaml")
    if not path.exists():
        return [Finding(*_at(document), f"缺少 {path.name}：每份规则都要有算例")]
    text = path.read_text(encoding="utf-8")
    cases, node = yaml.safe_load(text), yaml.compose(text, yaml.SafeLoader)
    if not isinstance(cases, list) or not isinstance(node, yaml.SequenceNode):
        return [Finding(path.name, 1, "", "算例文件应是列表")]
    lines = [item.start_mark.line + 1 for item in node.value]
    return [Finding(path.name, line, str(case.get("case", "")), f"{case.get('case', '（无名算例）')}：{difference}")
            for line, case in zip(lines, cases, strict=True) for difference in differences(book, case)]


def differences(book: RuleBook, case: dict[str, object]) -> list[str]:
    """How one worked case differs from what the engine gives; the expectation comes from the source document."""
    expected = case.get("expect")
    given = case.get("input")
    if not isinstance(expected, dict) or not isinstance(given, dict):
        return ["要有 input 和 expect"]
    unknown = [f"expect.{key} 不认识，最接近的是 {nearest(key, EXPECTATIONS)}" for key in expected
               if key not in EXPECTATIONS]
    due = case.get("report_due")
    try:
        result = one.compute(book, parse({"plan": book.plan, **given}),
                             report_due=due if isinstance(due, date) else None)
    except HuzhuError as error:
        wanted = expected.get("error")
        return unknown if wanted == error.field else [*unknown, f"{error.message}"]
    actual = _shown(result)
    return unknown + [f"{key} 应为 {_plain(expected[key])}，算得 {actual.get(key)}" for key in EXPECTATIONS
                      if key in expected and _plain(expected[key]) != actual.get(key)]


def _shown(result: Result) -> dict[str, object]:
    return {"outcome": result.outcome, "total": f"{result.total:.2f}", "refund": f"{result.refund:.2f}",
            "receivable": f"{result.receivable:.2f}", "flags": sorted(result.flags),
            "lines": {line.benefit: f"{line.amount:.2f}" for line in result.lines},
            "nothing": {item.benefit: item.reason for item in result.nothing}}


def _plain(value: object) -> object:
    if isinstance(value, list):
        return sorted(str(item) for item in value)
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return f"{Decimal(value):.2f}" if isinstance(value, int) else str(value)
