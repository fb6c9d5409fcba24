"""`huzhu plans check`: whether every rule-book file is sound and its examples come out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from services.cli.output import SAID_NO, AsJson, say, say_json
from services.core.errors import InputError
from services.engine.check import check as check_file
from services.rulebook import registry


def check(target: Annotated[str | None, typer.Argument(help="规则文件或计划代码；不写为全部")] = None,
          as_json: AsJson = False) -> None:
    """检查规则文件：写法、时限预算、版本、算例（有问题时退出码 1）。"""
    files = _files(target)
    findings = [finding for file in files for finding in check_file(file)]
    if as_json:
        say_json({"files": [file.name for file in files], "findings": [finding.as_dict() for finding in findings]})
    else:
        for finding in findings:
            say(f"{finding.file}:{finding.line}: {finding.message}")
        say(f"检查 {len(files)} 份规则，发现 {len(findings)} 个问题")
    if findings:
        raise typer.Exit(SAID_NO)


def _files(target: str | None) -> list[Path]:
    if target is None:
        return registry.files()
    path = Path(target)
    if path.suffix == ".yaml":
        if not path.is_file():
            raise InputError("file_missing", f"读不到文件 {target}", remedy="核对路径", field="target")
        return [path]
    registry.latest(target)
    return [file for file in registry.files() if file.parent.name == target]
