"""By which address `huzhu up` lets its programs speak of the house: the office's own, or this machine's when none is set."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.cli.supervisor import Supervisor
from services.core.settings import Settings, settings
from tests.support.databases import Fresh

OFFICE = "https://huzhu.example.org"


@pytest.mark.parametrize("named, told", [(OFFICE, OFFICE), (None, "http://127.0.0.1:8611"), ("", "http://127.0.0.1:8611")])
def test_the_programs_are_told_the_offices_address(db: Fresh, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, named: str | None,
                                                   told: str) -> None:
    monkeypatch.delenv("HUZHU_PUBLIC_URL", raising=False)
    if named is not None:
        monkeypatch.setenv("HUZHU_PUBLIC_URL", named)
    monkeypatch.setenv("HUZHU_DATABASE_URL", db.url)
    monkeypatch.setenv("HUZHU_WEB_PORT", "8611")
    assert settings().key_ring.exists()
    house = Supervisor(Settings())
    house.prepare()
    house.logs = tmp_path
    house.add("asked", ["sh", "-c", 'echo "$HUZHU_PUBLIC_URL"'])
    program = house._programs["asked"].process
    assert program is not None and program.wait(10) == 0
    house.stop()
    assert (tmp_path / "asked.log").read_text().strip() == told
