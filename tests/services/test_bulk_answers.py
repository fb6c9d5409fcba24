"""An insurer answers in a workbook: rows checked, errors named, two persons, the same inbox; the same file twice does nothing."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.core.db import Database
from services.core.errors import Conflict, GuardFailed, InputError, NotPermitted
from services.insurer import answer_book as book
from services.insurer import bulk_answers, queries
from services.insurer import service as insurer
from services.models import AnswerSheet
from services.storage import service as storage
from tests.services.answer_files import filled, table
from tests.services.handoff_world import handoff, number, with_insurer
from tests.services.insurer_world import Twin, running
from tests.services.review_world import ROOT, outcome, pdf
from tests.support.world import World, build_world


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twin]:
    with running(Path(tmp_path_factory.mktemp("twin"))) as found:
        yield found


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def listed(world: World) -> list[dict[str, str]]:
    """The open list as an office reviewer downloads it."""
    actor = world.actor("nx.office1")
    with world.db.view(actor.scope) as session:
        return table(bulk_answers.open_list(session, actor=actor))


def bring(world: World, content: bytes, no: str, now: datetime, login: str = "nx.office1") -> AnswerSheet:
    actor = world.actor(login)
    with world.db.unit_of_work(actor.scope) as session:
        return bulk_answers.bring(session, content=content, file_name="答复.xlsx", letters={no: pdf("决定书")} if no else {},
                                  actor=actor, now=now)


def take(world: World, sheet: uuid.UUID, login: str, now: datetime) -> int:
    actor = world.actor(login)
    with world.db.unit_of_work(actor.scope) as session:
        return bulk_answers.take(session, sheet_id=sheet, actor=actor, now=now)


def apply(world: World, no: str, now: datetime) -> int:
    with world.db.unit_of_work(ROOT) as session:
        return insurer.apply(session, claim_nos=[no], now=now)


def test_a_workbook_becomes_messages_by_a_second_person_and_only_once(world: World, twin: Twin, now: datetime) -> None:
    claim = with_insurer(world, twin, now)
    no = number(world, claim)
    rows = listed(world)
    assert [(row[book.CLAIM], row[book.LIABILITY], row[book.OURS]) for row in rows if row[book.OURS]] == [
        (no, "breast_cancer", "100000.00"), (no, "breast_cancer_allowance", "900.00")]
    content = filled(rows)
    sheet = bring(world, content, no, now)
    assert (sheet.claims, sheet.faults, sheet.rows) == ([no], [], 4)
    assert bring(world, content, no, now).id == sheet.id
    with pytest.raises(GuardFailed):
        take(world, sheet.id, "nx.office1", now)
    with pytest.raises(NotPermitted):
        take(world, sheet.id, "nx.clerk", now)
    assert take(world, sheet.id, "nx.senior", now) == 3
    with pytest.raises(Conflict):
        take(world, sheet.id, "nx.head", now)
    assert apply(world, no, now) == 3
    assert outcome(world.db, claim) == ("payable", "pay", 10_090_000)
    row = handoff(world, claim)
    assert (row.state, row.report_no, row.case_no) == ("decided", "BA-1", "LA-1")
    with world.db.view(ROOT) as session:
        letter = session.execute(sa.text("SELECT answer->'letter'->>'number' FROM decision")).scalar_one()
        owed = session.execute(sa.text("SELECT count(*) FROM outbox WHERE topic = 'insurer.message'")).scalar_one()
        assert queries.last_seq(session) == 0            # the insurer's own numbering is left alone
    assert (letter, owed) == ("赔字1号", 1)
    assert listed(world) == []
    again = bring(world, filled(rows, {book.CASE_NO: "LA-2"}), no, now)
    assert (again.claims, {fault["column"] for fault in again.faults}) == ([], {book.KEY})


def test_nobody_brings_or_takes_in_a_colleagues_place(world: World, twin: Twin, now: datetime) -> None:
    """A substitute counts as both: with one who brings and one who takes there would be no second person later."""
    no = number(world, with_insurer(world, twin, now))
    content, office, senior = filled(listed(world)), world.actor("nx.office1"), world.actor("nx.senior")
    for_senior, for_office = (replace(one, stands_for=frozenset({world.person(login)}))
                              for one, login in ((office, "nx.senior"), (senior, "nx.office1")))
    with pytest.raises(NotPermitted, match="stands_in"), world.db.unit_of_work(office.scope) as session:
        bulk_answers.bring(session, content=content, file_name="答复.xlsx", letters={no: pdf("决定书")}, actor=for_senior, now=now)
    sheet = bring(world, content, no, now).id
    with pytest.raises(NotPermitted, match="stands_in"), world.db.unit_of_work(senior.scope) as session:
        bulk_answers.take(session, sheet_id=sheet, actor=for_office, now=now)
    assert take(world, sheet, "nx.senior", now) == 3


def test_the_same_answers_in_two_files_are_the_same_messages(world: World, twin: Twin, now: datetime) -> None:
    claim = with_insurer(world, twin, now)
    no, rows = number(world, claim), listed(world)
    first, second = bring(world, filled(rows), no, now), bring(world, filled(list(rows), {"备注": ""}) + b"\0", no, now)
    assert first.id != second.id
    assert (take(world, first.id, "nx.senior", now), take(world, second.id, "nx.senior", now)) == (3, 0)


def test_of_two_workbooks_with_different_words_only_the_first_is_taken(world: World, twin: Twin, now: datetime) -> None:
    claim = with_insurer(world, twin, now)
    no, rows = number(world, claim), listed(world)
    first, second = bring(world, filled(rows), no, now), bring(world, filled(rows, amounts={"breast_cancer": "50000.00"}), no, now)
    assert take(world, first.id, "nx.senior", now) == 3
    with pytest.raises(Conflict) as error:
        take(world, second.id, "nx.senior", now)
    assert error.value.code == "answers_overtaken" and no in error.value.message
    assert apply(world, no, now) == 3
    assert outcome(world.db, claim) == ("payable", "pay", 10_090_000)


FAULTS: list[tuple[dict[str, str], str]] = [
    ({book.TOTAL: "100899.99"}, book.TOTAL), ({book.ROUND: "2"}, book.ROUND), ({book.VERSION: "2"}, book.VERSION),
    ({book.DIGEST: "0" * 64}, book.DIGEST), ({book.CLAIM: "NX-X"}, book.CLAIM), ({book.LIABILITY: "dental"}, book.LIABILITY),
    ({book.AMOUNT: "一万"}, book.AMOUNT), ({book.AMOUNT: "-1.00"}, book.AMOUNT),
    ({book.AMOUNT: "1e400"}, book.AMOUNT), ({book.AMOUNT: "10000000000.00", book.TOTAL: "10000000900.00"}, book.AMOUNT),
    ({book.AMOUNT: "0.00"}, book.REASON),
    ({book.REASON: "just_so"}, book.REASON), ({book.CLAUSE: ""}, book.CLAUSE), ({book.REPORT_NO: ""}, book.REPORT_NO),
    ({book.DECIDED_ON: "2026-03-21"}, book.DECIDED_ON), ({book.DECIDED_ON: "昨天"}, book.DECIDED_ON),
    ({book.LETTER_NO: ""}, book.LETTER_NO),
    ({book.REFUND: "5.00", book.TOTAL: "100905.00"}, book.REFUND), ({book.TOTAL: "=100900"}, book.TOTAL),
    ({book.KEY: str(uuid.UUID(int=7))}, book.KEY)]


def test_each_fault_is_named_by_row_and_column(world: World, twin: Twin, now: datetime) -> None:
    no, rows = number(world, with_insurer(world, twin, now)), listed(world)
    with world.db.view(ROOT) as session:
        for changes, column in FAULTS:
            found = bulk_answers.check(session, filled(rows, changes), {no: "0" * 64}, now)
            assert found.answers == [] and (found.faults[0].row, found.faults[0].column) == (2, column), changes
            returned = table(book.errors(found.lines, found.faults))
            assert (returned[0][book.ROW], returned[0][book.COLUMN]) == ("2", column)
            assert returned[0][book.CLAUSE] == changes.get(book.CLAUSE, "安康保办法 第五条")
        assert [one.file.claim_no for one in bulk_answers.check(session, filled(rows), {no: "0" * 64}, now).answers] == [no]


def test_a_claim_is_answered_whole_with_its_letter_or_not_at_all(world: World, twin: Twin, now: datetime) -> None:
    one, two = with_insurer(world, twin, now), with_insurer(world, twin, now, n=1)
    first, second = number(world, one), number(world, two)
    rows = listed(world)
    part = [row for row in rows if row[book.CLAIM] == first] + [row for row in rows if row[book.CLAIM] == second][:3]
    sheet = bring(world, filled(part), first, now)
    assert sheet.claims == [first]
    assert [(fault["row"], fault["column"]) for fault in sheet.faults] == [("6", book.LIABILITY)]
    assert sheet.errors_sha256 is not None and [row[book.CLAIM] for row in table(storage.get(sheet.errors_sha256))] == [second] * 3
    unlettered = bring(world, filled([row for row in rows if row[book.CLAIM] == first]), "", now)
    assert [(fault["column"]) for fault in unlettered.faults] == [book.LETTER_NO]
    actor = world.actor("nx.office1")
    with world.db.unit_of_work(actor.scope) as session:
        with pytest.raises(InputError):
            bulk_answers.bring(session, content=filled(rows), file_name="x.xlsx", letters={first: b"GIF89a"}, actor=actor, now=now)
        bulk_answers.drop(session, sheet_id=sheet.id, reason="版本有误", actor=actor, now=now)
    with pytest.raises(Conflict):
        take(world, sheet.id, "nx.senior", now)
