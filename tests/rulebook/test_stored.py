"""Stored computations read into columns all at once compute, and refuse, what each of them does by itself."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from services.core.errors import InputError
from services.core.money import to_fen
from services.engine import bulk, one, stored
from services.rulebook import registry
from services.rulebook.loader import load
from services.rulebook.schema import RuleBook
from services.rulebook.vocabulary import parse
from tests.support.computations import words

EVERY_STEP = load(Path(__file__).parent / "books" / "test-every-step.yaml")
Words = dict[str, object]


def by_columns(book: RuleBook, drawn: list[Words]) -> list[tuple[int, int, str] | None]:
    """Total, refund and outcome of each; None where it cannot be computed."""
    read = stored.read(book, pl.Series([json.dumps(one, ensure_ascii=False) for one in drawn], dtype=pl.String))
    done, refusals = bulk.marked(book, read.frame)
    found: list[tuple[int, int, str] | None] = [None] * len(drawn)
    for row in done.iter_rows(named=True):
        if not any(row[mark] for mark in bulk.refuse_columns(refusals)):
            found[row["row"]] = row["total"], row["refund"], row["outcome"]
    return found


def one_by_one(book: RuleBook, drawn: list[Words]) -> list[tuple[int, int, str] | None]:
    found: list[tuple[int, int, str] | None] = []
    for case in drawn:
        try:
            result = one.compute(book, parse(case))
        except InputError:
            found.append(None)
        else:
            found.append((to_fen(result.total), to_fen(result.refund), result.outcome))
    return found


@pytest.mark.parametrize("book", [*registry.plans(), EVERY_STEP], ids=lambda book: f"{book.plan}-{book.version}")
@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
@given(data=st.data())
def test_all_at_once_is_each_by_itself(book: RuleBook, data: st.DataObject) -> None:
    drawn = data.draw(st.lists(words(book), min_size=1, max_size=8))
    assert by_columns(book, drawn) == one_by_one(book, drawn)


def women(**parts: object) -> Words:
    return {"plan": "xj-women", "cover": {"effective": "2026-01-01", "until": "2026-12-31", "shares": 2, "renewal": True},
            "person": {"sex": "F", "born": "1985-03-07"}, "reported_on": "2026-05-22", "paid": [],
            "event": {"kind": "diagnosis", "icd10": "D06.900", "behaviour": "2", "diagnosed_on": "2026-05-20"}, **parts}


@pytest.mark.parametrize(("parts", "expected"), [
    ({}, 200_000),                                                                          # 1000 a share, two shares
    ({"paid": [{"benefit": "in_situ", "amount": "2000.00", "days": 0, "icd10": "D06.900"}]}, 0),     # the same disease again
    ({"exclusions": {"XJ-W01": "suspected"}}, None),                                        # not an exclusion of this plan
    ({"paid": [{"benefit": "insitu", "amount": "2000.00", "days": 0}]}, None),              # a benefit the plan does not have
    ({"manual": {"in_situ": {"amount": "1.00", "reason": "无"}}}, None)])                    # not left to a reviewer
def test_what_a_hand_made_row_pays(parts: Words, expected: int | None) -> None:
    [found] = by_columns(registry.latest("xj-women"), [women(**parts)])
    assert (found and found[0]) == expected


def test_a_row_that_cannot_be_read_says_why_and_stops_no_other() -> None:
    texts = [women(), women(paid=[{"benefit": "insitu", "amount": "1.00", "days": 0}])]
    read = stored.read(registry.latest("xj-women"), pl.Series([json.dumps(text) for text in texts]))
    assert read.frame["row"].to_list() == [0]
    assert [(row, error.code, error.field) for row, error in read.faults.items()] == [(1, "unknown_key", "paid.0.benefit")]


def test_nothing_stored_is_an_empty_frame() -> None:
    book = registry.latest("xj-women")
    done, _ = bulk.marked(book, stored.read(book, pl.Series([], dtype=pl.String)).frame)
    assert done.height == 0
