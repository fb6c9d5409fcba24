"""Two records of one person (15 and 18 places, a mistyped number) become one; what was re-pointed is kept, to go back."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from services.access.actor import OFFICE, Actor, Role
from services.audit import service as audit
from services.audit.chain import Entry
from services.core.errors import Conflict, InputError, NotFound, NotPermitted
from services.enrolment import merged_covers, people, person_history
from services.enrolment.categories import require_outsider
from services.enrolment.kin import PROXY
from services.models import BankCard, FamilyTie, Person, PersonMerge

_MAY = (Role.ADMINISTRATOR, Role.SYSTEM, *sorted(OFFICE))
Moved = dict[str, list[object]]
_TIES, _TIES_MADE, _TIES_RAISED = "family_tie", "family_tie.made", "family_tie.raised"
_CARDS, _RECORDS = "bank_card.replaced_at", "person.merged_into"


def merge_people(session: Session, *, kept_id: uuid.UUID, dropped_id: uuid.UUID, why: str, version: int | None = None,
                 actor: Actor, now: datetime) -> PersonMerge:
    """Covers, claims, payees, ties, cards, categories of the dropped record become the kept one's, in this transaction.

    The dropped id and number still resolve to the kept record. Conflict: covers of one plan overlap (named), or both
    records stand on one line. NotPermitted: rows beyond the actor's scope, the actor's own record or kin.
    """
    actor.require(*_MAY, what="合并人员记录")
    if kept_id == dropped_id:
        raise InputError("merge_self", "两条记录相同", remedy="核对人员", field="dropped_id")
    kept, dropped = _pair(session, kept_id, dropped_id, version)
    require_outsider(session, actor, [kept_id, dropped_id], "合并记录")
    if session.execute(sa.text("SELECT person_beyond_scope(:person)"), {"person": dropped_id}).scalar_one():
        raise NotPermitted("beyond_scope", "此人在您的管辖范围之外另有记录", remedy="由上一级办事处合并")
    merged_covers.require_no_overlap(session, kept, dropped)
    # Claims before covers, as everybody locks them.
    session.execute(sa.text("SELECT FROM claim WHERE person_id IN (:kept, :dropped) ORDER BY id FOR UPDATE"),
                    {"kept": kept.id, "dropped": dropped.id})
    merged_covers.join(session, kept.id, dropped.id, actor=actor, now=now)
    moved = _repoint(session, kept, dropped, now)
    if dropped.died_on and not kept.died_on:
        person_history.record(session, kept.id, {"died_on": (None, str(dropped.died_on))}, why=why, actor=actor, now=now)
        kept.died_on = dropped.died_on
    dropped.merged_into = kept.id
    kept.version, dropped.version = kept.version + 1, dropped.version + 1
    made = PersonMerge(kept_id=kept.id, dropped_id=dropped.id, moved=moved, why=why, account_id=actor.account_id,
                       by_person=actor.person_id, at=now)
    session.add_all([kept, dropped, made])
    person_history.record(session, kept.id, {"merged": (None, str(dropped.id))}, why=why, actor=actor, now=now)
    _tell(session, moved, "person_merged", made, why, actor, now)
    return made


def split_people(session: Session, *, merge_id: uuid.UUID, why: str, actor: Actor, now: datetime) -> PersonMerge:
    """Undo a merger: the rows it re-pointed go back; what came since stays with the kept record.

    Conflict: already undone, one of the two was merged again since, or claims were made since on covers that would go
    back. NotPermitted: rows beyond the actor's scope, the actor's own record or kin.
    """
    actor.require(*_MAY, what="撤销合并")
    made = session.exec(select(PersonMerge).where(PersonMerge.id == merge_id).with_for_update()).first()
    if made is None:
        raise NotFound("merge_missing", "没有这次合并", remedy="核对记录", field="merge_id")
    kept = session.get(Person, made.kept_id, with_for_update=True, populate_existing=True)
    dropped = session.get(Person, made.dropped_id, with_for_update=True, populate_existing=True)
    assert kept and dropped
    if made.undone_at or dropped.merged_into != kept.id or kept.merged_into:
        raise Conflict("merge_undone", "这次合并已撤销，或之后又有合并", remedy="先撤销较晚的合并")
    require_outsider(session, actor, [kept.id, dropped.id], "撤销合并")
    # What lies beyond the scope would not go back, and no second undoing could fetch it.
    if session.execute(sa.text("SELECT person_beyond_scope(:person)"), {"person": kept.id}).scalar_one():
        raise NotPermitted("beyond_scope", "此人在您的管辖范围之外另有记录", remedy="由上一级办事处撤销")
    merged_covers.require_none_since(session, kept.id, _ids(made.moved, "cover.person_id"), _ids(made.moved, "claim.person_id"),
                                     now=now)
    dropped.merged_into = None
    made.undone_at, made.undone_by = now, actor.account_id
    kept.version, dropped.version = kept.version + 1, dropped.version + 1
    session.add_all([kept, dropped, made])
    session.flush()
    _give_back(session, made)
    merged_covers.part(session, kept.id, dropped.id, actor=actor, now=now)
    person_history.record(session, kept.id, {"merged": (str(dropped.id), None)}, why=why, actor=actor, now=now)
    _tell(session, made.moved, "person_split", made, why, actor, now)
    return made


def _pair(session: Session, kept_id: uuid.UUID, dropped_id: uuid.UUID, version: int | None) -> tuple[Person, Person]:
    """Both locked in order of ids: a report or a cover for either of them waits, or is waited for."""
    found = {}
    for wanted in sorted((kept_id, dropped_id)):
        own = wanted == kept_id
        found[wanted] = person_history.locked(session, wanted, version=version if own else None,
                                              field="kept_id" if own else "dropped_id")
    return found[kept_id], found[dropped_id]


def _repoint(session: Session, kept: Person, dropped: Person, now: datetime) -> Moved:
    session.flush()
    moved = _ties(session, kept.id, dropped.id) | _cards(session, kept.id, dropped.id, now)
    try:
        rows: Moved = session.execute(sa.text("SELECT repoint_person(:dropped, :kept)"),
                                      {"dropped": dropped.id, "kept": kept.id}).scalar_one()
    except IntegrityError:
        raise Conflict("merge_collides", "两条记录出现在同一事项中，不能自动合并", remedy="先在该事项中删去其中一条") from None
    earlier = session.execute(sa.update(Person).where(col(Person.merged_into) == dropped.id).values(merged_into=kept.id)
                              .returning(col(Person.id))).scalars().all()
    session.expire_all()
    return moved | rows | ({_RECORDS: [str(person) for person in earlier]} if earlier else {})


def _ties(session: Session, kept: uuid.UUID, dropped: uuid.UUID) -> Moved:
    """The dropped record's relatives become the kept one's; a tie between the two of them goes."""
    both = [kept, dropped]
    old = session.execute(sa.delete(FamilyTie).where(sa.or_(
        col(FamilyTie.person_id) == dropped, col(FamilyTie.relative_id) == dropped)).returning(
        col(FamilyTie.person_id), col(FamilyTie.relative_id), col(FamilyTie.relation))).all()
    wanted = [(kept if one == dropped else one, kept if other == dropped else other, relation) for one, other, relation in old
              if not (one in both and other in both)]
    made, raised = _insert_ties(session, wanted)
    gone: list[object] = [[str(part) for part in tie] for tie in old]
    return {name: rows for name, rows in ((_TIES, gone), (_TIES_MADE, made), (_TIES_RAISED, raised)) if rows}


# Kinship replaces a proxy's tie, as it does when it is recorded (`kin.tie`); who was merged since is named as kept.
_NEW_TIES = sa.text("""
    INSERT INTO family_tie (person_id, relative_id, relation)
    SELECT DISTINCT ON (1, 2) coalesce(p.merged_into, p.id), coalesce(r.merged_into, r.id), t.relation
    FROM unnest(CAST(:people AS uuid[]), CAST(:relatives AS uuid[]), CAST(:relations AS text[])) AS t(person, relative, relation)
    JOIN person p ON p.id = t.person JOIN person r ON r.id = t.relative
    WHERE coalesce(p.merged_into, p.id) <> coalesce(r.merged_into, r.id) ORDER BY 1, 2, t.relation = 'proxy'
    ON CONFLICT (person_id, relative_id) DO UPDATE SET relation = excluded.relation
        WHERE family_tie.relation = 'proxy' AND excluded.relation <> 'proxy'
    RETURNING person_id, relative_id, xmax = 0 AS made""")


def _insert_ties(session: Session, ties: list[tuple[uuid.UUID, uuid.UUID, str]]) -> tuple[list[object], list[object]]:
    """Those that are new, and those that were a proxy's before."""
    if not ties:
        return [], []
    rows = session.execute(_NEW_TIES, {"people": [tie[0] for tie in ties], "relatives": [tie[1] for tie in ties],
                                       "relations": [tie[2] for tie in ties]}).all()
    made, raised = ([[str(row.person_id), str(row.relative_id)] for row in rows if row.made is new] for new in (True, False))
    return list(made), list(raised)


