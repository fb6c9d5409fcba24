"""Rows of a feed that belong to nobody covered: a list by row number, with reason and remedy; no name and no number of a person."""

from __future__ import annotations

import gzip

import polars as pl

from services.settlement.city.folder import Folder
from services.settlement.city.rules import REASONS
from services.storage import service as storage


def keep(folder: Folder) -> str:
    """The list of all partitions as CSV.gz in the store; returns its SHA-256."""
    rows = pl.read_parquet(folder.all_of("unresolved")).sort("row_no")
    words = {code: text for code, (text, _) in REASONS.items()}
    cures = {code: text for code, (_, text) in REASONS.items()}
    told = rows.select(pl.col("row_no").alias("行号"), pl.col("setl_id").alias("结算编号"), pl.col("reason").alias("原因代码"),
                       pl.col("reason").replace_strict(words).alias("原因"), pl.col("reason").replace_strict(cures).alias("办法"))
    return storage.put(gzip.compress(told.write_csv(include_bom=True).encode(), mtime=0))
