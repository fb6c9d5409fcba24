"""Decided claims that are objected to or corrected, for the tests of what comes after a decision."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from services.access.actor import Role
from services.benefit import service as benefit
from services.enrolment import service as enrolment
from services.notice import service as notice
from services.payment import service as payment
from services.review import objection, reopening
from services.review import service as review
from services.simulate.synthetic import synthetic_person
from tests.services.review_world import MALIGNANT, in_review, passes
from tests.support.world import ROOT, World, open_login

# 1000 × one share for member 3 (原位癌), 15000 for 恶性: 一览表.
IN_SITU: Mapping[str, object] = {"kind": "diagnosis", "icd10": "D06.900", "behaviour": "2", "severity": "in_situ",
                                 "diagnosed_on": "2026-03-16"}
OFFICE = "cn.xj."


def colleague(world: World, login: str, role: Role, serial: int, now: datetime, org_key: str = OFFICE) -> None:
    """One more person at a desk."""
    staff = synthetic_person(700 + serial)
    with world.db.unit_of_work(ROOT.scope) as session:
        person = enrolment.add_person(session, name=staff.name, id_number=staff.id_number, actor=ROOT, now=now)
        open_login(session, world, login, org_key, role, person.id, person.name, now)


def decided(world: World, n: int, now: datetime, *, event: Mapping[str, object] = IN_SITU,
            by: Sequence[str] = ("clerk", "district", "office1")) -> uuid.UUID:
    """A claim of the office's route that went level by level to its decision."""
    claim_id = in_review(world, n, now, event=event)
    for login in by:
        if passes(world, claim_id, f"xj.{login}", now).decided_fen:
            return claim_id
    raise AssertionError("the chain never decided")


def lodged(world: World, claim: uuid.UUID, now: datetime, *, by: str = "xj.m3", late_reason: str | None = None) -> uuid.UUID:
    actor = world.actor(by)
    with world.db.unit_of_work(actor.scope) as session:
        return objection.lodge(session, claim_id=claim, grounds="病理会诊已更正为恶性", late_reason=late_reason, actor=actor, now=now).id


def accepted(world: World, objection_id: uuid.UUID, now: datetime, *, by: str = "xj.head") -> int:
    actor = world.actor(by)
    with world.db.unit_of_work(actor.scope) as session:
        return objection.accept(session, objection_id=objection_id, actor=actor, now=now)


def facts_become(world: World, claim: uuid.UUID, event: Mapping[str, object]) -> None:
    """As when the papers of the objection are accepted and the facts amended."""
    with world.db.unit_of_work(ROOT.scope) as session:
        session.execute(sa.text("UPDATE claim SET event = :event, digest = digest || 'x' WHERE id = :id").bindparams(
            sa.bindparam("event", type_=sa.dialects.postgresql.JSONB)), {"id": claim, "event": dict(event)})


def routed(world: World, claim: uuid.UUID, now: datetime) -> None:
    """What the worker does after a reopening."""
    with world.db.unit_of_work(ROOT.scope) as session:
        benefit.preview(session, claim_ids=[claim], why="round", actor=ROOT, now=now)
        assert review.route(session, claim_ids=[claim], actor=ROOT, now=now).routed == (claim,)


def concluded(world: World, claim: uuid.UUID, now: datetime) -> list[reopening.Concluded]:
    """What the worker does after the decision of a later round."""
    with world.db.unit_of_work(ROOT.scope) as session:
        return reopening.conclude(session, claim_ids=[claim], actor=ROOT, now=now)


def letter(world: World, topic: str, claim: uuid.UUID, now: datetime, *subjects: uuid.UUID) -> list[uuid.UUID]:
    """Drafted, issued and on its way."""
    with world.db.unit_of_work(ROOT.scope) as session:
        drafted = notice.draft(session, topic=topic, claim_ids=[claim], subject_ids=subjects, actor=ROOT, now=now)
        ids = [row.id for row in notice.issue(session, notice_ids=[row.id for row in drafted], actor=ROOT, now=now)]
        notice.dispatch(session, notice_ids=ids, actor=ROOT, now=now)
        return ids


def arrived(world: World, notice_id: uuid.UUID, now: datetime) -> None:
    with world.db.unit_of_work(ROOT.scope) as session:
        notice.deliver(session, notice_id=notice_id, proof="会员已查看", actor=ROOT, now=now)


def planned(world: World, claim: uuid.UUID, now: datetime) -> list[tuple[str, int, int]]:
    """The claim's payments after planning: state, round, fen."""
    with world.db.unit_of_work(ROOT.scope) as session:
        payment.plan(session, claim_ids=[claim], actor=ROOT, now=now)
    return payments(world, claim)


def payments(world: World, claim: uuid.UUID) -> list[tuple[str, int, int]]:
    return [(row.state, row.round, row.amount_fen) for row in ask(
        world, "SELECT state, round, amount_fen FROM payment WHERE claim_id = :id ORDER BY round, created_at", id=claim)]


def ask(world: World, query: str, **values: object) -> Sequence[Any]:
    with world.db.view(ROOT.scope) as session:
        return session.execute(sa.text(query), values).all()


__all__ = ["IN_SITU", "MALIGNANT", "accepted", "arrived", "ask", "colleague", "concluded", "decided", "facts_become", "letter",
           "lodged", "payments", "planned", "routed"]
