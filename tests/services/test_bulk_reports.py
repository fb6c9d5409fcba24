"""Reports by workbook: a row an event, all in one stroke, faults by row and column, doubled rows said, nothing half written."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
import xlsxwriter
from python_calamine import CalamineWorkbook
from sqlmodel import select
from typer.testing import CliRunner

from services.audit.verify import verify as verify_audit
from services.cli import main
from services.cli import report as command
from services.core.db import Database, Scope
from services.core.errors import InputError, NotPermitted
from services.intake import queries, service, sheet
from services.intake.sheet import Line
from services.models import Case, Claim, ReportImport
from services.reporting import checks
from services.storage import service as storage
from tests.services.api_world import Api
from tests.support.world import EFFECTIVE, NX_PLAN, ROOT, World, build_world, enrol_members

CN = Scope("cn")
HEADINGS = ("姓名", "身份证号", "事件类别", "确诊日期", "疾病编码", "严重程度", "形态学性质码", "病检标本提取日", "医院", "报案日期",
            "迟报原因", "并入报案号", "另案理由")
Cells = Sequence[object]


def workbook(rows: Sequence[Cells], headings: Sequence[str] = HEADINGS) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        page, dated = book.add_worksheet(), book.add_format({"num_format": "yyyy-mm-dd"})
        for place, row in enumerate([headings, *rows]):
            for column, cell in enumerate(row):
                if isinstance(cell, date):
                    page.write_datetime(place, column, datetime(cell.year, cell.month, cell.day), dated)
                else:
                    page.write(place, column, cell)
    return out.getvalue()


def row(world: World, n: int, *, name: str | None = None, day: object = "2026-03-16", hospital: str = "示例医院", late: str = "",
        reported: object = "", join: str = "", apart: str = "", code: str = "C53.900") -> list[object]:
    who = world.member(n, "xj").synthetic
    return [who.name if name is None else name, who.id_number, "确诊疾病", day, code, "恶性", "3", "2026/3/10", hospital, reported,
            late, join, apart]


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def upload(world: World, content: bytes, now: datetime, *, keep_good: bool = False, login: str = "xj.clerk") -> ReportImport:
    actor = world.actor(login)
    with world.db.unit_of_work(actor.scope) as session:
        return service.report_file(session, content=content, file_name="报案.xlsx", keep_good=keep_good, actor=actor, now=now)


def counted(world: World) -> tuple[int, int]:
    with world.db.view(CN) as session:
        return (session.execute(sa.select(sa.func.count()).select_from(Case)).scalar_one(),
                session.execute(sa.select(sa.func.count()).select_from(Claim)).scalar_one())


def test_every_row_opens_its_case(world: World, now: datetime) -> None:
    both = world.member(0, "xj")
    with world.db.unit_of_work(CN) as session:
        enrol_members(session, world, "nx", NX_PLAN, [replace(both.synthetic, shares=1)], EFFECTIVE, now)
    rows = [row(world, 0, day=date(2026, 3, 16)), row(world, 1, day="2026年3月16日"), row(world, 2, day="20260316", reported="2026-03-18")]
    done = upload(world, workbook(rows), now, login="system")
    assert (done.rows, done.accepted, done.faults, done.errors_sha256) == (3, 3, [], None)
    assert [one["row"] for one in done.outcome] == ["2", "3", "4"]
    with world.db.unit_of_work(CN) as session:
        cases = {case.case_no: case for case in session.exec(select(Case))}
        made = [cases[one["case_no"]] for one in done.outcome]
        assert [case.person_id for case in made] == [world.member(n, "xj").person_id for n in range(3)]
        assert [case.reported_on for case in made] == [date(2026, 3, 20), date(2026, 3, 20), date(2026, 3, 18)]
        plans = [sorted(claim.plan for claim in queries.claims_of(session, case.id)) for case in made]
        assert plans == [["nx-ankangbao", "xj-women"], ["xj-women"], ["xj-women"]]
        assert queries.claims_of(session, made[1].id)[0].event == {
            "kind": "diagnosis", "icd10": "C53.900", "behaviour": "3", "severity": "malignant", "specimen_on": "2026-03-10",
            "diagnosed_on": "2026-03-16"}
        numbers = [claim.claim_no for claim in session.exec(select(Claim))]
        assert len(set(numbers)) == 4
        assert verify_audit(session) == []
        assert checks.run(session) == []


def test_each_fault_names_row_column_and_remedy(world: World, now: datetime) -> None:
    rows: list[list[object]] = [row(world, 0), row(world, 1, name="别人"), row(world, 2, day="16日"), row(world, 3, day="2026-02-01"),
            row(world, 0), row(world, 4, day="2027-03-16"), ["", "", "确诊疾病", "2026-03-16"], row(world, 5)]
    rows[7][2] = "生病"
    done = upload(world, workbook(rows), now)
    assert (done.accepted, counted(world)) == (0, (0, 0))
    assert [(fault["row"], fault["column"], fault["code"]) for fault in done.faults] == [
        ("3", "姓名", "name_differs"), ("4", "确诊日期", "cell_value"), ("5", "迟报原因", "late_reason_missing"),
        ("6", "并入报案号", "duplicate_report"), ("7", "确诊日期", "event_future"), ("8", "身份证号", "cell_missing"),
        ("9", "事件类别", "cell_value")]
    assert all(fault["remedy"] for fault in done.faults)
    assert done.errors_sha256
    [page] = [CalamineWorkbook.from_filelike(io.BytesIO(storage.get(done.errors_sha256))).get_sheet_by_index(0).to_python()]
    assert page[0] == ["行号", *HEADINGS, "问题", "列", "办法"]
    assert [line[0] for line in page[1:]] == ["3", "4", "5", "6", "7", "8", "9"]
    assert page[2] == ["4", *[str(cell) for cell in rows[2]], "“16日”不是日期", "确诊日期", "写成 2026-03-16"]


def test_a_formula_is_named_and_not_taken_for_typed(world: World, now: datetime) -> None:
    """The reader gives the value it last showed: `=TODAY()-4` shown as 16 March is no day of an event."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        book.add_worksheet().hide()
        page = book.add_worksheet("报案")
        page.activate()
        for place, cells in enumerate([HEADINGS, row(world, 0), row(world, 1)]):
            page.write_row(place, 0, cells)
        page.write_formula(2, HEADINGS.index("确诊日期"), "=TODAY()-4", None, "2026-03-16")
    done = upload(world, out.getvalue(), now, keep_good=True)
    assert (done.accepted, [(fault["row"], fault["column"], fault["code"]) for fault in done.faults]) == (
        1, [("3", "确诊日期", "formula")])


