"""A line that went to the bank, and where what it pays stands: what an answer is compared with."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from services.payment.port import Answer


@dataclass(slots=True)
class Sent:
    """A line we sent and where its payment stands; `stands` moves on while the file is read. Without `claim_id` it is a line of a
    settlement, and `payment_id` names that.
    """

    payment_id: uuid.UUID
    claim_id: uuid.UUID | None
    run_id: uuid.UUID
    org_key: str
    attempt: int
    amount_fen: int
    stands: str
    present_attempt: int
    account: str
    holder: str


Matched = Sequence[tuple[Answer, Sent]]
