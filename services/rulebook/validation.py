"""Pydantic's errors in the words of whoever writes a rule-book or a computation."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from services.rulebook import joining, parts, steps, values
from services.rulebook.schema import RuleBook
from services.rulebook.values import Frozen, nearest


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
    near = nearest(at[-1], known_words(top=len(at) == 1)) if unknown else ""
    key = ".".join(at if detail["type"] in ("missing", "extra_forbidden") else known)
    said = explained(detail)
    message = said if said.startswith(key) else f"{key or file}：{said}"
    return Finding(file, lines[known], key, message + (f"，最接近的是 {near}" if near else ""))


def explained(detail: ErrorDetails) -> str:
    """What is wrong and what is expected, in Chinese."""
    kind, context = detail["type"], detail.get("ctx", {})
    given = detail.get("input")
    if kind == "missing":
        return "缺少这个键"
    if kind == "extra_forbidden":
        return "不认识的键"
    if kind == "literal_error":
        return f"“{given}”不对，应为 {str(context.get('expected')).replace(' or ', ' 或 ')}"
    if kind == "value_error":
        return str(context.get("error"))
    expected = {"int": "整数", "bool": "true 或 false", "date": "YYYY-MM-DD 日期", "decimal": "数", "string": "文字",
                "model": "映射", "dict": "映射", "tuple": "列表"}
    for word, meaning in expected.items():
        if kind.startswith(word):
            return f"“{given}”不对，应为{meaning}" + (f"（{context['pattern']}）" if "pattern" in context else "")
    return detail["msg"]