def test_what_was_typed_stays_in_the_workbook_alone(world: World, now: datetime) -> None:
    rows: list[list[object]] = [row(world, 0, day="李示例19900000001病重"), row(world, 1, code="王示例 肿瘤"), row(world, 2, join="赵示例")]
    done = upload(world, workbook(rows), now)
    assert [(fault["row"], fault["code"]) for fault in done.faults][::2] == [("2", "cell_value"), ("4", "case_missing")]
    assert len(done.faults) == 3
    assert not any(name in str(done.faults) for name in ("李示例", "19900000001", "王示例", "肿瘤", "赵示例"))
    assert done.errors_sha256
    page = CalamineWorkbook.from_filelike(io.BytesIO(storage.get(done.errors_sha256))).get_sheet_by_index(0).to_python()
    assert page[1][HEADINGS.index("确诊日期") + 1] == "李示例19900000001病重" and "李示例19900000001病重" in str(page[1][-3])


def test_the_good_rows_alone_when_chosen(world: World, now: datetime) -> None:
    done = upload(world, workbook([row(world, 0), row(world, 1, day="?"), row(world, 2)]), now, keep_good=True)
    assert (done.accepted, [one["row"] for one in done.outcome], [fault["row"] for fault in done.faults]) == (2, ["2", "4"], ["3"])
    assert counted(world) == (2, 2)


def test_a_doubled_event_is_joined_or_opened_apart_by_its_row(world: World, now: datetime) -> None:
    first = upload(world, workbook([row(world, 0)]), now).outcome[0]["case_no"]
    again = upload(world, workbook([row(world, 0)]), now)
    assert again.faults[0]["code"] == "duplicate_report" and first in again.faults[0]["remedy"]
    done = upload(world, workbook([row(world, 0, join=first), row(world, 1)]), now)
    assert done.outcome[0]["case_no"] == first
    assert counted(world) == (2, 2)
    upload(world, workbook([row(world, 0, apart="另一处原发")]), now)
    assert counted(world) == (3, 3)


def test_telephone_notes_come_with_the_file(world: World, now: datetime) -> None:
    who = world.member(0, "xj").synthetic
    headings = ("身份证号", "事件类别", "确诊日期", "疾病编码", "来电人", "来电时间", "拨打号码", "线路", "来电内容")
    cells = [who.id_number, "diagnosis", "2026-03-16", "C53.900", "李示例", "2026-03-17 08:40", "12351", "办事处", "确诊，住院 第2天"]
    done = upload(world, workbook([cells], headings), now)
    assert done.faults == []
    with world.db.view(CN) as session:
        case = session.exec(select(Case)).one()
    assert (case.channel, case.reporter_name, case.reported_on) == ("phone", "李示例", date(2026, 3, 17))


