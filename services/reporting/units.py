"""The units that somebody may enrol for, found by a part of their name or code: a region has thousands."""

from __future__ import annotations

import uuid

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, or_, select

from services.access.actor import Actor
from services.models import Organisation
from services.reporting.sight import missing

FEW, SHOWN = 20, 30


def few(session: Session, actor: Actor) -> list[Organisation]:
    """All of them, when they are few enough to choose from at a glance; else none."""
    found = list(session.exec(select(Organisation).where(*_open(actor)).order_by(col(Organisation.org_key)).limit(FEW + 1)).all())
    return found if len(found) <= FEW else []


def search(session: Session, actor: Actor, words: str) -> tuple[list[Organisation], bool]:
    """Those whose name or code holds the words, by name; whether there are more than are shown. Nothing for no words."""
    part = " ".join(words.split())
    if not part:
        return [], False
    named = or_(col(Organisation.name).icontains(part, autoescape=True), col(Organisation.org_key).icontains(part, autoescape=True))
    found = list(session.exec(select(Organisation).where(*_open(actor), named)
                              .order_by(col(Organisation.name), col(Organisation.org_key)).limit(SHOWN + 1)).all())
    return found[:SHOWN], len(found) > SHOWN


def unit(session: Session, actor: Actor, org_id: uuid.UUID) -> Organisation:
    """One of them. NotFound: closed, no unit, or out of the actor's scope."""
    found = session.exec(select(Organisation).where(*_open(actor), Organisation.id == org_id)).first()
    if found is None:
        raise missing()
    return found


def _open(actor: Actor) -> tuple[ColumnElement[bool], ...]:
    key = col(Organisation.org_key)
    return (key >= actor.org_key, key < f"{actor.org_key.rstrip('.')}/", col(Organisation.kind) == "unit",
            col(Organisation.closed_on).is_(None))
