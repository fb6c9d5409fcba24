"""Many letters in one run of flows/send_notices.py: pressed by processes, numbered without gap, printed unit by unit.

`python -m infra.bench.letters --batch 10000` makes that many claims of as many persons in a scratch house, drafts their receipts and
sends them in one flow run under a real Prefect server. Every letter must then be there once: numbers from 1 without gap or double,
bytes under their hash, on their way on paper; and each unit's print file must hold its letters with a bookmark for each.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import multiprocessing
import os
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pikepdf
import psycopg
import sqlalchemy as sa

from infra.bench.payments_world import House, fill, prepare
from services.access.actor import Actor, Role, system
from services.cli.setup import make_pair
from services.cli.supervisor import Program, free_port, prefect_server
from services.core.clock import business_day
from services.core.settings import settings
from services.notice import print_files
from services.notice import service as notice
from services.reporting.letter_progress import progress
from services.simulate.synthetic import synthetic_name
from services.storage import service as storage

ROOT = system("cn")
OFFICE, UNIT_KEY = "cn.xj.", "cn.xj.d1.b{:03d}."
A_UNIT = 400                    # letters; a print file holds 500
DRAFTED_AT_ONCE = 500
EVERY = 15.0                    # seconds between two lines of progress
RARE = "喆堃珺昇玥祎旻彧赟镕"    # one name in fifty is written with one of them, and set with the whole faces


@dataclass(slots=True)
class Run:
    """What one run took. `peak_mb`: the most memory of each process that was alive at a look."""

    letters: int
    seconds: float = 0.0
    drafting: float = 0.0
    units: int = 0
    pages: int = 0
    largest_mb: float = 0.0
    peak_mb: dict[str, float] = field(default_factory=dict)

    def shown(self) -> dict[str, object]:
        """For programs."""
        return {"letters": self.letters, "seconds": round(self.seconds, 1), "letters_a_second": round(self.letters / self.seconds, 1),
                "print_files": self.units, "pages": self.pages, "peak_mb": {name: round(value) for name, value in self.peak_mb.items()}}


def run(count: int, tell: Callable[[str], None]) -> Run:
    """Make, draft, send, look at everything. SystemExit when a letter is lost, doubled or wrong."""
    done = Run(count)
    with tempfile.TemporaryDirectory(prefix="hz") as directory, _prefect(Path(directory) / "prefect"):
        house = prepare(Path(directory))
        os.environ["HUZHU_DATABASE_URL"] = house.db.url
        settings.cache_clear()
        for name in ("office", "insurer"):
            make_pair(settings().insurer_keys, name)
        _claims(house, count)
        begun = time.perf_counter()
        ids = _draft(house)
        done.drafting = time.perf_counter() - begun
        tell(f"{len(ids)} letters drafted in {done.drafting:.0f} s")
        _send(house, ids, done, tell)
        _numbers(house, ids)
        _printed(house, done, tell)
        house.db.close()
    return done


@contextmanager
def _prefect(folder: Path) -> Iterator[None]:
    """A Prefect server of one's own; this process reports to it."""
    port = free_port()
    given = {"PREFECT_HOME": str(folder), "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "PREFECT_LOGGING_LEVEL": "WARNING"}
    server = Program("prefect", [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)],
                     {**os.environ, **given, **prefect_server()}, folder / "server.log", f"http://127.0.0.1:{port}/api/health")
    server.start()
    try:
        server.wait_ready(120)
        os.environ.update(given, PREFECT_API_URL=f"http://127.0.0.1:{port}/api")
        yield
    finally:
        server.stop()


