"""Issuing: number, words, bytes and state in one transaction, so that numbers have neither gaps nor doubles."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from documents.errors import DocumentError
from services.access.actor import Actor
from services.core.clock import business_day
from services.core.errors import GuardFailed, HuzhuError
from services.enrolment.numbers import draw
from services.lifecycle.service import Move, fire
from services.models import Notice
from services.notice.checks import code_of, printed
from services.notice.contexts import BUILDERS
from services.notice.contexts.common import head
from services.notice.contexts.insured import insurer_letter, letter_title
from services.notice.files import File, gather
from services.notice.pressing import Job, job_of, lying_ready, pressed
from services.notice.pressroom import press_all
from services.releases.passages import in_force, of_letter
from services.storage import service as storage
from statemachines.states import NoticeState

PDF = "application/pdf"
# Within one claim a letter may name the number of those before it.
ORDER = ("receipt", "supplement", "reminder", "not_pursued", "limitation", "transfer", "recalled", "held", "extended", "date_changed",
         "advance", "objection_receipt", "reopened", "reexamined", "decision", "consolation", "refusal", "refund", "cover_note", "heirs",
         "account", "payment", "repayment", "withdrawal")


def letter_number(series: str, year: int, serial: int) -> str:
    """发文字号: 宁工互通〔2026〕12号, the year whole and in 〔〕, the serial without zeros."""
    return f"{series}〔{year}〕{serial}号"


_LOCK = sa.text("""
    SELECT n.id FROM notice n JOIN claim c ON c.id = n.claim_id WHERE n.id = ANY(CAST(:ids AS uuid[]))
    AND n.state = :state ORDER BY c.id, n.id FOR UPDATE OF c, n""")


def locked(session: Session, notice_ids: Sequence[uuid.UUID], state: str) -> list[Notice]:
    """The letters that are still in this state, locked with their claims, in the order their claims' letters follow each other."""
    ids = list(session.execute(_LOCK, {"ids": list(notice_ids), "state": state}).scalars())
    rows = session.exec(select(Notice).where(col(Notice.id).in_(ids)).execution_options(populate_existing=True))
    return in_order(rows)


def in_order(rows: Iterable[Notice]) -> list[Notice]:
    """By claim, and within a claim as its letters follow each other."""
    return sorted(rows, key=lambda row: (row.claim_id, ORDER.index(row.code), row.id))


def issue(session: Session, *, notice_ids: Sequence[uuid.UUID], actor: Actor, now: datetime) -> list[Notice]:
    """Drafted → issued: number drawn, words set, bytes stored under their hash, all or nothing. Issued ones are left.

    A letter that cannot be written (a value missing, a character without glyph) raises and gives its number back.
    """
    notices = _without_moot(session, locked(session, notice_ids, NoticeState.DRAFTED), actor, now)
    today = business_day(now)
    files = gather(session, notices)
    by_series: dict[str, list[File]] = {}
    for file in files:
        by_series.setdefault(str(file.office.letter_series), []).append(file)
    numbered = [(series, serial, file) for series in sorted(by_series) for serial, file in zip(
        draw(session, series, today.year, len(by_series[series])), by_series[series], strict=True)]
    with lying_ready(press_all(foreseen(numbered, now))):
        for series, serial, file in numbered:
            _write(session, file, series, serial, today, now)
    session.flush()
    fire(session, "notice", "issue", [Move(row.id, details={"number": row.number, "sha256": row.sha256}) for row in notices],
         actor=actor, now=now)
    return fresh(session, [row.id for row in notices])


_MOOT = sa.text("""
    SELECT n.id FROM notice n JOIN claim c ON c.id = n.claim_id JOIN supplement s ON s.claim_id = c.id
        AND s.id::text = split_part(n.cause, ':', 2)
    WHERE n.id = ANY(CAST(:ids AS uuid[])) AND ((n.code = 'reminder' AND s.state <> 'delivered')
        OR (n.code = 'not_pursued' AND c.state <> 'closed'))
    UNION ALL SELECT n.id FROM notice n JOIN claim c ON c.id = n.claim_id WHERE n.id = ANY(CAST(:ids AS uuid[])) AND (
        (n.code = 'held' AND NOT c.held) OR (n.code = 'limitation' AND c.state <> 'closed')
        OR (n.code = 'transfer' AND EXISTS (SELECT 1 FROM handoff h WHERE h.claim_id = c.id AND h.state = 'recalled'
            AND n.cause = 'claim.forward:' || h.round)))
    UNION ALL SELECT n.id FROM notice n JOIN sla_clock k ON k.id::text = split_part(n.cause, ':', 2)
    WHERE n.id = ANY(CAST(:ids AS uuid[])) AND n.code = 'extended' AND k.state <> 'running'
    UNION ALL SELECT n.id FROM notice n JOIN clock_recount r ON r.id::text = split_part(n.cause, ':', 2)
    JOIN sla_clock k ON k.id = r.clock_id WHERE n.id = ANY(CAST(:ids AS uuid[])) AND n.code = 'date_changed'
    AND (k.state = 'stopped' OR k.due_on = r.old_due)
    UNION ALL SELECT n.id FROM notice n JOIN payment p ON p.id::text = split_part(n.cause, ':', 2)
    WHERE n.id = ANY(CAST(:ids AS uuid[])) AND n.code = 'account' AND p.state <> 'returned'
    UNION ALL SELECT n.id FROM notice n JOIN claim c ON c.id = n.claim_id
    WHERE n.id = ANY(CAST(:ids AS uuid[])) AND n.code = ANY(CAST(:deciding AS text[])) AND split_part(n.cause, ':', 2) <> c.round::text""")
