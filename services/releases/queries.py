"""Which change is in force, and the list of proposals."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.access.actor import Actor
from services.models import Organisation, Release
from services.releases import rules

LONGEST_LIST = 200


def _above(org_key: str) -> list[str]:
    """The keys of an organisation and of all above it."""
    codes = org_key.rstrip(".").split(".")
    return [".".join(codes[:n]) + "." for n in range(1, len(codes) + 1)]


def current(session: Session, *, kind: str, on: date, org_key: str, subject: tuple[str, str] | None = None) -> Release | None:
    """The released change of a kind that holds on a day at an organisation: the latest to take effect, then the nearest.

    `subject` tells changes of one kind apart by a key of their payload, e.g. ("plan", "xj-women").
    """
    query = (select(Release).join(Organisation, col(Organisation.id) == Release.org_id).where(
        Release.kind == kind, Release.state == "released", Release.effective_on <= on, col(Organisation.org_key).in_(_above(org_key)))
        .order_by(col(Release.effective_on).desc(), sa.func.length(Organisation.org_key).desc(), col(Release.answered_at).desc()))
    if subject is not None:
        payload: Any = col(Release.payload)
        query = query.where(payload[subject[0]].astext == subject[1])
    return session.exec(query.limit(1)).first()


def separation(session: Session, *, on: date, org_key: str) -> frozenset[str]:
    """The comparisons of persons that hold; all of them without a release."""
    released = current(session, kind="separation_rule", on=on, org_key=org_key)
    return rules.in_force(released.payload if released else None)


def releases(session: Session, *, actor: Actor, kind: str | None = None, state: str | None = None) -> list[Release]:
    """The newest first: everything at and under the actor's organisation, and what was released above it."""
    key = actor.org_key
    query = select(Release).join(Organisation, col(Organisation.id) == Release.org_id).where(sa.or_(
        sa.and_(col(Organisation.org_key) >= key, col(Organisation.org_key) < f"{key.rstrip('.')}/"),
        sa.and_(col(Organisation.org_key).in_(_above(key)), col(Release.state) == "released")))
    if kind:
        query = query.where(Release.kind == kind)
    if state:
        query = query.where(Release.state == state)
    return list(session.exec(query.order_by(col(Release.proposed_at).desc(), col(Release.id).desc()).limit(LONGEST_LIST)).all())
