"""What a claim about a year takes beside what the year was given already. Amounts reckoned by hand from the leaflet."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from services.benefit.rules import set_off, takings
from services.core.money import to_fen
from services.engine.one import compute
from services.rulebook import registry
from services.rulebook.vocabulary import parse
from services.settlement.city.rules import none_below_zero

BOOK = registry.latest("bj-medical")
FEN = st.integers(-3_000_000, 3_000_000)


def taken(before: int, stays: Sequence[str] = (), over: str | None = None) -> tuple[dict[str, int], int]:
    """Fen by benefit that a claim takes, and its total, where `before` fen were given for stays of the year."""
    event = {"kind": "medical_year", "year": 2026, **({"stays_own_1": list(stays)} if stays else {}),
             **({"over_cap_own_1": over} if over else {})}
    result = compute(BOOK, parse({
        "plan": BOOK.plan, "cover": {"effective": "2026-01-01", "until": "2026-12-31"}, "event": event,
        "paid": [{"benefit": "inpatient", "amount": f"{before // 100}.00"}]}))
    return {one.benefit: one.amount_fen for one in takings(result, {"inpatient": before})}, to_fen(result.total)


def test_a_benefit_that_gives_less_is_set_off_once() -> None:
    """A stay of 3000 gives 340 where 940 was given, 50000 above the cap 20000: 19400 are paid, and the year stands at 340 and 20000."""
    assert taken(94_000, ["3000.00"], "50000.00") == ({"inpatient": -60_000, "over_cap": 2_000_000}, 1_940_000)


def test_a_benefit_that_gives_nothing_any_more_is_set_off_once() -> None:
    assert taken(94_000, over="50000.00") == ({"over_cap": 2_000_000, "inpatient": -94_000}, 1_906_000)


def test_a_year_that_was_given_too_much_takes_nothing() -> None:
    """A stay of 3000 gives 340 of the 940 that went out: they stay taken, or the next claim would be paid them again."""
    assert taken(94_000, ["3000.00"]) == ({}, 0)
    assert taken(34_000, ["3000.00"]) == ({}, 0)
    assert taken(0, ["3000.00"]) == ({"inpatient": 34_000}, 34_000)


@given(st.lists(st.tuples(FEN, FEN, FEN), min_size=1, max_size=20))
def test_the_settlement_s_columns_are_set_off_as_a_claim_s_amounts_are(drawn: list[tuple[int, int, int]]) -> None:
    columns = ["a", "b", "c"]
    found = none_below_zero(pl.DataFrame(drawn, schema=dict.fromkeys(columns, pl.Int64), orient="row"), columns)
    assert found.rows() == [tuple(set_off(row)) for row in drawn]
    assert all(min(left) >= 0 and sum(left) == max(0, sum(row)) for left, row in zip(found.rows(), drawn, strict=True))
