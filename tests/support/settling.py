"""A settlement worked by a process of its own, which may be killed at one of the moments it passes.

`python -m tests.support.settling URL SETTLEMENT NOW MOMENT`: works it and prints how many moments it passed; at moment number MOMENT
(from 1; 0: never) it is killed with SIGKILL. Moments are before and after each write of a partition and each commit.
"""

from __future__ import annotations

import os
import signal
import sys
import uuid
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from services.core.db import Database, Scope
from services.ledger import settled
from services.models import Settlement
from services.settlement.city import annual, known, members, unresolved, writing
from services.settlement.city import service as city
from services.settlement.city.folder import Folder
from services.settlement.feed import staging
from services.settlement.paying import service as paying

PLACES: tuple[tuple[Any, str], ...] = (
    (staging, "stage"), (known, "write"), (members, "write"), (known, "hold"), (known, "paid"), (writing, "bills"), (writing, "lines"),
    (writing, "payments"), (settled, "decided"), (unresolved, "keep"), (paying, "close_runs"), (annual, "open_next"))


class Moments:
    """Counts what it passes and dies at the one it is told."""

    def __init__(self, fatal: int) -> None:
        self.passed, self._fatal = 0, fatal

    def one(self, *_: object) -> None:
        """Another moment."""
        self.passed += 1
        if self.passed == self._fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, work: Callable[..., Any]) -> Callable[..., Any]:
        """Before and after."""

        @wraps(work)
        def passed(*given: Any, **named: Any) -> Any:
            self.one()
            done = work(*given, **named)
            self.one()
            return done

        return passed


def work(db: Database, settlement_id: uuid.UUID, now: datetime) -> None:
    """Every step in the order of the flow."""
    with db.view(Scope("cn")) as session:
        settlement = city.open_one(session, settlement_id)
        if settlement is None:
            return
        actor = city.starter(session, settlement, now=now)
    with db.unit_of_work(actor.scope) as session:
        city.prepare(session, settlement=session.get_one(Settlement, settlement_id), actor=actor, now=now)
    city.ready(settlement_id)
    with db.view(actor.scope) as session:
        missing = city.left(session, settlement_id)
    for part in missing:
        with db.unit_of_work(actor.scope) as session:
            city.settle_part(session, settlement_id=settlement_id, part=part, now=now)
    with db.view(actor.scope) as session:
        years = annual.years(session, session.get_one(Settlement, settlement_id))
    for year in years:
        after: uuid.UUID | None = uuid.UUID(int=0)
        while after is not None:
            with db.unit_of_work(actor.scope) as session:
                _, after = annual.open_next(session, settlement=session.get_one(Settlement, settlement_id), year=year, after=after, now=now)
    with db.unit_of_work(actor.scope) as session:
        city.finish(session, settlement_id=settlement_id, actor=actor, now=now)
    Folder.of(settlement_id).remove()


def main(url: str, settlement_id: str, now: str, fatal: str) -> None:
    """Work it, watched."""
    moments = Moments(int(fatal))
    for module, name in PLACES:
        setattr(module, name, moments.around(getattr(module, name)))
    sa.event.listen(Session, "before_commit", moments.one)
    sa.event.listen(Session, "after_commit", moments.one)
    work(Database(url), uuid.UUID(settlement_id), datetime.fromisoformat(now))
    sys.stdout.write(str(moments.passed))


if __name__ == "__main__":
    main(*sys.argv[1:])
