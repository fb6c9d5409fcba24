"""Summary sheets: collected, signed as one act with each claim's check, received above, left by what is returned."""

from __future__ import annotations

import io
import uuid
from collections.abc import Sequence
from datetime import date, datetime

import psycopg
import pytest
import sqlalchemy as sa
from python_calamine import CalamineWorkbook

from services.core.db import Database
from services.core.errors import Conflict, GuardFailed, InputError, NotFound, NotPermitted
from services.enrolment import service as enrolment
from services.models import SummarySheet
from services.review import bulk, summary, summary_queries
from services.review import service as review
from services.review.bulk import NotAllPassed
from services.review.summary import Drafted
from services.review.summary_book import workbook
from services.review.summary_queries import Sheet
from tests.services.review_world import ROOT, change_facts, claim_row, in_review, levels, passes
from tests.support.world import World, build_world

MARCH = date(2026, 3, 1)
Superuser = psycopg.Connection[tuple[object, ...]]


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


@pytest.fixture
def claims(world: World, now: datetime) -> list[uuid.UUID]:
    """Three claims that wait at the district."""
    found = [in_review(world, n, now) for n in (1, 2, 3)]
    for claim in found:
        passes(world, claim, "xj.clerk", now)
    return found


def number(world: World, claim: uuid.UUID) -> str:
    return str(claim_row(world.db, claim).claim_no)


def draft(world: World, login: str, now: datetime, *, month: date = MARCH, level: str | None = None,
          claim_nos: Sequence[str] | None = None) -> Drafted:
    actor = world.actor(login)
    with world.db.unit_of_work(actor.scope) as session:
        return summary.draft(session, plan="xj-women", month=month, level=level, claim_nos=claim_nos, actor=actor, now=now)


def sign(world: World, sheet_id: uuid.UUID, login: str, now: datetime) -> list[bulk.Result]:
    actor = world.actor(login)
    with world.db.unit_of_work(actor.scope) as session:
        return summary.sign(session, sheet_id=sheet_id, actor=actor, now=now)


def receive(world: World, sheet_id: uuid.UUID, login: str, now: datetime) -> None:
    actor = world.actor(login)
    with world.db.unit_of_work(actor.scope) as session:
        summary.receive(session, sheet_id=sheet_id, actor=actor, now=now)


def look(world: World, sheet_id: uuid.UUID, login: str = "xj.head") -> Sheet:
    with world.db.view(world.actor(login).scope) as session:
        return summary_queries.sheet(session, sheet_id)


def test_a_sheet_has_one_line_a_claim_and_a_number(world: World, claims: list[uuid.UUID], now: datetime) -> None:
    done = draft(world, "xj.district", now)
    sheet = look(world, done.sheet.id)
    assert sheet.head.sheet_no == "XJ-WLMQ-TSD-202603-01"
    assert (sheet.head.level, sheet.head.status, sheet.head.lines, done.left_out) == ("district", "drafted", 3, ())
    assert sheet.head.total_fen == (4 + 2 + 1) * 1_500_000          # 15000 yuan a share, XJ_SHARES 4, 2, 1
    assert [line.claim_no for line in sheet.lines] == sorted(number(world, claim) for claim in claims)
    first = sheet.lines[0]
    with world.db.view(ROOT) as session:
        name = session.execute(sa.text("SELECT p.name FROM claim c JOIN person p ON p.id = c.person_id WHERE c.id = :id"),
                               {"id": first.claim_id}).scalar_one()
    assert first.name[0] == name[0] and set(first.name[1:]) == {"*"}
    assert first.event == "确诊疾病 2026-03-16 C53.900"
    assert first.checks == ("材料齐全（5/5）", "身份相符", "按期报案", "核算表与现有事实一致")
    assert levels(world.db, claims[0])[1][:2] == ("district", "open")       # a draft binds nobody
    with pytest.raises(Conflict) as error:                          # and they are on it, not on a second one
        draft(world, "xj.district", now)
    assert error.value.code == "nothing_to_collect"


