"""`huzhu accounts`: who may sign in, and the one-time code with which somebody sets a first password."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from services.access import queries
from services.access.credentials import issue_password_link
from services.cli.acting import As, acting, changing, moment
from services.cli.output import AsJson, out, say, say_json
from services.core.db import database
from services.core.errors import NotFound

accounts = typer.Typer(name="accounts", help="账号：谁能登录；发放设置密码的一次性口令", no_args_is_help=True)


@accounts.command("list")
def listed(search: Annotated[str, typer.Argument(help="登录名或姓名的一部分；不写为全部")] = "", by: As = "",
           as_json: AsJson = False) -> None:
    """管辖范围内的账号（前 50 个）。"""
    db = database()
    actor = acting(db, by, moment(db))
    with db.view(actor.scope) as session:
        found = queries.accounts(session, actor=actor, search=search)
    if as_json:
        say_json([{"login": row.login, "name": row.name, "organisation": row.org_name, "roles": list(row.roles), "active": row.active,
                   "password": row.password_at is not None, "second_factor": row.second_factor_at is not None} for row in found])
        return
    table = Table("登录名", "姓名", "组织", "角色", "密码", "动态口令", "状态")
    for row in found:
        table.add_row(row.login, row.name, row.org_name, "、".join(row.roles), "已设" if row.password_at else "未设",
                      "已设" if row.second_factor_at else "未设", "可用" if row.active else "已停用")
    out().print(table)


@accounts.command("code")
def code(login: Annotated[str, typer.Argument(help="谁的登录名")],
         reason: Annotated[str, typer.Option(help="为什么发放，留痕")], by: As = "", as_json: AsJson = False) -> None:
    """发放一次性口令：本人凭它在 /first-password 设置密码，72 小时内有效，只显示这一次。"""
    with changing(database(), by) as (session, actor, now):
        row = next((row for row in queries.accounts(session, actor=actor, search=login) if row.login == login), None)
        if row is None:
            raise NotFound("account_missing", f"没有账号 {login}，或不在管辖范围内", remedy="先用 huzhu accounts list 核对", field="login")
        made = issue_password_link(session, account_id=row.id, reason=reason, actor=actor, now=now)
    if as_json:
        say_json({"login": login, "code": made})
        return
    say(f"{login} 的一次性口令：{made}")
    say("请当面或经可靠渠道交给本人；打开 /first-password 设置密码。")
