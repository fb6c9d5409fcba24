"""Facts and conditions as column expressions: the same rules as `facts.py` and `conditions.py`, row by row."""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable

import polars as pl

from services.engine.column_steps import part_of
from services.engine.conditions import expand
from services.engine.facts import STAYED_BEFORE, SUDDEN_DEATH, knows_sudden_death
from services.rulebook.facts import DEFAULTS, FACTS
from services.rulebook.parts import Benefit, ListRule
from services.rulebook.schema import RuleBook
from services.rulebook.values import Condition, Const, Span, Table
from services.rulebook.waiting import BEFORE, COVERED, WAITING

TRUE, FALSE = pl.lit(True), pl.lit(False)


def every(parts: Iterable[pl.Expr]) -> pl.Expr:
    """All hold; nothing to hold is true."""
    return functools.reduce(operator.and_, parts, TRUE)


def some(parts: Iterable[pl.Expr]) -> pl.Expr:
    """At least one holds; nothing to choose from is false."""
    return functools.reduce(operator.or_, parts, FALSE)


def derived(book: RuleBook, frame: pl.LazyFrame) -> pl.LazyFrame:
    """Defaults filled, then behaviour, severity, age, fee, decisive date, band and the borderline flag."""
    filled = frame.with_columns(pl.col(name).fill_null(pl.lit(value)) for name, value in DEFAULTS.items())
    filled = filled.with_columns(pl.col("cover.shares").fill_null(1)).with_columns(
        pl.coalesce("event.behaviour", _assumed_behaviour()).alias("event.behaviour"),
        pl.coalesce("cover.premium_paid", _fee(book)).alias("cover.premium_paid"),
        _age().alias("person.age"), pl.col("event.stays.days").alias("event.stays"),
        pl.coalesce(STAYED_BEFORE, pl.col("event.stays.days").list.eval(pl.element() * 0)).alias(STAYED_BEFORE),
        pl.coalesce(*(_dated(fact) for fact in book.dated_by)).alias("decisive"))
    return filled.with_columns(_severity(book).alias("event.severity")).with_columns(
        ((pl.col("decisive") - pl.col("cover.effective")).dt.total_days() + 1).alias("day")
    ).with_columns(_band(book).alias("band"), _borderline(book).alias("flag.borderline_waiting"))


def _fee(book: RuleBook) -> pl.Expr:
    """The fee in fen; null where it hangs on a tier that the plan does not know."""

    def of(amount: Const | Table) -> pl.Expr:
        part = part_of(amount, "yuan")
        return part.later // part.den

    usual = of(book.fee.amount)
    each = usual if book.fee.high_risk is None else pl.when("person.high_risk_work").then(
        of(book.fee.high_risk)).otherwise(usual)
    return each * pl.col("cover.shares") if book.fee.per == "share" else each


def _dated(fact: str) -> pl.Expr:
    return _year_end(pl.col(fact)) if fact == "event.year" else pl.col(fact)


def _year_end(year: pl.Expr) -> pl.Expr:
    """31 December, by counting days from 1970: far cheaper than building dates row by row."""
    leaps = year // 4 - year // 100 + year // 400 - (1969 // 4 - 1969 // 100 + 1969 // 400)
    return (365 * (year - 1969) + leaps - 1).cast(pl.Int32).cast(pl.Date)


def _age() -> pl.Expr:
    born, on = pl.col("person.born").dt, pl.col("cover.effective").dt
    before = (on.month().cast(pl.Int64) * 100 + on.day()) < (born.month().cast(pl.Int64) * 100 + born.day())
    return (on.year() - born.year()).cast(pl.Int64) - before.cast(pl.Int64)


def _assumed_behaviour() -> pl.Expr:
    letter = pl.col("event.icd10").str.slice(0, 1)
    number = pl.col("event.icd10").str.slice(1, 2).cast(pl.Int64, strict=False)
    c, d = letter == "C", letter == "D"
    return (pl.when(c & number.is_between(77, 79)).then(pl.lit("6")).when(c & (number <= 97)).then(pl.lit("3"))
            .when(d & (number <= 9)).then(pl.lit("2")).when(d & number.is_between(10, 36)).then(pl.lit("0"))
            .when(d & number.is_between(37, 48)).then(pl.lit("1")))


def _severity(book: RuleBook) -> pl.Expr:
    behaviour = pl.col("event.behaviour")
    sudden = pl.col("event.sudden_death") if knows_sudden_death(book) else FALSE
    return (pl.when(sudden).then(pl.lit(SUDDEN_DEATH))
            .when(pl.col("event.severity").is_not_null()).then("event.severity")
            .when(behaviour == "2").then(pl.lit("in_situ")).when(behaviour == "3").then(pl.lit("malignant")))


def _within(span: Span, number: pl.Expr) -> pl.Expr:
    low = number >= span.low if span.low is not None else TRUE
    high = number <= span.high if span.high is not None else TRUE
    return (low & high).fill_null(False)


def _binds(book: RuleBook) -> pl.Expr:
    rule = book.bands or book.waiting
    return every(condition_expr(book, condition) for condition in rule.when) if rule else TRUE


