"""The eight steps as column expressions: integer numerators in fen (or days) over a fixed denominator."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

import polars as pl

from services.engine.facts import STAYED_BEFORE
from services.rulebook.facts import FACTS
from services.rulebook.flow import Unit, is_each, shape_of, shapes
from services.rulebook.scales import Scale
from services.rulebook.steps import Cap, Less, Manual, ScaleBy, Slices, Step, Sum, Take, Times
from services.rulebook.values import Const, Each, FactRef, Product, Table, Value

# What was paid before and taken by earlier lines, in fen or days: benefits, over, unit.
Spent = Callable[[tuple[str, ...], str, Unit], pl.Expr]


@dataclass(frozen=True, slots=True)
class Part:
    """A number as columns: `first` for a list's first element, `later` for every other; over `den`."""

    first: pl.Expr
    later: pl.Expr
    den: int

    @property
    def same(self) -> bool:
        """One number for every element."""
        return self.first is self.later


@dataclass(frozen=True, slots=True)
class Quantity:
    """The running quantity: numerator over `den`; `days` is the number of days before they became yuan.

    Where the first element of a list is treated apart, `head` holds it and `num` the rest: two columns are far cheaper
    than a list put together again.
    """

    num: pl.Expr
    den: int
    unit: Unit
    is_list: bool
    days: pl.Expr
    ceiling: pl.Expr | None = None
    head: pl.Expr | None = None


def _whole(expr: pl.Expr, factor: int) -> pl.Expr:
    return expr if factor == 1 else expr * factor


def _den(numbers: list[Decimal]) -> int:
    places = (-int(number.normalize().as_tuple().exponent) for number in numbers if number.is_finite())
    return int(10 ** max(0, max(places, default=0)))


def part_of(value: Value, unit: Unit) -> Part:
    """A value as an amount in fen (`yuan`), or as a plain number (`days`, `number`)."""
    factor = 100 if unit == "yuan" else 1
    if isinstance(value, FactRef):
        if FACTS[value.fact].unit == "yuan":
            column, den = pl.col(value.fact), 1 if unit == "yuan" else 100
        else:
            column, den = _whole(pl.col(value.fact), factor), 1
        return Part(column, column, den)
    if isinstance(value, Product):
        left, right = part_of(value.take, unit), part_of(value.times, "number")
        product = left.later * right.later
        return Part(product, product, left.den * right.den)
    if isinstance(value, Table):
        return _table(value, factor)
    numbers = [value.first * factor, value.later * factor] if isinstance(value, Each) else [value.number * factor]
    den = _den(numbers)
    literals = [pl.lit(int(number * den), pl.Int64) for number in numbers]
    return Part(literals[0], literals[-1], den)


def _table(table: Table, factor: int) -> Part:
    leaves = [*table.cases.values(), *([table.otherwise] if table.otherwise else [])]
    firsts, laters = ([_leaf(leaf, index) * factor for leaf in leaves] for index in (0, 1))
    den = _den([*firsts, *laters])
    later = _choose(table, [int(number * den) for number in laters])
    if firsts == laters:
        return Part(later, later, den)
    return Part(_choose(table, [int(number * den) for number in firsts]), later, den)


def _leaf(leaf: Const | Each, index: int) -> Decimal:
    if isinstance(leaf, Each):
        return leaf.first if index == 0 else leaf.later
    return leaf.number


def _choose(table: Table, numbers: list[int]) -> pl.Expr:
    stated = pl.col(table.by).cast(pl.String)
    otherwise = pl.lit(numbers[-1] if table.otherwise else None, pl.Int64)
    choice = otherwise
    for case, number in zip(table.cases, numbers, strict=False):
        choice = pl.when(stated == case).then(pl.lit(number, pl.Int64)).otherwise(choice)
    return choice


