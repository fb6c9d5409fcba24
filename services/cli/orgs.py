"""`huzhu orgs …`: the tree, its history, moves, mergers and closings, on the machine of the office."""

from __future__ import annotations

from typing import Annotated

import typer
from sqlmodel import Session, col, select

from services.access.actor import Actor, system
from services.cli.acting import As, changing
from services.cli.output import SAID_NO, AsJson, say, say_item, say_json, say_table
from services.core.clock import CHINA
from services.core.db import database
from services.core.errors import InputError
from services.core.identity import CREDIT_REASONS, check_credit_code
from services.core.settings import settings
from services.enrolment import queries, service, tree
from services.models import Account, Organisation, OrganisationChange

orgs = typer.Typer(help="组织：查看、移动、合并、撤销", no_args_is_help=True)
Key = Annotated[str, typer.Argument(help="组织键，如 cn.nx.yc.xq.u001.；移动前的旧键也可")]
Reason = Annotated[str, typer.Option(help="原因，如批复文号")]
_KINDS = {"nation": "全国", "office": "办事处", "city": "市", "district": "区县", "industry": "产业", "company": "公司", "unit": "单位",
          "womens_committee": "女职工委员会", "insurer": "保险公司", "agency": "代办处"}
_CHANGES = {"opened": "新建", "changed": "更改", "moved": "移动", "merged": "并入", "closed": "撤销"}


@orgs.command("list")
def listed(under: Annotated[str, typer.Option(help="只列这一组织及其下级")] = "", as_json: AsJson = False) -> None:
    """组织树。"""
    actor = _actor()
    with database().view(actor.scope) as session:
        rows = queries.organisations_under(session, tree.find(session, under).org_key if under else actor.org_key)
        shown = [_words(row) for row in rows]
    if as_json:
        say_json({"organisations": shown})
        return
    say_table(("组织键", "名称", "类别"), [
        (row["org_key"], f"{row['name']}（{row['closed_on']} 撤销）" if row["closed_on"] else row["name"], _KINDS[str(row["kind"])])
        for row in shown])


@orgs.command()
def history(key: Key, as_json: AsJson = False) -> None:
    """沿革：何时由谁为何新建、更改、移动、并入、撤销。"""
    with database().view(_actor().scope) as session:
        rows = tree.history(session, tree.find(session, key).id)
        names = {account.id: account.name for account in session.exec(select(Account).where(
            col(Account.id).in_([row.account_id for row in rows if row.account_id])))}
    if as_json:
        say_json({"history": [_change(row) for row in rows]})
        return
    for row in rows:
        where = f"{row.from_key} → {row.to_key}" if row.from_key and row.from_key != row.to_key else row.to_key
        who = names.get(row.account_id, "") if row.account_id else "系统"
        say_item(f"{row.at.astimezone(CHINA):%Y-%m-%d %H:%M}  {_CHANGES[row.kind]}  {where}  {who}  {row.why}", hang=18)


@orgs.command()
def move(key: Key, parent: Annotated[str, typer.Option(help="新上级的组织键")], why: Reason, login: As = "",
         as_json: AsJson = False) -> None:
    """把组织连同下级和全部记录移到另一上级之下。"""
    with changing(database(), login) as (session, actor, now):
        done = service.move_organisation(session, org_id=tree.find(session, key).id, parent_id=tree.find(session, parent).id, why=why,
                                         actor=actor, now=now)
        shown, rows = _words(done), _rows(session, done)
    _say_moved(shown, rows, as_json=as_json)


@orgs.command()
def merge(key: Key, into: Annotated[str, typer.Option(help="接续的组织的组织键")], why: Reason, login: As = "",
          as_json: AsJson = False) -> None:
    """并入接续的组织：下级、保障、案件和账号随之接续，原组织撤销。"""
    with changing(database(), login) as (session, actor, now):
        old = tree.find(session, key)
        done = service.merge_organisation(session, org_id=old.id, into_id=tree.find(session, into).id, why=why, actor=actor, now=now)
        shown, rows = _words(done), _rows(session, old)
    _say_moved(shown, rows, as_json=as_json)


@orgs.command()
def close(key: Key, why: Reason, login: As = "", as_json: AsJson = False) -> None:
    """撤销名下已无下级、保障、案件和账号的组织。"""
    with changing(database(), login) as (session, actor, now):
        shown = _words(service.close_organisation(session, org_id=tree.find(session, key).id, why=why, actor=actor, now=now))
    if as_json:
        say_json({"organisation": shown})
    else:
        say(f"{shown['name']}已于 {shown['closed_on']} 撤销")


@orgs.command("code")
def credit_code(number: Annotated[str, typer.Argument(help="统一社会信用代码")], as_json: AsJson = False) -> None:
    """核对统一社会信用代码（GB 32100-2015）；不对时退出码 1。"""
    clean, reason = check_credit_code(number)
    if as_json:
        say_json({"code": clean, "valid": reason is None, "reason": reason, "text": CREDIT_REASONS.get(reason or "")})
    else:
        say(f"valid 有效：{clean}" if reason is None else f"invalid 无效：{CREDIT_REASONS[reason]}")
    if reason:
        raise typer.Exit(SAID_NO)


def _actor() -> Actor:
    return system(settings().root_org)


def _rows(session: Session, org: Organisation) -> dict[str, int]:
    """How many rows of each column the last move re-keyed."""
    rows = tree.history(session, org.id)[-1].details.get("rows")
    if not isinstance(rows, dict):
        raise InputError("org_history", "沿革中没有这次移动的记录", remedy="用 huzhu orgs history 核对")
    return {str(name): int(count) for name, count in rows.items()}


def _say_moved(shown: dict[str, object], rows: dict[str, int], *, as_json: bool) -> None:
    if as_json:
        say_json({"organisation": shown, "rows": rows})
        return
    say(f"{shown['name']}：{shown['org_key']}")
    say_table(("表与列", "行数"), sorted(rows.items()))


def _words(row: Organisation) -> dict[str, object]:
    return row.model_dump(mode="json")


def _change(row: OrganisationChange) -> dict[str, object]:
    return row.model_dump(mode="json")
