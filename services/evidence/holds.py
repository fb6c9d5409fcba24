"""Holds by law (诉讼保全、监管检查): nothing of a person, a case or a claim is disposed of while one stands. Two persons lift it.

A hold on a person reaches her claims, as claimant or payee, and whatever else is hers; one on a case its claims.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.access import standing
from services.access.actor import Actor, Role
from services.audit import service as audit
from services.core.clock import business_day
from services.core.errors import Conflict, InputError, NotFound, NotPermitted
from services.intake.held import on_claim, on_person
from services.models import LegalHold
from services.models.privacy import GROUNDS

MAY = (Role.SENIOR_REVIEWER, Role.HEAD)
REACHES = ("matter", "person")
REVIEW = timedelta(days=180)        # ours: by then somebody asks whether it is still needed
LONGEST = timedelta(days=366)
SHORTEST_REASON = 4


@dataclass(frozen=True, slots=True)
class Subject:
    """What is held: one of the three, in the caller's sight."""

    org_key: str
    person_id: uuid.UUID | None = None
    case_id: uuid.UUID | None = None
    claim_id: uuid.UUID | None = None


_CLAIM = sa.text("SELECT id, org_key FROM claim WHERE claim_no = :no FOR UPDATE")
_CASE = sa.text("SELECT f.id, f.org_key FROM case_file f WHERE f.case_no = :no")
_LOCK = sa.text("""
    WITH RECURSIVE reports (id) AS (
        SELECT :case UNION SELECT f.joined_into FROM case_file f JOIN reports r ON r.id = f.id WHERE f.joined_into IS NOT NULL)
    SELECT c.id FROM claim c WHERE c.case_id IN (SELECT id FROM reports) OR c.person_id = :person
        OR c.id IN (SELECT y.claim_id FROM payee y WHERE y.person_id = :person) ORDER BY c.id FOR UPDATE""").bindparams(
    sa.bindparam("case", type_=sa.Uuid), sa.bindparam("person", type_=sa.Uuid))


def subject_of(session: Session, number: str) -> Subject:
    """The claim or report of a number. NotFound when neither is in sight."""
    wanted = number.strip().upper()
    found = session.execute(_CLAIM, {"no": wanted}).first()
    if found:
        return Subject(found.org_key, claim_id=found.id)
    found = session.execute(_CASE, {"no": wanted}).first()
    if found:
        return Subject(found.org_key, case_id=found.id)
    raise NotFound("not_found", "没有这一受理编号或报案编号，或不在您的管辖范围内", remedy="核对编号", field="number")


# Whom the office knows by this number. One hop: a merged record never names another merged one.
_PERSON = sa.text("""
    SELECT coalesce(p.merged_into, p.id) FROM person p WHERE p.id IN (
        SELECT c.person_id FROM claim c WHERE c.claim_no = :no UNION ALL SELECT f.person_id FROM case_file f WHERE f.case_no = :no
        UNION ALL SELECT v.person_id FROM cover v WHERE v.certificate_no = :no)""")


def person_of(session: Session, number: str, *, actor: Actor) -> Subject:
    """The member of a claim's, report's or certificate's number in sight: nobody is looked for by name, and nobody is listed.

    The hold is the placing office's own, whichever unit she is in, so that another of the office may lift it. NotFound out of sight.
    """
    actor.require(*MAY, what="登记保全")
    found = session.execute(_PERSON, {"no": number.strip().upper()}).scalar()
    if found is None:
        raise NotFound("not_found", "没有这一受理编号、报案编号或凭证号，或不在您的管辖范围内", remedy="核对编号", field="number")
    return Subject(actor.org_key, person_id=found)


def reached(session: Session, reach: str, number: str, *, actor: Actor) -> Subject:
    """What a form names: the matter of a number itself (`matter`), or all that is its member's (`person`). InputError for another reach."""
    if reach not in REACHES:
        raise InputError("reach_unknown", "没有选择保全的范围", remedy=f"可用：{'、'.join(REACHES)}", field="reach")
    return person_of(session, number, actor=actor) if reach == "person" else subject_of(session, number)


def place(session: Session, *, subject: Subject, ground: str, reason: str, paper_no: str = "", review_on: date | None = None,
          looks: bool = True, actor: Actor, now: datetime) -> LegalHold:
    """From now on nothing of the subject is disposed of. InputError by field; Conflict where one for the same ground stands."""
    actor.require(*MAY, what="登记保全")
    if ground not in GROUNDS:
        raise InputError("ground_unknown", "没有选择保全的事由", remedy=f"可用：{'、'.join(GROUNDS)}", field="ground")
    _stated(reason, "reason")
    today = business_day(now)
    day = review_on or today + REVIEW
    if not today < day <= today + LONGEST:
        raise InputError("review_on", "复核日须在一年之内", remedy="填写今天以后一年之内的日期，到时复核是否仍须保全",
                         field="review_on")
    # The claims first: a sweep that has them decides before or after, never in between.
    session.execute(_LOCK, {"case": subject.case_id, "person": subject.person_id})
    same = session.exec(select(LegalHold.id).where(
        LegalHold.person_id == subject.person_id, LegalHold.case_id == subject.case_id, LegalHold.claim_id == subject.claim_id,
        LegalHold.ground == ground, col(LegalHold.lifted_at).is_(None))).first()
    if same:
        raise Conflict("held_already", "已有同一事由的保全", remedy="在保全清单中查看", field="ground")
    row = LegalHold(org_key=subject.org_key, person_id=subject.person_id, case_id=subject.case_id, claim_id=subject.claim_id,
                    ground=ground, reason=reason.strip(), paper_no=paper_no.strip() or None, looks=looks, review_on=day,
                    placed_by=actor.account_id, placed_person=actor.person_id, placed_at=now)
    session.add(row)
    session.flush()
    _record(session, row, "placed", row.reason, actor, now)
    return row


