"""`huzhu words` and `huzhu identity check`."""

from __future__ import annotations

from typing import Annotated

import typer

from services.cli.output import SAID_NO, AsJson, say, say_json
from services.core.money import parse_yuan
from services.reporting import answers

identity = typer.Typer(help="身份证号码", no_args_is_help=True)
_SEX = {"F": "女", "M": "男"}


def words(amount: Annotated[str, typer.Argument(help="金额（元）")], as_json: AsJson = False) -> None:
    """金额的人民币大写。"""
    text = answers.amount_words(parse_yuan(amount, field="amount"))
    if as_json:
        say_json({"amount": amount, "words": text})
    else:
        say(text)


@identity.command("check")
def check(number: Annotated[str, typer.Argument(help="18 位身份证号码")], as_json: AsJson = False) -> None:
    """核对号码：有效时给出出生日期和性别，无效时说明原因（退出码 1）。"""
    found = answers.identity(number)
    if as_json:
        say_json(found)
    else:
        _for_people(found)
    if not found["valid"]:
        raise typer.Exit(SAID_NO)


def _for_people(found: dict[str, object]) -> None:
    if found["valid"]:
        say(f"valid 有效：{found['born']} 出生，{_SEX[str(found['sex'])]}，{found['region'] or '地区不详'}")
    else:
        say("invalid 无效：" + "；".join(_texts(found["reasons"])))
    for text in _texts(found["warnings"]):
        say(f"注意：{text}")


def _texts(notes: object) -> list[str]:
    assert isinstance(notes, list)
    return [f"{note['code']} {note['text']}" for note in notes]
