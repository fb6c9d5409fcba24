"""The insurer's list of one day (日清单): where each file stood at that day's end, what was heard and said of it, for which sums."""

from __future__ import annotations

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from services.insurer.messages import Kind
from services.insurer.wire import Value, Yuan


class Heard(Value):
    """A message of the office as the insurer holds it; `at` is the message's own time."""

    message_id: UUID
    kind: Literal["dossier", "reply", "recall"]
    at: AwareDatetime


class Said(Value):
    """A message of the insurer, whether or not the office acknowledged it."""

    message_id: UUID
    seq: int = Field(ge=1)
    kind: Kind
    at: AwareDatetime


class Position(Value):
    """One dossier at the day's end. `decided` and `settled` are yuan, None before; `serial` is the bank's."""

    claim_no: str
    round: int = Field(ge=1)
    version: int = Field(ge=1)
    package_digest: str
    state: Literal["new", "received", "filed", "questioned", "decided", "settled", "rejected", "recalled"]
    heard: tuple[Heard, ...] = Field(min_length=1)
    said: tuple[Said, ...]
    decided: Yuan | None
    settled: Yuan | None
    serial: str | None


class Statement(Value):
    """Every dossier that was open at the end of `day` (in China) or had a message dated that day."""

    day: date
    positions: tuple[Position, ...]
