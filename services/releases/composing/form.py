"""The form of a composed plan: every number and name that an office may set, by its place in the file; and what was filled in, applied."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from services.releases.composing.tree import OPTIONAL, Tree
from services.rulebook.loader import Raw
from services.rulebook.parts import LETTERS

Kind = Literal["text", "number", "day", "list", "area"]
MOST_TEXT = 400
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)", re.ASCII)
_STEPS = {"take": "金额", "less": "扣除", "times": "乘以", "cap": "最高", "manual": "核定上限", "slices": "分段"}
_SLICE = ("以内（元）", "比例", "本段最高（元）")
_NAMES = {
    "plan": "计划代码", "name": "计划名称", "from": "起施行日", "source": "依据（文件名称）", "dated_clause": "哪一天算数的条款",
    "years": "年数", "amount": "费用（元）", "high_risk": "高危工种费用（元）", "max": "每人最多份数", "age": "年龄（起..止）",
    "renewal_age": "续保年龄（起..止）", "clause": "条款", "share": "参加比例",
    "all_below": "少于多少人须全部参加", "all_up_to": "多少人以内须全部参加",
    "days": "天数", "cap": "金额（元）", "above": "超过多少元才到这一级", "allow": "收款银行代码",
    "icd10": "疾病编码（ICD-10）", "diseases": "疾病名称",
    "none": "不给付", "early": "慰问期", "full": "全额", "first": "首次", "later": "以后每次"}
# What a part of the base says besides numbers and words; another base, or a file, says otherwise.
_FIXED = frozenset(("origin", "read", "when", "of", "per", "on", "outcome", "unless", "relation", "sex", "healthy", "payers", "disease",
                    "plan", "renewal", "over", "times", "flag", "flag_when"))
SECTIONS = ("head", "joining", "waiting", "benefits", "limits", "lists", "papers", "chain", "clocks", "rest")
_PLACE = {"term": "joining", "fee": "joining", "shares": "joining", "eligible": "joining", "participation": "joining",
          "payer_ban": "joining", "waiting": "waiting", "bands": "waiting",
          "total": "limits", "requires": "limits", "once_per": "limits", "banks": "rest"}
TITLES: Mapping[str, str] = {
    "term": "保障期", "fee": "费用", "shares": "份数", "eligible": "参加对象", "participation": "参加人数",
    "payer_ban": "不得由谁出资", "waiting": "等待期", "bands": "分段观察期", "total": "各项合计上限", "requires": "须先参加",
    "once_per": "同一疾病只付一次", "banks": "收款银行"}


@dataclass(frozen=True, slots=True)
class Field:
    """One value of the file. `path` is its dotted place, papers and levels by their code: "papers.id_card.0.name"."""

    path: str
    label: str
    kind: Kind
    value: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Fields that belong together; `drop`: the place that may be left out, empty where it may not."""

    title: str
    place: str
    fields: tuple[Field, ...]
    drop: str = ""
    dropped: bool = False


def form(tree: Tree, said: Mapping[str, tuple[str, ...]], dropped: Collection[str] = ()) -> dict[str, list[Group]]:
    """The groups of each section. `said`: the steps of each benefit in words; `dropped`: places that were left out."""
    found: dict[str, list[Group]] = {name: [] for name in SECTIONS}
    found["head"].append(Group("", "head", tuple(
        Field(key, _NAMES[key], "day" if key == "from" else "text", str(tree.get(key, ""))) for key in ("plan", "name", "from", "source",
                                                                                                        "dated_clause") if key in tree)))
    for key, place in _PLACE.items():
        raw = tree.get(key)
        if isinstance(raw, dict):
            found[place].append(Group(TITLES[key], key, tuple(_plain(raw, key)), key if key in OPTIONAL else "", key in dropped))
    for code, raw in _items(tree, "benefits"):
        found["benefits"].append(Group(str(raw.get("name", code)), f"benefits.{code}", tuple(_benefit(code, raw, said.get(code, ())))))
    for name, raw in _items(tree, "lists"):
        found["lists"].append(Group(str(raw.get("name", name)), f"lists.{name}", tuple(_list(f"lists.{name}", raw))))
    for place, raw in rows(tree, "papers"):
        texts = tuple(_texts(place, raw, ("name", "clause")))
        found["papers"].append(Group(str(raw.get("name", "")), place, texts, place, place in dropped))
    for place, raw in rows(tree, "chain"):
        found["chain"].append(Group(str(raw.get("name", "")), place, tuple(_texts(place, raw, ("days", "above", "clause")))))
    for name, raw in _items(tree, "clocks"):
        found["clocks"].append(Group(name, f"clocks.{name}", tuple(_texts(f"clocks.{name}", raw, ("days", "years", "clause")))))
    return {name: groups for name, groups in found.items() if groups}


