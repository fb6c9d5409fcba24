"""`huzhu papers file STACK.pdf`: a scanned stack files itself by its cover sheets; `huzhu papers covers CLAIM` prints them;
`huzhu papers retention --dry-run`: which papers' time by law is over; `huzhu papers bring`: what the store lost, from the backup."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from services.access.actor import system
from services.backup import lost
from services.backup.place import place_of
from services.cli.acting import As, changing, moment
from services.cli.output import SAID_NO, AsJson, say, say_json, say_table
from services.core.clock import business_day
from services.core.db import database
from services.core.errors import InputError
from services.core.settings import settings
from services.evidence import again, retention, sheets, stacks
from services.reporting.claims import locate
from services.storage.backend import store

papers = typer.Typer(help="材料：成叠扫描件自动归档，打印封面，丢失的从备份放回")


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


@papers.command("bring")
def bring(place: Annotated[str, typer.Argument(metavar="[PLACE]", show_default=False, help="备份处；不写用 HUZHU_BACKUP_PLACE")] = "",
          as_json: AsJson = False) -> None:
    """文件库里丢失、损坏的文件从备份放回，数据库不动，再重新生成页面；备份里也没有的逐份点名，退出码 1。"""
    db, actor, copies = database(), system(settings().root_org), place_of(settings(), place)
    with db.view(actor.scope) as session:
        rows = lost.lacking(session, store())
    came, gone = lost.bring(copies, store(), rows)
    with db.unit_of_work(actor.scope) as session:
        claims = again.brought_back(session, missing=[row.sha256 for row in gone], now=moment(db))
    if as_json:
        say_json({"brought": [asdict(row) for row in came], "missing": [asdict(row) for row in gone], "drawn_again": claims})
    else:
        say(f"放回 {len(came)} 份" if rows else "文件库完整，没有要放回的")
        if claims:
            say(f"{claims} 件案件的材料由后台重新生成页面")
        if gone:
            say_table(("备份里也没有的文件", "用在哪里", "编号"), [(row.sha256, row.place, row.row) for row in gone])
    if gone:
        raise typer.Exit(SAID_NO)


@papers.command("retention")
def expired(dry_run: Annotated[bool, typer.Option("--dry-run", help="只列出，不销毁")] = False, as_json: AsJson = False) -> None:
    """保管期限已满的材料（保险法第八十七条）：逐案列出并销毁影像，记录与校验值保留；系统每晚自动办理一次。"""
    db, actor = database(), system(settings().root_org)
    now = moment(db)
    if dry_run:
        with db.view(actor.scope) as session:
            found = retention.due(session, today=business_day(now))
    else:
        found = []
        while True:
            with db.unit_of_work(actor.scope) as session:
                batch = retention.sweep(session, actor=actor, now=now)
            if not batch:
                break
            found += batch
    if as_json:
        say_json({"dry_run": dry_run, "claims": [
            {"claim_no": one.claim_no, "since": one.since.isoformat(), "years": one.years, "until": one.until.isoformat(),
             "papers": one.papers}
            for one in found]})
        return
    say_table(("受理编号", "起算日", "保管年数", "保管至", "材料"), [
        (one.claim_no, one.since.isoformat(), str(one.years), one.until.isoformat(), str(one.papers)) for one in found])
    say(f"{'到期' if dry_run else '已销毁'} {len(found)} 案，{sum(one.papers for one in found)} 份材料")
