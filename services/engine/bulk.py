"""The same rule-book as column expressions: one pass over millions of rows, equal to `one.py` to the fen."""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence
from typing import get_args

import polars as pl

from services.core.errors import InputError
from services.engine import column_steps, columns
from services.engine.frame import schema
from services.engine.one import needs_disease
from services.engine.refusals import Refusal, of_rows
from services.rulebook.flow import Unit
from services.rulebook.results import Outcome
from services.rulebook.schema import RuleBook
from services.rulebook.values import Product, Table, Value
from services.rulebook.waiting import WAITING

ZERO = pl.lit(0, pl.Int64)
OUTCOMES = get_args(Outcome)


def compute(book: RuleBook, frame: pl.DataFrame) -> pl.DataFrame:
    """Per row, in fen: `line.<benefit>`, `manual.<benefit>` (waits for an amount), `total`, `refund`, `receivable`,
    `outcome`, `band`, `day`, `flag.borderline_waiting`. Input columns as in `frame.py`; other columns pass through.

    InputError when a column has another type, no decisive date stands, or a value is outside a table of the plan.
    """
    done, refusals = marked(book, frame)
    marks = refuse_columns(refusals)
    for mark, refusal in zip(marks, refusals, strict=True):
        refusal.unless_none(done[mark])
    return done.drop(marks)


def marked(book: RuleBook, frame: pl.DataFrame) -> tuple[pl.DataFrame, list[Refusal]]:
    """As `compute`, rows that cannot be computed left in: `refuse.<n>` is true where the n-th of the refusals holds.

    What such a row's other columns say is meaningless. InputError only when a column has another type.
    """
    kept = [name for name in frame.columns if name not in schema(book)]
    work = columns.derived(book, _complete(book, frame)).with_columns(columns.plan_open(book).alias("open"))
    refusals = list(of_rows(book, set(frame.columns) & set(schema(book)), needs_disease=needs_disease(book)))
    work = work.with_columns(refusal.rows.alias(f"refuse.{number}") for number, refusal in enumerate(refusals))
    for name in book.benefits:
        work = _benefit(book, work, name, refusals)
    work = _cut_to_total(book, work)
    lines = [f"line.{name}" for name in book.benefits]
    waits = [f"manual.{name}" for name in book.benefits]
    done = _summed(book, work).select(*kept, *lines, *waits, "total", "refund", "receivable", "outcome", "band", "day",
                                      "flag.borderline_waiting", *refuse_columns(refusals)).collect()
    return done, refusals


def refuse_columns(refusals: Sequence[Refusal]) -> list[str]:
    """The names of the marks' columns, in the refusals' order."""
    return [f"refuse.{number}" for number in range(len(refusals))]


def _complete(book: RuleBook, frame: pl.DataFrame) -> pl.LazyFrame:
    wanted = schema(book)
    for name, dtype in wanted.items():
        if name in frame.columns and frame.schema[name] not in (dtype, pl.Null()):
            raise InputError("wrong_value", f"{name}：列的类型是 {frame.schema[name]}，应为 {dtype}",
                             remedy="换成应有的类型；金额以分为单位", field=name)
    return frame.lazy().with_columns(
        pl.col(name).cast(dtype) if name in frame.columns else pl.lit(None, dtype).alias(name)
        for name, dtype in wanted.items())


def _spent(book: RuleBook, done: list[str]) -> column_steps.Spent:
    """Paid before under the cap plus what earlier lines of this claim took, in fen or days."""

    def spent(benefits: tuple[str, ...], over: str, unit: Unit) -> pl.Expr:
        part = ("days" if unit == "days" else "amount") + ("_life" if over == "life" else "")
        took = [pl.col(f"line.{name}.days" if unit == "days" else f"line.{name}") for name in done if name in benefits]
        counts = over != "stay" and book.mode == "event"
        paid = [pl.col(f"paid.{name}.{part}").fill_null(0) for name in benefits if counts]
        return _total([*took, *paid])

    return spent


def _total(parts: list[pl.Expr]) -> pl.Expr:
    return functools.reduce(operator.add, parts, ZERO)


def _tables(value: Value | None) -> list[Table]:
    if isinstance(value, Product):
        return [*_tables(value.take), *_tables(value.times)]
    return [value] if isinstance(value, Table) else []


def _unknown_cases(book: RuleBook, name: str) -> list[Refusal]:
    """For each table of the benefit, the rows whose fact it does not list."""
    values = [getattr(step, key, None) for step in book.benefits[name].steps
              for key in ("take", "less", "times", "cap", "manual")]
    return [Refusal(column_steps.part_of(table, "number").later.is_null(), f"的值不在计划的表里，应为 {'、'.join(table.cases)}",
                    f"补上或改正 {table.by}", table.by)
            for value in values for table in _tables(value) if table.otherwise is None]


