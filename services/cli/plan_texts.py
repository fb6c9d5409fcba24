"""`huzhu plans readings|schema`: what offices discuss about the rule-books, and what editors check them by."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

import typer

from services.cli.output import AsJson, say, say_json
from services.core.errors import InputError
from services.rulebook import readings as book_readings
from services.rulebook import registry
from services.rulebook.json_schema import text as schema_text
from services.rulebook.readings import Reading, Rest

CONFIDENCE = {"certain": "确定", "high": "高", "medium-high": "较高", "medium": "中", "low": "低", "none": "无依据，须问办事处"}
Name = Annotated[str | None, typer.Argument(help="编号，如 A-10；不写为全部")]
Plan = Annotated[str | None, typer.Option(help="只列这个计划所依据的解读")]
State = Annotated[Literal["open", "confirmed"] | None, typer.Option(help="open 未确认，confirmed 已确认；不写为全部")]


def readings(name: Name = None, plan: Plan = None, state: State = None, as_json: AsJson = False) -> None:
    """对原文含糊、冲突之处的解读：状态，以及哪些规则依此写成。"""
    if plan is not None:
        registry.latest(plan)
    asked = {name: book_readings.reading(name)} if name else book_readings.register()
    resting = book_readings.resting()
    chosen = [(name, found, [rest for rest in resting.get(name, []) if plan in (None, rest.plan)])
              for name, found in asked.items() if state in (None, found.state)]
    if plan is not None:
        chosen = [row for row in chosen if row[2]]
    if as_json:
        say_json([_as_json(name, found, rests) for name, found, rests in chosen])
        return
    for name, found, rests in chosen:
        _for_people(name, found, rests)
    confirmed = sum(found.state == "confirmed" for _, found, _ in chosen)
    say(f"共 {len(chosen)} 项解读，已确认 {confirmed} 项，未确认 {len(chosen) - confirmed} 项")


def _as_json(name: str, found: Reading, rests: list[Rest]) -> dict[str, object]:
    return {"id": name, **found.model_dump(mode="json"), "rules": [rest._asdict() for rest in rests]}


def _for_people(name: str, found: Reading, rests: list[Rest]) -> None:
    say(f"{name}  {found.question}")
    say(f"  状态：{_state(found)}；把握：{CONFIDENCE[found.confidence]}")
    say(f"  出处：{found.where}")
    say(f"  解读：{found.reading}")
    say(f"  理由：{found.why}")
    for version, keys in _by_version(rests).items():
        say(f"  规则：{version}  {'、'.join(keys)}")
    for carrier in found.carried:
        say(f"  程序：{carrier.at}（{carrier.how}）")
    say("")


def _state(found: Reading) -> str:
    confirmed = found.confirmed
    return f"已由{confirmed.by}于{confirmed.on}确认（{confirmed.source}）" if confirmed else "未确认"


def _by_version(rests: Iterable[Rest]) -> dict[str, list[str]]:
    """`xj-women 2024-01-01` to the keys of that file, each once."""
    found: dict[str, list[str]] = {}
    for rest in rests:
        keys = found.setdefault(f"{rest.plan} {rest.version}", [])
        if rest.key not in keys:
            keys.append(rest.key)
    return found


def schema(out: Annotated[Path | None, typer.Option(help="写到这个文件；不写则打印")] = None) -> None:
    """规则文件的 JSON Schema（2020-12），供编辑器提示和检查。"""
    if out is None:
        typer.echo(schema_text(), nl=False)
        return
    try:
        out.write_text(schema_text(), encoding="utf-8")
    except OSError as error:
        raise InputError("not_writable", f"写不了文件 {out}：{error.strerror}", remedy="核对路径和权限", field="out") from None
    say(f"已写到 {out}（{len(json.loads(schema_text())['$defs'])} 项定义）")
