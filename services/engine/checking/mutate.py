"""`plans check --mutate`: shift each number of a file by one unit in its last place and see whether an example notices.

A number that may change without any example saying so is a number nobody has checked. One shift at a time, up and
down. A mutant that no longer loads, or that contradicts itself, is noticed too, and counted apart as `refused`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Literal

from services.engine.checking.check import joined
from services.engine.checking.contradictions import contradictions
from services.engine.checking.examples import Examples, read_examples
from services.rulebook.facts import FACTS, full_name
from services.rulebook.loader import Document, Raw, RuleBookError, read_document, validate
from services.rulebook.schema import RuleBook

Key = tuple[str, ...]

# What looks like a number and is a code, a name, a date or a text.
_TEXTS = frozenset({
    "plan", "name", "office", "office_name", "insurer", "from", "source", "clause", "dated_clause", "read", "origin", "icd10",
    "behaviour", "diseases", "kind", "kinds", "level", "role", "start", "letters", "allow", "exclusions", "bundle", "proves",
    "by", "ends", "with", "code", "like", "flag", "scale"})
_NAMED = (("tables",), ("benefits",), ("lists",), ("clocks",), ("bands", "ranges"))
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_RANGE = re.compile(r"(\d*)\.\.(\d*)")


@dataclass(frozen=True, slots=True)
class Shift:
    """One number of a file and what it becomes; `key` dotted, `line` counts from 1."""

    file: str
    line: int
    key: str
    old: str
    new: str

    def as_dict(self) -> dict[str, object]:
        """For `--json`."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Mutated:
    """All mutants of one file: `refused` by the file's own check only, `survivors` noticed by nothing."""

    file: str
    plan: str
    version: str
    mutants: int
    refused: int
    survivors: tuple[Shift, ...]


def mutate(path: Path) -> Mutated:
    """Try every shift of one sound file. RuleBookError when the file itself does not load."""
    path = Path(path)
    document = read_document(path)
    book = validate(document)
    trial = _Trial(document, book, read_examples(path, book.plan))
    tried = [(shift, trial.noticed(shift[0], shift[2])) for shift in sites(document)]
    survivors = tuple(_said(document, *shift) for shift, by in tried if by is None)
    return Mutated(f"{path.parent.name}/{path.name}", book.plan, book.version, len(tried),
                   sum(by == "file" for _, by in tried), survivors)


def _said(document: Document, key: Key, old: str, new: str) -> Shift:
    return Shift(document.path.name, document.lines[key], ".".join(key), old, new)


def sites(document: Document) -> Iterator[tuple[Key, str, str]]:
    """Every number of the file with each text it is shifted to: (key, old, new)."""
    for key, text in _scalars(document.tree, ()):
        yield from ((key, text, new) for new in shifted(text))


def _scalars(raw: Raw, at: Key) -> Iterator[tuple[Key, str]]:
    if isinstance(raw, dict):
        for name, value in raw.items():
            if _may_hold_numbers(at, name):
                yield from _scalars(value, (*at, name))
    elif isinstance(raw, list):
        for index, item in enumerate(raw):
            yield from _scalars(item, (*at, str(index)))
    else:
        yield at, raw


def _may_hold_numbers(at: Key, name: str) -> bool:
    """Below names the author gave everything may; a condition only on a fact that counts; else what is no text."""
    if at in _NAMED:
        return True
    if at[-1:] in (("when",), ("flag_when",)):
        spec = FACTS.get(full_name(name))
        return spec is not None and spec.type not in ("text", "bool", "date")
    return name not in _TEXTS


def shifted(text: str) -> list[str]:
    """A number one unit of its last place up and down; a range with each of its bounds moved; else nothing."""
    if _NUMBER.fullmatch(text):
        number = Decimal(text)
        unit = Decimal(1).scaleb(int(number.as_tuple().exponent))
        return [f"{number + unit:f}", f"{number - unit:f}"]
    found = _RANGE.fullmatch(text)
    if not found:
        return []
    low, high = found.groups()
    return [*(f"{new}..{high}" for new in _whole(low)), *(f"{low}..{new}" for new in _whole(high))]


def _whole(text: str) -> list[str]:
    if not text:
        return []
    return [str(int(text) + 1), *([str(int(text) - 1)] if int(text) else [])]


class _Trial:
    """A file, its examples, and what they say of the book as it stands: only a change of that is a notice."""

    def __init__(self, document: Document, book: RuleBook, examples: Examples) -> None:
        self._document = document
        self._questions = [asked for _, asked in examples.questions]
        whole = joined(book)
        self._stands = {id(asked): asked.differences(whole) for asked in self._questions}
        self._contradicts = contradictions(document, book)

    def noticed(self, key: Key, new: str) -> Literal["example", "file"] | None:
        """What shows the shift of the number at `key` to `new`: an example, only the file's own check, or nothing."""
        old = _replace(self._document.tree, key, new)
        try:
            book = validate(self._document)
            if self._differs(joined(book)):
                return "example"
            return "file" if contradictions(self._document, book) != self._contradicts else None
        except RuleBookError:
            return "file"
        finally:
            _replace(self._document.tree, key, old)

    def _differs(self, whole: RuleBook) -> bool:
        for place, asked in enumerate(self._questions):
            if self._stands[id(asked)] != asked.differences(whole):
                # Neighbouring numbers are mostly noticed by the same example: ask it first.
                self._questions.insert(0, self._questions.pop(place))
                return True
        return False


def _replace(tree: Raw, key: Key, new: str) -> str:
    """Put `new` where `key` stands; returns what stood there."""
    *above, last = key
    for name in above:
        tree = tree[int(name)] if isinstance(tree, list) else tree[name]  # type: ignore[index]
    if isinstance(tree, list):
        old, tree[int(last)] = tree[int(last)], new
    else:
        assert isinstance(tree, dict)
        old, tree[last] = tree[last], new
    assert isinstance(old, str)
    return old
