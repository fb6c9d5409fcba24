"""`huzhu plans check`: whether every rule-book file is sound, its examples come out, and the examples see every number."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
from rich.console import Console
from rich.progress import track

from services.cli.output import SAID_NO, AsJson, say_json, say_table
from services.core.errors import HuzhuError, NotFound
from services.engine.checking.check import Checked, checked, files_at
from services.engine.checking.mutate import Mutated, mutate
from services.rulebook import registry
from services.rulebook.validation import Finding
from services.rulebook.values import nearest

WORKERS = 2


class Answer(NamedTuple):
    """One file as checked and, when asked, as mutated."""

    checked: Checked
    mutated: Mutated | None


def check(target: Annotated[str | None, typer.Argument(help="规则文件、文件夹或计划代码；不写为全部")] = None,
          shift: Annotated[bool, typer.Option("--mutate", help="把每个数改动一个末位单位，看算例能否发现")] = False,
          as_json: AsJson = False) -> None:
    """检查规则文件：写法、条款、时限预算、版本、算例（有问题时退出码 1）。"""
    files = _files(target)
    answers = list(track(_answers(files, shift), total=len(files), description="检查规则", transient=True,
                         console=Console(stderr=True), disable=as_json or not Console(stderr=True).is_terminal))
    if as_json:
        say_json(_as_json(answers))
    else:
        _for_people(answers)
    if any(answer.checked.findings or (answer.mutated and answer.mutated.survivors) for answer in answers):
        raise typer.Exit(SAID_NO)


def _answers(files: list[Path], shift: bool) -> Iterator[Answer]:
    if not shift or len(files) < 2:
        yield from (_answer(file, shift) for file in files)
        return
    with ProcessPoolExecutor(WORKERS) as pool:
        yield from pool.map(_answer, files, [shift] * len(files))


def _answer(file: Path, shift: bool) -> Answer:
    """Check one file; mutate it when it loads, for a file that does not load has no numbers to shift."""
    found = checked(file)
    if not shift or not found.loaded:
        return Answer(found, None)
    try:
        return Answer(found, mutate(file))
    except HuzhuError:      # a bundle whose parts do not load: the check above says so
        return Answer(found, None)


def _for_people(answers: list[Answer]) -> None:
    for answer in answers:
        folder = answer.checked.file.rpartition("/")[0]
        for finding in answer.checked.findings:
            typer.echo(f"{folder}/{finding.file}:{finding.line}: {finding.message}")
        for mutant in answer.mutated.survivors if answer.mutated else ():
            typer.echo(f"{folder}/{mutant.file}:{mutant.line}: {mutant.key} 由 {mutant.old} 改为 {mutant.new}，没有算例发现")
    shifted = any(answer.mutated for answer in answers)
    say_table(("计划", "版本", "算例", "问题", *(("改动", "未发现") if shifted else ())), [_row(answer, shifted) for answer in answers])
    total = f"检查 {len(answers)} 份规则，{sum(answer.checked.cases for answer in answers)} 个算例，" \
            f"发现 {sum(len(answer.checked.findings) for answer in answers)} 个问题"
    if shifted:
        tried = [answer.mutated for answer in answers if answer.mutated]
        total += f"；改动 {sum(one.mutants for one in tried)} 处，{sum(one.refused for one in tried)} 处由文件自身的检查发现，" \
                 f"{sum(len(one.survivors) for one in tried)} 处没有算例发现"
    typer.echo(total)


def _row(answer: Answer, shifted: bool) -> list[object]:
    found, tried = answer
    row: list[object] = [found.plan, found.version, found.cases, len(found.findings)]
    if shifted:
        row += [tried.mutants, len(tried.survivors)] if tried else ["", ""]
    return row


def _as_json(answers: list[Answer]) -> dict[str, object]:
    """Counts by file, every finding, and every shift that no example noticed."""
    files = []
    for found, tried in answers:
        row: dict[str, object] = {"file": found.file, "plan": found.plan, "version": found.version, "cases": found.cases,
                                  "findings": len(found.findings)}
        files.append(row | ({"mutants": tried.mutants, "refused": tried.refused, "survivors": len(tried.survivors)} if tried else {}))
    findings = [_placed(finding, found.plan) for found, _ in answers for finding in found.findings]
    survivors = [{"plan": tried.plan, **mutant.as_dict()} for _, tried in answers if tried for mutant in tried.survivors]
    return {"files": files, "findings": findings, "survivors": survivors}


def _placed(finding: Finding, plan: str) -> dict[str, object]:
    return {"plan": plan, **finding.as_dict()}


def _files(target: str | None) -> list[Path]:
    if target is None:
        return registry.files()
    path = Path(target)
    if path.is_dir() or path.suffix or len(path.parts) > 1:
        return files_at(path)
    found = [file for file in registry.files() if file.parent.name == target]
    if not found:
        known = sorted({file.parent.name for file in registry.files()})
        near = nearest(target, known)
        raise NotFound("unknown_plan", f"没有计划“{target}”", field="plan",
                       remedy=f"最接近的是 {near}" if near else "已知计划：" + "、".join(known))
    return found