@pytest.mark.parametrize(("content", "code"), [
    (b"MZ" + bytes(200), "file_type"),
    (workbook([["x"]], ["姓名"]), "report_header"),
    (workbook([], HEADINGS), "report_file_empty"),
    (workbook([["1", "2"]], ["身份证号", "事件类别", "身份证号"]), "report_header_twice"),
    (workbook([["1", "2"]], ["身份证号", "事件类别", "心情"]), "report_column"),
    (workbook([["1", "2"]] * 2001, ["身份证号", "事件类别"]), "report_file_long"),
])
def test_a_file_that_is_no_such_workbook(world: World, now: datetime, content: bytes, code: str) -> None:
    with pytest.raises(InputError) as refused:
        upload(world, content, now)
    assert (refused.value.code, refused.value.field) == (code, "content")


def test_the_largest_file_is_read(world: World) -> None:
    assert len(sheet.read(workbook([["1", "2"]] * 2000, ["身份证号", "事件类别"])).lines) == 2000


@pytest.mark.parametrize(("column", "text", "fact", "value"), [
    ("住院记录", "10、5天", "stays", [{"days": 10}, {"days": 5}]),
    ("住院记录", "2026-05-01至2026-05-11", "stays", [{"from": "2026-05-01", "to": "2026-05-11"}]),
    ("急性疾病猝死", "是", "sudden_death", True), ("医疗年度", "2021", "year", 2021),
    ("伤残等级（JR/T 0083）", "3、5", "disability_grades", [3, 5]), ("住院自付金额", "1,234.50", "own_payment", "1234.50"),
    ("损失原因", "火灾", "cause", "fire"), ("各次住院自付一", "100.00、20", "stays_own_1", ["100.00", "20"]),
])
def test_cells_become_the_words_of_an_event(column: str, text: str, fact: str, value: object) -> None:
    assert sheet.new_report(Line(2, {"身份证号": "1", "事件类别": "意外", column: text}, ())).event[fact] == value


def test_only_who_reports_for_others_sends_a_file(world: World, now: datetime) -> None:
    for login in ("xj.m0", "xj.auditor", "xj.admin", "xj.office1"):
        with pytest.raises(NotPermitted):
            upload(world, workbook([row(world, 0)]), now, login=login)
    done = upload(world, workbook([row(world, 0)]), now, keep_good=True, login="xj.clerk2")    # another unit's clerk sees no cover
    assert (done.accepted, done.faults[0]["code"]) == (0, "no_cover")


def test_the_file_through_the_api(db: Database, now: datetime, tmp_path: Path) -> None:
    api = Api(db, now, tmp_path)
    content = workbook([row(api.world, 0), row(api.world, 1, day="?")])
    answer = api.upload("xj.clerk", "/cases/files", content, name="r.xlsx", key="one", keep_good="true")
    assert answer.status_code == 201, answer.text
    assert api.upload("xj.clerk", "/cases/files", content, name="r.xlsx", key="one", keep_good="true").json() == answer.json()
    assert counted(api.world) == (1, 1)
    done = answer.json()
    assert (done["rows"], done["accepted"], len(done["faults"])) == (2, 1, 1)
    assert api.get("xj.clerk", done["errors"]).content[:4] == b"PK\x03\x04"
    assert api.get("xj.head", done["errors"]).status_code == 403
    assert api.get("nx.clerk", done["errors"]).status_code == 404
    blank = sheet.template()
    assert CalamineWorkbook.from_filelike(io.BytesIO(blank)).get_sheet_by_index(0).to_python()[0] == list(sheet.TEMPLATE)
    assert api.get("xj.clerk", "/cases/files/template").status_code == 200


def test_the_command(world: World, now: datetime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "database", lambda: world.db)
    file = tmp_path / "r.xlsx"
    file.write_bytes(workbook([row(world, 0, late="在外地"), row(world, 1, day="?", late="在外地")]))
    told = CliRunner().invoke(main.build(("report",)), ["report", str(file), "--keep-good", "--as", "xj.clerk", "--json"])
    assert told.exit_code == 1, told.output
    assert '"accepted": 1' in told.output
    assert (tmp_path / "r-错误清单.xlsx").read_bytes()[:2] == b"PK"
    blank = CliRunner().invoke(main.build(("report",)), ["report", "--template", "--out", str(tmp_path / "t.xlsx")])
    assert (blank.exit_code, sheet.TEMPLATE[0]) == (0, "身份证号") and (tmp_path / "t.xlsx").exists()
    with world.db.view(ROOT.scope) as session:
        assert session.exec(select(ReportImport)).one().accepted == 1
