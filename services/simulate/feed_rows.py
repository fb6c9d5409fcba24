"""Single settlements for synthetic feeds: amounts that add up as the medical insurance adds them, and rows that are wrong on purpose."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

Numbers = NDArray[np.int64]
_KINDS = pl.Series(("11", "11", "14", "13", "19", "21", "21", "21", "24"))     # outpatient first
MONEY = ["medfee_sumamt", "fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt", "act_pay_dedc", "hifp_pay",
         "cvlserv_pay", "hifes_pay", "hifmi_pay", "hifob_pay", "maf_pay", "oth_pay", "fund_pay_sumamt", "psn_part_amt", "acct_pay",
         "psn_cash_pay", "over_cap_amt"]
COLUMNS = ["mdtrt_id", "setl_id", "psn_no", "psn_name", "psn_cert_type", "certno", "gend", "insutype", "psn_type", "setl_time", "med_type",
           *MONEY, "medins_setl_id", "clr_way", "clr_type", "reversed"]


def settlements(who: pl.DataFrame, serial: Numbers, moments: NDArray[np.datetime64], place: str, chance: np.random.Generator,
                amounts: np.random.Generator) -> pl.DataFrame:
    """One settlement for each row of `who`, every column as text. `chance` draws what a bill is, `amounts` what it costs."""
    count = who.height
    stay = chance.random(count) < 0.15
    kinds = _KINDS[np.where(stay, chance.integers(5, 9, count), chance.integers(0, 5, count))]
    order = pl.Series(serial).cast(pl.String)
    fen = _amounts(stay, amounts)
    return who.select("certno", pl.col("name").alias("psn_name")).with_columns(
        (pl.lit(f"{place}V") + order).alias("mdtrt_id"), (pl.lit(place) + order).alias("setl_id"),
        (pl.lit(f"{place}H") + order).alias("medins_setl_id"), pl.Series("setl_time", moments).dt.strftime("%Y-%m-%d %H:%M:%S"),
        kinds.alias("med_type"), pl.lit("01").alias("psn_cert_type"), pl.lit("310").alias("insutype"), pl.lit("11").alias("psn_type"),
        pl.lit("1").alias("gend"), pl.lit("").alias("psn_no"), pl.lit("1").alias("clr_way"),
        pl.Series(("11", "21"))[stay.astype(np.int64)].alias("clr_type"), pl.lit("0").alias("reversed"),
        *(_yuan(name, values) for name, values in fen.items())).select(COLUMNS)


def _amounts(stay: NDArray[np.bool_], draw: np.random.Generator) -> Mapping[str, Numbers]:
    """In fen. The insured part less what funds paid of it is the member's own payment class one; some of it above the ceiling."""
    count = len(stay)
    within = np.where(stay, draw.integers(300_000, 6_000_000, count), draw.integers(2_000, 900_000, count))
    beyond = (stay & (draw.random(count) < 0.02)) * draw.integers(1_000_000, 30_000_000, count)     # above the ceiling
    pool = within * draw.integers(40, 85, count) // 100
    rest = within - pool
    large = np.where(stay, rest * draw.integers(0, 40, count) // 100, 0)
    civil = (draw.random(count) < 0.05) * ((rest - large) // 3)
    other = {"hifes_pay": (draw.random(count) < 0.03) * draw.integers(100, 20_000, count), "hifmi_pay": np.zeros(count, np.int64),
             "maf_pay": (draw.random(count) < 0.02) * draw.integers(100, 30_000, count), "oth_pay": np.zeros(count, np.int64)}
    outside = {name: within * draw.integers(0, most, count) // 100
               for name, most in (("fulamt_ownpay_amt", 12), ("overlmt_selfpay", 4), ("preselfpay_amt", 9))}
    funds = pool + large + civil + sum(other.values())
    whole = within + beyond + sum(outside.values())
    # What other funds paid beyond the insured part cannot exceed the bill.
    other = {name: np.where(funds <= whole, fen, 0) for name, fen in other.items()}
    funds = pool + large + civil + sum(other.values())
    card = (whole - funds) // 4
    return {"medfee_sumamt": whole, **outside, "inscp_scp_amt": within + beyond, "act_pay_dedc": np.where(stay, 65_000, 0),
            "hifp_pay": pool, "cvlserv_pay": civil, "hifob_pay": large, **other, "fund_pay_sumamt": funds,
            "psn_part_amt": whole - funds, "acct_pay": card, "psn_cash_pay": whole - funds - card, "over_cap_amt": beyond}


def _yuan(name: str, fen: Numbers) -> pl.Series:
    """`1234` fen as the text `12.34`."""
    held = pl.Series(name, fen)
    return (held // 100).cast(pl.String) + "." + (held % 100).cast(pl.String).str.zfill(2)


# What is done to a row, and the reason it must be rejected for. `{after}`: the day after the quarter.
BAD: tuple[tuple[str, str, str], ...] = (
    ("certno", "11009919620101000Z", "identity_pattern"), ("certno", "110099196213010006", "identity_date"),
    ("psn_name", "", "name_empty"), ("setl_id", "", "id_empty"), ("insutype", "390", "insutype"), ("med_type", "51", "med_type"),
    ("setl_time", "{after} 00:00:00", "not_due"), ("setl_time", "2026-02-30 10:00:00", "date"), ("hifp_pay", "1.234", "money_decimals"),
    ("hifp_pay", "12元", "money"), ("inscp_scp_amt", "", "money_empty"), ("hifob_pay", "-0.01", "money_negative"),
    ("fund_pay_sumamt", "0.07", "fund_sum"), ("psn_part_amt", "0.07", "person_part"), ("over_cap_amt", "99999999.00", "over_cap"))


def damaged(rows: pl.DataFrame, after: date) -> pl.DataFrame:
    """Each row with one of BAD's faults, in turn."""
    turn = pl.int_range(pl.len()) % len(BAD)
    for number, (column, text, _) in enumerate(BAD):
        rows = rows.with_columns(pl.when(turn == number).then(pl.lit(text.format(after=after))).otherwise(pl.col(column)).alias(column))
    return rows
