"""How fast a hospital is answered, over HTTP, through every check, limit and booking. `python -m infra.bench.window`

A house of members under the inpatient plan, the program's own web process (`services.api --api-only` as in production), and
hospitals that call it. First one call after another, each for another member: the time until the answer is read. Then the same
with two callers, and 200 calls at once at one member's limit: none over it, and exactly it. Aim: p95 under 50 ms one by one.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg
import sqlalchemy as sa
from sqlmodel import Session

from infra.scratch import fresh
from services.access import service as access
from services.access.actor import Actor
from services.cli.setup import make_pair
from services.core import embedded
from services.core.clock import business_day
from services.core.db import Database, Scope
from services.core.identity import check_identity
from services.core.ids import uuidv7
from services.enrolment import service as enrolment
from services.enrolment.people import NewPerson, find_or_make
from services.models import Cover
from services.settlement.window import service as window
from services.simulate.synthetic import REGIONS, Synthetic, synthetic_person

PLAN = "xj-inpatient-accident"
CAP_FEN = 800_000


class House:
    """A database with an office, a unit, hospitals with tokens, and members with a cover each."""

    def __init__(self, directory: Path, members: int, hospitals: int = 2) -> None:
        self.superuser, self.app = fresh(directory, "bench")
        for name in ("office", "insurer"):
            make_pair(directory / "keys" / "insurer", name)
        self.db, self.now = Database(self.app), datetime.now(UTC)
        self.today = business_day(self.now)
        self.people = [synthetic_person(n, region=REGIONS["xinjiang"], born=date(1970 + n % 30, 1 + n % 12, 1 + n % 28))
                       for n in range(members)]
        with self.db.unit_of_work(Scope("cn")) as session:
            admin = access.authenticate(session, access.bootstrap(session, root_code="cn", root_name="全国", now=self.now), now=self.now)
            nation = session.execute(sa.text("SELECT id FROM organisation")).scalar_one()
            root = enrolment.add_organisation(
                session, parent_id=nation, code="xj", name="示例办事处", kind="office", office="xinjiang", letter_organ="示例办事处",
                letter_series="示互通", contact="12351", actor=admin, now=self.now)
            unit = enrolment.add_organisation(session, parent_id=root.id, code="u1", name="示例工会", kind="unit", actor=admin,
                                              now=self.now)
            self.tokens = [self._hospital(session, root.id, n, admin) for n in range(hospitals)]
            self._covers(session, unit.id, unit.org_key)
        with psycopg.connect(embedded.with_user(self.superuser, "postgres", "bench"), autocommit=True) as connection:
            connection.execute("ANALYZE")

    def _hospital(self, session: Session, org: uuid.UUID, n: int, admin: Actor) -> str:
        made = window.add_hospital(session, code=f"H650100{n:04d}", name=f"示例医院{n}", org_id=org, plan=PLAN, login=f"hospital{n}",
                                   actor=admin, now=self.now)
        return access.issue_token(session, account_id=made.account_id, expires_at=self.now + timedelta(days=1), actor=admin, now=self.now)

    def _covers(self, session: Session, unit: uuid.UUID, key: str) -> None:
        new = [NewPerson(one.name, one.id_number, known.born, known.sex) for one in self.people
               if (known := check_identity(one.id_number)).born and known.sex]
        found = find_or_make(session, new, now=self.now)
        first = self.today - timedelta(days=200)
        session.execute(sa.insert(Cover), [{
            "id": uuidv7(), "org_key": key, "plan": PLAN, "plan_from": date(2024, 1, 1), "person_id": person.id, "org_id": unit,
            "effective": first, "until": first + timedelta(days=364), "renewal": True, "shares": 1, "high_risk_work": False,
            "relation": "employee", "premium_fen": 11_000, "payer_kind": "self", "certificate_no": str(place), "created_at": self.now}
            for place, person in enumerate(found.values())])

    def bill(self, person: Synthetic, setl_id: str, large: int) -> bytes:
        """One settlement of today."""
        at = (self.now - timedelta(minutes=1)).isoformat()
        return json.dumps({
            "mdtrt_id": setl_id, "setl_id": setl_id, "psn_name": person.name, "psn_cert_type": "01", "certno": person.id_number,
            "insutype": "310", "setl_time": at, "med_type": "21", "medfee_sumamt": f"{68000 + large}.00",
            "inscp_scp_amt": f"{68000 + large}.00", "hifp_pay": "60000.00", "fund_pay_sumamt": "60000.00",
            "psn_part_amt": f"{8000 + large}.00", "pool_own_amt": "8000.00", "large_own_amt": f"{large}.00"}).encode()


class Caller:
    """One hospital's line, kept open."""

    def __init__(self, port: int, token: str) -> None:
        self._line, self._token = http.client.HTTPConnection("127.0.0.1", port, timeout=120), token

    def call(self, content: bytes) -> float:
        """Milliseconds from sending to the whole answer. SystemExit when it is a refusal."""
        begun = time.perf_counter()
        self._line.request("POST", "/api/v1/window/settlements", body=content, headers={
            "Authorization": f"Bearer {self._token}", "Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4())})
        answer = self._line.getresponse()
        said = answer.read()
        if answer.status != 201:
            raise SystemExit(f"{answer.status} {said.decode()}")
        return (time.perf_counter() - begun) * 1000


def served(app: str) -> tuple[subprocess.Popen[bytes], int]:
    """The product's web process on a free port, answering."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    process = subprocess.Popen([sys.executable, "-m", "services.api", "--host", "127.0.0.1", "--port", str(port), "--api-only"],
                               env={**os.environ, "HUZHU_DATABASE_URL": app})
    for _ in range(600):
        with socket.socket() as knock:
            if knock.connect_ex(("127.0.0.1", port)) == 0:
                return process, port
        time.sleep(0.1)
    raise SystemExit("the web process does not answer")


def told(name: str, times: list[float], seconds: float) -> None:
    """One line of the result."""
    cuts = statistics.quantiles(times, n=100)
    print(f"{name}: {len(times)} calls, p50 {cuts[49]:.1f} ms, p95 {cuts[94]:.1f} ms, p99 {cuts[98]:.1f} ms, "
          f"most {max(times):.1f} ms, {len(times) / seconds:.0f} a second", flush=True)


def together(house: House, port: int, contents: list[bytes], callers: int) -> tuple[list[float], float]:
    """The calls spread over callers, each with a line of its own; (milliseconds of each, seconds in all)."""
    gate = threading.Barrier(callers)

    def run(place: int) -> list[float]:
        caller = Caller(port, house.tokens[place % len(house.tokens)])
        gate.wait()
        return [caller.call(content) for content in contents[place::callers]]
    begun = time.perf_counter()
    with ThreadPoolExecutor(callers) as pool:
        found = [ms for part in pool.map(run, range(callers)) for ms in part]
    return found, time.perf_counter() - begun


def limit(house: House, port: int, calls: int) -> None:
    """Many at once at one member's limit. SystemExit when it is not kept to the fen."""
    person = house.people[0]
    contents = [house.bill(person, f"L{n:04d}", 200) for n in range(calls)]
    times, seconds = together(house, port, contents, calls)
    with house.db.view(Scope("cn")) as session:
        taken = session.execute(sa.text("""SELECT sum(t.fen) FROM window_bill b CROSS JOIN LATERAL unnest(b.benefits, b.amounts)
            AS t(benefit, fen) WHERE b.setl_id LIKE 'L%' AND t.benefit = 'inpatient_large'""")).scalar_one()
    if taken != CAP_FEN:
        raise SystemExit(f"the limit is {CAP_FEN} fen, {taken} were given")
    told(f"{calls} at once, one member", times, seconds)
    print(f"given of the limit: {taken} of {CAP_FEN} fen", flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m infra.bench.window")
    parser.add_argument("--members", type=int, default=2000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hz") as directory:
        house = House(Path(directory), given.members)
        process, port = served(house.app)
        try:
            warm = [house.bill(person, f"W{n:05d}", 100) for n, person in enumerate(house.people[:100])]
            together(house, port, warm, 2)
            for callers in (1, 2):
                contents = [house.bill(person, f"B{callers}{n:05d}", 500) for n, person in enumerate(house.people[1:])]
                told(f"{callers} at a time", *together(house, port, contents, callers))
            limit(house, port, 200)
        finally:
            process.terminate()
            process.wait(10)
        house.db.close()


if __name__ == "__main__":
    main()
