"""Numbers without gaps or doubles, letters taken back or replaced, the register that shows it, and drafts that lack something."""

from __future__ import annotations

import io
import threading
import uuid
import zipfile
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from services.core.db import Database
from services.core.errors import Conflict, GuardFailed, InputError, NotPermitted
from services.models import Notice
from services.notice import queries, replacing
from services.notice import service as notice
from services.reporting import letter_register as register
from tests.services.api_world import Api
from tests.services.claim_pages import person
from tests.services.paying_world import decided
from tests.support.world import ROOT, World, build_world

PAYEE_CARD, OF = "UPDATE payee SET bank_card_id =", "WHERE claim_id = (SELECT claim_id FROM notice WHERE id = :id)"


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def drafts(session: Session, world: World, n: int, now: datetime, **more: object) -> uuid.UUID:
    claim = decided(session, world, n, 6_000_000, now=now, **more)  # type: ignore[arg-type]
    [row] = notice.draft(session, topic="claim.approve", claim_ids=[claim.id], actor=ROOT, now=now)
    return row.id


def issued(world: World, n: int, now: datetime) -> Notice:
    with world.db.unit_of_work(ROOT.scope) as session:
        [row] = notice.issue(session, notice_ids=[drafts(session, world, n, now)], actor=ROOT, now=now)
        session.expunge(row)
        return row


def replaced(world: World, row: Notice, now: datetime, *, by: str = "xj.office1", reason: str = "户名写错") -> str:
    actor = world.actor(by)
    with world.db.unit_of_work(actor.scope) as session:
        return str(replacing.replace(session, notice_id=row.id, reason=reason, actor=actor, now=now).number)


def voided(world: World, row: Notice, now: datetime, *, by: str = "xj.office1", reason: str = "重复签发") -> None:
    actor = world.actor(by)
    with world.db.unit_of_work(actor.scope) as session:
        replacing.void(session, notice_id=row.id, reason=reason, actor=actor, now=now)