def _benefit(book: RuleBook, work: pl.LazyFrame, name: str, refusals: list[Refusal]) -> pl.LazyFrame:
    benefit, owed = book.benefits[name], pl.col(f"owed.{name}")
    done = list(book.benefits)[: list(book.benefits).index(name)]
    holds = pl.col("open") & columns.owed(book, benefit)
    waiting = pl.col("band") == WAITING if book.waiting else columns.FALSE
    work = work.with_columns((holds & waiting).alias(f"waits.{name}"),
                             (holds & ~waiting & ~_barred(book, name, done)).alias(f"owed.{name}"))
    quantity = column_steps.run(benefit.steps, _spent(book, done), name)
    amount = column_steps.rounded(quantity.num, quantity.den).fill_null(0)
    by_hand, own = columns.FALSE, _unknown_cases(book, name)
    if quantity.ceiling is not None:
        given = pl.col(f"manual.{name}")
        by_hand = owed & given.is_null() & (quantity.ceiling > 0).fill_null(True)
        above = ((given > quantity.ceiling) & (quantity.ceiling > 0)).fill_null(False)
        own.append(Refusal(above, "超过上限", "核定金额不得超过上限", f"manual.{name}"))
    marks = [(owed & refusal.rows).alias(f"refuse.{number}") for number, refusal in enumerate(own, len(refusals))]
    refusals += own
    paying = pl.when(owed).then(amount).otherwise(0)
    days = pl.when(owed & (amount > 0)).then(quantity.days.fill_null(0)).otherwise(0)
    return work.with_columns(paying.alias(f"line.{name}"), days.alias(f"line.{name}.days"), by_hand.alias(f"manual.{name}"),
                             *marks)


def _barred(book: RuleBook, name: str, done: list[str]) -> pl.Expr:
    """Ended by an earlier payment or line, the same disease paid, or another of its group already pays."""
    parts: list[pl.Expr] = []
    for other in book.benefits:
        if name in book.closed_by(other):
            if book.mode == "event":
                parts.append((pl.col(f"paid.{other}.amount") > 0).fill_null(False))
            if other in done:
                parts.append(pl.col(f"line.{other}") > 0)
    if book.once_per:
        parts.append(pl.col(f"paid.{name}.same_disease").fill_null(False))
    for group in book.one_of:
        if name in group.benefits:
            parts += [(pl.col(f"line.{other}") > 0) | pl.col(f"manual.{other}")
                      for other in group.benefits if other in done]
    return columns.some(parts)


def _cut_to_total(book: RuleBook, work: pl.LazyFrame) -> pl.LazyFrame:
    if book.total is None:
        return work
    cap = column_steps.part_of(book.total.cap, "yuan")
    limit, den = cap.later, cap.den
    if book.total.times is not None:
        factor = column_steps.part_of(book.total.times, "number")
        limit, den = limit * factor.later, den * factor.den
    paid = ZERO
    if book.mode == "event" and book.total.over != "stay":
        part = "amount_life" if book.total.over == "life" else "amount"
        paid = _total([pl.col(f"paid.{name}.{part}").fill_null(0) for name in book.benefits])
    left = (column_steps.rounded(limit.fill_null(0), den) - paid).clip(0)
    work = work.with_columns(left.alias("left"))
    for name in book.benefits:
        work = work.with_columns(pl.min_horizontal(f"line.{name}", "left").alias(f"line.{name}"))
        work = work.with_columns((pl.col("left") - pl.col(f"line.{name}")).alias("left"))
    return work


def _summed(book: RuleBook, work: pl.LazyFrame) -> pl.LazyFrame:
    due = _total([pl.col(f"line.{name}") for name in book.benefits])
    if book.mode == "year_to_date":
        due = due - _total([pl.col(f"paid.{name}.amount").fill_null(0) for name in book.benefits])
    refund = ZERO
    rule = book.waiting
    if rule is not None and rule.outcome == "refund" and rule.amount is not None:
        part = column_steps.part_of(rule.amount, "yuan")
        waited = columns.some(pl.col(f"waits.{name}") for name in book.benefits)
        refund = pl.when(waited).then(column_steps.rounded(part.later, part.den)).otherwise(0)
    manual = columns.some(pl.col(f"manual.{name}") for name in book.benefits)
    words = {word: pl.lit(word, pl.Enum(OUTCOMES)) for word in OUTCOMES}
    return work.with_columns(due.clip(0).alias("total"), (-due).clip(0).alias("receivable"), refund.alias("refund"),
                             manual.alias("_manual")).with_columns(
        pl.when("_manual").then(words["manual"]).when(pl.col("refund") > 0).then(words["refund"])
        .when(pl.col("total") > 0).then(words["pay"]).otherwise(words["nothing"]).alias("outcome"))
