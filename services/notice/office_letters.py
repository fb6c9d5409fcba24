"""Letters to nobody on a claim: number, words, bytes and the row in one transaction; voided, they stay with their number."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from documents.errors import DocumentError
from services.access.actor import OFFICE, Actor
from services.core.clock import business_day
from services.core.errors import Conflict, GuardFailed, NotFound
from services.core.ids import uuidv7
from services.core.texts import written
from services.enrolment.numbers import draw
from services.models import OfficeLetter, Organisation
from services.notice.checks import new_code, printed
from services.notice.contexts.common import contact
from services.notice.pressing import job_of, pressed
from services.storage import service as storage

_LOCK = sa.text("SELECT pg_advisory_xact_lock(hashtext('office_letter:' || :code || :subject))")


@dataclass(frozen=True, slots=True)
class About:
    """What a letter is about: its folder, the subject that makes it one letter, whose region it lies in."""

    code: str
    subject: str
    org_key: str
    suffix: str                     # of the office's series: 证, 报, 档
    valid_on: date
    cover_id: uuid.UUID | None = None
    person_id: uuid.UUID | None = None
    claim_id: uuid.UUID | None = None


def issue(session: Session, about: About, values: Mapping[str, object], *, office: Organisation, actor: Actor,
          now: datetime) -> OfficeLetter:
    """A letter with the next number of the office's series; the one that already says the same of the same subject is given back.

    A valid letter on the same subject and day that says something else is replaced. GuardFailed names a value that is missing.
    """
    session.execute(_LOCK, {"code": about.code, "subject": about.subject})
    today = business_day(now)
    said = {**values, "office_name": office.letter_organ, "contact": contact(office)}
    digest = _digest({**said, "issued_on": today})
    former = session.exec(select(OfficeLetter).where(
        OfficeLetter.code == about.code, OfficeLetter.subject == about.subject, OfficeLetter.valid_on == about.valid_on,
        col(OfficeLetter.voided_at).is_(None), col(OfficeLetter.replaced_by).is_(None)).with_for_update()
        .execution_options(populate_existing=True)).all()
    same = next((row for row in former if row.digest == digest), None)
    if same is not None:
        return same
    code, series = new_code(), f"{office.letter_series}{about.suffix}"
    [serial] = draw(session, series, today.year)
    number = f"{series}〔{today.year}〕{serial}号"
    try:
        job = job_of(about.code, {**said, "number": number, "issued_on": today, "check": printed(code)}, office, now)
        made = pressed(job)
    except DocumentError as error:
        raise GuardFailed("context_incomplete", f"文书“{about.code}”无法生成：{error.message}", remedy=error.remedy or "补全资料后重新办理",
                          field=error.field) from error
    row = OfficeLetter(
        id=uuidv7(), org_key=about.org_key, code=about.code, subject=about.subject, cover_id=about.cover_id,
        person_id=about.person_id, claim_id=about.claim_id,
        valid_on=about.valid_on, series=series, year=today.year, serial=serial, number=number, issued_on=today,
        context=json.loads(job.values), digest=digest, sha256=storage.put(made.pdf), check_code=code, issued_by=actor.account_id,
        issued_person=actor.person_id, issued_at=now)
    session.add(row)
    session.flush()
    for old in former:
        old.replaced_by = row.id
    session.flush()
    return row


def void(session: Session, *, letter_id: uuid.UUID, reason: str, actor: Actor, now: datetime) -> OfficeLetter:
    """Take a letter back; its number stays used and its check says so. Conflict when it no longer stands."""
    actor.require(*sorted(OFFICE), what="作废证明和报告")
    why = written(reason, "reason")
    row = session.get(OfficeLetter, letter_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise missing()
    if row.voided_at is not None or row.replaced_by is not None:
        raise Conflict("letter_over", "这一文书已作废或者已被替换", remedy="刷新后核对")
    row.voided_at, row.void_reason, row.voided_by = now, why, actor.account_id
    session.add(row)
    session.flush()
    return row


def letter(session: Session, letter_id: uuid.UUID) -> OfficeLetter:
    """One letter. NotFound, also when it is out of scope."""
    found = session.get(OfficeLetter, letter_id)
    if found is None:
        raise missing()
    return found


def content(session: Session, letter_id: uuid.UUID) -> bytes:
    """The PDF exactly as it was issued."""
    return storage.get(letter(session, letter_id).sha256)


def missing() -> NotFound:
    """No such letter and one out of sight are not told apart."""
    return NotFound("not_found", "没有这一文书，或不在您的管辖范围内", remedy="核对编号")


def _digest(said: Mapping[str, object]) -> str:
    """The same words have the same digest: canonical JSON, dates by their ISO form."""
    return hashlib.sha256(json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str).encode()).hexdigest()