def test_sessions_side_by_side_draw_each_number_once(world: World, now: datetime) -> None:
    with world.db.unit_of_work(ROOT.scope) as session:
        ids = [drafts(session, world, n, now) for n in range(5)]
    start, dead = threading.Barrier(len(ids)), list[uuid.UUID]()

    def issue(one: uuid.UUID, fails: bool) -> None:
        try:
            start.wait()
            with world.db.unit_of_work(ROOT.scope) as session:
                notice.issue(session, notice_ids=[one], actor=ROOT, now=now)
                if fails:
                    raise KeyError("the process dies after it drew")
        except KeyError:
            dead.append(one)
    threads = [threading.Thread(target=issue, args=(one, place in (1, 3))) for place, one in enumerate(ids)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(dead) == sorted((ids[1], ids[3]))
    with world.db.view(ROOT.scope) as session:
        assert sorted(serial for serial in session.exec(select(Notice.serial)) if serial) == [1, 2, 3]
        [found] = register.series(session)
        assert (found.series, found.year, found.last, found.whole) == ("新互通", 2026, 3, True)


def test_a_voided_number_stays_used_and_says_why(world: World, now: datetime) -> None:
    first = issued(world, 0, now)
    with pytest.raises(InputError):
        voided(world, first, now, reason=" ")
    with pytest.raises(NotPermitted):
        voided(world, first, now, by="xj.clerk")
    voided(world, first, now)
    second = issued(world, 1, now)
    assert (first.number, second.number) == ("新互通〔2026〕1号", "新互通〔2026〕2号")
    with world.db.view(ROOT.scope) as session:
        rows = register.entries(session, "新互通", 2026)
        assert [(row.number, row.state, row.why) for row in rows] == [
            ("新互通〔2026〕1号", "voided", "重复签发"), ("新互通〔2026〕2号", "issued", None)]
        assert register.series(session)[0].whole
        assert rows[0].to == first.recipient_name[0] + "*" * (len(first.recipient_name) - 1)
        with zipfile.ZipFile(io.BytesIO(register.workbook(register.series(session)[0], rows, []))) as book:
            words = book.read("xl/sharedStrings.xml").decode()
        assert "新互通〔2026〕1号" in words and "无缺号、无重号" in words and "重复签发" in words


def test_a_sent_letter_is_replaced_by_one_that_names_it(world: World, now: datetime) -> None:
    old = issued(world, 0, now)
    with world.db.unit_of_work(ROOT.scope) as session:
        notice.dispatch(session, notice_ids=[old.id], actor=ROOT, now=now)
    with pytest.raises(Conflict, match="letter_sent"):
        voided(world, old, now)
    assert replaced(world, old, now) == "新互通〔2026〕2号"
    with world.db.view(ROOT.scope) as session:
        rows = register.entries(session, "新互通", 2026)
        assert [(row.state, row.successor, row.why) for row in rows] == [
            ("replaced", "新互通〔2026〕2号", "户名写错"), ("issued", None, None)]
        new = session.exec(select(Notice).where(Notice.replaces == old.id)).one()
        assert new.context["instead_of"] == "新互通〔2026〕1号" and new.cause == old.cause and new.edition == 2
        assert queries.content(session, new.id) != queries.content(session, old.id)
    with pytest.raises(Conflict):
        replaced(world, old, now)               # it holds no longer
    with world.db.unit_of_work(ROOT.scope) as session:      # the event that owed the letter comes once more: no third one
        [again] = notice.draft(session, topic="claim.approve", claim_ids=[old.claim_id], actor=ROOT, now=now)
        assert again.id == new.id


def test_nothing_falls_when_its_successor_cannot_be_written(world: World, now: datetime) -> None:
    old = issued(world, 0, now)
    with world.db.unit_of_work(ROOT.scope) as session:
        session.execute(sa.text("UPDATE payee SET bank_card_id = NULL WHERE claim_id = :id"), {"id": old.claim_id})
    with pytest.raises((GuardFailed, InputError)):
        replaced(world, old, now)
    with world.db.view(ROOT.scope) as session:
        assert [(row.number, row.state) for row in register.entries(session, "新互通", 2026)] == [("新互通〔2026〕1号", "issued")]
        assert register.series(session)[0].last == 1


def test_a_draft_that_lacks_a_value_waits_in_a_list_and_holds_nobody_up(world: World, now: datetime) -> None:
    with world.db.unit_of_work(ROOT.scope) as session:
        bad, good = drafts(session, world, 0, now), drafts(session, world, 1, now)
        session.execute(sa.text(f"{PAYEE_CARD} NULL {OF}"), {"id": bad})
        card = session.execute(sa.text("SELECT id FROM bank_card WHERE person_id = (SELECT person_id FROM notice WHERE id = :id)"),
                               {"id": bad}).scalar_one()
        done = replacing.issue_each(session, notice_ids=[bad, good], actor=ROOT, now=now)
        assert [(row.id, row.number) for row in done] == [(good, "新互通〔2026〕1号")]
    actor = world.actor("xj.office1")
    with world.db.unit_of_work(actor.scope) as session:
        [stuck] = register.stuck(session)
        assert (stuck.id, stuck.field, "银行卡" in stuck.remedy) == (bad, "payees.account", True)
        session.execute(sa.text(f"{PAYEE_CARD} :card {OF}"), {"card": card, "id": bad})
        replacing.again(session, notice_id=bad, actor=actor, now=now)
        assert register.stuck(session) == []
        with pytest.raises(Conflict, match="letter_not_stuck"):
            replacing.again(session, notice_id=bad, actor=actor, now=now)
        owed = session.execute(sa.text("SELECT count(*) FROM outbox WHERE topic = 'notice.create' AND subject_id = :id"), {"id": bad})
        assert owed.scalar_one() == 2           # the draft's own, and the one of now
    with world.db.unit_of_work(ROOT.scope) as session:
        [row] = replacing.issue_each(session, notice_ids=[bad], actor=ROOT, now=now)
        assert row.number == "新互通〔2026〕2号"


def test_the_register_by_page(db: Database, now: datetime, tmp_path: Path) -> None:
    api = Api(db, now, tmp_path)
    office, auditor = person(api, "xj.office1"), person(api, "xj.auditor")
    assert "还没有发文" in office.get("/letter-register").text
    old = issued(api.world, 0, now)
    with api.db.unit_of_work(ROOT.scope) as session:
        notice.dispatch(session, notice_ids=[old.id], actor=ROOT, now=now)
    page = auditor.get(f"/letter-register/{old.id}").text
    assert "新互通〔2026〕1号" in page and "签发新的文书" not in page and old.recipient_name not in page
    version = office.get(f"/letter-register/{old.id}").text.split('name="version" value="')[1].split('"')[0]
    refused = office.send(f"/letter-register/{old.id}/replace", version=version, reason=" ")
    assert refused.status_code == 422 and "须写明内容" in refused.text
    answer = office.send(f"/letter-register/{old.id}/replace", version=version, reason="户名写错")
    assert answer.headers["location"].endswith("done=replaced")
    listed = office.get("/letter-register").text
    assert "已被替换" in listed and "新互通〔2026〕2号" in listed and "无缺号、无重号" in listed and "户名写错" in listed
    file = auditor.get("/letter-register/workbook")
    assert file.status_code == 200 and file.content[:2] == b"PK"
