"""The share of like claims that needed longer, by hand on small tables."""

from __future__ import annotations

import pytest

from services.reporting.forecast.rules import FEWEST, LATE, NATION, OUTLASTS, Counted, Like, Share, share, tail, tails

HERE = Like("pay", "cn.xj.", "xj-women", "in_review", "district")

# 40 claims: 10 needed 2 days, 20 needed 5, 9 needed 8, 1 needed 20.
TABLE = tails([Counted(HERE, 2, 10), Counted(HERE, 5, 20), Counted(HERE, 8, 9), Counted(HERE, 20, 1)])


@pytest.mark.parametrize(("elapsed", "left", "compared", "longer"), [
    (-1, 16, 40, 1),        # entered today: everybody is alike, one needed more than 15
    (0, 5, 40, 10),         # more than 5 days: the nine and the one
    (1, 3, 40, 30),
    (-1, 2, 40, 40),        # all needed longer than one day
    (-1, 22, 40, 0),        # none needed longer
    (0, 0, 40, 40),         # nothing left: whoever is alike needed longer
])
def test_survival_by_hand(elapsed: int, left: int, compared: int, longer: int) -> None:
    assert share(TABLE, HERE, elapsed, left) == Share("level", compared, longer)


def test_a_day_that_ends_the_comparison_counts_as_ended() -> None:
    """Two days have gone by: the ten that needed two are no longer alike, the twenty that needed five are."""
    found = share(TABLE, HERE, 2, 3)
    assert (found.compared, found.longer, found.rank) == (30, 10, 3333)


def test_wider_until_thirty_are_alike() -> None:
    """29 at the level; with the plan's other level 30; with another plan's 31; with another office's 32."""
    rows = [Counted(HERE, 6, 29), Counted(HERE._replace(level="unit"), 9, 1),
            Counted(HERE._replace(plan="xj-inpatient", level="unit"), 9, 1), Counted(HERE._replace(office="cn.bj.", plan="bj-women"), 9, 1)]
    known = tails(rows)
    assert share(known, HERE, 0, 6) == Share("stage", 30, 1)
    assert share(tails([*rows, Counted(HERE, 7, 1)]), HERE, 0, 6) == Share("level", 30, 1)
    assert share(tails([rows[0], *rows[2:]]), HERE, 0, 6) == Share("office", 30, 1)
    assert share(tails([rows[0], rows[3]]), HERE, 0, 6) == Share("nation", 30, 1)
    assert FEWEST == 30


def test_too_few_anywhere_are_still_told_and_nobody_is_said_so() -> None:
    known = tails([Counted(HERE, 6, 4), Counted(HERE._replace(office="cn.bj."), 9, 1)])
    assert share(known, HERE, 0, 6) == Share(NATION, 5, 1)
    assert share(known, HERE, 7, 1) == Share(NATION, 1, 1)
    nobody = share(known, HERE, 9, 3)
    assert nobody == Share(NATION, 0, 0) and nobody.rank == OUTLASTS < LATE
    assert share({}, HERE, 0, 3).compared == 0
    assert share(known, HERE._replace(stage="payable"), 0, 3).compared == 0, "another stage is not alike"
    assert share(known, HERE._replace(promise="verification"), 0, 3).compared == 0, "nor another promise"


def test_a_stage_without_levels_is_counted_once() -> None:
    payable = HERE._replace(stage="payable", level="")
    assert share(tails([Counted(payable, 3, 31)]), payable, -1, 3).compared == 31


def test_a_tail_is_a_sum_from_behind() -> None:
    found = tail({0: 1, 4: 2})
    assert [found.beyond(day) for day in (-1, 0, 3, 4, 5)] == [3, 2, 2, 0, 0]
