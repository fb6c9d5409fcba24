"""`huzhu enrol FILE`: a roster of any size becomes covers, or a workbook of its faults; `--template` gives one to fill in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from sqlmodel import Session, select

from services.access.actor import Actor
from services.cli.acting import As, changing
from services.cli.house import plans_known
from services.cli.output import SAID_NO, AsJson, day, say, say_json, say_table
from services.core.db import database
from services.core.errors import InputError
from services.core.settings import settings
from services.enrolment import service as enrolment
from services.enrolment import workbook
from services.enrolment.thresholds import Numbers
from services.models import Organisation, RosterImport
from services.rulebook import registry
from services.storage import service as storage

_SHOWN = 20


def enrol(file: Annotated[Path | None, typer.Argument(help="名单（XLSX）")] = None,
          plan: Annotated[str, typer.Option(help="计划代码")] = "",
          unit: Annotated[str, typer.Option(help="单位的组织键，如 cn.nx.yc.xq.u001.")] = "",
          effective: Annotated[str, typer.Option(help="生效日，如 2026-04-01")] = "",
          login: As = "",
          payer: Annotated[str, typer.Option(help="缴费来源：self、enterprise、public")] = "",
          payer_name: Annotated[str | None, typer.Option(help="缴费单位名称")] = None,
          policy_no: Annotated[str | None, typer.Option(help="保险公司保单号")] = None,
          staff: Annotated[int | None, typer.Option(help="在职职工总数")] = None,
          women: Annotated[int | None, typer.Option(help="女职工总数")] = None,
          parents: Annotated[int | None, typer.Option(help="有未成年子女的职工总数")] = None,
          keep_good: Annotated[bool, typer.Option("--keep-good", help="有误的行除外，其余参保；不写则全部合格才参保")] = False,
          errors: Annotated[Path | None, typer.Option(help="错误清单（XLSX）写到这里")] = None,
          template: Annotated[bool, typer.Option("--template", help="不参保，只给出样表")] = False,
          seed_layout: Annotated[bool, typer.Option("--seed-layout", help="样表只用文件所附的四列")] = False,
          out: Annotated[Path | None, typer.Option(help="样表写到这里")] = None,
          as_json: AsJson = False) -> None:
    """参保：逐行核对名单，写明每处错误的行、列和办法；无误即参保。有误时退出码 1。"""
    if template:
        _template(plan, out, seed=seed_layout, as_json=as_json)
        return
    words = {"FILE": file, "--plan": plan, "--unit": unit, "--effective": effective, "--payer": payer, "--as": login}
    for name, value in words.items():
        if not value:
            raise InputError("missing_key", f"缺少 {name}", remedy=f"补上 {name}", field=name)
    assert file is not None
    content = _content(file)
    with _progress(quiet=as_json) as shown, changing(database(), login) as (session, actor, now):
        tasks: dict[str, int] = {}

        def follow(what: str, done: int, of: int) -> None:
            if what not in tasks:
                tasks[what] = shown.add_task(what, total=of)
            shown.update(tasks[what], completed=done, total=of)  # type: ignore[arg-type]

        done = enrolment.enrol(session, content=content, file_name=file.name, plan=plan, org_id=_unit(session, unit, actor).id,
                               effective=day(effective, field="effective"), payer_kind=payer, payer_name=payer_name,
                               policy_no=policy_no, keep_good=keep_good, unit=Numbers(staff, women, parents), progress=follow,
                               actor=actor, now=now)
    written = _write_errors(done, errors or file.with_name(f"{file.stem}-错误清单.xlsx"))
    _say(done, written, as_json=as_json)
    if done.fault_count:
        raise typer.Exit(SAID_NO)


def _content(file: Path) -> bytes:
    """The file's bytes, not read at all above the limit."""
    if not file.is_file():
        raise InputError("file_missing", f"没有文件 {file}", remedy="核对文件名", field="FILE")
    limit = settings().upload_limit_mb
    if file.stat().st_size > limit * 1024 * 1024:
        raise InputError("file_too_large", f"文件超过 {limit} MB", remedy="请拆分后上传", field="FILE")
    return file.read_bytes()


def _unit(session: Session, key: str, actor: Actor) -> Organisation:
    found = session.exec(select(Organisation).where(Organisation.org_key == f"{key.rstrip('.')}.")).first()
    if found is None or not found.org_key.startswith(actor.org_key):
        raise InputError("organisation_missing", f"没有组织 {key}，或不在{actor.name}的管辖范围内", remedy="写组织键，如 cn.nx.yc.xq.u001.",
                         field="--unit")
    return found


def _progress(*, quiet: bool) -> Progress:
    return Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
                    console=Console(stderr=True), disable=quiet, transient=True)


def _write_errors(done: RosterImport, to: Path) -> Path | None:
    if done.errors_sha256 is None:
        return None
    to.write_bytes(storage.get(done.errors_sha256))
    return to


def _say(done: RosterImport, written: Path | None, *, as_json: bool) -> None:
    if as_json:
        say_json({"id": str(done.id), "plan": done.plan, "effective": done.effective.isoformat(), "rows": done.rows,
                  "accepted": done.accepted, "fault_count": done.fault_count, "faults": done.faults, "notes": done.notes,
                  "errors": str(written) if written else None})
        return
    if done.faults:
        say_table(("行", "列", "问题", "办法"), [_line(fault) for fault in done.faults[:_SHOWN]])
        if done.fault_count > _SHOWN:
            say(f"共 {done.fault_count} 处，以上为前 {_SHOWN} 处")
    for note in done.notes:
        say(f"提示：{note['column']} {note['fault']}：{note['remedy']}".replace("： ", "："))
    say(f"名单 {done.rows} 人，参保 {done.accepted} 人")
    if written:
        say(f"错误清单：{written}")


def _line(fault: dict[str, str]) -> tuple[str, str, str, str]:
    return "全名单" if fault["row"] == "0" else fault["row"], fault["column"], fault["fault"], fault["remedy"]


def _template(plan: str, out: Path | None, *, seed: bool, as_json: bool) -> None:
    plans_known()
    book = registry.latest(plan) if plan else None
    to = out or Path(f"{plan or '参保'}-名单样表.xlsx")
    to.write_bytes(workbook.template(book, seed=seed))
    if as_json:
        say_json({"written": str(to)})
    else:
        say(f"样表：{to}")
