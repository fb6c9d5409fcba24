"""A claimant's full number, shown once to somebody who says why; who saw it is recorded."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import Actor
from services.audit import service as audit
from services.core.errors import Conflict, InputError, NotFound, NotPermitted
from services.enrolment import queries as enrolment
from services.models import Person
from services.reporting import minimum
from services.reporting.claims import Located

FIELDS = minimum.FIELDS
MISSED = "person.find"      # a number asked for in vain: it is told that nobody has it, which guessing lives on
# The account's newest looks by the index; a batch of other looks in between is not counted.
_LATELY = sa.text("""
    SELECT count(*) FROM access_record r WHERE r.account_id = :account AND r.at > :since AND r.at <= :now
        AND (r.what LIKE 'unmask:%' OR r.what = :missed)""")
_ONE_BY_ONE = sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")


def require(session: Session, *, what: str, reason: str, actor: Actor, now: datetime) -> None:
    """Whether this number may be shown to this person, now (services/reporting/minimum.py).

    InputError: unknown field, no reason; NotPermitted: another role, nobody signed in; Conflict: too many within the hour.
    """
    if what not in FIELDS:
        raise InputError("field_unknown", f"没有“{what}”这一项", remedy=f"可用：{'、'.join(FIELDS)}", field="what")
    actor.require(*sorted(minimum.UNMASK[what]), what="查看完整号码")
    if not reason.strip():
        raise InputError("reason_missing", "查看完整号码须写明理由", remedy="写明为何需要完整号码", field="reason")
    require_few(session, actor=actor, now=now)


def require_few(session: Session, *, actor: Actor, now: datetime) -> uuid.UUID:
    """The account, which has not seen or guessed at too many numbers within the hour; its next one waits until this one is recorded.

    NotPermitted: nobody signed in; Conflict: too many.
    """
    if actor.account_id is None:
        raise NotPermitted("account_missing", "须由登录的人员查看", remedy="请登录后办理")
    session.execute(_ONE_BY_ONE, {"name": f"numbers:{actor.account_id}"})
    given = {"account": actor.account_id, "since": now - timedelta(hours=1), "now": now, "missed": MISSED}
    lately = session.execute(_LATELY, given).scalar_one()
    if lately >= minimum.UNMASKS_AN_HOUR:
        raise Conflict("unmasked_often", f"一小时内查看完整号码和查无此人已有 {lately} 次，暂停查看和查找",
                       remedy="稍后再办；成批需要的，用名册、付款文件等专门的清单")
    return actor.account_id


def name_of(session: Session, claim: Located) -> str:
    """The claimant's name."""
    return session.get_one(Person, claim.person_id).name


def unmask(session: Session, *, claim: Located, what: str, reason: str, actor: Actor, now: datetime) -> str:
    """The full number of one of FIELDS. InputError: unknown field, no reason; NotFound: none is on record."""
    require(session, what=what, reason=reason, actor=actor, now=now)
    assert actor.account_id is not None
    person = session.get_one(Person, claim.person_id)
    value = _number(session, person, what)
    if value is None:
        raise NotFound("number_missing", "没有登记这一号码", remedy="先登记", field="what")
    audit.looked(session, org_key=claim.org_key, account=actor.account_id, claim_id=claim.id, what=f"unmask:{what}:{person.id}",
                 reason=reason.strip(), at=now)
    return value


def _number(session: Session, person: Person, what: str) -> str | None:
    if what == "id_number":
        return enrolment.number_of(person)
    if what == "phone":
        return enrolment.phone_of(person)
    card = enrolment.current_cards(session, [person.id]).get(person.id)
    return enrolment.card_number(card) if card else None
