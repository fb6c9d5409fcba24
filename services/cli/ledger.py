"""`huzhu ledger`: the trial balance of a month, each plan's fund."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from services.cli.acting import moment
from services.cli.figures import say_figures
from services.cli.output import AsJson, say, say_json
from services.core.db import Scope, database
from services.core.money import show, to_yuan
from services.core.months import month_of, months_on
from services.core.settings import settings
from services.ledger import queries
from services.ledger.trial_book import HEADINGS, workbook
from services.rulebook import registry

ledger = typer.Typer(help="分户账：试算平衡表、专户资金", no_args_is_help=True)


@ledger.command("trial-balance")
def trial_balance(month: Annotated[str, typer.Option("--month", help="月份，如 2026-03；不写为本月")] = "",
                  plan: Annotated[str | None, typer.Option("--plan", help="计划代码；不写为全部")] = None,
                  xlsx: Annotated[Path | None, typer.Option("--xlsx", help="另存为工作簿")] = None, as_json: AsJson = False) -> None:
    """一个月的试算平衡表：期初、本期借方、本期贷方、期末；期初与期末各自相加为零。"""
    first = month_of(month or f"{moment(database()):%Y-%m}")
    with database().view(Scope(settings().root_org)) as session:
        rows = queries.trial_balance(session, first=first, end=months_on(first, 1), plan=plan)
    if xlsx:
        xlsx.write_bytes(workbook(rows, month=first, names={code: registry.latest(code).name for code in {row.plan for row in rows}}))
    if as_json:
        say_json([asdict(row) | {"after_fen": row.after_fen} for row in rows])
    else:
        say_figures(("计划", *HEADINGS), [
            (row.plan, row.name, row.bank_account, *map(_yuan, (row.before_fen, row.debit_fen, row.credit_fen, row.after_fen)))
            for row in rows], words=3)
        if xlsx:
            say(f"已写入 {xlsx}")


@ledger.command()
def funds(as_json: AsJson = False) -> None:
    """各计划专户：余额、在途、已核定待付、付清后。"""
    with database().view(Scope(settings().root_org)) as session:
        rows = queries.adequacy(session)
    if as_json:
        say_json([asdict(row) | {"free_fen": row.free_fen, "after_all_fen": row.after_all_fen} for row in rows])
    else:
        say_figures(("计划", "专户余额（元）", "在途（元）", "已核定待付（元）", "付清后（元）"), [
            (row.plan, *map(_yuan, (row.balance_fen, row.in_transit_fen, row.committed_fen, row.after_all_fen))) for row in rows], words=1)


def _yuan(fen: int) -> str:
    return show(to_yuan(fen))
