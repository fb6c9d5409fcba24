"""`huzhu compute FILE|-`: what one computation pays, with every step."""

from __future__ import annotations

import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer

from services.cli.output import AsJson, say, say_json, say_table
from services.core.errors import InputError
from services.core.money import show
from services.reporting import answers
from services.rulebook.reasons import FLAGS, REASONS
from services.rulebook.results import Result


def compute(file: Annotated[str, typer.Argument(help="JSON 文件；- 为标准输入")], as_json: AsJson = False) -> None:
    """计算一项申领应付多少，逐步写明依据（输入输出见 vocabulary）。"""
    result = answers.compute(read_words(file))
    if as_json:
        say_json(result.to_dict())
    else:
        _for_people(result)


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


_OUTCOMES = {"pay": "给付", "nothing": "不给付", "refund": "退还保费", "manual": "须人工核定"}


def _for_people(result: Result) -> None:
    say(f"{result.plan}（{result.version}）：{_OUTCOMES[result.outcome]}，合计 {show(result.total)} 元"
        + (f"，退还 {show(result.refund)} 元" if result.refund else ""))
    if result.lines:
        say_table(("项目", "金额", "步骤", "依据"),
                  [(line.benefit, show(line.amount), "；".join(line.steps), line.clause) for line in result.lines])
    if result.nothing:
        say_table(("不给付的项目", "原因", "依据"),
                  [(item.benefit, f"{REASONS[item.reason]}（{item.reason}）", item.clause) for item in result.nothing])
    if result.flags:
        say("提示：" + "；".join(f"{FLAGS[flag]}（{flag}）" for flag in result.flags))
