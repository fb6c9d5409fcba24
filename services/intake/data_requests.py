"""A person asks for a copy, a correction or the deletion of her data (个人信息保护法 45 to 47); the office answers within its days.

A copy is made by the worker. What has no ground to be kept goes at once, unless a hold stands; what the law keeps is refused with its
clause and day.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Mapping
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from services.access.actor import OFFICE, REVIEWERS, Actor, Role
from services.core.clock import business_day
from services.core.crypto import key_ring
from services.core.errors import Conflict, InputError, NotFound, NotPermitted
from services.core.ids import CODE_ALPHABET
from services.enrolment import categories
from services.enrolment import service as enrolment
from services.intake.held import everywhere, has_records, stands
from services.models import PrivacyRequest
from services.models.privacy import ANSWERS, REQUESTS
from services.outbox import service as outbox
from services.outbox.service import Work

TOPIC = "data.export"
DAYS = 15                       # ours: until when a request is answered
KEPT = timedelta(days=7)        # a copy that was made
WANTED, WORDS = "privacy_request.wanted", "privacy_request.words"
LONG = 500                      # letters of what a person writes
# What may be corrected; the first three are changed by the answer itself.
CORRECTIONS: Mapping[str, str] = {"name": "姓名", "id_number": "身份证号", "phone": "手机号", "event": "案件中的事实", "other": "其他"}
OF_RECORD = ("name", "id_number", "phone")
# What may be deleted; the first two have no ground but the person's own wish and go at once, under a hold when the office answers.
DELETIONS: Mapping[str, str] = {"contacts": "提醒用的联系方式", "drafts": "没有提交的报案草稿", "phone": "登记的手机号",
                                 "records": "案件和材料"}
AT_ONCE = ("contacts", "drafts")
KEEP_GROUND = "个人信息保护法 第四十七条第二款；保险法 第八十七条；会计档案管理办法 第十四条"


def ask(session: Session, *, person_id: uuid.UUID, kind: str, field: str = "", wanted: str = "", words: str = "", identified: str = "",
        proof_sha256: str | None = None, actor: Actor, now: datetime) -> PrivacyRequest:
    """The member for herself, or a clerk for somebody at the counter, who writes down how she was known (`identified`).

    A copy asked for at the counter, which the clerk alone then holds in full, needs the person's own signed application. InputError by
    field; Conflict while the same is open already.
    """
    own = actor.person_id == person_id and actor.has(Role.MEMBER)
    if not own:
        actor.require(Role.UNIT_CLERK, *sorted(REVIEWERS), what="登记个人信息申请")
        if not identified.strip():
            raise InputError("identified_missing", "没有写明怎样核对了本人身份", remedy="写明核对的证件或方式，例如“当面核对身份证原件”",
                             field="identified")
    _check(kind, field, wanted, words)
    if kind == "export" and not own and not proof_sha256:
        raise InputError("proof_missing", "要副本的，没有交本人签字的书面申请", remedy="上传本人签字的申请，再登记", field="proof_sha256")
    if proof_sha256:
        categories.check_proof(proof_sha256)
    ring, today = key_ring(), business_day(now)
    row = PrivacyRequest(
        org_key=actor.org_key, request_no=_number(today), person_id=person_id, kind=kind, field=field or None,
        wanted_sealed=ring.seal(wanted.strip(), field=WANTED) if wanted.strip() else None,
        words_sealed=ring.seal(words.strip(), field=WORDS) if words.strip() else None, channel="member" if own else "counter",
        identified=identified.strip() or None, proof_sha256=proof_sha256, state="open", asked_by=actor.account_id,
        asked_person=actor.person_id, asked_at=now, due_on=today + timedelta(days=DAYS))
    _refuse_twice(session, row)
    session.add(row)
    try:
        session.flush()
    except IntegrityError:
        raise Conflict("request_open", "同样的申请正在办理", remedy="等它办完，或先撤回") from None
    if kind == "export":
        outbox.add(session, [Work(TOPIC, row.org_key, subject_id=row.id)], now=now)
    if kind == "deletion" and field in AT_ONCE and not stands(session, person_id):
        _delete(session, row)
        _close(row, "done", f"{DELETIONS[field]}已删除。", now)
        session.add(row)
        session.flush()
    return row


def answer(session: Session, *, request_no: str, version: int | None, answer: str, words: str, value: str = "",
           kept_until: date | None = None, actor: Actor, now: datetime) -> PrivacyRequest:
    """The office's answer with its reason: `done`, `partly`, `refused`. A correction of the record is made by it (`value`, or what was
    asked). InputError: no reason, a refused deletion without its day; NotPermitted: one's own; Conflict: answered, another version.
    """
    actor.require(*sorted(OFFICE), what="答复个人信息申请")
    row = one(session, request_no, lock=True)
    if row.person_id in actor.persons:
        raise NotPermitted("own_record", "不能答复本人的申请", remedy="由其他人员办理")
    _require(row, version)
    if row.state != "open" or row.kind == "export":
        raise Conflict("request_over", "这项申请不等待答复", remedy="刷新后核对")
    if answer not in ANSWERS:
        raise InputError("answer_unknown", f"没有“{answer}”这种答复", remedy=f"可用：{'、'.join(ANSWERS)}", field="answer")
    if not words.strip():
        raise InputError("reason_missing", "答复须写明理由", remedy="写明办了什么，或为什么不办", field="words")
    if row.kind == "deletion" and answer != "done" and kept_until is None:
        raise InputError("kept_until_missing", "不予删除的，须写明保存到哪一天", remedy="填写依法保存的届满日", field="kept_until")
    if (row.kind, row.field, answer) == ("deletion", "records", "done") and has_records(session, row.person_id):
        raise InputError("records_kept", "此人的案件和材料依法保存，没有删除，不能答复“已办”", field="answer",
                         remedy="答复不予删除或部分办理，并写明保存到哪一天")
    if row.kind == "correction" and answer == "done" and row.field in OF_RECORD:
        enrolment.correct_person(session, person_id=row.person_id, words={str(row.field): value.strip() or wanted_of(row)},
                                 why=f"本人申请更正（{row.request_no}）", actor=actor, now=now)
    if row.kind == "deletion" and answer == "done" and row.field == "phone":
        enrolment.correct_person(session, person_id=row.person_id, words={"phone": None}, why=f"本人申请删除（{row.request_no}）",
                                 actor=actor, now=now)
    if row.kind == "deletion" and answer == "done":
        if stands(session, row.person_id):
            raise Conflict("held_by_law", "对此人登记了保全，解除之前什么也不能删除", remedy="答复不予删除并写明保存到哪一天，或等保全解除",
                           field="answer")
        _delete(session, row)
    _close(row, answer, words.strip(), now)
    row.answered_by, row.answered_person, row.kept_until = actor.account_id, actor.person_id, kept_until
    session.add(row)
    session.flush()
    return row


def withdraw(session: Session, *, request_no: str, actor: Actor, now: datetime) -> None:
    """The person takes an open request back. NotFound: somebody else's; Conflict: it is over, or being made."""
    row = one(session, request_no, lock=True)
    if row.person_id != actor.person_id:
        raise _missing()
    if row.state != "open" or row.kind == "export":
        raise Conflict("request_over", "这项申请已经办理，不能撤回", remedy="刷新后核对")
    row.state, row.version, row.answered_at = "withdrawn", row.version + 1, now
    session.add(row)
    session.flush()


