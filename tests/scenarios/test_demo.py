"""The whole demonstration as a newcomer runs it: one command, real programs, the table of scenarios as the judge."""

from __future__ import annotations

import csv
import json
import os
import random
import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.api.app import create_app
from services.core import embedded
from services.core.clock import FixedClock, at_hour
from services.core.db import DATABASE, Database, Scope
from services.insurer.adapters.http import HttpInsurer
from services.insurer.post import post_of
from services.web.pages import routers
from services.wiring import Wiring
from tests.support.signed_in import Visitor

SCOPE = Scope("cn")
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
    told = _commands(var / "demo", ["check"], ["audit", "verify"])
    assert [done.returncode for done in told] == [0, 0], [done.stdout + done.stderr for done in told]
    left_in_the_middle(var / "demo")


def _commands(directory: Path, *commands: list[str]) -> list[subprocess.CompletedProcess[str]]:
    """These `huzhu` commands over a demonstration's data."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("HUZHU_")}
    given = {"HUZHU_MODE": "demo", "HUZHU_MOVABLE_CLOCK": "true", "HUZHU_DATA_DIR": str(directory), "HUZHU_INSURER_URL": "http://127.0.0.1:9",
             "HUZHU_INSURER_KEYS": str(directory / "keys" / "insurer")}
    return [subprocess.run([sys.executable, "-m", "services.cli.main", *words], cwd=ROOT, text=True, env={**env, **given},
                           capture_output=True, timeout=300, check=False) for words in commands]


def left_in_the_middle(directory: Path) -> None:
    """The desks that the demonstration leaves are those of an office at work, and its clocks go on where they stood."""
    db = Database(embedded.prepare(embedded.start(directory / "postgres"), DATABASE)[0], pool_size=2)
    try:
        with db.view(SCOPE) as session:
            states = dict(session.execute(sa.text("SELECT c.state, count(*) FROM claim c JOIN case_file f ON f.id = c.case_id"
                                                  " WHERE f.reported_on >= '2026-12-01' GROUP BY c.state")).all())
            desks = set(session.execute(sa.text("SELECT role || ' ' || duty_key FROM review_step WHERE state = 'open'")).scalars())
            late, today, paused = session.execute(sa.text(
                "SELECT count(*) FILTER (WHERE state = 'running' AND due_on < '2026-12-04'),"
                " count(*) FILTER (WHERE state = 'running' AND due_on = '2026-12-04'), count(*) FILTER (WHERE state = 'paused')"
                " FROM sla_clock WHERE kind IN ('verification', 'level', 'pay')")).one()
            facts = session.execute(sa.text(
                "SELECT (SELECT count(*) FROM claim WHERE held), (SELECT count(*) FROM report_draft),"
                " (SELECT count(*) FROM objection WHERE state = 'lodged'), (SELECT count(*) FROM handoff WHERE state = 'questioned'),"
                " (SELECT count(*) FROM payment_run WHERE state = 'submitted'), (SELECT count(*) FROM payment WHERE state = 'returned'),"
                " (SELECT count(*) FROM summary_sheet WHERE status = 'drafted'), (SELECT count(*) FROM qa_sample),"
                " (SELECT count(*) FROM notice WHERE state = 'dispatched') > 9")).one()
        assert states == {"reported": 5, "supplementing": 1, "in_review": 10, "with_insurer": 2, "payable": 4, "refused": 1}
        assert late and today and paused
        assert desks == {"unit_clerk cn.nx.yc.xq.u002.", "district_reviewer cn.xj.wlmq.tsd.", "district_reviewer cn.xj.wlmq.sybk.",
                         "district_reviewer cn.xj.wlmq.", "office_reviewer cn.xj.", "senior_reviewer cn.xj.", "head cn.xj."}
        assert tuple(facts) == (1, 1, 1, 1, 1, 1, 1, 1, True)
        every_desk_has_work(db, directory)
    finally:
        db.close()


def every_desk_has_work(db: Database, directory: Path) -> None:
    """Everybody of /demonstration who acts finds something there; the page says how much."""
    keys = directory / "keys" / "insurer"
    clock = FixedClock(at_hour(date(2026, 12, 4), 12))
    insurer = HttpInsurer(url="http://127.0.0.1:9", office_key=(keys / "office.pem").read_bytes(),
                          insurer_public_key=(keys / "insurer.pub.pem").read_bytes(), clock=clock.now,
                          post=post_of(keys, "gm"))
    visitor = Visitor(create_app(Wiring(db, clock, insurer, SCOPE), routers()))
    rows = [re.sub(r"\s+", " ", row) for row in re.findall(r"<tr>.*?</tr>", visitor.get("/demonstration").text, re.DOTALL)]
    told = {found[1]: (found[2], row) for row in rows if (found := re.search(r"<code>([^<]+)</code>.*?value=\"([^\"]+)\"", row))}
    assert len(told) == 16 + 6 + 18 + 2
    assert [login for login, (_, row) in told.items() if "查阅" in row] == ["admin"]
    assert sum(bool(re.search(r"(待办|批次|付款|退回|待查|案件|草稿) [1-9]\d* [件个笔份]", row)) for _, row in told.values()) == 41
    for login, (account, row) in told.items():
        if re.search(r"待办 [1-9]\d* 件", row):
            assert visitor.send("/demonstration", account=account).status_code == 303
            desk = visitor.get("/work")
            assert desk.status_code == 200 and "现在没有待您办理的事项" not in desk.text, login


@pytest.mark.slow
@pytest.mark.parametrize("moment", MOMENTS)
def test_demo_survives_kill_at_a_seeded_moment(var: Path, moment: str) -> None:
    agrees(play(var, moment))
