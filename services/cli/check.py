"""`huzhu check`: every promise asked of the whole database; `huzhu check separation`: the proof for a year."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from services.cli.output import SAID_NO, AsJson, say, say_json, say_table
from services.core.clock import business_day
from services.core.db import BusinessClock, Scope, database
from services.core.settings import settings
from services.reporting import checks
from services.reporting.separation import Proof, proof
from services.sla.calendars import calendar_for

check = typer.Typer(help="核对系统的承诺", invoke_without_command=True)


@check.callback()
def promises(context: typer.Context, as_json: AsJson = False) -> None:
    """逐条核对系统的承诺（不重复支付、逐分相符、回避、状态与记录一致……），有违反即退出码 1。"""
    if context.invoked_subcommand is not None:
        return
    with database().view(Scope(settings().root_org)) as session:
        breaches = checks.run(session)
        alarms = calendar_for(session, f"{settings().root_org}.").alarms(business_day(_now()))
    if as_json:
        say_json({"checks": [{"code": check.code, "promise": check.promise} for check in checks.CHECKS],
                  "breaches": [asdict(breach) for breach in breaches], "alarms": alarms})
    else:
        count = {check.code: sum(breach.check == check.code for breach in breaches) for check in checks.CHECKS}
        say_table(("检查", "承诺", "结果"), [(check.code, check.promise, f"{count[check.code]} 处违反" if count[check.code]
                                        else "通过") for check in checks.CHECKS])
        if breaches:
            say_table(("检查", "编号", "说明"), [(breach.check, breach.claim_no, breach.what) for breach in breaches])
        for alarm in alarms:
            say(f"提醒：{alarm}")
    if breaches:
        raise typer.Exit(SAID_NO)


@check.command()
def separation(year: Annotated[int, typer.Option("--year", min=2000, max=2199, help="决定作出的年份")],
               as_json: AsJson = False) -> None:
    """回避的证明：该年作出决定的全部案件，逐一比对应当分开的人；有违反即逐件列出，退出码 1。"""
    with database().view(Scope(settings().root_org)) as session:
        found = proof(session, year)
    if as_json:
        say_json({**asdict(found), "comparisons": found.comparisons, "holds": found.holds})
    else:
        _say_proof(found)
    if not found.holds:
        raise typer.Exit(SAID_NO)


def _say_proof(found: Proof) -> None:
    say_table(("比对", "次数", "结果"), [(kind.words, kind.comparisons, f"{kind.violations} 处违反" if kind.violations else "无")
                                   for kind in found.kinds])
    if found.violations:
        say_table(("案号", "轮次", "人员", "环节", "违反", "代理人"), [
            (broken.claim_no, broken.round, broken.person or "（无记录）", "、".join(broken.steps), broken.words, broken.through)
            for broken in found.violations])
    say(f"{found.year} 年作出决定 {found.claims} 件，比对 {found.comparisons} 次（代理 {found.substitutions} 次，按两人计），"
        f"违反 {len(found.violations)} 处")


def _now() -> datetime:
    return BusinessClock(database()).now() if settings().movable_clock else datetime.now(UTC)
