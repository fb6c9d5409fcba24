"""`huzhu letters verify` and `certificate`: each kind of file that somebody may hold, and a trial certificate made once."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest
from cryptography import x509

from services.cli import letter_proof
from services.cli.main import main
from services.core import settings as settings_module
from services.core.db import Database
from services.core.settings import settings
from services.notice import queries, replacing
from services.notice import service as notice
from tests.support.claims import NX_EVENT, report
from tests.support.world import ROOT, World, build_world

OFFICE = "nx.office1"


@pytest.fixture
def world(db: Database, now: datetime, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(letter_proof, "database", lambda: db)
    return build_world(db, now)


def test_verify_tells_the_original_from_all_others(world: World, now: datetime, tmp_path: Path,
                                                   capsys: pytest.CaptureFixture[str]) -> None:
    office, file = world.actor(OFFICE), tmp_path / "文书.pdf"

    def said(content: bytes) -> tuple[int, dict[str, object]]:
        file.write_bytes(content)
        capsys.readouterr()
        code = main(["letters", "verify", str(file), "--json"])
        return code, json.loads(capsys.readouterr().out)
    with world.db.unit_of_work(ROOT.scope) as session:
        claims = report(session, world, world.member(0), NX_EVENT, now)[1]
        [draft] = notice.draft(session, topic="claim.create", claim_ids=[claims[0].id], actor=ROOT, now=now)
        [row] = notice.issue(session, notice_ids=[draft.id], actor=ROOT, now=now)
        old, number, pdf = row.id, row.number, queries.content(session, row.id)
    code, told = said(pdf)
    assert (code, told["good"], told["number"], told["state"], told["successor"]) == (0, True, number, "valid", None)
    assert told["signed"] and told["intact"] and told["whole"] and told["trusted"]

    changed = bytearray(pdf)
    changed[len(pdf) // 2] ^= 1
    for content, intact, whole in ((bytes(changed), False, True), (pdf + b"\n% later\n", True, False), (b"no letter", False, False)):
        code, told = said(content)
        assert (code, told["good"], told["number"]) == (1, False, None)
        assert (told["intact"], told["whole"]) == (intact, whole)

    with world.db.unit_of_work(office.scope) as session:
        new = replacing.replace(session, notice_id=old, reason="写错了医院", actor=office, now=now)
        successor = new.number
    code, told = said(pdf)
    assert (code, told["good"], told["state"], told["successor"]) == (1, False, "replaced", successor)
    assert main(["letters", "verify", str(file)]) == 1
    words = capsys.readouterr().out
    assert f"{number}，宁夏回族自治区总工会女职工委员会，2026-03-20，已被替换" in words and f"替换它的文书：{successor}" in words
    assert "签章：有效" in words and "签章盖住整个文件：是" in words
    assert main(["letters", "verify", str(tmp_path / "没有.pdf")]) == 2


def test_a_trial_certificate_is_made_once_and_only_for_an_office_that_signs(
        world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("HUZHU_SEALS", str(tmp_path))
        settings_module.settings.cache_clear()
        assert settings().seals_dir == tmp_path
        codes = [main(["letters", "certificate", key]) for key in ("cn.nx.", "cn.nx.", "cn.nx.yc.", "../cn.nx.")]
    settings_module.settings.cache_clear()
    [made] = x509.load_pem_x509_certificates((tmp_path / "cn.nx." / "cert.pem").read_bytes())
    assert "演示" in made.issuer.rfc4514_string()
    assert (tmp_path / "cn.nx." / "key.pem").stat().st_mode & 0o077 == 0
    assert codes[0] == 0 and all(code != 0 for code in codes[1:])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["authority", "cn.nx."]
    told = capsys.readouterr()
    assert "已有证书" in told.err and "没有键为 cn.nx.yc. 的签发单位" in told.err
