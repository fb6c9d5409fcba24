"""Every line of a settlement is what the reviewers' engine computes of the same year, whatever was drawn and paid before."""

from __future__ import annotations

from datetime import date

import polars as pl
from hypothesis import given
from hypothesis import settings as tried
from hypothesis import strategies as st

from services.core.money import to_fen
from services.engine.one import compute
from services.models import SettlementLine
from services.rulebook import registry
from services.rulebook.vocabulary import parse
from services.settlement.city import rules
from services.settlement.city.telling import words

BOOK = registry.resolve("bj-medical", date(2026, 12, 31))
# Around what decides: 1800, 1300, 650 yuan and their halves, and the year's maximum.
EDGES = (0, 1, 32_500, 65_000, 65_001, 130_000, 130_003, 180_000, 180_001, 100_000_000)
FEN = st.one_of(st.integers(0, 30_000_000), st.sampled_from(EDGES))
YEARS = st.fixed_dictionaries({
    "outpatient_own_1": st.none() | FEN, "stays_own_1": st.lists(FEN, max_size=4).map(lambda stays: stays or None),
    "category": st.sampled_from(["normal", "model_worker", "specially_poor", "hardship"]), "over_cap": st.sampled_from([0, 0, 5_000_000]),
    "paid": st.tuples(st.integers(0, 20_000_000), st.integers(0, 20_000_000))})


def frame(drawn: list[dict[str, object]]) -> pl.DataFrame:
    rows = [{"person_id": str(number), "year": 2026, "effective": date(2026, 1, 1), "until": date(2026, 12, 31), "died_on": None,
             "card_id": "card", "other_reimb": 0, **one, "paid": [*one["paid"], 0]} for number, one in enumerate(drawn)]   # type: ignore[misc]
    return pl.DataFrame(rows, schema={
        "person_id": pl.String, "year": pl.Int16, "effective": pl.Date, "until": pl.Date, "died_on": pl.Date, "card_id": pl.String,
        "other_reimb": pl.Int64, "outpatient_own_1": pl.Int64, "stays_own_1": pl.List(pl.Int64), "category": pl.String,
        "over_cap": pl.Int64, "paid": pl.List(pl.Int64)})


@given(st.lists(YEARS, min_size=1, max_size=40))
@tried(max_examples=60)
def test_each_line_is_what_one_claim_computes(drawn: list[dict[str, object]]) -> None:
    for row in rules.lines(BOOK, frame(drawn)).iter_rows(named=True):
        line = SettlementLine(**{name: row[name] for name in SettlementLine.model_fields if name in row})
        result = compute(BOOK, parse(words(line, BOOK)))
        assert {one.benefit: to_fen(one.amount) for one in result.lines} == {
            name: fen for name, fen in zip(BOOK.benefits, row["lines"], strict=True) if fen}
        had, due = sum(row["paid"]), to_fen(result.total)
        most = max(0, 20_065_300 - had)                                 # the year's maximum, 200653 yuan
        assert row["due_fen"] == min(due, most) and ("annual_maximum_cut" in row["flags"]) == (due > most)
        assert row["receivable_fen"] == to_fen(result.receivable)
        assert sum(row["took"]) == row["due_fen"] and row["took"][2] == 0


def test_what_a_claim_took_above_the_cap_leaves_only_the_rest_of_the_year_s_maximum() -> None:
    """190000 yuan on a claim; 20 % of a stay of 61300 is 12000: 10653 are left of the year."""
    years = frame([{"outpatient_own_1": None, "stays_own_1": [6_130_000], "category": "normal", "over_cap": 30_000_000, "paid": (0, 0)}])
    [row] = rules.lines(BOOK, years.with_columns(pl.Series("paid", [[0, 0, 19_000_000]]))).iter_rows(named=True)
    assert (row["lines"], row["took"], row["due_fen"]) == ([0, 1_200_000, 0], [0, 1_065_300, 0], 1_065_300)
    assert row["flags"] == ["over_cap", "annual_maximum_cut"]


def test_who_died_or_has_no_card_is_owed_and_not_paid_out() -> None:
    one = {"outpatient_own_1": 1_000_000, "stays_own_1": None, "category": "normal", "over_cap": 0, "paid": (0, 0)}
    years = frame([one, one, one]).with_columns(
        pl.Series("card_id", ["a", None, "c"]), pl.Series("died_on", [None, None, date(2026, 2, 1)]))
    found = rules.lines(BOOK, years)
    assert found["why_unpaid"].to_list() == [None, "no_card", "died"]
    assert found["card_id"].to_list() == ["a", None, None]
    assert found["due_fen"].to_list() == [164_000] * 3          # (10000 - 1800) x 20 %


def test_the_distribution_counts_every_line_once() -> None:
    due = pl.Series([0, 1, 9_999, 10_000, 29_999, 30_000, 5_000_000, 90_000_000])
    assert rules.buckets(due) == [1, 2, 2, 1, 0, 0, 0, 0, 0, 2]
