"""One office, one insurer, many claims side by side, each with its fault and its death; and how they all ended."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import IO

import httpx
import sqlalchemy as sa
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from services.core.clock import FixedClock
from services.core.settings import ROOT as CODE
from services.core.settings import settings
from services.enrolment import service as enrolment
from services.evidence import service as evidence
from services.insurer import service as insurer
from services.models import BusinessClockRow
from services.outbox import service as outbox
from services.outbox.service import Work
from services.simulate.synthetic import synthetic_person
from services.wiring import Wiring
from tests.services.handoff_world import BREAST, forward
from tests.services.insurer_world import Twin, running
from tests.services.review_world import ROOT, in_review, passes
from tests.support.apps import app_over
from tests.support.databases import Fresh, past_row_security
from tests.support.world import EFFECTIVE, NX_PLAN, Member, World, build_world, enrol_members

QUESTION = [{"code": "Q1", "paper": "other", "text": "请说明就诊经过"}]
TICK = 1.0              # seconds between two ticks of the timetable, instead of ten minutes
STANDSTILL = 330.0      # seconds without any step by anybody, more than the longest an owed row waits: however busy, no more will come

# Letters are drafted and owed as ever; that each is also set and printed would take longer than all the rest.
LETTERS_LIE = """
    CREATE FUNCTION letters_lie() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.not_before := 'infinity'; RETURN NEW; END $$;
    CREATE TRIGGER letters_lie BEFORE INSERT ON outbox FOR EACH ROW WHEN (NEW.topic = 'notice.create') EXECUTE FUNCTION letters_lie()"""


@dataclass(frozen=True, slots=True)
class Cell:
    """One claim's fate: what befalls the insurer's side, where the office's worker dies, and whether the insurer asks a question."""

    fault: str = ""
    point: str = ""
    asked: bool = False


@dataclass(frozen=True, slots=True)
class Certified:
    """A database with claims packed for nobody yet: forwarded, owed to the insurer. Copied for each batch."""

    server: str
    name: str
    world: World
    claims: tuple[tuple[uuid.UUID, str], ...]       # id and number


def certified(server: str, now: datetime, count: int) -> Certified:
    """So many members of Ningxia, a certified claim each; nothing else is owed."""
    db = Fresh(server)
    world = build_world(db, now)
    with db.unit_of_work(ROOT) as session:
        people = [synthetic_person(700 + n, born=date(1979, 3, 1 + n % 28)) for n in range(count)]
        enrol_members(session, world, "nx", NX_PLAN, people, EFFECTIVE, now)
        first = len(world.members["nx"])
        for someone in people:
            person = enrolment.add_person(session, name=someone.name, id_number=someone.id_number, actor=world.actors["admin"], now=now)
            world.members["nx"].append(Member("", person.id, someone, world.actors["admin"]))
    for n in range(count):
        claim = in_review(world, first + n, now, office="nx", event=BREAST)
        passes(world, claim, "nx.clerk", now)
        assert forward(world, claim, now) == [claim]
    with db.unit_of_work(ROOT) as session:
        session.execute(sa.text("DELETE FROM outbox WHERE topic <> 'handoff.create'"))
        session.merge(BusinessClockRow(single=True, offset_seconds=round((now - datetime.now(UTC)).total_seconds())))
        claims = tuple((row.id, row.claim_no) for row in session.execute(sa.text("SELECT id, claim_no FROM claim ORDER BY id")))
    with past_row_security(db) as superuser:
        superuser.execute(LETTERS_LIE)
    db.close()
    return Certified(server, db.name, world, claims)


