"""A settlement whose process is killed at a drawn moment and started again ends in the very tables of one that nobody disturbed."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import uuid
from datetime import date

import pytest
import sqlalchemy as sa

from services.core.clock import at_hour
from services.core.db import Database
from tests.services import city_world
from tests.services.city_world import Row, settle
from tests.support.world import ROOT

APRIL, JANUARY = at_hour(date(2026, 4, 10)), at_hour(date(2027, 1, 12))
FIRST = [Row(0, "A1", "2026-01-05", "8406.00"), Row(1, "B1", "2026-01-06", "5000.00", stay=True),
         Row(7, "H1", "2026-02-05", "53800.00", over="50000.00")]
# More, less, late, reversed, above the cap, a stranger: every way a partition can write.
LAST = [Row(0, "A1", "2026-01-05", "4300.00"), Row(1, "B2", "2026-12-06", "3000.00", stay=True), Row(2, "C1", "2026-12-01", "9000.00"),
        Row(3, "D1", "2026-10-31", "7000.00"), Row(4, "E1", "2026-10-31", "700.00", name="别人"),
        Row(7, "H1", "2026-02-05", "53800.00", over="50000.00", reversed=True), Row(6, "G1", "2026-11-05", "64000.00", over="60000.00")]
_TABLES = {
    "bill": "person_id, setl_id, version, own_1, over_cap, reversed, superseded, year",
    "settlement_line": "person_id, year, paid, lines, took, due_fen, receivable_fen, outcome, flags, outpatient_own_1, stays_own_1",
    "settlement_payment": "person_id, amount_fen, state, line, run_id IS NULL, card_id IS NULL",
    "settlement_part": "NULL, part, rows, bills, lines, paying, due_fen, receivable_fen, unresolved, buckets",
    "settlement": "NULL, state, bills, unchanged, unresolved, lines, paying, due_fen, receivable_fen, over_cap, claims",
    "payment_run": "NULL, state, count, total_fen, settlement_id IS NULL", "claim": "person_id, state, event",
    "ledger_entry": "NULL, account, amount_fen, step"}


def tables(city: city_world.City) -> dict[str, list[str]]:
    """Everything a settlement writes, members by their number, without what is drawn by chance."""
    number = {person: f"m{place}" for place, person in enumerate(city.persons)}
    with city.world.db.view(ROOT.scope) as session:
        found = {table: session.execute(sa.text(f"SELECT {columns} FROM {table}")).all() for table, columns in _TABLES.items()}
    return {table: sorted(str((number.get(row[0], row[0]), *row[1:])) for row in rows) for table, rows in found.items()}


def run(db: Database, settlement_id: uuid.UUID, moment: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "tests.support.settling", db.url, str(settlement_id), JANUARY.isoformat(), str(moment)],
                          capture_output=True, text=True, check=False, timeout=120)


def undisturbed(db: Database) -> tuple[city_world.City, uuid.UUID]:
    city = city_world.build(db, APRIL)
    settle(city, FIRST, APRIL, quarter=1)
    return city, city_world.begin(city, LAST, JANUARY, quarter=4)


@pytest.fixture(scope="module")
def expected() -> dict[str, object]:
    return {}


def killed_and_again(db: Database, expected: dict[str, object], seed: int) -> None:
    city, settlement_id = undisturbed(db)
    if "moments" not in expected:       # the first test's database is the one that nobody disturbs
        done = run(db, settlement_id, 0)
        assert done.returncode == 0, done.stderr[-2000:]
        expected |= {"moments": int(done.stdout), "tables": tables(city)}
        assert {table: len(rows) for table, rows in tables(city).items()}.items() >= {
            "bill": 9, "settlement_line": 9, "settlement_payment": 7, "claim": 1, "payment_run": 2}.items()
        return
    moments = expected["moments"]
    assert isinstance(moments, int) and moments > 100
    fatal = random.Random(seed).randrange(1, moments)
    assert run(db, settlement_id, fatal).returncode == -signal.SIGKILL, fatal
    again = run(db, settlement_id, 0)
    assert again.returncode == 0, again.stderr[-2000:]
    assert tables(city) == expected["tables"], fatal


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_killed_and_started_again(db: Database, expected: dict[str, object], seed: int) -> None:
    killed_and_again(db, expected, seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10, 21))
def test_killed_at_ten_more_moments(db: Database, expected: dict[str, object], seed: int) -> None:
    killed_and_again(db, expected, seed)
