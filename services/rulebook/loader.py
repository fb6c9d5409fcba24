"""From a file to a RuleBook: text scalars, line numbers kept, errors that say file, line, expected and nearest word."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import ValidationError

from services.core.errors import InputError
from services.rulebook.schema import RuleBook
from services.rulebook.validation import Finding, findings_of

# libyaml's reader where the wheel carries it: ten times faster, the same tree.
LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
DEEPEST = 24        # levels; the program's own files have seven
Raw = str | list["Raw"] | dict[str, "Raw"]


class RuleBookError(InputError):
    """The file is no rule-book; `findings` says everything that is wrong with it."""

    def __init__(self, findings: list[Finding]) -> None:
        first = findings[0]
        super().__init__("rulebook_invalid", first.message, remedy=f"改正 {first.file} 第{first.line}行",
                         field=first.key or None)
        self.findings = findings


@dataclass(frozen=True, slots=True)
class Document:
    """The file as text tree, the line of every key, and the digest of its bytes. `path` names it; a released one lies nowhere."""

    path: Path
    tree: dict[str, Raw]
    lines: dict[tuple[str, ...], int]
    digest: str
    text: str = ""


def read_document(path: Path) -> Document:
    """Parse the YAML; a duplicate key or broken syntax is a RuleBookError."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RuleBookError([Finding(path.name, 1, "", f"读不到文件 {path}")]) from error
    return document_of(path, data)


def document_of(path: Path, data: bytes) -> Document:
    """The same of bytes that `path` only names."""
    lines: dict[tuple[str, ...], int] = {(): 1}
    try:
        text = data.decode("utf-8")
        _require_plain(text, path.name)
        node = yaml.compose(text, LOADER)
    except yaml.MarkedYAMLError as error:
        raise RuleBookError([Finding(path.name, *not_yaml(error, data.decode("utf-8")))]) from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise RuleBookError([Finding(path.name, 1, "", "不是 UTF-8 的 YAML 文本")]) from error
    if not isinstance(node, yaml.MappingNode):
        raise RuleBookError([Finding(path.name, 1, "", "文件应是“键: 值”的映射")])
    tree = _build(node, (), lines, path.name)
    assert isinstance(tree, dict)
    return Document(path, tree, lines, hashlib.sha256(data).hexdigest(), text)