def test_the_month_is_that_of_the_complete_file_and_what_came_before(world: World, claims: list[uuid.UUID], now: datetime) -> None:
    with pytest.raises(Conflict):
        draft(world, "xj.district", now, month=date(2026, 2, 1))
    with pytest.raises(InputError) as error:
        draft(world, "xj.district", now, month=date(2026, 4, 1))
    assert error.value.code == "month_to_come"
    april = datetime(2026, 4, 7, 10, tzinfo=now.tzinfo)
    assert look(world, draft(world, "xj.district", april, month=date(2026, 4, 1)).sheet.id).head.lines == 3


def test_one_signature_passes_every_claim(world: World, claims: list[uuid.UUID], now: datetime) -> None:
    sheet_id = draft(world, "xj.district", now).sheet.id
    assert {result.next_level for result in sign(world, sheet_id, "xj.district", now)} == {"office_first"}
    sheet = look(world, sheet_id)
    assert (sheet.head.status, sheet.intact, sheet.head.off) == ("signed", True, 0)
    assert {line.at_level for line in sheet.lines} == {"办事处初审"}
    district = world.actor("xj.district")
    for claim in claims:
        assert [state for _, state, _ in levels(world.db, claim)][:3] == ["passed", "passed", "open"]
        with world.db.view(ROOT) as session:
            step = session.execute(sa.text("SELECT done_person FROM review_step WHERE claim_id = :id AND level = 'district'"),
                                   {"id": claim}).scalar_one()
            said = session.execute(sa.text("SELECT record -> 'details' FROM audit_record WHERE chain_id = :id"
                                           " AND event = 'summary_signed'"), {"id": claim}).scalar_one()
        assert step == district.person_id
        assert (said["sheet"], said["digest"]) == (sheet.head.sheet_no, sheet.head.digest)
    with pytest.raises(Conflict) as error:
        sign(world, sheet_id, "xj.district", now)
    assert error.value.code == "sheet_status"


def test_one_claim_in_the_way_stops_the_signature_until_it_is_taken_out(world: World, claims: list[uuid.UUID],
                                                                        now: datetime) -> None:
    sheet_id = draft(world, "xj.district", now).sheet.id
    change_facts(world.db, claims[1], "a new paper")
    assert [line.changed for line in look(world, sheet_id).lines].count(True) == 1
    with pytest.raises(NotAllPassed) as error:
        sign(world, sheet_id, "xj.district", now)
    assert [(result.claim_id, result.code) for result in error.value.results if not result.passed] == [
        (claims[1], "change_not_seen")]
    assert (look(world, sheet_id).head.status, levels(world.db, claims[0])[1][1]) == ("drafted", "open")
    district = world.actor("xj.district")
    with world.db.unit_of_work(district.scope) as session:
        summary.take_out(session, sheet_id=sheet_id, claim_nos=[number(world, claims[1])], actor=district, now=now)
    assert len(sign(world, sheet_id, "xj.district", now)) == 2
    assert [line.position for line in look(world, sheet_id).lines] == [1, 2]
    assert levels(world.db, claims[1])[1][1] == "open"


def test_a_refreshed_draft_shows_the_present_facts(world: World, claims: list[uuid.UUID], now: datetime) -> None:
    sheet_id = draft(world, "xj.district", now).sheet.id
    change_facts(world.db, claims[1], "a new paper")
    head, district = world.actor("xj.head"), world.actor("xj.district")
    with world.db.unit_of_work(head.scope) as session:
        review.hold(session, claim_id=claims[0], reason="investigation", actor=head, now=now)
    with world.db.unit_of_work(district.scope) as session:
        done = summary.refresh(session, sheet_id=sheet_id, actor=district, now=now)
    assert [(result.claim_id, result.code) for result in done.left_out] == [(claims[0], "on_hold")]
    lines = look(world, sheet_id).lines
    assert [line.changed for line in lines] == [False, False]
    changed = next(line for line in lines if line.claim_id == claims[1])
    assert "未通过：核算表与现有事实一致" in changed.flags
    assert len(sign(world, sheet_id, "xj.district", now)) == 2


def test_whom_separation_keeps_away_is_left_out_with_the_reason(world: World, claims: list[uuid.UUID], now: datetime,
                                                                superuser: Superuser) -> None:
    superuser.execute("INSERT INTO family_tie SELECT person_id, %s, 'spouse' FROM claim WHERE id = %s",
                      (world.person("xj.district"), claims[2]))
    done = draft(world, "xj.district", now)
    assert look(world, done.sheet.id).head.lines == 2
    assert [(result.claim_id, result.code) for result in done.left_out] == [(claims[2], "actor_on_claimant_side")]


