"""`huzhu letters`: samples as files and pictures, files to print, how far the letters are."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest

from services.cli import letters as command
from services.cli.main import main
from services.core.db import Database
from services.notice import service as notice
from tests.support.claims import NX_EVENT, report
from tests.support.world import ROOT, build_world


def test_samples_are_files_and_pictures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["letters", "samples", str(tmp_path / "out"), "--code", "withdrawal"]) == 0
    assert (tmp_path / "out" / "withdrawal.pdf").read_bytes()[:5] == b"%PDF-"
    picture = (tmp_path / "out" / "withdrawal-1.png").read_bytes()
    assert picture[:4] == b"\x89PNG" and len(picture) < 60_000
    assert "撤回申请确认书" in capsys.readouterr().out
    assert main(["letters", "samples", str(tmp_path / "out"), "--code", "withdraw"]) == 2
    (tmp_path / "file").write_text("")
    assert main(["letters", "samples", str(tmp_path / "file")]) == 2


def test_print_and_progress(db: Database, now: datetime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                            capsys: pytest.CaptureFixture[str]) -> None:
    world = build_world(db, now)
    monkeypatch.setattr(command, "database", lambda: db)
    with db.unit_of_work(ROOT.scope) as session:
        _, claims = report(session, world, world.member(0), NX_EVENT, now)
        drafts = notice.draft(session, topic="claim.create", claim_ids=[claims[0].id], actor=ROOT, now=now)
        notice.issue(session, notice_ids=[drafts[0].id], actor=ROOT, now=now)
    assert main(["letters", "print", str(tmp_path), "--as", "nx.clerk", "--all"]) == 0
    assert {path.suffix for path in tmp_path.iterdir()} == {".pdf", ".xlsx"}
    capsys.readouterr()
    assert main(["letters", "progress", "--as", "nx.clerk", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["issued"], told["drafted"], told["stuck"]) == (1, 0, 0)
    assert main(["letters", "print", str(tmp_path), "--as", "nx.clerk", "--on", "gestern"]) == 2
    assert main(["letters", "print", str(tmp_path)]) == 2
