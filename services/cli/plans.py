"""`huzhu plans …`: the rule-books, as people and as checks read them."""

from __future__ import annotations

from typing import Annotated

import typer

from services.cli.facts import say_facts
from services.cli.house import plans_known
from services.cli.output import AsJson, day, say, say_json, say_table
from services.cli.plan_check import check
from services.cli.plan_replay import replay
from services.cli.plan_texts import readings, schema
from services.cli.wording import say_wording
from services.reporting import answers
from services.rulebook import registry

app = typer.Typer(help="保障计划与规则文件", no_args_is_help=True)
Version = Annotated[str | None, typer.Option("--version", help="版本起始日；不写为最新")]


@app.callback()
def known() -> None:
    """保障计划与规则文件"""
    plans_known()


@app.command("list")
def list_plans(as_json: AsJson = False) -> None:
    """全部计划与版本。"""
    plans = answers.plan_list()
    if as_json:
        say_json(plans)
        return
    keys = ("plan", "version", "name", "office_name", "route", "insurer")
    released = any(plan["released_by"] for plan in plans)
    titles = ("代码", "版本", "名称", "办事机构", "路线", "保险公司", *(("放行",) if released else ()))
    say_table(titles, [[plan[key] for key in keys] + ([_names(plan)] if released else []) for plan in plans])


def _names(plan: answers.Answer) -> str:
    return f"{plan['released_on']} {plan['proposed_by']}提出，{plan['released_by']}放行" if plan["released_by"] else ""


@app.command()
def show(plan: str, version: Version = None, as_json: AsJson = False) -> None:
    """一份规则的全部内容：金额、条款、材料、审核级、时限。"""
    chosen = day(version, field="version") if version else None
    if as_json:
        say_json(answers.plan_show(plan, chosen))
        return
    book = answers.book_of(plan, chosen)
    say_wording(book)
    found = registry.released(book)
    if found:
        say(f"\n{found.released_on} 放行：{found.proposed_by}提出，{found.released_by}放行；规则文件 SHA-256 {book.digest}")


@app.command()
def facts(plan: str, version: Version = None, as_json: AsJson = False) -> None:
    """报案时要填的事实和审核时要答的除外问题：表单与接口同出一处。"""
    found = answers.plan_schema(plan, day(version, field="version") if version else None)
    if as_json:
        say_json(found)
        return
    say_facts(found)


app.command()(check)
app.command()(replay)
app.command()(readings)
app.command()(schema)
