"""A partition's results into their tables: each in one COPY, sorted as the table's key is."""

from __future__ import annotations

import hashlib
import uuid

import polars as pl
from sqlmodel import Session

from services.core.db import driver_cursor
from services.core.ids import uuidv7s
from services.settlement.city.copying import array, copy_in
from services.settlement.paying import rules as paying

_BILL = ("person_id", "feed_id", "own_1", "over_cap", "other_reimb", "medfee_sumamt", "inscp_scp_amt", "act_pay_dedc", "hifp_pay",
         "hifob_pay", "cvlserv_pay", "hifes_pay", "maf_pay", "psn_part_amt", "pool_own", "large_own", "digest", "setl_at", "setl_on",
         "row_no", "year", "part", "version", "reversed", "superseded", "kind", "org_key", "setl_id", "medins_setl_id")
_LINE = ("settlement_id", "part", "person_id", "year", "org_key", "cover_id", "effective", "until", "category", "outpatient_own_1",
         "stays_own_1", "over_cap", "other_reimb", "paid", "lines", "took", "total_fen", "due_fen", "receivable_fen", "outcome",
         "flags", "card_id", "why_unpaid")
_REPLACE = """
    UPDATE bill b SET superseded = true FROM replaced r
    WHERE b.year = r.year AND b.part = r.part AND b.person_id = r.person_id AND b.setl_id = r.setl_id AND b.version = r.version"""


def bills(session: Session, new: pl.DataFrame, replaced: pl.DataFrame, *, feed_id: uuid.UUID, org_key: str) -> None:
    """New versions beside the old ones, which no longer count."""
    if not replaced.is_empty():
        cursor = driver_cursor(session)
        cursor.execute("CREATE TEMP TABLE replaced (year smallint, part smallint, person_id uuid, setl_id text COLLATE \"C\","
                       " version smallint) ON COMMIT DROP")
        copy_in(session, "replaced", replaced.select("year", "part", "person_id", "setl_id", "version"))
        cursor.execute("ANALYZE replaced")
        cursor.execute(_REPLACE)
    rows = new.with_columns(pl.lit(str(feed_id)).alias("feed_id"), pl.lit(org_key).alias("org_key"), pl.lit(False).alias("superseded"))
    for (year,), of_year in rows.sort("person_id", "setl_id").partition_by("year", as_dict=True).items():
        copy_in(session, f"bill_{int(str(year))}", of_year.select(_BILL))


def lines(session: Session, found: pl.DataFrame, *, settlement_id: uuid.UUID, part: int) -> str:
    """Every line under its year; returns the partition's digest, which does not know when or in which settlement it was made."""
    written = found.with_columns(
        pl.lit(str(settlement_id)).alias("settlement_id"), pl.lit(part, pl.Int16).alias("part"), pl.col("unit_key").alias("org_key"),
        array("stays_own_1"), *map(array, ("paid", "lines", "took", "flags"))).select(_LINE).sort("year", "person_id")
    for (year,), of_year in written.partition_by("year", as_dict=True, maintain_order=True).items():
        copy_in(session, f"settlement_line_{int(str(year))}", of_year)
    return hashlib.sha256(written.drop("settlement_id").write_csv().encode()).hexdigest()


def payments(session: Session, found: pl.DataFrame) -> None:
    """A line for everyone who gets something, in the partition's runs."""
    if not found.is_empty():
        rows = paying.numbered(found)
        # The table would make them too, but asks the system for randomness once a row.
        ids = pl.Series("id", [one.hex for one in uuidv7s(rows.height)])
        copy_in(session, paying.TABLE, rows.with_columns(ids))
