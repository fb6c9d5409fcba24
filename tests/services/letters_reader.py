"""What the worker drafts after each move of a claim, read as a table reads: code and recipient of what is new."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date, datetime

import sqlalchemy as sa

from flows.dispatch import ROUTES
from flows.send_notices import draft_notices
from services.core.clock import at_hour
from services.notice import service as notice
from services.notice import timely
from tests.support.world import ROOT, World

Letters = list[tuple[str, str]]
NOW = at_hour(date(2026, 3, 20))


class Reader:
    """What was written since the last look, drafted as the worker drafts it, each piece of owed work done twice."""

    def __init__(self, world: World) -> None:
        self.world, self.seen = world, set[uuid.UUID]()

    def new(self, claim: uuid.UUID, now: datetime) -> Letters:
        with self.world.db.unit_of_work(ROOT.scope) as session:
            owed = session.execute(sa.text("SELECT topic, subject_id FROM outbox WHERE claim_id = :id ORDER BY id"), {"id": claim}).all()
            for topic, subject in [row for row in owed if draft_notices in ROUTES.get(row.topic, ())] * 2:
                notice.draft(session, topic=topic, claim_ids=[claim], subject_ids=[subject], actor=ROOT, now=now)
            session.execute(sa.text("DELETE FROM outbox WHERE claim_id = :id AND topic <> 'notice.create'"), {"id": claim})
        return self.calendar(claim, now, sweep=False)

    def calendar(self, claim: uuid.UUID, now: datetime, *, sweep: bool = True) -> Letters:
        """The letters that nobody has looked at yet: code and recipient; every one can be issued."""
        with self.world.db.unit_of_work(ROOT.scope) as session:
            if sweep:
                timely.tell(session, actor=ROOT, now=now)
                timely.tell(session, actor=ROOT, now=now)
            rows = session.execute(sa.text("SELECT id, code, recipient, state FROM notice WHERE claim_id = :id ORDER BY drafted_at, code"),
                                   {"id": claim}).all()
            fresh = [row for row in rows if row.id not in self.seen]
            self.seen |= {row.id for row in fresh}
            issued = notice.issue(session, notice_ids=[row.id for row in fresh if row.state == "drafted"], actor=ROOT, now=now)
            assert len(issued) == len(fresh)
        return [(row.code, row.recipient) for row in fresh]


def on(day: date) -> datetime:
    return at_hour(day)


def does(world: World, login: str, verb: Callable[..., object], **words: object) -> object:
    actor = world.actor(login)
    with world.db.unit_of_work(actor.scope) as session:
        return verb(session, actor=actor, **words)