def ask_lift(session: Session, *, hold_id: uuid.UUID, why: str, actor: Actor, now: datetime) -> LegalHold:
    """One person says that it is needed no more; it stands until another agrees."""
    actor.require(*MAY, what="申请解除保全")
    row = _standing(session, hold_id)
    _stated(why, "why")
    row.asked_by, row.asked_person, row.asked_at, row.asked_why = actor.account_id, actor.person_id, now, why.strip()
    standing.note(session, "legal_hold", "ask_lift", [(row.org_key, row.id, row.id)], actor=actor, now=now)
    return _kept(session, row, "asked", why.strip(), actor, now)


def lift(session: Session, *, hold_id: uuid.UUID, actor: Actor, now: datetime) -> LegalHold:
    """The other person. Conflict: nobody asked; NotPermitted: the one who asked."""
    actor.require(*MAY, what="解除保全")
    row = _standing(session, hold_id)
    if row.asked_by is None:
        raise Conflict("lift_not_asked", "还没有人申请解除", remedy="先由一人申请并写明理由，再由另一人解除")
    if row.asked_by == actor.account_id or not standing.is_second(session, row.id, row.asked_person, actor=actor):
        raise NotPermitted("same_person", "申请解除和解除须是两个人", remedy="请另一位复审或主任解除")
    row.lifted_by, row.lifted_person, row.lifted_at = actor.account_id, actor.person_id, now
    return _kept(session, row, "lifted", row.asked_why or "", actor, now)


@dataclass(frozen=True, slots=True)
class Line:
    """One hold of the list. `overdue`: its review day is past."""

    hold: LegalHold
    number: str
    name: str
    placed_by: str
    asked_by: str
    lifted_by: str
    overdue: bool


_LINES = sa.text("""
    SELECT h.id, coalesce(c.claim_no, f.case_no, '') AS number, coalesce(p.name, q.name, r.name, '') AS name,
        coalesce(a.name, '') AS placed_by, coalesce(b.name, '') AS asked_by, coalesce(l.name, '') AS lifted_by
    FROM legal_hold h LEFT JOIN claim c ON c.id = h.claim_id LEFT JOIN case_file f ON f.id = h.case_id
    LEFT JOIN person p ON p.id = h.person_id LEFT JOIN person q ON q.id = c.person_id LEFT JOIN person r ON r.id = f.person_id
    LEFT JOIN account a ON a.id = h.placed_by LEFT JOIN account b ON b.id = h.asked_by LEFT JOIN account l ON l.id = h.lifted_by
    WHERE (:lifted OR h.lifted_at IS NULL) ORDER BY h.lifted_at IS NOT NULL, h.review_on, h.id LIMIT :limit""")


def lines(session: Session, *, today: date, lifted: bool = False, limit: int = 200) -> list[Line]:
    """The holds in sight, those to be looked at first in front."""
    found = session.execute(_LINES, {"lifted": lifted, "limit": limit}).all()
    rows = {row.id: row for row in session.exec(select(LegalHold).where(col(LegalHold.id).in_([one.id for one in found])))}
    return [Line(rows[one.id], one.number, one.name, one.placed_by, one.asked_by, one.lifted_by,
                 rows[one.id].lifted_at is None and rows[one.id].review_on < today) for one in found]


def _stated(words: str, field: str) -> None:
    if len(words.strip()) < SHORTEST_REASON:
        raise InputError("reason_missing", "没有写明理由", remedy="写明是什么案件、检查或投诉，为什么须保全", field=field)


def _standing(session: Session, hold_id: uuid.UUID) -> LegalHold:
    row = session.exec(select(LegalHold).where(LegalHold.id == hold_id).with_for_update().execution_options(populate_existing=True)).first()
    if row is None:
        raise NotFound("not_found", "没有这项保全，或不在您的管辖范围内", remedy="核对编号")
    if row.lifted_at is not None:
        raise Conflict("hold_over", "这项保全已经解除", remedy="刷新后核对")
    return row


def _kept(session: Session, row: LegalHold, event: str, why: str, actor: Actor, now: datetime) -> LegalHold:
    session.add(row)
    session.flush()
    _record(session, row, event, why, actor, now)
    return row


def _record(session: Session, row: LegalHold, event: str, why: str, actor: Actor, now: datetime) -> None:
    """Who did it stays in the record of looks and acts, which is append-only."""
    if actor.account_id:
        audit.looked(session, org_key=row.org_key, account=actor.account_id, claim_id=row.claim_id, what=f"legal_hold.{event}:{row.id}",
                     reason=why, at=now)


__all__: Sequence[str] = ["GROUNDS", "MAY", "Line", "Subject", "ask_lift", "lift", "lines", "on_claim", "on_person", "person_of", "place",
                          "reached", "subject_of"]
