"""How old files at the insurer are, and who looks after each."""

from __future__ import annotations

import itertools
import uuid
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import OFFICE, Actor, Role
from services.core.errors import Conflict, NotFound
from services.insurer import queries
from services.lifecycle.apart import require_apart
from services.models import HandoffOwner
from services.workdays.calendar import calendar
from services.workdays.count import add_working

# Days from sending, upper bounds inclusive; the last band is open. The insurer's own limits (30 days to assess) lie on the edges.
BANDS: tuple[tuple[str, int | None], ...] = (("3", 3), ("10", 10), ("30", 30), ("over", None))
UNHEARD_DAYS = 2            # working days after which a file that was sent and not confirmed is somebody's task
OVER = ("settled", "recalled")


def band(days: int | None) -> str:
    """The band of a file sent so many calendar days ago; "none" for one not sent yet."""
    if days is None:
        return "none"
    return next(name for name, most in BANDS if most is None or days <= most)


def sent_between(name: str, today: date) -> tuple[date, date] | None:
    """First and last day on which files of a band were sent; None for no such band."""
    low = 0
    for code, most in BANDS:
        if code == name:
            return date.min if most is None else today - timedelta(days=most), today - timedelta(days=low)
        low = 0 if most is None else most + 1
    return None


def unheard_on(today: date) -> date:
    """The last day of sending whose receipt should have been confirmed before today."""
    return next(day for day in (today - timedelta(days=n) for n in itertools.count(1)) if heard_by(day) < today)


def heard_by(sent_on: date) -> date:
    """By when the insurer should have confirmed a file sent on that day."""
    return add_working(sent_on, UNHEARD_DAYS, calendar()).due


_ACCOUNT = sa.text("""
    SELECT a.id FROM account a WHERE a.id = :id AND a.active AND a.org_key <= :org AND left(:org, length(a.org_key)) = a.org_key
    AND EXISTS (SELECT 1 FROM role_grant g WHERE g.account_id = a.id AND g.role = ANY(CAST(:roles AS text[])))""")
_NOW = sa.text("SELECT owner FROM handoff_owner WHERE handoff_id = :id ORDER BY at DESC, id DESC LIMIT 1")


def owner_of(session: Session, handoff_id: uuid.UUID) -> uuid.UUID | None:
    """The account that looks after the file."""
    return session.execute(_NOW, {"id": handoff_id}).scalar_one_or_none()


def take(session: Session, *, claim_id: uuid.UUID, actor: Actor, now: datetime) -> None:
    """Look after the file oneself. Conflict when somebody else does already: the head hands it over."""
    actor.require(*sorted(OFFICE), what="跟进移送的案卷")
    handoff_id, org_key = _handoff(session, claim_id, actor)
    present = owner_of(session, handoff_id)
    if present == actor.account_id:
        return
    if present is not None and not actor.has(Role.HEAD):
        raise Conflict("owner_other", "已有人跟进这份案卷", remedy="由主任改派")
    _write(session, handoff_id, org_key, actor.account_id, actor, now)


def give_back(session: Session, *, claim_id: uuid.UUID, actor: Actor, now: datetime) -> None:
    """No longer looked after; by whoever did, or the head."""
    actor.require(*sorted(OFFICE), what="跟进移送的案卷")
    handoff_id, org_key = _handoff(session, claim_id, actor)
    present = owner_of(session, handoff_id)
    if present is None or (present != actor.account_id and not actor.has(Role.HEAD)):
        raise Conflict("owner_other", "这份案卷不由您跟进", remedy="刷新后核对")
    _write(session, handoff_id, org_key, None, actor, now)


def assign(session: Session, *, claim_id: uuid.UUID, owner: uuid.UUID, actor: Actor, now: datetime) -> None:
    """The head gives the file to one of the office. NotFound: no such account in use with a role of the office."""
    actor.require(Role.HEAD, what="指派案卷的跟进人")
    handoff_id, org_key = _handoff(session, claim_id, actor)
    found = session.execute(_ACCOUNT, {"id": owner, "org": org_key, "roles": sorted(OFFICE)}).scalar_one_or_none()
    if found is None:
        raise NotFound("account_missing", "没有这一账号，或它没有办事处的审核职责", remedy="从名单中选择", field="owner")
    if owner_of(session, handoff_id) != owner:
        _write(session, handoff_id, org_key, owner, actor, now)


def _handoff(session: Session, claim_id: uuid.UUID, actor: Actor) -> tuple[uuid.UUID, str]:
    session.execute(sa.text("SELECT 1 FROM claim WHERE id = :id FOR UPDATE"), {"id": claim_id})
    handoff = queries.handoff_of(session, claim_id)
    if handoff is None or handoff.state in OVER:
        raise Conflict("event_not_allowed", "没有在办的移送", remedy="刷新后核对案件状态")
    require_apart(session, [claim_id], actor)
    return handoff.id, handoff.org_key


def _write(session: Session, handoff_id: uuid.UUID, org_key: str, owner: uuid.UUID | None, actor: Actor, now: datetime) -> None:
    session.add(HandoffOwner(org_key=org_key, handoff_id=handoff_id, owner=owner, given_by=actor.account_id, at=now))
    session.flush()
