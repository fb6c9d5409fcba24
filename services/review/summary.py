"""Summary sheets up the tree (逐级汇总): the claims of a level collected, signed as one act, received by the level above.

A draft binds nobody. The signature passes every claim with its own check, all or none (`bulk`). A claim that is returned
afterwards leaves the sheet by its own record; the signed lines themselves never change.
"""

from __future__ import annotations

import uuid
from calendar import monthrange
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import REVIEWERS, Actor, role_words
from services.audit import service as audit
from services.audit.chain import Entry
from services.core.clock import business_day
from services.core.errors import Conflict, GuardFailed, InputError, NotPermitted
from services.core.ids import uuidv7
from services.models import SummaryLine, SummarySheet
from services.review import bulk, summary_queries
from services.review.bulk import LIMIT, Ask, Result
from services.review.summary_queries import Candidate, digest_of, stored_lines
from services.rulebook import registry


@dataclass(frozen=True, slots=True)
class Drafted:
    """The new sheet, and the claims that were left out of it with the reason."""

    sheet: SummarySheet
    left_out: tuple[Result, ...] = ()


def draft(session: Session, *, plan: str, month: date, level: str | None = None, claim_nos: Sequence[str] | None = None,
          actor: Actor, now: datetime) -> Drafted:
    """A numbered sheet of the actor's open level: claims whose file was complete by the month's end, or just those named.

    What the actor could not pass now (separation, hold, taken by another) is left out with its reason. At most
    `bulk.LIMIT` lines; the rest goes on the next sheet. Errors: InputError (a month to come, several levels and none
    named, unknown plan), Conflict (nothing to collect).
    """
    actor.require(*sorted(REVIEWERS), what="编制汇总表")
    registry.latest(plan)
    month = month.replace(day=1)
    if month > business_day(now):
        raise InputError("month_to_come", f"{month:%Y年%m月}还没有到", remedy="改正月份", field="month")
    if claim_nos is not None and len(claim_nos) > LIMIT:
        raise InputError("claims_many", f"一张汇总表最多 {LIMIT} 件", remedy="分几张汇总", field="claims")
    found = summary_queries.candidates(session, actor=actor, plan=plan, until=_last_day(month), level=level,
                                       claim_nos=claim_nos, limit=LIMIT)
    _one_level(found)
    fit, left_out = _fit(session, found, actor, now)
    left_out += [Result(number, code="not_open_here", message="不是本级待办的案件，或已在另一张汇总表草稿上", remedy="核对案号")
                 for number in claim_nos or () if number not in {item.claim_no for item in found}]
    if not fit:
        said = "；".join(f"{result.claim_no}：{result.message}" for result in left_out[:5])
        raise Conflict("nothing_to_collect", f"没有可以汇总的案件{'。' + said if said else ''}", remedy="核对计划和月份")
    sheet = _number(session, plan, month, fit[0], actor, now)
    session.add(sheet)
    session.flush()
    _put(session, sheet, fit)
    return Drafted(sheet, tuple(left_out))


def refresh(session: Session, *, sheet_id: uuid.UUID, version: int | None = None, actor: Actor, now: datetime) -> Drafted:
    """Read every claim of a draft again; those that cannot be passed any more leave it, with the reason."""
    sheet = _draft_of(session, sheet_id, version, actor)
    numbers = [line.claim_no for line in stored_lines(session, sheet_id)]
    found = summary_queries.candidates(session, actor=actor, plan=sheet.plan, until=_last_day(sheet.month), level=sheet.level,
                                       claim_nos=numbers, but=sheet_id)
    fit, left_out = _fit(session, found, actor, now)
    left_out += [Result(number, code="not_open_here", message="已不是本级待办的案件", remedy="无须处理")
                 for number in numbers if number not in {item.claim_no for item in found}]
    _clear(session, sheet_id)
    _put(session, sheet, fit)
    _move(session, sheet)
    return Drafted(sheet, tuple(left_out))


def take_out(session: Session, *, sheet_id: uuid.UUID, version: int | None = None, claim_nos: Collection[str], actor: Actor,
             now: datetime) -> SummarySheet:
    """Take claims off a draft; the lines are numbered anew. InputError: a claim that is not on it, or nothing stays."""
    sheet = _draft_of(session, sheet_id, version, actor)
    lines = stored_lines(session, sheet_id)
    unknown = sorted(set(claim_nos) - {line.claim_no for line in lines})
    staying = [line for line in lines if line.claim_no not in set(claim_nos)]
    if unknown or not claim_nos:
        raise InputError("claim_not_on_sheet", f"汇总表上没有：{'、'.join(unknown) or '（未选定案件）'}", remedy="核对案号", field="claims")
    if not staying:
        raise InputError("sheet_empty", "汇总表不能没有案件", remedy="作废这张草稿", field="claims")
    for line in lines:
        if line not in staying:
            session.delete(line)
    for position, line in enumerate(staying, 1):
        line.position = position
    session.flush()
    _move(session, sheet)
    return sheet


