"""Stored computations (the words kept on worksheets, as JSON text) into the bulk engine's columns, in one pass.

What one pass over columns cannot read the same way - a reviewer's amounts and answers, anything that is not plainly
written - is read row by row as `vocabulary.parse` and `frame.frame` read it, so both ways end in the same frame.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from services.core.errors import InputError
from services.engine import columns
from services.engine.facts import STAYED_BEFORE, days_before, gather, stay_days
from services.engine.frame import exclusion_ids, frame, schema
from services.engine.one import check_input
from services.rulebook.computation import Computation, Cover, Event, Stay
from services.rulebook.dating import stated_date
from services.rulebook.facts import DEFAULTS, FACTS
from services.rulebook.schema import RuleBook
from services.rulebook.vocabulary import parse

_STAY = pl.Struct({"days": pl.Int64, "from": pl.String, "to": pl.String})
_PAID = pl.Struct({"benefit": pl.String, "amount": pl.String, "days": pl.Int64, "icd10": pl.String, "earlier": pl.Boolean})
_HELD = pl.Struct({"plan": pl.String, "effective": pl.String, "until": pl.String})
# As JSON carries them: money and days as text.
_RAW: dict[str, pl.DataType] = {
    "bool": pl.Boolean(), "int": pl.Int64(), "text": pl.String(), "date": pl.String(), "money": pl.String(), "days": pl.Int64(),
    "list_money": pl.List(pl.String), "list_int": pl.List(pl.Int64)}
_DERIVED = ("band", "person.age", "event.stays", "event.stays.days", "event.stays.from")
_ROW_BY_ROW = ('"manual"', '"exclusions"')
_MONEY, _DAY = r"^\d{1,11}(\.\d{1,2})?$", r"^\d{4}-\d\d-\d\d$"
_ICD10 = r"^\s*([A-Za-z]\d\d)\.?([0-9xX]{0,3}[0-9A-Za-z]{0,3})\s*$"
ROW = "row"


@dataclass(frozen=True, slots=True)
class Read:
    """`frame`: the columns of `frame.schema(book)` and `row`, the place in what was given; `faults`: why the other rows cannot be read."""

    frame: pl.DataFrame
    faults: dict[int, InputError]


def read(book: RuleBook, words: pl.Series) -> Read:
    """JSON texts of computations (String, none null) as the bulk engine's columns under this rule-book.

    The texts were checked when they were stored; what this rule-book does not know (a benefit paid before, a reviewer's
    amount) is a fault of its row.
    """
    wanted = [*schema(book), ROW]
    plain, rest = _plain(book, words)
    slow, faults = _row_by_row(book, words, rest)
    parts = [part.select(wanted) for part in (plain, slow) if part is not None and part.height]
    empty = pl.DataFrame(schema={**schema(book), ROW: pl.Int64()})
    return Read(pl.concat(parts).sort(ROW) if parts else empty, faults)


def _plain(book: RuleBook, words: pl.Series) -> tuple[pl.DataFrame | None, list[int]]:
    """Rows in columns, and the places of those that must be read one by one."""
    every = list(range(len(words)))
    texts = pl.DataFrame({ROW: pl.Series(every, dtype=pl.Int64), "words": words.cast(pl.String)})
    try:
        decoded = texts.filter(~columns.some(pl.col("words").str.contains(mark, literal=True) for mark in _ROW_BY_ROW)).with_columns(
            pl.col("words").str.json_decode(_shape()))
    except pl.exceptions.ComputeError:      # a shape that only the one by one reading knows, or names
        return None, every
    raw = decoded.unnest("words")
    facts = {name: spec.type for name, spec in FACTS.items() if name not in _DERIVED}
    cells = raw.select(ROW, "plan", "paid", "covers", pl.col("event").struct.field("stays"),
                       *(_stated(name).alias(name) for name in facts))
    table = cells.select(ROW, *(_converted(name, kind).alias(name) for name, kind in facts.items()))
    readable = columns.every(pl.col(name).is_null() | pl.col(f"{name}#").is_not_null() for name in facts)
    known = pl.col("paid").list.eval(pl.element().struct.field("benefit").is_in(list(book.benefits))).list.all()
    fits = cells.hstack(table.drop(ROW).rename({name: f"{name}#" for name in facts})).select(
        ROW, ok=readable & (pl.col("plan") == book.plan) & known.fill_null(True)).filter("ok")[ROW]
    keep = pl.col(ROW).is_in(fits.implode())
    cells, table = cells.filter(keep), table.filter(keep)
    if not table.height:
        return None, every
    full = table.join(_stays(cells, table), on=ROW, how="left").join(_paid(book, cells, table), on=ROW, how="left")
    full = full.with_columns(
        *(pl.lit(0, pl.Int64).alias(name) if name not in full.columns else pl.col(name).fill_null(0)
          for name in schema(book) if name.startswith("paid.") and not name.endswith(".same_disease")),
        *(pl.lit(False).alias(name) if name not in full.columns else pl.col(name).fill_null(False)
          for name in schema(book) if name.endswith(".same_disease")),
        *(pl.lit(None, pl.Int64).alias(f"manual.{name}") for name in book.benefits),
        *(pl.lit(False).alias(f"excluded.{name}") for name in dict.fromkeys(exclusion_ids(book))),
        *(pl.col(name).fill_null(pl.lit(value)) for name, value in DEFAULTS.items()))
    return _covered(book, cells, full), sorted(set(every) - set(fits))


def _shape() -> pl.Struct:
    parts: dict[str, dict[str, pl.DataType]] = {"cover": {}, "person": {}, "event": {}}
    for name, spec in FACTS.items():
        part, _, leaf = name.partition(".")
        if name not in _DERIVED and part in parts:
            parts[part][leaf] = _RAW[spec.type]
    parts["event"]["stays"] = pl.List(_STAY)
    return pl.Struct({"plan": pl.String, **{part: pl.Struct(fields) for part, fields in parts.items()},
                      "paid": pl.List(_PAID), "covers": pl.List(_HELD), "reported_on": pl.String})


def _stated(name: str) -> pl.Expr:
    part, _, leaf = name.partition(".")
    return pl.col(part).struct.field(leaf) if leaf else pl.col(part)


def _converted(name: str, kind: str) -> pl.Expr:
    """The column in the engine's type; null where the text is not plainly one. An empty list is not stated."""
    column = pl.col(name)
    if name == "event.icd10":
        return _icd10(column)
    if kind == "date":
        return _day(column)
    if kind == "money":
        return _fen(column)
    if kind == "list_money":
        fen = column.list.eval(_fen(pl.element()))
        return pl.when(column.list.len() == 0).then(None).when(~fen.list.eval(pl.element().is_null()).list.any()).then(fen)
    if kind == "list_int":
        return pl.when(column.list.len() > 0).then(column)
    return column


