"""A settlement's payments from its runs to the bank's credit, seconds by step. `python -m infra.bench.settlement_pay [--rows 100000]`

The lines are COPYed as a settlement does it, closed into runs, then each run is sealed by its maker, released by another person,
written as the bank's file, answered (one line in a hundred sent back) and reconciled. The same rows by COPY alone are the yardstick:
lines and bank lines into the same tables with the same keys and indexes. Nothing is committed without durability.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import TypeVar

import polars as pl
import psycopg
import sqlalchemy as sa
from sqlmodel import Session

from infra.bench.payments import answered
from infra.bench.payments_world import KEY, NOW, PLAN, House, prepare
from services.access.actor import Actor, system
from services.core.crypto import key_ring
from services.core.ids import uuidv7
from services.ledger import settled as books
from services.models import FeedFile, PaymentRun, Settlement, SettlementPart
from services.payment import service as payment
from services.payment.banks import layout_of
from services.payment.banks.icbc import IcbcFormat
from services.reporting import checks
from services.settlement.city.copying import copy_in
from services.settlement.paying import rules
from services.settlement.paying import service as paying

ROOT, BANK = system("cn"), "ICBC"
Made = TypeVar("Made")
_PEOPLE = """
    INSERT INTO person (id, name, id_number_sealed, id_number_index, born, sex, category, version, created_at)
    SELECT uuidv7(), '李示例', '', m, '1980-01-01', 'F', 'normal', 1, %(now)s FROM unnest(%(marks)s::bytea[]) AS m"""
_CARDS = """
    INSERT INTO bank_card (id, person_id, bank, number_sealed, number_index, last4, holder, added_at)
    SELECT uuidv7(), p.id, %(bank)s, s.sealed, s.mark, '0000', p.name, %(now)s
    FROM unnest(%(marks)s::bytea[], %(sealed)s::bytea[]) AS s(mark, sealed) JOIN person p ON p.id_number_index = s.mark"""
_DUE = """
    SELECT p.id::text AS person_id, b.id::text AS card_id FROM person p JOIN bank_card b ON b.person_id = p.id ORDER BY p.id"""


class Timed:
    """The steps of one house, each in a transaction of its own; seconds add up over the runs."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.steps: dict[str, float] = {}

    def step(self, name: str, actor: Actor, verb: Callable[[Session], Made]) -> Made:
        """One verb."""
        begun = time.perf_counter()
        with self.house.db.unit_of_work(actor.scope) as session:
            made = verb(session)
        self.steps[name] = self.steps.get(name, 0.0) + time.perf_counter() - begun
        return made


def people(house: House, rows: int) -> pl.DataFrame:
    """That many members with an account each; not timed."""
    ring = key_ring()
    numbers = [f"622202{place:013d}" for place in range(rows)]
    given = {"marks": [ring.index(number, field="bank_card.number") for number in numbers],
             "sealed": [ring.seal(number, field="bank_card.number") for number in numbers], "now": NOW, "bank": BANK}
    with psycopg.connect(house.superuser, autocommit=True) as connection:
        connection.execute(_PEOPLE, given)
        connection.execute(_CARDS, given)
        connection.execute("VACUUM ANALYZE person, bank_card")
        found = connection.execute(_DUE).fetchall()
    return pl.DataFrame(found, schema=["person_id", "card_id"], orient="row")


def settlement(house: House, parts: int) -> Settlement:
    """The settlement itself; not timed."""
    with house.db.unit_of_work(ROOT.scope) as session:
        feed = FeedFile(org_key="cn.xj.", plan=PLAN, year=2026, quarter=1, file_name="q.csv", sha256=uuid.uuid4().hex, size=1,
                        format="csv", state="settled", received_at=NOW)
        session.add(feed)
        session.flush()
        made = Settlement(id=uuidv7(), org_key="cn.xj.", plan=PLAN, plan_from=date(2024, 1, 1), year=2026, quarter=1, feed_id=feed.id,
                          parts=parts, rule_digest="r", state="settled", started_at=NOW, ended_at=NOW)
        session.add(made)
        session.flush()
        session.expunge(made)
    return made


def write_part(session: Session, made: Settlement, part: int, rows: pl.DataFrame) -> None:
    """As a settlement's partition does: the lines by COPY, what they give into the books."""
    frame = rows.with_columns(pl.lit(KEY).alias("org_key"), pl.lit(str(made.id)).alias("settlement_id"), pl.lit(part).alias("part"),
                              pl.lit(12_345).alias("amount_fen"), pl.lit(None, pl.String).alias("left_out"))
    copy_in(session, rules.TABLE, rules.numbered(frame))
    kept = SettlementPart(id=uuidv7(), org_key="cn.xj.", settlement_id=made.id, part=part, digest="d", due_fen=12_345 * frame.height,
                          buckets=[0], ended_at=NOW)
    session.add(kept)
    session.flush()
    books.decided(session, plan=PLAN, org_key="cn.xj.", part_id=kept.id, fen=kept.due_fen, actor=ROOT, now=NOW)


