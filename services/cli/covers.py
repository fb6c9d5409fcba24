"""`huzhu covers …`: one cover with its premium and benefits, the summary to the region, the plans' books."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from sqlmodel import Session

from services.access.actor import system
from services.cli.acting import moment
from services.cli.figures import say_figures
from services.cli.output import AsJson, day, say, say_json, say_table
from services.core.db import Scope, database
from services.core.money import show, to_yuan
from services.core.settings import settings
from services.enrolment import cover_queries, group_summary
from services.enrolment import queries as enrolment
from services.enrolment.covers import REASON_WORDS
from services.ledger import queries as ledger
from services.ledger import service as ledger_service
from services.models import Organisation

covers = typer.Typer(help="保障、费用与分户账", no_args_is_help=True)
_STATES = {"open": "有效", "ending": "将终止", "ended": "已终止"}
_SUMMARY = ("单位、计划、保单号", "凭证数", "人数", "续保", "份数", "应缴", "已缴", "已退")
_MONEY = {"due_fen": "应缴", "paid_fen": "已缴", "open_fen": "未缴", "owed_back_fen": "应退", "returned_fen": "已退",
          "refunded_fen": "理赔退费"}


@covers.command("show")
def show_one(certificate_no: Annotated[str, typer.Argument(help="凭证号")], as_json: AsJson = False) -> None:
    """一份保障：期限、观察期起算日、费用、批单、各项责任是否终止。"""
    with database().view(_root()) as session:
        words = _words(session, certificate_no)
    if as_json:
        say_json(words)
        return
    say(f"凭证 {words['certificate_no']}  {words['unit']}  {words['plan']}  {words['shares']} 份" + ("  续保" if words["renewal"] else ""))
    say(f"保障 {words['effective']} 至 {words['until']}，观察期自 {words['waiting_start']} 起算"
        + (f"，{words['ended_on']} 终止（{REASON_WORDS[str(words['end_reason'])]}）" if words["ended_on"] else ""))
    premium, changes, benefits = words["premium"], words["endorsements"], words["liabilities"]
    assert isinstance(premium, dict) and isinstance(changes, list) and isinstance(benefits, list)
    say("费用（元）")
    say_figures(tuple(_MONEY.values()), [tuple(premium[name.removesuffix("_fen")] for name in _MONEY)], words=0)
    if changes:
        say_table(("批单号", "类别", "日期", "内容"), [(row["number"], row["kind"], row["dated_on"], row["text"]) for row in changes])
    say_table(("责任", "条款", "状态", "由"), [(row["name"], row["clause"], _STATES[row["state"]], row["claim_no"]) for row in benefits])


def _words(session: Session, certificate_no: str) -> dict[str, object]:
    cover = cover_queries.by_certificate(session, certificate_no)
    money = asdict(ledger.premiums(session, [cover.id])[cover.id])
    days = {name: getattr(cover, name) for name in ("plan_from", "effective", "until", "ended_on")}
    return {
        "certificate_no": cover.certificate_no, "unit": session.get_one(Organisation, cover.org_id).name, "shares": cover.shares,
        "policy_no": cover.policy_no, "plan": cover.plan, "renewal": cover.renewal,
        **{name: value.isoformat() if value else None for name, value in days.items()}, "end_reason": cover.end_reason,
        "waiting_start": cover_queries.waiting_start(cover, enrolment.covers_of(session, cover.person_id, cover.plan)).isoformat(),
        "premium": {name.removesuffix("_fen"): show(to_yuan(fen)) for name, fen in money.items()},
        "endorsements": [{"number": row.number, "kind": row.kind, "dated_on": row.dated_on.isoformat(), "text": row.text}
                         for row in cover_queries.endorsements(session, cover)],
        "liabilities": [asdict(row) for row in cover_queries.liabilities(session, cover)]}


@covers.command()
def summary(org_key: Annotated[str, typer.Option("--org", help="组织代码，如 cn.nx.")] = "",
            plan: Annotated[str | None, typer.Option(help="计划代码")] = None,
            first: Annotated[str | None, typer.Option("--from", help="生效日起")] = None,
            last: Annotated[str | None, typer.Option("--to", help="生效日止")] = None,
            out: Annotated[Path | None, typer.Option(help="写成 XLSX 文件")] = None, as_json: AsJson = False) -> None:
    """参保汇总：逐单位逐计划的凭证数、人数、费用、保单号（保办法第十三条）。"""
    begin, until = (day(text, field=name) if text else None for text, name in ((first, "from"), (last, "to")))
    with database().view(_root()) as session:
        rows = group_summary.summary(session, org_key=org_key or f"{settings().root_org}.", plan=plan, first=begin, last=until)
    if out:
        out.write_bytes(group_summary.workbook(rows, title="参保汇总表"))
        say(f"已写 {out}：{len(rows)} 行")
    elif as_json:
        say_json([asdict(row) | {"policies": list(row.policies)} for row in rows])
    else:
        lines = [*map(group_summary.cells, rows), group_summary.totals(rows)]
        say_figures(_SUMMARY, [("\n".join(filter(None, map(str, (unit, name, policies)))), *figures)
                               for unit, name, *figures, policies in lines], words=1)
        say("金额单位：元")


@covers.command()
def books(plan: Annotated[str | None, typer.Argument(help="计划代码；不写为全部")] = None, as_json: AsJson = False) -> None:
    """各计划的分户账：借方、贷方、余额；一个计划的余额相加为零。"""
    with database().view(_root()) as session:
        rows = ledger.balances(session, plan)
    if as_json:
        say_json([asdict(row) | {"balance_fen": row.balance_fen} for row in rows])
    else:
        say_figures(("计划", "科目", "借方（元）", "贷方（元）", "余额（元）"), [
            (row.plan, row.name, *(show(to_yuan(fen)) for fen in (row.debit_fen, row.credit_fen, row.balance_fen))) for row in rows],
            words=2)


@covers.command("catch-up")
def catch_up(as_json: AsJson = False) -> None:
    """补记分户账：升级前已有的保障、批量导入的保障与已到账的退费；再次运行不重复记账。"""
    now = moment(database())
    with database().unit_of_work(_root()) as session:
        bookings = ledger_service.catch_up(session, actor=system(settings().root_org), now=now)
    if as_json:
        say_json({"entries": bookings})
    else:
        say(f"补记分录 {bookings} 条")


def _root() -> Scope:
    return Scope(settings().root_org)
