"""`huzhu setup`: keys, tables, the first administrator. Run again, it changes nothing that is there."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from services.access.actor import system
from services.access.service import bootstrap
from services.cli.output import AsJson, say, say_json
from services.core.crypto import make_ring
from services.core.db import BusinessClock, Database, Scope, urls
from services.core.errors import Conflict
from services.core.schema import refuse_without_ring, upgrade
from services.core.settings import Settings, settings
from services.insurer.post import files
from services.insurer.suites import suite_of
from services.ledger import queries as ledger_queries
from services.ledger import service as ledger

ROOT_NAME = "全国职工互助保障"


def setup(root_name: Annotated[str, typer.Option(help="根组织名称")] = ROOT_NAME, as_json: AsJson = False) -> None:
    """初次安装：生成密钥、建表、开设第一个管理员（凭证只显示一次）。"""
    token = prepare(settings(), root_name=root_name)
    if as_json:
        say_json({"ready": True, "administrator_token": token})
        return
    say("密钥与数据表已就绪")
    say(f"管理员凭证（有效 7 天，只显示这一次）：{token}" if token else "管理员账号已存在，未作改动")


def prepare(config: Settings, *, root_name: str = ROOT_NAME) -> str | None:
    """Keys, migrations, bootstrap. Returns the first administrator's token, or None when there already is one."""
    url, owner_url = urls(config, new=True)
    refuse_without_ring(owner_url or url, config.key_ring)
    make_ring(config.key_ring)
    make_pair(config.insurer_keys, "office", config.insurer_suite)
    if config.mode == "demo":
        make_pair(config.insurer_keys, "insurer", config.insurer_suite)     # in production the insurer keeps its own
    upgrade(owner_url)
    db = Database(url, pool_size=1)
    try:
        now = BusinessClock(db).now() if config.movable_clock else datetime.now(UTC)
        with db.unit_of_work(Scope(config.root_org)) as session:
            return bootstrap(session, root_code=config.root_org, root_name=root_name, now=now)
    except Conflict as error:
        if error.code != "already_set_up":
            raise
        _catch_up(db, config, now)
        return None
    finally:
        db.close()


def _catch_up(db: Database, config: Settings, now: datetime) -> None:
    """After an upgrade: what a release before did not book yet. Nobody may be paid from a fund whose books are behind."""
    with db.unit_of_work(Scope(config.root_org)) as session:
        if ledger_queries.behind(session):
            ledger.catch_up(session, actor=system(config.root_org), now=now)


def make_pair(folder: Path, name: str, suite: str = "gm") -> None:
    """One side's keys for the hand-over; a private key that is there stays.

    `<name>.pem`, `<name>.pub.pem`: Ed25519, for the line (HTTP signatures, SSH); `<name>.<suite>.key`, `.pub`: for sealed packages.
    """
    folder.mkdir(parents=True, exist_ok=True)
    private = folder / f"{name}.pem"
    if not private.exists():
        key = Ed25519PrivateKey.generate()
        _write(folder / f"{name}.pub.pem", key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), 0o644)
        _write(private, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), 0o600)
    sealing, sealing_public = (folder / file for file in files(name, suite))
    if not sealing.exists():
        made = suite_of(suite).make_pair()
        _write(sealing_public, made[1], 0o644)
        _write(sealing, made[0], 0o600)


def _write(path: Path, content: bytes, mode: int) -> None:
    """Whole or not at all; the private key comes last, so that a pair with a private key is complete."""
    part = path.with_suffix(path.suffix + ".part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(content)
    part.replace(path)