class Keeper:
    """The process that keeps a worker alive (`tests.support.mortal`), loaded once."""

    def __init__(self, prefect_api: str, var: Path, log: IO[bytes]) -> None:
        env = {**os.environ, "PREFECT_API_URL": prefect_api, "PREFECT_HOME": str(var / "prefect"), "PREFECT_LOGGING_LEVEL": "CRITICAL",
               "HUZHU_MOVABLE_CLOCK": "true", "HUZHU_INSURER_PACKAGE_CLAIMS": "1"}
        self._process = subprocess.Popen([sys.executable, "-m", "tests.support.mortal"], cwd=CODE, env=env, text=True, stderr=log,
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)

    def _say(self, order: dict[str, object], *, first: bool = False) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        if not first:
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
        assert self._process.stdout.readline().strip() == ("ready" if first else "done")

    def ready(self) -> None:
        """Loaded."""
        self._say({}, first=True)

    def up(self, environment: Mapping[str, str]) -> None:
        """From now on there is a worker."""
        self._say({"up": dict(environment)})

    def down(self) -> None:
        """There is none any more."""
        self._say({"down": True})

    def end(self) -> None:
        """No more orders."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(20)


class Door:
    """The office's real application, listening for the insurer's webhooks; while `shut` it answers 503 as a proxy would."""

    def __init__(self, app: ASGIApp) -> None:
        self._app, self.shut = app, False
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._server = uvicorn.Server(uvicorn.Config(self._answer, log_level="error", lifespan="off", interface="asgi3"))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)
        self._thread.start()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.shut:
            await send({"type": "http.response.start", "status": 503, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        await self._app(scope, receive, send)

    def close(self) -> None:
        """No longer listening."""
        self._server.should_exit = True
        self._thread.join(10)
        self._socket.close()


class Batch:
    """Claims on their way through the insurer, the persons on both sides doing their part."""

    def __init__(self, base: Certified, cells: Sequence[Cell], db: Fresh, twin: Twin, door: Door, plan: Path, now: datetime) -> None:
        self.db, self.twin, self.door, self.plan, self.now = db, twin, door, plan, now
        self.next_tick = 0.0
        self.clerk = base.world.actor("nx.clerk")
        self.cells = dict(zip([number for _, number in base.claims], cells, strict=False))
        self.ids = {number: claim for claim, number in base.claims}
        for number, cell in self.cells.items():
            if cell.fault:
                twin.fault(number, cell.fault, times=9 if cell.fault == "clock_skew" else 1, seconds=2)
            if cell.point:
                (plan / f"{cell.point}--{number}").touch()

    def run(self) -> None:
        """Until nothing is owed and everybody has her money; fails when nothing moves any more, with what still hangs."""
        seen, moved = set[str](), time.monotonic()
        while not self.over():
            if (reached := self.reached()) not in seen:         # back where it was is no step
                seen, moved = seen | {reached}, time.monotonic()
            assert time.monotonic() < moved + STANDSTILL, f"still open: {self.hanging()}"
            self.insurer_works()
            self.office_works()
            time.sleep(0.15)

    def insurer_works(self) -> None:
        """Each dossier's next step at the insurer's desk; what is decided in two is called for again."""
        with suppress(httpx.TransportError):        # it may be starting again
            for row in {row["claim_no"]: row for row in self.dossiers()}.values():        # the newest of each claim
                if step := self._step(row):
                    more = {"items": QUESTION} if step == "question" else {}
                    self.twin.desk(str(row["claim_no"]), step, at=self.now.isoformat(), **more)

    def dossiers(self) -> list[dict[str, object]]:
        """What lies on the insurer's desk."""
        listed: list[dict[str, object]] = httpx.get(f"{self.twin.url}/desk", trust_env=False, verify=False, timeout=30).json()["dossiers"]
        return listed

    def _step(self, row: Mapping[str, object]) -> str | None:
        asked = self.cells[str(row["claim_no"])].asked
        match row["state"]:
            case "new":
                return "ack"
            case "received":
                return "file"
            case "filed":
                return "decide" if not asked or self._answered(str(row["claim_no"])) else "question"
            case "decided":
                return "settle"
        return None

    def _answered(self, number: str) -> bool:
        return bool(self.ask("SELECT 1 FROM supplement WHERE claim_id = :id AND state = 'answered'", id=self.ids[number]))

    def office_works(self) -> None:
        """Lists are handed over and answered, what was rejected is sent again, and the timetable ticks."""
        with self.db.unit_of_work(self.clerk.scope) as session:
            for item in self.ask("SELECT id, state FROM supplement WHERE state IN ('drafted', 'delivered')"):
                if item.state == "drafted":
                    evidence.deliver(session, supplement_id=item.id, on=None, actor=self.clerk, now=self.now)
                evidence.answer(session, supplement_id=item.id, on=None, actor=self.clerk, now=self.now, items=[
                    {"paper": "other", "state": "unavailable", "note": "病历已遗失"}])
            for item in self.ask("SELECT claim_id FROM handoff h WHERE state = 'prepared' AND package = 2 AND NOT EXISTS"
                                 " (SELECT 1 FROM outbox o WHERE o.topic = 'handoff.create' AND o.claim_id = h.claim_id)"):
                insurer.resend(session, claim_id=item.claim_id, actor=self.clerk, now=self.now)
        if time.monotonic() > self.next_tick:
            self.next_tick = time.monotonic() + TICK
            if not self.ask("SELECT 1 FROM outbox WHERE topic = 'timetable.collect' AND not_before IS NULL"):       # else one is due
                with self.db.unit_of_work(ROOT) as session:
                    outbox.add(session, [Work("timetable.collect", "cn.")], now=self.now)
        if self.door.shut and not any(name.startswith(("poll", "receive")) for name in self.not_died()):
            self.door.shut = False

    def over(self) -> bool:
        """All paid, nothing owed but the next tick and the letters' rendering, nothing undelivered."""
        numbers = list(self.cells)
        [row] = self.ask("SELECT (SELECT count(*) FROM claim c JOIN handoff h ON h.claim_id = c.id WHERE c.claim_no = ANY(:n)"
                         " AND c.state IN ('paid', 'closed') AND h.state = 'settled') AS paid,"
                         " (SELECT count(*) FROM outbox WHERE topic NOT IN ('timetable.collect', 'notice.create')) AS owed", n=numbers)
        if row.paid < len(numbers) or row.owed:
            return False
        with suppress(httpx.TransportError):
            return not any(row["undelivered"] for row in self.dossiers())
        return False

    def reached(self) -> str:
        """How far everything has come: states, messages, lists, deaths; trying once more is no step, nor is the timetable's tick."""
        rows = self.ask("SELECT h.id::text, round, package, h.state, (SELECT c.state FROM claim c WHERE c.id = h.claim_id) FROM handoff h"
                        " UNION ALL SELECT id::text, 0, 0, state, '' FROM supplement"
                        " UNION ALL SELECT 'inbox', count(*), 0, state, '' FROM insurer_message GROUP BY state"
                        " UNION ALL SELECT claim_id::text, 0, 0, topic, 'owed' FROM outbox WHERE topic !~ 'collect|notice'")
        return str((sorted(map(str, rows)), self.not_died()))

    def hanging(self) -> list[tuple[object, ...]]:
        """What is not over: claim, its cell and states; what the outbox owes and why."""
        rows = self.ask("SELECT c.claim_no, c.state, h.state FROM claim c JOIN handoff h ON h.claim_id = c.id WHERE c.claim_no = ANY(:n)"
                        " AND (c.state NOT IN ('paid', 'closed') OR h.state <> 'settled')", n=list(self.cells))
        owed = self.ask("SELECT topic, claim_id, tries, fault FROM outbox WHERE topic <> 'notice.create'")
        with closing(sqlite3.connect(self.twin.folder / "data" / "insurer.sqlite3")) as store:
            left = store.execute("SELECT seq, claim_no, kind, webhook FROM message WHERE webhook IN ('pending', 'held')").fetchall()
        return [(*row, self.cells[str(row[0])]) for row in rows] + [tuple(row) for row in owed] + left

    def ask(self, statement: str, **given: object) -> Sequence[sa.Row[tuple[object, ...]]]:
        """Rows of the office."""
        with self.db.view(ROOT) as session:
            return session.execute(sa.text(statement), given).all()

    def not_died(self) -> list[str]:
        """Deaths of the plan that nobody died."""
        return sorted(path.name for path in self.plan.iterdir())

    def not_happened(self) -> list[str]:
        """Faults nobody met; one that lasts is none."""
        wish = {"claim_no": "-", "fault": "slow", "times": 0}
        left = httpx.post(f"{self.twin.url}/desk/faults", json=wish, trust_env=False, verify=False).json()["faults"]
        return [f"{row['name']} {row['claim_no']}" for row in left if row["name"] != "clock_skew"]