def _claims(house: House, count: int) -> None:
    """Claims of different persons, spread over units of one office that signs letters."""
    fill(house, count, 0)
    names = [synthetic_name(serial, "F") + (RARE[serial // 50 % len(RARE)] if serial % 50 == 7 else "") for serial in range(count)]
    keys = [UNIT_KEY.format(place) for place in range(1 + (count - 1) // A_UNIT)]
    with psycopg.connect(house.superuser, autocommit=True) as connection:
        connection.execute("UPDATE organisation SET name = '示例市职工互助保障办公室', letter_organ = '示例市职工互助保障办公室',"
                           " letter_series = '示互通', contact = '12351' WHERE org_key = %s", (OFFICE,))
        connection.execute("INSERT INTO organisation (id, org_key, name, kind)"
                           " SELECT uuidv7(), key, '示例第' || place || '工厂工会', 'unit'"
                           " FROM unnest(%s::text[]) WITH ORDINALITY AS k(key, place)", (keys,))
        connection.execute("UPDATE person p SET name = r.name FROM (SELECT id, row_number() OVER (ORDER BY id) AS place FROM person"
                           " WHERE id IN (SELECT person_id FROM cover)) q JOIN unnest(%s::text[]) WITH ORDINALITY AS r(name, place)"
                           " USING (place) WHERE p.id = q.id", (names,))
        connection.execute("""UPDATE claim c SET org_key = k.key, required = '["id_copy", "diagnosis", "pathology"]',
            event = '{"kind": "diagnosis", "icd10": "C53.900", "behaviour": "3", "diagnosed_on": "2026-03-12"}'
            FROM (SELECT id, (row_number() OVER (ORDER BY id) - 1) / %s + 1 AS place FROM claim) q
            JOIN unnest(%s::text[]) WITH ORDINALITY AS k(key, place) USING (place) WHERE c.id = q.id""", (A_UNIT, keys))
        connection.execute("UPDATE case_file SET hospital = '示例市第一医院', count_words = '自2026年3月12日确诊次日起算10日'")
        connection.execute("UPDATE claim SET claim_no = 'XJAKB2026' || lpad(q.place::text, 6, '0') FROM (SELECT id, row_number() OVER"
                           " (ORDER BY id) AS place FROM claim) q WHERE q.id = claim.id")
        connection.execute("VACUUM ANALYZE claim, person")


def _draft(house: House) -> list[uuid.UUID]:
    with house.db.view(ROOT.scope) as session:
        claims = list(session.execute(sa.text("SELECT id FROM claim ORDER BY id")).scalars())
    ids = []
    for start in range(0, len(claims), DRAFTED_AT_ONCE):
        with house.db.unit_of_work(ROOT.scope) as session:
            ids += [row.id for row in notice.draft(session, topic="claim.create", claim_ids=claims[start:start + DRAFTED_AT_ONCE],
                                                   actor=ROOT, now=datetime.now(UTC))]
    return ids


def _send(house: House, ids: list[uuid.UUID], done: Run, tell: Callable[[str], None]) -> None:
    """One flow run over all of them, watched from beside."""
    from flows.runtime import Batch
    from flows.send_notices import send_notices

    over = threading.Event()
    begun = time.perf_counter()

    def watch() -> None:
        while not over.wait(EVERY):
            _look(done)
            with house.db.view(ROOT.scope) as session:
                found = progress(session, today=business_day(datetime.now(UTC)))
            issued, seconds = found.issued + found.dispatched, time.perf_counter() - begun
            tell(f"{seconds:5.0f} s: {issued} issued ({issued / seconds:.1f} a second), {found.drafted} to go, {found.stuck} stuck")

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        asyncio.run(send_notices(f"{len(ids)} letters", Batch("bench", "notice.create", [], ids)))
        done.seconds = time.perf_counter() - begun
        _look(done)
    finally:
        over.set()
        watcher.join()


def _look(done: Run) -> None:
    """The peak of this process and of each process of the press."""
    alive = {"the flow": os.getpid()} | {f"press {place}": child.pid or 0 for place, child in enumerate(
        sorted(multiprocessing.active_children(), key=lambda child: child.pid or 0), 1)}
    for name, pid in alive.items():
        status = Path(f"/proc/{pid}/status")
        if status.exists():
            peak = next((int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM")), 0)
            done.peak_mb[name] = max(done.peak_mb.get(name, 0.0), peak / 1024)


def _numbers(house: House, ids: list[uuid.UUID]) -> None:
    """Every letter once, numbers from 1 without gap or double, bytes under their hash."""
    with house.db.view(ROOT.scope) as session:
        rows = session.execute(sa.text("SELECT id, serial, sha256, state, stuck, context ->> 'number' = number AS says FROM notice")).all()
    stuck = [row.stuck for row in rows if row.stuck]
    if stuck:
        raise SystemExit(f"{len(stuck)} letters could not be written, the first for: {stuck[0]}")
    wrong = {"lost": len(set(ids) - {row.id for row in rows}), "not on their way": sum(row.state != "dispatched" for row in rows),
             "gaps or doubles": len(rows) - len({row.serial for row in rows} & set(range(1, len(rows) + 1))),
             "the same bytes twice": len(rows) - len({row.sha256 for row in rows}),
             "another number inside": sum(not row.says for row in rows),
             "other bytes": sum(hashlib.sha256(storage.get(row.sha256 or "")).hexdigest() != row.sha256 for row in rows)}
    if any(wrong.values()) or len(rows) != len(ids):
        raise SystemExit(f"of {len(ids)} letters: {wrong}")


def _printed(house: House, done: Run, tell: Callable[[str], None]) -> None:
    """One file a unit: its letters in the order of their numbers, a bookmark for each at its first page."""
    maker = house.people["finance_maker"]
    clerk = Actor(maker.account_id, maker.person_id, OFFICE, Role.DISTRICT_REVIEWER, frozenset({Role.DISTRICT_REVIEWER}))
    begun, seen = time.perf_counter(), set[str]()
    with house.db.view(clerk.scope) as session:
        bundles = print_files.bundles(session, org_key=OFFICE, actor=clerk)
    for bundle in bundles:
        with house.db.unit_of_work(clerk.scope) as session:
            made = print_files.print_file(session, org_key=bundle.org_key, actor=clerk, now=datetime.now(UTC))
        with pikepdf.open(io.BytesIO(made.pdf)) as pdf, pdf.open_outline() as outline:
            marks, pages = [str(item.title).split(" ")[0] for item in outline.root], len(pdf.pages)
        if marks != [line.number for line in made.lines] or len(marks) != bundle.letters or pages != sum(line.pages for line in made.lines):
            raise SystemExit(f"the print file of {bundle.org_key} has {len(marks)} bookmarks for {bundle.letters} letters")
        seen.update(marks)
        done.pages, done.largest_mb = done.pages + pages, max(done.largest_mb, len(made.pdf) / 2**20)
    done.units = len(bundles)
    _look(done)
    if len(seen) != done.letters:
        raise SystemExit(f"{done.letters} letters, {len(seen)} in the print files")
    tell(f"{done.units} print files, {done.pages} pages, a bookmark for each letter, the largest {done.largest_mb:.0f} MB,"
         f" in {time.perf_counter() - begun:.0f} s")
