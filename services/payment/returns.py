"""The bank's return file: each line either matches one attempt of one payment exactly, or is kept with its fault."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from psycopg.errors import UniqueViolation
from sqlmodel import Session

from services.access.actor import Actor, Role, system
from services.core.errors import Conflict, InputError
from services.core.settings import settings
from services.ledger import service as ledger
from services.lifecycle.service import Move, fire
from services.payment.banks import recognised
from services.payment.bulk import in_bulk
from services.payment.lines import Kept, keep
from services.payment.picking import accounts
from services.payment.port import Answer
from services.payment.sent import Matched, Sent
from services.payment.settled_answers import lines_sent, moved, of_settlement
from services.storage import service as storage
from statemachines.states import PaymentState

FAULTS: Mapping[str, str] = {
    "unknown_reference": "没有这一付款编号", "late_answer": "该笔已更换账户重新付款，这是上一次的回复",
    "amount_differs": "金额与付款记录不一致", "payee_differs": "户名或账号与付款记录不一致",
    "already_answered": "该笔已有相同的回复",
}


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A line that moved nothing; `fault` is a code of FAULTS."""

    line_no: int
    reference: str
    fault: str


@dataclass(frozen=True, slots=True)
class ReturnSummary:
    """What a file did: payments credited and returned, lines without effect. `repeated`: the file was read before."""

    file_sha256: str
    file_name: str
    lines: int
    credited: tuple[uuid.UUID, ...] = ()
    returned: tuple[uuid.UUID, ...] = ()
    claim_ids: tuple[uuid.UUID, ...] = ()
    unmatched: tuple[Unmatched, ...] = ()
    repeated: bool = False


# Every line of a file looks its reference up in the index, one by one: the plan that is kept for every length of file would else
# compare each line sent with each of the file's.
_OF_FILE = """unnest(CAST(:references AS text[])) AS w(reference) CROSS JOIN LATERAL (
    SELECT s.reference, s.payment_id, s.run_id, s.attempt, s.amount_fen FROM bank_line s
    WHERE s.kind = 'sent' AND s.reference = w.reference OFFSET 0) l"""
# Locks claims and payments in their order and tells where each stands now that it is locked; a line sent never changes.
_SENT = sa.text(f"""
    SELECT l.reference, l.payment_id, p.claim_id, l.run_id, p.org_key, l.attempt, l.amount_fen, p.state,
           p.attempt AS present_attempt, p.bank_card_id
    FROM {_OF_FILE} JOIN payment p ON p.id = l.payment_id JOIN claim c ON c.id = p.claim_id
    ORDER BY c.id, p.id FOR UPDATE OF c, p""")


@in_bulk
def read_return(session: Session, *, content: bytes, file_name: str, actor: Actor, now: datetime) -> ReturnSummary:
    """Read a return file once: credits and returns move their payments, everything else is kept with its fault.

    Raises InputError when the bytes are no return file, do not hold, or answer another office's runs alone; Conflict when another
    office has lines of it. The same file again changes nothing.
    """
    actor.require(Role.FINANCE_MAKER, Role.FINANCE_CHECKER, Role.SYSTEM, what="读取银行回盘")
    answers = recognised(content).read(content)
    sha256 = storage.put(content)
    # Two uploads of one file at once: the second waits here and then finds the lines of the first.
    session.execute(sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:sha, 0))"), {"sha": sha256})
    if session.execute(sa.text("SELECT 1 FROM bank_line WHERE file_sha256 = :sha LIMIT 1"), {"sha": sha256}).first():
        return ReturnSummary(sha256, file_name, len(answers), repeated=True)
    references = [answer.reference for answer in answers]
    sent = _sent(session, [one for one in references if not of_settlement(one)]) | lines_sent(
        session, [one for one in references if of_settlement(one)])
    if not sent:
        _require_own(session, references)
    judged = [(answer, sent.get(answer.reference), _judge(answer, sent.get(answer.reference))) for answer in answers]
    try:
        keep(session, [_line(answer, known, fault, actor) for answer, known, fault in judged], file_sha256=sha256, now=now)
    except UniqueViolation:      # lines we are not shown: the file was not "read before"
        raise Conflict("bank_file_elsewhere", "这一回盘文件已由其他单位读取，其中的行留在该单位",
                       remedy="请银行按付款批次分别出具回盘文件后读取本单位的，或请该单位核对其未匹配的行") from None
    matched = [(answer, known) for answer, known, fault in judged if known is not None and fault is None]
    follow(session, matched, file_sha256=sha256, now=now)
    return ReturnSummary(
        sha256, file_name, len(answers), tuple(known.payment_id for answer, known in matched if answer.status == "credited"),
        tuple(known.payment_id for answer, known in matched if answer.status == "returned"),
        tuple(sorted({known.claim_id for _, known in matched if known.claim_id})),
        tuple(Unmatched(answer.line_no, answer.reference, fault) for answer, _, fault in judged if fault))


