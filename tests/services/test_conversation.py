"""Member and office write to each other inside a claim; notes stay in the office."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from services.core.db import Database
from services.core.errors import InputError, NotFound, NotPermitted
from services.evidence import conversation
from services.evidence import service as evidence
from services.evidence.conversation import Line
from tests.services.review_world import report
from tests.support.claims import picture
from tests.support.world import ROOT, World, build_world

HOUR = timedelta(hours=1)


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def says(world: World, login: str, claim: uuid.UUID, words: str, at: datetime, *, note: bool = False,
         papers: tuple[uuid.UUID, ...] = ()) -> None:
    actor = world.actor(login)
    with world.db.unit_of_work(actor.scope) as session:
        verb = conversation.note if note else conversation.say
        verb(session, claim_id=claim, words=words, papers=papers, actor=actor, now=at)


def reads(world: World, login: str, claim: uuid.UUID, at: datetime) -> list[Line]:
    actor = world.actor(login)
    with world.db.unit_of_work(actor.scope) as session:
        return conversation.read(session, claim_id=claim, actor=actor, now=at)


def unread(world: World, login: str, claim: uuid.UUID) -> int:
    actor = world.actor(login)
    with world.db.view(actor.scope) as session:
        return conversation.unread(session, claim_ids=[claim], actor=actor).get(claim, 0)


def test_each_side_counts_what_it_has_not_read(world: World, now: datetime) -> None:
    claim = report(world, 0, now)
    says(world, "xj.m0", claim, "什么时候能有结果？", now)
    says(world, "xj.office1", claim, "材料已收齐，正在审核。", now + HOUR)
    assert (unread(world, "xj.m0", claim), unread(world, "xj.office2", claim)) == (1, 1)
    lines = reads(world, "xj.office2", claim, now + 2 * HOUR)
    assert [(line.words, line.mine, line.unread) for line in lines] == [
        ("什么时候能有结果？", False, True), ("材料已收齐，正在审核。", True, False)]
    assert (unread(world, "xj.m0", claim), unread(world, "xj.office1", claim)) == (1, 0)
    says(world, "xj.m0", claim, "谢谢", now + 3 * HOUR)
    assert unread(world, "xj.office1", claim) == 1
    assert [line.unread for line in reads(world, "xj.m0", claim, now + 4 * HOUR)] == [False, True, False]
    assert unread(world, "xj.m0", claim) == 0


def test_the_member_sees_neither_notes_nor_who_of_the_office_wrote(world: World, now: datetime) -> None:
    claim = report(world, 0, now)
    says(world, "xj.office1", claim, "与医院核实病理日期", now, note=True)
    says(world, "xj.office1", claim, "请补交清晰的病理报告照片", now + HOUR)
    assert unread(world, "xj.m0", claim) == 1
    assert [(line.words, line.author) for line in reads(world, "xj.m0", claim, now + 2 * HOUR)] == [
        ("请补交清晰的病理报告照片", "经办人")]
    assert [line.internal for line in reads(world, "xj.clerk", claim, now + 2 * HOUR)] == [False]
    office = reads(world, "xj.head", claim, now + 2 * HOUR)
    assert [(line.internal, line.author) for line in office] == [
        (True, world.actor("xj.office1").name), (False, world.actor("xj.office1").name)]
    for login in ("xj.m0", "xj.clerk"):
        with pytest.raises(NotPermitted):
            says(world, login, claim, "备注", now, note=True)


def test_strangers_see_nothing(world: World, now: datetime) -> None:
    claim = report(world, 0, now)
    for login in ("xj.m1", "nx.head", "xj.clerk2"):
        with pytest.raises(NotFound):
            reads(world, login, claim, now)
        with pytest.raises(NotFound):
            says(world, login, claim, "你好", now)
    for login in ("xj.admin", "xj.maker"):
        with pytest.raises(NotPermitted):
            reads(world, login, claim, now)


def test_readings_of_staff_are_recorded_and_the_words_are_sealed(world: World, now: datetime) -> None:
    claim = report(world, 0, now)
    says(world, "xj.m0", claim, "我得的是宫颈癌", now)
    reads(world, "xj.m0", claim, now)
    reads(world, "xj.office1", claim, now + HOUR)
    reads(world, "xj.auditor", claim, now + HOUR)
    with world.db.view(ROOT.scope) as session:
        looked = session.execute(sa.text("SELECT account_id FROM access_record WHERE what = 'conversation'")).scalars().all()
        sealed = session.execute(sa.text("SELECT words_sealed FROM claim_message")).scalar_one()
        record = session.execute(sa.text("SELECT event, record::text FROM audit_record WHERE machine = 'message'")).one()
    assert set(looked) == {world.account("xj.office1"), world.account("xj.auditor")}
    assert "宫颈癌".encode() not in bytes(sealed)
    assert record.event == "said" and "宫颈癌" not in record.record


def test_an_auditor_reads_without_answering_for_the_office(world: World, now: datetime) -> None:
    claim = report(world, 0, now)
    says(world, "xj.m0", claim, "在吗", now)
    reads(world, "xj.auditor", claim, now + HOUR)
    assert unread(world, "xj.office1", claim) == 1
    with pytest.raises(NotPermitted):
        says(world, "xj.auditor", claim, "在", now)


def test_a_paper_goes_along_if_it_lies_on_the_claim(world: World, now: datetime) -> None:
    claim, other = report(world, 0, now), report(world, 1, now)
    member = world.actor("xj.m0")
    with world.db.unit_of_work(member.scope) as session:
        paper = evidence.upload(session, claim_id=claim, kind="other", file_name="a.png", content=picture(1), actor=member, now=now).id
    says(world, "xj.m0", claim, "见附件", now, papers=(paper,))
    assert reads(world, "xj.office1", claim, now + HOUR)[0].papers == (paper,)
    with pytest.raises(NotFound, match="paper_missing"):
        says(world, "xj.m1", other, "见附件", now, papers=(paper,))


@pytest.mark.parametrize(("words", "code"), [("  \n ", "words_empty"), ("长" * 2001, "words_long"), ("铃\x07", "words_sign")])
def test_words_are_plain_and_bounded(world: World, now: datetime, words: str, code: str) -> None:
    claim = report(world, 0, now)
    with pytest.raises(InputError, match=code):
        says(world, "xj.m0", claim, words, now)


def test_a_message_is_never_changed(world: World, now: datetime) -> None:
    claim = report(world, 0, now)
    says(world, "xj.m0", claim, "原话", now)
    for change in ("UPDATE claim_message SET author_name = '别人'", "DELETE FROM claim_message"):
        with pytest.raises(sa.exc.ProgrammingError, match="permission denied"), world.db.unit_of_work(ROOT.scope) as session:
            session.execute(sa.text(change))