@contextmanager
def batch(base: Certified, keeper: Keeper, folder: Path, cells: Sequence[Cell], now: datetime, *, sftp: bool) -> Iterator[Batch]:
    """A copy of the office, an insurer of its own, and a worker; the batch is run by whoever asks."""
    db, plan = Fresh(base.server), folder / "plan"
    plan.mkdir(parents=True)
    db.make(base.name)
    door = Door(app_over(Wiring(db, FixedClock(now), None, ROOT)))      # type: ignore[arg-type]  # its insurer is known below
    try:
        with running(folder, "--seed", "7", "--office-url", door.url, sftp=sftp) as twin:
            door._app.state.wiring = Wiring(db, FixedClock(now), twin.adapter, ROOT)    # type: ignore[attr-defined]
            made = Batch(base, cells, db, twin, door, plan, now)
            with db.unit_of_work(ROOT) as session:          # the others stay where they are
                session.execute(sa.text("DELETE FROM outbox WHERE claim_id <> ALL(:ids)"), {"ids": [made.ids[no] for no in made.cells]})
            door.shut = any(cell.point.startswith(("poll", "receive")) for cell in cells)
            url = f"sftp://office@127.0.0.1:{twin.sftp_port}/" if sftp else twin.url
            keeper.up({"HUZHU_DATABASE_URL": db.url, "HUZHU_INSURER_URL": url, "HUZHU_INSURER_KEYS": str(twin.keys),
                       "MORTAL_PLAN": str(plan), "HUZHU_DATA_DIR": str(settings().data_dir)})
            try:
                yield made
            finally:
                keeper.down()
    finally:
        door.close()
        db.drop()
