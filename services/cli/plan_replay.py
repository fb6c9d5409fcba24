"""`huzhu plans replay FILE`: what closed claims would have come to under a proposed rule-book."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from services.cli.figures import say_figures
from services.cli.output import SAID_NO, AsJson, say, say_json, say_table
from services.core.money import to_yuan
from services.rulebook.loader import RuleBookError

if TYPE_CHECKING:
    from collections.abc import Callable

    from services.reporting.replay.queries import Proof
    from services.reporting.replay.views import Replay, Sum

SHOWN = 20          # claims; the workbook and --json have every one
_SUMS = ("件数", "变化", "原核算（元）", "测算（元）", "差额（元）")


def replay(file: Annotated[Path, typer.Argument(help="拟放行的规则文件（.yaml）")],
           as_if: Annotated[bool | None, typer.Option(
               "--as-if/--governed", help="假定文件当时已施行，全部已结案件都算／只算施行日期管到的；不写时管到的一件也没有才假定")] = None,
           xlsx: Annotated[Path | None, typer.Option("--xlsx", help="另存为工作簿，含每一件变化的案件")] = None,
           prove: Annotated[bool, typer.Option("--prove", help="再逐件单独计算一遍，核对与批量测算逐分相等（不等时退出码 1）")] = False,
           as_json: AsJson = False) -> None:
    """按拟放行的规则文件重算已结案件：合计、每一件变化、对资金的影响。只读，不改任何记录。"""
    # The other commands on plans read files only: they do not wait for the columns engine and the database to load.
    from services.access.actor import system
    from services.core.db import database
    from services.core.settings import settings
    from services.reporting.replay import book, proposed, queries

    try:
        given = proposed.read(file)
    except RuleBookError as error:
        if not as_json:
            for finding in error.findings:
                typer.echo(f"{finding.file}:{finding.line}: {finding.message}", err=True)
        raise
    actor = system(settings().root_org)
    with Console(stderr=True).status("测算已结案件"), database().view(actor.scope) as session:
        found = queries.replay(session, given.book, actor=actor, as_if=as_if)
    if xlsx is not None:
        xlsx.write_bytes(book.workbook(found, by_claim=True))
    proof = None
    if prove:
        with Console(stderr=True).status("逐件单独计算"), database().view(actor.scope) as session:
            proof = queries.prove(session, given.book, actor=actor)
    if as_json:
        say_json({**asdict(found), "findings": [finding.as_dict() for finding in given.findings],
                  **({"proof": asdict(proof)} if proof else {})})
    else:
        for finding in given.findings:
            say(f"规则检查：{finding.file}:{finding.line}: {finding.message}")
        _say(found)
        if proof:
            _say_proof(proof)
    if proof and proof.differs:
        raise typer.Exit(SAID_NO)


def _say(found: Replay) -> None:
    from services.reporting.replay.book import totals
    from services.reporting.replay.words import RANGE_WORDS

    say_table(("项目", "数值"), [(name, value) for name, value in totals(found)])
    _say_sums("决定年度", found.years, lambda key: key or "没有决定")
    _say_sums("待遇", found.benefits, lambda key: found.names.get(key, key))
    _say_sums("差额", found.ranges, lambda key: RANGE_WORDS[key])
    if found.changed:
        rows = [(one.claim_no, one.year, to_yuan(one.before), to_yuan(one.after), to_yuan(one.difference)) for one in found.changed[:SHOWN]]
        say_figures(("变化最大的案件", "决定年度", "原核算（元）", "测算（元）", "差额（元）"), rows, words=1)
    else:
        say("没有一件案件的金额会变化。")
    if found.uncomputed:
        say_table(("不能测算的原因", "件数", "办法", "案号"), [
            (one.message, len(one.claims), one.remedy, "、".join(one.claims[:3])) for one in found.uncomputed])
    for title, rows_apart in (("决定与核算不同", found.decided_otherwise), ("原规则重算不符", found.unproven)):
        if rows_apart:
            say_table((title, "核算（元）", "另一数（元）", "原因"), [
                (one.claim_no, to_yuan(one.first), "" if one.second is None else to_yuan(one.second), one.why)
                for one in rows_apart[:SHOWN]])


def _say_sums(head: str, rows: tuple[Sum, ...], name: Callable[[str], str]) -> None:
    if rows:
        say_figures((head, *_SUMS), [(name(row.key), row.claims, row.changed, to_yuan(row.before), to_yuan(row.after),
                                      to_yuan(row.difference)) for row in rows], words=1)


def _say_proof(proof: Proof) -> None:
    if proof.differs:
        say_table(("案号", "规则", "批量（分）", "单独（分）"), [
            (one.claim_no, one.wording, one.at_once, one.by_itself) for one in proof.differs[:SHOWN]])
    say(f"逐件单独计算 {proof.claims} 件（本文件和原规则各一遍），与批量测算不等 {len(proof.differs)} 件；"
        f"按本文件不能计算 {proof.cannot} 件")
