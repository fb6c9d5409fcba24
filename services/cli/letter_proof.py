"""`huzhu letters verify FILE`, `huzhu letters certificate KEY`: whether a letter is genuine, and a trial certificate to seal with."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated

import typer
from sqlmodel import select

from services.cli.output import SAID_NO, AsJson, say, say_json
from services.core.db import Scope, database
from services.core.errors import Conflict, InputError, NotFound
from services.core.settings import settings
from services.models import Organisation
from services.notice import signing_authority as authority
from services.notice.examining import examine
from services.reporting import checking

STATES = {"valid": "有效", "replaced": "已被替换", "voided": "已作废"}


def verify(file: Annotated[Path, typer.Argument(help="文书文件（PDF）")], as_json: AsJson = False) -> None:
    """核验一份文书：签章是否有效、是否盖住整个文件、是否本系统签发的原件、现在是否有效。不全是则退出码为 1。"""
    if not file.is_file():
        raise InputError("file_missing", f"没有文件 {file}", remedy="核对路径", field="FILE")
    content = file.read_bytes()
    digest, seen = hashlib.sha256(content).hexdigest(), examine(content)
    with database().view(Scope(settings().root_org)) as session:
        found = checking.by_digest(session, digest)
    good = found is not None and found.state == "valid" and (seen.sound or not found.sealed)
    if as_json:
        say_json({"signed": seen.signed, "intact": seen.intact, "whole": seen.whole, "trusted": seen.trusted, "signer": seen.signer,
                  "signed_at": seen.signed_at.isoformat() if seen.signed_at else None, "sha256": digest,
                  "number": found.number if found else None, "state": found.state if found else None,
                  "successor": found.successor if found else None, "good": good})
    else:
        say(f"签章：{_seal_words(seen.signed, seen.intact, seen.trusted)}" + (f"（{seen.signer}）" if seen.signer else ""))
        if seen.signed:
            say(f"签章盖住整个文件：{'是' if seen.whole else '否，签章之后文件有增补'}")
        say(f"摘要（SHA-256）：{digest}")
        say("签发记录：" + (f"{found.number}，{found.issuer}，{found.issued_on}，{STATES[found.state]}" if found
                        else "没有，不是本系统签发的原件"))
        if found and found.successor:
            say(f"替换它的文书：{found.successor}")
    if not good:
        raise typer.Exit(SAID_NO)


def _seal_words(signed: bool, intact: bool, trusted: bool) -> str:
    if not signed:
        return "没有"
    if not intact:
        return "无效，文件签章后被改动"
    return "有效" if trusted else "完整，但不是本系统各单位证书的签章"


def certificate(org_key: Annotated[str, typer.Argument(help="签发文书的单位的组织键，如 cn.nx.")]) -> None:
    """为一个单位生成试用证书（标明“演示”，无法律效力）；已有证书的不动。"""
    folder = settings().seals_dir / org_key
    if (folder / authority.CERTIFICATE).exists():
        raise Conflict("certificate_there", f"{folder} 中已有证书", remedy="要更换的，先把原有文件移走")
    with database().view(Scope(settings().root_org)) as session:
        office = session.exec(select(Organisation).where(Organisation.org_key == org_key)).first()
    if office is None or not office.letter_organ:
        raise NotFound("office_missing", f"没有键为 {org_key} 的签发单位", remedy="核对组织键，并登记落款机关", field="ORG_KEY")
    authority.certify(settings().seals_dir, org_key, office.letter_organ)
    say(f"试用证书在 {folder}，正式使用前换成证书机构发给该单位的证书")