def discard(session: Session, *, sheet_id: uuid.UUID, version: int | None = None, actor: Actor, now: datetime) -> SummarySheet:
    """Give a draft up; its number stays used, its claims are free for another."""
    sheet = _draft_of(session, sheet_id, version, actor)
    _clear(session, sheet_id)
    sheet.status = "discarded"
    _move(session, sheet)
    return sheet


def sign(session: Session, *, sheet_id: uuid.UUID, version: int | None = None, actor: Actor, now: datetime) -> list[Result]:
    """One signature passes every claim of the draft, or none: `bulk.NotAllPassed` names each in the way.

    The actor signs what the lines showed: a claim whose facts changed since is in the way. The digest of the lines is
    stored with the signature.
    """
    sheet = _draft_of(session, sheet_id, version, actor)
    lines = stored_lines(session, sheet_id)
    done = bulk.pass_many(session, asks=[Ask(line.claim_no, line.facts_digest, step=line.step_id) for line in lines],
                          actor=actor, now=now)
    digest = digest_of(sheet, lines)
    _tell(session, sheet, lines, digest, actor, now)
    seqs = _seqs(session, lines)
    for line, result in zip(lines, done, strict=True):
        line.signed_seq, line.decided_fen = seqs[line.claim_id], result.decided_fen
    sheet.status, sheet.digest = "signed", digest
    sheet.signed_by, sheet.signed_person, sheet.signed_at = actor.account_id, actor.person_id, now
    _move(session, sheet)
    return done


def receive(session: Session, *, sheet_id: uuid.UUID, version: int | None = None, actor: Actor, now: datetime) -> SummarySheet:
    """The level above takes the signed sheet in as one unit.

    NotPermitted: the actor's role is not that of a level at which one of its claims now waits. GuardFailed: the actor
    signed it, or no claim of it goes further.
    """
    actor.require(*sorted(REVIEWERS), what="接收汇总表")
    sheet = _locked(session, sheet_id, version)
    if sheet.status != "signed":
        raise _wrong_status(sheet, "接收")
    if sheet.signed_person in actor.persons or session.execute(_SIGNED_FOR, {
            "sheet": sheet_id, "by": sheet.signed_person, "persons": list(actor.persons)}).first():
        raise GuardFailed("own_sheet", "签署汇总表的人不能代上级接收", remedy="由上级审核人接收", field="person")
    waiting = session.execute(_WAITING, {"sheet": sheet_id}).all()
    if not waiting:
        raise GuardFailed("sheet_at_top", "汇总表上的案件没有上一级待办", remedy="无须接收", field="level")
    if not any(actor.has(row.role) and row.duty_key.startswith(actor.org_key) for row in waiting):
        raise NotPermitted("not_your_level", f"这张汇总表报送“{waiting[0].name}”，不由 {actor.name} 接收",
                           remedy=f"请该组织的{role_words([waiting[0].role])}接收")
    sheet.status = "received"
    sheet.received_by, sheet.received_person, sheet.received_at = actor.account_id, actor.person_id, now
    _move(session, sheet)
    return sheet


# Whom the signer stood in for when passing the sheet's levels.
_SIGNED_FOR = sa.text("""
    SELECT 1 FROM summary_line l JOIN stood_in t ON t.subject_id = l.step_id AND t.by_person = :by
    WHERE l.sheet_id = :sheet AND t.for_person = ANY(CAST(:persons AS uuid[])) LIMIT 1""")
_WAITING = sa.text("""
    SELECT DISTINCT s.role, s.duty_key, s.name FROM summary_line l JOIN claim c ON c.id = l.claim_id AND c.round = l.round
    JOIN review_step s ON s.claim_id = c.id AND s.round = c.round AND s.state = 'open' AND s.id <> l.step_id
    WHERE l.sheet_id = :sheet AND c.state = 'in_review' ORDER BY 1, 2""")


def _last_day(month: date) -> date:
    return month.replace(day=monthrange(month.year, month.month)[1])


def _one_level(found: Sequence[Candidate]) -> None:
    levels = {item.level: item.level_name for item in found}
    if len(levels) > 1:
        raise InputError("level_open", f"您有几个层级的待办案件：{'、'.join(levels.values())}", remedy=f"选定层级：{'、'.join(levels)}",
                         field="level")


