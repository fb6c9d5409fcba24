"""Papers go when their time is over and in no other way: counted, stopped, shared, recorded, said on the page."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa

from services.audit import verify as audit
from services.cli import main as cli
from services.core.clock import at_hour
from services.core.db import Database, Scope
from services.core.errors import NotFound, NotPermitted
from services.evidence import leaving, retention, viewing
from services.evidence import service as evidence
from services.models import Paper
from services.storage import service as storage
from tests.services.test_cli_orgs import world as world
from tests.support.claims import NX_EVENT, XJ_EVENT, report
from tests.support.paper_files import page, photo, saved
from tests.support.world import ROOT, World, build_world

SHARED, OWN = photo(), saved(page(600, 850))
# 保险法 87, by the calendar: the cover of xj.m0 ends on 2026-12-31 and is a year's; five years on is 2031-12-31, the next day it is over.
LAST_DAY = date(2031, 12, 31)


def taken_away(db: Database) -> None:
    """What the worker does with the bytes that were let go of."""
    with db.unit_of_work(ROOT.scope) as session:
        owed = session.execute(sa.text("DELETE FROM outbox WHERE topic = 'bytes.remove' RETURNING payload")).scalars().all()
    for one in owed:
        with db.unit_of_work(ROOT.scope) as session:
            leaving.remove(session, hashes=one["hashes"], claim_id=one["claim"])


@dataclass
class Archive:
    """A closed claim of xj.m0 with two papers, one of which lies in an open claim of nx.m0, too."""

    db: Database
    world: World
    now: datetime
    claim: uuid.UUID
    other: uuid.UUID
    shared: uuid.UUID
    own: uuid.UUID

    def sweep(self, day: date, *, scope: Scope | None = None) -> list[retention.Due]:
        with self.db.unit_of_work(scope or ROOT.scope) as session:
            gone = retention.sweep(session, actor=ROOT, now=at_hour(day))
        taken_away(self.db)
        return gone

    def change(self, statement: str, **words: object) -> None:
        with self.db.unit_of_work(ROOT.scope) as session:
            session.execute(sa.text(statement), {"claim": self.claim, **words})

    def pictures(self, paper: uuid.UUID) -> list[str]:
        with self.db.view(ROOT.scope) as session:
            return [sha for row in session.execute(sa.text(
                "SELECT view_sha256, thumb_sha256 FROM paper_page WHERE paper_id = :id AND view_sha256 IS NOT NULL"), {"id": paper})
                    for sha in row]

    def paper(self, paper: uuid.UUID) -> Paper:
        with self.db.view(ROOT.scope) as session:
            return session.get_one(Paper, paper)


@pytest.fixture
def archive(db: Database, now: datetime) -> Iterator[Archive]:
    world = build_world(db, now)
    with db.unit_of_work(ROOT.scope) as session:
        _, [claim, *_] = report(session, world, world.member(0, "xj"), XJ_EVENT, now)
        _, [other, *_] = report(session, world, world.member(0, "nx"), NX_EVENT, now)

        def hand(claim_id: uuid.UUID, kind: str, content: bytes) -> uuid.UUID:
            return evidence.upload(session, claim_id=claim_id, kind=kind, file_name="材料.jpg", content=content, actor=ROOT, now=now).id
        shared, own = hand(claim.id, "diagnosis", SHARED), hand(claim.id, "pathology", OWN)
        hand(other.id, "diagnosis", SHARED)
        todo = viewing.undrawn(session, [claim.id, other.id])
        viewing.keep(session, [(paper, viewing.draw(paper)) for paper in todo])
        made = Archive(db, world, now, claim.id, other.id, shared, own)
    made.change("UPDATE cover v SET effective = '2026-01-01', until = '2026-12-31' FROM claim c WHERE c.cover_id = v.id AND c.id = :claim")
    made.change("UPDATE claim SET state = 'closed', updated_at = :now WHERE id = :claim", now=now)
    yield made


def test_nothing_goes_before_its_day_and_everything_on_it(archive: Archive) -> None:
    views, common = archive.pictures(archive.own), archive.pictures(archive.shared)
    assert len(views) == 2 and archive.sweep(LAST_DAY) == []
    assert storage.has(archive.paper(archive.own).sha256)
    [gone] = archive.sweep(LAST_DAY + timedelta(days=1))
    assert (gone.claim_id, gone.since, gone.years, gone.until, gone.papers) == (archive.claim, date(2026, 12, 31), 5, LAST_DAY, 2)
    row = archive.paper(archive.own)
    assert row.removed_at == at_hour(LAST_DAY + timedelta(days=1)) and row.sha256 and row.file_name == "材料.jpg", "the row stays"
    assert not any(storage.has(sha256) for sha256 in (row.sha256, *views)) and archive.pictures(archive.own) == []
    assert archive.sweep(LAST_DAY + timedelta(days=1)) == [], "once"
    with archive.db.view(ROOT.scope) as session:
        found = session.execute(sa.text("SELECT record->'details' FROM audit_record WHERE event = 'destroy' AND subject_id = :id"),
                                {"id": archive.own}).scalar_one()
        assert (found["clause"], found["years"], found["kept_until"]) == ("保险法 第八十七条", 5, "2031-12-31")
        assert [finding for finding in audit.verify(session) if finding.chain_id == str(archive.claim)] == []


    # The bytes of the other paper lie in an open claim, too: they stay, with the pictures of their pages.
    shared = archive.paper(archive.shared)
    assert shared.removed_at and storage.has(shared.sha256) and all(storage.has(sha256) for sha256 in common)
    # Whoever asks for a paper that is gone is told so.
    actor = archive.world.actor("xj.clerk")
    with archive.db.unit_of_work(actor.scope) as session:
        with pytest.raises(NotFound, match="paper_removed"):
            evidence.read(session, paper_id=archive.own, actor=actor, now=archive.now)
        with pytest.raises(NotFound, match="已按档案保管期限销毁"):
            viewing.read_page(session, paper_id=archive.own, number=1, actor=actor, now=archive.now)
        with pytest.raises(NotFound, match="paper_removed"):
            evidence.judge(session, paper_id=archive.own, accept=True, actor=actor, now=archive.now)


STOPS = {
    "open": "UPDATE claim SET state = 'in_review' WHERE id = :claim",
    "held": "UPDATE claim SET held = true WHERE id = :claim",
    "moved lately": "UPDATE claim SET updated_at = '2027-01-05' WHERE id = :claim",
    "original in the house": """
        INSERT INTO original_request (id, org_key, claim_id, paper_id, reason, due_on, asked_at)
        SELECT gen_random_uuid(), org_key, claim_id, id, '核对', '2026-05-01', now() FROM paper WHERE claim_id = :claim LIMIT 1""",
    "a cover of more than a year": """
        UPDATE cover v SET until = '2027-01-01', ended_on = '2026-12-31' FROM claim c WHERE c.cover_id = v.id AND c.id = :claim"""}


def test_what_stops_it(archive: Archive) -> None:
    later = LAST_DAY + timedelta(days=1)
    for name, statement in STOPS.items():
        with archive.db.unit_of_work(ROOT.scope) as session:
            session.execute(sa.text(statement), {"claim": archive.claim})
            assert retention.due(session, today=later) == [], name
            if name == "a cover of more than a year":
                assert retention.due(session, today=date(2036, 12, 31)) == []
                assert [one.years for one in retention.due(session, today=date(2037, 1, 1))] == [10]
            session.rollback()
    with archive.db.view(ROOT.scope) as session:
        assert len(retention.due(session, today=later)) == 1


def test_an_office_may_keep_longer_never_shorter(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    from services.core import settings as module
    for years, last in ((3, LAST_DAY), (15, date(2041, 12, 31))):
        monkeypatch.setenv("HUZHU_KEEP_PAPERS_YEARS", str(years))
        module.settings.cache_clear()
        with archive.db.view(ROOT.scope) as session:
            assert retention.due(session, today=last) == []
            assert [one.until for one in retention.due(session, today=last + timedelta(days=1))] == [last]
    monkeypatch.undo()
    module.settings.cache_clear()


def test_nobody_but_the_system_over_the_whole_tree(archive: Archive) -> None:
    with pytest.raises(NotPermitted, match="scope_part"):
        archive.sweep(LAST_DAY + timedelta(days=1), scope=Scope("cn.xj"))
    for login in ("xj.head", "admin"):
        actor = archive.world.actor(login)
        with archive.db.unit_of_work(ROOT.scope) as session, pytest.raises(NotPermitted, match="role_missing"):
            retention.sweep(session, actor=actor, now=at_hour(LAST_DAY + timedelta(days=1)))


def test_the_command_lists_and_then_takes_away(world: World, now: datetime, capsys: pytest.CaptureFixture[str]) -> None:
    with world.db.unit_of_work(ROOT.scope) as session:
        _, (claim,) = report(session, world, world.member(0, "xj"), XJ_EVENT, now)
        evidence.upload(session, claim_id=claim.id, kind="pathology", file_name="材料.png", content=OWN, actor=ROOT, now=now)
        session.execute(sa.text("UPDATE cover SET effective = '2012-01-01', until = '2012-12-31' WHERE id = :id"), {"id": claim.cover_id})
        session.execute(sa.text("UPDATE claim SET state = 'closed', updated_at = '2013-02-01' WHERE id = :id"), {"id": claim.id})
    assert cli.main(["papers", "retention", "--dry-run", "--json"]) == 0
    [listed] = json.loads(capsys.readouterr().out)["claims"]
    assert (listed["claim_no"], listed["since"], listed["until"], listed["papers"]) == (claim.claim_no, "2013-02-01", "2018-02-01", 1)
    assert cli.main(["papers", "retention"]) == 0 and "已销毁 1 案，1 份材料" in capsys.readouterr().out
    assert cli.main(["papers", "retention", "--dry-run"]) == 0 and "到期 0 案" in capsys.readouterr().out