def filled(tree: Tree, values: Mapping[str, str], dropped: Collection[str], letters: Collection[str] | None = None) -> Tree:
    """The tree with what the form says. Only fields that the form has are taken; a place that may be left out goes."""
    made = _apart(tree)
    fields = {field.path: field for groups in form(tree, {}).values() for group in groups for field in group.fields}
    for path, text in values.items():
        if path in fields:
            _set(made, path, text.strip()[:MOST_TEXT], fields[path].kind)
    may = {*OPTIONAL, *(place for place, _ in rows(tree, "papers"))}
    gone = {id(_at(made, place)) for place in dropped if place in may and place not in OPTIONAL}
    papers = made.get("papers")
    if isinstance(papers, list):
        made["papers"] = [row for row in papers if id(row) not in gone]
    for key in set(dropped) & set(OPTIONAL):
        made.pop(key, None)
    if letters is not None:
        made["letters"] = [name for name in LETTERS if name in letters]
    return made


def _apart(tree: Tree) -> Tree:
    """A copy in which nothing is shared: a table that two benefits name is a field of each, and set for one it stays for the other."""
    found: Tree = json.loads(json.dumps(tree))
    return found


def not_numbers(tree: Tree, values: Mapping[str, str]) -> dict[str, str]:
    """What was filled in where a number must stand and is none, by field: as a word it would be read as a fact's name."""
    fields = {field.path for groups in form(tree, {}).values() for group in groups for field in group.fields if field.kind == "number"}
    return {path: f"“{text}”不是数：只写半角数字，如 100 或 0.20，不写单位和千分位" for path, text in values.items()
            if path in fields and not _NUMBER.fullmatch(text.strip())}


def borrowed(whole: Tree, values: Mapping[str, str]) -> list[str]:
    """The clauses of benefits that still name the document of the plan they were taken from, though the new plan has its own."""
    if values.get("source", whole.get("source")) == whole.get("source"):
        return []
    return [path for code, raw in _items(whole, "benefits")
            if values.get(path := f"benefits.{code}.clause", raw.get("clause")) == raw.get("clause")]


def field_of(whole: Tree, tree: Tree, key: str) -> str:
    """The field (or group) of the form that a finding's key means: the nearest that the form has, empty for none.

    `whole`: the tree that the form shows; `tree`: what was made of it, in which the finding counts papers and levels.
    """
    paths = {field.path for groups in form(whole, {}).values() for group in groups for field in group.fields}
    places = {group.place for groups in form(whole, {}).values() for group in groups}
    at = _named(tree, key.split("."))
    while at:
        path = ".".join(at)
        if path in paths or path in places:
            return path
        inside = sorted(one for one in paths if one.startswith(f"{path}."))
        if inside and len(at) > 1:
            return inside[0]
        at = at[:-1]
    return ""


def rows(tree: Tree, key: str) -> Iterator[tuple[str, Tree]]:
    """The rows of papers or of the chain with their places: "papers.id_card.0", "chain.unit.0"."""
    seen: dict[str, int] = {}
    raw = tree.get(key)
    for row in raw if isinstance(raw, list) else []:
        if isinstance(row, dict):
            code = str(row.get("kind" if key == "papers" else "level", ""))
            yield f"{key}.{code}.{seen.setdefault(code, 0)}", row
            seen[code] += 1


def _items(tree: Tree, key: str) -> Iterator[tuple[str, Tree]]:
    raw = tree.get(key)
    yield from ((name, row) for name, row in (raw.items() if isinstance(raw, dict) else ()) if isinstance(row, dict))


def _benefit(code: str, raw: Tree, said: tuple[str, ...]) -> Iterator[Field]:
    place = f"benefits.{code}"
    yield from _texts(place, raw, ("name", "clause"))
    steps = raw.get("steps")
    for index, step in enumerate(steps if isinstance(steps, list) else []):
        for key, value in step.items() if isinstance(step, dict) else ():
            if key in _STEPS:
                words = said[index] if index < len(said) else ""
                yield from (Field(f"{place}.steps.{index}.{path}", f"第{index + 1}步 {label}", "number", text, words)
                            for path, label, text in _numbers(value, key, _STEPS[key]))


