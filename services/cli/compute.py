"""`huzhu compute FILE|-`: what one computation pays, with every step."""

from __future__ import annotations

import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer

from services.cli.house import plans_known
from services.cli.output import AsJson, say_item, say_json, say_table
from services.cli.sheet import say_worksheet
from services.core.errors import InputError
from services.core.money import show
from services.engine.one import Assessed
from services.engine.telling.explain import member
from services.engine.telling.why_not import why
from services.engine.telling.worksheet import OUTCOMES, worksheet
from services.reporting import answers
from services.rulebook.reasons import FLAGS

WithRows = Annotated[bool, typer.Option("--worksheet", help="工作底稿：每一步的依据、所用事实和证明材料")]


def compute(file: Annotated[str, typer.Argument(help="JSON 文件；- 为标准输入")], sheet: WithRows = False,
            as_json: AsJson = False) -> None:
    """计算一项申领应付多少，逐步写明依据（输入输出见 vocabulary）。"""
    words = read_words(file)
    plans_known()
    found = answers.assess(words)
    if as_json:
        say_json(worksheet(found) if sheet else found.result.to_dict())
    elif sheet:
        say_worksheet(worksheet(found))
    else:
        _for_people(found)


def read_words(file: str) -> object:
    """The JSON of a file or of standard input. InputError with line and column, or the key that stands twice."""
    try:
        text = _standard_input() if file == "-" else Path(file).read_text(encoding="utf-8")
    except OSError as error:
        raise InputError("file_missing", f"读不到文件 {file}：{error.strerror}", remedy="核对路径", field="file") from None
    except UnicodeDecodeError:
        raise InputError("not_utf8", f"{file} 不是 UTF-8 文本", remedy="另存为 UTF-8", field="file") from None
    try:
        return json.loads(text, parse_float=Decimal, object_pairs_hook=_no_key_twice)
    except json.JSONDecodeError as error:
        raise InputError("not_json", f"{file} 第{error.lineno}行第{error.colno}列不是 JSON：{error.msg}",
                         remedy="改正后重试", field="file") from None
    except (RecursionError, ValueError):        # thousands of brackets, or of digits
        raise InputError("not_json", f"{file} 的层次或数字过长", remedy="核对文件", field="file") from None


def _standard_input() -> str:
    """As UTF-8 whatever the locale says."""
    return sys.stdin.buffer.read().decode() if hasattr(sys.stdin, "buffer") else sys.stdin.read()


def _no_key_twice(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise InputError("duplicate_key", f"{key}：这个键出现两次", remedy="只留一个", field=key)
        found[key] = value
    return found


def _for_people(found: Assessed) -> None:
    result, names = found.result, {code: benefit.name for code, benefit in found.book.benefits.items()}
    say_item(f"{found.book.name}（{result.plan} {result.version}）：{OUTCOMES[result.outcome]}，合计 {show(result.total)} 元"
             + (f"，退还 {show(result.refund)} 元" if result.refund else "")
             + (f"，多付 {show(result.receivable)} 元应收回" if result.receivable else ""), hang=2)
    for line in result.lines:
        waits = f"（待核定，最高 {show(line.ceiling) if line.ceiling is not None else '未定'}）" if line.manual else ""
        say_item(f"{names[line.benefit]}　{show(line.amount)} 元{waits}　依{line.clause}", indent=2, hang=2)
        for step in line.steps:
            say_item(f"· {step}", indent=4, hang=2)
    if result.nothing:
        reasons = [(names[item.benefit], why(found, item)) for item in result.nothing]
        say_table(("不给付的项目", "原因", "依据"), [(name, reason.words, reason.clause) for name, reason in reasons])
    for flag in result.flags:
        say_item(f"提示：{FLAGS[flag]}", hang=6)
    say_item("告知会员：" + "".join(member(found)), hang=2)
