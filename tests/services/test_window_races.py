"""Many windows at one member's limit, against the served interface: never a fen over it, at no moment, and exactly it in the end."""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from decimal import Decimal

import httpx
import pytest
import sqlalchemy as sa
from sqlmodel import select

from services.benefit import service as benefit
from services.core.clock import at_hour
from services.core.ids import uuidv7
from services.enrolment.people import index_of
from services.models import Case, Claim, Cover, Person
from services.simulate.synthetic import Synthetic
from tests.services.window_world import CAP, PLAN, Window, bill, served, window_world
from tests.support.databases import Fresh
from tests.support.world import ROOT

NOW = at_hour(date(2026, 6, 1))
CALLS = 200
FULL = int(CAP * 100)


@contextmanager
def watched(window: Window, person: Synthetic) -> Iterator[list[int]]:
    """What stood on the cover, looked at all the while."""
    seen: list[int] = []
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            seen.append(window.taken(person))
            time.sleep(0.02)
    thread = threading.Thread(target=look)
    thread.start()
    yield seen
    over.set()
    thread.join()


@pytest.fixture(scope="module")
def window(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Window]:
    db = Fresh(server, pool_size=8)
    yield window_world(db, NOW, tmp_path_factory.mktemp("keys"))
    db.drop()


def at_once(calls: Sequence[Callable[[], object]]) -> list[object]:
    """All of them, each in a thread of its own, let go together."""
    gate = threading.Barrier(len(calls))

    def run(call: Callable[[], object]) -> object:
        gate.wait()
        return call()
    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def sender(window: Window, client: httpx.Client, hospital: str, content: dict[str, object]) -> Callable[[], object]:
    def send() -> object:
        headers = {**window.api.headers(f"xj.{hospital}"), "Idempotency-Key": str(uuid.uuid4())}
        while True:                 # busy, or no answer at all: the same again, as hospitals' programs do
            try:
                answer = client.post("/api/v1/window/settlements", json=content, headers=headers)
            except httpx.RemoteProtocolError:       # a kept connection that the server was just closing
                continue
            if answer.status_code != 503:
                break
            time.sleep(1)
        assert answer.status_code == 201, answer.text
        return answer.json()
    return send


def bills_of(person: Synthetic, mark: str, owns: Sequence[int]) -> list[dict[str, object]]:
    """Settlements a minute apart, as they should use the limit."""
    return [bill(person, f"{mark}{n:03d}", large_own=own, at=f"2026-05-{1 + n // 60:02d} 10:{n % 60:02d}:00") for n, own in enumerate(owns)]


def shares_in_order(owns: Sequence[int], left: Decimal) -> list[str]:
    """By hand: half of each, the earlier first, until the limit is used."""
    found = []
    for own in owns:
        share = min(Decimal(own) / 2, left)
        left -= share
        found.append(f"{share:.2f}")
    return found


def test_two_hundred_calls_at_one_limit(window: Window) -> None:
    """Two hospitals, every call at once, in any order: 8000.00 in all, the earlier settlements first; and below it, just their sum."""
    draw = random.Random(7)
    person, small = window.people[0], window.people[1]
    owns = [draw.randrange(40, 400) for _ in range(CALLS)]
    few = [draw.randrange(40, 400) for _ in range(20)]
    contents = bills_of(person, "L", owns)
    assert sum(owns) / 2 > 2 * CAP and sum(few) / 2 < CAP
    with served(window.api) as url, httpx.Client(base_url=url, timeout=300, limits=httpx.Limits(max_connections=None)) as client:
        calls = [sender(window, client, f"h{1 + n % 2}", content) for n, content in enumerate(contents)]
        draw.shuffle(calls)
        with watched(window, person) as seen:
            at_once(calls)
        at_once([sender(window, client, "h1", content) for content in bills_of(small, "K", few)])
    assert max(seen) <= FULL and len(seen) > 5
    assert window.taken(person) == FULL
    stands = {setl: share for row in window.books()[0] if (setl := row[1]).startswith("L") for share in [f"{row[2] / 100:.2f}"]}
    assert [stands[f"L{n:03d}"] for n in range(CALLS)] == shares_in_order(owns, CAP)
    assert window.taken(small) == sum(few) * 50
    window.proven()


