"""`huzhu clocks CLAIM`: each promise of a claim, until when, how it was counted, and which days were not counted and why."""

from __future__ import annotations

from typing import Annotated

import typer

from services.cli.acting import As, changing
from services.cli.output import AsJson, say, say_json
from services.core.db import database
from services.reporting import sight
from services.reporting.claim_parts import whole
from services.reporting.pauses import said
from services.reporting.wording import CLOCKS

_STATES = {"running": "进行中", "paused": "中止", "stopped": "已停"}


def clocks(claim_no: Annotated[str, typer.Argument(help="受理编号")], login: As = "", as_json: AsJson = False) -> None:
    """案件的各个时限：起止、怎么数的、哪些天因等待补充材料不计。"""
    with changing(database(), login) as (session, actor, now):
        found = sight.claim(session, actor, claim_no)
        sight.looked(session, actor, found, "clocks", now)
        told = said(whole(session, found.id).view.clocks)
    if as_json:
        say_json({"claim_no": claim_no, "clocks": [
            {"kind": clock.kind, "round": clock.round, "start_on": clock.start_on.isoformat(), "due_on": clock.due_on.isoformat(),
             "state": clock.state, "words": clock.words, "pauses": words} for clock, words in told]})
        return
    for clock, words in told:
        name, state = CLOCKS.get(clock.kind, clock.kind), _STATES.get(clock.state, clock.state)
        say(f"{name}：{clock.start_on} 起，{clock.due_on} 到期，{state}；{clock.words}")
        for line in words:
            say(f"  {line}")