def _fen(column: pl.Expr) -> pl.Expr:
    return (pl.when(column.str.contains(_MONEY)).then(column).cast(pl.Decimal(20, 2)) * 100).cast(pl.Int64)


def _day(column: pl.Expr) -> pl.Expr:
    return pl.when(column.str.contains(_DAY)).then(column).str.to_date("%Y-%m-%d", strict=False)


def _icd10(column: pl.Expr) -> pl.Expr:
    head, rest = column.str.extract(_ICD10, 1).str.to_uppercase(), column.str.extract(_ICD10, 2).str.to_lowercase()
    return pl.when(rest.str.len_chars() > 0).then(head + "." + rest).otherwise(head)


def _stays(cells: pl.DataFrame, table: pl.DataFrame) -> pl.DataFrame:
    """Days of each stay, its days before the cover, the first admission. Stays with dates merge and are cut (A-17): one by one."""
    days = pl.col("stays").list.eval(pl.element().struct.field("days"))
    dated = pl.col("stays").list.eval(pl.element().struct.field("from").is_not_null()).list.any().fill_null(False)
    staying = cells.select(ROW, "stays").with_columns(dated.alias("dated")).hstack(table.select("cover.effective", "cover.until"))
    plain = staying.filter(~pl.col("dated")).select(
        ROW, pl.when(pl.col("stays").list.len() > 0).then(days).alias("event.stays.days"),
        pl.lit(None, pl.List(pl.Int64)).alias(STAYED_BEFORE), pl.lit(None, pl.Date).alias("event.stays.from"))
    rows = [(row, *_of_dates(stays, effective, until)) for row, stays, effective, until in
            staying.filter("dated").select(ROW, "stays", "cover.effective", "cover.until").iter_rows()]
    return pl.concat([plain, pl.DataFrame(rows, schema=plain.schema, orient="row")])


