"""`huzhu demo`: two offices, forty members, sixteen scenarios, driven through the API as the people who do the work.

Starts everything on free ports in a data directory of its own, ends by itself, and compares what came out with the
table of scenarios.
"""

from __future__ import annotations

import os
import shutil
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from services.cli.demonstration import MARK, add_twin, choose, directory
from services.cli.output import SAID_NO, AsJson, say_json
from services.cli.setup import prepare
from services.cli.stopping import stop_like_ctrl_c
from services.cli.supervisor import Supervisor, free_port
from services.core.db import BusinessClock, Database, Scope, urls
from services.core.errors import ConfigError
from services.core.settings import PREFIX, Settings, settings
from services.reporting.figures.service import refresh
from services.simulate.acts import Office
from services.simulate.door import Desk, Door
from services.simulate.kills import Kill, Saboteur, parse
from services.simulate.outcome import COLUMNS, Difference, Outcome, differences
from services.simulate.results import Results
from services.simulate.runner import Runner
from services.simulate.scenarios import scenarios
from services.simulate.screen import Screen
from services.simulate.stories import timeline
from services.simulate.stories.ongoing import last_days
from services.simulate.waiting import read_waiting

_WIDTH = 150                        # of what is not a terminal
_READER = f"{PREFIX}OCR"
_UNUSED = ("SCHEDULER", "LATE_RUNS")     # of Prefect: no timetables are served here, the moved clock owes their work
Kills = Annotated[list[str] | None, typer.Option("--kill", help="在某一步中途 kill -9 一个程序再重新启动，如 worker@S03:verify、"
                                                               "web@17、twin@S08:decide；可重复")]


def demo(kill: Kills = None, as_json: AsJson = False) -> None:
    """演示：合成的宁夏、新疆两地，40 名会员，16 个情形从报案走到文书，并与预期逐项核对。"""
    console = Console(stderr=as_json, highlight=False, soft_wrap=True)
    if not console.is_terminal:
        console.width = _WIDTH
    kills = parse(kill or [], timeline())
    began = time.monotonic()
    reads = settings().ocr
    config = _configured(console)
    stop_like_ctrl_c()
    outcomes = _played(config, kills, console, reads=reads)
    wrong = differences(scenarios(), outcomes)
    results = Results(config.data_dir / "results")
    results.table(outcomes, wrong)
    _tell(outcomes, wrong, results, console, as_json=as_json)
    console.print(f"用时 {time.monotonic() - began:.0f} 秒。结果：{results.directory}", markup=False)
    console.print("想坐到每个人的位置上看看：make up", markup=False)
    if wrong:
        raise typer.Exit(SAID_NO)


def _configured(console: Console) -> Settings:
    """Settings of this run: a fresh directory, free ports, a movable clock, always an embedded database, papers left to hands."""
    place = directory()
    os.environ[_READER] = "none"
    _fresh(place, console)
    for service in _UNUSED:
        os.environ.setdefault(f"PREFECT_SERVER_SERVICES_{service}_ENABLED", "false")
    return choose(place, web=free_port(), prefect=free_port())


def _fresh(directory: Path, console: Console) -> None:
    """An empty directory; the last demonstration's is removed, anything else is left alone."""
    if directory.exists() and any(directory.iterdir()):
        if not (directory / MARK).exists():
            raise ConfigError("demo_directory", f"{directory} 不是演示目录，不会删除", remedy="移走后再运行，或另设 HUZHU_DATA_DIR",
                              field="HUZHU_DATA_DIR")
        console.print(f"删除上一次演示的数据：{directory}", markup=False)
        _stop_left_over(directory / "postgres" / "postmaster.pid")
        shutil.rmtree(directory)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / MARK).touch()


def _stop_left_over(pid_file: Path) -> None:
    """A database that an interrupted demonstration left running in this very directory."""
    if not pid_file.exists():
        return
    pid, data, *_ = pid_file.read_text().splitlines()
    if Path(data) != pid_file.parent or str(data) not in _command_line(int(pid)):
        return
    os.kill(int(pid), signal.SIGINT)
    deadline = time.monotonic() + 10
    while pid_file.exists() and time.monotonic() < deadline:
        time.sleep(0.1)


def _command_line(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    return ""


def _played(config: Settings, kills: list[Kill], console: Console, *, reads: str) -> list[Outcome]:
    """Everything up, the whole timeline, the answers read, the days after it, everything down."""
    played, left = timeline(), last_days()
    with Supervisor(config) as machine, Screen(console, len(played) + len(left)) as screen:
        screen.say("启动数据库")
        token = prepare(config)
        assert token is not None                     # the database is new
        screen.say("启动保险公司对接端、Prefect、网页与后台任务")
        add_twin(machine, config)
        machine.start_all()
        office = Office(Door(machine.base_url), Desk(config.insurer_url), config.bank_dir)
        runner = Runner(office, Saboteur(kills, machine), screen)
        runner.found(token)
        runner.play(played)
        screen.say("读取结果")
        outcomes = office.outcomes()
        Results(config.data_dir / "results").papers(office, config)
        screen.say("再办四天，留下各环节在办的案件")
        runner.go_on(left, after=len(played))
        screen.say("识别待核验的材料")
        _read_waiting(reads)
        screen.say("汇总运行数据")
        _bring_up_figures()
        return outcomes


def _read_waiting(reads: str) -> None:
    """What waits on the desks is read by whoever reads papers here."""
    os.environ[_READER] = reads
    settings.cache_clear()
    db = Database(urls(settings())[0], pool_size=1)
    try:
        read_waiting(db, root=settings().root_org, now=BusinessClock(db).now())
    finally:
        db.close()


def _bring_up_figures() -> None:
    """Boards show the days that were played, before the first quarter of an hour is over."""
    db = Database(urls(settings())[0], pool_size=1)
    try:
        with db.unit_of_work(Scope(settings().root_org)) as session:
            refresh(session, now=BusinessClock(db).now())
    finally:
        db.close()


def _tell(outcomes: list[Outcome], wrong: list[Difference], results: Results, console: Console, *, as_json: bool) -> None:
    rows = [outcome.as_row() for outcome in outcomes]
    if as_json:
        say_json({"rows": rows, "equal": not wrong, "results": str(results.directory),
                  "differences": [{"id": item.id, "column": item.column, "expected": item.expected, "got": item.got}
                                  for item in wrong]})
        return
    table = Table("情形", "案号", "结果", "金额", "应付至", "到账", "时限（守／逾）", "文书", box=SIMPLE, padding=(0, 1))
    for row in outcomes:
        told = row.as_row()
        table.add_row(row.id, row.claim_no, row.outcome, told["amount"], told["pay_due"], told["credited_on"],
                      row.promises(), told["letters"].replace("; ", " "))
    console.print(table, markup=False)
    for where, what in results.places():
        console.print(f"{what}：{where}", markup=False)
    if wrong:
        console.print("与预期不符：", markup=False)
        for item in wrong:
            console.print(f"  {item.id} {item.column}：预期 {item.expected or '（空）'}，实际 {item.got or '（空）'}", markup=False)
    else:
        console.print(f"{len(rows)} 个情形的 {'、'.join(COLUMNS)} 与预期完全一致。", markup=False)
