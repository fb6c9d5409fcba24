"""Bytes go after the commit that let go of them: what a sweep or an upload was refused, and what was turned before it went."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
import sqlalchemy as sa

from services.core.db import Database, Scope
from services.core.errors import Conflict, NotPermitted
from services.evidence import leaving, readings, retention, turning
from services.evidence import service as evidence
from services.evidence.readings import PageRead, PaperRead, Turned
from services.storage import service as storage
from services.storage.backend import StoreDown
from tests.services.test_retention import LAST_DAY, Archive, taken_away
from tests.services.test_retention import archive as archive
from tests.support.paper_files import page, saved
from tests.support.world import ROOT

OVER = LAST_DAY + timedelta(days=1)


def swept(archive: Archive) -> list[retention.Due]:
    """The sweep alone, committed; no worker has come yet."""
    with archive.db.unit_of_work(ROOT.scope) as session:
        return retention.sweep(session, actor=ROOT, now=archive.now.replace(year=2032))


def owed(db: Database) -> list[dict[str, object]]:
    with db.view(ROOT.scope) as session:
        return list(session.execute(sa.text("SELECT payload FROM outbox WHERE topic = 'bytes.remove' ORDER BY id")).scalars())


def open_again(archive: Archive) -> None:
    archive.change("UPDATE claim SET state = 'reported' WHERE id = :claim")


def closed(archive: Archive) -> None:
    archive.change("UPDATE claim SET state = 'closed', updated_at = :now WHERE id = :claim", now=archive.now)


def test_no_picture_that_was_turned_is_left_of_a_destroyed_paper(archive: Archive) -> None:
    """By a person twice, and by the machine that laid it upright."""
    open_again(archive)
    actor, had = archive.world.actor("xj.clerk"), archive.pictures(archive.own)
    for _ in range(2):
        with archive.db.unit_of_work(actor.scope) as session:
            turning.turn(session, paper_id=archive.own, page=1, degrees=90, actor=actor, now=archive.now)
        had += archive.pictures(archive.own)
    upright = Turned(180, storage.put(b"view upright"), storage.put(b"thumb upright"), 10, 20)
    with archive.db.unit_of_work(ROOT.scope) as session:
        read = PageRead(1, turned=upright, view=archive.pictures(archive.own)[0])
        readings.keep(session, [PaperRead(archive.own, "ocr", "machine", (read,))], now=archive.now)
    assert archive.pictures(archive.own) == [upright.view, upright.thumb]
    had += [upright.view, upright.thumb]
    assert len(set(had)) == 8 and all(storage.has(sha256) for sha256 in had)
    closed(archive)
    assert len(archive.sweep(OVER)) == 1
    assert [sha256 for sha256 in had if storage.has(sha256)] == []


def test_a_picture_of_before_stays_while_a_twin_stands_on_it(archive: Archive) -> None:
    """The same photograph lies in an open claim, where nobody turned it: drawn, or about to be."""
    common, actor = archive.pictures(archive.shared), archive.world.actor("xj.clerk")
    open_again(archive)
    with archive.db.unit_of_work(actor.scope) as session:
        turning.turn(session, paper_id=archive.shared, page=1, degrees=90, actor=actor, now=archive.now)
    turned = archive.pictures(archive.shared)
    closed(archive)
    archive.change("DELETE FROM paper_page g USING paper p WHERE p.id = g.paper_id AND p.claim_id = :other", other=archive.other)
    archive.change("UPDATE paper SET pages = NULL WHERE claim_id = :other", other=archive.other)
    archive.sweep(OVER)
    assert all(storage.has(sha256) for sha256 in common)
    assert archive.pictures(archive.shared) == []
    assert not any(storage.has(sha256) for sha256 in turned)


def test_a_sweep_that_is_taken_back_has_destroyed_nothing(archive: Archive) -> None:
    mine = [archive.paper(archive.own).sha256, *archive.pictures(archive.own)]
    with pytest.raises(RuntimeError), archive.db.unit_of_work(ROOT.scope) as session:
        assert retention.sweep(session, actor=ROOT, now=archive.now.replace(year=2032))
        raise RuntimeError("the commit is lost")
    taken_away(archive.db)
    assert archive.paper(archive.own).removed_at is None and all(storage.has(sha256) for sha256 in mine)


def test_a_store_that_fails_on_the_way_is_asked_again_for_what_is_on_the_record(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = [archive.paper(archive.own).sha256, *archive.pictures(archive.own)]
    assert len(swept(archive)) == 1
    assert archive.paper(archive.own).removed_at and all(storage.has(sha256) for sha256 in mine)
    [row] = owed(archive.db)
    remove, asked = storage.remove, list[str]()

    def second_fails(sha256: str) -> None:
        asked.append(sha256)
        if len(asked) == 2:
            raise StoreDown("store_down", "文件库暂时不可用")
        remove(sha256)

    def work() -> None:
        with archive.db.unit_of_work(ROOT.scope) as session:
            leaving.remove(session, hashes=row["hashes"], claim_id=archive.claim)       # type: ignore[arg-type]
    monkeypatch.setattr(storage, "remove", second_fails)
    with pytest.raises(StoreDown):
        work()
    assert archive.pictures(archive.own), "the pages are bare only when their pictures are gone"
    monkeypatch.undo()
    work()
    work()
    assert not any(storage.has(sha256) for sha256 in mine) and archive.pictures(archive.own) == []


def test_what_was_handed_in_between_the_sweep_and_its_removal_stays(archive: Archive) -> None:
    own = storage.get(archive.paper(archive.own).sha256)
    pictures = archive.pictures(archive.own)
    swept(archive)
    with archive.db.unit_of_work(ROOT.scope) as session:
        again = evidence.upload(session, claim_id=archive.other, kind="pathology", file_name="材料.png", content=own, actor=ROOT,
                                now=archive.now).sha256
    taken_away(archive.db)
    assert all(storage.has(sha256) for sha256 in (again, *pictures)), "the pictures too: its pages are not drawn yet"


def test_nobody_who_sees_a_part_takes_bytes_away(archive: Archive) -> None:
    with pytest.raises(NotPermitted, match="scope_part"), archive.db.unit_of_work(Scope("cn.xj")) as session:
        leaving.remove(session, hashes=[], claim_id=None)


def test_a_refused_upload_leaves_no_bytes(archive: Archive) -> None:
    content = saved(page(640, 860))
    with pytest.raises(Conflict, match="claim_over"), archive.db.unit_of_work(ROOT.scope) as session:
        evidence.upload(session, claim_id=archive.claim, kind="pathology", file_name="材料.png", content=content, actor=ROOT,
                        now=archive.now)
    assert not storage.has(hashlib.sha256(content).hexdigest())
