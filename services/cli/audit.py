"""`huzhu audit`: the record proves itself, or says where it was touched; its days are sealed; decisions are made again."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Annotated

import typer
from rich.console import Console

from services.audit import sealing
from services.audit.checking import Finding
from services.audit.since import check_days, stands, verify_since
from services.audit.verify import verify_all
from services.cli import output
from services.cli.acting import moment
from services.cli.output import SAID_NO, AsJson, say, say_json, say_table
from services.core.clock import business_day
from services.core.db import Scope, database
from services.core.settings import settings
from services.core.signing import signing_keys
from services.storage.second import second_place

app = typer.Typer(help="审计记录", no_args_is_help=True)
_UNSET = "提醒：未设置 HUZHU_AUDIT_PLACE，每日总校验与文件放在一处，管文件库的人也能删改；请设一处另由他人保管的地方"
_SHOWN = 200


@app.callback()
def _group() -> None:
    """审计记录。"""


@app.command()
def verify(since: Annotated[str, typer.Option("--since", help="只核验这一日封存之后的记录，如 2026-04-01；latest 为最近一次封存")] = "",
           as_json: AsJson = False) -> None:
    """核验每一条记录链：改动、删除、调序、重链、缺尾都会点名（退出码 1）。"""
    db, scope, place = database(), Scope(settings().root_org), second_place()
    keys = signing_keys(settings().signing_keys)
    ground: date | None = None
    console = Console(stderr=True)
    with console.status("核验记录链") as status:
        def tell(done: int, parts: int) -> None:
            status.update(f"核验记录链：{done}/{parts}")

        if since:
            day = None if since == "latest" else output.day(since, field="--since")
            statement, findings = verify_since(db, scope, place=place, keys=keys, day=day, tell=tell)
            ground = statement.day
        else:
            findings = verify_all(db, scope, tell=tell)
            findings += [*check_days(db, scope, place, keys), *stands(db, scope, place=place, keys=keys)]
    _say(findings, ground, apart=place.apart, as_json=as_json)
    if findings:
        raise typer.Exit(SAID_NO)


def _say(findings: list[Finding], ground: date | None, *, apart: bool, as_json: bool) -> None:
    if as_json:
        say_json({"since": ground.isoformat() if ground else None, "place_apart": apart,
                  "findings": [asdict(finding) for finding in findings]})
        return
    if findings:
        say_table(("问题", "链", "序号", "说明"),
                  [(finding.code, finding.chain_id, finding.seq, finding.message) for finding in findings[:_SHOWN]])
        if len(findings) > _SHOWN:
            say(f"共 {len(findings)} 处，以上为前 {_SHOWN} 处；全部用 --json")
    else:
        say(f"{ground} 封存之后的审计记录完整，未发现改动" if ground else "审计记录完整，未发现改动")
    if not apart:
        say(_UNSET)


@app.command()
def seal(as_json: AsJson = False) -> None:
    """封存今日：对全部记录链签名，写到第二处；当日已封存则不变。后台每夜自动做，本命令供补做。"""
    db, place = database(), second_place()
    now = moment(db)
    with Console(stderr=True).status("封存记录链") as status:
        row = sealing.seal(db, Scope(settings().root_org), place=place, keys=signing_keys(settings().signing_keys),
                           day=business_day(now), now=now, tell=lambda done: status.update(f"封存记录链：{done} 条"))
    said = {"day": row.day.isoformat(), "chains": row.chains, "records": row.records, "root": row.root.hex(), "key": row.key_id,
            "place": row.place, "losses": row.losses}
    if as_json:
        say_json(said)
    else:
        say(f"{row.day} 已封存：{row.chains} 条链，{row.records} 条记录，总校验值 {row.root.hex()}，写到 {row.place}")
        if not place.apart:
            say(_UNSET)
    if row.losses:
        say(f"与前一次相比有 {row.losses} 条链变短或不在，请运行 huzhu audit verify --since {_before(row.day)}") if not as_json else None
        raise typer.Exit(SAID_NO)


def _before(day: date) -> str:
    earlier = [one for one in sealing.sealed_days(second_place()) if one < day]
    return earlier[-1].isoformat() if earlier else "日期"


@app.command()
def key(as_json: AsJson = False) -> None:
    """封存所用的签名公钥及其指纹：请抄录存放在系统之外，核对时用。"""
    keys = signing_keys(settings().signing_keys)
    found = keys.fingerprints()
    if as_json:
        say_json({"current": keys.current, "public": {name: keys.public[name].hex() for name in found}, "fingerprints": found})
        return
    say_table(("密钥", "公钥（Ed25519）", "指纹"),
              [(name + ("（现用）" if name == keys.current else ""), keys.public[name].hex(), found[name]) for name in found])