# Of a round that is over: what it gave and nobody was paid fell away when the claim was taken up again, the reader is told so, and
# the new round's decision is on the whole.
_DECIDING = ("decision", "consolation", "refusal", "refund", "cover_note")
_MAY_BE_MOOT = ("reminder", "not_pursued", "held", "limitation", "extended", "account", "transfer", "date_changed", *_DECIDING)


def _without_moot(session: Session, notices: Sequence[Notice], actor: Actor, now: datetime) -> list[Notice]:
    """A list answered, a claim taken up or decided again, between drafting and issuing: the letter would say what is no longer so."""
    ids = {row.id for row in notices if row.code in _MAY_BE_MOOT}
    moot = set(session.execute(_MOOT, {"ids": sorted(ids), "deciding": list(_DECIDING)}).scalars()) if ids else set()
    fire(session, "notice", "void", [Move(row, reason="情况已经改变，无须再发") for row in sorted(moot)], actor=actor, now=now)
    return [row for row in notices if row.id not in moot]


def job(file: File, number: str, now: datetime, enclosures: Sequence[Mapping[str, str]]) -> Job:
    """What the letter says under this number. Raises DocumentError naming a value that is missing."""
    today = business_day(now)
    values = {**head(file, number, today), "enclosures": [item["name"] for item in enclosures],
              "check": printed(code_of(file.notice.id))}
    if own := of_letter(in_force(file.worded, file.claim.org_key, today), file.notice.code):
        values["own_words"] = own       # kept with the letter: what the office says later changes no letter that is out
    return job_of(file.notice.code, {**values, **BUILDERS[file.notice.code](file, today)}, file.office, now)


def foreseen(numbered: Iterable[tuple[str, int, File]], now: datetime) -> list[Job]:
    """The jobs of letters under these numbers, so that they can be pressed side by side. One that lacks a value is left out."""
    jobs = []
    for series, serial, file in numbered:
        number = letter_number(series, business_day(now).year, serial)
        try:
            jobs.append(job(file, number, now, enclosures(file)))
        except (DocumentError, HuzhuError):
            continue
        file.numbers[file.notice.code] = number
    return jobs


def _write(session: Session, file: File, series: str, serial: int, today: date, now: datetime) -> None:
    notice = file.notice
    number = letter_number(series, today.year, serial)
    listed = enclosures(file)
    try:
        wanted = job(file, number, now, listed)
        letter = pressed(wanted)
    except DocumentError as error:
        raise GuardFailed("context_incomplete", f"{file.claim.claim_no} 的文书“{notice.code}”无法生成：{error.message}",
                          remedy=error.remedy or "补全案件资料后重新签发", field=error.field) from error
    file.numbers[notice.code] = number
    session.execute(sa.text(
        "UPDATE notice SET series = :series, year = :year, serial = :serial, number = :number, issued_on = :today,"
        " context = CAST(:context AS jsonb), sha256 = :sha, enclosures = CAST(:enclosures AS jsonb), issued_at = :now,"
        " check_code = :check, certificate = :certificate"
        " WHERE id = :id"),
        {"series": series, "year": today.year, "serial": serial, "number": number, "today": today,
         "context": wanted.values, "sha": storage.put(letter.pdf),
         "check": code_of(notice.id), "certificate": letter.certificate,
         "enclosures": json.dumps(listed), "now": now, "id": notice.id})


def enclosures(file: File) -> list[dict[str, str]]:
    """The insurer's own decision letter goes with the union's note, unchanged."""
    if file.claim.route != "insurer" or file.notice.code not in ("cover_note", "refund") or file.decision is None:
        return []
    return [{"name": letter_title(file.decision), "sha256": storage.put(insurer_letter(file.decision).pdf), "mime": PDF}]


def fresh(session: Session, ids: Sequence[uuid.UUID]) -> list[Notice]:
    """The letters as they are now, in the order of their numbers."""
    rows = session.exec(select(Notice).where(col(Notice.id).in_(list(ids))).execution_options(populate_existing=True))
    return sorted(rows, key=lambda row: (str(row.series), row.year or 0, row.serial or 0))