def test_one_number_sent_by_many_at_once_is_one_bill(window: Window) -> None:
    content = bill(window.people[2], "TWIN", large_own=4000)
    with served(window.api) as url, httpx.Client(base_url=url, timeout=120) as client:
        answers = at_once([sender(window, client, "h1", content) for _ in range(20)])
    assert all(answer == answers[0] for answer in answers)
    assert window.taken(window.people[2]) == 200_000


def claim_of(window: Window, person: Synthetic, own: int) -> uuid.UUID:
    """A claim in review over a settlement of its own."""
    with window.api.db.unit_of_work(ROOT.scope) as session:
        who = session.exec(select(Person).where(Person.id_number_index == index_of(person.id_number))).one()
        cover = session.exec(select(Cover).where(Cover.person_id == who.id, Cover.plan == PLAN)).one()
        case = Case(id=uuidv7(), org_key=cover.org_key, case_no=f"C{uuid.uuid4().hex[:10]}", person_id=who.id, org_id=cover.org_id,
                    event_kind="settlement", diagnosed_on=date(2026, 5, 1), hospital="示例医院", reported_on=date(2026, 5, 2),
                    reported_at=window.now, reported_by=uuid.uuid4(), reporter_name="示例", channel="clerk",
                    last_timely_day=date(2026, 5, 11), count_words="自5月1日次日起算")
        session.add(case)
        session.flush()
        claim = Claim(id=uuidv7(), org_key=cover.org_key, state="in_review", claim_no=f"T{uuid.uuid4().hex[:10]}", code="ABCD2345",
                      case_id=case.id, person_id=who.id, cover_id=cover.id, plan=PLAN, plan_from=date(2024, 1, 1), route="office", round=1,
                      event={"kind": "settlement", "settled_on": "2026-05-01", "pool_fund_paid": "0", "large_own": f"{own}.00"},
                      digest="d1", identity_matched=True, required=[], banks=[], created_at=window.now, updated_at=window.now)
        session.add(claim)
        session.flush()
        return claim.id


def test_claims_and_windows_share_one_limit(window: Window) -> None:
    """Decisions on claims and bills of one cover at once: together the limit and no more; a claim after them finds nothing left."""
    person = window.people[3]
    claims = [claim_of(window, person, 900) for _ in range(6)]
    owns = [500] * 40

    def freeze(claim: uuid.UUID) -> Callable[[], object]:
        def run() -> object:
            with window.api.db.unit_of_work(ROOT.scope) as session:
                return benefit.freeze(session, claim_id=claim, actor=ROOT, now=window.now).total_fen
        return run
    with served(window.api) as url, httpx.Client(base_url=url, timeout=300, limits=httpx.Limits(max_connections=None)) as client:
        calls = [*(sender(window, client, "h1", content) for content in bills_of(person, "M", owns)), *map(freeze, claims)]
        random.Random(3).shuffle(calls)
        with watched(window, person) as seen:
            done = at_once(calls)
    assert max(seen) <= FULL
    assert window.taken(person) == FULL
    decided = sum(fen for fen in done if isinstance(fen, int))
    with window.api.db.view(ROOT.scope) as session:
        reserved = session.execute(sa.text("SELECT sum(r.amount_fen) FROM reservation r WHERE r.claim_id = ANY(:ids)"),
                                   {"ids": claims}).scalar_one()
    assert decided == reserved
    late = claim_of(window, person, 900)
    assert freeze(late)() == 0
    reversed_ = window.reverse("h1", next(f"M{n:03d}" for n in range(40) if window.standing("h1", f"M{n:03d}") != "0.00"))
    assert reversed_.status_code == 200 and window.taken(person) == FULL      # the bills that had found nothing take its place
