"""Many letters at once: pressed side by side before anything is locked, the same bytes, numbers in order, and a press that dies."""

from __future__ import annotations

import os
import signal
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
from sqlmodel import Session, col, select

from services.core.db import Database
from services.core.errors import OutsideError
from services.models import Notice
from services.notice import pressroom, queries, replacing
from services.notice import service as notice
from services.notice.forecasting import foresee
from services.notice.pressing import Job, lying_ready, press
from tests.support.claims import NX_EVENT, report
from tests.support.world import ROOT, World, build_world

MANY = 3            # letters that are worth a pool here: a process takes a second to begin


@pytest.fixture(scope="module", autouse=True)
def small_press() -> Iterator[None]:
    """A pool of one process, gone with these tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pressroom, "WORTH", MANY)
        patch.setattr(pressroom, "sized", lambda: 1)
        yield
    pressroom.close()


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def drafted(world: World, now: datetime) -> list[uuid.UUID]:
    """Receipts of some members of Ningxia."""
    with world.db.unit_of_work(ROOT.scope) as session:
        claims = [claim.id for n in range(MANY) for claim in report(session, world, world.member(n), NX_EVENT, now)[1]]
        return [row.id for row in notice.draft(session, topic="claim.create", claim_ids=claims, actor=ROOT, now=now)]


def issued(session: Session, ids: list[uuid.UUID]) -> list[Notice]:
    rows = session.exec(select(Notice).where(col(Notice.id).in_(ids)).execution_options(populate_existing=True)).all()
    return sorted(rows, key=lambda row: row.serial or 0)


def test_pressed_ahead_by_processes_and_issued_with_those_bytes(world: World, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = drafted(world, now)
    assert len(ids) == MANY
    with world.db.view(ROOT.scope) as session:
        forecast = foresee(session, notice_ids=ids, now=now)
    ready = pressroom.press_all(forecast.jobs)
    assert (len(ready), len(forecast.jobs), set(forecast.last.values())) == (len(ids), len(ids), {len(ids)})
    assert ready[forecast.jobs[0]].pdf[:5] == b"%PDF-"

    pressed_again: list[Job] = []
    monkeypatch.setattr("services.notice.pressing.press", lambda job: pressed_again.append(job))
    with world.db.unit_of_work(ROOT.scope) as session, lying_ready(ready):
        notice.issue(session, notice_ids=ids, actor=ROOT, now=now)
    assert pressed_again == []
    with world.db.view(ROOT.scope) as session:
        rows = issued(session, ids)
        assert [row.serial for row in rows] == list(range(1, len(ids) + 1))
        assert {row.sha256 for row in rows} == {letter.sha256 for letter in ready.values()}
        for row in rows:
            assert row.context["number"] == row.number == f"宁工女互通〔2026〕{row.serial}号"


def test_a_forecast_that_was_wrong_is_not_used(world: World, now: datetime) -> None:
    ids = drafted(world, now)
    with world.db.view(ROOT.scope) as session:
        ahead = foresee(session, notice_ids=ids[1:3], now=now)
    ready = {job: press(job) for job in ahead.jobs}
    with world.db.unit_of_work(ROOT.scope) as session:
        notice.issue(session, notice_ids=ids[:1], actor=ROOT, now=now)       # takes the number that was foreseen
    with world.db.unit_of_work(ROOT.scope) as session, lying_ready(ready):
        notice.issue(session, notice_ids=ids[1:3], actor=ROOT, now=now)
    with world.db.view(ROOT.scope) as session:
        rows = issued(session, ids[:3])
        assert [row.number for row in rows] == [f"宁工女互通〔2026〕{serial}号" for serial in (1, 2, 3)]
        assert [row.context["number"] for row in rows] == [row.number for row in rows]
        assert len({queries.content(session, row.id) for row in rows}) == 3
        assert not {row.sha256 for row in rows[2:]} & {letter.sha256 for letter in ready.values()}


def test_a_letter_voided_while_it_was_pressed_leaves_no_gap(world: World, now: datetime) -> None:
    ids, office = drafted(world, now)[:2], world.actor("nx.office1")
    with world.db.view(ROOT.scope) as session:
        ready = pressroom.press_all(foresee(session, notice_ids=ids, now=now).jobs)
    with world.db.unit_of_work(office.scope) as session:
        replacing.void(session, notice_id=ids[0], reason="重复", actor=office, now=now)
    with world.db.unit_of_work(ROOT.scope) as session, lying_ready(ready):
        replacing.issue_each(session, notice_ids=ids, actor=ROOT, now=now)
    with world.db.view(ROOT.scope) as session:
        voided, stands = issued(session, ids)
        assert (voided.state, voided.number, stands.state, stands.serial) == ("voided", None, "issued", 1)
        assert stands.context["number"] == stands.number


def test_a_press_that_dies_is_made_anew_and_takes_no_number(world: World, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = drafted(world, now)
    with world.db.view(ROOT.scope) as session:
        jobs = foresee(session, notice_ids=ids, now=now).jobs
    os.kill(pressroom.pool().submit(os.getpid).result(), signal.SIGKILL)
    assert len(pressroom.press_all(jobs)) == len(ids)
    with monkeypatch.context() as patch, pytest.raises(OutsideError) as died, world.db.unit_of_work(ROOT.scope) as session:
        patch.setattr(pressroom, "_press", _Deadly())
        notice.issue(session, notice_ids=ids, actor=ROOT, now=now)
    assert died.value.code == "press_died"
    monkeypatch.setattr(pressroom, "WORTH", 1 + len(ids))
    with world.db.unit_of_work(ROOT.scope) as session:
        assert {row.state for row in issued(session, ids)} == {"drafted"}
        assert [row.serial for row in notice.issue(session, notice_ids=ids, actor=ROOT, now=now)] == list(range(1, len(ids) + 1))


class _Deadly:
    """A task that ends whichever process takes it up."""

    def __reduce__(self) -> tuple[Callable[[int], object], tuple[int]]:
        return os._exit, (1,)
