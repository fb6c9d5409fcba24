"""A period's report to an insurer: prepared by one person, issued by another, frozen with workbook and letter; corrected by a new version.

And what was done under the cooperation rules, entered with its day.
"""

from __future__ import annotations

import hashlib
import uuid
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from documents.errors import DocumentError
from documents.render import render
from services.access import standing
from services.access.actor import OFFICE, Actor, Role
from services.core.clock import business_day
from services.core.errors import Conflict, GuardFailed, InputError, NotFound, NotPermitted
from services.core.ids import uuidv7
from services.core.texts import written
from services.enrolment.numbers import draw, signing_office
from services.insurer.exchange_book import workbook
from services.insurer.exchange_facts import Contents, changes, insurers
from services.insurer.exchange_figures import figures
from services.insurer.exchange_letter import values
from services.insurer.wire import canonical
from services.models import CooperationAct, ExchangeReport, Organisation
from services.models.exchange import COOPERATION
from services.storage import service as storage

SENIORS = (Role.SENIOR_REVIEWER, Role.HEAD)
MOST_DAYS = 366
_LOCK = sa.text("SELECT pg_advisory_xact_lock(hashtext('exchange:' || :org || :insurer))")


def last_period(kind: str, today: date) -> tuple[date, date]:
    """First and last day of the `month`, `quarter` or `year` before today's."""
    months = {"month": 1, "quarter": 3, "year": 12}[kind]
    first = date(today.year, (today.month - 1) // months * months + 1, 1)
    before = first - timedelta(days=1)
    return date(before.year, (before.month - 1) // months * months + 1, 1), before


def prepare(session: Session, *, insurer: str, from_on: date, until_on: date, actor: Actor, now: datetime) -> ExchangeReport:
    """The actor's organisation's report of a period. One that is issued is given back as it is, a prepared one is read anew.

    InputError: an insurer without a plan, days in the wrong order, more than a year, or a period that is not over.
    """
    actor.require(*sorted(OFFICE), what="编制与保险公司的合作情况报告")
    if insurer not in insurers():
        raise InputError("unknown_insurer", f"没有由“{insurer}”承保的计划", remedy=f"可选：{'、'.join(insurers())}", field="insurer")
    if not from_on <= until_on < from_on + timedelta(days=MOST_DAYS):
        raise InputError("period_wrong", "期间先后颠倒，或超过一年", remedy="改正起止日期", field="until_on")
    if until_on >= business_day(now):
        raise InputError("period_not_over", f"期间到 {until_on} 才结束", remedy="期间结束后再编制", field="until_on")
    session.execute(_LOCK, {"org": actor.org_key, "insurer": insurer})
    newest = _newest(session, actor.org_key, insurer, from_on, until_on)
    if newest is not None and newest.status == "issued":
        return newest
    row = newest or ExchangeReport(id=uuidv7(), org_key=actor.org_key, insurer=insurer, from_on=from_on, until_on=until_on, version=1,
                                   contents={}, digest="", prepared_by=uuid.UUID(int=0), prepared_person=uuid.UUID(int=0), prepared_at=now)
    return _fill(session, row, actor, now)


def correct(session: Session, *, report_id: uuid.UUID, why: str, actor: Actor, now: datetime) -> ExchangeReport:
    """The next version of an issued report, prepared, naming every figure that changed. Conflict when none did, or it is not the newest."""
    actor.require(*sorted(OFFICE), what="更正与保险公司的合作情况报告")
    reason = written(why, "why")
    row = _own(session, report_id, actor)
    if row.status != "issued" or _newest(session, row.org_key, row.insurer, row.from_on, row.until_on) != row:
        raise Conflict("report_status", "只能更正已签发的最新一版", remedy="刷新后核对")
    after = figures(session, insurer=row.insurer, from_on=row.from_on, until_on=row.until_on)
    if not changes(Contents.model_validate(row.contents), after):
        raise Conflict("nothing_changed", "各项数据与已签发的相同，无须更正", remedy="先更正有误的记录")
    made = ExchangeReport(id=uuidv7(), org_key=row.org_key, insurer=row.insurer, from_on=row.from_on, until_on=row.until_on,
                          version=row.version + 1, contents={}, digest="", why=reason, prepared_by=uuid.UUID(int=0),
                          prepared_person=uuid.UUID(int=0), prepared_at=now)
    return _fill(session, made, actor, now)


def issue(session: Session, *, report_id: uuid.UUID, seen: str | None = None, actor: Actor, now: datetime) -> ExchangeReport:
    """Number, workbook and letter, all or nothing; an issued report stays as it is.

    `seen`: the digest that the actor was shown. GuardFailed for whoever prepared it, Conflict when it changed since it was seen.
    """
    actor.require(*SENIORS, what="签发与保险公司的合作情况报告")
    row = _own(session, report_id, actor)
    if row.status == "issued":
        return row
    if not standing.is_second(session, row.id, row.prepared_person, actor=actor):
        raise GuardFailed("second_person", "编制人不能签发自己编制的报告", remedy="由另一位负责人签发", field="person")
    if row.version > 1 and not row.changes:
        raise Conflict("nothing_changed", "各项数据与前一版相同，无须更正", remedy="先更正有误的记录，再重新编制")
    contents = Contents.model_validate(row.contents)
    if digest_of(contents) != row.digest or (seen is not None and seen != row.digest):
        raise Conflict("stale_version", "报告已重新编制，与您看到的不同", remedy="刷新后核对，再签发")
    office = signing_office(session, row.org_key)
    number = f"{office.letter_series}函〔{business_day(now).year}〕{_serial(session, office, now)}号"
    former = _version(session, row, row.version - 1)
    context = values(contents, office=office, number=number, issued_on=business_day(now), corrects=former.number if former else None,
                     why=row.why)
    try:
        letter = render("exchange", context)
    except DocumentError as error:
        raise GuardFailed("context_incomplete", f"合作情况函无法生成：{error.message}", remedy=error.remedy or "补全资料后重新签发",
                          field=error.field) from error
    row.number, row.letter_sha256 = number, storage.put(letter.pdf)
    row.workbook_sha256 = storage.put(workbook(contents, office=str(office.letter_organ), version=row.version, number=number,
                                               changes=row.changes))
    row.status, row.issued_by, row.issued_person, row.issued_at = "issued", actor.account_id, actor.person_id, now
    session.add(row)
    session.flush()
    return row


def enter(session: Session, *, insurer: str, code: str, held_on: date, note: str, actor: Actor, now: datetime) -> CooperationAct:
    """Something that was done under the cooperation rules, on its day. InputError: unknown, or a day to come."""
    actor.require(*sorted(OFFICE), what="登记合作事项")
    if insurer not in insurers() or code not in COOPERATION:
        raise InputError("unknown_duty", "没有这一合作事项", remedy="从列表中选择", field="code")
    if held_on > business_day(now):
        raise InputError("day_to_come", f"{held_on} 还没有到", remedy="事项办理之后再登记", field="held_on")
    account, person = _somebody(actor)
    return _entered(session, CooperationAct(id=uuidv7(), org_key=actor.org_key, insurer=insurer, code=code, held_on=held_on,
                                            note=written(note, "note"), account_id=account, person_id=person, at=now))


def withdraw(session: Session, *, act_id: uuid.UUID, why: str, actor: Actor, now: datetime) -> CooperationAct:
    """An entry made in error: it stays, and no longer counts. Conflict when it was withdrawn before."""
    actor.require(*sorted(OFFICE), what="撤销合作事项的登记")
    session.execute(_LOCK, {"org": "act", "insurer": str(act_id)})      # the table only grows: its rows cannot be locked
    found = session.get(CooperationAct, act_id)
    if found is None or found.withdraws is not None:
        raise NotFound("act_missing", "没有这一登记，或不在您的管辖范围内", remedy="核对编号")
    reason = written(why, "why")
    if session.exec(select(CooperationAct).where(CooperationAct.withdraws == act_id)).first() is not None:
        raise Conflict("act_withdrawn", "这一登记已经撤销", remedy="刷新后核对")
    account, person = _somebody(actor)      # the organisation is the entry's: whoever counts it must see that it no longer counts
    return _entered(session, CooperationAct(id=uuidv7(), org_key=found.org_key, insurer=found.insurer, code=found.code,
                                            held_on=found.held_on, note=reason, withdraws=act_id, account_id=account, person_id=person,
                                            at=now))


def digest_of(contents: Contents) -> str:
    """SHA-256 over the figures, hex."""
    return hashlib.sha256(canonical(contents.model_dump(mode="json"))).hexdigest()


def _entered(session: Session, row: CooperationAct) -> CooperationAct:
    session.add(row)
    session.flush()
    return row


def _fill(session: Session, row: ExchangeReport, actor: Actor, now: datetime) -> ExchangeReport:
    """The present figures, and against the version before what changed."""
    contents = figures(session, insurer=row.insurer, from_on=row.from_on, until_on=row.until_on)
    former = _version(session, row, row.version - 1)
    row.contents, row.digest = contents.model_dump(mode="json"), digest_of(contents)
    row.changes = changes(Contents.model_validate(former.contents), contents) if former else []
    row.prepared_by, row.prepared_person = _somebody(actor)
    row.prepared_at = now
    session.add(row)
    session.flush()
    standing.note(session, "exchange_report", "prepare", [(row.org_key, row.id, row.id)], actor=actor, now=now)
    return row


def _somebody(actor: Actor) -> tuple[uuid.UUID, uuid.UUID]:
    """Account and person: a program enters nothing here."""
    if actor.account_id is None or actor.person_id is None:
        raise NotPermitted("person_missing", "须由登录的人员办理", remedy="以本人账号登录")
    return actor.account_id, actor.person_id


def _newest(session: Session, org_key: str, insurer: str, from_on: date, until_on: date) -> ExchangeReport | None:
    return session.exec(select(ExchangeReport).where(
        ExchangeReport.org_key == org_key, ExchangeReport.insurer == insurer, ExchangeReport.from_on == from_on,
        ExchangeReport.until_on == until_on).order_by(col(ExchangeReport.version).desc()).limit(1).with_for_update()
        .execution_options(populate_existing=True)).first()


def _version(session: Session, row: ExchangeReport, version: int) -> ExchangeReport | None:
    return session.exec(select(ExchangeReport).where(
        ExchangeReport.org_key == row.org_key, ExchangeReport.insurer == row.insurer, ExchangeReport.from_on == row.from_on,
        ExchangeReport.until_on == row.until_on, ExchangeReport.version == version)).first()


def _own(session: Session, report_id: uuid.UUID, actor: Actor) -> ExchangeReport:
    """A report of the actor's own organisation, locked: its period first and then itself, in the order of `prepare`."""
    found = session.get(ExchangeReport, report_id)
    if found is None or not found.org_key.startswith(actor.org_key):
        raise NotFound("report_missing", "没有这一报告，或不在您的管辖范围内", remedy="核对编号")
    if found.org_key != actor.org_key:
        raise NotPermitted("not_your_report", "报告由编制它的组织签发和更正", remedy="请该组织办理")
    session.execute(_LOCK, {"org": found.org_key, "insurer": found.insurer})
    return session.get_one(ExchangeReport, report_id, with_for_update=True, populate_existing=True)


def _serial(session: Session, office: Organisation, now: datetime) -> int:
    """A series of its own, beside that of the letters on claims, so that each is without gaps."""
    return draw(session, f"{office.letter_series}函", business_day(now).year)[0]
