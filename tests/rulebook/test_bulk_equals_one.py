"""One file, two readings: the Decimal engine and the column engine agree to the fen, on every plan there is."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from services.core.errors import InputError
from services.core.money import to_fen
from services.engine import bulk, frame, one
from services.rulebook import registry
from services.rulebook.loader import load
from services.rulebook.results import Result
from services.rulebook.schema import RuleBook
from services.rulebook.vocabulary import Computation, parse
from tests.support.computations import words

EVERY_STEP = load(Path(__file__).parent / "books" / "test-every-step.yaml")
RELEASED = {plan: registry.latest(plan) for plan in ("nx-ankangbao", "xj-women")}


@pytest.mark.parametrize("book", [*registry.plans(), EVERY_STEP], ids=lambda book: f"{book.plan}-{book.version}")
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
@given(data=st.data())
def test_both_readings_agree_to_the_fen(book: RuleBook, data: st.DataObject) -> None:
    rows: list[Computation] = []
    results: list[Result] = []
    for drawn in data.draw(st.lists(words(book), min_size=1, max_size=8)):
        try:
            c = parse(drawn)
        except InputError:
            continue
        try:
            results.append(one.compute(book, c))
        except InputError:  # a value outside a table, an amount above its ceiling: the columns refuse these too
            with pytest.raises(InputError):
                bulk.compute(book, frame.frame(book, [c]))
            continue
        rows.append(c)
    assume(rows)
    table = bulk.compute(book, frame.frame(book, rows))
    for row, result in zip(table.iter_rows(named=True), results, strict=True):
        lines = {line.benefit: to_fen(line.amount) for line in result.lines}
        assert {name: row[f"line.{name}"] for name in book.benefits} == {name: lines.get(name, 0) for name in book.benefits}
        assert {name for name in book.benefits if row[f"manual.{name}"]} == {
            line.benefit for line in result.lines if line.manual}
        assert (row["total"], row["refund"], row["receivable"], row["outcome"]) == (
            to_fen(result.total), to_fen(result.refund), to_fen(result.receivable), result.outcome)
        assert (row["band"], row["day"]) == (result.band, result.day)
        assert row["flag.borderline_waiting"] == ("borderline_waiting" in result.flags)


def test_the_trial_book_uses_all_eight_steps() -> None:
    steps = [step for benefit in EVERY_STEP.benefits.values() for step in benefit.steps]
    assert {type(step).__name__ for step in steps} == {"Take", "Less", "Times", "Sum", "Slices", "ScaleBy", "Cap", "Manual"}


def test_wrong_column_type_is_refused_by_name() -> None:
    with pytest.raises(InputError) as refused:
        bulk.compute(RELEASED["nx-ankangbao"], pl.DataFrame({"cover.shares": ["eins"]}))
    assert refused.value.field == "cover.shares"


@pytest.mark.parametrize(("missing", "field"), [("event.specimen_on", "event.specimen_on"), ("event.icd10", "event.icd10")])
def test_missing_date_or_disease_is_refused_by_name(missing: str, field: str) -> None:
    day = date(2026, 1, 1)
    rows = pl.DataFrame({"event.icd10": ["C50.900"], "event.kind": ["diagnosis"], "event.specimen_on": [day],
                         "cover.effective": [day], "cover.until": [day]}).drop(missing)
    with pytest.raises(InputError) as refused:
        bulk.compute(RELEASED["nx-ankangbao"], rows)
    assert refused.value.field == field


def test_other_columns_pass_through() -> None:
    book = RELEASED["xj-women"]
    c = parse({"plan": "xj-women", "cover": {"effective": "2026-01-01", "until": "2026-12-31", "shares": 2},
               "event": {"kind": "diagnosis", "icd10": "D06.900", "behaviour": "2", "diagnosed_on": "2026-05-20"}})
    rows = frame.frame(book, [c]).with_columns(pl.lit("XJ2026-0001").alias("claim_no"))
    table = bulk.compute(book, rows)
    assert table.select("claim_no", "total").rows() == [("XJ2026-0001", 200000)]