def one(session: Session, request_no: str, *, lock: bool = False) -> PrivacyRequest:
    """A request of the caller's scope. NotFound otherwise."""
    query = select(PrivacyRequest).where(PrivacyRequest.request_no == request_no).execution_options(populate_existing=True)
    found = session.exec(query.with_for_update() if lock else query).first()
    if found is None:
        raise _missing()
    return found


def wanted_of(row: PrivacyRequest) -> str:
    """What the person wants it to be; whoever shows it to somebody records that (`audit.looked`)."""
    return key_ring().open(bytes(row.wanted_sealed), field=WANTED) if row.wanted_sealed else ""


def words_of(row: PrivacyRequest) -> str:
    """The person's own words."""
    return key_ring().open(bytes(row.words_sealed), field=WORDS) if row.words_sealed else ""


def _check(kind: str, field: str, wanted: str, words: str) -> None:
    if kind not in REQUESTS:
        raise InputError("request_kind", f"没有“{kind}”这种申请", remedy=f"可用：{'、'.join(REQUESTS)}", field="kind")
    known = {"correction": CORRECTIONS, "deletion": DELETIONS}.get(kind, {})
    if kind != "export" and field not in known:
        raise InputError("request_field", "没有选择哪一项", remedy=f"可选：{'、'.join(known)}", field="field")
    if kind == "correction" and not wanted.strip():
        raise InputError("wanted_missing", "没有写明更正为什么", remedy="写上正确的内容", field="wanted")
    for name, text in (("wanted", wanted), ("words", words)):
        if len(text) > LONG:
            raise InputError("words_long", f"最多 {LONG} 字", remedy="写短一些", field=name)


def _refuse_twice(session: Session, row: PrivacyRequest) -> None:
    session.execute(sa.text("SELECT 1 FROM person WHERE id = :id FOR NO KEY UPDATE"), {"id": row.person_id})
    same = session.exec(select(PrivacyRequest.id).where(
        PrivacyRequest.person_id == row.person_id, PrivacyRequest.kind == row.kind, PrivacyRequest.field == row.field,
        col(PrivacyRequest.state).in_(("open", "working")))).first()
    if same:
        raise Conflict("request_open", "同样的申请正在办理", remedy="等它办完，或先撤回")


def _number(today: date) -> str:
    return f"SQ{today:%Y%m%d}-{''.join(secrets.choice(CODE_ALPHABET) for _ in range(6))}"


def _require(row: PrivacyRequest, version: int | None) -> None:
    if version is not None and version != row.version:
        raise Conflict("stale_version", f"记录已被他人更新（您看到第{version}版，现为第{row.version}版）", remedy="刷新后核对变动，再办理")


def _close(row: PrivacyRequest, answer: str, words: str, now: datetime) -> None:
    row.state, row.answer, row.answer_words, row.answered_at, row.version = "answered", answer, words, now, row.version + 1


_END_CONTACTS = sa.text("""
    UPDATE letter_contact SET withdrawn_at = coalesce(withdrawn_at, :now), withdrawn_by = coalesce(withdrawn_by, :account),
        address_sealed = :nothing WHERE person_id = :person""")
_END_DRAFTS = sa.text("DELETE FROM report_draft WHERE account_id IN (SELECT a.id FROM account a WHERE a.person_id = :person)")


def _delete(session: Session, row: PrivacyRequest) -> None:
    """What only her own wish kept."""
    if row.field == "contacts":
        session.execute(_END_CONTACTS, {"person": row.person_id, "now": row.asked_at, "account": row.asked_by,
                                        "nothing": key_ring().seal("", field="letter_contact.address")})
    elif row.field == "drafts":
        with everywhere(session):       # a draft stays at the unit where it was begun, which may not be hers any more
            session.execute(_END_DRAFTS, {"person": row.person_id})


def _missing() -> NotFound:
    return NotFound("request_missing", "没有这项申请，或不在您的管辖范围内", remedy="核对申请编号")
