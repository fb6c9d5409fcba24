"""More callers than seats: who is in work is served, a short line waits, the rest are told at once to come again, and nothing is lost."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import httpx
import pytest
import sqlalchemy as sa
import uvicorn
from fastapi import FastAPI

from services.api import crowding
from services.api.crowding import Crowding, Seats
from services.core.db import Database
from tests.services.api_world import EVENT, Api
from tests.support.world import ROOT

T = TypeVar("T")


def _soon(awaited: Awaitable[T]) -> T:
    async def run() -> T:
        return await asyncio.wait_for(awaited, 60)
    return asyncio.run(run())


# --- the seats ---------------------------------------------------------------------------------------------------------

def test_seats_are_given_in_the_order_of_coming() -> None:
    async def play() -> list[str]:
        seats, came = Seats(1, 2, patience=5), list[str]()

        async def person(name: str) -> None:
            came.append(f"{name} {await seats.take()}")
        assert await seats.take()
        waiting = [asyncio.create_task(person(name)) for name in "ab"]
        await asyncio.sleep(0)
        await person("c")               # the line is full: at once
        seats.leave()
        await waiting[0]
        seats.leave()
        await waiting[1]
        seats.leave()
        return [*came, str(seats.free)]
    assert _soon(play()) == ["c False", "a True", "b True", "1"]


def test_who_waits_too_long_goes_and_holds_nobody_up() -> None:
    async def play() -> tuple[bool, float, bool]:
        seats = Seats(1, 5, patience=0.05)
        assert await seats.take()
        began = time.monotonic()
        slow = await seats.take()
        waited = time.monotonic() - began
        seats.leave()
        return slow, waited, await seats.take()
    slow, waited, after = _soon(play())
    assert (slow, after) == (False, True)
    assert waited >= 0.05


def test_who_would_not_have_her_turn_in_time_is_told_at_once() -> None:
    """A seat every fifth of a second: two in line are enough for half a second's patience, and when nobody waits all is forgotten."""
    async def play() -> tuple[bool, float, bool]:
        seats = Seats(1, 9, patience=30)
        assert await seats.take()
        waiting = [asyncio.create_task(seats.take()) for _ in range(2)]
        for turn in waiting:
            await asyncio.sleep(0.2)
            seats.leave()
            assert await turn
        waiting = [asyncio.create_task(seats.take()) for _ in range(2)]
        await asyncio.sleep(0)
        seats.patience, began = 0.5, time.monotonic()
        third = await seats.take()
        took = time.monotonic() - began
        for turn in waiting:
            seats.leave()
            assert await turn
        seats.leave()
        return third, took, await seats.take()
    refused, took, after = _soon(play())
    assert (refused, after) == (False, True)
    assert took < 0.4


@pytest.mark.parametrize("given_first", [True, False])
def test_who_hangs_up_in_line_takes_no_seat_away(given_first: bool) -> None:
    """Also when the seat was given to her in the same moment."""
    async def play() -> int:
        seats = Seats(1, 5, patience=5)
        assert await seats.take()
        caller = asyncio.create_task(seats.take())
        await asyncio.sleep(0)
        for act in (seats.leave, caller.cancel)[::1 if given_first else -1]:
            act()
        with pytest.raises(asyncio.CancelledError):
            await caller
        return seats.free
    assert _soon(play()) == 1


# --- the whole application, served ---------------------------------------------------------------------------------------

@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


@contextmanager
def _served(app: FastAPI, seats: int) -> Iterator[str]:
    """The application's own stack behind few seats, on a port."""
    server = uvicorn.Server(uvicorn.Config(Crowding(app, seats), port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def _all_in_work(api: Api, base: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[httpx.Response]]:
    """The one seat is taken by a report that waits for its member's row; nobody stands in line."""
    monkeypatch.setattr(crowding, "LINE", 0)
    answers: list[httpx.Response] = []
    with api.db.unit_of_work(ROOT.scope) as held:
        held.execute(sa.text("SELECT 1 FROM person WHERE id = :id FOR UPDATE"), {"id": api.world.member(0, "xj").person_id})
        request = threading.Thread(target=lambda: answers.append(_report(api, base, "k1")))
        request.start()
        while not held.execute(sa.text("SELECT 1 FROM pg_locks WHERE NOT granted")).first():
            assert request.is_alive(), answers[0].text
            time.sleep(0.01)
        yield answers
    request.join()


def _report(api: Api, base: str, key: str, member: int = 0) -> httpx.Response:
    body = {"id_number": api.world.member(member, "xj").synthetic.id_number, "event": EVENT, "channel": "clerk", "hospital": "示例医院"}
    return httpx.post(f"{base}/api/v1/cases", json=body, headers={**api.headers("xj.clerk"), "Idempotency-Key": key}, timeout=30)


def test_beyond_its_seats_the_house_answers_at_once_and_writes_once(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    with _served(api.app, 1) as base:
        with _all_in_work(api, base, monkeypatch) as answers:
            refused = _report(api, base, "k2", member=1)
            page = httpx.get(f"{base}/progress", headers={"accept": "text/html"}, timeout=30)
            form = httpx.post(f"{base}/progress", data={"claim_no": "NX2026-0000-017", "code": "AAAAAAAA"}, timeout=30)
            assert not answers              # they did not wait for it
            reached = [httpx.get(f"{base}{path}", timeout=30).status_code for path in ("/api/v1/health", "/sign-in", "/static/page.css")]
        assert answers[0].status_code == 201, answers[0].text
        assert (refused.status_code, refused.json()["code"]) == (503, "busy")
        assert refused.headers["content-type"] == "application/problem+json"
        assert 1 <= int(refused.headers["retry-after"]) <= 10
        for seen in (page, form):
            assert seen.status_code == 503 and "现在办理的人很多" in seen.text and seen.headers["retry-after"] in seen.text
        assert reached == [200, 200, 200]
        again = [_report(api, base, "k2", member=1) for _ in range(2)]      # as told, with its key; and once more
        assert [answer.status_code for answer in again] == [201, 201]
        assert again[0].json() == again[1].json()
    with api.db.view(ROOT.scope) as session:
        assert session.execute(sa.text("SELECT count(*) FROM case_file")).scalar_one() == 2


def test_a_file_that_comes_slowly_holds_no_seat(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """While its bytes come, others are served; when they are here it is served or refused like any other."""
    monkeypatch.setattr(crowding, "LINE", 0)
    gate, inside = threading.Event(), threading.Event()

    def slowly() -> Iterator[bytes]:
        yield b"code=1"
        inside.set()
        gate.wait(60)
        yield b"&csrf=2"

    def sends() -> None:
        sent.append(httpx.post(f"{base}/progress", content=slowly(), timeout=90, headers={
            "content-length": "13", "content-type": "application/x-www-form-urlencoded"}))
    sent: list[httpx.Response] = []
    with _served(api.app, 1) as base:
        upload = threading.Thread(target=sends)
        upload.start()
        assert inside.wait(30)
        assert httpx.get(f"{base}/progress", timeout=30).status_code == 200
        gate.set()
        upload.join()
    assert sent[0].status_code == 422       # it was read: it names no claim
