"""The whole demonstration as a newcomer runs it: one command, real programs, the table of scenarios as the judge."""

from __future__ import annotations

import csv
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXPECTED = ROOT / "services" / "simulate" / "scenarios.csv"
RENAMED = {"pay_due_15_working_days": "pay_due"}
COMPARED = ("outcome", "amount", "last_timely_report", "late", "file_complete_on", "pay_due_15_working_days")
PROGRAMS = ("worker", "web", "twin")
MOMENTS = [f"{PROGRAMS[place % 3]}@{number}" for place, number in
           enumerate(random.Random(20260320).sample(range(10, 160), 10))]


def play(directory: Path, *kills: str) -> list[dict[str, str]]:
    """Run `huzhu demo`; fails with its own words, else the rows of its results file."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("HUZHU_")}
    options = [option for kill in kills for option in ("--kill", kill)]
    done = subprocess.run([sys.executable, "-m", "services.cli.main", "demo", *options], cwd=ROOT, text=True,
                          env={**env, "HUZHU_DATA_DIR": str(directory)}, capture_output=True, timeout=900, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    told = json.loads((directory / "demo" / "results" / "results.json").read_text())
    assert told["equal"] and not told["differences"]
    with (directory / "demo" / "results" / "results.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def agrees(rows: list[dict[str, str]]) -> None:
    """Row by row against the table, read here anew."""
    with EXPECTED.open(newline="", encoding="utf-8") as file:
        expected = {row["id"]: row for row in csv.DictReader(file)}
    assert [row["id"] for row in rows] == list(expected)
    for row in rows:
        for column in COMPARED:
            assert row[RENAMED.get(column, column)] == expected[row["id"]][column], (row["id"], column)


def test_demo_ends_in_the_table_though_worker_and_twin_are_killed(var: Path) -> None:
    rows = play(var, "worker@S03:verify", "twin@S08:decide")
    agrees(rows)
    results = var / "demo" / "results"
    for row in rows:
        letters = sorted(path.suffix for path in (results / "letters" / row["claim_no"]).iterdir())
        assert letters.count(".pdf") >= len(row["letters"].split("; ")), row
        assert all(path.read_bytes().startswith(b"%PDF") for path in (results / "letters" / row["claim_no"]).iterdir())
    paid = [row for row in rows if row["outcome"] in ("pay", "refund")]
    assert len(paid) == 13 and all(row["credited_on"] <= row["pay_due"] for row in paid)
    assert list((results / "bank").glob("ICBC_*.txt"))
    assert len(list((results / "insurer").glob("*.json"))) == 8


@pytest.mark.slow
@pytest.mark.parametrize("moment", MOMENTS)
def test_demo_survives_kill_at_a_seeded_moment(var: Path, moment: str) -> None:
    agrees(play(var, moment))
