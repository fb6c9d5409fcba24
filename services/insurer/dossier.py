"""What the office says to the insurer: the dossier, answers to a question, the recall, and the receipts it gets.

The same claim, round and version with the same `package_digest` is the same dossier, however often it is sent.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, ConfigDict, Field, JsonValue, model_validator

from services.core.money import show
from services.insurer.wire import Head, Value, Yuan, canonical


class Insured(Value):
    """The insured person; `id_number` has 18 characters, `phone` may be unknown."""

    name: str
    id_number: str
    sex: Literal["F", "M"]
    born: date
    phone: str | None = None


class Stay(Value):
    """One hospital stay: `days` when only the count is known, else the day of admission and of discharge."""

    days: int | None = Field(default=None, ge=1)
    from_: date | None = Field(default=None, alias="from")
    to: date | None = None

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    @model_validator(mode="after")
    def _one_form(self) -> Stay:
        if (self.days is None) == (self.from_ is None or self.to is None):
            raise ValueError("a stay has either days, or from and to")
        return self

    def wire(self) -> dict[str, JsonValue]:
        """`{"days": n}` or `{"from": …, "to": …}`."""
        wire: dict[str, JsonValue] = self.model_dump(mode="json", by_alias=True, exclude_none=True)
        return wire


class _Known(Value):
    """A value that says nothing of what the house does not know: a field that is None is not written."""

    def wire(self) -> dict[str, JsonValue]:
        """The value as it stands in JSON, without what is None or empty by default."""
        wire: dict[str, JsonValue] = self.model_dump(mode="json", exclude_none=True)
        return wire


class EventFacts(_Known):
    """The illness: `specimen_on` decides cover and waiting (安康保办法 第九条). Hospital and disease by name, where known."""

    icd10: str
    behaviour: str
    specimen_on: date
    diagnosed_on: date
    reported_on: date
    hospital: str | None = None
    disease: str | None = None
    stays: tuple[Stay, ...] = ()

    def wire(self) -> dict[str, JsonValue]:
        """With each stay in its one form."""
        return {**super().wire(), "stays": [stay.wire() for stay in self.stays]}


class Cover(_Known):
    """First and last covered day, unbroken renewal, the premium actually paid for this person (yuan), the unit that insured them,
    the insurer's endorsements (批单号) of this cover.
    """

    effective: date
    until: date
    renewal: bool
    premium_paid: Yuan
    unit: str | None = None
    endorsement: str | None = None


class WorksheetLine(_Known):
    """One benefit as the union computed it, with the plan's name for it."""

    benefit: str
    amount: Yuan
    clause: str
    name: str | None = None


class Step(_Known):
    """One step of the computation: `part` is `check`, `line/<benefit>`, `total` or `nothing`; `basis` the facts and their papers."""

    part: str
    words: str
    clause: str | None = None
    basis: str | None = None


class Worksheet(Value):
    """The union's own computation, for comparison: the insurer decides by itself."""

    rulebook: str
    outcome: Literal["pay", "nothing", "refund", "manual"]
    total: Yuan
    refund: Yuan
    lines: tuple[WorksheetLine, ...]
    steps: tuple[Step, ...] = ()

    def wire(self) -> dict[str, JsonValue]:
        """Without the steps when nobody kept them."""
        kept: dict[str, JsonValue] = {"steps": [step.wire() for step in self.steps]} if self.steps else {}
        return {"rulebook": self.rulebook, "outcome": self.outcome, "total": show(self.total), "refund": show(self.refund),
                "lines": [line.wire() for line in self.lines], **kept}


class Paper(Value):
    """One paper with its bytes; `sha256` is the hex digest of `content`, `size` its length in bytes."""

    kind: str
    mime: str
    sha256: str
    size: int
    content: bytes

    @classmethod
    def of(cls, kind: str, mime: str, content: bytes) -> Paper:
        """A paper whose digest and size are taken from the bytes."""
        return cls(kind=kind, mime=mime, content=content, size=len(content),
                   sha256=hashlib.sha256(content).hexdigest())

    def entry(self) -> dict[str, JsonValue]:
        """The manifest's line: everything but the bytes."""
        return {"kind": self.kind, "mime": self.mime, "sha256": self.sha256, "size": self.size}

    def wire(self) -> dict[str, JsonValue]:
        """The line with the bytes in base64."""
        return {**self.entry(), "content_base64": base64.b64encode(self.content).decode("ascii")}


class Consent(Value):
    """The person's separate consent to hand personal data to the insurer."""

    purpose: Literal["insurer"]
    given_on: date


class Payee(_Known):
    """Where the insurer pays to: bank code (`ICBC`, `CCB`) and account digits; `relation` to the insured, by the union's code."""

    name: str
    bank: str
    account: str
    relation: str | None = None


class Dossier(Head):
    """A whole claim file for the insurer."""

    plan: str
    policy_no: str
    insured: Insured
    event: EventFacts
    cover: Cover
    worksheet: Worksheet
    papers: tuple[Paper, ...]
    consent: Consent
    payee: Payee

    def manifest(self) -> dict[str, JsonValue]:
        """What the package digest covers: every fact, and each paper by digest instead of bytes."""
        return {"claim_no": self.claim_no, "round": self.round, "version": self.version,
                "plan": self.plan, "policy_no": self.policy_no, "insured": self.insured.wire(),
                "event": self.event.wire(),
                "cover": self.cover.wire(), "worksheet": self.worksheet.wire(),
                "papers": [paper.entry() for paper in self.papers],
                "consent": self.consent.wire(), "payee": self.payee.wire()}

    @property
    def package_digest(self) -> str:
        """SHA-256 over the canonical manifest, hex."""
        return hashlib.sha256(canonical(self.manifest())).hexdigest()

    def body(self) -> dict[str, JsonValue]:
        """The message's body: manifest, bytes of the papers, digest."""
        return {**self.manifest(), "papers": [paper.wire() for paper in self.papers],
                "package_digest": self.package_digest}


class Answer(Value):
    """The answer to one item of a question: words, papers, or a declaration that the paper cannot be had."""

    code: str
    text: str = ""
    unavailable: bool = False
    papers: tuple[Paper, ...] = ()


class Answers(Head):
    """All answers to one question, named by the question's message id."""

    in_reply_to: UUID
    items: tuple[Answer, ...]

    def body(self) -> dict[str, JsonValue]:
        """The message's body."""
        items: list[JsonValue] = [{"code": item.code, "text": item.text, "unavailable": item.unavailable,
                                   "papers": [paper.wire() for paper in item.papers]} for item in self.items]
        return {"in_reply_to": str(self.in_reply_to), "items": items}


class Recall(Head):
    """The office asks for the dossier back; the insurer answers later with `recalled`."""

    reason: str

    def body(self) -> dict[str, JsonValue]:
        """The message's body."""
        return {"reason": self.reason}


class Receipt(Value):
    """The insurer holds these bytes. The same message gets the same receipt, whenever it is repeated."""

    receipt_no: str
    claim_no: str
    round: int
    version: int
    kind: Literal["dossier", "reply", "recall"]
    digest: str
    at: AwareDatetime


class Status(Value):
    """Where the insurer sees its newest dossier of a claim."""

    claim_no: str
    round: int
    version: int
    package_digest: str
    state: Literal["new", "received", "filed", "questioned", "decided", "settled", "rejected", "recalled"]
    recall_requested: bool
    report_no: str | None
    case_no: str | None
    last_seq: int
