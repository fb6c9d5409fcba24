"""`huzhu feed check FILE`: the medical insurance's file of a quarter looked at as a settlement would, without writing a record."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import shutil
import tempfile
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from services.cli.output import SAID_NO, AsJson, say, say_json, say_table
from services.core.errors import InputError
from services.core.money import show, to_yuan
from services.settlement.feed import reading, staging
from services.settlement.feed.reading import OnDisk
from services.settlement.feed.reasons import REASONS
from services.settlement.feed.staged import Staged

feed = typer.Typer(help="医保结算数据", no_args_is_help=True)
_SUMS = {"medfee_sumamt": "医疗费总额", "inscp_scp_amt": "符合政策范围金额", "hifp_pay": "统筹基金支出", "own_1": "封顶线以下自付一",
         "over_cap": "封顶线以上自付一"}


@feed.callback()
def _group() -> None:
    """One word below `feed` today; more may follow."""


@feed.command()
def check(file: Annotated[Path, typer.Argument(help="数据文件：CSV、gzip 压缩的 CSV 或 Parquet")],
          year: Annotated[int, typer.Option(help="年度", min=2012, max=2050)],
          quarter: Annotated[int, typer.Option(help="季度，1 至 4", min=1, max=4)],
          plan: Annotated[str, typer.Option(help="计划代码")] = "bj-medical",
          rejects: Annotated[Path | None, typer.Option(help="不合格行清单（CSV.gz）写到这里")] = None,
          processes: Annotated[int, typer.Option(help="同时用几个进程", min=1, max=64)] = 1,
          as_json: AsJson = False) -> None:
    """逐行核对数据文件：合格几行，每种问题几行，不合格的行写入清单。不写数据库。有不合格行时退出码 1。"""
    if not file.is_file():
        raise InputError("file_missing", f"没有文件 {file}", remedy="核对文件名", field="FILE")
    source = OnDisk(file)
    with tempfile.TemporaryDirectory(prefix="huzhu-feed-") as folder, _progress(quiet=as_json) as shown:
        task = shown.add_task("核对", total=source.size)
        staged = staging.stage(source, reading.told(source), Path(folder), plan=plan, year=year, quarter=quarter, processes=processes,
                               index=partial(passing_index, key=secrets.token_bytes(32)),
                               progress=lambda what, done, of: shown.update(task, description=what, completed=done, total=of))
        written = rejects or file.with_name(f"{file.name.split('.')[0]}-不合格行.csv.gz")
        if staged.rejected:
            shutil.copyfile(staged.rejects, written)
    _say(staged, written if staged.rejected else None, as_json=as_json)
    if staged.rejected:
        raise typer.Exit(SAID_NO)


def passing_index(numbers: list[str], *, key: bytes) -> list[bytes]:
    """Indices that hold for this one look and meet no member's: checking asks nobody's keys."""
    return [hmac.digest(key, number.encode(), hashlib.sha256) for number in numbers]


def _progress(*, quiet: bool) -> Progress:
    return Progress(TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"), TimeElapsedColumn(),
                    console=Console(stderr=True), disable=quiet, transient=True)


def _say(staged: Staged, written: Path | None, *, as_json: bool) -> None:
    if as_json:
        say_json({"rows": staged.rows, "accepted": staged.accepted, "rejected": staged.rejected, "repeated": staged.repeated,
                  "reasons": staged.reasons, "kinds": staged.kinds, "sums_fen": staged.sums, "ignored_columns": staged.ignored,
                  "rejects": str(written) if written else None})
        return
    if staged.reasons:
        say_table(("原因", "列", "行数", "问题", "办法"), [
            (code, REASONS[code].column, f"{count:,}", REASONS[code].text, REASONS[code].remedy)
            for code, count in sorted(staged.reasons.items(), key=lambda item: (-item[1], item[0]))], title="不合格的原因（一行可有几种）")
    say(f"共 {staged.rows:,} 行：合格 {staged.accepted:,} 行（门诊 {staged.kinds['outpatient']:,}、住院 {staged.kinds['inpatient']:,}），"
        f"不合格 {staged.rejected:,} 行，重复报送 {staged.repeated:,} 行")
    if staged.accepted:
        say_table(("合格行合计", "元"), [(words, show(to_yuan(staged.sums[name]))) for name, words in _SUMS.items()])
    if staged.ignored:
        say(f"没有读取的列：{'、'.join(staged.ignored)}")
    if written:
        say(f"不合格行清单：{written}")