def follow(session: Session, matched: Matched, *, file_sha256: str, now: datetime, line_no: int | None = None) -> None:
    """Payments move as their lines say; the lines stand there already, without a fault. `line_no`: one line of the file alone."""
    moved(session, [pair for pair in matched if pair[1].claim_id is None], file_sha256=file_sha256, line_no=line_no, now=now)
    runs = sorted({known.run_id for _, known in matched})
    matched = [pair for pair in matched if pair[1].claim_id]
    credited = [pair for pair in matched if pair[0].status == "credited"]
    returned = [pair for pair in matched if pair[0].status == "returned"]
    _move(session, "credit", credited, file_sha256, now)
    _move(session, "bounce", returned, file_sha256, now)
    ledger.follow(session, payment_ids=[known.payment_id for _, known in matched], steps=("credited",), now=now)
    ledger.follow(session, payment_ids=[known.payment_id for _, known in returned], steps=("bounced",), now=now)
    _reconcile(session, runs, now)


def _sent(session: Session, references: Sequence[str]) -> dict[str, Sent]:
    rows = session.execute(_SENT, {"references": list(references)}).all()
    found = accounts(session, [row.bank_card_id for row in rows])
    return {row.reference: Sent(row.payment_id, row.claim_id, row.run_id, row.org_key, row.attempt, row.amount_fen,
                                 row.state, row.present_attempt, account.number, account.holder)
            for row in rows for account in (found[row.bank_card_id],)}


_OURS = re.compile(r"([PS][0-9]{10})-[0-9]{5,}")       # a reference as runs give it (reference_of)


def _require_own(session: Session, references: Iterable[str]) -> None:
    """None of the lines was sent from here: InputError when they name runs that are not to be seen, which is another office's file.

    Kept here, no other office could read it any more. A line that names no run at all may be ours, spoilt on its way: that one is kept.
    """
    named = {found[1] for one in references if (found := _OURS.fullmatch(one))}
    if named and session.execute(sa.text("SELECT 1 FROM payment_run WHERE run_no IN (SELECT unnest(CAST(:named AS text[]))) LIMIT 1"),
                                 {"named": sorted(named)}).first() is None:
        raise InputError("not_our_runs", "不是本单位付款的回盘：其中的付款批次不归本单位", field="content",
                         remedy="请交给付款的单位读取；如确为本单位付款，请与银行核对付款编号")


def _judge(answer: Answer, known: Sent | None) -> str | None:
    """Why the line moves nothing, or None; moves the known state on when it does."""
    if known is None:
        return "unknown_reference"
    if known.attempt != known.present_attempt:
        return "late_answer"
    if answer.amount_fen != known.amount_fen:
        return "amount_differs"
    if (answer.account, answer.holder) != (known.account, known.holder):
        return "payee_differs"
    expected = {PaymentState.SENT} if answer.status == "credited" else {PaymentState.SENT, PaymentState.CREDITED}
    if known.stands not in expected:
        return "already_answered"
    known.stands = PaymentState.CREDITED if answer.status == "credited" else PaymentState.RETURNED
    return None


def _line(answer: Answer, known: Sent | None, fault: str | None, actor: Actor) -> Kept:
    return Kept(org_key=known.org_key if known else actor.org_key, payment_id=known.payment_id if known and known.claim_id else None,
                settlement_payment_id=known.payment_id if known and not known.claim_id else None,
                run_id=known.run_id if known else None, kind="credit" if answer.status == "credited" else "return",
                attempt=known.attempt if known else 0, reference=answer.reference, amount_fen=answer.amount_fen,
                serial=answer.serial, bank_time=answer.bank_time, reason=answer.reason or None, fault=fault,
                line_no=answer.line_no)


def _move(session: Session, event: str, matched: Matched, sha256: str, now: datetime) -> None:
    """A returned payment is no longer credited, whatever its earlier line said; the lines keep both."""
    moves = [Move(known.payment_id, details={"serial": answer.serial, "file": sha256, "line": answer.line_no,
                                             "bank_time": answer.bank_time.isoformat()},
                  sets={"serial": answer.serial, "credited_at": answer.bank_time, "return_reason": None} if event == "credit" else
                       {"serial": None, "credited_at": None, "return_reason": answer.reason}) for answer, known in matched]
    fire(session, "payment", event, moves, actor=system(settings().root_org), now=now)


def _reconcile(session: Session, run_ids: Sequence[uuid.UUID], now: datetime) -> None:
    """Runs that the bank has answered in full."""
    done = session.execute(sa.text("""
        SELECT n.id FROM payment_run n WHERE n.id = ANY(CAST(:ids AS uuid[])) AND n.state = 'sent' AND NOT EXISTS (
            SELECT 1 FROM payment p WHERE p.run_id = n.id AND p.state IN ('batched', 'released', 'sent'))
        AND NOT EXISTS (SELECT 1 FROM settlement_payment p WHERE p.run_id = n.id AND p.state IN ('batched', 'sent'))
        ORDER BY n.id"""), {"ids": list(run_ids)}).scalars()
    fire(session, "payment_run", "reconcile", [Move(run) for run in done], actor=system(settings().root_org), now=now)
