"""What a start is built on: a database that is copied for every run, a data directory beside it, an insurer where one is asked."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

from services.cli.setup import make_pair
from services.core import crypto
from services.core import settings as settings_module
from services.core.clock import at_hour
from services.core.settings import settings
from services.outbox import service as outbox
from services.outbox.service import Work
from tests.services.insurer_world import Twin, running
from tests.support.databases import Fresh
from tests.support.world import ROOT, World, build_world

Made = TypeVar("Made")
SPRING = at_hour(date(2026, 3, 20))


@dataclass(slots=True)
class Ground:
    """One start while it is built, and what is copied of it afterwards."""

    server: str
    folder: Path
    at: datetime                        # the business instant of building and of every run from here
    db: Fresh
    world: World = field(init=False)
    twin: Twin | None = None            # only while the start is built

    @property
    def data(self) -> Path:
        """Keys, papers, the bank's folder."""
        return self.folder / "data"

    @property
    def insurer(self) -> Twin:
        """The insurer's twin; the start must have asked for one."""
        assert self.twin is not None
        return self.twin

    def does(self, login: str, verb: Callable[..., Made], *, at: datetime | None = None, **words: object) -> Made:
        """A person's verb in one transaction; "system" is the worker."""
        actor = self.world.actor(login)
        with self.db.unit_of_work(actor.scope) as session:
            return verb(session, actor=actor, now=at or self.at, **words)

    def owe(self, topic: str, *, claim_id: uuid.UUID | None = None, subject_id: uuid.UUID | None = None) -> None:
        """What a timetable or a door owes by one row."""
        with self.db.unit_of_work(ROOT.scope) as session:
            outbox.add(session, [Work(topic, f"{settings().root_org}.", claim_id, subject_id)], now=self.at)

    def tell(self, statement: str, **words: object) -> None:
        """A row put right past the verbs, as the tests' worlds do."""
        with self.db.unit_of_work(ROOT.scope) as session:
            session.execute(sa.text(statement), words)

    def forget(self, *topics: str) -> None:
        """Owed by the building, not by this start."""
        with self.db.unit_of_work(ROOT.scope) as session:
            session.execute(sa.text("DELETE FROM outbox WHERE topic = ANY(:topics)"), {"topics": list(topics)})

    def owed(self) -> list[str]:
        """The topics of the start."""
        with self.db.view(ROOT.scope) as session:
            return list(session.execute(sa.text("SELECT DISTINCT topic FROM outbox ORDER BY 1")).scalars())


@dataclass(frozen=True, slots=True)
class Start:
    """`topics`: what is worked from here; whatever else building it owed is forgotten."""

    name: str
    topics: tuple[str, ...]
    build: Callable[[Ground], None]
    at: datetime = SPRING
    twin: bool = False              # a live insurer
    gateway: bool = False           # a live provider of messages
    bare: bool = False              # it makes its world itself


@contextmanager
def _housed(data: Path, start: Start) -> Iterator[None]:
    """This process works in another data directory, with the keys it had."""
    kept = dict(os.environ)
    shutil.copytree(settings().key_ring.parent, data / "keys", ignore=shutil.ignore_patterns("seals"))
    os.environ.update({"HUZHU_DATA_DIR": str(data), **({"HUZHU_CHANNELS": "sms"} if start.gateway else {})})
    settings_module.settings.cache_clear()
    crypto.key_ring.cache_clear()
    try:
        yield
    finally:
        os.environ.pop("HUZHU_CHANNELS", None)
        os.environ.update(kept)
        settings_module.settings.cache_clear()
        crypto.key_ring.cache_clear()


def prepare(server: str, folder: Path, start: Start) -> Ground:
    """The start, built by public verbs, owing its topics and no other; nobody is connected to its database any more."""
    ground = Ground(server, folder, start.at, Fresh(server))
    with _housed(ground.data, start):
        for name in ("office", "insurer"):
            make_pair(ground.data / "keys" / "insurer", name)
        if not start.bare:
            ground.world = build_world(ground.db, start.at)
        if start.twin:
            with running(folder / "twin", "--seed", "7", "--auto-ack") as ground.twin:
                start.build(ground)
            ground.twin = None
        else:
            start.build(ground)
        owed = ground.owed()
        assert set(start.topics) <= set(owed), f"{start.name} owes {owed}, not {start.topics}"
        ground.forget(*(topic for topic in owed if topic not in start.topics))
    ground.db.close()
    return ground
