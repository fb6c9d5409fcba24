"""`huzhu keys`: a new key while everything runs, the values sealed anew with it, the old one put away."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from services.access.custody import rewrap as sealing
from services.access.custody import ring
from services.cli.acting import moment
from services.cli.output import AsJson, say, say_json, say_table
from services.core.crypto import key_ring
from services.core.db import database, urls
from services.core.errors import Conflict
from services.core.settings import settings
from services.core.signing import make_signing_key, signing_keys

keys = typer.Typer(help="密钥：查看、更换、重新加密、停用", no_args_is_help=True)


@keys.callback()
def _group() -> None:
    """密钥：查看、更换、重新加密、停用。"""


@keys.command(name="list")
def listed(as_json: AsJson = False) -> None:
    """现有的密钥和各用它加密了多少个值（不显示密钥本身）。"""
    config = settings()
    found = ring.told(config.key_ring)
    with sealing.owner(urls(config)[1], config.root_org) as connection:
        held = sealing.held(connection)
    count = {name: sum(one.by_key.get(name, 0) for one in held) for name in {*found.ids, *(key for one in held for key in one.by_key)}}
    if as_json:
        say_json({"current": found.current, "keys": {name: count[name] for name in sorted(count)},
                  "columns": {one.column: one.by_key for one in held}, "audit_from": [day.isoformat() for day in found.audit_from],
                  "signing": signing_keys(config.signing_keys).current})
        return
    say_table(("密钥", "启用时间", "加密的值"), [_line(name, count[name], found) for name in sorted(count)])
    say_table(("存放处", "密钥", "值"), [(one.column, name, f"{number:,}") for one in held for name, number in one.by_key.items()])
    for day in found.audit_from:
        say(f"审计密钥：自 {day} 起另用一把")


def _line(name: str, count: int, found: ring.Ring) -> tuple[str, str, str]:
    standing = "（现用）" if name == found.current else "" if name in found.ids else "（不在密钥环里）"
    return f"{name}{standing}", f"{found.since[name]:%Y-%m-%d %H:%M}" if name in found.since else "", f"{count:,}"


@keys.command()
def rotate(name: Annotated[str, typer.Option("--name", help="新密钥的名称；不写则自动编号")] = "",
           audit: Annotated[bool, typer.Option("--audit", help="更换审计密钥，次日零时启用")] = False,
           signing: Annotated[bool, typer.Option("--signing", help="更换每日总校验的签名密钥")] = False, as_json: AsJson = False) -> None:
    """更换密钥：新写入的值即用新密钥，各程序自动读取，无须重启；旧值仍可读。"""
    config, now = settings(), datetime.now(UTC)
    if audit:       # by the clock that records go by, which a demonstration moves
        first = ring.rotate_audit(config.key_ring, now=moment(database()))
        say_json({"audit_from": first.isoformat()}) if as_json else say(f"审计密钥自 {first} 零时起更换；此前的记录仍用原密钥核验")
    elif signing:
        make_signing_key(config.signing_keys, anew=True)
        current = signing_keys(config.signing_keys).current
        say_json({"signing": current}) if as_json else say(f"签名密钥已换为 {current}；公钥见 huzhu audit key，请抄录")
    else:
        current = ring.rotate(config.key_ring, now=now, name=name)
        say_json({"current": current}) if as_json else say(f"现用密钥已换为 {current}。请即备份密钥文件，再运行 huzhu keys rewrap")


@keys.command()
def rewrap(as_json: AsJson = False) -> None:
    """把旧密钥加密的值改用现用密钥加密：分批进行，不影响办理；中断后再运行一次即接着做。"""
    config = settings()
    shown = Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
                     console=Console(stderr=True), disable=as_json, transient=True)
    with sealing.owner(urls(config)[1], config.root_org) as connection, shown:
        task = shown.add_task("重新加密", total=None)
        done = sealing.rewrap(connection, key_ring(),
                              tell=lambda column, done, of: shown.update(task, description=column, completed=done, total=of))
    current = key_ring().current
    say_json({"rewrapped": done, "current": current}) if as_json else say(f"重新加密 {done:,} 个值，现用密钥 {current}")


@keys.command()
def retire(name: Annotated[str, typer.Argument(metavar="KEY", help="要停用的旧密钥")], as_json: AsJson = False) -> None:
    """停用旧密钥：仍有值用它加密时拒绝；停用后另存一份，恢复旧备份时要用。"""
    config, now = settings(), datetime.now(UTC)
    ring.may_go(config.key_ring, name, now=now)
    with sealing.owner(urls(config)[1], config.root_org) as connection, sealing.alone(connection):
        left = {one.column: one.by_key[name] for one in sealing.held(connection) if one.by_key.get(name)}
        if left:
            where = "、".join(f"{column} {count} 个" for column, count in left.items())
            raise Conflict("key_needed", f"还有值用 {name} 加密：{where}", remedy="先运行 huzhu keys rewrap")
        away = ring.retire(config.key_ring, name, now=now)
    say_json({"retired": name, "kept": str(away)}) if as_json else say(
        f"{name} 已停用，另存为 {away.parent.name}/{away.name}：早于今日的备份仍要用它，备份全部过期后再销毁")
