"""What the tests of supplement lists share: a claim that was asked, its letters and clocks, a world left as it was."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session

from services.core.clock import at_hour
from services.core.db import Scope
from services.evidence import service
from services.models import Claim, Notice, Supplement
from services.notice import service as notice
from tests.support.claims import NX_EVENT, XJ_EVENT, report
from tests.support.world import ROOT, World

CN = Scope("cn")
START = date(2026, 3, 20)
ITEMS = [{"paper": "pathology", "reason": "缺"}, {"paper": "diagnosis", "reason": "无章"}]
NONE = [{"paper": item["paper"], "state": "unavailable", "note": "医院已撤并"} for item in ITEMS]


class _Undo(Exception):
    """Leave the world as it was for the next test."""


@contextmanager
def undone(world: World) -> Iterator[Session]:
    try:
        with world.db.unit_of_work(CN) as session:
            yield session
            session.flush()
            raise _Undo
    except _Undo:
        pass


def on(days: int) -> datetime:
    return at_hour(START + timedelta(days=days))


def asked(session: Session, world: World, *, office: str = "xj") -> tuple[Claim, Supplement]:
    _, (claim,) = report(session, world, world.member(0, office), XJ_EVENT if office == "xj" else NX_EVENT, on(0))
    listed = service.ask(session, claim_id=claim.id, items=ITEMS, actor=world.actor(f"{office}.clerk"), now=on(0))
    session.refresh(claim)
    return claim, listed


def clock(session: Session, claim: Claim, kind: str) -> tuple[str, date, list[list[str | None]]]:
    row = session.execute(sa.text("SELECT state, due_on, pauses FROM sla_clock WHERE claim_id = :id AND kind = :kind"),
                          {"id": claim.id, "kind": kind}).one()
    return row.state, row.due_on, row.pauses


def sent(session: Session, topic: str, claim: Claim, listed: Supplement, day: int) -> Notice:
    """A letter of the list, written, on the portal."""
    [row] = notice.draft(session, topic=topic, claim_ids=[claim.id], subject_ids=[listed.id], actor=ROOT, now=on(day))
    notice.issue(session, notice_ids=[row.id], actor=ROOT, now=on(day))
    [out] = notice.dispatch(session, notice_ids=[row.id], actor=ROOT, now=on(day))
    return out


def reminder(session: Session, claim: Claim, listed: Supplement, day: int) -> uuid.UUID:
    row = Notice(org_key=claim.org_key, state="delivered", claim_id=claim.id, code="reminder", recipient="member",
                 cause=f"reminder:{listed.id}", recipient_name="会员", drafted_at=on(day), delivered_at=on(day))
    session.add(row)
    session.flush()
    return row.id
