"""Claims computed again by columns: under the proposed file, and under the wording that each was decided by."""

from __future__ import annotations

import json
from datetime import date

import polars as pl

from services.core.errors import HuzhuError, InputError
from services.engine import bulk, columns, stored
from services.rulebook import registry
from services.rulebook.dating import decisive_date
from services.rulebook.facts import FACTS
from services.rulebook.schema import RuleBook
from services.rulebook.vocabulary import parse

ROW = stored.ROW
EARLIER, ENDED, LATER = "earlier", "ended", "later"
MISSING = "本文件要用的事实当时没有申报；在放行理由里估计这些案件的影响"
BEYOND = "核对文件是否有意不再包括这一情形；有意的，在放行理由里写明"
_FAULT = pl.Struct({"code": pl.String, "message": pl.String, "remedy": pl.String})


def reckoned(book: RuleBook, words: pl.Series) -> pl.DataFrame:
    """One row a stored input, in order: `after` (total and refund, fen), `refund`, `waits` (for a reviewer's amount), `decisive`,
    `line.<benefit>`, and `fault` (code, message, remedy) where the book cannot compute it; then the other columns say nothing.
    """
    read = stored.read(book, words)
    done, refusals = bulk.marked(book, read.frame)
    marks = bulk.refuse_columns(refusals)
    said = [_fault_of(InputError(one.code, f"{one.field}：{one.message}", field=one.field)) for one in refusals]
    fault = pl.lit(None, _FAULT)
    for mark, one in reversed(list(zip(marks, said, strict=True))):
        fault = pl.when(pl.col(mark)).then(pl.struct(*(pl.lit(text).alias(name) for name, text in one.items()))).otherwise(fault)
    days = columns.derived(book, read.frame.lazy()).select(ROW, "decisive").collect()
    sound = done.select(
        ROW, (pl.col("total") + pl.col("refund")).alias("after"), "refund", (pl.col("outcome") == "manual").alias("waits"),
        *(f"line.{name}" for name in book.benefits), fault.alias("fault")).join(days, on=ROW)
    unread = pl.DataFrame([{ROW: row, "fault": _fault_of(error), "decisive": _decisive(book, words[row])}
                           for row, error in read.faults.items()],
                          schema={ROW: pl.Int64(), "fault": _FAULT, "decisive": pl.Date()})
    return pl.concat([sound, unread], how="diagonal").sort(ROW)


def _fault_of(error: InputError) -> dict[str, str]:
    """In words for who proposes the file: the claims are closed, so what the engine asks of an input is no remedy here."""
    spec = FACTS.get(error.field or "")
    named = f"{spec.label}（{error.field}）" if spec else error.field or ""
    message = error.message.replace(error.field, named, 1) if error.field and error.field in error.message else error.message
    return {"code": error.code, "message": message, "remedy": MISSING if error.code == "missing_key" else BEYOND}


def _decisive(book: RuleBook, text: str) -> date | None:
    """The day of an input that cannot be computed, where it states one: it may lie outside of the file's dates."""
    try:
        return decisive_date(book, parse(json.loads(text)))
    except InputError:
        return None


def present(plan: str, claims: pl.DataFrame) -> pl.DataFrame:
    """Under the wording that each claim is pinned to, as `reckoned`: `again` and `unable` (why it cannot be computed)."""
    parts = []
    for (from_,), group in claims.partition_by("plan_from", as_dict=True).items():
        assert isinstance(from_, date)
        try:
            found = reckoned(registry.version(plan, from_), group["words"])
        except HuzhuError as error:     # the wording is no longer there
            parts.append(group.select("claim_no", pl.lit(None, pl.Int64).alias("again"), pl.lit(error.message).alias("unable")))
            continue
        parts.append(group.select("claim_no").hstack(found.select(
            pl.when(pl.col("fault").is_null()).then("after").alias("again"), pl.col("fault").struct.field("message").alias("unable"))))
    empty = {"claim_no": pl.String(), "again": pl.Int64(), "unable": pl.String()}
    return pl.concat(parts) if parts else pl.DataFrame(schema=empty)


def outside(book: RuleBook) -> pl.Expr:
    """Of the decisive day: which of the file's dates it lies beyond; null where the file governs it, or no day is stated."""
    day = pl.col("decisive")
    later = min((other.from_ for other in known(book.plan) if other.from_ > book.from_), default=None)
    found = pl.lit(None, pl.String)
    if later is not None:
        found = pl.when(day >= later).then(pl.lit(LATER)).otherwise(found)
    if book.until is not None:
        found = pl.when(day > book.until).then(pl.lit(ENDED)).otherwise(found)
    return pl.when(day < book.from_).then(pl.lit(EARLIER)).otherwise(found)


def known(plan: str) -> list[RuleBook]:
    """The wordings of a plan that hold now; none of a new plan."""
    return [book for book in registry.plans() if book.plan == plan]


def frozen_lines(texts: pl.Series) -> pl.DataFrame:
    """What each frozen worksheet paid by benefit: `place` (its row), `benefit`, `fen`."""
    shape = pl.List(pl.Struct({"benefit": pl.String, "amount": pl.String}))
    table = pl.DataFrame({"place": range(len(texts)), "lines": texts}, schema={"place": pl.Int64, "lines": pl.String})
    return table.with_columns(pl.col("lines").str.json_decode(shape)).explode("lines").filter(pl.col("lines").is_not_null()).unnest(
        "lines").select("place", "benefit", (pl.col("amount").cast(pl.Decimal(20, 2)) * 100).cast(pl.Int64).alias("fen"))