def _band_words(book: RuleBook) -> list[str]:
    named = list(book.bands.ranges) if book.bands else []
    return [*named, *(word for word in (COVERED, WAITING, BEFORE) if word not in named)]


def _band(book: RuleBook) -> pl.Expr:
    day, renewal, binds = pl.col("day"), pl.col("cover.renewal"), _binds(book)
    words = {word: pl.lit(word, pl.Enum(_band_words(book))) for word in _band_words(book)}
    named: pl.Expr = words[COVERED]
    if book.bands is not None:
        for name, span in reversed(book.bands.ranges.items()):
            named = pl.when(_within(span, day) & binds).then(words[name]).otherwise(named)
        if book.bands.renewal:
            named = pl.when(renewal | ~binds).then(words[book.bands.renewal]).otherwise(named)
    elif book.waiting is not None:
        skipped = renewal if book.waiting.unless == "cover.renewal" else FALSE
        waits = _within(book.waiting.days, day) & ~skipped & binds
        named = pl.when(waits).then(words[WAITING]).otherwise(named)
    return pl.when(day < 1).then(words[BEFORE]).otherwise(named)


def _borderline(book: RuleBook) -> pl.Expr:
    day, renewal = pl.col("day"), pl.col("cover.renewal")
    if book.bands is not None:
        skipped = renewal if book.bands.renewal else FALSE
        lows = [span.low for span in book.bands.ranges.values() if span.low is not None and span.low > 1]
        return day.is_in(lows) & ~skipped & _binds(book)
    if book.waiting is not None and book.waiting.days.high is not None:
        skipped = renewal if book.waiting.unless == "cover.renewal" else FALSE
        return (day == book.waiting.days.high + 1) & ~skipped & _binds(book)
    return FALSE


def condition_expr(book: RuleBook, condition: Condition) -> pl.Expr:
    """One condition; a fact that is not stated meets none."""
    if condition.fact == "list":
        return some(_in_list(book.lists[name]) for name in condition.any_of)
    column = pl.col(condition.fact)
    if condition.present:
        return column.fill_null(False) if FACTS[condition.fact].type == "bool" else column.is_not_null()
    if condition.span is not None:
        return _within(condition.span, column)
    return column.cast(pl.String).is_in(list(condition.any_of)).fill_null(False)


def _in_list(rule: ListRule) -> pl.Expr:
    code, name = pl.col("event.icd10"), pl.col("event.disease")
    coded = some(code.str.starts_with(prefix).fill_null(False) for prefix in rule.icd10)
    if rule.behaviour:
        coded = coded & pl.col("event.behaviour").is_in(list(rule.behaviour)).fill_null(False)
    behaviour = pl.col("event.behaviour")
    fits = behaviour.is_null() | behaviour.is_in(list(rule.behaviour)) if rule.behaviour else TRUE
    named = name.is_in(list(rule.diseases)).fill_null(False) & fits
    if not (rule.verified or rule.icd10 or rule.diseases):
        return TRUE
    uncoded = FALSE if rule.verified else code.is_null() & (name.is_null() if rule.diseases else TRUE)
    return named | (code.is_not_null() & coded) | uncoded


def plan_open(book: RuleBook) -> pl.Expr:
    """No reason stands against every benefit: in cover, prerequisite held, eligible."""
    effective, until, day = pl.col("cover.effective"), pl.col("cover.until"), pl.col("decisive")
    inside = (effective <= day) & (day <= until)
    if "event.year" in book.dated_by:
        year = pl.col("event.year")
        in_year = (effective.dt.year() <= year) & (year <= until.dt.year())
        inside = pl.when(year.is_not_null()).then(in_year).otherwise(inside)
    held = pl.col(f"covered_by.{book.requires.plan}").fill_null(False) if book.requires else TRUE
    return inside & held & _eligible(book)


def _eligible(book: RuleBook) -> pl.Expr:
    rule, sex, relation, age = book.eligible, pl.col("person.sex"), pl.col("person.relation"), pl.col("person.age")
    parts = [condition_expr(book, condition) for condition in rule.when]
    if rule.sex:
        parts.append((sex == rule.sex).fill_null(True))
    if rule.relation:
        parts.append(relation.is_in(list(rule.relation)).fill_null(True))
    if rule.age:
        fits = _within(rule.age, age)
        if rule.renewal_age:
            fits = pl.when("cover.renewal").then(_within(rule.renewal_age, age)).otherwise(fits)
        parts.append(age.is_null() | fits)
    elif rule.renewal_age:
        parts.append(age.is_null() | ~pl.col("cover.renewal") | _within(rule.renewal_age, age))
    return every(parts)


def owed(book: RuleBook, benefit: Benefit) -> pl.Expr:
    """The benefit's own conditions hold and no exclusion was confirmed; waiting is looked at apart."""
    excluded = some(pl.col(f"excluded.{name}").fill_null(False)
                    for name in expand((*book.exclusions, *benefit.exclusions)))
    return every(condition_expr(book, condition) for condition in benefit.when) & ~excluded
