"""The entry point: `huzhu …`. Exit 0 an answer was given, 1 a check answered no, 2 wrong input, named."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Sequence

import typer
from psycopg import OperationalError
from psycopg.errors import UndefinedTable
from sqlalchemy.exc import OperationalError as StatementFailed
from sqlalchemy.exc import ProgrammingError

from services.cli import days, plans, small
from services.cli.audit import app as audit
from services.cli.compute import compute
from services.cli.match import match
from services.cli.output import say_error
from services.cli.setup import setup
from services.core.db import collided
from services.core.errors import ConfigError, Conflict, HuzhuError

# Commands that start programs or long work: their modules load only when asked for.
LATER = ("up", "worker", "demo", "check", "bench", "accounts", "enrol", "covers", "orgs", "report", "papers", "clocks", "simulate",
         "ledger", "letters", "feed", "settle", "stuck", "backup", "restore", "keys")
HOME = {"worker": "up"}     # a command that stands in another's module


def build(wanted: Sequence[str] = LATER) -> typer.Typer:
    """The command tree; of the later commands only the `wanted` ones are loaded."""
    app = typer.Typer(name="huzhu", help="互助：工会职工互助保障理赔系统", no_args_is_help=True,
                      pretty_exceptions_enable=False, add_completion=False)
    app.command()(compute)
    app.command()(match)
    app.command()(small.words)
    app.command()(setup)
    app.add_typer(days.app, name="days")
    app.add_typer(plans.app, name="plans")
    app.add_typer(small.identity, name="identity")
    app.add_typer(audit, name="audit")
    for name in wanted:
        _load(app, name)
    return app


def _load(app: typer.Typer, name: str) -> None:
    """A command's module offers a function (or a Typer) of the command's name."""
    module = f"services.cli.{HOME.get(name, name)}"
    if importlib.util.find_spec(module) is None:
        return
    command = getattr(importlib.import_module(module), name)
    if isinstance(command, typer.Typer):
        app.add_typer(command, name=name)
    else:
        app.command(name)(command)


def _wanted(arguments: Sequence[str]) -> Sequence[str]:
    first = next((argument for argument in arguments if not argument.startswith("-")), None)
    if first is None:
        return LATER
    return (first,) if first in LATER else ()


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code."""
    try:
        build(_wanted(arguments))(list(arguments), prog_name="huzhu")
    except HuzhuError as error:
        say_error(error, as_json="--json" in arguments)
        return error.exit_code
    except (ProgrammingError, UndefinedTable, OperationalError, StatementFailed) as error:
        refused = _database_refusal(error)
        say_error(refused, as_json="--json" in arguments)
        return refused.exit_code
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    return 0


def _database_refusal(error: ProgrammingError | UndefinedTable | OperationalError | StatementFailed) -> HuzhuError:
    """A database without tables, out of reach or busy, in words; anything else is a fault and is raised."""
    if collided(error):
        return Conflict("busy", "记录正被他人办理，未作任何改动", remedy="稍后再运行一次")
    if isinstance(error, OperationalError):
        return ConfigError("database_unreachable", "数据库连接不上", remedy="核对数据库是否运行、地址和账号是否正确",
                           field="HUZHU_DATABASE_URL")
    if isinstance(getattr(error, "orig", error), UndefinedTable):
        return ConfigError("not_set_up", "数据库里还没有数据表", remedy="先运行 huzhu setup")
    raise error


def run() -> None:
    """Console script."""
    sys.exit(main(sys.argv[1:]))


if __name__ == "__main__":
    run()
