"""Answers that an insurer without a line gives in a workbook: checked row by row, then taken through the inbox like its messages.

The workbook carries no signature of the insurer's, so two persons stand in for it: one brings it with the decision letters, another
takes it. Its messages have ids made of the file's own words: the same answers brought twice are the same messages, and do nothing.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import OFFICE, Actor
from services.core.errors import Conflict, GuardFailed, InputError, NotFound, NotPermitted
from services.core.ids import uuidv7
from services.core.money import show
from services.core.texts import written
from services.enrolment.faults import Fault, in_order
from services.insurer import answer_book as book
from services.insurer import answer_check
from services.insurer.answer_check import REASONS, Answered, File
from services.insurer.inbox import receive
from services.insurer.messages import Ack, Decide, InboundMessage, Kind, Letter
from services.insurer.messages import File as Filed
from services.insurer.wire import Value
from services.models import AnswerSheet
from services.outbox import service as outbox
from services.outbox.service import Work
from services.rulebook.registry import version as wording
from services.storage import service as storage

# Beyond any number the insurer counts by: these messages take no place in its numbering, which polling goes by.
FIRST_SEQ = 10 ** 15
_FILES = sa.text("""
    SELECT h.id, h.org_key, h.claim_id, c.claim_no, h.round, h.package, coalesce(h.package_digest, '') AS digest, h.state, h.report_no,
           h.case_no, h.liabilities, h.sent_at, c.plan, c.plan_from,
           coalesce((SELECT s.output->'lines' FROM worksheet s WHERE s.claim_id = c.id AND s.round = c.round
                     ORDER BY s.seq DESC LIMIT 1), '[]'::jsonb) AS lines
    FROM handoff h JOIN claim c ON c.id = h.claim_id AND c.round = h.round
    WHERE h.state IN ('sent', 'received') AND h.package_digest IS NOT NULL ORDER BY c.claim_no""")

_LOCK = sa.text("SELECT 1 FROM claim WHERE claim_no = ANY(CAST(:numbers AS text[])) ORDER BY claim_no FOR UPDATE")
# Another decision on the same file that is about to be applied: of two words only the first would count, and nobody would know.
_OTHER = sa.text("SELECT 1 FROM insurer_message m JOIN handoff h ON h.id = m.handoff_id AND h.package = m.version"
                 " WHERE h.id = :file AND m.kind = 'decide' AND m.state = 'waiting' AND m.message_id <> :own")


@dataclass(frozen=True, slots=True)
class Checked:
    """What a workbook says: claims that can be taken, and what is wrong with the rows of the others."""

    lines: list[book.Line]
    answers: list[Answered]
    faults: list[Fault]


def open_list(session: Session, *, actor: Actor) -> bytes:
    """The workbook to fill in: every liability of every file that the insurer has and has not questioned, in the actor's sight."""
    actor.require(*sorted(OFFICE), what="下载待答复清单")
    rows = []
    for file in files(session).values():
        names = wording(file.plan, file.plan_from).benefits
        rows += [book.Open(str(file.id), file.claim_no, file.round, file.package, file.digest, code,
                           names[code].name if code in names else code, show(file.ours[code]) if code in file.ours else "")
                 for code in file.liabilities]
    return book.open_list(rows, REASONS)


def files(session: Session) -> dict[str, File]:
    """Files that may be answered, by the id that stands in the workbook."""
    return {str(row.id): File.of(row) for row in session.execute(_FILES)}


def bring(session: Session, *, content: bytes, file_name: str, letters: Mapping[str, bytes], actor: Actor, now: datetime) -> AnswerSheet:
    """Keep and check a workbook. `letters`: the decision letters (PDF) by claim number. Bringing the same again gives what is kept.

    InputError: not our workbook, a letter that is no PDF. What is wrong with a row keeps its claim out and is named, not raised.
    """
    account, who = _may(actor, "登记保险公司的表格答复")
    kept = {no: _letter(no, bytes_) for no, bytes_ in letters.items()}
    sha256 = storage.put(content)
    same = session.execute(sa.select(_T.c.id).where(_T.c.sha256 == sha256, _T.c.letters == kept, _T.c.dropped_at.is_(None))).scalar()
    if same is not None:
        return session.get_one(AnswerSheet, same)
    found = check(session, content, kept, now)
    made = AnswerSheet(
        id=uuidv7(), org_key=actor.org_key, sha256=sha256, file_name=file_name[:200], letters=kept, rows=len(found.lines),
        claims=[one.file.claim_no for one in found.answers], faults=[fault.as_words() for fault in found.faults],
        errors_sha256=storage.put(book.errors(found.lines, found.faults)) if found.faults else None,
        brought_by=account, brought_person=who, brought_at=now)
    session.add(made)
    session.flush()
    return made


_T = AnswerSheet.__table__      # type: ignore[attr-defined]


def check(session: Session, content: bytes, letters: Mapping[str, str], now: datetime) -> Checked:
    """The workbook against what stands now. All rows of a claim are good, or none is taken."""
    lines = book.read(content)
    answers, faults = answer_check.answers(lines, files(session), letters, now)
    return Checked(lines, answers, in_order(faults))