def _numbers(raw: Raw, path: str, label: str) -> Iterator[tuple[str, str, str]]:
    """The numbers of a value with their places: alone, by case of a table, first and later, by slice."""
    if isinstance(raw, str):
        if _NUMBER.fullmatch(raw):
            yield path, label, raw
    elif isinstance(raw, dict):
        for key, value in raw.items():
            if key not in ("by", "clause", "origin", "read"):
                yield from _numbers(value, f"{path}.{key}", f"{label} {'其余' if key == 'else' else key}")
    elif path.endswith("slices"):
        for number, piece in enumerate(raw, 1):
            for place, cell in enumerate(piece if isinstance(piece, list) else []):
                yield from _numbers(cell, f"{path}.{number - 1}.{place}", f"第{number}段 {_SLICE[place]}")
    else:
        for place, cell in enumerate(raw):
            yield from _numbers(cell, f"{path}.{place}", f"{label} {'首次' if place == 0 else '以后每次'}")


def _plain(raw: Tree, place: str) -> Iterator[Field]:
    """The fields of a section that stands once."""
    for key, value in raw.items():
        if key in _FIXED:
            continue
        if key == "ranges" and isinstance(value, dict):
            yield from (Field(f"{place}.ranges.{name}", f"{_NAMES.get(name, name)}（第几天..第几天）", "text", str(span))
                        for name, span in value.items())
        elif key == "allow":
            yield Field(f"{place}.allow", _NAMES["allow"], "list", _joined(value))
        elif isinstance(value, dict):
            yield from (Field(f"{place}.{path}", label, "number", text) for path, label, text in _numbers(value, key, _NAMES.get(key, key)))
        elif key == "days":
            yield Field(f"{place}.days", "第几天..第几天", "text", str(value))
        else:
            yield Field(f"{place}.{key}", _NAMES.get(key, key), "text" if key in ("clause", "age", "renewal_age") else "number", str(value))


def _texts(place: str, raw: Tree, keys: tuple[str, ...]) -> Iterator[Field]:
    for key in keys:
        if key in raw:
            label = "名称" if key == "name" else _NAMES.get(key, key)
            yield Field(f"{place}.{key}", label, "number" if key in ("days", "above", "years") else "text", str(raw[key]))


def _list(place: str, raw: Tree) -> Iterator[Field]:
    yield from _texts(place, raw, ("name", "clause"))
    yield from (Field(f"{place}.{key}", _NAMES[key], "list", _joined(raw.get(key, []))) for key in ("icd10", "diseases"))


def _joined(raw: Raw) -> str:
    return "、".join(str(one) for one in raw) if isinstance(raw, list) else str(raw)


def _named(tree: Tree, at: list[str]) -> list[str]:
    """A finding's numbers of papers and levels as the form's codes."""
    if len(at) > 1 and at[0] in ("papers", "chain") and at[1].isdigit():
        places = [place for place, _ in rows(tree, at[0])]
        if int(at[1]) < len(places):
            return [*places[int(at[1])].split("."), *at[2:]]
    return at


def _at(tree: Tree, place: str) -> Raw | None:
    """What stands at a place."""
    head, _, _ = place.partition(".")
    if head in ("papers", "chain"):
        return next((row for known, row in rows(tree, head) if place == known), None)
    found: Raw | None = tree
    for part in place.split("."):
        if isinstance(found, dict):
            found = found.get(part)
        elif isinstance(found, list) and part.isdigit() and int(part) < len(found):
            found = found[int(part)]
        else:
            return None
    return found


def _set(tree: Tree, path: str, text: str, kind: Kind) -> None:
    place, _, key = path.rpartition(".")
    holder = _at(tree, place) if place else tree
    value: Raw = [one for one in re.split(r"[、，,;；\s]+", text) if one] if kind == "list" else text
    if isinstance(holder, list) and key.isdigit() and int(key) < len(holder):
        holder[int(key)] = value
    elif isinstance(holder, dict):
        if kind == "list" and not value:
            holder.pop(key, None)
        else:
            holder[key] = value
