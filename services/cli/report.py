"""`huzhu report FILE`: a workbook of reports opens a case a row, or gives a workbook of its faults."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from services.cli.acting import As, changing
from services.cli.output import SAID_NO, AsJson, say, say_json, say_table
from services.core.db import database
from services.core.errors import InputError
from services.intake import service as intake
from services.intake import sheet
from services.models import ReportImport
from services.storage import service as storage

_SHOWN = 20


def report(file: Annotated[Path | None, typer.Argument(help="报案文件（XLSX，每行一次事件）")] = None,
           login: As = "",
           keep_good: Annotated[bool, typer.Option("--keep-good", help="有误的行除外，其余报案；不写则全部合格才报案")] = False,
           errors: Annotated[Path | None, typer.Option(help="错误清单（XLSX）写到这里")] = None,
           template: Annotated[bool, typer.Option("--template", help="不报案，只给出样表")] = False,
           out: Annotated[Path | None, typer.Option(help="样表写到这里")] = None, as_json: AsJson = False) -> None:
    """批量报案：一次事件找出每份保障，各开一案；写明每处错误的行、列和办法。有误时退出码 1。"""
    if template:
        written = out or Path("批量报案样表.xlsx")
        written.write_bytes(sheet.template())
        if as_json:
            say_json({"template": str(written)})
        else:
            say(f"样表：{written}")
        return
    if file is None or not file.is_file():
        raise InputError("file_missing", f"没有文件 {file or ''}".rstrip(), remedy="写明报案文件，或用 --template 取样表", field="FILE")
    with changing(database(), login) as (session, actor, now):
        done = intake.report_file(session, content=file.read_bytes(), file_name=file.name, keep_good=keep_good, actor=actor, now=now)
    workbook = errors or file.with_name(f"{file.stem}-错误清单.xlsx")
    if done.errors_sha256:
        workbook.write_bytes(storage.get(done.errors_sha256))
    _say(done, workbook if done.errors_sha256 else None, as_json=as_json)
    if done.faults:
        raise typer.Exit(SAID_NO)


def _say(done: ReportImport, workbook: Path | None, *, as_json: bool) -> None:
    if as_json:
        say_json({"rows": done.rows, "accepted": done.accepted, "cases": done.outcome, "faults": done.faults,
                  "errors": str(workbook) if workbook else None})
        return
    if done.outcome:
        say_table(("行", "报案编号"), [(row["row"], row["case_no"]) for row in done.outcome])
    if done.faults:
        say_table(("行", "列", "问题", "办法"), [(fault["row"], fault["column"], fault["fault"], fault["remedy"])
                                           for fault in done.faults[:_SHOWN]])
    say(f"共 {done.rows} 行，报案 {done.accepted} 件" + (f"；有误 {len(done.faults)} 行，见 {workbook}" if workbook else ""))
