"""The workbook of faults, cell by cell, from a roster with 1% faults of every kind."""

from __future__ import annotations

from datetime import datetime

import psycopg

from services.core.db import Database
from services.enrolment import queries
from services.models import RosterImport
from services.storage import service as storage
from tests.services.roster_files import HEADER, Kind, Made, known_kinds, roster, row_kinds, sheets, with_faults, woman
from tests.services.test_roster_joining import APRIL, UNIT_NAME, enrol
from tests.support.world import NX_PLAN, World, build_world


def _world(db: Database, now: datetime, superuser: psycopg.Connection[tuple[object, ...]]) -> tuple[World, list[Kind], str]:
    """The small world with one person under another name and one who died; the faults that follow, and a certificate."""
    world = build_world(db, now)
    admin = world.actor("nx.admin")
    with db.unit_of_work(admin.scope) as session:
        renamed, dead = (world.member(place).synthetic for place in (1, 2))
        (cover,) = queries.covers_of(session, world.member(0).person_id, NX_PLAN)
    superuser.execute("UPDATE cover SET effective = '2025-01-01', until = '2025-12-31' WHERE person_id = ANY(%s)",
                      ([world.member(place).person_id for place in (1, 2)],))
    superuser.execute("UPDATE person SET died_on = '2026-02-01' WHERE id = %s", (world.member(2).person_id,))
    return world, known_kinds(world.member(0).synthetic, renamed, dead), cover.certificate_no


def _expected_rows(made: Made) -> list[list[str]]:
    return [["行号", *HEADER, "问题", "列", "办法"],
            *([str(row), *line, fault, column, remedy] for row, (line, fault, column, remedy) in sorted(made.faulty.items()))]


def _expected_summary(made: Made, accepted: int, how: str) -> list[list[str]]:
    columns = [column for _, _, column, _ in made.faulty.values()]
    counts = sorted({column: columns.count(column) for column in columns}.items(), key=lambda item: (-item[1], item[0]))
    lines = [["计划", "关爱女职工“安康保”"], ["单位", UNIT_NAME], ["生效日", "2026-04-01"], ["文件", "名单.xlsx"],
             ["人数", str(made.people)], ["有误的行", str(len(made.faulty))], ["已参保", str(accepted)], ["方式", how], [],
             ["列", "有误的行数"], *([column, str(count)] for column, count in counts)]
    return [[*line, *[""] * (2 - len(line))] for line in lines]


def _outcome(done: RosterImport) -> dict[str, list[list[object]]]:
    assert done.errors_sha256 is not None
    return sheets(storage.get(done.errors_sha256))


def test_every_cell_of_the_workbook_of_faults(db: Database, now: datetime, superuser: psycopg.Connection[tuple[object, ...]]) -> None:
    """2,400 people, 24 of them wrong, each in another way; all or nothing, then the good rows."""
    world, known, certificate = _world(db, now, superuser)
    made = with_faults(2_400, lambda turn: [*row_kinds(turn), *known], UNIT_NAME, certificate=certificate)
    assert len(made.faulty) == 24 == len(row_kinds()) + len(known) + 1
    nothing = enrol(db, world, made.content, now)
    assert (nothing.rows, nothing.accepted, nothing.fault_count) == (2_400, 0, 24)
    assert _outcome(nothing) == {"有误的行": _expected_rows(made), "汇总": _expected_summary(made, 0, "全部合格才参保")}
    assert superuser.execute("SELECT count(*) FROM cover WHERE effective = %s", (APRIL,)).fetchone() == (0,)
    good = enrol(db, world, made.content, now, keep_good=True)
    assert good.accepted == 2_376
    assert _outcome(good) == {"有误的行": _expected_rows(made), "汇总": _expected_summary(made, 2_376, "保留合格的行")}
    assert superuser.execute("SELECT count(*), count(DISTINCT certificate_no), count(DISTINCT person_id) FROM cover"
                             " WHERE effective = %s", (APRIL,)).fetchone() == (2_376, 2_376, 2_376)


def test_one_row_with_two_faults_has_a_line_for_each(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    rows = [woman(1), woman(2) | {"姓名": "", "手机号": "1"}]
    done = enrol(db, world, roster(rows, UNIT_NAME), now)
    line = _outcome(done)["有误的行"][1]
    assert line[-3:] == ["姓名为空\n手机号应为 11 位", "姓名\n手机号", "按身份证填写姓名\n改正手机号，或留空"]


def test_faults_of_the_whole_roster_and_notes_stand_in_the_summary(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    done = enrol(db, world, roster([woman(1) | {"姓名": "阿依•古丽"}], "别的工会"), now, keep_good=True)
    assert (done.accepted, _outcome(done)["有误的行"]) == (0, [["行号", *HEADER, "问题", "列", "办法"]])
    assert [line for line in _outcome(done)["汇总"] if any(line)][-4:] == [
        ["全名单", "列", "办法"],
        [f"名单写的是“别的工会”，上传单位是“{UNIT_NAME}”", "单位名称", "核对名单，或由该单位上传"],
        ["提示", "列", "办法"],
        ["间隔符已统一为“·”，请与身份证核对（1 处，首处在第 2 行）", "姓名", "核对证件；无误则不必改"]]


def test_what_looks_like_a_formula_is_only_text_in_the_workbook(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    rows = [woman(1) | {"姓名": "=1+1", "职业": "@SUM(1)"}]
    done = enrol(db, world, roster(rows, UNIT_NAME), now)
    assert _outcome(done)["有误的行"][1][2:5] == ["=1+1", woman(1)["身份证号"], "@SUM(1)"]
    assert done.errors_sha256 is not None
    assert b"<f>" not in storage.get(done.errors_sha256)


def test_the_faulty_rows_can_be_mended_and_sent_again(db: Database, now: datetime) -> None:
    """Columns that we add are left unread."""
    world = build_world(db, now)
    done = enrol(db, world, roster([woman(1), woman(2) | {"份数": "9"}], UNIT_NAME), now, keep_good=True)
    head, line = _outcome(done)["有误的行"]
    cells = {str(name): str(text) for name, text in zip(head, line, strict=True) if name in HEADER}
    again = enrol(db, world, roster([cells | {"份数": "1"}], UNIT_NAME), now)
    assert (again.accepted, again.faults) == (1, [])
