"""The worker's part of a message: the outbox owes it, it is sent once, a provider that is away is asked again; old letters go on paper."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from flows import carry_letters, dispatch, runtime
from services.core import settings as settings_module
from services.core.db import Database
from services.core.errors import OutsideError
from services.notice import contacts
from services.notice import service as notice
from services.notice.adapters.messages import AppriseMessenger
from tests.services.api_world import Api
from tests.services.paying_world import decided
from tests.support.gateway import http_gateway
from tests.support.world import ROOT


@pytest.fixture
def told_by_sms(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("HUZHU_CHANNELS", "sms")
    settings_module.settings.cache_clear()
    yield
    monkeypatch.undo()
    settings_module.settings.cache_clear()


@pytest.mark.usefixtures("told_by_sms")
def test_owed_sent_once_and_on_paper_at_last(db: Database, now: datetime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api(db, now, tmp_path)
    me = api.world.actor("xj.m0")
    with db.unit_of_work(me.scope) as session:
        contacts.choose(session, wanted=[contacts.Wanted("sms", "13812345678")], actor=me, now=now)
    with db.unit_of_work(ROOT.scope) as session:
        claim = decided(session, api.world, 0, 6_000_000, now=now)
        [row] = notice.draft(session, topic="claim.approve", claim_ids=[claim.id], actor=ROOT, now=now)
        notice.issue(session, notice_ids=[row.id], actor=ROOT, now=now)
        notice.dispatch(session, notice_ids=[row.id], actor=ROOT, now=now)
        owed: uuid.UUID = session.execute(sa.text("SELECT subject_id FROM outbox WHERE topic = 'letter.carry'")).scalar_one()
    for task in ("carry", "put_on_paper"):
        monkeypatch.setattr(carry_letters, task, getattr(carry_letters, task).fn)      # in this process; retries are the worker's own
    batch = runtime.Batch("letter", "letter.carry", [claim.id], [owed, owed])

    def work(url: str) -> None:
        wiring = replace(api.app.state.wiring, messenger=AppriseMessenger({"sms": url}))
        for module in (runtime, carry_letters):
            monkeypatch.setattr(module, "wiring", lambda: wiring)
        asyncio.run(carry_letters.carry_letters.fn("letter", batch))

    with pytest.raises(OutsideError, match="messages_unreached"):
        work("json://127.0.0.1:9/?:to={address}")
    with http_gateway() as gateway:
        work(gateway.url)
        work(gateway.url)
        assert [to for to, _, _ in gateway.got] == ["13812345678"], "sent once, though asked for four times"
        api.clock.advance(timedelta(days=7))
        asyncio.run(carry_letters.unopened_letters.fn("letters", batch))
    with db.view(ROOT.scope) as session:
        assert session.execute(sa.text("SELECT n, channel FROM delivery_attempt ORDER BY n")).all() == [(1, "sms"), (2, "paper")]
        assert session.execute(sa.text("SELECT outcome FROM delivery_event ORDER BY at, id")).scalars().all() == [
            "calling", "unreached", "calling", "sent", "unopened"]


def test_the_worker_answers_the_outbox_and_the_timetable_with_it() -> None:
    assert dispatch.ROUTES["letter.carry"] == (carry_letters.carry_letters,) and "letter.carry" in dispatch.SLOW
    assert dispatch.ROUTES["timetable.letters"] == (carry_letters.unopened_letters,)
