"""`huzhu simulate`: synthetic offices and years of any size, from one seed, in a database of their own."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from services.cli.output import AsJson, day, say, say_json, say_table
from services.cli.setup import prepare
from services.core.clock import at_hour, business_day
from services.core.db import BusinessClock, Scope, database, urls
from services.core.errors import InputError
from services.core.settings import settings
from services.reporting.figures.service import refresh
from services.simulate.years.service import Made, Tell, analyze
from services.simulate.years.service import simulate as fill
from services.simulate.years.size import Size

_SHOWN = ("organisation", "person", "cover", "claim", "audit_record", "worksheet", "review_step", "paper", "sla_clock", "notice",
          "payment", "payment_run", "bank_line", "handoff")
_CLOSES = 18
_LINES = 50         # how many lines of progress a log gets
_NEXT = (("huzhu check", "逐条核对系统的承诺"), ("huzhu audit verify", "核验记录链"), ("huzhu up", "打开网页和接口"))


def simulate(members: Annotated[int, typer.Option(help="会员人数")] = 1000,
             claims: Annotated[int, typer.Option(help="案件数，最多为会员人数的两倍")] = 1000,
             orgs: Annotated[int, typer.Option(help="基层单位数")] = 30,
             seed: Annotated[int, typer.Option(help="种子；规模、种子和截止日相同，数据就相同")] = 1,
             until: Annotated[str | None, typer.Option(metavar="DATE", help="一切发生在这一天下班之前，默认昨天")] = None,
             workers: Annotated[int | None, typer.Option(min=1, help="进程数，默认每个处理器核一个")] = None,
             as_json: AsJson = False) -> None:
    """生成三个办事处和两年的合成案件（各种状态，连同全部历史和记录链），写入新建的库。

    库按 HUZHU_DATA_DIR 或 HUZHU_DATABASE_URL 选定；还没有数据表时先建。库里已有办事处的不写。
    """
    token = prepare(settings())
    size = Size(members, claims, orgs, seed, at_hour(_last_day(until), _CLOSES))
    began = time.monotonic()
    with _progress(as_json) as progress:
        task, lines = progress.add_task("准备", total=len(size.places)), not (as_json or progress.console.is_terminal)

        def tell(what: str, done: int, total: int) -> None:
            progress.update(task, description=_words(what, total), completed=done, total=total)
            if lines and done * _LINES // total > (done - 1) * _LINES // total:     # a log gets lines where a screen has a bar
                progress.console.print(f"{_words(what, total)}：{done}/{total}，{int(time.monotonic() - began)} 秒")

        made = fill(database(), size, root=settings().root_org, workers=workers, tell=tell)
        _statistics(tell, size)
        tell("figures", len(size.places), len(size.places))
        with database().unit_of_work(Scope(settings().root_org)) as session:
            refresh(session, now=size.now)
        _statistics(tell, size)                 # of the figures too
    _tell(size, made, int(time.monotonic() - began), token, as_json=as_json)


def _statistics(tell: Tell, size: Size) -> None:
    if owner := urls(settings())[1]:
        tell("statistics", len(size.places), len(size.places))
        analyze(owner)


def _last_day(until: str | None) -> date:
    """A whole day in the past, so that the same command gives the same rows at any hour."""
    now = BusinessClock(database()).now() if settings().movable_clock else datetime.now(UTC)
    yesterday = business_day(now) - timedelta(days=1)
    chosen = day(until, field="until") if until else yesterday
    if chosen > yesterday:
        raise InputError("until_future", f"{chosen} 还没有过完", remedy=f"写 {yesterday} 或更早的日期", field="until")
    return chosen


def _words(what: str, total: int) -> str:
    known = {"offices": "办事处和人员已建", "statistics": "统计信息", "figures": "运行数据汇总"}
    return known.get(what, f"区县与案件（共 {total} 个区县）")


def _progress(as_json: bool) -> Progress:
    return Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
                    TimeRemainingColumn(), console=Console(stderr=True, highlight=False), disable=as_json)


def _tell(size: Size, made: Made, seconds: int, token: str | None, *, as_json: bool) -> None:
    if as_json:
        say_json({"members": size.members, "claims": size.claims, "orgs": size.orgs, "seed": size.seed,
                  "until": business_day(size.now).isoformat(), "seconds": seconds, "rows": dict(sorted(made.rows.items())),
                  "states": made.states, "administrator_token": token})
        return
    say_table(("案件状态", "件数"), made.states.items())
    say_table(("内容", "行数"), [(table, made.rows[table]) for table in _SHOWN if made.rows[table]])
    records = made.rows["audit_record"]
    say(f"截至 {business_day(size.now)}，用时 {seconds} 秒，每秒 {records // max(1, seconds)} 条记录。")
    if token:
        say(f"管理员凭证（有效 7 天，只显示这一次）：{token}")
    say_table(("接下来", "做什么"), _NEXT)


if __name__ == "__main__":
    typer.run(simulate)
