"""Our regular expressions before strings made to hurt them: each repeated part a few thousand times, then a sign that never fits.

Read from the sources where they are written into a call; those that a table or a YAML file holds are not tried.
"""

from __future__ import annotations

import ast
import importlib
import re
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from services.evidence.recognition.lines import Box, Line

sre, parser = importlib.import_module("re._constants"), importlib.import_module("re._parser")     # no part of re's public face
ROOT = Path(__file__).resolve().parents[2]
HOUSES = ("services", "documents", "statemachines", "flows")
CALLS = {"compile", "match", "fullmatch", "search", "sub", "split", "findall", "finditer"}
LENGTH = 4000               # signs; most texts that come in are shorter by their shape
SECONDS = 0.5               # of this process's own time, for one string
# What bounds the strings before these expressions see them.
BOUNDS: dict[str, Callable[[str], str]] = {"services/evidence/recognition/": lambda text: Line(text, 1.0, Box(0, 0, 1, 1)).text}
_REPEATS = {sre.MAX_REPEAT, sre.MIN_REPEAT}
_CATEGORIES = {sre.CATEGORY_DIGIT: "1", sre.CATEGORY_NOT_DIGIT: "a", sre.CATEGORY_SPACE: " ", sre.CATEGORY_NOT_SPACE: "a",
               sre.CATEGORY_WORD: "a", sre.CATEGORY_NOT_WORD: "-"}


@dataclass(frozen=True, slots=True)
class Pattern:
    """One expression and where it stands."""

    place: str
    text: str | bytes


@dataclass(frozen=True, slots=True)
class Slow:
    """An expression that took too long over a string."""

    pattern: Pattern
    string: str
    seconds: float


class _TooLong(Exception):
    pass


def ours(root: Path = ROOT) -> list[Pattern]:
    """Every expression written in the product, each text once."""
    found: dict[str | bytes, Pattern] = {}
    for house in HOUSES:
        for path in sorted((root / house).rglob("*.py")):
            for line, text in _written(ast.parse(path.read_text())):
                found.setdefault(text, Pattern(f"{path.relative_to(root)}:{line}", text))
    return list(found.values())


def _written(tree: ast.AST) -> Iterator[tuple[int, str | bytes]]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        given = [word.value for word in node.keywords if word.arg == "pattern"]
        if isinstance(node.func, ast.Attribute) and node.func.attr in CALLS and isinstance(node.func.value, ast.Name):
            given += node.args[:1] if node.func.value.id == "re" else []
        for value in given:
            if isinstance(value, ast.Constant) and isinstance(value.value, str | bytes):
                yield node.lineno, value.value


def slow(patterns: list[Pattern], *, length: int = LENGTH, seconds: float = SECONDS) -> list[Slow]:
    """Those that take longer than `seconds` over one of their strings."""
    found = []
    for pattern in patterns:
        text = pattern.text if isinstance(pattern.text, str) else pattern.text.decode("latin-1")
        for string in dict.fromkeys(strings(text, length)):
            for house, bound in BOUNDS.items():
                string = bound(string) if pattern.place.startswith(house) else string
            taken = _taken(pattern, string, seconds)
            if taken > seconds:
                found.append(Slow(pattern, f"{string[:30]!r}… ({len(string)})", taken))
                break
    return found


def strings(text: str, length: int) -> Iterator[str]:
    """A string for each unbounded repetition in an expression."""
    yield from _grown(parser.parse(text), "", length)
    yield "a" * length
    yield " " * length + "a"


def _taken(pattern: Pattern, string: str, seconds: float) -> float:
    expression = re.compile(pattern.text)
    subject: Any = string if isinstance(pattern.text, str) else string.encode("utf-8")

    def ring(_number: int, _frame: FrameType | None) -> None:
        raise _TooLong

    kept = signal.signal(signal.SIGVTALRM, ring)
    signal.setitimer(signal.ITIMER_VIRTUAL, 4 * seconds)
    began = time.process_time()
    try:
        expression.fullmatch(subject)
        expression.search(subject)
    except _TooLong:
        pass
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, kept)
    return time.process_time() - began


def _grown(parsed: Any, before: str, length: int) -> Iterator[str]:
    for operation, given in parsed:
        if operation in _REPEATS:
            _, most, inner = given
            one = _sample(inner) or "a"
            if most > length // 10:
                yield before + one * (length // len(one)) + "\x00"
                yield before + (one + _other(one)) * (length // (2 * len(one))) + "\x00"
            yield from _grown(inner, before, length)
        elif operation is sre.SUBPATTERN:
            yield from _grown(given[-1], before, length)
        elif operation is sre.BRANCH:
            for way in given[1]:
                yield from _grown(way, before, length)
        before += _sample([(operation, given)])


def _other(one: str) -> str:
    return "b" * len(one) if one != "b" * len(one) else "a" * len(one)


def _sample(parsed: Any) -> str:
    """The shortest text that fits, near enough."""
    text = ""
    for operation, given in parsed:
        if operation is sre.LITERAL:
            text += chr(given)
        elif operation is sre.NOT_LITERAL:
            text += "a" if given != ord("a") else "b"
        elif operation is sre.ANY:
            text += "a"
        elif operation is sre.IN:
            text += _one_of(given)
        elif operation in _REPEATS:
            text += _sample(given[2]) * given[0]
        elif operation is sre.SUBPATTERN:
            text += _sample(given[-1])
        elif operation is sre.BRANCH:
            text += _sample(given[1][0])
    return text


def _one_of(given: Any) -> str:
    if given[0][0] is sre.NEGATE:
        return next(sign for sign in "a1 -\n" if not re.fullmatch(_class(given[1:]), sign))
    kind, value = given[0]
    if kind is sre.LITERAL:
        return chr(value)
    return chr(value[0]) if kind is sre.RANGE else _CATEGORIES[value]


def _class(given: Any) -> str:
    parts = []
    for kind, value in given:
        if kind is sre.LITERAL:
            parts.append(re.escape(chr(value)))
        elif kind is sre.RANGE:
            parts.append(f"{re.escape(chr(value[0]))}-{re.escape(chr(value[1]))}")
        else:
            parts.append({"1": r"\d", " ": r"\s", "a": r"\w", "-": r"\W"}[_CATEGORIES[value]])
    return f"[{''.join(parts)}]"
