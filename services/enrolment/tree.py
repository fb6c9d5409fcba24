"""Reads of the tree: a node by a key it has or once had, its history, whom to call."""

from __future__ import annotations

import uuid
from datetime import date

from sqlmodel import Session, col, select

from services.core.errors import NotFound
from services.enrolment.numbers import ancestor_keys
from services.models import FormerKey, Liaison, Organisation, OrganisationChange


def find(session: Session, org_key: str) -> Organisation:
    """The organisation that has this key, or has the rows that once lay under it. NotFound otherwise."""
    former = session.get(FormerKey, org_key)
    query = select(Organisation).where(Organisation.id == former.org_id if former else Organisation.org_key == org_key)
    found = session.exec(query).first()
    if found is None:
        raise NotFound("organisation_missing", f"没有组织 {org_key}" if org_key else "没有选择组织", remedy="核对组织代码", field="org_key")
    return found


def history(session: Session, org_id: uuid.UUID) -> list[OrganisationChange]:
    """What happened to a node, and what was merged into it, oldest first."""
    change = OrganisationChange
    return list(session.exec(select(change).where((col(change.org_id) == org_id) | (col(change.into_id) == org_id))
                             .order_by(col(change.at), col(change.id))).all())


def liaisons(session: Session, org_key: str, day: date, *, kind: str | None = None) -> list[Liaison]:
    """Whom an organisation calls on a day, nearest area first; `kind` asks for insurers or agencies only."""
    area, owner = Organisation.__table__.alias("area"), Organisation.__table__.alias("owner")  # type: ignore[attr-defined]
    query = (select(Liaison).join(area, area.c.id == Liaison.area_id).join(owner, owner.c.id == Liaison.org_id)
             .where(area.c.org_key.in_(ancestor_keys(org_key)), owner.c.closed_on.is_(None), Liaison.from_on <= day,
                    (col(Liaison.until_on).is_(None)) | (col(Liaison.until_on) >= day))
             .order_by(area.c.org_key.desc(), col(Liaison.id)))
    return list(session.exec(query.where(owner.c.kind == kind) if kind else query).all())
