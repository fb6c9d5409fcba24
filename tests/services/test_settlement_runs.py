"""Which line of a partition goes into which run."""

from __future__ import annotations

import polars as pl
import pytest

from services.settlement.paying import rules


def frame(people: list[str], without: tuple[str, ...] = (), why: tuple[str, ...] = ()) -> pl.DataFrame:
    return pl.DataFrame([{"org_key": "cn.", "settlement_id": "s", "part": 3, "person_id": person, "amount_fen": 5,
                          "card_id": None if person in without else "c", "left_out": "词" if person in why else None} for person in people],
                        schema_overrides={"card_id": pl.String, "left_out": pl.String})


def test_lines_are_numbered_in_the_order_of_persons_and_the_rest_waits() -> None:
    rows = rules.numbered(frame(["d", "b", "a", "c"], without=("b",), why=("c",)))
    assert tuple(rows.columns) == rules.COLUMNS
    assert rows.select("person_id", "line", "state").rows() == [("a", 1, "batched"), ("b", None, "planned"), ("c", None, "planned"),
                                                               ("d", 2, "batched")]
    runs = rows["run_id"].to_list()
    assert runs[0] == runs[3] and runs[1] is runs[2] is None


@pytest.mark.parametrize(("lines", "runs"), [(0, 0), (1, 1), (50_000, 1), (50_001, 2), (100_000, 2)])
def test_a_run_holds_as_many_lines_as_a_bank_takes(lines: int, runs: int) -> None:
    rows = rules.numbered(frame([f"{n:06d}" for n in range(lines)]) if lines else frame(["a"]).clear())
    assert rows["run_id"].n_unique() == runs
    if lines:
        assert (rows["line"].min(), rows["line"].max()) == (1, min(lines, 50_000))
        assert not rows.select("run_id", "line").is_duplicated().any()


@pytest.mark.parametrize(("lasts", "moves"), [
    ([("a", 3)], []),
    ([("a", 3), ("b", 2), ("c", 1)], [("b", "a", 3), ("c", "a", 5)]),
    ([("a", 4_999), ("b", 5_000), ("c", 1)], [("c", "a", 4_999)]),                             # b is no small run
    ([(str(n), 4_999) for n in range(11)], [(str(n), "0", 4_999 * n) for n in range(1, 10)]),   # ten fill a run, the eleventh begins one
])
def test_small_runs_are_put_together(lasts: list[tuple[str, int]], moves: list[tuple[str, str, int]]) -> None:
    assert rules.together(lasts) == moves
