"""The insurer's list of one day (日清单): where each file stood at that day's end, what was heard and said of it, for which sums."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, Field, model_validator

from services.core.clock import at_hour
from services.insurer.messages import Kind
from services.insurer.wire import Value, Yuan

MOST = 10_000        # rounds of a claim, versions of a dossier


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

    claim_no: str = Field(min_length=1, max_length=40)
    round: int = Field(ge=1, le=MOST)
    version: int = Field(ge=1, le=MOST)
    package_digest: str
    state: Literal["new", "received", "filed", "questioned", "decided", "settled", "rejected", "recalled"]
    heard: tuple[Heard, ...] = Field(min_length=1)
    said: tuple[Said, ...]
    decided: Yuan | None
    settled: Yuan | None
    serial: str | None = Field(max_length=100)


class Statement(Value):
    """Every dossier that was open at the end of `day` (in China) or had a message dated that day."""

    day: date
    positions: tuple[Position, ...]

    @model_validator(mode="after")
    def _holds_together(self) -> Statement:
        """Each dossier once, and nothing of a later day: its sums would count twice, and it would differ before it happened."""
        keys = [(one.claim_no, one.round, one.version) for one in self.positions]
        if len(set(keys)) != len(keys):
            raise ValueError("a dossier is listed twice")
        over = at_hour(self.day + timedelta(days=1), 0)
        times = [message.at for one in self.positions for message in one.heard]
        times += [message.at for one in self.positions for message in one.said]
        if any(at >= over for at in times):
            raise ValueError("a message of a later day is listed")
        return self
