"""`huzhu enrol` as a program of its own on a large roster: exact, in bounded memory, with its answers for people and programs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import psycopg
import pytest

from services.core import embedded
from services.core.db import Database
from tests.services.roster_files import HEADER, roster, row_kinds, sheets, with_faults, woman
from tests.services.test_roster_joining import UNIT, UNIT_NAME
from tests.support.databases import name_of
from tests.support.world import build_world

REPOSITORY = Path(__file__).resolve().parents[2]
# The program, and on its last line of stderr the most memory it held, in kilobytes. (ru_maxrss would count the tests' own
# process, of which this one is a fork.)
_MEASURED = """
import re, sys
from services.cli.main import main
code = main(sys.argv[1:])
print(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1], file=sys.stderr)
sys.exit(code)"""
Run = subprocess.CompletedProcess[str]


class Office:
    """A database with the small world, and the program run against it."""

    def __init__(self, server: str, database: str) -> None:
        self.environment = {**os.environ, "HUZHU_DATABASE_URL": embedded.with_user(server, embedded.APP, database),
                            "HUZHU_OWNER_URL": embedded.with_user(server, embedded.OWNER, database)}

    def enrol(self, *arguments: object) -> tuple[Run, int]:
        """The finished program and its memory in MB."""
        run = subprocess.run([sys.executable, "-c", _MEASURED, "enrol", *map(str, arguments)], env=self.environment, cwd=REPOSITORY,
                             capture_output=True, text=True, timeout=600, check=False)
        return run, int(run.stderr.strip().splitlines()[-1]) // 1024

    def send(self, file: Path, *more: object) -> tuple[Run, int]:
        """The usual upload."""
        return self.enrol(file, "--plan", "nx-ankangbao", "--unit", UNIT, "--effective", "2026-04-01", "--payer", "self",
                          "--as", "nx.admin", *more)


@pytest.fixture
def office(db: Database, now: datetime, server: str) -> Office:
    build_world(db, now)
    return Office(server, name_of(db))


def _large(office: Office, superuser: psycopg.Connection[tuple[object, ...]], folder: Path, people: int) -> None:
    """1% of the rows wrong, every kind in turn: the good ones enrolled, the workbook exact, memory bounded."""
    made = with_faults(people, row_kinds, UNIT_NAME)
    wrong = people // 100
    (folder / "名单.xlsx").write_bytes(made.content)
    run, memory = office.send(folder / "名单.xlsx", "--keep-good", "--json")
    assert run.returncode == 1, run.stderr
    answer = json.loads(run.stdout)
    assert (answer["rows"], answer["accepted"], answer["fault_count"]) == (people, people - wrong, wrong)
    assert memory < 500
    found = sheets((folder / "名单-错误清单.xlsx").read_bytes())["有误的行"]
    assert found == [["行号", *HEADER, "问题", "列", "办法"],
                     *([str(row), *line, fault, column, remedy] for row, (line, fault, column, remedy) in made.faulty.items())]
    assert superuser.execute("SELECT count(*), count(DISTINCT person_id), count(DISTINCT certificate_no), sum(premium_fen) FROM cover"
                             " WHERE effective = '2026-04-01'").fetchone() == (
        people - wrong, people - wrong, people - wrong, (people - wrong) * 10_000)


def test_twenty_thousand_rows(office: Office, superuser: psycopg.Connection[tuple[object, ...]], tmp_path: Path) -> None:
    _large(office, superuser, tmp_path, 20_000)


@pytest.mark.slow
def test_two_hundred_thousand_rows(office: Office, superuser: psycopg.Connection[tuple[object, ...]], tmp_path: Path) -> None:
    _large(office, superuser, tmp_path, 200_000)


def test_all_or_nothing_and_what_people_read(office: Office, superuser: psycopg.Connection[tuple[object, ...]], tmp_path: Path) -> None:
    file, errors = tmp_path / "名单.xlsx", tmp_path / "错.xlsx"
    file.write_bytes(roster([woman(1), woman(2) | {"手机号": "1"}], UNIT_NAME))
    run, _ = office.send(file, "--errors", errors)
    assert run.returncode == 1
    assert "手机号应为 11 位" in run.stdout and "改正手机号，或留空" in run.stdout
    assert "名单 2 人，参保 0 人" in run.stdout and errors.is_file()
    assert superuser.execute("SELECT count(*) FROM cover WHERE effective = '2026-04-01'").fetchone() == (0,)
    file.write_bytes(roster([woman(1), woman(2)], UNIT_NAME))
    run, _ = office.send(file)
    assert (run.returncode, run.stdout.strip()) == (0, "名单 2 人，参保 2 人")


@pytest.mark.parametrize(("changed", "code", "said"), [
    ({"FILE": ""}, 2, "缺少 FILE"), ({"--as": ""}, 2, "缺少 --as"), ({"FILE": "nobody.xlsx"}, 2, "没有文件 nobody.xlsx"),
    ({"--unit": "cn.no."}, 2, "没有组织 cn.no."), ({"--effective": "1 April"}, 2, "不是日期"), ({"--payer": "public"}, 2, "不得用公款"),
    ({}, 2, "不是 XLSX 表格"), ({"--as": "nobody"}, 2, "没有账号 nobody"), ({"--as": "xj.admin"}, 2, "的管辖范围内"),
    ({"--as": "nx.auditor"}, 1, "没有“参保登记”的权限"), ({"--as": "nx.clerk"}, 2, "生效日须在今天之后")])
def test_what_is_missing_or_wrong_is_named(office: Office, changed: dict[str, str], code: int, said: str) -> None:
    asked = {"FILE": "pyproject.toml", "--plan": "nx-ankangbao", "--unit": UNIT, "--effective": "2026-04-01", "--payer": "self",
             "--as": "nx.admin"} | changed
    file = [asked.pop("FILE")]
    run, _ = office.enrol(*filter(None, file), *(word for pair in asked.items() if pair[1] for word in pair))
    assert (run.returncode, said in run.stderr) == (code, True), run.stderr


def test_an_import_bears_its_makers_name(office: Office, superuser: psycopg.Connection[tuple[object, ...]], tmp_path: Path) -> None:
    file = tmp_path / "名单.xlsx"
    file.write_bytes(roster([woman(1), woman(2)], UNIT_NAME))
    assert office.send(file)[0].returncode == 0
    assert superuser.execute("SELECT a.login FROM roster_import r JOIN account a ON a.id = r.account_id"
                             " WHERE r.file_name = '名单.xlsx'").fetchall() == [("nx.admin",)]


def test_a_file_of_100_mb_is_not_even_read(office: Office, tmp_path: Path) -> None:
    file = tmp_path / "large.xlsx"
    with file.open("wb") as made:
        made.truncate(100 * 1024 * 1024)
    run, memory = office.send(file)
    assert (run.returncode, "文件超过 50 MB" in run.stderr) == (2, True)
    assert memory < 150


def test_a_template_to_fill_in(office: Office, tmp_path: Path) -> None:
    for more, columns in (((), 9), (("--seed-layout",), 4)):
        to = tmp_path / f"{columns}.xlsx"
        run, _ = office.enrol("--template", "--plan", "nx-ankangbao", "--out", to, *more)
        assert run.returncode == 0, run.stderr
        assert len(sheets(to.read_bytes())["参保人员名单"][0]) == columns
