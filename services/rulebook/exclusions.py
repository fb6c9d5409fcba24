"""Exclusions as questions: what a reviewer answers, in the office's words, with the clause that asks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

import yaml

from services.core.errors import NotFound
from services.rulebook.loader import LOADER
from services.rulebook.parts import Question
from services.rulebook.schema import RuleBook
from services.rulebook.values import nearest

_FILE = Path(__file__).parent / "tables" / "exclusions.yaml"


@cache
def shared() -> Mapping[str, Question]:
    """The exclusions that several plans share, by id (`XJ-A09`); read-only."""
    rows = yaml.load(_FILE.read_text(encoding="utf-8"), LOADER)
    return MappingProxyType({name: Question(**row) for name, row in rows.items()})


def questions(book: RuleBook) -> Mapping[str, Question]:
    """Every exclusion this plan may name: the shared ones and those its own file words (`questions`)."""
    return {**shared(), **book.questions}


def clause_of(book: RuleBook, clause: str) -> str:
    """The clause that people can look up: for an exclusion's id, by which a computation names what closed a benefit, the published one."""
    found = questions(book).get(clause)
    return found.clause if found else clause


def asked(book: RuleBook, ids: Iterable[str]) -> list[dict[str, str]]:
    """The questions of these ids as plain JSON values, each once, in their order. NotFound names an unknown id."""
    known = questions(book)
    return [_as_json(name, known) for name in dict.fromkeys(ids)]


def _as_json(name: str, known: Mapping[str, Question]) -> dict[str, str]:
    found = known.get(name)
    if found is None:
        near = nearest(name, list(known))
        raise NotFound("unknown_exclusion", f"没有除外责任“{name}”" + (f"，最接近的是 {near}" if near else ""),
                       remedy="核对规则文件的 exclusions", field="exclusions")
    return {"id": name, "question": found.question, "clause": found.clause, "text": found.text, "source": found.source}
