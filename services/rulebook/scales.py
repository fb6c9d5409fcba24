"""Disability tables: items or grades and the ratio each table gives by its own rule."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Literal

import yaml

from services.rulebook.values import Frozen, Number

_DIRECTORY = Path(__file__).parent / "tables"


class ScaleItem(Frozen):
    """One row of the table: its grade, words and ratio (1 = 100 %)."""

    grade: int
    ratio: Number
    text: str = ""


class Scale(Frozen):
    """A disability table.

    `sum_best_of_limb`: Σ of the items, of those on one limb only the best, at most 100 % (reading A-36).
    `highest_plus_one`: the highest grade; one grade higher when two are equally highest.
    """

    name: str
    title: str
    source: str
    fact: str
    rule: Literal["sum_best_of_limb", "highest_plus_one"]
    items: dict[int, ScaleItem]
    limbs: tuple[tuple[int, ...], ...] = ()

    def ratio(self, stated: tuple[int, ...]) -> Decimal:
        """The ratio of the stated items; none stated gives 0. Unknown items must be refused before."""
        if not stated:
            return Decimal(0)
        if self.rule == "highest_plus_one":
            best = min(stated)
            grade = max(1, best - 1) if stated.count(best) > 1 else best
            return self.items[grade].ratio
        limbs = {item: group for group in self.limbs for item in group}
        total = sum((self.items[item].ratio for item in stated if item not in limbs), Decimal(0))
        for group in self.limbs:
            total += max((self.items[item].ratio for item in stated if item in group), default=Decimal(0))
        return min(total, Decimal(1))


SCALES = tuple(sorted(path.stem for path in _DIRECTORY.glob("*-grades.yaml")))


@cache
def scale_named(name: str) -> Scale:
    """The table of that name from `tables/`."""
    text = (_DIRECTORY / f"{name}.yaml").read_text(encoding="utf-8")
    return Scale.model_validate(yaml.load(text, yaml.BaseLoader))
