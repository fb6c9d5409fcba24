"""`huzhu papers file STACK.pdf`: a scanned stack files itself by its cover sheets; `huzhu papers covers CLAIM` prints them."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from services.cli.acting import As, changing
from services.cli.output import SAID_NO, AsJson, say, say_json, say_table
from services.core.db import database
from services.core.errors import InputError
from services.evidence import sheets, stacks
from services.reporting.claims import locate

papers = typer.Typer(help="材料：成叠扫描件自动归档，打印封面")


@papers.command("file")
def file(stack: Annotated[Path, typer.Argument(help="多页 PDF，每份材料前有封面")], login: As = "", as_json: AsJson = False) -> None:
    """按封面条码把每份材料归入各案；归不了的页逐一列出，退出码 1。"""
    if not stack.is_file():
        raise InputError("file_missing", f"没有文件 {stack}", remedy="写明扫描件", field="STACK")
    with changing(database(), login) as (session, actor, now):
        done = stacks.file_stack(session, content=stack.read_bytes(), file_name=stack.name, actor=actor, now=now)
    if as_json:
        say_json({**asdict(done), "filed": [{**asdict(part), "paper_id": str(part.paper_id)} for part in done.filed]})
    else:
        say_table(("页", "受理编号", "材料"), [(f"{part.first}–{part.last}", part.claim_no, part.kind) for part in done.filed])
        if done.left:
            say_table(("页", "问题", "办法"), [(f"{part.first}–{part.last}", part.words, part.remedy) for part in done.left])
        say(f"共 {done.pages} 页，归档 {len(done.filed)} 份" + (f"；{len(done.left)} 处要人工办理" if done.left else ""))
    if done.left:
        raise typer.Exit(SAID_NO)


@papers.command("covers")
def covers(claim_no: Annotated[str, typer.Argument(help="受理编号")], login: As = "",
           kind: Annotated[list[str] | None, typer.Option(help="材料种类，可多次；不写为清单上的每一种")] = None,
           out: Annotated[Path | None, typer.Option(help="写到这里")] = None) -> None:
    """打印材料封面（PDF）。"""
    with changing(database(), login) as (session, actor, _):
        made = sheets.cover_sheets(session, claim_id=locate(session, claim_no).id, kinds=kind or (), actor=actor)
    written = out or Path(f"封面-{claim_no}.pdf")
    written.write_bytes(made)
    say(f"封面：{written}")
