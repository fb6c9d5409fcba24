"""`huzhu plans …`: the rule-books, as people and as checks read them."""

from __future__ import annotations

from typing import Annotated

import typer

from services.cli.output import AsJson, day, say, say_json, say_table
from services.cli.plan_check import check
from services.cli.plan_texts import readings, schema
from services.reporting import answers
from services.rulebook.schema import RuleBook

app = typer.Typer(help="保障计划与规则文件", no_args_is_help=True)
Version = Annotated[str | None, typer.Option("--version", help="版本起始日；不写为最新")]


@app.command("list")
def list_plans(as_json: AsJson = False) -> None:
    """全部计划与版本。"""
    plans = answers.plan_list()
    if as_json:
        say_json(plans)
        return
    keys = ("plan", "version", "name", "office_name", "route", "insurer")
    say_table(("代码", "版本", "名称", "办事机构", "路线", "保险公司"), [[plan[key] for key in keys] for plan in plans])


@app.command()
def show(plan: str, version: Version = None, as_json: AsJson = False) -> None:
    """一份规则的全部内容：金额、条款、材料、审核级、时限。"""
    chosen = day(version, field="version") if version else None
    if as_json:
        say_json(answers.plan_show(plan, chosen))
    else:
        _for_people(answers.book_of(plan, chosen))


def _for_people(book: RuleBook) -> None:
    say(f"{book.name}（{book.plan} {book.version}）")
    say(f"{book.office_name}；{book.insurer or '办事处自办'}；依据：{book.source}")
    say_table(("待遇", "名称", "依据", "解读"),
              [(name, benefit.name, benefit.clause, "、".join(benefit.read)) for name, benefit in book.benefits.items()])
    say_table(("材料", "名称", "必交", "依据"),
              [(paper.kind, paper.name, "视情况" if paper.when else "是" if paper.required else "否", paper.clause)
               for paper in book.papers])
    say_table(("审核级", "名称", "职责", "角色", "工作日", "超过（元）"),
              [(level.level, level.name, level.act, level.role, level.days or "", level.above) for level in book.chain])
    say_table(("时限", "天数", "起算", "依据", "来源"),
              [(kind, _budget(rule.days, rule.years, rule.kind), rule.start, rule.clause, rule.origin)
               for kind, rule in book.clocks.items()])


def _budget(days: int, years: int, kind: str) -> str:
    return f"{years} 年" if years else f"{days} {'个工作日' if kind == 'working' else '日'}"


@app.command()
def facts(plan: str, version: Version = None, as_json: AsJson = False) -> None:
    """报案时要填的事实和审核时要答的除外问题：表单与接口同出一处。"""
    found = answers.plan_schema(plan, day(version, field="version") if version else None)
    if as_json:
        say_json(found)
        return
    fields = found["fields"]
    assert isinstance(fields, list)
    say_table(("事实", "名称", "类型", "必填", "选项", "依据"),
              [(f"event.{field['name']}", field["label"], field["type"], "是" if field["required"] else "",
                "、".join(choice["value"] for choice in field["choices"]), field["clause"]) for field in fields],
              title=f"{found['plan']}（{found['version']}）")
    questions = found["exclusions"]
    assert isinstance(questions, list)
    if questions:
        say_table(("除外责任", "问题（答是、否或疑似）", "依据", "答“是”时不给付"),
                  [(asked["id"], asked["question"], asked["clause"], "、".join(asked["benefits"]) or "全部")
                   for asked in questions])


app.command()(check)
app.command()(readings)
app.command()(schema)
