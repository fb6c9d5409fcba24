"""What a replay is made of: the claim with its record, and the lines that come out."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Reproduced:
    """One decision made again. `part`: record, move, benefit, decision, clock, person or money; `decided` and `again` in words."""

    part: str
    what: str
    decided: str
    again: str
    agrees: bool


@dataclass(frozen=True, slots=True)
class Record:
    """A record of the chain, as it was signed."""

    seq: int
    machine: str
    subject: uuid.UUID
    event: str
    source: str | None
    target: str | None
    person: uuid.UUID | None
    at: datetime
    details: dict[str, Any]

    @staticmethod
    def read(row: Any) -> Record:
        """From the columns that the chain's check reads."""
        said = json.loads(row[9])
        person = said["person"]
        return Record(row[1], said["machine"], uuid.UUID(said["subject"]), said["event"], said.get("from"), said.get("to"),
                      uuid.UUID(person) if person else None, row[8], said.get("details", {}))


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim as its decisions were pinned to; `chain`: what its record's own check said."""

    id: uuid.UUID
    claim_no: str
    plan: str
    plan_from: date
    state: str
    last_timely_day: date
    chain: list[Reproduced]
    records: list[Record]
