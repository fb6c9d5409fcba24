"""Known relations: recorded, taken back, kept in both histories. A tie opens claims to a member and closes them to a decider."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlmodel import Session, col, select

from services.access.actor import OFFICE, Actor, Role
from services.core.errors import Conflict, InputError, NotFound, NotPermitted
from services.enrolment import person_history
from services.enrolment.categories import require_outsider
from services.enrolment.persons import MAY_RECORD
from services.models import FamilyTie, Person, Proxy

PROXY = "proxy"             # the tie of somebody who acts for the gravely ill: no kin, yet on the claimant's side
_MAY_UNTIE = (Role.ADMINISTRATOR, Role.SYSTEM, *sorted(OFFICE))
_MIRROR = {"husband": "wife", "wife": "husband", "parent": "child", "child": "parent", "sibling": "sibling",
           "spouse": "spouse", "other": "other"}


def add_kin(session: Session, *, person_id: uuid.UUID, relative_id: uuid.UUID, relation: str, why: str = "登记亲属",
            actor: Actor, now: datetime) -> None:
    """Record that `relative_id` is the `relation` of `person_id`; the mirror is recorded too. Twice changes nothing.

    A merged id means the kept record; both histories say so. NotPermitted: the actor is one of the two.
    """
    actor.require(*MAY_RECORD, what="登记亲属")     # never a member: a tie opens the other's claims to her
    if relation not in _MIRROR:
        raise InputError("relation", f"不认识的亲属关系“{relation}”", remedy=f"可用：{'、'.join(_MIRROR)}", field="relation")
    one, other = _both(session, person_id, relative_id)
    if one == other:
        raise InputError("relation", "不能登记本人为亲属", remedy="核对人员", field="relative_id")
    if not actor.persons.isdisjoint({one, other}):
        raise NotPermitted("own_record", "不能登记本人的亲属关系", remedy="由其他人员登记")
    old = _relations(session, one, other)
    tie(session, one, other, relation, _MIRROR[relation])
    _tell(session, old, _relations(session, one, other), why, actor, now)


def remove_kin(session: Session, *, person_id: uuid.UUID, relative_id: uuid.UUID, why: str, actor: Actor, now: datetime) -> None:
    """A tie recorded in error goes, in both directions; between a person and her proxy of any time that of a proxy stays.

    NotFound: no such tie. Conflict: it is a proxy's. NotPermitted: the actor is one of the two or kin of one.
    """
    actor.require(*_MAY_UNTIE, what="撤销亲属登记")
    one, other = _both(session, person_id, relative_id)
    old = _relations(session, one, other)
    if not old:
        raise NotFound("kin_missing", "两人之间没有亲属登记", remedy="核对人员", field="relative_id")
    if set(old.values()) == {PROXY}:
        raise Conflict("tie_of_proxy", "这是代理关系，不是亲属登记", remedy="代理可提前终止；代理过的人仍须回避")
    require_outsider(session, actor, [one, other], "撤销亲属登记")
    session.execute(sa.delete(FamilyTie).where(_between(one, other)))
    acted = sa.or_(sa.and_(col(Proxy.person_id) == one, col(Proxy.proxy_id) == other),
                   sa.and_(col(Proxy.person_id) == other, col(Proxy.proxy_id) == one))
    if session.exec(select(Proxy.id).where(acted)).first():
        tie(session, one, other, PROXY, PROXY)
    _tell(session, old, _relations(session, one, other), why, actor, now)


def tie(session: Session, person_id: uuid.UUID, relative_id: uuid.UUID, relation: str, mirror: str) -> None:
    """Both directions; a known relation stands, but kinship replaces a mere proxy's tie."""
    new = pg_insert(FamilyTie)
    kinship = new.on_conflict_do_update(index_elements=["person_id", "relative_id"], set_={"relation": new.excluded.relation},
                                        where=(col(FamilyTie.relation) == PROXY))
    session.execute(kinship, [{"person_id": person_id, "relative_id": relative_id, "relation": relation},
                              {"person_id": relative_id, "relative_id": person_id, "relation": mirror}])


def _both(session: Session, person_id: uuid.UUID, relative_id: uuid.UUID) -> tuple[uuid.UUID, uuid.UUID]:
    found: list[Person] = []
    for field, wanted in (("person_id", person_id), ("relative_id", relative_id)):
        person = person_history.resolved(session, wanted)
        if person is None:
            raise NotFound("person_missing", "没有此人", remedy="核对人员", field=field)
        found.append(person)
    return found[0].id, found[1].id


def _between(one: uuid.UUID, other: uuid.UUID) -> sa.ColumnElement[bool]:
    return sa.or_(sa.and_(col(FamilyTie.person_id) == one, col(FamilyTie.relative_id) == other),
                  sa.and_(col(FamilyTie.person_id) == other, col(FamilyTie.relative_id) == one))


def _relations(session: Session, one: uuid.UUID, other: uuid.UUID) -> dict[tuple[uuid.UUID, uuid.UUID], str]:
    rows = session.execute(sa.select(col(FamilyTie.person_id), col(FamilyTie.relative_id), col(FamilyTie.relation))
                           .where(_between(one, other))).all()
    return {(row.person_id, row.relative_id): row.relation for row in rows}


def _tell(session: Session, old: dict[tuple[uuid.UUID, uuid.UUID], str], new: dict[tuple[uuid.UUID, uuid.UUID], str], why: str,
          actor: Actor, now: datetime) -> None:
    for pair in sorted({*old, *new}):
        before, after = (f"{pair[1]}（{words[pair]}）" if pair in words else None for words in (old, new))
        if before != after:
            person_history.record(session, pair[0], {"kin": (before, after)}, why=why, actor=actor, now=now)
