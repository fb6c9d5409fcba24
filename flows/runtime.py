"""What every flow shares: this process's wiring, the system actor, one retry policy."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from prefect import task
from sqlmodel import Session

from services.access.actor import Actor, system
from services.core.db import Scope
from services.core.errors import OutsideError
from services.core.settings import settings
from services.wiring import wiring


def actor() -> Actor:
    """The system at the root of the organisations."""
    return system(settings().root_org)


def now() -> datetime:
    """The business instant."""
    return wiring().clock.now()


@contextmanager
def transaction() -> Iterator[Session]:
    """One unit of work of the system."""
    with wiring().db.unit_of_work(actor().scope) as session:
        yield session


@contextmanager
def looking(org_key: str | None = None) -> Iterator[Session]:
    """One read of the system; of an organisation's own place alone where one is given."""
    with wiring().db.view(Scope(org_key.rstrip(".")) if org_key else actor().scope) as session:
        yield session


@dataclass(frozen=True, slots=True)
class Batch:
    """What one flow run works on: the topic that owed it and the rows that moved, claims and subjects in step."""

    label: str                      # claim numbers, for the run's name in Prefect
    topic: str
    claims: list[uuid.UUID]
    subjects: list[uuid.UUID]
    payloads: list[dict[str, Any]] = field(default_factory=list)        # of every row, in their order


async def _only_outside(_task: Any, _run: Any, state: Any) -> bool:
    """Retry what the other side may still answer; our own refusals are final and go back to the outbox."""
    error = await state.result(raise_on_failure=False)
    return isinstance(error, OutsideError)


# The one retry policy: three more tries within a run; after that the outbox row waits and comes again.
effect = task(retries=3, retry_delay_seconds=[0.5, 2, 5], retry_condition_fn=_only_outside, log_prints=False)


def unique(ids: Sequence[uuid.UUID]) -> list[uuid.UUID]:
    """Ids once each, in order."""
    return list(dict.fromkeys(ids))
