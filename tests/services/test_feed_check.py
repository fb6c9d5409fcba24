"""`huzhu feed check`: what is wrong with a file, without a database and without anybody's keys."""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.cli import main as cli
from services.core import crypto, settings
from tests.services.feed_files import PEOPLE, row, write

CHECK = ("feed", "check")


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = cli.main([*CHECK, *arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.fixture(autouse=True)
def apart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A data directory without database, store or keys."""
    monkeypatch.setenv("HUZHU_DATA_DIR", str(tmp_path / "nowhere"))
    for cached in (settings.settings, crypto.key_ring):
        cached.cache_clear()
    yield
    monkeypatch.undo()
    for cached in (settings.settings, crypto.key_ring):
        cached.cache_clear()


def test_a_good_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = write(tmp_path / "三季度.csv.gz", [row(1), row(2, med_type="21"), row(1)])
    code, out, _ = run(capsys, str(source), "--year", "2026", "--quarter", "3")
    assert code == 0
    assert "共 3 行：合格 2 行（门诊 1、住院 1），不合格 0 行，重复报送 1 行" in out and "480.00" in out
    assert [file.name for file in tmp_path.iterdir()] == ["三季度.csv.gz"]


def test_rows_that_cannot_be_taken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A line a reason with how many rows; the list beside the file; exit code 1."""
    source = write(tmp_path / "三季度.csv", [row(1), row(2, insutype="390"), row(3, insutype="390", med_type="51")])
    code, out, _ = run(capsys, str(source), "--year", "2026", "--quarter", "3")
    assert code == 1 and re.search(r"insutype +│ insutype +│ 2 ", out) and re.search(r"med_type +│ med_type +│ 1 ", out)
    assert "合格 1 行" in out and "不合格 2 行" in out and PEOPLE[0] not in out and "示一兰" not in out
    with gzip.open(tmp_path / "三季度-不合格行.csv.gz", "rt", encoding="utf-8-sig") as file:
        assert [(line["row_no"], line["setl_id"], line["code"]) for line in csv.DictReader(file)] == [
            ("2", "S2", "insutype"), ("3", "S3", "insutype"), ("3", "S3", "med_type")]


def test_for_programs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = write(tmp_path / "q.csv", [row(1), row(2, certno="")], [*row(1), "psn_no"])
    code, out, _ = run(capsys, str(source), "--year", "2026", "--quarter", "3", "--rejects", str(tmp_path / "list.csv.gz"), "--json")
    told = json.loads(out)
    assert code == 1 and (told["rows"], told["accepted"], told["rejected"]) == (2, 1, 1)
    assert told["reasons"] == {"identity_pattern": 1} and told["ignored_columns"] == ["psn_no"]
    assert told["sums_fen"]["own_1"] == 24_000 and told["rejects"] == str(tmp_path / "list.csv.gz") and (tmp_path / "list.csv.gz").exists()


@pytest.mark.parametrize(("content", "code"), [(None, "file_missing"), (b"", "file_empty"), (b"a,b\n1,2\n", "feed_columns")])
def test_no_feed_at_all(tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None, code: str) -> None:
    """Exit code 2, the error named, a remedy said."""
    if content is not None:
        (tmp_path / "q.csv").write_bytes(content)
    status, out, _ = run(capsys, str(tmp_path / "q.csv"), "--year", "2026", "--quarter", "3", "--json")
    assert status == 2 and json.loads(out)["code"] == code and json.loads(out)["remedy"]