def _fit(session: Session, found: Sequence[Candidate], actor: Actor,
         now: datetime) -> tuple[list[Candidate], list[Result]]:
    """Those that the actor could pass now, by trying; and the others with the reason."""
    if not found:
        return [], []
    tried = bulk.rehearse(session, asks=[Ask(item.claim_no, item.digest) for item in found], actor=actor, now=now)
    return ([item for item, result in zip(found, tried, strict=True) if result.passed],
            [result for result in tried if not result.passed])


def _number(session: Session, plan: str, month: date, first: Candidate, actor: Actor, now: datetime) -> SummarySheet:
    """The next number of the organisation and month, e.g. XJ-WLMQ-TSD-202603-01."""
    session.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext('summary:' || :org || :month))"),
                    {"org": actor.org_key, "month": month.isoformat()})
    last = session.execute(sa.text("SELECT coalesce(max(serial), 0) FROM summary_sheet WHERE org_key = :org AND month = :month"),
                           {"org": actor.org_key, "month": month}).scalar_one()
    codes = actor.org_key.rstrip(".").split(".")
    place = "-".join(code.upper() for code in (codes[1:] or codes))
    return SummarySheet(id=uuidv7(), org_key=actor.org_key, sheet_no=f"{place}-{month:%Y%m}-{last + 1:02d}", serial=last + 1,
                        plan=plan, month=month, level=first.level, level_name=first.level_name, made_by=actor.account_id,
                        made_person=actor.person_id, made_at=now)


def _put(session: Session, sheet: SummarySheet, items: Sequence[Candidate]) -> None:
    session.add_all([SummaryLine(
        id=uuidv7(), org_key=sheet.org_key, sheet_id=sheet.id, position=position, claim_id=item.claim_id, round=item.round,
        step_id=item.step_id, claim_no=item.claim_no, name=item.name, event=item.event, total_fen=item.total_fen,
        checks=list(item.checks), flags=list(item.flags), facts_digest=item.digest) for position, item in enumerate(items, 1)])
    session.flush()


def _clear(session: Session, sheet_id: uuid.UUID) -> None:
    session.execute(sa.text("DELETE FROM summary_line WHERE sheet_id = :id"), {"id": sheet_id})
    session.expire_all()


def _locked(session: Session, sheet_id: uuid.UUID, version: int | None) -> SummarySheet:
    sheet = session.get(SummarySheet, sheet_id, with_for_update=True, populate_existing=True)
    if sheet is None:
        raise summary_queries.missing()
    if version is not None and version != sheet.version:
        raise Conflict("stale_version", f"汇总表已被他人更新（您看到第{version}版，现为第{sheet.version}版）",
                       remedy="刷新后核对变动，再办理")
    return sheet


def _draft_of(session: Session, sheet_id: uuid.UUID, version: int | None, actor: Actor) -> SummarySheet:
    """A draft of the actor's own organisation."""
    actor.require(*sorted(REVIEWERS), what="办理汇总表")
    sheet = _locked(session, sheet_id, version)
    if sheet.org_key != actor.org_key:
        raise NotPermitted("not_your_sheet", "草稿由编制它的组织办理", remedy="待其签署后接收")
    if sheet.status != "drafted":
        raise _wrong_status(sheet, "改动或签署")
    return sheet


def _wrong_status(sheet: SummarySheet, what: str) -> Conflict:
    words = {"drafted": "草稿", "signed": "已签署", "received": "已接收", "discarded": "已作废"}[sheet.status]
    return Conflict("sheet_status", f"汇总表{words}，不能{what}", remedy="刷新后核对")


def _tell(session: Session, sheet: SummarySheet, lines: Sequence[SummaryLine], digest: str, actor: Actor, now: datetime) -> None:
    """Each claim's record says on which sheet its level was passed."""
    keys = {row.id: row.org_key for row in session.execute(
        sa.text("SELECT id, org_key FROM claim WHERE id = ANY(CAST(:ids AS uuid[]))"), {"ids": [line.claim_id for line in lines]})}
    audit.append(session, [Entry(line.claim_id, keys[line.claim_id], "claim", line.claim_id, "summary_signed", details={
        "sheet": sheet.sheet_no, "line": line.position, "level": sheet.level, "digest": digest}) for line in lines],
        account=actor.account_id, person=actor.person_id, at=now)


def _seqs(session: Session, lines: Sequence[SummaryLine]) -> dict[uuid.UUID, int]:
    rows = session.execute(sa.text("SELECT id, audit_seq FROM claim WHERE id = ANY(CAST(:ids AS uuid[]))"),
                           {"ids": [line.claim_id for line in lines]})
    return {row.id: row.audit_seq for row in rows}


def _move(session: Session, sheet: SummarySheet) -> None:
    sheet.version += 1
    session.add(sheet)
    session.flush()
