"""A batch of rows as text becomes staged rows and faults. Every check is a column expression; no row is looked at alone. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import reduce
from operator import or_

import polars as pl

from services.settlement.feed import amounts, digests, identities, names
from services.settlement.feed.columns import (
    FUNDS,
    ID_CARD,
    IDS,
    INSURANCE,
    KEPT_MONEY,
    KINDS,
    MONEY,
    NEEDED_MONEY,
    OTHER_MONEY,
)
from services.settlement.feed.identities import Index

_OLDEST = date(2012, 5, 1)          # the first wording of bj-medical
_YOUNGEST = 15                      # years: nobody insured as an employee is younger, and serials that begin with a day are recent
_ID_FORM = r"^[0-9A-Za-z][0-9A-Za-z._-]{0,29}$"
_WRITTEN = "%Y-%m-%d %H:%M:%S"
_MOMENT = r"^\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}:\d{2}(\.\d{1,6})?)?$"
SCHEMA: dict[str, pl.DataType] = {
    "member": pl.Binary(), "part": pl.Int16(), "name_hash": pl.UInt64(), **{name: pl.String() for name in IDS},
    "setl_at": pl.Datetime("us", "UTC"), "setl_on": pl.Date(), "year": pl.Int16(), "kind": pl.String(),
    **{name: pl.Int64() for name in KEPT_MONEY}, "reversed": pl.Boolean(), "digest": pl.Int64(), "row_no": pl.Int64()}


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for the whole feed. `seed` is of the names' hash."""

    plan: str
    year: int
    quarter: int
    seed: int

    @property
    def after(self) -> date:
        """The day after the quarter."""
        return date(self.year + self.quarter // 4, self.quarter % 4 * 3 + 1, 1)


@dataclass(frozen=True, slots=True)
class Fault:
    """The rows of a batch that a check speaks against."""

    column: str
    code: str
    rows: pl.Series


def checked(rows: pl.DataFrame, terms: Terms, index: Index) -> tuple[pl.DataFrame, list[Fault]]:
    """Staged rows of those without fault, and the faults of the others (their `rows` are masks over `rows`).

    `rows`: text columns of columns.USED (missing ones are empty) and `row_no`.
    """
    faults: list[Fault] = []
    text = rows.with_columns(pl.col(*IDS, "psn_cert_type", "insutype", "med_type", "setl_time", "reversed").str.strip_chars())
    fen = _money(text, faults)
    moments = _moments(text["setl_time"])
    back = text["reversed"] == "1"
    numbers = identities.clean(text["certno"])
    faults += _words(text, numbers, terms)
    faults += _whose(text, numbers)
    faults += _when(moments, terms)
    amount = _amounts(fen.with_columns(back.alias("reversed")))
    faults += _sums(amount)
    good = ~reduce(or_, (fault.rows for fault in faults)) if faults else pl.repeat(True, text.height, eager=True)
    taken = text.filter(good)
    staged = taken.select(
        *IDS, pl.col("med_type").replace_strict(KINDS, default=None).alias("kind"), "row_no").with_columns(
        names.hashed(taken["psn_name"], terms.seed).alias("name_hash"), pl.col("mdtrt_id", "medins_setl_id").replace("", None),
        *identities.members(numbers.filter(good), index), *_kept(amount.filter(good)), *_days(moments.filter(good)))
    return staged.with_columns(digests.digest(staged)).select(*SCHEMA), [fault for fault in faults if fault.rows.any()]


def _money(text: pl.DataFrame, faults: list[Fault]) -> pl.DataFrame:
    """Fen. Null where an amount cannot be read or is not known, so that no sum is drawn from it."""
    read = []
    for name in MONEY:
        values, wrong = amounts.fen(text[name])
        empty = values.is_null()
        for code, rows in wrong.items():
            faults.append(Fault(name, code, rows))
            empty &= ~rows
        if name in NEEDED_MONEY and empty.any():
            faults.append(Fault(name, "money_empty", empty))
        read.append((values.set(empty, 0) if name in OTHER_MONEY else values).alias(name))
    return pl.DataFrame(read)


def _moments(text: pl.Series) -> pl.Series:
    """Instants (UTC, whole seconds) of what is written in China's time; null where it is no moment. A day alone begins it."""
    whole = text.str.to_datetime(_WRITTEN, strict=False, time_unit="us")
    odd = whole.is_null() & text.str.contains(_MOMENT)
    if odd.any():
        said = text.filter(odd).str.slice(0, 19).str.replace("T", " ", literal=True)
        said = said.zip_with(said.str.len_bytes() > len("2026-09-30"), said + " 00:00:00")
        whole = whole.scatter(odd.arg_true(), said.str.to_datetime(_WRITTEN, strict=False, time_unit="us"))
    return whole.dt.replace_time_zone("Asia/Shanghai", non_existent="null", ambiguous="earliest").dt.convert_time_zone("UTC")


def _days(moments: pl.Series) -> Iterator[pl.Series]:
    days = moments.dt.convert_time_zone("Asia/Shanghai").dt.date()
    yield from (moments.alias("setl_at"), days.alias("setl_on"), days.dt.year().cast(pl.Int16).alias("year"))


def _when(moments: pl.Series, terms: Terms) -> list[Fault]:
    days = moments.dt.convert_time_zone("Asia/Shanghai").dt.date()
    return [Fault("setl_time", "date", moments.is_null()), Fault("setl_time", "not_due", (days >= terms.after).fill_null(False)),
            Fault("setl_time", "too_old", (days < _OLDEST).fill_null(False))]


def _words(text: pl.DataFrame, numbers: pl.Series, terms: Terms) -> Iterator[Fault]:
    """Ids and codes."""
    empty = text["setl_id"].fill_null("") == ""
    yield Fault("setl_id", "id_empty", empty)
    for name in IDS:
        told = text[name].fill_null("")
        yield Fault(name, "id_form", ~told.str.contains(_ID_FORM) & (told != ""))
        yield Fault(name, "id_is_identity", ((told == numbers) & (told != ""))
                    | identities.looks_like_one(told, terms.year - _YOUNGEST))
    yield Fault("insutype", "insutype", (text["insutype"] != INSURANCE).fill_null(True))
    yield Fault("med_type", "med_type", ~text["med_type"].is_in(list(KINDS)).fill_null(False))
    yield Fault("reversed", "reversed", ~text["reversed"].fill_null("").is_in(["", "0", "1"]))


def _whose(text: pl.DataFrame, numbers: pl.Series) -> Iterator[Fault]:
    card = text["psn_cert_type"].fill_null("").is_in(["", ID_CARD])
    yield Fault("psn_cert_type", "cert_type", ~card)
    for code, rows in identities.faults(numbers).items():
        yield Fault("certno", code, rows & card)
    yield Fault("psn_name", "name_empty", text["psn_name"].fill_null("").str.strip_chars() == "")


def _amounts(fen: pl.DataFrame) -> pl.DataFrame:
    """And what we reckon of them: own payment class one, all that funds paid."""
    return fen.with_columns(
        (pl.col("inscp_scp_amt") - pl.col("hifp_pay") - pl.col("hifob_pay") - pl.col("cvlserv_pay")).alias("own"),
        pl.sum_horizontal(FUNDS, ignore_nulls=False).alias("funds"), pl.col("reversed").fill_null(False))


def _sums(amount: pl.DataFrame) -> Iterator[Fault]:
    """How amounts hang together, to the fen. A reversed bill counts as nothing: its amounts may be negative and are not added up."""
    held = amount.with_columns(pl.when(~pl.col("reversed")).then(pl.all().exclude("reversed")))
    for name in MONEY:
        yield Fault(name, "money_negative", (held[name] < 0).fill_null(False))
    both = (pl.col("pool_own_amt") + pl.col("large_own_amt"))
    tests = {"fund_sum": ("fund_pay_sumamt", pl.col("fund_pay_sumamt") != pl.col("funds")),
             "person_part": ("psn_part_amt", pl.col("medfee_sumamt") != pl.col("fund_pay_sumamt") + pl.col("psn_part_amt")
                             + pl.col("hosp_part_amt")),
             "beyond_bill": ("inscp_scp_amt", pl.col("inscp_scp_amt") > pl.col("medfee_sumamt")),
             "own_negative": ("inscp_scp_amt", pl.col("own") < 0),
             "over_cap": ("over_cap_amt", (pl.col("over_cap_amt") > pl.col("own")) & (pl.col("own") >= 0)),
             "segments": ("pool_own_amt", both != pl.col("own"))}
    found = held.select(test.fill_null(False).alias(code) for code, (_, test) in tests.items())
    for code, (column, _) in tests.items():
        yield Fault(column, code, found[code])


def _kept(amount: pl.DataFrame) -> Iterator[pl.Series]:
    """The money columns of a staged row, in fen."""
    counts = ~pl.col("reversed")
    over = pl.when(counts).then("over_cap_amt").otherwise(0)
    yield from amount.select(
        (pl.when(counts).then("own").otherwise(0) - over).alias("own_1"), over.alias("over_cap"),
        pl.when(over > 0).then(pl.col("hifes_pay") + pl.col("maf_pay")).otherwise(0).alias("other_reimb"),
        "medfee_sumamt", "inscp_scp_amt", "act_pay_dedc", "hifp_pay", "hifob_pay", "cvlserv_pay", "hifes_pay", "maf_pay", "psn_part_amt",
        pl.col("pool_own_amt").alias("pool_own"), pl.col("large_own_amt").alias("large_own"), "reversed")
