"""What each kind of message does to a handoff and its claim."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import Actor
from services.benefit import queries as worksheets
from services.benefit import service as benefit
from services.core.clock import business_day
from services.core.errors import InputError
from services.core.ids import uuidv7
from services.core.money import to_fen
from services.evidence import service as evidence
from services.insurer import disagreements
from services.insurer.messages import (
    Ack,
    Decide,
    File,
    InboundMessage,
    LiabilityAnswer,
    Question,
    Recalled,
    Reject,
    Settle,
)
from services.insurer.wire import Value
from services.ledger import service as ledger
from services.lifecycle.service import Move, fire
from services.models import BankLine, Decision

REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Case:
    """A message with the locked rows it is about. `insurer` fires what the insurer does, `root` what follows."""

    session: Session
    message: InboundMessage
    handoff_id: uuid.UUID
    claim_id: uuid.UUID
    org_key: str
    round: int
    package: int
    liabilities: frozenset[str]
    answered: frozenset[str]
    insurer: Actor
    root: Actor
    now: datetime

    def fire(self, event: str, *, reason: str | None = None, **facts: object) -> None:
        """Move the handoff; the clocks go by the insurer's day."""
        fire(self.session, "handoff", event, [self._move(self.handoff_id, reason, facts)], actor=self.insurer, now=self.now)

    def fire_claim(self, event: str, *, actor: Actor, reason: str | None = None, **facts: object) -> None:
        """Move the claim."""
        fire(self.session, "claim", event, [self._move(self.claim_id, reason, facts)], actor=actor, now=self.now)

    def _move(self, row_id: uuid.UUID, reason: str | None, facts: dict[str, object]) -> Move:
        day = business_day(min(self.message.at, self.now))      # the insurer's clock may run ahead of ours
        return Move(row_id, reason=reason, facts=facts, on=day,
                    details={"message": str(self.message.message_id), "kind": self.message.kind})

    def set(self, columns: str, **values: object) -> None:
        """Write columns of the handoff."""
        self.session.execute(sa.text(f"UPDATE handoff SET {columns} WHERE id = :id"), {**values, "id": self.handoff_id})


def _ack(case: Case, body: Ack) -> None:
    case.fire("ack", report_no_given=bool(body.report_no))
    case.set("report_no = :no, complete_at = :at", no=body.report_no, at=min(case.message.at, case.now))


def _file(case: Case, body: File) -> None:
    case.fire("file", case_no_given=bool(body.case_no))
    case.set("case_no = :no", no=body.case_no)


def _question(case: Case, body: Question) -> None:
    case.fire("question", question_items=len(body.items),
              items_without_reason=sum(1 for item in body.items if not item.text.strip()))
    asked = {"message_id": str(case.message.message_id), "items": [item.wire() for item in body.items]}
    case.set("question = CAST(:question AS jsonb)", question=json.dumps(asked))
    evidence.question(case.session, claim_id=case.claim_id, actor=case.insurer, now=case.now,
                      items=[{"paper": item.paper or "", "reason": item.text} for item in body.items])


def _asked(case: Case, answers: Sequence[LiabilityAnswer]) -> None:
    """InputError for an answer about what the file does not ask: no worksheet, cover or reserve of ours stands behind it."""
    foreign = sorted({item.liability for item in answers} - case.liabilities)
    if foreign:
        raise InputError("liability_foreign", f"答复了案卷没有移送的责任：{'、'.join(foreign)}", remedy="请保险公司更正后重新答复",
                         field="liabilities")


def _answer_part(case: Case, body: LiabilityAnswer) -> None:
    _asked(case, [body])
    case.fire("answer_part", answered_now=int(body.liability not in case.answered),
              amount_or_refusal=body.amount > 0 or bool(body.reason))
    case.set("answers = answers || CAST(:answer AS jsonb)", answer=json.dumps([body.wire()]))


def _decide(case: Case, body: Decide) -> None:
    _asked(case, body.liabilities)
    case.set("answers = CAST(:answers AS jsonb)", answers=json.dumps([item.wire() for item in body.liabilities]))
    case.fire("decide")
    sheet = benefit.freeze(case.session, claim_id=case.claim_id, actor=case.insurer, now=case.now, refund=body.refund,
                           granted={item.liability: item.amount for item in body.liabilities})
    amount_fen = max(0, to_fen(body.total) - worksheets.decided_before(case.session, case.claim_id))
    reason = _reason(body)
    case.session.add(Decision(
        id=uuidv7(), org_key=case.org_key, claim_id=case.claim_id, round=case.round, source="insurer", kind=body.outcome,
        amount_fen=amount_fen, worksheet_id=sheet.id, reason=reason, clause=_clauses(body), answer=dict(body.wire()),
        at=min(case.message.at, case.now)))
    case.session.flush()
    ledger.decided(case.session, claim_ids=[case.claim_id], actor=case.insurer, now=case.now)
    disagreements.opened(case.session, sheet=sheet, handoff_id=case.handoff_id, body=body, actor=case.insurer, now=case.now)
    if amount_fen > 0:
        case.fire_claim("insurer_pay", actor=case.insurer, reason=reason, signature_valid=True)
    else:
        case.fire_claim("insurer_refuse", actor=case.insurer, reason=reason or "not_in_list", signature_valid=True)
    case.session.execute(sa.text("UPDATE claim SET outcome = :kind, amount_fen = :amount WHERE id = :id"),
                         {"kind": body.outcome, "amount": amount_fen, "id": case.claim_id})


