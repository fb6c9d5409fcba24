"""`huzhu stuck`: what has stopped and how to mend it; `again` owes the work anew, `owe` runs a timetable's work now."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from services.access.actor import system
from services.cli.acting import moment
from services.cli.output import SAID_NO, AsJson, say, say_json, say_table
from services.core.clock import CHINA
from services.core.db import database
from services.core.settings import settings
from services.reporting.stuck import service
from services.reporting.stuck.service import CONDITIONS, Stuck

stuck = typer.Typer(help="停下的工作：逐项列出原因和办法", invoke_without_command=True)
MOST = 20       # lines of one condition
_NUMBERS = re.compile(r"[A-Z]{2}\d{4}-\d{4}-\d{3}|\d+")       # what alone may differ in faults that are the same


@stuck.callback()
def listed(context: typer.Context, as_json: AsJson = False) -> None:
    """现在停下的全部工作（退出码 1：有停下的）：情形、编号、自何时、怎样、办法。"""
    if context.invoked_subcommand is not None:
        return
    db, actor = database(), system(settings().root_org)
    with db.view(actor.scope) as session:
        found = service.look(session, now=moment(db))
    if as_json:
        say_json({"looked_for": {one.code: one.words for one in CONDITIONS}, "stuck": [
            {"condition": one.condition.code, "subject": one.subject, "since": one.since.isoformat(), "said": one.said,
             "remedy": one.remedy} for one in found]})
    elif not found:
        say(f"查了 {len(CONDITIONS)} 种情形，没有停下的工作")
    for condition in [] if as_json else CONDITIONS:
        _say(condition.code, condition.words, [one for one in found if one.condition == condition])
    if found:
        raise typer.Exit(SAID_NO)


def _say(code: str, words: str, found: list[Stuck]) -> None:
    """One condition: its lines, the longest standing first, and what to do. Of many that say the same, one stands for all."""
    if not found:
        return
    alike: dict[str, list[Stuck]] = {}
    for one in found:
        alike.setdefault(one.subject if len(found) <= MOST else _NUMBERS.sub("…", one.said), []).append(one)
    shown = [(same[0], len(same)) for same in alike.values()][:MOST]
    say_table(("编号", "自何时", "怎样", "同样的"), [
        (one.subject, f"{one.since.astimezone(CHINA):%Y-%m-%d %H:%M}", one.said, f"共 {count} 项" if count > 1 else "")
        for one, count in shown], title=f"{words}（{code}）：{len(found)} 项" + (f"，列出 {MOST} 种" if len(alike) > MOST else ""))
    for remedy in dict.fromkeys(one.remedy for one, _ in shown):
        say(f"办法：{remedy}")
    if found[0].condition.topic and len(found) > 1:
        say(f"全部一起：huzhu stuck again {code}")


@stuck.command()
def again(condition: Annotated[str, typer.Argument(metavar="CONDITION", help="情形，如 work_fails")],
          subject: Annotated[str, typer.Argument(metavar="[SUBJECT]", help="编号；不写为这一情形的全部")] = "",
          as_json: AsJson = False) -> None:
    """重新安排停下的工作；已经办过的步骤不会再办一遍。"""
    db, actor = database(), system(settings().root_org)
    now = moment(db)
    with db.unit_of_work(actor.scope) as session:
        done = service.again(session, code=condition, subject=subject, actor=actor, now=now)
    if as_json:
        say_json({"again": [one.subject for one in done]})
        return
    say(f"已重新安排 {len(done)} 项，由后台进程接着办理；过一会儿用 huzhu stuck 再看")


@stuck.command()
def owe(topic: Annotated[str, typer.Argument(metavar="TOPIC", help="定时工作，如 timetable.sweep")], as_json: AsJson = False) -> None:
    """立即运行一次定时工作。"""
    db, actor = database(), system(settings().root_org)
    now = moment(db)
    with db.unit_of_work(actor.scope) as session:
        service.owe(session, topic=topic, actor=actor, now=now)
    if as_json:
        say_json({"owed": topic})
        return
    say(f"已安排 {topic}，由后台进程接着办理")
