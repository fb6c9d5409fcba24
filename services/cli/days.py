"""`huzhu days …`: counts that explain themselves."""

from __future__ import annotations

from typing import Annotated

import typer

from services.cli.house import plans_known
from services.cli.output import AsJson, day, say, say_json
from services.reporting import answers

app = typer.Typer(help="数日子：工作日、报案期限、观察期", no_args_is_help=True)

_BANDS = {"waiting": "观察期内", "covered": "观察期后", "before_cover": "生效前"}


@app.command()
def add(start: Annotated[str, typer.Argument(help="起算日，当日不计")],
        days: Annotated[int, typer.Argument(help="天数")],
        calendar_days: Annotated[bool, typer.Option("--calendar", help="按自然日，末日逢假日顺延")] = False,
        as_json: AsJson = False) -> None:
    """自起算日次日起第几个工作日是哪一天。"""
    _counted(answers.days_add(day(start, field="start"), days, calendar_days=calendar_days), as_json)


@app.command()
def report(diagnosed_on: Annotated[str, typer.Argument(help="确诊日")], as_json: AsJson = False) -> None:
    """十日内报案的最后一天。"""
    _counted(answers.days_report(day(diagnosed_on, field="diagnosed_on")), as_json)


@app.command()
def waiting(plan: Annotated[str, typer.Argument(help="计划代码，如 xj-women")],
            effective: Annotated[str, typer.Argument(help="保障生效日，算第1日")],
            event: Annotated[str, typer.Argument(help="决定性日期：病检标本提取日、确诊日等")],
            renewal: Annotated[bool, typer.Option("--renewal", help="连续续保")] = False,
            as_json: AsJson = False) -> None:
    """事件落在观察期的哪一档，是否在边界上。"""
    plans_known()
    found = answers.days_waiting(plan, day(effective, field="effective"), day(event, field="event"), renewal=renewal)
    if as_json:
        say_json(found)
        return
    band = str(found["band"])
    name = _BANDS.get(band, "")
    say(f"{band}" + (f"（{name}）" if name else "") + f"：生效日算第1日，事件在第{found['day']}日")
    if found["borderline"]:
        say("borderline：另一读法（生效日不计）结果不同，按有利于会员者给付，须复审确认")


def _counted(found: dict[str, object], as_json: bool) -> None:
    if as_json:
        say_json(found)
        return
    say(str(found["due"]))
    say(str(found["words"]))
