"""The port to the insurer: the verbs, and under one name all values they take and give. No database, no network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from pydantic import JsonValue

from services.core.errors import InputError
from services.insurer.dossier import (
    Answer,
    Answers,
    Consent,
    Cover,
    Dossier,
    EventFacts,
    Insured,
    Paper,
    Payee,
    Recall,
    Receipt,
    Status,
    Stay,
    Worksheet,
    WorksheetLine,
)
from services.insurer.messages import (
    Ack,
    Decide,
    File,
    InboundMessage,
    Kind,
    Letter,
    LiabilityAnswer,
    Outcome,
    Question,
    QuestionItem,
    Recalled,
    Reject,
    Settle,
)
from services.insurer.statement import Heard, Position, Said, Statement
from services.insurer.wire import Head, canonical

__all__ = [
    "Ack", "Answer", "Answers", "Consent", "Cover", "Decide", "Dossier", "EventFacts", "File", "Head", "Heard",
    "InboundMessage", "Insured", "Insurer", "Kind", "Letter", "LiabilityAnswer", "Outcome", "Paper", "Payee",
    "Position", "Question", "QuestionItem", "Recall", "Recalled", "Receipt", "Reject", "Said", "Settle", "SignedAnswer",
    "Statement", "Status", "Stay", "Worksheet", "WorksheetLine", "canonical",
]


@dataclass(frozen=True)
class SignedAnswer:
    """What a door answers to a webhook: the bytes as they must go out and the headers to add."""

    status: int
    body: bytes
    headers: Mapping[str, str]


class Insurer(Protocol):
    """The insurer as the office sees it.

    Every verb may raise `OutsideError` (no or no credible answer: try again with the same message, it is idempotent)
    or `InputError` with code `insurer_<fault>` (the insurer understood and refused: trying again is useless).
    """

    def send(self, dossier: Dossier) -> Receipt:
        """Hand a dossier over; idempotent by claim, round, version and digest."""

    def send_batch(self, dossiers: Sequence[Dossier]) -> list[Receipt | InputError]:
        """Hand several dossiers over in one package: for each, in order, its receipt or the insurer's refusal of it alone.

        A dossier that went alone before, or in another package, has the same receipt.
        """

    def reply(self, answers: Answers) -> Receipt:
        """Answer a question."""

    def recall(self, recall: Recall) -> Receipt:
        """Ask for the dossier back."""

    def status(self, claim_no: str) -> Status:
        """Where the insurer stands with a claim."""

    def statement(self, day: date) -> Statement:
        """The insurer's list of a day that is over, to be compared with ours."""

    def messages(self, after: int) -> list[InboundMessage]:
        """The next messages with `seq > after`, in order, at most a page; empty when there is nothing newer."""

    def verify(self, headers: Mapping[str, str], method: str, path: str, body: bytes) -> InboundMessage:
        """The message of a webhook. `Unauthenticated` when its signature is not the insurer's."""

    def answer(self, headers: Mapping[str, str], method: str, path: str, *, status: int,
               body: JsonValue) -> SignedAnswer:
        """Sign our answer to the webhook with these `headers`; an unsigned answer is delivered again."""
