"""`huzhu backup` and `huzhu restore`: copies of the house elsewhere, and the house from its copies."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from rich.console import Console
from sqlalchemy.exc import SQLAlchemyError
from typer.core import TyperGroup

from services.backup import base, checking, retention, sealing, server, signing, telling
from services.backup.base import Backup
from services.backup.papers import Copier
from services.backup.place import Place, keys_place_of, place_of, refuse_inside
from services.backup.recovery import spoken, spoken_since
from services.backup.stream import EVERY, Stream
from services.cli.output import SAID_NO, AsJson, say, say_json, say_table
from services.core.db import Database, urls
from services.core.errors import HuzhuError
from services.core.settings import Settings, settings
from services.storage.backend import store

_MB = 1 << 20


class _TakeByDefault(TyperGroup):
    """`huzhu backup PLACE` takes one; only the other verbs are named."""

    def parse_args(self, context: typer.Context, args: list[str]) -> list[str]:     # type: ignore[override]
        if "--help" not in args and (not args or args[0] not in self.commands):
            args = ["take", *args]
        return super().parse_args(context, args)


backup = typer.Typer(help="备份：数据库、日志、材料；密钥另放一处", cls=_TakeByDefault)

Where = Annotated[str, typer.Argument(metavar="[PLACE]", show_default=False,
                                      help="备份处：文件夹、file:<文件夹> 或 s3://<桶>/<前缀>；不写用 HUZHU_BACKUP_PLACE")]
Keys = Annotated[str, typer.Option("--keys", help="密钥的备份处，与数据分开；不写用 HUZHU_BACKUP_KEYS", show_default=False)]
Secret = Annotated[Path | None, typer.Option("--passphrase-file", help="密钥备份的口令文件；不写用 HUZHU_BACKUP_PASSPHRASE_FILE",
                                             show_default=False)]


@backup.command()
def take(place: Where = "", keys: Keys = "", passphrase_file: Secret = None, as_json: AsJson = False) -> None:
    """做一份全量备份：数据库（按 PostgreSQL 的清单逐个文件核验）、新增的材料、变动的密钥。"""
    whole = _backup(settings(), place, keys, passphrase_file)
    with Console(stderr=True).status("准备备份") as shown:
        made = base.take(whole, shown.update)
        _report({"base": made.ended_at})
    if as_json:
        say_json(_told(made))
    else:
        say(f"备份 {made.id} 已完成：数据库 {_size(made.size)}，材料 {made.papers} 份（{_size(made.paper_bytes)}），密钥 {made.keys}")
        say(f"从 {spoken_since(made.ended_at)} 起可以恢复；恢复到其后任一时刻，须有 huzhu backup stream 在运行")
        for name in made.damaged:
            say(f"文件库里这一份的内容与其校验值不符，没有复制：{name}")
    if made.damaged:
        raise typer.Exit(SAID_NO)


@backup.command()
def stream(place: Where = "", keys: Keys = "", passphrase_file: Secret = None,
           every: Annotated[int, typer.Option("--every", min=1, max=3600, help="每隔几秒存一次")] = int(EVERY),
           nightly: Annotated[str | None, typer.Option("--nightly", help="每天几点做全量备份（北京时间，如 02:30）；空：由定时器另做；"
                                                       "不写用 HUZHU_BACKUP_NIGHTLY", show_default=False)] = None) -> None:
    """持续备份：日志随写随存，新材料、变动的密钥跟着存，每夜一份全量备份；一直运行，由服务管理器看管。"""
    config = settings()
    running = Stream(_backup(config, place, keys, passphrase_file), _line, every=every, report=_report,
                     nightly=config.backup_nightly if nightly is None else nightly)
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: running.stopping.set())
    running.run()


@backup.command(name="list")
def list_(place: Where = "", keys: Keys = "", passphrase_file: Secret = None, as_json: AsJson = False) -> None:
    """列出备份，以及能恢复到哪些时刻。"""
    where, public = _place(place), _public(place, keys, passphrase_file)
    found, spans = checking.spans(where, public)
    spoilt = base.touched(where, public)
    if as_json:
        say_json({"backups": [_told(one) for one in found], "touched": spoilt,
                  "spans": [{"since": span.since.isoformat(), "until": span.until.isoformat() if span.until else None,
                             "missing": span.missing} for span in spans]})
        return
    if not found and not spoilt:
        say("这里还没有完整的备份")
        return
    say_table(("备份", "完成", "数据库", "材料", "密钥"), [(one.id, spoken(one.ended_at), _size(one.size), f"{one.papers} 份", one.keys)
                                              for one in found])
    for stamp in spoilt:
        say(f"备份 {stamp} 的签名不符：已被改动，或不是本单位所做；恢复时跳过它")
    for span in spans:
        if span.until == span.since:
            say(f"可恢复：{spoken(span.since)} 这一刻（没有持续备份；恢复时不写 --until）")
            continue
        ends = f"到 {spoken(span.until)} 的任一时刻" if span.until else "的日志连到最后一段"
        say(f"可恢复：{spoken_since(span.since)} 起{ends}" + (f"（其后缺日志段 {span.missing}）" if span.missing else ""))


@backup.command()
def verify(place: Where = "", keys: Keys = "", passphrase_file: Secret = None, as_json: AsJson = False,
           bytes_too: Annotated[bool, typer.Option("--papers/--no-papers", help="逐份核对材料的校验值")] = True) -> None:
    """核验备份处的每个文件：签名、校验值、日志是否连续；有缺失或改动即逐个点名，退出码 1。"""
    where = _place(place)
    with Console(stderr=True).status("核验备份") as shown:
        faults = checking.faults(where, _public(place, keys, passphrase_file), bytes_too=bytes_too, tell=shown.update)
    if not faults and bytes_too:
        _report({"verify": datetime.now(UTC)})
    if as_json:
        say_json({"faults": [asdict(fault) for fault in faults]})
    elif faults:
        say_table(("文件", "问题"), [(fault.name, fault.what) for fault in faults])
    else:
        say("备份完整：签名、校验值相符，日志连续")
    if faults:
        raise typer.Exit(SAID_NO)


@backup.command()
def prune(place: Where = "", keys: Keys = "", passphrase_file: Secret = None, as_json: AsJson = False) -> None:
    """清理过期的备份：HUZHU_BACKUP_KEEP_DAYS 天以内的任一时刻仍可恢复，到期销毁的材料在备份里也不再留。"""
    whole = _backup(settings(), place, keys, passphrase_file)
    gone = retention.prune(whole, now=whole.server.log().at)
    say_json(asdict(gone)) if as_json else say(f"已清理：{gone}" if gone.any else "没有过期的备份")
    if gone.lost or gone.touched:
        raise typer.Exit(SAID_NO)


@backup.command(name="forget")
def forget() -> None:
    """不再持续备份：让数据库不再为备份保留日志（否则会占满磁盘）。"""
    server.server_of(settings()).drop_slot()
    say("数据库不再为备份保留日志")


def _backup(config: Settings, place: str, keys: str, passphrase_file: Path | None) -> Backup:
    where, keys_where, passphrase = places(config, place, keys, passphrase_file)
    return Backup(config, server.server_of(config), where, keys_where, passphrase, Copier(store(), where))


def places(config: Settings, place: str = "", keys: str = "", passphrase_file: Path | None = None) -> tuple[Place, Place, str]:
    """The place, the keys' place and the passphrase of whoever writes a backup; ConfigError names the setting that will not do."""
    where = place_of(config, place)
    keys_where = keys_place_of(config, where, keys)
    refuse_inside(config, where, keys_where)
    return where, keys_where, sealing.passphrase_of(config, passphrase_file)


