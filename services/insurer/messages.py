"""What the insurer says to the office, by webhook and by polling alike."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Literal

from pydantic import AwareDatetime, Field, JsonValue, SerializeAsAny, field_validator, model_validator

from services.insurer.wire import Head, Value, Yuan, canonical

Kind = Literal["ack", "file", "question", "answer_part", "decide", "settle", "reject", "recalled"]
Outcome = Literal["pay", "part", "refund", "nothing"]


class Ack(Value):
    """报案号: the dossier is in."""

    report_no: str


class File(Value):
    """立案号: the case is opened."""

    case_no: str


class QuestionItem(Value):
    """One thing asked for: reason code, the kind of paper wanted (or none), the words."""

    code: str
    paper: str | None
    text: str


class Question(Value):
    """What the insurer asks (补充材料)."""

    items: tuple[QuestionItem, ...] = Field(min_length=1)


class LiabilityAnswer(Value):
    """One liability: an amount in yuan, or 0.00 with the reason code; always with the clause."""

    liability: str
    amount: Yuan
    reason: str | None
    clause: str


class Letter(Value):
    """The insurer's decision letter."""

    number: str
    text: str
    pdf_base64: str

    @field_validator("pdf_base64")
    @classmethod
    def _bytes(cls, text: str) -> str:
        base64.b64decode(text, validate=True)
        return text

    @property
    def pdf(self) -> bytes:
        """The letter's bytes."""
        return base64.b64decode(self.pdf_base64, validate=True)


class Decide(Value):
    """Every liability answered; `total` is their sum, or the `refund` of the premium (yuan)."""

    outcome: Outcome
    total: Yuan
    refund: Yuan
    liabilities: tuple[LiabilityAnswer, ...] = Field(min_length=1)
    letter: Letter

    @model_validator(mode="after")
    def _adds_up(self) -> Decide:
        if self.total != sum((item.amount for item in self.liabilities), self.refund):
            raise ValueError("total is not the sum of the liabilities and the refund")
        if (self.total > 0) == (self.outcome == "nothing") or (self.refund > 0) != (self.outcome == "refund"):
            raise ValueError("outcome does not fit the total")
        if self.refund > 0 and self.refund != self.total:
            raise ValueError("a premium is given back where nothing is paid")
        named = [item.liability for item in self.liabilities]
        if len(set(named)) < len(named):
            raise ValueError("a liability is answered twice")
        return self


class Settle(Value):
    """The money went out: yuan, the bank's time and serial, last four digits of the account; both None for 0.00."""

    amount: Yuan
    bank_time: AwareDatetime | None
    serial: str | None
    account_last4: str

    @model_validator(mode="after")
    def _has_proof(self) -> Settle:
        if self.amount > 0 and (self.bank_time is None or not self.serial):
            raise ValueError("a paid amount needs the bank's time and serial")
        return self


class Reject(Value):
    """The dossier goes back unread: their fault code and words."""

    fault: str
    text: str


class Recalled(Value):
    """The insurer gave the dossier back."""

    reason: str


class Unread(Value):
    """What a message brought instead of the body its kind promises, and what is wrong with it: kept, never applied."""

    fault: str
    said: JsonValue


Body = Ack | File | Question | LiabilityAnswer | Decide | Settle | Reject | Recalled | Unread
BODIES: Mapping[str, type[Value]] = {
    "ack": Ack, "file": File, "question": Question, "answer_part": LiabilityAnswer, "decide": Decide,
    "settle": Settle, "reject": Reject, "recalled": Recalled}


class InboundMessage(Head):
    """One message of the insurer. `seq` counts all it ever sent, from 1; `kind` tells the body's type."""

    seq: int = Field(ge=1)
    kind: Kind
    body: SerializeAsAny[Body]

    @model_validator(mode="before")
    @classmethod
    def _typed_body(cls, data: object) -> object:
        if isinstance(data, dict) and (of_kind := BODIES.get(str(data.get("kind")))) is not None \
                and not isinstance(data.get("body"), Value):
            return {**data, "body": of_kind.model_validate(data.get("body"))}
        return data

    @property
    def digest(self) -> str:
        """SHA-256 over the canonical message, hex: equal for webhook and polling."""
        return hashlib.sha256(canonical(self.wire())).hexdigest()
