"""The record verified whole and from a seal on, at ten million records. `python -m infra.bench.audit > infra/bench/audit.txt`

A house of claims with twelve or thirteen records each, spelled and signed as the product does and laid down in the order of time, so
that a chain's records lie apart. Measured: the bare reading of the same rows in the same order by the same number of processes, the
whole verification, the day's seal, and the verification from it on after a day's further records. At the end a chain is cut off and
a claim taken away with all its records, and both must be named. Needs about 1.3 GB of disk a million records, freed at the end.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg
from psycopg import sql

from infra.bench.city_watch import Measured, timed, watched
from infra.scratch import fresh
from services.audit import checking, sealing
from services.audit.checking import Finding
from services.audit.since import check_days, stands, verify_since
from services.audit.spans import CHAINS, Span
from services.audit.verify import bounds, connected, in_processes, verify_all
from services.core import embedded
from services.core.db import Database, Scope, driver_cursor
from services.core.settings import settings
from services.core.signing import signing_keys
from services.simulate.years.desk import Who
from services.simulate.years.record import Note, chain
from services.storage.second import SecondPlace

ORG = "cn.nx.yc.xq.u001."
SCOPE = Scope("cn")
EVENTS = ("create", "check", "send_back", "answer", "verify", "compute", "route", "pass", "pass", "approve", "pay", "close", "archive")
DAY = date(2026, 3, 20)
BLOCK = 4000            # claims whose records lie among one another, as those of some weeks do
AIM_MB = 1024


def main() -> int:
    """Fill, measure, spoil, find; 1 when the memory is above the aim, or something is not found."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    asked.add_argument("--records", type=int, default=10_000_000)
    asked.add_argument("--dir", type=Path, default=Path(tempfile.gettempdir()), help="where there is room for it")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="hzaudit", dir=given.dir) as directory:
        return _run(Path(directory), given.records)


