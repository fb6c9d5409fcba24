"""`huzhu clocks CLAIM`: each promise of a claim, until when, how it was counted, and which days were not counted and why."""

from __future__ import annotations

from typing import Annotated

import typer

from services.access.actor import ROLE_WORDS
from services.cli.acting import As, changing, moment
from services.cli.output import AsJson, say, say_json
from services.core.clock import business_day
from services.core.db import Scope, database
from services.core.settings import settings
from services.enrolment import tree
from services.reporting import sight
from services.reporting.claim_parts import whole
from services.reporting.clock_policies import Line, plan_lines, spoken
from services.reporting.pauses import said
from services.reporting.wording import CLOCKS
from services.rulebook import registry

_STATES = {"running": "进行中", "paused": "中止", "stopped": "已停"}


_BASES = {"law": "法定", "promised": "条款或承诺", "ours": "内部"}
_DAYS = {"working": "个工作日", "calendar": "日"}
_NAMES = {**CLOCKS, "first_notice": "首次通知", "level": "本级审核", "insurer_pay": "保险公司给付"}


def clocks(claim_no: Annotated[str, typer.Argument(metavar="受理编号|policy", help="受理编号；policy 为各计划时限的预算、提醒和上报")],
           plan: Annotated[str, typer.Option("--plan", help="计划代码（policy）；不写为全部计划")] = "",
           office: Annotated[str, typer.Option("--office", help="组织，如 cn.nx（policy）；不写为根组织")] = "",
           login: As = "", as_json: AsJson = False) -> None:
    """案件的各个时限：起止、怎么数的、哪些天因等待补充材料不计；clocks policy：各计划的时限怎么管。"""
    if claim_no == "policy":
        _policies(plan, office, as_json)
        return
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
        name, state = _NAMES.get(clock.kind, clock.kind), _STATES.get(clock.state, clock.state)
        say(f"{name}：{clock.start_on} 起，{clock.due_on} 到期，{state}；{clock.words}")
        for line in words:
            say(f"  {line}")


def _policies(plan: str, office: str, as_json: bool) -> None:
    """Each clock of each plan, as it is watched there today."""
    db, root = database(), settings().root_org
    org_key = f"{(office or root).rstrip('.')}."
    plans = [plan] if plan else sorted({book.plan for book in registry.plans()})
    today = business_day(moment(db))
    with db.view(Scope(root)) as session:
        tree.find(session, org_key)
        found = {one: plan_lines(session, plan=one, org_key=org_key, on=today) for one in plans}
    if as_json:
        say_json({"office": org_key, "on": today.isoformat(),
                  "plans": {one: [_plain(line) for line in lines] for one, lines in found.items()}})
        return
    for one, lines in found.items():
        say(f"{registry.latest(one).name}（{one}）")
        for line in lines:
            _say(line)


def _plain(line: Line) -> dict[str, object]:
    rule = line.rule
    return {"kind": line.kind, "days": rule.days if rule else line.policy.days, "day_kind": rule.kind if rule else None,
            "origin": rule.origin if rule else None, "clause": rule.clause if rule else None, "begins": line.begins,
            "starts": list(line.starts), "pauses": list(line.pauses), "stops": list(line.stops),
            "since": line.since.effective_on.isoformat() if line.since else None,
            "coming": [one.effective_on.isoformat() for one in line.coming],
            "policy": line.policy.model_dump(mode="json", exclude={"kind", "days"})}


def _say(line: Line) -> None:
    rule, policy = line.rule, line.policy
    budget = f"{rule.days}{_DAYS[rule.kind]}（{rule.clause}）" if rule else "天数另定"
    owner = ROLE_WORDS[policy.owner.role] if policy.owner else "该审核层级" if policy.by_step else "无"
    say(f"  {_NAMES.get(line.kind, line.kind)}：{budget}，{line.begins}；{_BASES[policy.basis]}；负责：{owner}")
    if policy.watched:
        shares = "、".join(f"{share:.0%}" for share in policy.warn) or "不提醒"
        say(f"    提醒：{shares}；上报：{'，'.join(spoken(policy, ROLE_WORDS)) or '不上报'}；截止时刻：{policy.cutoff}")
    for one in ([line.since] if line.since else []) + list(line.coming):
        say(f"    {one.effective_on} 起变更（{one.org_key}）：{one.proposed_by}提出，{one.released_by}放行")
