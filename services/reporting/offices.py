"""What administrators look at: a node of the tree with what hangs on it, who answers for a release. No claim is read here."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.access.actor import Actor
from services.core.errors import NotFound
from services.enrolment import tree
from services.models import Account, Liaison, Organisation, OrganisationChange, Release

MOST = 200


@dataclass(frozen=True, slots=True)
class Node:
    """An organisation with its place: those above it (nearest last), those right below, its history and liaisons."""

    org: Organisation
    above: Sequence[Organisation]
    below: Sequence[Organisation]
    more: bool
    accounts: int
    history: Sequence[OrganisationChange]
    liaisons: Sequence[Liaison]
    names: dict[uuid.UUID, str]


def organisation(session: Session, org_id: uuid.UUID | None, actor: Actor, today: date, search: str = "") -> Node:
    """A node in the actor's branch; without an id the actor's own. `search` narrows what is right below by name or key.

    At most `MOST` below. NotFound out of sight.
    """
    org = session.get(Organisation, org_id) if org_id else tree.find(session, actor.org_key)
    if org is None or not org.org_key.startswith(actor.org_key):
        raise NotFound("organisation_missing", "没有这一组织，或不在您的管辖范围内", remedy="核对组织", field="org_id")
    codes = org.org_key.rstrip(".").split(".")
    keys = [".".join(codes[:n]) + "." for n in range(1, len(codes))]
    above = session.exec(select(Organisation).where(col(Organisation.org_key).in_([key for key in keys if key.startswith(actor.org_key)]))
                         .order_by(col(Organisation.org_key))).all()
    below = select(Organisation).where(Organisation.parent_id == org.id).order_by(
        col(Organisation.closed_on).is_not(None), col(Organisation.org_key)).limit(MOST + 1)
    if search:
        below = below.where(sa.or_(col(Organisation.name).contains(search, autoescape=True),
                                   col(Organisation.org_key).contains(search.lower(), autoescape=True)))
    found = session.exec(below).all()
    accounts = session.execute(sa.select(sa.func.count()).select_from(Account).where(col(Account.org_id) == org.id,
                                                                                     col(Account.active))).scalar_one()
    history = tree.history(session, org.id)
    lines = tree.liaisons(session, org.org_key, today)
    return Node(org, above, found[:MOST], len(found) > MOST, accounts, history, lines,
                names_of(session, (row.account_id for row in history)) | _organisations(session, lines))


def _organisations(session: Session, lines: Sequence[Liaison]) -> dict[uuid.UUID, str]:
    wanted = {line.org_id for line in lines} | {line.area_id for line in lines}
    if not wanted:
        return {}
    return dict(session.exec(select(col(Organisation.id), col(Organisation.name)).where(col(Organisation.id).in_(wanted))).all())


def names_of(session: Session, accounts: Iterable[uuid.UUID | None]) -> dict[uuid.UUID, str]:
    """The names of accounts by id."""
    wanted = {account for account in accounts if account}
    if not wanted:
        return {}
    return dict(session.exec(select(col(Account.id), col(Account.name)).where(col(Account.id).in_(wanted))).all())


def release_names(session: Session, found: Sequence[Release]) -> dict[uuid.UUID, str]:
    """Who proposed and who answered, and the organisations, by id."""
    orgs = {one.org_id for one in found}
    names = dict(session.exec(select(col(Organisation.id), col(Organisation.name)).where(col(Organisation.id).in_(orgs))).all())
    return names | names_of(session, [who for one in found for who in (one.proposed_by, one.answered_by)])