def _run(directory: Path, records: int) -> int:
    server, app = fresh(directory, "bench")
    superuser = embedded.with_user(server, "postgres", "bench")
    _tune(superuser)
    db, measured = Database(app), Measured()
    place = SecondPlace(settings().model_copy(update={"audit_place": f"file:{directory / 'place'}"}))
    keys, data = signing_keys(settings().signing_keys), directory / "pg"
    claims = _fill(superuser, records)
    workers = os.cpu_count() or 1
    say(f"{records:,} records in {claims:,} chains, {workers} processes, {_size(superuser)} on disk")
    with watched(measured, data):
        with timed(measured, "bare reading", data):
            with db.view(SCOPE) as session:
                ends = bounds(session, CHAINS)
            in_processes([(_bare, (app, span)) for span in ends], workers, _quiet)
        with timed(measured, "verify", data):
            found = verify_all(db, SCOPE, workers=workers)
        with timed(measured, "seal", data):
            row = sealing.seal(db, SCOPE, place=place, keys=keys, day=DAY, now=datetime(2026, 3, 20, tzinfo=UTC))
        further = _go_on(superuser, records // 100)
        with timed(measured, "verify --since", data):
            _, since = verify_since(db, SCOPE, place=place, keys=keys, workers=workers)
    bare = measured.steps["bare reading"].wall
    for name, step in measured.steps.items():
        say(f"{name:<16}{step.wall:8.1f} s  processors {step.ours + step.server:8.1f} s  {step.wall / bare:5.2f} of the bare reading")
    say(f"sealed {row.chains:,} chains, {row.records:,} records; the place holds {_place_mb(directory):.0f} MB; "
        f"{further:,} records came after the seal")
    say(f"memory at the most (proportional): ours {measured.ours_mb:.0f} MB, the server's {measured.server_mb:.0f} MB, "
        f"together {measured.together_mb:.0f} MB (aim {AIM_MB})")
    wrong = len(found) + len(since)
    say(f"findings on the untouched record: {wrong}")
    missed = _spoil(superuser, lambda: [*verify_since(db, SCOPE, place=place, keys=keys, workers=workers)[1]],
                    lambda: [*stands(db, SCOPE, place=place, keys=keys), *check_days(db, SCOPE, place, keys)])
    db.close()
    return int(bool(wrong or missed or measured.together_mb > AIM_MB))


def say(line: str) -> None:
    """To the result and at once."""
    print(line, flush=True)


def _quiet(_done: int, _of: int) -> None:
    """Nobody watches."""


def _bare(url: str, span: Span) -> list[Finding]:
    with connected(url).view(SCOPE) as session, driver_cursor(session).connection.cursor("bare", binary=True) as rows:
        rows.itersize = 5000
        rows.execute(f"SELECT {checking.COLUMNS} FROM audit_record WHERE chain_id BETWEEN %s AND %s ORDER BY audit_record.chain_id, seq",
                     (span.first, span.last))
        for _ in rows:
            pass
    return []


def _tune(superuser: str) -> None:
    """A server that need not outlive a power cut while it is filled."""
    with psycopg.connect(superuser, autocommit=True) as connection:
        for name in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.execute(sql.SQL("ALTER SYSTEM SET {} TO off").format(sql.Identifier(name)))
        connection.execute("ALTER SYSTEM SET max_wal_size TO '2GB'")
        connection.execute("SELECT pg_reload_conf()")


def _fill(superuser: str, records: int) -> int:
    """Claims and their records. Foreign keys sleep: a chain needs no person, and a million of them would measure nothing more."""
    begun, chance, written, claims = time.perf_counter(), random.Random(11), 0, 0
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica; DROP INDEX audit_person")
        while written < records:
            written += _block(connection, min(BLOCK, -(-(records - written) // 12)), claims, chance)
            claims += BLOCK
            if claims % (25 * BLOCK) == 0:
                print(f"{written:,} of {records:,}, {time.perf_counter() - begun:.0f} s", file=sys.stderr, flush=True)
        connection.execute("CREATE INDEX audit_person ON audit_record (person_id)")
        connection.execute("ANALYZE audit_record; ANALYZE claim")
        found = connection.execute("SELECT count(*) FROM claim").fetchone()
    assert found is not None
    return int(found[0])


def _block(connection: psycopg.Connection[tuple[object, ...]], count: int, before: int, chance: random.Random) -> int:
    lines: list[tuple[int, str]] = []
    heads = []
    for number in range(before, before + count):
        # Ids in the order of time, as uuidv7 gives them.
        chain_id = uuid.UUID(int=((1_700_000_000_000 + number) << 80) | (7 << 76) | chance.getrandbits(76))
        found, seq, head = chain(chain_id, ORG, _notes(chain_id, number, chance))
        lines += [(place * 97 + number % 89, line) for place, line in enumerate(found)]
        heads.append((chain_id, f"B{number:09d}", seq, head))
    lines.sort(key=lambda line: line[0])
    with connection.cursor() as cursor:
        with cursor.copy("COPY audit_record (chain_id, seq, org_key, machine, subject_id, event, account_id, person_id, at, record, prev,"
                         " hash) FROM STDIN") as copy:
            copy.write("\n".join(line for _, line in lines) + "\n")
        with cursor.copy(_CLAIM) as copy:
            for row in heads:
                copy.write_row((row[0], ORG, "closed", 1, row[1], "0000", *[uuid.UUID(int=1)] * 3, "x", DAY, "office", 1, "{}", "", False,
                                False, False, "[]", "[]", "[]", "{}", row[2], row[3], _START, _START))
    return len(lines)


_START = datetime(2025, 1, 6, 1, tzinfo=UTC)
_CLAIM = """COPY claim (id, org_key, state, version, claim_no, code, case_id, person_id, cover_id, plan, plan_from, route, round, event,
    digest, held, died, identity_matched, required, banks, findings, inputs, audit_seq, audit_head, created_at, updated_at) FROM STDIN"""


def _notes(chain_id: uuid.UUID, number: int, chance: random.Random) -> Iterator[Note]:
    at = _START + timedelta(minutes=number % 500_000)
    for place, event in enumerate(EVENTS[:12 + number % 2]):
        at += timedelta(hours=5, seconds=number % 3000)
        details = {"reason_code": "A01", "amount_fen": 100 * number, "words": "材料齐全，按条款计算"} if place % 3 == 0 else {}
        yield Note(at, "claim", chain_id, event, "reported", "verified", place + 1, None, details,
                   Who(uuid.UUID(int=1 << 64 | number % 50), uuid.UUID(int=2 << 64 | number % 50)))


def _go_on(superuser: str, records: int) -> int:
    """A further day: new claims."""
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        return _block(connection, max(1, records // 12), 50_000_000, random.Random(12))


def _spoil(superuser: str, *ways: Callable[[], list[Finding]]) -> int:
    """A chain cut off with its claim turned back, and a claim taken away with its records: how many ways missed one of them."""
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        cut, gone = (row[0] for row in connection.execute("SELECT id FROM claim ORDER BY id OFFSET 7 LIMIT 2"))
        connection.execute("DELETE FROM audit_record WHERE chain_id = %s AND seq > 11", (cut,))
        connection.execute("UPDATE claim c SET audit_seq = 11, audit_head = a.hash FROM audit_record a WHERE c.id = %s"
                           " AND (a.chain_id, a.seq) = (c.id, 11)", (cut,))
        connection.execute("DELETE FROM audit_record WHERE chain_id = %s", (gone,))
        connection.execute("DELETE FROM claim WHERE id = %s", (gone,))
    missed = 0
    for name, way in zip(("verify --since", "verify"), ways, strict=True):
        named = {(finding.code, finding.chain_id) for finding in way()}
        say(f"{name} names " + ", ".join(f"{code} {chain_id}" for code, chain_id in sorted(named)))
        missed += named != {("tail_missing", str(cut)), ("claim_missing", str(gone))}
    return missed


def _size(superuser: str) -> str:
    with psycopg.connect(superuser) as connection:
        row = connection.execute("SELECT pg_size_pretty(pg_database_size(current_database()))").fetchone()
    assert row is not None
    return str(row[0])


def _place_mb(directory: Path) -> float:
    return sum(path.stat().st_size for path in (directory / "place").rglob("*") if path.is_file()) / (1 << 20)


if __name__ == "__main__":
    sys.exit(main())
