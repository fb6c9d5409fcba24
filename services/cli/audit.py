"""`huzhu audit`: the record proves itself, or says where it was touched; its days are sealed; decisions are made again."""

from __future__ import annotations

import uuid
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
from services.core.errors import InputError
from services.core.settings import settings
from services.core.signing import signing_keys
from services.reporting import reproducing
from services.reporting.reproduced import Reproduced
from services.storage.second import second_place

app = typer.Typer(help="审计记录", no_args_is_help=True)
_UNSET = "提醒：未设置 HUZHU_AUDIT_PLACE，每日总校验与文件放在一处，管文件库的人也能删改；请设一处另由他人保管的地方"
_SHOWN = 200
_AT_ONCE = 200          # claims replayed in one transaction


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
def replay(claim: Annotated[str, typer.Argument(metavar="CLAIM", help="案号；核对全部案件用 --all")] = "",
           everything: Annotated[bool, typer.Option("--all", help="全部案件，只列不同之处")] = False, as_json: AsJson = False) -> None:
    """重现决定：用存下的输入、规则文件和日历重算每份核算表、每项决定、时限和回避，逐行比对（有不同则退出码 1）。"""
    if bool(claim) == everything:
        raise InputError("missing_key", "案号和 --all 写且只写一个", remedy="如 huzhu audit replay NX2026-0001-018", field="CLAIM")
    differing = _replay_all(as_json=as_json) if everything else _replay_one(claim, as_json=as_json)
    if differing:
        raise typer.Exit(SAID_NO)


def _replay_one(claim: str, *, as_json: bool) -> int:
    with database().view(Scope(settings().root_org)) as session:
        [found] = reproducing.replay(session, [reproducing.of_number(session, claim)])
    if as_json:
        say_json({"claim_no": found.claim.claim_no, "lines": [asdict(line) for line in found.lines], "differing": len(found.differing)})
    else:
        say_table(("环节", "当时", "重算", "结果"), [(line.what, line.decided, line.again, "相同" if line.agrees else "不同")
                                             for line in found.lines])
        say(f"{found.claim.claim_no}：{len(found.lines)} 项，不同 {len(found.differing)} 项")
    return len(found.differing)


def _replay_all(*, as_json: bool) -> int:
    after, claims, lines = uuid.UUID(int=0), 0, 0
    differing: list[tuple[str, Reproduced]] = []
    with Console(stderr=True).status("重现决定") as status:
        while True:
            with database().view(Scope(settings().root_org)) as session:
                ids = reproducing.ids_after(session, after, _AT_ONCE)
                found = reproducing.replay(session, ids)
            if not ids:
                break
            after, claims, lines = ids[-1], claims + len(ids), lines + sum(len(one.lines) for one in found)
            differing += [(one.claim.claim_no, line) for one in found for line in one.differing]
            status.update(f"重现决定：{claims} 件")
    if as_json:
        say_json({"claims": claims, "lines": lines, "differing": [{"claim_no": number, **asdict(line)} for number, line in differing]})
    else:
        if differing:
            say_table(("案号", "环节", "当时", "重算"),
                      [(number, line.what, line.decided, line.again) for number, line in differing[:_SHOWN]])
        say(f"案件 {claims} 件，逐项重算 {lines} 项，不同 {len(differing)} 项")
    return len(differing)


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
