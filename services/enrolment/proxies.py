"""Who acts for a person too ill to: may report, see the claims and receive letters, between two days, with proof."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.access.actor import REVIEWERS, Actor, Role
from services.core.clock import business_day
from services.core.errors import Conflict, InputError, NotFound
from services.enrolment import person_history
from services.enrolment.categories import check_proof, require_outsider
from services.enrolment.kin import PROXY, tie
from services.enrolment.persons import tell_open_claims
from services.models import Proxy

_MAY = (Role.UNIT_CLERK, Role.SYSTEM, *sorted(REVIEWERS))
LONGEST = timedelta(days=366)


def add_proxy(session: Session, *, person_id: uuid.UUID, proxy_id: uuid.UUID, from_on: date, until_on: date, reason: str,
              proof_sha256: str, actor: Actor, now: datetime) -> Proxy:
    """`proxy_id` acts for `person_id` from one day to another (at most a year), on a stored paper.

    From now on the proxy counts as the claimant's kin for separation of persons, also after the end: who once acted for
    her decides nothing of hers. NotPermitted: the actor is one of the two, or their kin.
    """
    actor.require(*_MAY, what="登记代理人")
    first, second = sorted((person_id, proxy_id))
    people = {wanted: person_history.locked(session, wanted, field="person_id" if wanted == person_id else "proxy_id")
              for wanted in dict.fromkeys((first, second))}
    if person_id == proxy_id:
        raise InputError("proxy_self", "本人不能是自己的代理人", remedy="核对人员", field="proxy_id")
    if not from_on <= until_on <= from_on + LONGEST:
        raise InputError("proxy_dates", "代理期须有起止日，最长一年", remedy="改正日期，期满可续", field="until_on")
    if until_on < business_day(now):
        raise InputError("proxy_past", "代理期已全部过去", remedy="改正止日；过去的代理不补登", field="until_on")
    if not reason.strip():
        raise InputError("why_missing", "须写明代理原因", remedy="写明病情或事由", field="reason")
    check_proof(proof_sha256)
    require_outsider(session, actor, [person_id, proxy_id], "登记代理")
    for person in people.values():
        if person.died_on:
            raise Conflict("person_died", f"{person.name}已登记死亡", remedy="身故后的事宜由受益人办理")
    made = Proxy(person_id=person_id, proxy_id=proxy_id, from_on=from_on, until_on=until_on, reason=reason,
                 proof_sha256=proof_sha256, recorded_by=actor.account_id, at=now)
    session.add(made)
    tie(session, person_id, proxy_id, PROXY, PROXY)
    _changed(session, made, None, _words(made), reason, actor, now)
    return made


def end_proxy(session: Session, *, proxy_id: uuid.UUID, why: str, actor: Actor, now: datetime) -> Proxy:
    """The proxy's right ends at once, before its last day. `proxy_id` is the record's id."""
    actor.require(*_MAY, what="终止代理")
    found = session.exec(select(Proxy).where(Proxy.id == proxy_id).with_for_update()).first()
    if found is None or found.ended_at is not None:
        raise NotFound("proxy_missing", "没有这一代理，或已终止", remedy="核对记录", field="proxy_id")
    found.ended_at = now
    session.add(found)
    _changed(session, found, _words(found), None, why, actor, now)
    return found


def proxies_of(session: Session, person_id: uuid.UUID) -> list[Proxy]:
    """Everybody who ever acted for a person, oldest first."""
    return list(session.exec(select(Proxy).where(Proxy.person_id == person_id).order_by(col(Proxy.at), sa.column("id"))).all())


def _words(proxy: Proxy) -> str:
    return f"{proxy.proxy_id}（{proxy.from_on} 至 {proxy.until_on}）"


def _changed(session: Session, proxy: Proxy, old: str | None, new: str | None, why: str, actor: Actor, now: datetime) -> None:
    person_history.record(session, proxy.person_id, {"proxy": (old, new)}, why=why, actor=actor, now=now)
    tell_open_claims(session, [proxy.person_id], "proxy_changed", {"day": str(business_day(now)), "new": new is not None}, why,
                     actor, now)
