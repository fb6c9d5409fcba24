"""The register of readings: where sources are ambiguous, how the rule-books read them, and what rests on each.

`register()` is the text an office discusses and confirms; `resting()` finds in the files themselves which key of which
version rests on a reading, by `read:` or by a comment that names the id.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal, NamedTuple

import yaml
from pydantic import Field, ValidationError, model_validator

from services.core.errors import ConfigError, NotFound
from services.rulebook import registry
from services.rulebook.loader import LOADER, Document, Raw
from services.rulebook.values import Frozen, nearest

FILE = Path(__file__).with_name("readings.yaml")
ID = re.compile(r"(?<![A-Za-z0-9-])A-\d{2}(?!\d)")
State = Literal["open", "confirmed"]


class Confirmation(Frozen):
    """Which office said so, when, and where it is written."""

    by: str = Field(min_length=1)
    on: date
    source: str = Field(min_length=1)


class Carrier(Frozen):
    """A place outside the rule-books that holds a reading: a file of the house and words that stand in it."""

    at: str
    says: str
    how: str


class Reading(Frozen):
    """One ambiguity. `confidence` none: no source decides, so the amount is a reviewer's."""

    where: str = Field(min_length=1)
    question: str = Field(min_length=1)
    reading: str = Field(min_length=1)
    why: str = Field(min_length=1)
    confidence: Literal["certain", "high", "medium-high", "medium", "low", "none"]
    state: State
    confirmed: Confirmation | None = None
    carried: tuple[Carrier, ...] = ()

    @model_validator(mode="after")
    def _confirmed_by_someone(self) -> Reading:
        if (self.state == "confirmed") != (self.confirmed is not None):
            raise ValueError("state 为 confirmed 时要写 confirmed: {by, on, source}，且只有此时写")
        return self


class Rest(NamedTuple):
    """One place in a rule-book file that rests on a reading; `key` is dotted, the key a comment stands at."""

    plan: str
    version: str
    key: str
    line: int


def parse(text: str) -> dict[str, Reading]:
    """The register from its YAML. ConfigError names the entry that is wrong."""
    rows = yaml.load(text, LOADER)
    found: dict[str, Reading] = {}
    for name, row in rows.items():
        if not ID.fullmatch(name):
            raise ConfigError("reading_invalid", f"解读编号“{name}”不对", remedy="写成 A-01 这样的编号", field=name)
        try:
            found[name] = Reading.model_validate({**row, "carried": tuple(row.get("carried", ()))})
        except ValidationError as error:
            first = error.errors()[0]
            at = ".".join(str(part) for part in first["loc"])
            raise ConfigError("reading_invalid", f"解读 {name} 的 {at or '内容'} 不对：{first['msg']}",
                              remedy=f"改正 {FILE.name}", field=name) from error
    return found


@cache
def register() -> Mapping[str, Reading]:
    """Every reading by id; read-only."""
    return MappingProxyType(parse(FILE.read_text(encoding="utf-8")))


def reading(name: str) -> Reading:
    """One reading. NotFound names the nearest id."""
    found = register().get(name)
    if found is None:
        raise NotFound("unknown_reading", f"没有解读“{name}”", field="reading",
                       remedy=f"最接近的是 {nearest(name, list(register()))}")
    return found


def resting(documents: Iterable[Document] | None = None) -> dict[str, list[Rest]]:
    """Every place that rests on a reading, by id, from every wording or from `documents`."""
    found: dict[str, list[Rest]] = {}
    for document in registry.documents() if documents is None else documents:
        plan, version = str(document.tree.get("plan", "")), str(document.tree.get("from", ""))
        for name, key, line in sorted({*_read(document), *_commented(document)}, key=lambda rest: rest[2]):
            found.setdefault(name, []).append(Rest(plan, version, key, line))
    return dict(sorted(found.items()))


def _read(document: Document) -> list[tuple[str, str, int]]:
    """What the `read:` keys name; the place is the key they stand under."""
    found: list[tuple[str, str, int]] = []

    def walk(raw: Raw, at: tuple[str, ...]) -> None:
        pairs = raw.items() if isinstance(raw, dict) else enumerate(raw) if isinstance(raw, list) else ()
        for key, value in pairs:
            if key == "read":
                names = [value] if isinstance(value, str) else value
                found.extend((str(name), ".".join(at), document.lines[(*at, "read")]) for name in names)
            else:
                walk(value, (*at, str(key)))

    walk(document.tree, ())
    return found


def _commented(document: Document) -> list[tuple[str, str, int]]:
    """What comments name; the place is the key of that line, or the first key below the comment."""
    keys: dict[int, str] = {}
    for at, line in document.lines.items():
        if at and not at[-1].isdigit():
            keys.setdefault(line, ".".join(at))
    found = []
    for number, text in enumerate(document.text.splitlines(), 1):
        comment = re.search(r"(?:^|\s)#(.*)", text)
        for name in ID.findall(comment.group(1)) if comment else ():
            below = min((line for line in keys if line >= number), default=0)
            found.append((name, keys.get(below, ""), number))
    return found
