"""The shapes in which a claim and what hangs on it are shown. Money is a decimal string in yuan, numbers are masked."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from pydantic import BaseModel, ConfigDict, Field


class View(BaseModel):
    """Base of everything shown."""

    model_config = ConfigDict(frozen=True)


class PersonView(View):
    """A person, numbers masked."""

    id: uuid.UUID
    name: str
    id_number: str = Field(description="遮盖后的身份证号", examples=["640***********0027"])
    phone: str | None = Field(description="遮盖后的电话", examples=["138****5678"])
    born: date | None = Field(description="查看完整号码不属其职责的（管理员）不见，号码也不见末四位")
    sex: str = Field(examples=["F"])
    category: str = Field(examples=["normal"])


class ClaimHead(View):
    """A claim in a list, and the answer to every change of one; `version` goes into If-Match."""

    id: uuid.UUID
    claim_no: str = Field(examples=["NX2026-0000-017"])
    state: str = Field(examples=["in_review"])
    version: int = Field(examples=[3])
    round: int = Field(examples=[1])
    plan: str = Field(examples=["nx-ankangbao"])
    route: str = Field(examples=["insurer"])
    outcome: str | None = Field(examples=["pay"])
    amount: str | None = Field(examples=["100900.00"])
    held: bool
    died: bool
    verified_on: date | None
    pay_due: date | None
    digest: str = Field(description="事实与已认可材料的摘要，审核时随“通过”一并提交")


class CaseView(View):
    """The report and its 10-day count."""

    id: uuid.UUID
    case_no: str
    event_kind: str
    diagnosed_on: date
    hospital: str | None
    reported_on: date
    reporter_name: str
    channel: str
    last_timely_day: date
    count_words: str
    late: bool
    late_reason: str | None
    committee_told_at: datetime | None
    insurer_told_at: datetime | None
    consents: list[str]


class PaperNeed(View):
    """One line of the checklist."""

    kind: str
    name: str
    clause: str
    state: str = Field(description="missing | waiting | accepted | rejected")


class PaperView(View):
    """One uploaded file."""

    id: uuid.UUID
    kind: str
    file_name: str
    mime: str
    size: int
    sha256: str
    verdict: str
    fault: str | None
    uploaded_at: datetime
    checked_at: datetime | None
    removed_at: datetime | None = None       # destroyed when the law's time for keeping it was over


class SupplementView(View):
    """A list of what is missing."""

    id: uuid.UUID
    claim_no: str
    source: str
    state: str
    version: int
    items: list[dict[str, str]]
    reason: str | None
    asked_at: datetime
    delivered_at: datetime | None
    answered_at: datetime | None
    deadline: date | None


class WorksheetView(View):
    """One computation: the inputs and the result with every step."""

    id: uuid.UUID
    round: int
    seq: int
    frozen: bool
    outcome: str
    total: str
    refund: str
    input: dict[str, object]
    output: dict[str, object]
    why: str
    made_at: datetime


class StepView(View):
    """A level of the review chain."""

    id: uuid.UUID
    round: int
    ordinal: int
    level: str
    name: str
    act: str
    role: str
    state: str
    decides: bool
    duty_org: str
    escalated: bool
    taken_by: str | None
    done_by: str | None
    done_at: datetime | None
    recommends: str | None
    reason: str | None


class DecisionView(View):
    """A decision of the office or the insurer."""

    round: int
    source: str
    kind: str
    amount: str
    reason: str | None
    clause: str
    at: datetime


class HandoffView(View):
    """Where the insurer stands."""

    round: int
    state: str
    package: int
    report_no: str | None
    case_no: str | None
    sent_at: datetime | None
    complete_at: datetime | None
    answers: list[dict[str, object]]
    flags: list[str]


class PayeeView(View):
    """Who receives the money and where, masked."""

    id: uuid.UUID
    name: str
    relation: str
    share: str = Field(examples=["1/2"])
    bank: str | None
    account: str | None = Field(examples=["**** **** 1234"])


class PaymentView(View):
    """One obligation."""

    id: uuid.UUID
    claim_no: str
    payee: str
    purpose: str
    channel: str
    amount: str
    state: str
    version: int
    attempt: int
    bank: str | None
    account: str | None
    run_id: uuid.UUID | None
    serial: str | None
    credited_at: datetime | None
    return_reason: str | None
    proposed: bool = Field(description="已提出更换账户，待另一人确认")


class ClockView(View):
    """A promise and how its day was counted."""

    kind: str
    subject: str
    round: int
    budget: int
    day_kind: str
    clause: str
    origin: str
    start_on: date
    due_on: date
    provisional: bool
    words: str
    pauses: list[list[str | None]]
    state: str
    stopped_on: date | None
    kept: bool | None
    warned_at: datetime | None
    breached_at: datetime | None


class AlertView(View):
    """Who was told what of a clock, and for which day; `org` is empty where the organisation is out of the reader's sight."""

    kind: str
    what: str
    due_on: date
    role: str
    org: str


class LetterView(View):
    """A letter."""

    id: uuid.UUID
    claim_no: str
    code: str
    number: str | None
    recipient: str
    recipient_name: str
    state: str
    version: int
    cause: str
    issued_on: date | None
    sha256: str | None
    channel: str | None
    proof: str | None
    delivered_at: datetime | None
    enclosures: list[dict[str, str]]


class RecordView(View):
    """One entry of the chained record."""

    seq: int
    machine: str
    event: str
    source: str | None
    target: str | None
    at: datetime
    by: str
    reason: str | None
    details: dict[str, object]


class ClaimView(View):
    """Everything about one claim that its handlers need."""

    claim: ClaimHead
    plan_name: str
    plan_version: date
    public_code: str = Field(description="与案号一起打开公开进度页")
    hold_reason: str | None
    person: PersonView
    case: CaseView
    event: dict[str, object]
    checklist: list[PaperNeed]
    papers: list[PaperView]
    supplements: list[SupplementView]
    worksheets: list[WorksheetView]
    chain: list[StepView]
    decisions: list[DecisionView]
    handoffs: list[HandoffView]
    payees: list[PayeeView]
    payments: list[PaymentView]
    clocks: list[ClockView]
    letters: list[LetterView]
    record: list[RecordView]

    @property
    def version(self) -> int:
        """For If-Match."""
        return self.claim.version
