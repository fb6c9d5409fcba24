"""What the partitions need, made once: the feed staged, known bills found again, members looked up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import cast

import polars as pl
import sqlalchemy as sa
from sqlmodel import Session

from services.core.errors import Conflict
from services.core.settings import settings
from services.models import FeedFile, Settlement
from services.rulebook import registry
from services.settlement.city import known, members
from services.settlement.city.folder import PARTS, Folder
from services.settlement.feed import receive, staging
from services.settlement.feed.reading import Format
from services.settlement.feed.staged import Staged
from services.storage import service as storage

MOSTLY_WRONG = "feed_mostly_wrong"
Progress = Callable[[str, int, int], None]      # what is being done, how far, of how many


def silent(_what: str, _done: int, _of: int) -> None:
    """Tell nobody."""


def write(session: Session, settlement: Settlement, folder: Folder, progress: Progress, *, now: datetime) -> None:
    """Fill the folder."""
    feed = session.get_one(FeedFile, settlement.feed_id)
    staged = staging.stage(receive.opened(feed), cast(Format, feed.format), folder.staged, plan=feed.plan, year=feed.year,
                           quarter=feed.quarter, parts=PARTS, processes=settings().settle_processes, progress=progress)
    if staged.rejected > staged.accepted:
        raise Conflict(MOSTLY_WRONG, f"数据文件 {staged.rows} 行中 {staged.rejected} 行不合格", field="source",
                       remedy="多半是列错位或导出有误：用 huzhu feed check 核对后请医保部门重新提供")
    feed.rows, feed.accepted, feed.rejected, feed.reasons = staged.rows, staged.accepted, staged.rejected, staged.reasons
    feed.rejects_sha256 = storage.put(staged.rejects.read_bytes()) if staged.rejected else None
    feed.staged_at = now
    session.add(feed)
    session.flush()
    session.execute(sa.text("UPDATE feed_file SET state = 'staged' WHERE id = :feed"), {"feed": feed.id})
    rows = _rows(staged)
    progress("核对先前的结算单", 0, 1)
    known.write(session, folder, rows, plan=settlement.plan)
    progress("查找会员、保障和京卡", 0, 1)
    book = registry.resolve(settlement.plan, date(settlement.year, 12, 31))
    folder.empty("strays")
    members.write(session, folder, _asked(folder, rows), plan=settlement.plan, banks=list(book.banks.allow), seed=staged.seed)
    progress("查找会员、保障和京卡", 1, 1)


def _rows(staged: Staged) -> pl.LazyFrame:
    """Every staged row, in no order."""
    if not staged.laid:
        return Staged.empty().lazy()
    rows = pl.scan_ipc([staged.folder / laid.file for laid in staged.laid])
    return rows.filter(~pl.col("row_no").is_in(staged.dropped)) if staged.dropped else rows


def _asked(folder: Folder, rows: pl.LazyFrame) -> dict[int, pl.DataFrame]:
    """The members of each year that the rows name, or whose bill of that year they replace."""
    wanted = rows.select("member", "year").unique()
    files = folder.all_of("known")
    if files:
        old = pl.scan_parquet(files).select("setl_id", pl.col("old_year").alias("year"))
        wanted = pl.concat([wanted, rows.select("member", "setl_id").join(old, on="setl_id").select("member", "year")]).unique()
    found = wanted.collect()
    return {int(str(year)): of_year.select("member") for (year,), of_year in found.partition_by("year", as_dict=True).items()}
