"""A workbook of reports is read in sets: as many statements for many rows as for few, and each row on its own day."""

from __future__ import annotations

from datetime import date, datetime

import pytest
import sqlalchemy as sa

from services.core.db import Database, Scope
from services.enrolment import service as enrolment
from services.intake.opening import report_all
from services.intake.reports import NewReport
from services.models import Case
from tests.services import beijing_world
from tests.support.proof import PROOF, keep_proof
from tests.support.world import ROOT, World, build_world

CN = Scope("cn")


def _reports(world: World, people: int, day: str, joins: list[str]) -> list[NewReport]:
    event = {"kind": "diagnosis", "icd10": "C53.900", "behaviour": "3", "severity": "malignant", "diagnosed_on": day}
    return [NewReport(event=event, channel="clerk", id_number=world.member(n, "xj").synthetic.id_number,
                      join=joins[n] if joins else None) for n in range(people)]


def _opened(world: World, reports: list[NewReport], now: datetime) -> tuple[list[str], int]:
    """The numbers of the cases, and how many statements it took."""
    said: list[str] = []

    def hear(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        said.append(statement)

    sa.event.listen(sa.engine.Engine, "before_cursor_execute", hear)
    try:
        with world.db.unit_of_work(CN) as session:
            made = report_all(session, reports=reports, keep_good=False, actor=ROOT, now=now)
            assert all(isinstance(case, Case) for case in made), made
            numbers = [case.case_no for case in made if isinstance(case, Case)]
            session.flush()
            return numbers, len(said)
    finally:
        sa.event.remove(sa.engine.Engine, "before_cursor_execute", hear)


def test_six_rows_take_no_more_statements_than_two(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    _opened(world, _reports(world, 2, "2026-03-12", []), now)      # the first call reads the rule-books' settings too
    few, of_few = _opened(world, _reports(world, 2, "2026-03-16", []), now)
    many, of_many = _opened(world, _reports(world, 6, "2026-03-14", []), now)
    assert (len(few), len(many)) == (2, 6)
    assert of_many == of_few
    _, of_few = _opened(world, _reports(world, 2, "2026-03-16", few), now)
    _, of_many = _opened(world, _reports(world, 6, "2026-03-14", many), now)
    assert of_many == of_few


@pytest.mark.parametrize("last", [date(2026, 3, 15), date(2026, 3, 14)])
def test_each_row_is_answered_by_the_category_of_its_day(db: Database, now: datetime, last: date) -> None:
    """The plan of hardship covers only who is in hardship on the event's day: accidents of 14, 15 and 16 March."""
    beijing = beijing_world.build(db, now, covers=())
    keep_proof()
    with db.unit_of_work(CN) as session:
        enrolment.add_category(session, person_id=beijing.person_id, category="hardship", from_on=date(2025, 1, 1), until_on=last,
                               proof_sha256=PROOF, actor=ROOT, now=now)
        beijing_world.enrol(session, beijing.world, beijing.member, "bj-hardship-b3", now)
    reports = [NewReport(event={"kind": "accident", "on": f"2026-03-{day}", "death": True}, channel="clerk",
                         id_number=beijing.member.id_number) for day in (14, 15, 16)]
    with db.unit_of_work(CN) as session:
        made = report_all(session, reports=reports, actor=ROOT, now=now)
        answers = [case.answers[0]["answer"] for case in made if isinstance(case, Case)]
    assert answers == ["yes"] * (last.day - 13) + ["no"] * (16 - last.day)      # a no opens too: it is refused by a decision
