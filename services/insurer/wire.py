"""The wire form shared by everything said to and heard from the insurer (its protocol, version 1).

Money is a string with two decimals, dates are `YYYY-MM-DD`, times are ISO 8601 with offset, JSON is canonical.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, PlainSerializer

from services.core.money import show

_MONEY = re.compile(r"(0|[1-9]\d{0,9})\.\d{2}", re.ASCII)         # as in manifest.schema.json


def canonical(value: JsonValue) -> bytes:
    """The one JSON text both sides sign: UTF-8, keys sorted, no spaces."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def _yuan(value: object) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, str) and _MONEY.fullmatch(value):
        return Decimal(value)
    raise ValueError("money is a string in yuan with two decimals")


Yuan = Annotated[Decimal, BeforeValidator(_yuan), PlainSerializer(show, return_type=str)]


class Value(BaseModel):
    """A frozen value of the protocol; an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def wire(self) -> dict[str, JsonValue]:
        """The value as it stands in JSON."""
        wire: dict[str, JsonValue] = self.model_dump(mode="json")
        return wire


class Head(Value):
    """What every message carries. `message_id` is drawn once and kept across repeats: it is the idempotency key.

    `version` is the dossier's version within the round, from 1; `at` is the sender's business time.
    """

    message_id: UUID
    handoff_id: UUID
    claim_no: str
    round: int = Field(ge=1)
    version: int = Field(ge=1)
    at: AwareDatetime
