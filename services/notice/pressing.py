"""The one way a letter's bytes are made: values checked, set, sealed. Opens no database, so that a pool of processes can do it.

A letter may be pressed ahead, outside any lock, with the values it is foreseen to have (`forecasting`). Whoever then issues it asks
for its bytes with the values it has: only if they are the very same are the bytes taken that lie ready, for the same values give the
same letter. So a forecast that was wrong costs time and nothing else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime

from documents.layout.context import Issued
from documents.render import check_context, render
from services.models import Organisation
from services.notice.signing import ready, sign


@dataclass(frozen=True, slots=True)
class Office:
    """What a press is told of who signs."""

    org_key: str
    letter_organ: str | None


@dataclass(frozen=True, slots=True)
class Job:
    """One letter to press, with all that its bytes depend on. `values` are JSON's."""

    code: str
    values: str
    office: Office
    now: datetime


@dataclass(frozen=True, slots=True)
class Pressed:
    """Finished bytes; `sha256` is their digest in hex, `certificate` the serial of the one that sealed them."""

    pdf: bytes
    sha256: str
    certificate: str


_ready: ContextVar[Mapping[Job, Pressed] | None] = ContextVar("letters pressed ahead", default=None)


def job_of(code: str, values: Mapping[str, object], office: Organisation, now: datetime) -> Job:
    """The job of a letter. Raises DocumentError naming a value that is missing, unknown or contradictory."""
    return Job(code, check_context(code, values).model_dump_json(), Office(office.org_key, office.letter_organ), now)


def press(job: Job) -> Pressed:
    """Set and seal one letter; what it says lies in it as data, too.

    Raises DocumentError for a character without glyph, GuardFailed when the office has no certificate in force.
    """
    values = json.loads(job.values)
    certificate = ready(job.office, now=job.now).serial
    context: Issued = check_context(job.code, values)
    pdf = sign(render(job.code, context, data=values).pdf, office=job.office, now=job.now)
    return Pressed(pdf, hashlib.sha256(pdf).hexdigest(), certificate)


def pressed(job: Job) -> Pressed:
    """The letter, from those that lie ready or pressed now."""
    return lying().get(job) or press(job)


def lying() -> Mapping[Job, Pressed]:
    """What was pressed ahead."""
    return _ready.get() or {}


@contextmanager
def lying_ready(letters: Mapping[Job, Pressed]) -> Iterator[None]:
    """Letters that were pressed ahead, beside those that lie there; `pressed` looks here first."""
    token = _ready.set({**lying(), **letters})
    try:
        yield
    finally:
        _ready.reset(token)
