"""From an account to the one who acts: roles, proxies held, absent colleagues stood in for."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlmodel import Session, col, select

from services.access.actor import AT_CLAIMS, FINANCE, LENDABLE, Actor, Lent, Role
from services.core.clock import business_day
from services.models import Account, Grant, Proxy, Substitute


def granted(session: Session, account_id: uuid.UUID) -> set[str]:
    """The account's own roles."""
    return set(session.exec(select(Grant.role).where(Grant.account_id == account_id)).all())


def actor_of(session: Session, account: Account, *, narrowed: frozenset[str] = frozenset(), now: datetime) -> Actor:
    """The actor behind an open account; `narrowed` (when not empty) bounds own and lent roles alike."""
    today = business_day(now)
    own = granted(session, account.id)
    persons, lent = _stands_in(session, account, today)
    if not own & LENDABLE:
        lent = frozenset()      # only desk work stands in: also where the duties were changed by 0.9.2 or earlier
    if narrowed:
        own &= narrowed
        lent = frozenset(one for one in lent if one.role in narrowed)
    roles = frozenset(own | {one.role for one in lent})
    if roles & FINANCE and not roles & AT_CLAIMS:
        roles -= {Role.MEMBER}      # as `service.checked_roles`: whoever pays is no member here, whose door opens papers
    return Actor(account.id, account.person_id, account.org_key, account.name, roles,
                 _acts_for(session, account.person_id, today) if Role.MEMBER in roles else frozenset(), persons, lent)


def _acts_for(session: Session, person_id: uuid.UUID | None, today: date) -> frozenset[uuid.UUID]:
    """Whose proxy somebody is today."""
    return frozenset(session.exec(select(Proxy.person_id).where(
        Proxy.proxy_id == person_id, col(Proxy.ended_at).is_(None), Proxy.from_on <= today, Proxy.until_on >= today)).all())


def _stands_in(session: Session, account: Account, today: date) -> tuple[frozenset[uuid.UUID], frozenset[Lent]]:
    """The absent persons, and what they lend: named in the substitution, still held by them, at the same organisation.

    A person stays stood for when nothing is lent any more: separation asks whose place it is, not what it gives.
    """
    running = session.exec(
        select(Account, Substitute.roles).join(Substitute, col(Substitute.absent_id) == Account.id)
        .where(Substitute.account_id == account.id, col(Substitute.ended_at).is_(None), Substitute.from_on <= today,
               Substitute.until_on >= today)).all()
    persons = frozenset(absent.person_id for absent, _ in running if absent.person_id)
    lent = {Lent(absent.id, absent.person_id, role, absent.org_key) for absent, roles in running
            if absent.person_id and absent.active and absent.org_key == account.org_key
            for role in granted(session, absent.id) & set(roles.split()) & LENDABLE}
    return persons, frozenset(lent)
