"""The columns of the bulk engine, and how a list of computations becomes such a frame.

Facts stand under their dotted names: money in fen (Int64), lists as List(Int64), dates as Date. Beside them, all
optional: `event.stays.before` (of each stay the days before the cover), `paid.<benefit>.amount` and `.days` in this
period, `.amount_life` and `.days_life` ever paid,
`paid.<benefit>.same_disease`, `covered_by.<plan>`, `excluded.<id>`, `manual.<benefit>` (fen).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import polars as pl

from services.core.money import to_fen
from services.engine.conditions import expand, has_cover
from services.engine.facts import STAYED_BEFORE, FactValue, gather, same_disease
from services.rulebook.computation import Computation, Paid
from services.rulebook.facts import FACTS
from services.rulebook.schema import RuleBook

# Derived from other columns by `columns.derived`, so not part of the input.
DERIVED = ("band", "person.age", "event.stays")
_TYPES: dict[str, pl.DataType] = {
    "bool": pl.Boolean(), "int": pl.Int64(), "text": pl.String(), "date": pl.Date(), "money": pl.Int64(),
    "days": pl.Int64(), "list_money": pl.List(pl.Int64), "list_days": pl.List(pl.Int64),
    "list_int": pl.List(pl.Int64)}


def schema(book: RuleBook) -> dict[str, pl.DataType]:
    """Every column this rule-book can read, with its type; a column a frame leaves out counts as not stated."""
    columns = {name: _TYPES[spec.type] for name, spec in FACTS.items() if name not in DERIVED} | {STAYED_BEFORE: _TYPES["list_days"]}
    for name in book.benefits:
        columns |= {f"paid.{name}.{part}": pl.Int64() for part in ("amount", "days", "amount_life", "days_life")}
        columns |= {f"paid.{name}.same_disease": pl.Boolean(), f"manual.{name}": pl.Int64()}
    if book.requires:
        columns[f"covered_by.{book.requires.plan}"] = pl.Boolean()
    return columns | {f"excluded.{name}": pl.Boolean() for name in exclusion_ids(book)}


def exclusion_ids(book: RuleBook) -> list[str]:
    """All exclusions the plan or one of its benefits names."""
    return expand((*book.exclusions, *(name for benefit in book.benefits.values() for name in benefit.exclusions)))


def frame(book: RuleBook, computations: Sequence[Computation]) -> pl.DataFrame:
    """One row per computation, in order."""
    columns = schema(book)
    rows = [_row(book, c) for c in computations]
    return pl.DataFrame({name: pl.Series(name, [row.get(name) for row in rows], dtype)
                         for name, dtype in columns.items()})


def _row(book: RuleBook, c: Computation) -> dict[str, object]:
    facts = gather(book, c)
    row: dict[str, object] = {name: _cell(name, facts.get(name)) for name in FACTS if name not in DERIVED}
    row[STAYED_BEFORE] = facts.get(STAYED_BEFORE)
    row["event.behaviour"], row["event.severity"] = c.event.behaviour, c.event.severity
    for name in book.benefits:
        row |= _paid(name, c)
        row[f"manual.{name}"] = to_fen(c.manual[name].amount) if name in c.manual else None
    if book.requires:
        plan = book.requires.plan
        row[f"covered_by.{plan}"] = has_cover(c, facts.decisive, plan)
    return row | {f"excluded.{name}": c.exclusions.get(name) is True for name in exclusion_ids(book)}


def _cell(name: str, value: FactValue) -> object:
    unit = FACTS[name].unit
    if isinstance(value, tuple):
        return [to_fen(Decimal(item)) if unit == "yuan" else int(item) for item in value]
    return to_fen(value) if isinstance(value, Decimal) else value


def _paid(name: str, c: Computation) -> dict[str, object]:
    life = [item for item in c.paid if item.benefit == name]
    period = [item for item in life if not item.earlier]
    return {f"paid.{name}.amount": _fen(period), f"paid.{name}.days": sum(item.days for item in period),
            f"paid.{name}.amount_life": _fen(life), f"paid.{name}.days_life": sum(item.days for item in life),
            f"paid.{name}.same_disease": same_disease(c, name)}


def _fen(items: list[Paid]) -> int:
    return sum(to_fen(item.amount) for item in items)
