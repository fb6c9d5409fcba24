"""`huzhu letters …`: the samples, the files to print, and how far the letters are."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from services.cli.acting import As, acting, changing, moment
from services.cli.letter_proof import certificate, verify
from services.cli.output import AsJson, say, say_json, say_table
from services.core.clock import business_day
from services.core.db import database
from services.core.errors import InputError
from services.core.months import months_on
from services.notice import monthly, office_letters, print_files
from services.notice import samples as gallery
from services.notice.checks import spoken
from services.reporting import dossier as dossiers
from services.reporting import letter_progress

letters = typer.Typer(help="文书：样张、打印、进度、核验", no_args_is_help=True)
letters.command("verify")(verify)
letters.command("certificate")(certificate)


@letters.command("samples")
def samples(folder: Annotated[Path, typer.Argument(help="写到这一目录")] = Path("文书样张"),
            code: Annotated[list[str] | None, typer.Option(help="只写这几种，可多次")] = None,
            dpi: Annotated[int, typer.Option(min=30, max=300, help="图片的分辨率")] = gallery.SCREEN) -> None:
    """每种文书按样例生成一份：PDF 一个，每页图片一张。"""
    if folder.is_file():
        raise InputError("folder_taken", f"{folder} 是一个文件", remedy="换一个目录", field="FOLDER")
    folder.mkdir(parents=True, exist_ok=True)
    if unknown := sorted(set(code or ()) - set(gallery.codes())):
        raise InputError("unknown_letter", f"没有代码为“{unknown[0]}”的文书", remedy=f"可用：{'、'.join(gallery.codes())}", field="--code")
    written = []
    for name in code or gallery.codes():
        letter = gallery.sample(name)
        (folder / f"{name}.pdf").write_bytes(letter.pdf)
        for page in range(1, letter.pages + 1):
            (folder / f"{name}-{page}.png").write_bytes(gallery.drawn(letter.pdf, page, dpi))
        written.append((name, letter.title, letter.pages))
    say_table(("代码", "文书", "页数"), written)
    say(f"共 {len(written)} 种，写到 {folder}")


@letters.command("print")
def print_(folder: Annotated[Path, typer.Argument(help="写到这一目录")], login: As = "",
           org: Annotated[str, typer.Option(help="组织键，其下每个单位各一个文件；不写为本组织")] = "",
           on: Annotated[str, typer.Option(help="只打印这一天签发的，如 2026-03-20")] = "",
           all_: Annotated[bool, typer.Option("--all", help="不限于走纸质送达的")] = False) -> None:
    """按单位合并要打印的文书，每份一个书签；旁附发件清单。"""
    which, day = "all" if all_ else "paper", _day(on)
    folder.mkdir(parents=True, exist_ok=True)
    with changing(database(), login) as (session, actor, now):
        units = print_files.bundles(session, org_key=org, on=day, which=which, actor=actor)
        for unit in units:
            made = print_files.print_file(session, org_key=unit.org_key, on=day, which=which, actor=actor, now=now)
            (folder / f"{unit.name}.pdf").write_bytes(made.pdf)
            (folder / f"{unit.name}-发件清单.xlsx").write_bytes(print_files.listing(made, title=f"{unit.name} 发件清单"))
    say_table(("单位", "份数", "最早签发", "最近签发"), [(unit.name, unit.letters, unit.first, unit.last) for unit in units])
    say(f"共 {sum(unit.letters for unit in units)} 份，写到 {folder}")


@letters.command("dossier")
def dossier(claim_no: Annotated[str, typer.Argument(help="受理编号")], file: Annotated[Path, typer.Argument(help="写到这一文件")],
            login: As = "") -> None:
    """一件案件的案卷：目录、结案归档表、核算表、文书、材料，逐页编码。"""
    with changing(database(), login) as (session, actor, now):
        made = dossiers.dossier(session, claim_no=claim_no, actor=actor, now=now)
    file.write_bytes(made.pdf)
    say(f"案卷写到 {file}" + ("" if made.closed else "（未结案，在办）"))


@letters.command("progress")
def progress(login: As = "", as_json: AsJson = False) -> None:
    """文书办到哪里：待签发、待送达、已送达，今天签发多少，哪些签发不了。"""
    db = database()
    now = moment(db)
    actor = acting(db, login, now)
    with db.view(actor.scope) as session:
        found = letter_progress.progress(session, today=business_day(now))
    if as_json:
        say_json(found.shown())
        return
    say_table(("待签发", "其中不能签发", "已签发待发出", "在途", "已送达", "今天签发"), [
        (found.drafted, found.stuck, found.issued, found.dispatched, found.delivered, found.today)])


@letters.command("summary")
def summary(folder: Annotated[Path, typer.Argument(help="写到这一目录")] = Path("月度情况"), login: As = "",
            month: Annotated[str, typer.Option(help="月份，如 2026-03；不写为上月")] = "",
            kind: Annotated[str, typer.Option(help="report：向上级的报告，附各单位情况表；notice：给下级的通知")] = "report",
            why: Annotated[str, typer.Option(help="签发以后数据有变动、要更正时写明的原因")] = "") -> None:
    """签发本组织一个月的理赔情况报告或通知；数据没有变动时取回已签发的一份。"""
    folder.mkdir(parents=True, exist_ok=True)
    with changing(database(), login) as (session, actor, now):
        first = _month(month) if month else months_on(business_day(now), -1)
        made = monthly.issue(session, kind=monthly.kind_of(kind), month=first, why=why, actor=actor, now=now)
        (folder / f"{made.number}.pdf").write_bytes(office_letters.content(session, made.id))
        if made.context.get("enclosure_sha256"):
            (folder / f"{made.number}-附表.xlsx").write_bytes(monthly.table(session, made.id, actor=actor))
    say(f"{made.number}，核验码 {spoken(made.check_code)}，写到 {folder}")


def _month(text: str) -> date:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise InputError("month_wrong", f"“{text}”不是月份", remedy="写成 2026-03", field="--month") from None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise InputError("date_wrong", "不是日期", remedy="写成 2026-05-01", field="--on") from None
