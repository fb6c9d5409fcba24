"""`huzhu check`: every promise asked of the whole database; what breaks one is named."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime

import typer

from services.cli.output import SAID_NO, AsJson, say, say_json, say_table
from services.core.clock import business_day
from services.core.db import BusinessClock, Scope, database
from services.core.settings import settings
from services.reporting import checks
from services.workdays.calendar import calendar


def check(as_json: AsJson = False) -> None:
    """逐条核对系统的承诺（不重复支付、逐分相符、回避、状态与记录一致……），有违反即退出码 1。"""
    with database().view(Scope(settings().root_org)) as session:
        breaches = checks.run(session)
    alarms = calendar().alarms(business_day(_now()))
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


def _now() -> datetime:
    return BusinessClock(database()).now() if settings().movable_clock else datetime.now(UTC)