def _place(place: str) -> Place:
    return place_of(settings(), place)


def _public(place: str, keys: str, passphrase_file: Path | None) -> Ed25519PublicKey:
    """By this machine's own key when it has one; else by the sealed copy's."""
    config = settings()
    if (config.key_ring.parent / signing.KEY).is_file():
        return signing.load_key(config.key_ring.parent).public_key()
    copies = sealing.of(keys_place_of(config, _place(place), keys), sealing.passphrase_of(config, passphrase_file))
    return signing.signing_key(copies.get(signing.KEY, b"")).public_key()


def _report(reached: Mapping[str, datetime]) -> None:
    """Tell the house how far its copies reach. One that is away, or not set up for it yet, is no reason to stop copying."""
    config = settings()
    if not config.database_url and not (config.data_dir / "postgres" / "PG_VERSION").is_file():
        return          # copies are looked at from a machine without the house
    try:
        db = Database(urls(config)[0], pool_size=1)
        try:
            telling.tell(db, config.root_org, reached)
        finally:
            db.close()
    except (HuzhuError, SQLAlchemyError, *server.AWAY) as error:
        _line(f"没有记下备份到了哪里：{str(error).splitlines()[0]}")


def _told(one: base.Base) -> dict[str, object]:
    return {**one.written(), "bytes": one.size}


def _size(size: int) -> str:
    return f"{size / _MB:.1f} MB"


def _line(text: str) -> None:
    typer.echo(f"{datetime.now().astimezone().isoformat(timespec='seconds')} {text}")
