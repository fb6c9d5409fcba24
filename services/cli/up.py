"""`huzhu up` and `huzhu worker`: this machine's processes until Ctrl-C."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Annotated

import typer
from rich.console import Console

from services.backup import server
from services.cli import backup
from services.cli.demonstration import add_twin, demonstration, take_up
from services.cli.stopping import stop_like_ctrl_c
from services.cli.supervisor import Supervisor
from services.core import embedded
from services.core.errors import HuzhuError
from services.core.settings import settings
from services.evidence.recognition.engine import refuse_without_reader
from services.wiring import refuse_without_insurer

_console = Console()


Shown = Annotated[bool, typer.Option("--demo", help="打开上一次 huzhu demo 的数据，可坐到任何一个合成人物的位置上")]


def up(demo: Shown = False) -> None:
    """启动本机全部服务（数据库、Prefect、网页、后台任务），按 Ctrl-C 停止。"""
    config = demonstration() if demo else settings()
    refuse_without_insurer(config)      # here, not in a child's log
    refuse_without_reader(config)
    if config.backup_place:
        backup.places(config)
        server.refuse_unnamed(config)
    stop_like_ctrl_c()
    with _console.status("正在启动……"), Supervisor(config) as machine:
        if demo:
            take_up(config)
            add_twin(machine, config)
        machine.start_all()
        machine.add("timetables", [sys.executable, "-m", "flows.timetables"])
        if config.backup_place:
            by = {} if config.database_url else {"HUZHU_BACKUP_URL": embedded.start(config.data_dir / "postgres")}
            machine.add("backup", [sys.executable, "-m", "services.cli.main", "backup", "stream"], env=by)
        door = "/demonstration" if demo else "/sign-in"
        _console.print(f"互助理赔系统已启动：{machine.base_url}{door}  接口说明：{machine.base_url}/api/v1/docs")
        _console.print(f"流程记录：http://127.0.0.1:{config.prefect_port}  日志：{machine.logs}")
        _watch(machine)


def _watch(machine: Supervisor) -> None:
    """A child that dies is started again and said so; all work is in the database, so nothing is lost."""
    try:
        while True:
            time.sleep(1)
            try:
                _look(machine)
            except HuzhuError as error:     # not up again yet: the next look tries anew
                _console.print(f"[red]{error.message}[/red]（{error.remedy}）")
    except KeyboardInterrupt:
        _console.print("正在停止……")


def _look(machine: Supervisor) -> None:
    """The database first: a program that is started without it ends again."""
    if machine.revive_database():
        _console.print("[red]数据库意外退出，已重新启动[/red]")
    for name in machine.died():
        _console.print(f"[red]{name} 意外退出，正在重新启动[/red]（日志：{machine.logs / name}.log）")
        machine.restart(name)
        if name == "prefect":       # it may have come up with a new file, which knows no timetable of those who live on
            machine.restart("timetables")


def worker() -> None:
    """运行一个后台任务进程（可在多台机器上运行多个）。"""
    raise SystemExit(subprocess.call([sys.executable, "-m", "flows.worker"]))