def _cards(session: Session, kept: uuid.UUID, dropped: uuid.UUID, now: datetime) -> Moved:
    """The kept record's current card stays the current one."""
    current = people.current_cards(session, [kept, dropped])
    if len(current) < 2:
        return {}
    ids = session.execute(sa.update(BankCard).where(col(BankCard.person_id) == dropped, col(BankCard.replaced_at).is_(None))
                          .values(replaced_at=now).returning(col(BankCard.id))).scalars().all()
    return {_CARDS: [str(card) for card in ids]}


def _give_back(session: Session, made: PersonMerge) -> None:
    moved: Mapping[str, list[object]] = made.moved
    session.execute(sa.text("SELECT unpoint_person(CAST(:moved AS jsonb), :dropped, :kept)").bindparams(
        sa.bindparam("moved", type_=sa.JSON)), {"moved": moved, "dropped": made.dropped_id, "kept": made.kept_id})
    session.execute(sa.delete(FamilyTie).where(_named(moved, _TIES_MADE)))
    session.execute(sa.update(FamilyTie).where(_named(moved, _TIES_RAISED)).values(relation=PROXY))
    _insert_ties(session, [(uuid.UUID(tie[0]), uuid.UUID(tie[1]), tie[2]) for tie in moved.get(_TIES, [])
                           if isinstance(tie, list)])
    session.execute(sa.update(BankCard).where(col(BankCard.id).in_(_ids(moved, _CARDS))).values(replaced_at=None))
    session.execute(sa.update(Person).where(col(Person.id).in_(_ids(moved, _RECORDS))).values(merged_into=made.dropped_id))
    session.expire_all()


