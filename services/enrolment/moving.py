"""A branch under another parent, a unit into its successor: one statement over every table that carries a key.

How records under the old keys are read afterwards: infra/decisions/0008.
"""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.access.actor import Actor, Role
from services.audit import service as audit
from services.audit.chain import Entry
from services.core.clock import business_day
from services.core.errors import Conflict, InputError
from services.enrolment.organisations import locked, record, require_free
from services.models import FormerKey, Organisation

_MAY = (Role.ADMINISTRATOR, Role.SYSTEM)
_REKEY = sa.text("SELECT rekey_organisations(:old, :new, :into)").bindparams(sa.bindparam("into", type_=sa.Uuid))
_OPEN_CLAIMS = sa.text("""
    SELECT id, org_key FROM claim WHERE org_key >= :low AND org_key < :high AND state NOT IN ('closed', 'cancelled')
    ORDER BY id""")


def move_organisation(session: Session, *, org_id: uuid.UUID, parent_id: uuid.UUID, why: str, version: int | None = None,
                      actor: Actor, now: datetime) -> Organisation:
    """The branch with all its rows under another parent; its code stays. Open claims go on, each says so in its record.

    Both places lie in the actor's scope. Conflict: closed, the code is taken (or was another's) there, a node's own branch.
    """
    actor.require(*_MAY, what="组织管理")
    org, parent = _pair(session, org_id, parent_id, actor, version, "parent_id")
    if org.parent_id is None or org.org_key == actor.org_key:
        raise InputError("org_root", "根组织和本级组织不能移动", remedy="由上级管理员办理", field="org_id")
    if org.parent_id == parent.id:
        raise Conflict("org_there_already", f"{org.name}已在{parent.name}之下", remedy="核对上级组织")
    old, new = org.org_key, f"{parent.org_key}{org.org_key.rstrip('.').rsplit('.', 1)[-1]}."
    if parent.org_key.startswith(old):
        raise InputError("org_circle", "不能移到自己的下级之下", remedy="换一个上级", field="parent_id")
    if not _was_own(session, new, org.id):
        require_free(session, new)
    org.parent_id = parent.id
    rows = _rekey(session, old, new, None, why, actor, now)
    record(session, org, "moved", why=why, from_key=old, details={"rows": rows}, actor=actor, now=now)
    return org


def merge_organisation(session: Session, *, org_id: uuid.UUID, into_id: uuid.UUID, why: str, version: int | None = None,
                       actor: Actor, now: datetime) -> Organisation:
    """Into a successor: its nodes, covers, open claims, accounts and duties go on there; it stays, closed. Gives the successor.

    Conflict: one of the two closed, or nodes of the same code under both.
    """
    actor.require(*_MAY, what="组织管理")
    org, into = _pair(session, org_id, into_id, actor, version, "into_id")
    if org.parent_id is None or org.org_key == actor.org_key:
        raise InputError("org_root", "根组织和本级组织不能并入别处", remedy="由上级管理员办理", field="org_id")
    if into.org_key.startswith(org.org_key):
        raise InputError("org_circle", "不能并入自己的下级", remedy="换一个接续的组织", field="into_id")
    same = _same_codes(session, org, into)
    if same:
        raise Conflict("org_codes_meet", f"两边都有代码相同的下级：{'、'.join(same)}", remedy="先合并或移动这些下级")
    old, new = org.org_key, into.org_key
    org.closed_on, org.merged_into = business_day(now), into.id
    rows = _rekey(session, old, new, into.id, why, actor, now)
    record(session, org, "merged", why=why, from_key=old, into=into, details={"rows": rows}, actor=actor, now=now)
    return into


def _pair(session: Session, org_id: uuid.UUID, other_id: uuid.UUID, actor: Actor, version: int | None,
          field: str) -> tuple[Organisation, Organisation]:
    """Both nodes locked in order of ids, so that two moves cannot wait for each other."""
    if org_id == other_id:
        raise InputError("org_circle", "不能是同一个组织", remedy="核对组织", field=field)
    found = {}
    for wanted in sorted((org_id, other_id)):
        own = wanted == org_id
        found[wanted] = locked(session, wanted, actor, version=version if own else None, field="org_id" if own else field)
    return found[org_id], found[other_id]


def _was_own(session: Session, key: str, org_id: uuid.UUID) -> bool:
    """Moving back to where it once was."""
    former = session.get(FormerKey, key)
    return former is not None and former.org_id == org_id


def _same_codes(session: Session, org: Organisation, into: Organisation) -> list[str]:
    """Codes that nodes below both have, or once had below the successor."""
    below = session.exec(select(Organisation.org_key).where(Organisation.parent_id == org.id)).all()
    wanted = [into.org_key + key[len(org.org_key):] for key in below]
    taken = {*session.exec(select(Organisation.org_key).where(col(Organisation.org_key).in_(wanted))).all(),
             *session.exec(select(FormerKey.former_key).where(col(FormerKey.former_key).in_(wanted))).all()}
    return sorted(key.rstrip(".").rsplit(".", 1)[-1] for key in taken)


def _rekey(session: Session, old: str, new: str, into_id: uuid.UUID | None, why: str, actor: Actor,
           now: datetime) -> dict[str, int]:
    """Every row under the old key goes to the new one; each open claim's record says so. Gives the rows of each column."""
    session.flush()
    claims = session.execute(_OPEN_CLAIMS, {"low": old, "high": f"{old.rstrip('.')}/"}).all()
    rows: dict[str, int] = session.execute(_REKEY, {"old": old, "new": new, "into": into_id}).scalar_one()
    session.expire_all()
    audit.append(session, [Entry(claim.id, new + claim.org_key[len(old):], "claim", claim.id, "moved", reason=why,
                                 details={"from": claim.org_key, "to": new + claim.org_key[len(old):]}) for claim in claims],
                 account=actor.account_id, person=actor.person_id, at=now)
    return rows