def test_the_sheet_goes_up_as_one_and_a_returned_claim_leaves_it(world: World, claims: list[uuid.UUID], now: datetime) -> None:
    sheet_id = draft(world, "xj.district", now).sheet.id
    sign(world, sheet_id, "xj.district", now)
    with pytest.raises(NotPermitted) as refused:
        receive(world, sheet_id, "xj.senior", now)          # the claims wait at the first office level
    assert refused.value.code == "not_your_level"
    receive(world, sheet_id, "xj.office1", now)
    office = world.actor("xj.office1")
    with world.db.unit_of_work(office.scope) as session:
        review.send_down(session, claim_id=claims[0], to_level="district", reason="opinion_incomplete", actor=office, now=now)
    with world.db.unit_of_work(office.scope) as session:
        review.send_back(session, claim_id=claims[1], reason="papers_unclear", actor=office, now=now)
    sheet = look(world, sheet_id)
    found = {line.claim_id: line.left for line in sheet.lines}
    down, back = found[claims[0]], found[claims[1]]
    assert down is not None and back is not None and found[claims[2]] is None
    assert (down.words, down.reason, down.by, down.at) == ("退回本级", "opinion_incomplete", office.name, now)
    assert (back.words, back.reason, back.by) == ("退回材料环节", "papers_unclear", office.name)
    assert (sheet.head.off, sheet.head.standing_fen, sheet.intact) == (2, 1_500_000, True)
    # What came down goes up on a new sheet; the old one keeps its note.
    second = draft(world, "xj.district", now).sheet
    assert second.sheet_no == "XJ-WLMQ-TSD-202603-02"
    sign(world, second.id, "xj.district", now)
    assert next(line for line in look(world, sheet_id).lines if line.claim_id == claims[0]).left == down
    assert look(world, second.id).head.off == 0


def test_the_level_above_collects_what_it_received(world: World, claims: list[uuid.UUID], now: datetime) -> None:
    below = draft(world, "xj.district", now).sheet
    sign(world, below.id, "xj.district", now)
    receive(world, below.id, "xj.office1", now)
    above = draft(world, "xj.office1", now).sheet
    assert {line.below for line in look(world, above.id).lines} == {"XJ-WLMQ-TSD-202603-01"}
    results = sign(world, above.id, "xj.office1", now)
    # 60000 and 30000 yuan go on to the senior reviewer, 15000 is decided here.
    assert sorted((result.next_level or "", result.decided_fen or 0) for result in results) == [
        ("", 1_500_000), ("office_senior", 0), ("office_senior", 0)]
    with pytest.raises(GuardFailed) as error:
        receive(world, above.id, "xj.office1", now)
    assert error.value.code == "own_sheet"
    receive(world, above.id, "xj.senior", now)


def test_a_sheet_is_not_seen_or_touched_from_elsewhere(world: World, claims: list[uuid.UUID], now: datetime) -> None:
    sheet_id = draft(world, "xj.district", now).sheet.id
    with pytest.raises(NotFound):
        look(world, sheet_id, "nx.head")
    head = world.actor("xj.head")
    with pytest.raises(NotPermitted) as error, world.db.unit_of_work(head.scope) as session:
        summary.discard(session, sheet_id=sheet_id, actor=head, now=now)
    assert error.value.code == "not_your_sheet"
    clerk = world.actor("xj.clerk")
    with pytest.raises(NotPermitted), world.db.unit_of_work(clerk.scope) as session:
        summary.draft(session, plan="xj-women", month=MARCH, actor=clerk, now=now)
    district = world.actor("xj.district")
    with pytest.raises(Conflict) as stale, world.db.unit_of_work(district.scope) as session:
        summary.discard(session, sheet_id=sheet_id, version=7, actor=district, now=now)
    assert stale.value.code == "stale_version"
    with world.db.unit_of_work(district.scope) as session:
        summary.discard(session, sheet_id=sheet_id, actor=district, now=now)
    assert draft(world, "xj.district", now).sheet.sheet_no == "XJ-WLMQ-TSD-202603-02"