def _reason(body: Decide) -> str | None:
    """The first refused liability's reason code; none when everything asked for is paid."""
    if body.outcome == "pay":
        return None
    reasons = [item.reason for item in body.liabilities if item.reason]
    specific = [reason for reason in reasons if reason != "not_in_list"]
    return next(iter(specific or reasons), None)


def _clauses(body: Decide) -> str:
    """The clauses of what is paid; of a refusal or refund, those of the liabilities refused."""
    paid = [item.clause for item in body.liabilities if item.amount > 0]
    return "；".join(dict.fromkeys(paid or [item.clause for item in body.liabilities]))


_DECIDED = sa.text("SELECT d.amount_fen FROM decision d WHERE d.claim_id = :claim AND d.round = :round")
# Its message names one account: the money is everybody's who is to receive only where that is the account of each.
_THEIRS = sa.text("""
    SELECT coalesce(bool_and(b.last4 IS NOT DISTINCT FROM :last4), false) FROM payee y LEFT JOIN bank_card b ON b.id = y.bank_card_id
    WHERE y.claim_id = :claim AND y.active""")


def _settle(case: Case, body: Settle) -> None:
    """Another sum than the decided one, or another account than the payees', settles nothing: the line waits for a person, the
    handoff for the right message.
    """
    decided = case.session.execute(_DECIDED, {"claim": case.claim_id, "round": case.round}).scalar()
    fault = None if decided is None else _fault(case, body, decided)
    if fault is not None:
        case.session.add(BankLine(
            org_key=case.org_key, kind="credit", attempt=0, reference=case.message.claim_no, amount_fen=to_fen(body.amount),
            serial=body.serial, bank_time=body.bank_time, fault=fault, file_sha256=case.message.digest, line_no=1, at=case.now))
        return
    case.fire("settle", bank_proof_given=body.bank_time is not None and bool(body.serial))
    case.set("serial = :serial", serial=body.serial)


def _fault(case: Case, body: Settle, decided_fen: int) -> str | None:
    """What is wrong with the money; after a death it may have gone to the dead member, or to one heir of several."""
    if to_fen(body.amount) != decided_fen:
        return "amount_differs"
    theirs = {"claim": case.claim_id, "last4": body.account_last4}
    return "payee_differs" if body.amount > 0 and not case.session.execute(_THEIRS, theirs).scalar_one() else None


def _reject(case: Case, body: Reject) -> None:
    """The package goes back; a corrected one is a new version, sent when the office says so (`resend`)."""
    case.fire("reject", reason=body.fault, fault_given=bool(body.fault))
    case.set("package = package + 1, package_digest = NULL, package_sha256 = NULL, facts_digest = NULL, receipt_no = NULL,"
             " flags = flags || CAST(:flag AS jsonb)", flag=json.dumps([f"{REJECTED}:{body.fault}:{body.text}"]))


def _recalled(case: Case, body: Recalled) -> None:
    case.fire("recall", reason=body.reason, recall_confirmed=True)
    give_back(case.session, case.claim_id, reason=body.reason, root=case.root, now=case.now)


def give_back(session: Session, claim_id: uuid.UUID, *, reason: str, root: Actor, now: datetime) -> None:
    """The claim is the union's again, in a new round: the handed-over round's levels are void."""
    # The round first: the clocks of the move go by it.
    session.execute(sa.text("UPDATE claim SET round = round + 1 WHERE id = :id"), {"id": claim_id})
    # An objection or correction that the recalled round was to answer is answered by the next one; who is barred stays barred.
    session.execute(sa.text("UPDATE reopening SET round = round + 1 WHERE claim_id = :id AND confirmed_at IS NOT NULL"
                            " AND concluded_at IS NULL"), {"id": claim_id})
    fire(session, "claim", "recall", [Move(claim_id, reason=reason, facts={"recall_confirmed": True})], actor=root, now=now)
    steps = session.execute(sa.text("SELECT id FROM review_step WHERE claim_id = :id"
                                    " AND state IN ('waiting', 'open', 'passed')"), {"id": claim_id}).scalars().all()
    fire(session, "review_step", "void", [Move(step, reason=reason) for step in steps], actor=root, now=now)


def _handler(kind: type[Value], act: Callable[..., None]) -> Callable[[Case], None]:
    def handle(case: Case) -> None:
        body = case.message.body
        if not isinstance(body, kind):
            raise InputError("insurer_nonsense", f"消息 {case.message.message_id} 的内容与种类不符", remedy="联系保险公司")
        act(case, body)
    return handle


HANDLERS: dict[str, Callable[[Case], None]] = {
    "ack": _handler(Ack, _ack), "file": _handler(File, _file), "question": _handler(Question, _question),
    "answer_part": _handler(LiabilityAnswer, _answer_part), "decide": _handler(Decide, _decide),
    "settle": _handler(Settle, _settle), "reject": _handler(Reject, _reject), "recalled": _handler(Recalled, _recalled)}