def _of_dates(stays: Iterable[dict[str, Any]], effective: date, until: date) -> tuple[list[int] | None, list[int] | None, date | None]:
    cover = Cover.model_construct(effective=effective, until=until)
    held = tuple(Stay.model_construct(days=stay["days"], from_=_iso(stay["from"]), to=_iso(stay["to"])) for stay in stays)
    event = Event.model_construct(kind="inpatient", stays=held)
    computation = Computation.model_construct(plan="", cover=cover, event=event)
    return list(stay_days(held, cover)) or None, list(days_before(held, cover)) or None, stated_date(computation, "event.stays.from")


def _iso(text: object) -> date | None:
    return date.fromisoformat(text) if isinstance(text, str) else None


def _paid(book: RuleBook, cells: pl.DataFrame, table: pl.DataFrame) -> pl.DataFrame:
    """What was paid before by benefit, in this period and ever; nothing for rows without such payments."""
    items = cells.select(ROW, "paid").hstack(table.select(pl.col("event.icd10").alias("own"))).explode("paid").filter(
        pl.col("paid").is_not_null()).unnest("paid").with_columns(
        _fen(pl.col("amount")).alias("fen"), pl.col("days").fill_null(0), _icd10(pl.col("icd10")).alias("icd10"),
        pl.col("earlier").fill_null(False))
    if not items.height:
        return cells.select(ROW)
    found: list[pl.Expr] = []
    alike = pl.col("icd10").str.slice(0, 3) == pl.col("own").str.slice(0, 3)
    for name in book.benefits:
        own = pl.col("benefit") == name
        for part, column in (("amount", "fen"), ("days", "days")):
            found += [pl.col(column).filter(own & ~pl.col("earlier")).sum().alias(f"paid.{name}.{part}"),
                      pl.col(column).filter(own).sum().alias(f"paid.{name}.{part}_life")]
        same = pl.when(pl.col("icd10").is_null()).then(own).otherwise(alike)
        found.append((pl.col("own").is_not_null() & (pl.col("fen") > 0) & same).any().alias(f"paid.{name}.same_disease"))
    return items.group_by(ROW).agg(found)


def _covered(book: RuleBook, cells: pl.DataFrame, full: pl.DataFrame) -> pl.DataFrame:
    """Whether the prerequisite plan was held on the decisive day; a cover stated without dates is in force."""
    if book.requires is None:
        return full
    name = f"covered_by.{book.requires.plan}"
    decided = columns.derived(book, full.lazy()).select(ROW, "decisive").collect()
    on = pl.col("decisive")
    held = cells.select(ROW, "covers").explode("covers").filter(pl.col("covers").is_not_null()).unnest("covers").filter(
        pl.col("plan") == book.requires.plan).join(decided, on=ROW).filter(
        (_day(pl.col("effective")).fill_null(on) <= on) & (on <= _day(pl.col("until")).fill_null(on)))[ROW].unique()
    return full.with_columns(pl.col(ROW).is_in(held.implode()).alias(name))


def _row_by_row(book: RuleBook, words: pl.Series, rows: list[int]) -> tuple[pl.DataFrame | None, dict[int, InputError]]:
    sound: list[tuple[int, Computation]] = []
    faults: dict[int, InputError] = {}
    for row in rows:
        try:
            computation = parse(json.loads(words[row]))
            check_input(book, computation)
            gather(book, computation)
        except InputError as error:
            faults[row] = error
            continue
        sound.append((row, computation))
    if not sound:
        return None, faults
    table = frame(book, [computation for _, computation in sound])
    return table.with_columns(pl.Series(ROW, [row for row, _ in sound], dtype=pl.Int64)), faults