def take(session: Session, *, sheet_id: uuid.UUID, actor: Actor, now: datetime) -> int:
    """Another person takes the answers: each good claim's become messages in the inbox; gives how many are new.

    GuardFailed for who brought it; Conflict when it was taken or dropped, or when a claim that was good is so no longer.
    """
    _may(actor, "采用保险公司的表格答复")
    sheet = _held(session, sheet_id)
    if not actor.persons.isdisjoint({sheet.brought_person}):
        raise GuardFailed("two_persons_needed", "须由登记人以外的另一人采用", remedy="请办事处其他人员办理")
    session.execute(_LOCK, {"numbers": sheet.claims})
    found = check(session, storage.get(sheet.sha256), sheet.letters, now)
    gone = sorted(set(sheet.claims) - {one.file.claim_no for one in found.answers})
    if gone or not sheet.claims:
        raise Conflict("answers_overtaken", f"登记之后情况有变，不能采用：{'、'.join(gone) or '没有可采用的案件'}",
                       remedy="撤销本次登记，重新下载待答复清单后登记")
    new = sum(_said(session, one, sheet, now) for one in found.answers if one.file.claim_no in sheet.claims)
    sheet.taken_by, sheet.taken_person, sheet.taken_at, sheet.messages = actor.account_id, actor.person_id, now, new
    session.add(sheet)
    session.flush()
    return new


def drop(session: Session, *, sheet_id: uuid.UUID, reason: str, actor: Actor, now: datetime) -> None:
    """Brought by mistake: kept, with the reason, and never taken."""
    actor.require(*sorted(OFFICE), what="撤销登记的表格答复")
    sheet = _held(session, sheet_id)
    sheet.dropped_by, sheet.dropped_why, sheet.dropped_at = actor.account_id, written(reason, "reason"), now
    session.add(sheet)
    session.flush()


def _said(session: Session, one: Answered, sheet: AnswerSheet, now: datetime) -> int:
    """The claim's messages, in the order in which the insurer would have sent them."""
    letter = Letter(number=one.letter_no, text=f"保险公司以表格答复，决定书原件见所附 {one.letter_no}",
                    pdf_base64=base64.b64encode(storage.get(sheet.letters[one.file.claim_no])).decode("ascii"))
    said: list[tuple[Kind, Value]] = []
    if one.file.state == "sent":
        said.append(("ack", Ack(report_no=one.report_no)))
    if one.case_no and not one.file.case_no:
        said.append(("file", Filed(case_no=one.case_no)))
    said.append(("decide", Decide(outcome=one.outcome, total=one.total, refund=one.refund, liabilities=one.liabilities, letter=letter)))
    messages = [_message(one, kind, body) for kind, body in said]
    if session.execute(_OTHER, {"file": one.file.id, "own": str(messages[-1].message_id)}).first():
        raise Conflict("answers_overtaken", f"{one.file.claim_no} 已有另一份决定待办理，不能再采用",
                       remedy="撤销本次登记；须更改的，请保险公司另行说明")
    new = sum(receive(session, message=message, now=now) for message in messages)
    if new:
        outbox.add(session, [Work("insurer.message", one.file.org_key, one.file.claim_id)], now=now)
    return new


def _message(one: Answered, kind: Kind, body: Value) -> InboundMessage:
    """Its id and number come of what it says, so that saying it again is the same message."""
    name = uuid.uuid5(one.file.id, f"sheet/{one.file.package}/{kind}/{body.model_dump_json()}")
    place = ("ack", "file", "decide").index(kind)
    return InboundMessage.model_validate({
        "message_id": name, "handoff_id": one.file.id, "claim_no": one.file.claim_no, "round": one.file.round,
        "version": one.file.package, "at": one.at, "kind": kind, "body": body, "seq": FIRST_SEQ + (one.file.id.int % 10 ** 14) * 4 + place})


def _may(actor: Actor, what: str) -> tuple[uuid.UUID, uuid.UUID]:
    """Account and person. Two persons stand in for the insurer's signature: nobody in a colleague's place."""
    actor.require(*sorted(OFFICE), what=what)
    if actor.account_id is None or actor.person_id is None or actor.stands_for:
        raise NotPermitted("stands_in", f"代理他人期间不能{what}", remedy="代理结束后办理，或由其他人办理")
    return actor.account_id, actor.person_id


def _letter(claim_no: str, content: bytes) -> str:
    if not content.startswith(b"%PDF-"):
        raise InputError("letter_not_pdf", f"{claim_no} 的决定书不是 PDF", remedy="扫描为 PDF 再上传", field="letters")
    return storage.put(content)


def _held(session: Session, sheet_id: uuid.UUID) -> AnswerSheet:
    sheet = session.get(AnswerSheet, sheet_id, with_for_update=True, populate_existing=True)
    if sheet is None:
        raise NotFound("sheet_missing", "没有这一份答复，或不在您的管辖范围内", remedy="回到一览核对")
    if sheet.taken_at or sheet.dropped_at:
        raise Conflict("sheet_over", "这一份答复已采用或已撤销", remedy="刷新后核对")
    return sheet


def sheets(session: Session, *, limit: int = 50) -> Sequence[AnswerSheet]:
    """The workbooks brought in the caller's sight, newest first."""
    return list(session.scalars(sa.select(AnswerSheet).order_by(_T.c.brought_at.desc(), _T.c.id.desc()).limit(limit)))