def _named(moved: Mapping[str, list[object]], name: str) -> sa.ColumnElement[bool]:
    """The ties that a merger wrote under this name."""
    return sa.tuple_(col(FamilyTie.person_id), col(FamilyTie.relative_id)).in_(
        [(uuid.UUID(tie[0]), uuid.UUID(tie[1])) for tie in moved.get(name, []) if isinstance(tie, list)])


def _ids(moved: Mapping[str, list[object]], name: str) -> list[uuid.UUID]:
    return [uuid.UUID(str(row)) for row in moved.get(name, [])]


_TOUCHED = sa.text("""
    SELECT c.id, c.org_key FROM claim c WHERE c.id = ANY(CAST(:claims AS uuid[])) OR c.id IN (
        SELECT y.claim_id FROM payee y WHERE y.id = ANY(CAST(:payees AS uuid[]))) ORDER BY c.id""")


def _tell(session: Session, moved: Mapping[str, list[object]], event: str, made: PersonMerge, why: str, actor: Actor,
          now: datetime) -> None:
    """Every claim whose claimant or payee was re-pointed says so in its record."""
    rows = session.execute(_TOUCHED, {"claims": _ids(moved, "claim.person_id"), "payees": _ids(moved, "payee.person_id")}).all()
    audit.append(session, [Entry(row.id, row.org_key, "claim", row.id, event, reason=why, details={
        "kept": str(made.kept_id), "dropped": str(made.dropped_id), "merge": str(made.id)}) for row in rows],
        account=actor.account_id, person=actor.person_id, at=now)
