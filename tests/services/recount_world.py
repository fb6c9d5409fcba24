"""Clocks that run over New Year 2027, made years, and the recount as the flow does it."""

from __future__ import annotations

import uuid
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.core.clock import at_hour
from services.models import Claim, Release
from services.notice import recounted
from services.notice import service as notice
from services.releases import service as releases
from services.rulebook.schema import ClockRule
from services.sla import calendars, recount
from services.sla import service as sla
from tests.services.paying_world import decided
from tests.support.world import ROOT, World

NOW = at_hour(date(2026, 12, 18))
# Made for these tests: New Year's Day three days, and the Sunday after it a working day.
Y2027 = """year: 2027
status: official
source: 国务院办公厅关于2027年部分节假日安排的通知（测试用，非真实安排）
holidays:
- {name: 元旦, first: 2027-01-01, last: 2027-01-03}
- {name: 春节, first: 2027-02-05, last: 2027-02-12}
workdays: [2027-01-10, 2027-02-20]
"""
BAIRAM = """year: 2026
status: office
source: 自治区人民政府办公厅关于古尔邦节放假的通知（测试用）
holidays:
- {name: 测试节, first: 2026-12-23, last: 2026-12-24}
workdays: [2026-12-26]
"""
PAY = ClockRule(days=15, kind="working", clause="测试", origin="ours", start="verified")
LIST = ClockRule(days=30, kind="calendar", clause="测试", origin="ours", start="delivered")


def pays(session: Session, world: World, n: int, start: date, office: str = "xj") -> uuid.UUID:
    """A decided claim whose promise to pay starts on a day."""
    claim: Claim = decided(session, world, n, 60_000_00, now=NOW, office=office)
    session.execute(sa.text("UPDATE sla_clock SET state = 'stopped' WHERE claim_id = :id"), {"id": claim.id})
    sla.start(session, [sla.NewClock(claim.id, claim.org_key, 1, "pay", "", PAY, start)])
    return claim.id


def released(session: Session, world: World, text: str, year: int, office: str = "xj", now: datetime = NOW) -> Release:
    """Proposed by the administrator, released by the head."""
    admin, head = world.actor(f"{office}.admin"), world.actor(f"{office}.head")
    made = releases.propose(session, kind="calendar", payload={"year": str(year), "text": text}, effective_on=date(year, 1, 1),
                            note="国务院办公厅已发布通知", org_id=world.org(f"cn.{office}."), actor=admin, now=now)
    done = releases.release(session, release_id=made.id, digest=made.digest, actor=head, now=now)
    calendars.forget(session)
    return done


def counted(session: Session) -> int:
    """All that is stale, as the flow does it."""
    done = 0
    for one in recount.stale(session):
        while batch := recount.recount(session, one, now=NOW):
            done += batch
    return done


def clock(session: Session, claim: uuid.UUID, kind: str = "pay") -> tuple[date, bool, str]:
    row = session.execute(sa.text("SELECT due_on, provisional, words FROM sla_clock WHERE claim_id = :id AND kind = :kind"),
                          {"id": claim, "kind": kind}).one()
    return row.due_on, row.provisional, row.words


def changes(session: Session) -> list[tuple[str, date, date, int]]:
    return [tuple(row) for row in session.execute(sa.text(
        "SELECT kind, old_due, new_due, jsonb_array_length(letters) AS n FROM clock_recount ORDER BY kind, old_due, n DESC"))]


def told(session: Session, claim: uuid.UUID, now: datetime = NOW) -> uuid.UUID:
    """The decision's letter with the promised day goes out."""
    [drafted] = notice.draft(session, topic="claim.approve", claim_ids=[claim], actor=ROOT, now=now)
    [issued] = notice.issue(session, notice_ids=[drafted.id], actor=ROOT, now=now)
    return issued.id


def owed(session: Session) -> list[str]:
    recounted.tell(session, actor=ROOT, now=NOW)
    return list(session.execute(sa.text("SELECT cause FROM notice WHERE code = 'date_changed' ORDER BY drafted_at, cause")).scalars())
