"""Rows of a feed that belong to nobody covered: a list by row number, with reason and remedy; no name and no number of a person.

Each partition's rows lie in the store before the partition is committed and are named by it: the folder may be lost on the way.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Sequence

import polars as pl

from services.core.errors import Conflict
from services.models import SettlementPart
from services.settlement.city.folder import Folder
from services.settlement.city.rules import REASONS
from services.storage import service as storage


def of_part(rows: pl.DataFrame) -> str | None:
    """A partition's rows (`rules.Resolved.unresolved`) put into the store: their SHA-256; None when there are none."""
    if rows.is_empty():
        return None
    out = io.BytesIO()
    rows.write_parquet(out, compression="zstd", statistics=False)
    return storage.put(out.getvalue())


def keep(parts: Sequence[SettlementPart], folder: Folder) -> str:
    """The list of the partitions that have such rows, as CSV.gz in the store; returns its SHA-256.

    Conflict: a partition's rows are in neither place.
    """
    rows = pl.concat([_rows(part, folder) for part in parts]).sort("row_no")
    words = {code: text for code, (text, _) in REASONS.items()}
    cures = {code: text for code, (_, text) in REASONS.items()}
    told = rows.select(pl.col("row_no").alias("行号"), pl.col("setl_id").alias("结算编号"), pl.col("reason").alias("原因代码"),
                       pl.col("reason").replace_strict(words).alias("原因"), pl.col("reason").replace_strict(cures).alias("办法"))
    return storage.put(gzip.compress(told.write_csv(include_bom=True).encode(), mtime=0))


def _rows(part: SettlementPart, folder: Folder) -> pl.DataFrame:
    """Partitions committed before 0066 have theirs in the folder alone."""
    if part.unresolved_sha256:
        return pl.read_parquet(io.BytesIO(storage.get(part.unresolved_sha256)))
    rows = folder.read("unresolved", part.part, pl.Schema())
    if rows.height != part.unresolved:
        raise Conflict("unresolved_lost", f"第 {part.part} 分区有 {part.unresolved} 行未入账，其清单已遗失",
                       remedy="从备份恢复数据目录后重新运行这次结算")
    return rows
