"""`huzhu audit verify`: the record proves itself, or says where it was touched."""

from __future__ import annotations

from dataclasses import asdict

import typer
from rich.console import Console

from services.audit.verify import verify_all
from services.cli.output import SAID_NO, AsJson, say, say_json, say_table
from services.core.db import Scope, database
from services.core.settings import settings

app = typer.Typer(help="审计记录", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """审计记录。"""


@app.command()
def verify(as_json: AsJson = False) -> None:
    """核验每一条记录链：改动、删除、调序、重链都会点名（退出码 1）。"""
    console = Console(stderr=True)
    with console.status("核验记录链") as status:
        findings = verify_all(database(), Scope(settings().root_org),
                              tell=lambda done, parts: status.update(f"核验记录链：{done}/{parts}"))
    if as_json:
        say_json({"findings": [asdict(finding) for finding in findings]})
    elif findings:
        say_table(("问题", "链", "序号", "说明"),
                  [(finding.code, finding.chain_id, finding.seq, finding.message) for finding in findings])
    else:
        say("审计记录完整，未发现改动")
    if findings:
        raise typer.Exit(SAID_NO)