def _require_plain(text: str, name: str) -> None:
    """No references and no endless nesting, before a tree is made: a short file of either takes all memory, or the process."""
    depth = 0
    for event in yaml.parse(text, LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        said = ""
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            said = "不能用 YAML 的引用（& 和 *）：内容写全，以它们开头的文字加引号"
        elif depth > DEEPEST:
            said = f"括号或缩进超过 {DEEPEST} 层，规则文件用不到"
        if said:
            raise RuleBookError([Finding(name, event.start_mark.line + 1 if event.start_mark else 1, "", said)])


# What libyaml's and PyYAML's own words mean to whoever wrote the line.
_PROBLEMS = (
    ("could not find expected ':'", "这一行少了半角冒号和空格（键: 值）"),
    ("mapping values are not allowed", "这里不能有冒号：一行只写一个“键: 值”，文字里有冒号的加引号，缩进要一致"),
    ("cannot start any token", "这里有 YAML 不认识的字符"),
    ("did not find expected ',' or '", "括号里少了半角逗号，或括号没有合上"),
    ("expected ',' or '", "括号里少了半角逗号，或括号没有合上"),
    ("did not find expected key", "缩进不一致，或括号、引号没有合上"),
    ("expected <block end>", "缩进不一致，或括号、引号没有合上"),
    ("did not find expected '-' indicator", "列表的各项缩进不一致"),
    ("did not find expected node content", "括号没有合上，或值的写法不对"),
    ("expected the node content", "括号没有合上，或值的写法不对"),
    ("unexpected end of stream", "引号或括号没有合上"),
    ("alphabetic or numeric character", "以 * 或 & 开头的文字要加引号"),
)
_WIDE = re.compile(r"[\w\]})\"']\s*[：，]\s*[\w\[{\"']", re.ASCII)


def not_yaml(error: yaml.MarkedYAMLError, text: str) -> tuple[int, str, str]:
    """Line, empty key and message of broken syntax: what the line probably lacks, tabs and full-width marks named."""
    mark = error.context_mark if error.context_mark and "expected ':'" in str(error.problem) else error.problem_mark
    number = mark.line + 1 if mark else 1
    rows = text.splitlines()
    near = [(at, rows[at - 1]) for at in (number, number - 1) if 1 <= at <= len(rows)]
    said = next((words for word, words in _PROBLEMS if word in str(error.problem)), "写法不对")
    for at, row in near:
        if re.match(r" *\t", row) or "\\t" in str(error.problem):
            return at, "", "不是 YAML：缩进用了制表符（Tab），改为空格"
        if _WIDE.search(row) or re.search("[【】｛｝［］]", row) or re.match(r"[\s-]*[a-z_.]+：", row):
            return at, "", f"不是 YAML：{said}；本行用了全角标点，结构里的冒号、逗号、括号要用半角"
    return number, "", f"不是 YAML：{said}"


def _build(node: yaml.Node, at: tuple[str, ...], lines: dict[tuple[str, ...], int], name: str) -> Raw:
    lines.setdefault(at, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        tree: dict[str, Raw] = {}
        for key, value in node.value:
            word = str(key.value)
            line = key.start_mark.line + 1
            if word in tree:
                raise RuleBookError([Finding(name, line, ".".join((*at, word)), f"键“{word}”重复")])
            lines[(*at, word)] = line
            tree[word] = _build(value, (*at, word), lines, name)
        return tree
    if isinstance(node, yaml.SequenceNode):
        return [_build(item, (*at, str(index)), lines, name) for index, item in enumerate(node.value)]
    return str(node.value)


def validate(document: Document) -> RuleBook:
    """The document as a RuleBook, or a RuleBookError with every finding."""
    tree = expanded(document)
    try:
        return RuleBook.model_validate({**tree, "digest": document.digest})
    except ValidationError as error:
        raise RuleBookError(findings_of(error, document.path.name, document.lines)) from error


def load(path: Path) -> RuleBook:
    """Read and check one rule-book file; RuleBookError (exit 2) names file, line and key."""
    return validate(read_document(Path(path)))


def expanded(document: Document) -> dict[str, Raw]:
    """Put named tables in their places, fill `like`, drop `tables`."""
    tree = dict(document.tree)
    tables = tree.pop("tables", {})
    if not isinstance(tables, dict):
        raise RuleBookError([Finding(document.path.name, document.lines.get(("tables",), 1), "tables", "应是表的映射")])
    benefits = tree.get("benefits")
    if isinstance(benefits, dict):
        tree["benefits"] = {name: _like(name, benefits, document) for name in benefits}
    return {key: _with_tables(value, tables) for key, value in tree.items()}


def _like(name: str, benefits: dict[str, Raw], document: Document) -> Raw:
    own = benefits[name]
    if not isinstance(own, dict) or "like" not in own:
        return own
    model = benefits.get(str(own["like"]))
    if not isinstance(model, dict) or "like" in model:
        line = document.lines.get(("benefits", name, "like"), 1)
        raise RuleBookError([Finding(document.path.name, line, f"benefits.{name}.like",
                                     f"like 要指一项自己写全的待遇，不能是“{own['like']}”")])
    return {**model, **{key: value for key, value in own.items() if key != "like"}}


# Where a value may stand, and so where a table's name may.
_VALUE_KEYS = {"take", "less", "times", "cap", "manual", "amount"}


def _with_tables(raw: Raw, tables: dict[str, Raw]) -> Raw:
    if isinstance(raw, list):
        return [_with_tables(item, tables) for item in raw]
    if isinstance(raw, dict):
        return {key: tables[value] if key in _VALUE_KEYS and isinstance(value, str) and value in tables
                else _with_tables(value, tables) for key, value in raw.items()}
    return raw
