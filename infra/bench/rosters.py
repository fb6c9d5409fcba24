"""Rows a second of a whole enrolment against COPY of the very same cover rows. `python -m infra.bench.rosters`

Enrolment reads the XLSX, checks every row, seals numbers, makes the people, asks the database about them and writes the
covers, all in one transaction. The raw side copies finished cover rows, whose people are there, into the same table with
the same keys, indexes and exclusion constraint, and checks nothing. Sides alternate; ratios are of medians.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import resource
import statistics
import tempfile
import time
from datetime import date, datetime, timedelta
from pathlib import Path

import psycopg
import xlsxwriter

from services.access.actor import system
from services.core import crypto, embedded, schema
from services.core import settings as settings_module
from services.core.clock import at_hour
from services.core.db import Database, Scope
from services.enrolment import service as enrolment
from services.models import Organisation
from services.simulate.synthetic import synthetic_id

PLAN, EFFECTIVE = "nx-ankangbao", date(2026, 4, 1)
ROOT = system("cn")
NOW: datetime = at_hour(date(2026, 3, 20))
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
    os.environ.update({"HUZHU_MODE": "demo", "HUZHU_DATA_DIR": str(directory), "HUZHU_INSURER_URL": "http://127.0.0.1:9"})
    settings_module.settings.cache_clear()
    crypto.make_ring(settings_module.settings().key_ring)
    url = embedded.start(directory / "pg")
    app, owner = embedded.prepare(url, "bench")
    schema.upgrade(owner)
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


def raw(connection: psycopg.Connection[tuple[object, ...]], rows: int) -> float:
    """Rows a second of COPY: the covers just written are taken out and copied in again, commit included."""
    with connection.cursor() as cursor, cursor.copy("COPY cover TO STDOUT (FORMAT BINARY)") as copy:
        written = b"".join(copy)
    connection.execute("TRUNCATE cover CASCADE")
    connection.commit()
    begun = time.perf_counter()
    with connection.cursor() as cursor, cursor.copy("COPY cover FROM STDIN (FORMAT BINARY)") as copy:
        copy.write(written)
    connection.commit()
    rate = rows / (time.perf_counter() - begun)
    connection.execute("TRUNCATE cover CASCADE")
    connection.commit()
    return rate


def main() -> None:
    """Measure and print; `--json` for programs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    rates: dict[str, list[float]] = {"COPY of the cover rows": [], "roster enrolled": []}
    with tempfile.TemporaryDirectory(prefix="hz") as directory:
        db, superuser, unit = prepare(Path(directory))
        with psycopg.connect(superuser) as connection:
            for turn in range(options.rounds):
                content = roster(options.rows, turn * options.rows)
                rates["roster enrolled"].append(ours(db, unit, content, options.rows))
                rates["COPY of the cover rows"].append(raw(connection, options.rows))
        db.close()
    show(rates, options.rows, as_json=options.json)


def show(rates: dict[str, list[float]], rows: int, *, as_json: bool) -> None:
    """Medians, the ratio, and the memory that the process took at most."""
    copied, enrolled = (statistics.median(values) for values in rates.values())
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if as_json:
        print(json.dumps({"rows": rows, "copy": round(copied), "enrolled": round(enrolled), "ratio": round(enrolled / copied, 2),
                          "memory_mb": round(memory)}))
        return
    print(f"{f'rosters of {rows}':28}{'rows/s':>14}{'range':>18}{'ratio to COPY':>14}")
    for name, values in rates.items():
        median = statistics.median(values)
        print(f"{name:28}{median:14.0f}{f'{min(values):.0f}–{max(values):.0f}':>18}{median / copied:14.2f}")
    print(f"memory at most {memory:.0f} MB")


if __name__ == "__main__":
    main()
