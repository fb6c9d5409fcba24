"""Categories (劳模, 特困, 困难) with their days and the paper that proves them. The event's day decides which one counts."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.access.actor import REVIEWERS, Actor, Role
from services.core.clock import business_day
from services.core.errors import Conflict, InputError, NotFound, NotPermitted
from services.enrolment import person_history
from services.enrolment.persons import tell_open_claims
from services.models import FamilyTie, Person, PersonCategory
from services.rulebook.facts import CATEGORIES
from services.storage import reading
from services.storage import service as storage

NORMAL = "normal"
CATEGORY_NAMES = {"normal": "普通", "model_worker": "劳模", "specially_poor": "特困", "hardship": "困难"}
_MAY = (Role.ADMINISTRATOR, Role.SYSTEM, *sorted(REVIEWERS))
_SHA256 = re.compile(r"[0-9a-f]{64}")


def add_category(session: Session, *, person_id: uuid.UUID, category: str, from_on: date, until_on: date | None = None,
                 proof_sha256: str, actor: Actor, now: datetime) -> PersonCategory:
    """A category from one day to another, both inside (or open), confirmed by the actor on a stored paper.

    NotPermitted: on oneself or kin. Conflict: the days meet another period, or the record carries a category without days.
    """
    actor.require(*_MAY, what="认定会员类别")
    person = person_history.locked(session, person_id)
    if category not in CATEGORIES or category == NORMAL:
        raise InputError("category", f"不能认定类别“{category}”", remedy=f"可用：{'、'.join(CATEGORIES[1:])}", field="category")
    if until_on is not None and until_on < from_on:
        raise InputError("category_dates", "止日早于起日", remedy="改正日期", field="until_on")
    check_proof(proof_sha256)
    require_outsider(session, actor, [person_id], "认定会员类别")
    known = periods(session, person_id)
    if not known and person.category not in (NORMAL, category):
        raise Conflict("category_undated", f"此人登记为{CATEGORY_NAMES[person.category]}，没有起止日期和证明",
                       remedy="先补登这一类别的起止日期和证明")
    met = [old for old in known if old.from_on <= (until_on or date.max) and from_on <= (old.until_on or date.max)]
    if met:
        raise Conflict("category_overlap", f"与已认定的{_words(met[0])}重叠", remedy="先撤销或改用不重叠的日期", field="from_on")
    made = PersonCategory(person_id=person_id, category=category, from_on=from_on, until_on=until_on, proof_sha256=proof_sha256,
                          confirmed_by=actor.account_id, confirmed_person=actor.person_id, at=now)
    session.add(made)
    _changed(session, person, None, _words(made), "认定会员类别", actor, now)
    return made


def withdraw_category(session: Session, *, category_id: uuid.UUID, why: str, actor: Actor, now: datetime) -> PersonCategory:
    """A period that was recorded in error counts for no day any more; it stays to be read."""
    actor.require(*_MAY, what="撤销会员类别")
    found = session.get(PersonCategory, category_id)
    if found is None or found.withdrawn_at is not None:
        raise NotFound("category_missing", "没有这一类别认定，或已撤销", remedy="核对记录", field="category_id")
    person = person_history.locked(session, found.person_id)
    require_outsider(session, actor, [person.id], "撤销会员类别")
    found.withdrawn_at = now
    session.add(found)
    _changed(session, person, _words(found), None, why, actor, now)
    return found


def periods(session: Session, person_id: uuid.UUID) -> list[PersonCategory]:
    """A person's periods that count, oldest first."""
    session.flush()
    return list(session.exec(select(PersonCategory).where(
        PersonCategory.person_id == person_id, col(PersonCategory.withdrawn_at).is_(None))
        .order_by(col(PersonCategory.from_on))).all())


_ON = sa.text("SELECT id, person_category_on(id, :day, category) FROM person WHERE id = ANY(CAST(:ids AS uuid[]))")


def categories_on(session: Session, person_ids: Sequence[uuid.UUID], day: date) -> dict[uuid.UUID, str]:
    """Each person's category on a day; without recorded periods the registered word."""
    session.flush()
    return {row[0]: row[1] for row in session.execute(_ON, {"ids": list(person_ids), "day": day})}


def keep_proof(*, content: bytes, file_name: str, actor: Actor) -> str:
    """Keep the paper that proves a category or a proxy; its SHA-256 names it. InputError as for a claim's papers."""
    actor.require(Role.UNIT_CLERK, *_MAY, what="上传证明材料")
    storage.check_size(content)
    reading.received(content, file_name)
    return storage.put(content)


def check_proof(sha256: str) -> None:
    """InputError unless it is the SHA-256 of a paper that is kept."""
    if not _SHA256.fullmatch(sha256) or not storage.has(sha256):
        raise InputError("proof", "证明材料的摘要不对，或材料没有上传", remedy="先上传证明材料，填其 SHA-256", field="proof_sha256")


def require_outsider(session: Session, actor: Actor, person_ids: Sequence[uuid.UUID], what: str) -> None:
    """Nobody decides about themselves or their kin."""
    tie = session.exec(select(FamilyTie.person_id).where(col(FamilyTie.relative_id).in_(actor.persons),
                                                        col(FamilyTie.person_id).in_(list(person_ids)))).first()
    if tie or not actor.persons.isdisjoint(person_ids):
        raise NotPermitted("own_or_kin", f"不能为本人或亲属{what}", remedy="由其他人员办理")


def _words(period: PersonCategory) -> str:
    return f"{CATEGORY_NAMES[period.category]}（{period.from_on} 至 {period.until_on or '另行通知'}）"


def _changed(session: Session, person: Person, old: str | None, new: str | None, why: str, actor: Actor, now: datetime) -> None:
    """Today's word follows the periods; history and open claims say what changed."""
    today = business_day(now)
    person.category = categories_on(session, [person.id], today)[person.id] if periods(session, person.id) else NORMAL
    person.version += 1
    session.add(person)
    person_history.record(session, person.id, {"category": (old, new)}, why=why, actor=actor, now=now)
    tell_open_claims(session, [person.id], "category_changed", {"old": old, "new": new}, why, actor, now)
