"""`huzhu settle FEED`: a quarter's feed received, its settlement owed to the worker, and followed until it is through."""

from __future__ import annotations

import time
import uuid
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from services.access.actor import Actor
from services.cli.acting import As, acting, changing, moment
from services.cli.output import SAID_NO, AsJson, say, say_json, say_table
from services.core.db import Database, database
from services.core.errors import InputError
from services.core.money import show, to_yuan
from services.models import Settlement
from services.outbox import service as outbox
from services.settlement.city import queries
from services.settlement.city import service as city
from services.settlement.feed import receive

_LOOK = 0.5         # seconds between two looks at a settlement under way


def settle(file: Annotated[Path, typer.Argument(help="数据文件：CSV、gzip 压缩的 CSV 或 Parquet")],
           year: Annotated[int, typer.Option(help="年度", min=2012, max=2050)],
           quarter: Annotated[int, typer.Option(help="季度，1 至 4", min=1, max=4)],
           plan: Annotated[str, typer.Option(help="计划代码")] = "bj-medical",
           login: As = "",
           wait: Annotated[bool, typer.Option("--wait/--no-wait", help="等到结算完成；--no-wait 只登记")] = True,
           as_json: AsJson = False) -> None:
    """批量结算：接收一个季度的医保数据，由后台按会员算出差额，生成付款批次。同一文件再来一次不会重复结算。"""
    if not file.is_file():
        raise InputError("file_missing", f"没有文件 {file}", remedy="核对文件名", field="FILE")
    db = database()
    with _progress(quiet=as_json) as shown:
        settlement_id = _begin(db, file, plan, year, quarter, login, shown)
        actor = acting(db, login, moment(db))
        if wait:
            _follow(db, settlement_id, actor, shown)
    _say(db, settlement_id, actor, wait=wait, as_json=as_json)


def _begin(db: Database, file: Path, plan: str, year: int, quarter: int, login: str, shown: Progress) -> uuid.UUID:
    size = file.stat().st_size
    task = shown.add_task("接收", total=size)
    # Received for good before it is settled: what refuses the settlement must not leave bytes that no row knows of.
    with changing(db, login) as (session, actor, now), file.open("rb") as content:
        feed_id = receive.receive(session, content, file_name=file.name, size=size, plan=plan, year=year, quarter=quarter,
                               progress=lambda _what, done, of: shown.update(task, completed=done, total=of), actor=actor, now=now).id
    with changing(db, login) as (session, actor, now):
        return city.start(session, feed_id=feed_id, actor=actor, now=now).id


def _follow(db: Database, settlement_id: uuid.UUID, actor: Actor, shown: Progress) -> None:
    """Until it is through or stands still. Without a worker nothing would happen: then it says so and does not wait."""
    task = shown.add_task("结算", total=None)
    while True:
        with db.view(actor.scope) as session:
            found = queries.one(session, settlement_id, actor=actor)
            done = queries.progress(session, settlement_id)
            if found.state != "settling" or found.fault or not outbox.workers(session):
                return
        shown.update(task, description="结算" if found.as_of else "核对数据", completed=done.done, total=done.of)
        time.sleep(_LOOK)


def _progress(*, quiet: bool) -> Progress:
    return Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
                    console=Console(stderr=True), disable=quiet, transient=True)


def _say(db: Database, settlement_id: uuid.UUID, actor: Actor, *, wait: bool, as_json: bool) -> None:
    with db.view(actor.scope) as session:
        found = queries.one(session, settlement_id, actor=actor)
        columns = queries.distribution(session, settlement_id)
        workers = outbox.workers(session)
    if as_json:
        say_json(_plain(found))
    elif found.state == "settled":
        _say_summary(found)
        say_table(("给付", "人数"), [(column.words, f"{column.lines:,}") for column in columns if column.lines])
    elif found.fault:
        say(f"结算停住了：{found.fault}")
    elif not workers:
        say(f"已接收，结算 {found.id} 等待办理，但现在没有后台进程在运行：请运行 huzhu worker（或 huzhu up），办理后再运行一次本命令看结果")
    else:
        say(f"已接收，结算 {found.id} 由后台办理；再运行一次本命令看结果")
    if found.fault or (wait and found.state != "settled"):
        raise typer.Exit(SAID_NO)


def _say_summary(found: Settlement) -> None:
    rows = (("数据行数", found.rows), ("不合格", found.rejected), ("查无此人或不在保障期", found.unresolved),
            ("与先前相同", found.unchanged), ("新的或变更的结算单", found.bills), ("涉及会员（按年度）", found.lines),
            ("给付", found.paying), ("封顶线以上（年度办理）", found.over_cap), ("年末立案", found.claims))
    say(f"{found.plan} {found.year} 年第 {found.quarter} 季度已结算")
    say_table(("项目", "数量"), [(name, f"{number:,}") for name, number in rows])
    say(f"应付 {show(to_yuan(found.due_fen))} 元，多付待抵 {show(to_yuan(found.receivable_fen))} 元")


def _plain(found: Settlement) -> dict[str, object]:
    return {"id": str(found.id), "plan": found.plan, "year": found.year, "quarter": found.quarter, "state": found.state,
            "fault": found.fault, "rows": found.rows, "rejected": found.rejected, "unresolved": found.unresolved,
            "unchanged": found.unchanged, "bills": found.bills, "lines": found.lines, "paying": found.paying,
            "over_cap": found.over_cap, "claims": found.claims, "due": show(to_yuan(found.due_fen)),
            "receivable": show(to_yuan(found.receivable_fen))}