def run(steps: tuple[Step, ...], spent: Spent, name: str) -> Quantity:
    """The whole benefit as one expression. A missing first fact makes it null, which pays nothing."""
    quantity = Quantity(pl.lit(0, pl.Int64), 1, "yuan", False, pl.lit(0, pl.Int64))
    first_apart = any(is_each(value) for step in steps for key in ("less", "times", "cap")
                      if (value := getattr(step, key, None)) is not None)
    for step, shape in zip(steps, shapes(steps), strict=True):
        quantity = _apply(quantity, step, spent, name)
        if first_apart and isinstance(step, Take):
            quantity = replace(quantity, num=quantity.num.list.slice(1), head=quantity.num.list.first())
        if shape == ("days", False) and isinstance(step, Take | Less | Sum | Cap):
            quantity = Quantity(quantity.num, quantity.den, "days", False, quantity.num // quantity.den)
    return quantity


def _apply(q: Quantity, step: Step, spent: Spent, name: str) -> Quantity:
    if isinstance(step, Take):
        shape = shape_of(step.take)
        part = part_of(step.take, shape.unit)
        return Quantity(part.later, part.den, shape.unit, shape.is_list, q.days)
    if isinstance(step, Less):
        part = _zero(part_of(step.less, q.unit))
        if q.unit == "days" and q.is_list:
            return _stay_by_stay(q, part)
        num, head = _both(q, part, lambda x, v, is_list: _floor0(x - v, is_list))
        return replace(q, num=num, head=head, den=q.den * part.den)
    if isinstance(step, Times):
        part = _zero(part_of(step.times, "number" if q.unit == "yuan" else "yuan"))
        num, head = _each(q, part, 1, 1, lambda x, v, _is_list: x * v)
        return replace(q, num=num, head=head, den=q.den * part.den, unit="yuan")
    if isinstance(step, Sum):
        total = q.num.list.sum()
        return Quantity(total if q.head is None else total + q.head.fill_null(0), q.den, q.unit, False, q.days)
    if isinstance(step, Slices):
        return _ladder(q, step)
    if isinstance(step, ScaleBy):
        return Quantity(q.num * _percent(step.scale), q.den * 100, "yuan", False, q.days)
    if isinstance(step, Cap):
        return _cap(q, step, spent, name)
    return _manual(step, spent, name, q)


def _zero(part: Part) -> Part:
    """A fact that is not stated takes nothing away."""
    later = part.later.fill_null(0)
    return Part(later if part.same else part.first.fill_null(0), later, part.den)


def _floor0(num: pl.Expr, is_list: bool) -> pl.Expr:
    return num.list.eval(pl.element().clip(0)) if is_list else num.clip(0)


def _stay_by_stay(q: Quantity, part: Part) -> Quantity:
    """As `steps.stay_by_stay`: of the unpaid first days those are left that did not go by before the cover."""
    before, whole = pl.col(STAYED_BEFORE), q.den * part.den
    gone = _whole(before if q.head is None else before.list.slice(1), whole)
    takes = (gone - _whole(part.later, q.den)).list.eval((-pl.element()).clip(0))
    num = _floor0(_whole(q.num, part.den) - takes, True)
    if q.head is None:
        return replace(q, num=num, den=whole)
    first = (_whole(part.first, q.den) - _whole(before.list.first(), whole)).clip(0)
    return replace(q, num=num, head=_floor0(_whole(q.head, part.den) - first, False), den=whole)


Op = Callable[[pl.Expr, pl.Expr, bool], pl.Expr]  # quantity, value, whether the quantity is a list


def _each(q: Quantity, part: Part, left: int, right: int, op: Op) -> tuple[pl.Expr, pl.Expr | None]:
    """`op` on the quantity × left and the part × right; a list's first element, held apart, meets `first`."""
    num = op(_whole(q.num, left), _whole(part.later, right), q.is_list)
    head = None if q.head is None else op(_whole(q.head, left), _whole(part.first, right), False)
    return num, head


def _both(q: Quantity, part: Part, op: Op) -> tuple[pl.Expr, pl.Expr | None]:
    """`op` after bringing both sides to the common denominator q.den × part.den."""
    return _each(q, part, part.den, q.den, op)


def _ladder(q: Quantity, step: Slices) -> Quantity:
    den = _den([piece.rate for piece in step.slices])
    low, total = 0, pl.lit(0, pl.Int64)
    for piece in step.slices:
        part = (q.num - low).clip(0)
        if piece.upto.is_finite():
            high = int(piece.upto * 100) * q.den
            part, low = part.clip(upper_bound=high - low), high
        share = part * int(piece.rate * den)
        if piece.max is not None:
            share = share.clip(upper_bound=int(piece.max * 100) * q.den * den)
        total = total + share
    return Quantity(total, q.den * den, q.unit, False, q.days)


def _percent(scale: Scale) -> pl.Expr:
    """The table's ratio in percent; null when no item is stated."""
    column, percent = pl.col(scale.fact), {item: int(row.ratio * 100) for item, row in scale.items.items()}
    if scale.rule == "highest_plus_one":
        best = column.list.min()
        shared = column.list.eval(pl.element() == pl.element().min()).list.sum() > 1
        grade = pl.when(shared).then((best - 1).clip(1)).otherwise(best)
        return grade.replace_strict(percent, default=None, return_dtype=pl.Int64)
    limbs = {item for group in scale.limbs for item in group}
    terms = [column.list.count_matches(item).cast(pl.Int64) * ratio
             for item, ratio in percent.items() if item not in limbs]
    for group in scale.limbs:
        terms.append(pl.max_horizontal(*(column.list.contains(item).cast(pl.Int64) * percent[item] for item in group)))
    return functools.reduce(operator.add, terms).clip(upper_bound=100)


def _cap(q: Quantity, step: Cap, spent: Spent, name: str) -> Quantity:
    part = _zero(part_of(step.cap, q.unit))
    if q.is_list:
        num, head = _both(q, part, lambda x, v, is_list: x - _floor0(x - v, is_list))
        return replace(q, num=num, head=head, den=q.den * part.den)
    limit, den = _times(part, step.times)
    left = (limit - spent((name, *step.with_), step.over, q.unit) * den).clip(0) * q.den
    num = pl.when(q.num.is_null()).then(None).otherwise(pl.min_horizontal(q.num * den, left))
    return Quantity(num, q.den * den, q.unit, False, q.days)


def _times(part: Part, times: Value | None) -> tuple[pl.Expr, int]:
    if times is None:
        return part.later, part.den
    factor = _zero(part_of(times, "number"))
    return part.later * factor.later, part.den * factor.den


def _manual(step: Manual, spent: Spent, name: str, q: Quantity) -> Quantity:
    given = pl.col(f"manual.{name}")
    if step.manual is None:
        return Quantity(given.fill_null(0), 1, "yuan", False, q.days, pl.lit(None, pl.Int64))
    limit, den = _times(_zero(part_of(step.manual, "yuan")), step.times)
    ceiling = (limit - spent((name,), step.over, "yuan") * den).clip(0) // den
    left = pl.when(ceiling > 0).then(given.fill_null(0)).otherwise(0)   # used up: no amount stands, however it was set
    return Quantity(left, 1, "yuan", False, q.days, ceiling)


def rounded(num: pl.Expr, den: int) -> pl.Expr:
    """Half up to the fen, once at the line's end."""
    return num if den == 1 else (2 * num + den) // (2 * den)


__all__ = ["Part", "Quantity", "Spent", "part_of", "rounded", "run"]
