"""Payments a second from the run to its reconciliation, against COPY of the same rows. `python -m infra.bench.payments`

Ours: everything of a plan that is ready goes into one run, is submitted, released by another person and written as the bank's
file; the bank's answer is read line by line, the run is reconciled and its claims are settled: with every guard, record, line
of proof, clock and piece of work that one payment alone would have. The raw side copies the rows that stand there afterwards
(the payments, their lines to and from the bank, the entries in the books, the records, the work owed) into the same tables with
the same keys and indexes, and makes and checks nothing. Each side after a checkpoint and without autovacuum; the ratio is the
median of the rounds' own. `--rows 100000 --rounds 1` is the size the house is built for.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TypeVar

import psycopg
import sqlalchemy as sa
from sqlmodel import Session

from infra.bench.payments_world import NOW, PLAN, House, fill, prepare
from services.access.actor import Actor, system
from services.audit.verify import verify
from services.core.clock import at_hour
from services.payment import service as payment
from services.payment.banks import layout_of
from services.payment.port import Answer

ROOT = system("cn")
BANK = "ICBC"
CREDITED = at_hour(date(2026, 3, 24), 10)
OURS, RAW = "run, file, return, settled", "COPY of the same rows"
WRITTEN = ("payment", "bank_line", "ledger_transaction", "ledger_entry", "audit_record", "outbox")         # parents first
Made = TypeVar("Made")


class Paying:
    """One run from end to end, each step timed."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.steps: dict[str, float] = {}

    def step(self, name: str, actor: Actor, verb: Callable[[Session], Made]) -> Made:
        """One verb in a transaction of its own."""
        begun = time.perf_counter()
        with self.house.db.unit_of_work(actor.scope) as session:
            made = verb(session)
        self.steps[name] = time.perf_counter() - begun
        return made

    def pay(self, count: int) -> None:
        """From ready to settled; SystemExit when one is missing."""
        maker, checker = self.house.people["finance_maker"], self.house.people["finance_checker"]
        run: uuid.UUID = self.step("build", maker, lambda session: payment.build_run(
            session, plan=PLAN, bank=BANK, actor=maker, now=NOW).id)
        self.step("submit", maker, lambda session: payment.submit(session, run_id=run, actor=maker, now=NOW).id)
        self.step("release", checker, lambda session: payment.release(session, run_id=run, actor=checker, now=NOW).id)
        path = self.step("file", ROOT, lambda session: payment.write_file(session, run_id=run, actor=ROOT, now=NOW))
        content = answered(path.read_bytes())
        done = self.step("return", maker, lambda session: payment.read_return(
            session, content=content, file_name="return.txt", actor=maker, now=NOW))
        settled = self.step("settle", ROOT, lambda session: payment.settle(
            session, claim_ids=done.claim_ids, actor=ROOT, now=NOW))
        with self.house.db.view(ROOT.scope) as session:
            state = session.execute(sa.text("SELECT state FROM payment_run WHERE id = :run"), {"run": run}).scalar_one()
        if (len(done.credited), len(settled), state) != (count, count, "reconciled"):
            raise SystemExit(f"of {count} payments {len(done.credited)} were credited, {len(settled)} settled; the run is {state}")


def answered(content: bytes) -> bytes:
    """The bank's answer to its file: every line credited, as the layout in services/payment/banks/icbc.py has it."""
    header, *lines = content.rstrip(b"\r\n").split(b"\r\n")[:-1]
    answers = [Answer(place, line[7:33].decode().rstrip(), int(line[33:48]), "credited", line[64:96].decode().rstrip(),
                      line[96:156].decode("gbk").rstrip(), f"B{place:012d}", CREDITED, "") for place, line in enumerate(lines, 1)]
    return layout_of(BANK).answer(header[5:25].decode().rstrip(), answers)


def raw(superuser: str) -> float:
    """Payments a second of COPY: what stands there, of earlier rounds too, is taken out and copied in again, commit included."""
    with psycopg.connect(superuser) as connection:
        count = int(connection.execute("SELECT count(*) FROM payment").fetchall()[0][0])
        written = []
        for table in WRITTEN:
            with connection.cursor() as cursor, cursor.copy(f"COPY {table} TO STDOUT (FORMAT BINARY)") as copy:
                written.append(b"".join(copy))
        connection.execute(f"TRUNCATE {', '.join(WRITTEN)} CASCADE")
        connection.commit()
        checkpoint(superuser)
        begun = time.perf_counter()
        for table, content in zip(WRITTEN, written, strict=True):
            with connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN (FORMAT BINARY)") as copy:
                copy.write(content)
        connection.commit()
        return count / (time.perf_counter() - begun)


def checkpoint(superuser: str) -> None:
    """What was written before is on the disk."""
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute("CHECKPOINT")


def measure(rows: int, rounds: int) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Payments a second of each side, and the seconds of our steps, round by round."""
    rates: dict[str, list[float]] = {OURS: [], RAW: []}
    steps: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="hz") as directory:
        house = prepare(Path(directory))
        for turn in range(rounds):
            fill(house, rows, turn)
            checkpoint(house.superuser)
            paying = Paying(house)
            paying.pay(rows)
            rates[OURS].append(rows / sum(paying.steps.values()))
            for name, seconds in paying.steps.items():
                steps.setdefault(name, []).append(seconds)
            proved(house)
            rates[RAW].append(raw(house.superuser))
        house.db.close()
    return rates, steps


def proved(house: House) -> None:
    """The record is whole; SystemExit else. Earlier rounds' rows are copies of themselves."""
    with house.db.view(ROOT.scope) as session:
        findings = list(verify(session))
    if findings:
        raise SystemExit(f"the record does not verify: {findings[:3]}")


def main() -> None:
    """Measure and print; `--json` for programs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    rates, steps = measure(options.rows, options.rounds)
    show(rates, steps, options.rows, as_json=options.json)


def show(rates: dict[str, list[float]], steps: dict[str, list[float]], rows: int, *, as_json: bool) -> None:
    """Medians, the ratio with its range, and where our time goes."""
    ratios = [ours / theirs for ours, theirs in zip(rates[OURS], rates[RAW], strict=True)]
    seconds = {name: statistics.median(values) for name, values in steps.items()}
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if as_json:
        print(json.dumps({"payments": rows, "paid": round(statistics.median(rates[OURS])),
                          "copy": round(statistics.median(rates[RAW])), "ratio": round(statistics.median(ratios), 2),
                          "seconds": {name: round(value, 2) for name, value in seconds.items()}, "memory_mb": round(memory)}))
        return
    print(f"{f'{rows} payments':34}{'a second':>10}{'range':>16}{'ratio':>8}{'range':>12}")
    for name, values in rates.items():
        line = f"{name:34}{statistics.median(values):10.0f}{f'{min(values):.0f}–{max(values):.0f}':>16}"
        if name == RAW:
            line += f"{statistics.median(ratios):8.2f}{f'{min(ratios):.2f}–{max(ratios):.2f}':>12}"
        print(line)
    print("seconds: " + ", ".join(f"{name} {value:.2f}" for name, value in seconds.items()) + f"; memory at most {memory:.0f} MB")


if __name__ == "__main__":
    main()
