"""Rows a second of a whole enrolment against COPY of rows that it wrote. `python -m infra.bench.rosters`

Enrolment reads the XLSX, checks every row, seals numbers, makes the people, asks the database about them, writes the
covers and books the premium, all in one transaction. The raw side copies finished rows into the same tables with the same
keys, indexes, triggers and exclusion constraint, and makes and checks nothing. It is measured twice: the covers alone, whose
people are there (the stricter one: `ratio`), and every row that enrolment wrote: people, covers, bookings. Sides alternate,
each after a checkpoint and without autovacuum; the ratio is the median of the rounds' own ratios.
"""

from __future__ import annotations

import argparse
import io
import json
import resource
import statistics
import tempfile
import time
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import psycopg
import xlsxwriter

from infra.scratch import fresh
from services.access.actor import system
from services.core import embedded
from services.core.clock import at_hour
from services.core.db import Database, Scope
from services.enrolment import service as enrolment
from services.models import Organisation
from services.simulate.synthetic import synthetic_id

Connection = psycopg.Connection[tuple[object, ...]]
PLAN, EFFECTIVE = "nx-ankangbao", date(2026, 4, 1)
ROOT = system("cn")
NOW: datetime = at_hour(date(2026, 3, 20))
ENROLLED, COVERS, ALL = "roster enrolled", "COPY of its covers", "COPY of all rows it wrote"
WRITTEN = ("person", "cover", "ledger_transaction", "ledger_entry")      # parents first; this roster has no bank cards
_MOST_A_DAY = 500           # different numbers of one sex and birthday in one region


def roster(rows: int, first: int) -> bytes:
    """A roster of women, none of whom is on a roster with another `first`."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"constant_memory": True}) as book:
        sheet = book.add_worksheet("名单")
        sheet.write_row(0, 0, ["序号", "姓名", "身份证号", "职业", "手机号"])
        for place in range(rows):
            born = date(1970, 1, 1) + timedelta(days=(first + place) // _MOST_A_DAY)
            number = synthetic_id("640099", born, (first + place) % _MOST_A_DAY, "F")
            sheet.write_row(place + 1, 0, [str(place + 1), "示一兰", number, "职员", f"199{place:08d}"])
    return buffer.getvalue()


def prepare(directory: Path) -> tuple[Database, str, Organisation]:
    """A fresh server and database with one office and one unit."""
    url, app = fresh(directory, "bench")
    with psycopg.connect(embedded.with_user(url, "postgres", "bench"), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET autovacuum = off")
        connection.execute("SELECT pg_reload_conf()")
    db = Database(app)
    with db.unit_of_work(Scope("cn")) as session:
        session.add(Organisation(org_key="cn.nx.", name="office", kind="office", office="ningxia"))
        unit = Organisation(org_key="cn.nx.u001.", name="unit", kind="unit")
        session.add(unit)
    return db, embedded.with_user(url, "postgres", "bench"), unit


def ours(db: Database, unit: Organisation, content: bytes, rows: int) -> float:
    """Rows a second of the product."""
    begun = time.perf_counter()
    with db.unit_of_work(ROOT.scope) as session:
        done = enrolment.enrol(session, content=content, file_name="bench.xlsx", plan=PLAN, org_id=unit.id, effective=EFFECTIVE,
                               payer_kind="self", actor=ROOT, now=NOW)
        assert done.accepted == rows, done.faults[:3]
    return rows / (time.perf_counter() - begun)


def raw(connection: Connection, tables: Sequence[str], rows: int) -> float:
    """Rosters' rows a second of COPY: what stands in `tables` is taken out and copied in again, commit included."""
    written = []
    for table in tables:
        with connection.cursor() as cursor, cursor.copy(f"COPY {table} TO STDOUT (FORMAT BINARY)") as copy:
            written.append(b"".join(copy))
    clear(connection, tables[0])
    begun = time.perf_counter()
    for table, content in zip(tables, written, strict=True):
        with connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN (FORMAT BINARY)") as copy:
            copy.write(content)
    connection.commit()
    return rows / (time.perf_counter() - begun)


def clear(connection: Connection, table: str) -> None:
    """Empty a table with all that hangs on it; what was written before is on the disk."""
    connection.execute(f"TRUNCATE {table} CASCADE")
    connection.commit()
    connection.autocommit = True
    connection.execute("CHECKPOINT")
    connection.autocommit = False


def measure(rows: int, rounds: int) -> dict[str, list[float]]:
    """Rows a second of each side, round by round."""
    rates: dict[str, list[float]] = {ENROLLED: [], COVERS: [], ALL: []}
    with tempfile.TemporaryDirectory(prefix="hz") as directory:
        db, superuser, unit = prepare(Path(directory))
        with psycopg.connect(superuser) as connection:
            for turn in range(rounds):
                clear(connection, "person")
                rates[ENROLLED].append(ours(db, unit, roster(rows, turn * rows), rows))
                rates[ALL].append(raw(connection, WRITTEN, rows))
                rates[COVERS].append(raw(connection, ("cover",), rows))
        db.close()
    return rates


def main() -> None:
    """Measure and print; `--json` for programs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    show(measure(options.rows, options.rounds), options.rows, as_json=options.json)


def show(rates: dict[str, list[float]], rows: int, *, as_json: bool) -> None:
    """Medians, the ratios with their range, and the memory that the process took at most."""
    ratios = {name: [ours / theirs for ours, theirs in zip(rates[ENROLLED], rates[name], strict=True)] for name in (COVERS, ALL)}
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if as_json:
        median = {name: round(statistics.median(values)) for name, values in rates.items()}
        print(json.dumps({"rows": rows, "enrolled": median[ENROLLED], "copy": median[COVERS], "copy_all": median[ALL],
                          "ratio": round(statistics.median(ratios[COVERS]), 2),
                          "ratio_all": round(statistics.median(ratios[ALL]), 2), "memory_mb": round(memory)}))
        return
    print(f"{f'rosters of {rows}':34}{'rows/s':>10}{'range':>16}{'enrolled is':>13}{'range':>12}")
    for name, values in rates.items():
        line = f"{name:34}{statistics.median(values):10.0f}{f'{min(values):.0f}–{max(values):.0f}':>16}"
        if name in ratios:
            line += f"{statistics.median(ratios[name]):13.2f}{f'{min(ratios[name]):.2f}–{max(ratios[name]):.2f}':>12}"
        print(line)
    print(f"memory at most {memory:.0f} MB")


if __name__ == "__main__":
    main()
