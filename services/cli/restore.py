"""`huzhu restore`: the house at an instant, in an empty folder, proved before anybody works with it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer
from psycopg.conninfo import conninfo_to_dict
from rich.console import Console

from services.backup import restore as restoring
from services.backup import sealing
from services.backup.place import keys_place_of, place_of
from services.backup.recovery import spoken
from services.backup.restore import Restored, Wanted
from services.cli.backup import Keys, Secret, Where
from services.cli.output import SAID_NO, AsJson, say, say_json, say_table
from services.core import embedded
from services.core.clock import CHINA
from services.core.db import DATABASE
from services.core.errors import InputError
from services.core.settings import PREFIX, ROOT, Settings, settings
from services.storage.backend import store

_PROOFS = {"check": ("check", "--json"), "audit": ("audit", "verify", "--json")}
_INSTANT = "写成 2026-03-20 14:05:00 这样的北京时间"
_FOUND = {"check": "breaches", "audit": "findings"}
_WORDS = {"check": "系统的承诺（huzhu check）", "audit": "审计记录（huzhu audit verify）"}


@dataclass(frozen=True, slots=True)
class Proof:
    """What a command said of the restored house; `code` 0: nothing found."""

    name: str
    code: int
    found: list[object]


Into = Annotated[Path, typer.Option("--into", help="恢复到哪个空文件夹；其中 postgres、objects、keys 合成一个 HUZHU_DATA_DIR")]
Until = Annotated[str, typer.Option("--until", show_default=False,
                                    help="恢复到这一时刻（北京时间 2026-03-20 14:05:00，或带时区）；不写即到最后")]
ToStore = Annotated[bool, typer.Option("--to-store", help="材料放回 HUZHU_STORE 所指的文件库，而不放进文件夹")]


def restore(into: Into, place: Where = "", keys: Keys = "", passphrase_file: Secret = None, as_json: AsJson = False,
            until: Until = "", to_store: ToStore = False) -> None:
    """从备份恢复：数据库到指定时刻、材料、密钥；随后核对承诺与审计记录，缺什么逐项点名（退出码 1）。"""
    config = settings()
    where = place_of(config, place)
    wanted = Wanted(where, keys_place_of(config, where, keys), sealing.passphrase_of(config, passphrase_file), into,
                    _instant(until), store() if to_store else None)
    proofs: list[Proof] = []
    with Console(stderr=True).status("准备恢复") as shown:
        def ask(url: str) -> None:
            shown.update("核对恢复出来的数据")
            proofs.extend(_proof(name, url, wanted, config) for name in _PROOFS)

        found = restoring.restore(wanted, _database(config), ask, shown.update)
    if as_json:
        say_json(_told(found, wanted, proofs))
    else:
        _say(found, wanted, proofs)
    if found.missing or any(proof.code for proof in proofs):
        raise typer.Exit(SAID_NO)


def _instant(text: str) -> datetime | None:
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise InputError("wrong_value", f"“{text}”不是时刻", remedy=_INSTANT, field="--until") from None
    if _is_day(text):       # midnight, which nobody who writes a day alone means
        raise InputError("wrong_value", f"“{text}”只写了日期，没有写几点几分", remedy=_INSTANT, field="--until")
    return at if at.tzinfo else at.replace(tzinfo=CHINA)


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _database(config: Settings) -> str:
    return str(conninfo_to_dict(config.database_url).get("dbname") or DATABASE) if config.database_url else DATABASE


def _proof(name: str, url: str, wanted: Wanted, config: Settings) -> Proof:
    """Ask as any operator would, in a process of its own with the restored keys and the application's role."""
    role = str(conninfo_to_dict(config.database_url).get("user") or embedded.APP) if config.database_url else embedded.APP
    dropped = {f"{PREFIX}{name}" for name in ("OWNER_URL", "BACKUP_URL") + (() if wanted.store else ("STORE",))}
    env = {key: value for key, value in os.environ.items() if key not in dropped}
    env |= {f"{PREFIX}DATABASE_URL": embedded.with_user(url, role), f"{PREFIX}DATA_DIR": str(wanted.into.resolve())}
    done = subprocess.run([sys.executable, "-m", "services.cli.main", *_PROOFS[name]], env=env, cwd=ROOT, capture_output=True, text=True,
                          check=False, stdin=subprocess.DEVNULL)
    try:
        said = json.loads(done.stdout)
        return Proof(name, done.returncode, list(said[_FOUND[name]]))
    except (ValueError, KeyError):
        return Proof(name, done.returncode or SAID_NO, [(done.stderr.strip().splitlines() or ["没有回答"])[-1]])


def _told(found: Restored, wanted: Wanted, proofs: list[Proof]) -> dict[str, object]:
    return {"base": found.base.id, "into": str(wanted.into), "until": wanted.until.isoformat() if wanted.until else None,
            "last": found.last.isoformat() if found.last else None, "segments": found.segments, "papers": found.papers,
            "touched": found.touched, "missing": [asdict(one) for one in found.missing], "proofs": [asdict(proof) for proof in proofs]}


def _say(found: Restored, wanted: Wanted, proofs: list[Proof]) -> None:
    last = f"，最后一笔记录在 {spoken(found.last)}" if found.last else ""
    say(f"已从备份 {found.base.id} 恢复到 {wanted.into}：重放日志 {found.segments} 段{last}；材料 {found.papers} 份")
    for stamp in found.touched:
        say(f"跳过了备份 {stamp}：签名不符，已被改动，或不是本单位所做")
    for proof in proofs:
        say(f"{_WORDS[proof.name]}：" + ("通过" if not proof.code else f"{len(proof.found)} 处"))
        for one in proof.found[:20]:
            say(f"  {json.dumps(one, ensure_ascii=False)}")
    if found.missing:
        say(f"缺少的材料 {len(found.missing)} 份：")
        say_table(("表", "编号", "材料"), [(one.place, one.row, one.sha256) for one in found.missing])
    else:
        say("每一行所指的材料都在")
