"""Claims brought to `verified` by the stages before, for the tests of worksheets, review and hand-over."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa

from services.access.actor import Actor, system
from services.benefit import service as benefit
from services.core.db import Database, Scope
from services.core.ids import uuidv7
from services.intake import service as intake
from services.lifecycle.service import Move, fire
from services.models import Paper
from services.review import service as review
from services.review.service import Passed, Routed
from services.storage import service as storage
from tests.support.paper_files import small_pdf
from tests.support.world import World

ROOT = Scope("cn")
SYSTEM = system("cn")
MALIGNANT: Mapping[str, object] = {"kind": "diagnosis", "icd10": "C53.900", "behaviour": "3", "severity": "malignant",
                                   "diagnosed_on": "2026-03-16", "specimen_on": "2026-03-12"}


def pdf(text: str) -> bytes:
    """A PDF of one page, different for each text."""
    return small_pdf(text)


def report(world: World, n: int, now: datetime, *, office: str = "xj", event: Mapping[str, object] = MALIGNANT) -> uuid.UUID:
    """A member's claim under her one plan, reported by the unit's clerk."""
    clerk, member = world.actor(f"{office}.clerk"), world.member(n, office)
    with world.db.unit_of_work(clerk.scope) as session:
        case = intake.report(session, person_id=member.person_id, event=dict(event), hospital="示例医院", channel="clerk",
                             reported_on=None, actor=clerk, now=now)
        intake.record_consent(session, case_id=case.id, purpose="insurer", actor=clerk, now=now)
        return uuid.UUID(str(session.execute(sa.text("SELECT id FROM claim WHERE case_id = :case"),
                                             {"case": case.id}).scalar_one()))


def verify(world: World, claim_id: uuid.UUID, now: datetime, *, verifier: Actor) -> None:
    """Accept every required paper and verify."""
    with world.db.unit_of_work(ROOT) as session:
        required = session.execute(sa.text("SELECT required, org_key FROM claim WHERE id = :id"), {"id": claim_id}).one()
        for kind in required.required:
            add_paper(session, claim_id, required.org_key, kind, now)
        session.execute(sa.text("UPDATE claim SET identity_matched = true, verified_person = :person WHERE id = :id"),
                        {"id": claim_id, "person": verifier.person_id})
    with world.db.unit_of_work(verifier.scope) as session:
        fire(session, "claim", "verify", [Move(claim_id)], actor=verifier, now=now)


def add_paper(session: sa.orm.Session, claim_id: uuid.UUID, org_key: str, kind: str, now: datetime) -> None:
    """One accepted paper."""
    content = pdf(f"{kind} {claim_id} {uuidv7()}")
    session.add(Paper(claim_id=claim_id, org_key=org_key, kind=kind, sha256=storage.put(content), mime="application/pdf",
                      size=len(content), file_name=f"{kind}.pdf", verdict="accepted", uploaded_by=uuidv7(), uploaded_at=now))


def change_facts(db: Database, claim_id: uuid.UUID, word: str) -> None:
    """The facts' digest moves on, as an accepted paper makes it."""
    with db.unit_of_work(ROOT) as session:
        session.execute(sa.text("UPDATE claim SET digest = :digest WHERE id = :id"),
                        {"digest": hashlib.sha256(word.encode()).hexdigest(), "id": claim_id})


def route(world: World, *claim_ids: uuid.UUID, now: datetime) -> Routed:
    """Worksheet, then chain."""
    with world.db.unit_of_work(ROOT) as session:
        benefit.preview(session, claim_ids=claim_ids, why="first", actor=SYSTEM, now=now)
        return review.route(session, claim_ids=claim_ids, actor=SYSTEM, now=now)


def in_review(world: World, n: int, now: datetime, *, office: str = "xj", verifier: str = "clerk",
              event: Mapping[str, object] = MALIGNANT) -> uuid.UUID:
    """Reported, verified, computed and routed."""
    claim_id = report(world, n, now, office=office, event=event)
    verify(world, claim_id, now, verifier=world.actor(f"{office}.{verifier}"))
    assert route(world, claim_id, now=now).routed == (claim_id,)
    return claim_id


def digest(db: Database, claim_id: uuid.UUID) -> str:
    """What a reviewer sees of the facts."""
    with db.view(ROOT) as session:
        return str(session.execute(sa.text("SELECT digest FROM claim WHERE id = :id"), {"id": claim_id}).scalar_one())


def passes(world: World, claim_id: uuid.UUID, login: str, now: datetime) -> Passed:
    """The person behind the login passes the open level, having seen the present facts."""
    actor, seen = world.actor(login), digest(world.db, claim_id)
    with world.db.unit_of_work(actor.scope) as session:
        return review.pass_level(session, claim_id=claim_id, seen=seen, actor=actor, now=now)


def claim_row(db: Database, claim_id: uuid.UUID) -> sa.Row[tuple[object, ...]]:
    """State, outcome and amount."""
    with db.view(ROOT) as session:
        return session.execute(sa.text("SELECT state, outcome, amount_fen, round, version, held, claim_no FROM claim"
                                       " WHERE id = :id"), {"id": claim_id}).one()


def levels(db: Database, claim_id: uuid.UUID) -> list[tuple[str, str, str]]:
    """Level, state and duty key of the present round."""
    with db.view(ROOT) as session:
        return [tuple(row) for row in session.execute(sa.text(
            "SELECT s.level, s.state, s.duty_key FROM review_step s JOIN claim c ON c.id = s.claim_id AND c.round = s.round"
            " WHERE c.id = :id ORDER BY ordinal"), {"id": claim_id})]


def outcome(db: Database, claim_id: uuid.UUID) -> tuple[str, str | None, int | None]:
    """State, outcome, amount in fen."""
    row = claim_row(db, claim_id)
    return row.state, row.outcome, row.amount_fen
