"""Pydantic's errors in the words of whoever writes a rule-book or a computation."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from services.rulebook import joining, parts, steps, values
from services.rulebook.schema import RuleBook
from services.rulebook.values import Frozen, nearest, punctuation, written


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong with a rule-book file; `key` is dotted, `line` counts from 1."""

    file: str
    line: int
    key: str
    message: str

    def as_dict(self) -> dict[str, object]:
        """For `--json`."""
        return asdict(self)


def _names(model: type[Frozen]) -> set[str]:
    return {field.alias or name.rstrip("_") for name, field in model.model_fields.items()}


def _known_keys() -> set[str]:
    models = [kind for module in (joining, parts, steps, values) for kind in vars(module).values()
              if isinstance(kind, type) and issubclass(kind, Frozen)]
    return set().union(*(_names(model) for model in models))


def known_words(top: bool) -> list[str]:
    """Every key the language knows, at the top level or further in."""
    words = _names(RuleBook) - {"digest"} if top else _known_keys() | {"like", "with"}
    return sorted(words | ({"tables"} if top else set()))


def findings_of(error: ValidationError, file: str, lines: dict[tuple[str, ...], int]) -> list[Finding]:
    """One finding per error, with the line of the nearest key that stands in the file."""
    return [_finding(detail, file, lines) for detail in error.errors()]


def _finding(detail: ErrorDetails, file: str, lines: dict[tuple[str, ...], int]) -> Finding:
    at = tuple(str(part) for part in detail["loc"])
    if not at and detail["type"] == "value_error" and "：" in explained(detail):
        at = tuple(explained(detail).partition("：")[0].split("."))  # the schema's own checks name their key first
    known = at
    while known not in lines:
        known = known[:-1]
    unknown = detail["type"] == "extra_forbidden"
    word = at[-1] if unknown else ""
    near = nearest(word, known_words(top=len(at) == 1)) if unknown and not _odd(word) else ""
    key = ".".join(at if detail["type"] in ("missing", "extra_forbidden") else known)
    said = explained(detail) + (f"，{_odd(word)}" if unknown and _odd(word) else "")
    message = said if said.startswith(key) else f"{key or file}：{said}"
    return Finding(file, lines[known], key, message + (f"，最接近的是 {near}" if near else ""))


def _odd(word: str) -> str:
    """What is wrong with the writing of a word that should be a key."""
    return "数里不写千分位的逗号" if re.fullmatch(r"\d{3}(\.\d+)?", word) else punctuation(word)


def explained(detail: ErrorDetails) -> str:
    """What is wrong and what is expected, in Chinese."""
    kind, context = detail["type"], detail.get("ctx", {})
    given = "" if detail.get("input") is None else written(detail.get("input"))
    said = f"“{given}”不对" if given else "没有值"
    if kind == "missing":
        return "缺少这个键"
    if kind == "extra_forbidden":
        return "不认识的键"
    if kind == "value_error":
        return str(context.get("error"))
    if kind == "literal_error":
        words = re.findall(r"'([^']*)'", str(context.get("expected"))) or [str(context.get("expected"))]
        if given in words:
            return f"{said}，要写成文字 \"{given}\""
        return f"{said}，应为 {_choices(words, given)}"
    for limit, meant in _LIMITS.items():
        if limit in context:
            return f"{said}，{meant} {context[limit]}"
    for word, meaning in _EXPECTED.items():
        if kind.startswith(word):
            return f"{said}，应为{meaning}" + (f"（{context['pattern']}）" if "pattern" in context else "")
    return said


# The bounds pydantic names in an error's context, and the types in its code.
_LIMITS = {"ge": "不能小于", "gt": "要大于", "le": "不能大于", "lt": "要小于", "min_length": "至少要有几项：",
           "max_length": "最多能有几项："}
_EXPECTED = {"int": "整数", "bool": "true 或 false", "date": "YYYY-MM-DD 日期", "decimal": "数", "string": "文字",
             "model": "映射", "dict": "映射", "tuple": "列表", "list": "列表"}


def _choices(words: list[str], given: str) -> str:
    """`a、b 或 c`, and the nearest of them."""
    near = nearest(given, words) if len(words) > 2 else ""
    listed = " 或 ".join(["、".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)
    return listed + (f"，最接近的是 {near}" if near else "")