def pay(timed: Timed, made: Settlement, found: pl.DataFrame) -> int:
    """From the lines to the reconciled runs; returns how many were credited."""
    maker, checker = timed.house.people["finance_maker"], timed.house.people["finance_checker"]
    size = -(-found.height // made.parts)
    for part in range(made.parts):
        timed.step("lines", ROOT, partial(write_part, made=made, part=part, rows=found.slice(part * size, size)))
    timed.step("close", maker, lambda session: paying.close_runs(session, session.get_one(Settlement, made.id), bank=BANK, actor=maker,
                                                                 now=NOW))
    with timed.house.db.view(ROOT.scope) as session:
        runs = list(session.execute(sa.select(PaymentRun.id).order_by(PaymentRun.run_no)).scalars())      # type: ignore[call-overload]
    credited = 0
    for run in runs:
        timed.step("seal", maker, partial(payment.submit, run_id=run, actor=maker, now=NOW))
        timed.step("release", checker, partial(payment.release, run_id=run, actor=checker, now=NOW))
        path = timed.step("file", ROOT, partial(payment.write_file, run_id=run, actor=ROOT, now=NOW))
        content = with_returns(answered(path.read_bytes()))
        done = timed.step("answer", maker, partial(payment.read_return, content=content, file_name="return.txt", actor=maker, now=NOW))
        credited += len(done.credited)
    return credited


def with_returns(content: bytes) -> bytes:
    """The same answer, one line in a hundred sent back."""
    layout = IcbcFormat()
    answers = [replace(one, status="returned", serial="", reason="账户已销户") if one.line_no % 100 == 0 else one
               for one in layout.read(content)]
    return layout_of(BANK).answer(answers[0].reference.partition("-")[0], answers)


def bare(house: House) -> float:
    """Seconds of COPY alone: lines and bank lines as they stand there are taken out and copied in again."""
    tables = (rules.TABLE, "bank_line")
    columns = {rules.TABLE: ", ".join((*rules.COLUMNS, "id", "attempt", "version", "serial", "credited_at", "return_reason"))}
    with psycopg.connect(house.superuser) as connection:
        held = {}
        for table in tables:
            named = f"({columns[table]})" if table in columns else ""
            with connection.cursor() as cursor, cursor.copy(f"COPY {table} {named} TO STDOUT (FORMAT BINARY)") as copy:
                held[table] = (named, b"".join(copy))
        connection.execute("TRUNCATE settlement_payment, bank_line CASCADE")
        connection.execute("SELECT set_config('app.org_path', 'cn', false)")
        connection.commit()
        begun = time.perf_counter()
        for table, (named, content) in held.items():
            with connection.cursor() as cursor, cursor.copy(f"COPY {table} {named} FROM STDIN (FORMAT BINARY)") as copy:
                copy.write(content)
        connection.commit()
        return time.perf_counter() - begun


def main() -> None:
    """Measure and print; `--json` for programs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--parts", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hz") as directory:
        house = prepare(Path(directory))
        found, timed = people(house, options.rows), Timed(house)
        credited = pay(timed, settlement(house, options.parts), found)
        if credited != options.rows - sum(1 for place in range(1, options.rows + 1) if place % rules.RUN_LINES % 100 == 0):
            raise SystemExit(f"of {options.rows} lines {credited} were credited")
        with house.db.view(ROOT.scope) as session:
            begun = time.perf_counter()
            wrong = [one for one in checks.CHECKS if one.code.startswith(("settled_once", "settled_whole", "settled_apart"))
                     and list(one.find(session))]
            timed.steps["(promises)"] = time.perf_counter() - begun
        if wrong:
            raise SystemExit(f"broken: {[one.code for one in wrong]}")
        copied = bare(house)
        house.db.close()
    ours = sum(seconds for name, seconds in timed.steps.items() if "(" not in name)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    told = {"lines": options.rows, "seconds": round(ours, 2), "copy": round(copied, 2), "ratio": round(ours / copied, 1),
            "memory_mb": memory // 1024, "steps": {name: round(seconds, 2) for name, seconds in timed.steps.items()}}
    print(json.dumps(told) if options.json else "\n".join(f"{name:10} {value}" for name, value in told.items()))


if __name__ == "__main__":
    main()
