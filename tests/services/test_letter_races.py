"""Two workers over the same letters, workers killed and cut off from the database in the middle: each letter once, no gap, no double."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.audit.verify import verify
from services.core import embedded
from services.core.db import Database
from services.core.settings import ROOT as HOUSE
from services.notice import service as notice
from services.storage import service as storage
from tests.support.claims import NX_EVENT, report
from tests.support.databases import Fresh
from tests.support.world import ROOT, World, build_world

LETTERS = 4
DONE, CUT_OFF, KILLED = 0, 1, -9
Work = Callable[..., list[int]]


@pytest.fixture(scope="module")
def issuers(configured: None) -> Iterator[subprocess.Popen[str]]:
    """The process that workers are forked from."""
    program = subprocess.Popen([sys.executable, "-m", "tests.support.issuers"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                               cwd=HOUSE)
    assert program.stdout is not None and program.stdout.readline() == "ready\n"
    yield program
    program.communicate(timeout=20)


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


@pytest.fixture
def ids(world: World, now: datetime) -> list[uuid.UUID]:
    """Receipts of members of Ningxia, drafted."""
    with world.db.unit_of_work(ROOT.scope) as session:
        claims = [claim.id for n in range(LETTERS) for claim in report(session, world, world.member(n), NX_EVENT, now)[1]]
        made = [row.id for row in notice.draft(session, topic="claim.create", claim_ids=claims, actor=ROOT, now=now)]
    assert len(made) == LETTERS
    return made


@pytest.fixture
def work(issuers: subprocess.Popen[str], db: Fresh, world: World, ids: list[uuid.UUID], now: datetime) -> Work:
    """Workers over these letters at once, each with what befalls it; gives how they ended."""
    same = {"url": world.db.url, "server": embedded.with_user(db.server, "postgres", db.name), "now": now.isoformat(),
            "ids": [str(one) for one in ids]}

    def run(*befalls: dict[str, int]) -> list[int]:
        assert issuers.stdin is not None and issuers.stdout is not None
        issuers.stdin.write(json.dumps([same | each for each in befalls]) + "\n")
        issuers.stdin.flush()
        ended: list[int] = json.loads(issuers.stdout.readline())
        return ended
    return run


def issued(world: World) -> int:
    """How many are issued; what is there is whole: numbers 1 to n, each letter issued once, its bytes there, its chain unbroken."""
    with world.db.view(ROOT.scope) as session:
        rows = session.execute(sa.text("SELECT id, serial, number, sha256, state, stuck, context ->> 'number' AS says FROM notice"
                                       " ORDER BY serial")).all()
        stands = [row for row in rows if row.state == "issued"]
        assert not any(row.stuck for row in rows), "a lost connection is not taken for a letter that lacks something"
        assert {row.state for row in rows} <= {"issued", "drafted"}
        assert [row.serial for row in rows if row.serial] == [row.serial for row in stands] == list(range(1, len(stands) + 1))
        assert [row.says for row in stands] == [row.number for row in stands]
        assert len({row.sha256 for row in stands}) == len(stands)
        assert all(storage.get(row.sha256)[:5] == b"%PDF-" for row in stands)
        last = session.execute(sa.text("SELECT coalesce(max(last), 0) FROM number_series WHERE series = '宁工女互通'")).scalar_one()
        assert last == len(stands)
        told = session.execute(sa.text("SELECT subject_id FROM audit_record WHERE machine = 'notice' AND event = 'issue'")).scalars().all()
        assert sorted(told) == sorted(row.id for row in stands)
        assert list(verify(session)) == []
        return len(stands)


def test_two_workers_over_the_same_batch(work: Work, world: World) -> None:
    assert work({}, {}) == [DONE, DONE]
    assert issued(world) == LETTERS


@pytest.mark.parametrize("seed", [8, 20])
def test_killed_and_cut_off_in_the_middle_the_next_run_finishes(work: Work, world: World, seed: int) -> None:
    chance, before = random.Random(seed), 0
    for befalls, ends in chance.sample([("dies", KILLED), ("loses", CUT_OFF)], 2):
        after = chance.randint(1, LETTERS - before)
        assert work({befalls: after}) == [ends]
        # Whole pairs were committed before; the pair in hand left nothing, not even a number.
        assert issued(world) == before + (after - 1) // 2 * 2
        before = issued(world)
    assert work({}) == [DONE]
    assert issued(world) == LETTERS


def test_one_of_two_dies_and_the_other_goes_on(work: Work, world: World) -> None:
    first, second = work({"dies": 2}, {})
    assert second == DONE and first in (DONE, KILLED)       # done: the other had been before it everywhere
    assert issued(world) == LETTERS


def test_the_press_ends_with_a_worker_that_is_killed() -> None:
    asks = ("import os, time; from services.notice.pressroom import pool;"
            " print(pool().submit(os.getpid).result(), flush=True); time.sleep(60)")
    with subprocess.Popen([sys.executable, "-c", asks], stdout=subprocess.PIPE, text=True, cwd=HOUSE) as worker:
        assert worker.stdout is not None
        press = int(worker.stdout.readline())
        assert alive(press)
        worker.kill()
    deadline = time.monotonic() + 20
    while alive(press) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(press)


def alive(process: int) -> bool:
    """Whether it runs; one that ended and is not yet collected does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
