"""Exclusions are questions an office signs: complete, with clause, and shown where a plan names them."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from services.core.errors import NotFound
from services.engine.conditions import expand
from services.reporting import answers
from services.rulebook import registry
from services.rulebook.exclusions import asked, questions, shared
from services.rulebook.parts import Question

PLAIN = registry.latest("nx-ankangbao")
BROCHURE = [*(f"XJ-H{number}" for number in range(1, 5)), *(f"XJ-A{number:02d}" for number in range(1, 18))]
BEIJING = ["BJ-W1", "BJ-W2", "BJ-W3", "BJ-A1", "BJ-D1", "BJ-F1"]


def test_every_exclusion_of_the_sources_is_there() -> None:
    assert list(shared()) == [*BROCHURE, *BEIJING]


@pytest.mark.parametrize("name", [*BROCHURE, *BEIJING])
def test_each_is_a_question_with_clause_in_an_offices_words(name: str) -> None:
    asked_of = shared()[name]
    assert "是否" in asked_of.question
    assert asked_of.question.endswith("？")
    assert asked_of.clause and asked_of.source
    said = f"{asked_of.question}{asked_of.text}{asked_of.clause}{asked_of.source}".replace("ICD-10", "")
    assert not re.search(r"[A-Za-z]|;|,|\(", said), said       # no notes between developers, no half-width points


@pytest.mark.parametrize(("name", "clause"), [("XJ-H4", "手册四、一（4）"), ("XJ-A01", "手册四、二（1）"),
                                              ("XJ-A09", "手册四、二（9）"), ("XJ-A17", "手册四、二（17）")])
def test_the_brochures_numbers_are_the_clauses(name: str, clause: str) -> None:
    assert shared()[name].clause == clause


def test_the_same_id_is_asked_once_and_an_unknown_one_is_named() -> None:
    assert [row["id"] for row in asked(PLAIN, ["XJ-A09", "XJ-A10", "XJ-A09"])] == ["XJ-A09", "XJ-A10"]
    with pytest.raises(NotFound) as refused:
        asked(PLAIN, ["XJ-A99"])
    assert "XJ-A09" in refused.value.message


def test_a_plan_words_its_own_questions() -> None:
    own = {"HN-1": Question(question="是否因酒后驾驶发生？", clause="办法 第八条")}
    book = PLAIN.model_copy(update={"questions": own, "exclusions": ("HN-1",)})
    assert asked(book, ["HN-1"]) == [{"id": "HN-1", "question": "是否因酒后驾驶发生？", "clause": "办法 第八条", "text": "", "source": ""}]
    assert set(shared()) < set(questions(book))


@pytest.mark.parametrize("path", registry.files(), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_plans_schema_asks_every_exclusion_its_file_names(path: Path) -> None:
    book = registry.version(path.parent.name, date.fromisoformat(path.stem))
    named = {*expand(book.exclusions), *(name for rule in book.benefits.values() for name in expand(rule.exclusions))}
    shown = answers.plan_schema(book.plan, book.from_)["exclusions"]
    assert isinstance(shown, list)
    assert {row["id"] for row in shown} == named
    for row in shown:
        closes = row["benefits"] or list(book.benefits)
        assert all(row["id"] in expand((*book.exclusions, *book.benefits[name].exclusions)) for name in closes)
