"""A paper's bytes gone from the store: named with the right remedy, brought back from the backup, drawn; what is nowhere is named."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from services.backup import papers as copies
from services.backup.place import place_of
from services.cli import papers as command
from services.core.db import Database
from services.core.settings import Settings, settings
from services.evidence import service as evidence
from services.evidence import viewing
from services.models import Paper
from services.reporting.stuck import service as stuck
from services.storage.backend import store
from tests.support.claims import XJ_EVENT, report
from tests.support.paper_files import good_pdf, page, photo, saved
from tests.support.world import ROOT, build_world


def stored(paper: Paper) -> Path:
    return settings().papers_dir / paper.sha256[:2] / paper.sha256[2:4] / paper.sha256


def drawn(db: Database, claims: list[object], now: datetime) -> tuple[list[str], set[str]]:
    """Draw and check as the flow does; the findings' words, and what the list of stopped work says of papers."""
    with db.view(ROOT.scope) as session:
        leaves = [(one, viewing.draw(one)) for one in viewing.undrawn(session, claims)]    # type: ignore[arg-type]
    with db.unit_of_work(ROOT.scope) as session:
        viewing.keep(session, leaves)
        [found] = evidence.check(session, claim_ids=claims, actor=ROOT, now=now).values()     # type: ignore[arg-type]
        lost = stuck.look(session, now=now, only=stuck.BY_CODE["paper_lost"])
    return [str(one["words"]) for one in found], {one.said for one in lost}


def test_lost_papers_come_back_and_are_drawn(db: Database, now: datetime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world, place = build_world(db, now), place_of(Settings(), str(tmp_path / "place"))
    with db.unit_of_work(ROOT.scope) as session:
        _, (claim,) = report(session, world, world.member(0, "xj"), XJ_EVENT, now)
        gone, rotten, never = [evidence.upload(session, claim_id=claim.id, kind=kind, file_name="a", content=content, actor=ROOT, now=now)
                               for kind, content in (("diagnosis", photo()), ("id_card", saved(page())), ("application", good_pdf(1)))]
    copies.Copier(store(), place).copy()
    (tmp_path / "place" / "papers" / stored(never).relative_to(settings().papers_dir)).unlink()
    before = {paper.sha256: stored(paper).read_bytes() for paper in (gone, rotten)}
    stored(gone).unlink()
    stored(never).unlink()
    stored(rotten).write_bytes(b"rotten")

    words, lost = drawn(db, [claim.id], now)
    assert sum("从备份放回" in one for one in words) == 3 and not any("重新上传" in one for one in words)
    assert lost == {"3 份材料的文件不在文件库里，或内容与校验值不符"}

    monkeypatch.setattr("services.cli.papers.database", lambda: db)
    with db.unit_of_work(ROOT.scope) as session:
        session.execute(sa.text("DELETE FROM outbox"))
    said = CliRunner().invoke(command.papers, ["bring", str(tmp_path / "place"), "--json"])
    assert said.exit_code == 1, said.output
    told = json.loads(said.stdout)
    assert {one["sha256"] for one in told["brought"]} == set(before) and told["drawn_again"] == 1
    assert [one["sha256"] for one in told["missing"]] == [never.sha256]
    assert {paper.sha256: stored(paper).read_bytes() for paper in (gone, rotten)} == before

    with db.view(ROOT.scope) as session:
        owed = session.execute(sa.text("SELECT topic, claim_id FROM outbox")).all()
    assert [tuple(row) for row in owed] == [("paper.upload", claim.id)]
    words, lost = drawn(db, [claim.id], now)
    assert sum("从备份放回" in one for one in words) == 1 and lost == {"1 份材料的文件不在文件库里，或内容与校验值不符"}

    stored(never).parent.mkdir(parents=True, exist_ok=True)
    stored(never).write_bytes(good_pdf(1))                  # somebody found the scan
    said = CliRunner().invoke(command.papers, ["bring", str(tmp_path / "place")])
    assert said.exit_code == 0 and "文件库完整" in said.stdout and "1 件案件" in said.stdout
    words, lost = drawn(db, [claim.id], now)
    assert not any("从备份放回" in one for one in words) and lost == set()
