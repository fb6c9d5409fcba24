"""Rows that the columns reading cannot compute: marked in the same pass, refused by name with their number.

What `vocabulary.parse` refuses in one computation, a frame may still hold; only columns the frame has are looked at.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import polars as pl

from services.core.errors import InputError
from services.rulebook.computation import MOST_DAYS, MOST_YUAN
from services.rulebook.facts import FACTS
from services.rulebook.schema import RuleBook
from services.rulebook.steps import ScaleBy

_ICD10 = r"^[A-Z]\d\d(\.[0-9A-Za-z]*)?$"
_MOST = {"yuan": int(MOST_YUAN * 100), "days": MOST_DAYS}


@dataclass(frozen=True, slots=True)
class Refusal:
    """What to say of the rows for which `rows` is true; `code` as in one computation."""

    rows: pl.Expr
    message: str
    remedy: str
    field: str
    code: str = "wrong_value"

    def unless_none(self, marked: pl.Series) -> None:
        """InputError with the number of rows, when there are any."""
        count = int(marked.sum())
        if count:
            raise InputError(self.code, f"{self.field}：有 {count} 行{self.message}", remedy=self.remedy, field=self.field)


def of_rows(book: RuleBook, given: Collection[str], *, needs_disease: bool) -> Iterator[Refusal]:
    """Refusals that hold for the whole row. `given`: the columns of the frame itself."""
    yield Refusal(pl.col("decisive").is_null(), "没有决定日期", f"补上 {book.dated_by[0]}", book.dated_by[0], "missing_key")
    for name in ("cover.effective", "cover.until"):
        yield Refusal(pl.col(name).is_null(), "没有保障起止日", f"补上 {name}", name, "missing_key")
    shares = pl.col("cover.shares")
    if "cover.shares" in given:
        yield Refusal((shares < 1) | (shares > book.shares.max), f"不在 1 至 {book.shares.max} 份之内", "改正份数", "cover.shares")
    if "event.kind" in given:
        yield Refusal(~pl.col("event.kind").is_in(list(book.kinds)), f"不是本计划受理的事件（{'、'.join(book.kinds)}）",
                      "核对计划和事件类别", "event.kind")
    if needs_disease:
        unnamed = pl.col("event.icd10").is_null() & pl.col("event.disease").is_null()
        yield Refusal(unnamed & pl.col("event.kind").eq_missing(pl.lit("diagnosis")), "没有写明疾病，本计划按病种给付",
                      "补上 event.icd10", "event.icd10", "missing_key")
    if "event.icd10" in given:
        yield Refusal(~pl.col("event.icd10").str.contains(_ICD10), "不是 ICD-10 编码", "应为 C50.900 这样的编码", "event.icd10")
    yield from _numbers(given)
    yield from _items(book, given)


def _numbers(given: Collection[str]) -> Iterator[Refusal]:
    """Amounts and days from 0 up to what is real; beyond that whole numbers would overflow unseen."""
    units = {name: spec.unit for name, spec in FACTS.items() if spec.unit != "number"}
    for name in given:
        unit = units.get(name) or ("days" if name.endswith((".days", ".days_life")) else "yuan")
        if (name not in units and not name.startswith(("paid.", "manual."))) or name.endswith(".same_disease"):
            continue
        low, high = pl.col(name), pl.col(name)
        if name in FACTS and FACTS[name].is_list:
            low, high = low.list.min(), high.list.max()
        said = "金额为负或超过一百亿元" if unit == "yuan" else f"天数为负或超过 {MOST_DAYS}"
        yield Refusal((low < 0) | (high > _MOST[unit]), said, f"改正 {name}", name)


def _items(book: RuleBook, given: Collection[str]) -> Iterator[Refusal]:
    scales = {step.scale.fact: step.scale for benefit in book.benefits.values() for step in benefit.steps
              if isinstance(step, ScaleBy)}
    for name, scale in scales.items():
        if name in given:
            unknown = pl.col(name).list.eval(~pl.element().is_in(list(scale.items))).list.any()
            yield Refusal(unknown, f"的伤残项目不在{scale.title}之内", f"应为 {min(scale.items)} 至 {max(scale.items)}", name)