def test_chosen_claims_only_and_those_that_are_not_here_are_named(world: World, claims: list[uuid.UUID], now: datetime) -> None:
    wanted = [number(world, claims[0]), "XJ2026-9999-999"]
    done = draft(world, "xj.district", now, claim_nos=wanted)
    assert [line.claim_id for line in look(world, done.sheet.id).lines] == [claims[0]]
    assert [(result.claim_no, result.code) for result in done.left_out] == [("XJ2026-9999-999", "not_open_here")]


def test_an_altered_line_shows(world: World, claims: list[uuid.UUID], now: datetime, superuser: Superuser) -> None:
    sheet_id = draft(world, "xj.district", now).sheet.id
    sign(world, sheet_id, "xj.district", now)
    superuser.execute("UPDATE summary_line SET total_fen = total_fen + 1 WHERE position = 2")
    assert look(world, sheet_id).intact is False


def test_the_workbook_carries_each_line_and_the_sum(world: World, claims: list[uuid.UUID], now: datetime) -> None:
    sheet_id = draft(world, "xj.district", now).sheet.id
    sign(world, sheet_id, "xj.district", now)
    office = world.actor("xj.office1")
    with world.db.unit_of_work(office.scope) as session:
        review.send_down(session, claim_id=claims[2], to_level="district", reason="opinion_incomplete", actor=office, now=now)
    rows = CalamineWorkbook.from_filelike(io.BytesIO(workbook(look(world, sheet_id)))).get_sheet_by_index(0).to_python()
    text = "\n".join(" ".join(str(cell) for cell in row) for row in rows)
    assert "编号：XJ-WLMQ-TSD-202603-01" in text and "天山区总工会" in text and "2026 年 3 月" in text
    for claim in claims:
        assert number(world, claim) in text
    assert "退回本级（2026-03-20，" in text
    total = next(row for row in rows if "合计（2 件）" in row)
    assert 90_000.0 in total
    assert any("签署：" in str(row[0]) and "2026-03-20" in str(row[0]) for row in rows)


def test_sheets_are_listed_newest_first(world: World, claims: list[uuid.UUID], now: datetime) -> None:
    first = draft(world, "xj.district", now, claim_nos=[number(world, claims[0])]).sheet
    sign(world, first.id, "xj.district", now)
    second = draft(world, "xj.district", now).sheet
    with world.db.view(world.actor("xj.office1").scope) as session:
        assert [head.id for head in summary_queries.listed(session)] == [second.id, first.id]
        assert [head.id for head in summary_queries.listed(session, statuses=["signed"], plan="xj-women", month=MARCH)] == [first.id]
        assert [head.id for head in summary_queries.listed(session, after=second.id)] == [first.id]
        assert summary_queries.listed(session, month=date(2026, 2, 1)) == []


def test_two_districts_with_sheets_of_one_month_can_be_merged(world: World, claims: list[uuid.UUID], now: datetime) -> None:
    admin = world.actor("admin")
    with world.db.unit_of_work(admin.scope) as session:
        other = enrolment.add_organisation(session, parent_id=world.org("cn.xj.wlmq."), code="sbk", name="沙依巴克区总工会",
                                           kind="district", office=None, letter_organ=None, letter_series=None, contact=None,
                                           actor=admin, now=now)
    first = draft(world, "xj.district", now).sheet
    sign(world, first.id, "xj.district", now)
    with world.db.unit_of_work(admin.scope) as session:
        session.add(SummarySheet(org_key=other.org_key, sheet_no="XJ-WLMQ-SBK-202603-01", serial=1, plan="xj-women", month=MARCH,
                                 level="district", level_name="县市区·产业工会", made_at=now))
    with world.db.unit_of_work(admin.scope) as session:
        enrolment.merge_organisation(session, org_id=other.id, into_id=world.org("cn.xj.wlmq.tsd."), why="区划调整", actor=admin, now=now)
    with world.db.view(world.actor("xj.district").scope) as session:
        assert {head.sheet_no for head in summary_queries.listed(session)} == {"XJ-WLMQ-SBK-202603-01", "XJ-WLMQ-TSD-202603-01"}
    assert look(world, first.id).intact is True
