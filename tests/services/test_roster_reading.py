"""What people send: formulas, dates as text, full-width digits, merged headers, wrong and hostile files. Each has a clear answer."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import date, datetime

import pytest
import xlsxwriter

from services.core.db import Database
from services.core.errors import InputError
from services.enrolment import reading, workbook
from services.enrolment.faults import Notes
from services.enrolment.rules import read_row
from services.rulebook import registry
from services.simulate.synthetic import sheet_xlsx
from tests.services.roster_files import sheets, woman
from tests.services.roster_files import workbook as made
from tests.services.test_roster_joining import enrol
from tests.support.world import World, build_world

BOOK = registry.latest("nx-ankangbao")
HEADER = ["序号", "姓名", "身份证号", "职业"]
NUMBER = woman(1)["身份证号"]
Write = Callable[[xlsxwriter.Workbook], None]


def one_sheet(write: Callable[[xlsxwriter.worksheet.Worksheet, xlsxwriter.Workbook], None]) -> bytes:
    return made(lambda book: write(book.add_worksheet("名单"), book))


def read(content: bytes) -> tuple[list[tuple[int, dict[str, str]]], list[str], list[str]]:
    """The rows, the notes, and the faults of the rows by themselves."""
    listed = reading.read(content)
    rows = list(listed.rows())
    faults = [fault.fault for row in rows for fault in read_row(row, BOOK, Notes())[1]]
    return [(row.row, dict(row.cells)) for row in rows], [note.fault for note in listed.notes.all()], faults


def test_a_formula_is_read_as_its_shown_value_and_noted() -> None:
    def write(sheet: xlsxwriter.worksheet.Worksheet, _book: xlsxwriter.Workbook) -> None:
        sheet.write_row(0, 0, HEADER)
        for row in (1, 2):
            sheet.write_formula(row, 0, "=ROW()-1", None, row)              # a column that is not read
            sheet.write_formula(row, 1, '=HYPERLINK("http://x.invalid","示一兰")', None, "示一兰")
            sheet.write_string(row, 2, woman(row)["身份证号"])
    rows, notes, faults = read(one_sheet(write))
    assert [cells["姓名"] for _, cells in rows] == ["示一兰", "示一兰"]
    assert notes == ["单元格是公式：按其显示的值读取，公式没有执行（2 处，首处在第 2 行）"]
    assert faults == []


def test_a_formula_without_a_value_is_a_fault_like_any_empty_name() -> None:
    def write(sheet: xlsxwriter.worksheet.Worksheet, _book: xlsxwriter.Workbook) -> None:
        sheet.write_row(0, 0, HEADER)
        sheet.write_formula(1, 1, "=NOTHING()", None, "")
        sheet.write_string(1, 2, NUMBER)
    _, notes, faults = read(one_sheet(write))
    assert (len(notes), faults) == (1, ["姓名为空"])


@pytest.mark.parametrize("born", ["1970-01-01", "1970/1/1", "1970.1.1", "1970年1月1日", "19700101", "１９７０年１月１日", date(1970, 1, 1)])
def test_a_date_as_text_or_as_a_date(born: str | date) -> None:
    def write(sheet: xlsxwriter.worksheet.Worksheet, book: xlsxwriter.Workbook) -> None:
        sheet.write_row(0, 0, ["姓名", "身份证号", "出生日期"])
        sheet.write_row(1, 0, ["示一兰", NUMBER])
        if isinstance(born, str):
            sheet.write_string(1, 2, born)
        else:
            sheet.write_datetime(1, 2, datetime(born.year, born.month, born.day), book.add_format({"num_format": "yyyy-mm-dd"}))
    assert read(one_sheet(write))[2] == []


@pytest.mark.parametrize("born", ["1970-01-02", "1970-13-01", "70-1-1", "25569"])
def test_a_birth_date_that_is_another_or_none_is_a_fault(born: str) -> None:
    assert read(sheet_xlsx([["姓名", "身份证号", "出生日期"], ["示一兰", NUMBER, born]]))[2] == [f"出生日期“{born}”与身份证号不符"]


@pytest.mark.parametrize("typed", [
    "".join(chr(ord(sign) + 0xFEE0) for sign in NUMBER), f" {NUMBER[:6]} {NUMBER[6:14]} {NUMBER[14:]} ", f"　{NUMBER}\u200b",
    f"'{NUMBER}", f"{NUMBER[:6]}\xa0{NUMBER[6:]}\n"])
def test_full_width_digits_blanks_and_unseen_signs_in_a_number(typed: str) -> None:
    rows, _, faults = read(sheet_xlsx([HEADER, ["1", "示一兰", typed, "职员"]]))
    assert (rows[0][1]["身份证号"], faults) == (NUMBER, [])


def test_a_small_x_is_the_check_sign() -> None:
    number = next(woman(serial)["身份证号"] for serial in range(50) if woman(serial)["身份证号"].endswith("X"))
    assert read(sheet_xlsx([HEADER, ["1", "示一兰", number.lower(), "职员"]]))[2] == []


def test_a_number_stored_as_a_number_is_named_and_never_guessed() -> None:
    """18 digits lose their last three; one in eleven of those would pass the check digit."""
    def write(sheet: xlsxwriter.worksheet.Worksheet, _book: xlsxwriter.Workbook) -> None:
        sheet.write_row(0, 0, HEADER)
        for row in range(1, 23):
            sheet.write_string(row, 1, "示一兰")
            sheet.write_number(row, 2, int("6400991970010100" + f"{row:02d}"))
    rows, _, faults = read(one_sheet(write))
    assert rows[0][1]["身份证号"] == "6.40099E+17"
    assert faults == ["须为17位数字加1位数字或X"] * 22


def test_a_header_of_two_lines_with_merged_cells_under_a_merged_title() -> None:
    def write(sheet: xlsxwriter.worksheet.Worksheet, _book: xlsxwriter.Workbook) -> None:
        sheet.merge_range("A1:F1", "参保人员名单")
        for column, name in zip("ABCD", HEADER, strict=True):
            sheet.merge_range(f"{column}2:{column}3", name)
        sheet.merge_range("E2:F2", "收款账户")
        sheet.write_row("E3", ["开户行", "银行账号"])
        sheet.write_row("A4", ["1", "示一兰", NUMBER, "职员", "工商银行", "6222020000000000018"])
        sheet.merge_range("A5:F5", "单位名称：兴庆区示例一厂工会")
    content = one_sheet(write)
    rows, _, faults = read(content)
    assert (rows, faults) == ([(4, {"姓名": "示一兰", "身份证号": NUMBER, "职业": "职员", "开户行": "工商银行",
                                    "银行账号": "6222020000000000018"})], [])
    assert reading.read(content).unit == "兴庆区示例一厂工会"


def test_headings_by_other_names_and_other_columns_between() -> None:
    rows, _, _ = read(sheet_xlsx([["部门", "姓 名*", "公民身份号码：", "备注", "联系电话"],
                                  ["一车间", "示一兰", NUMBER, "x", "19900000001"]]))
    assert rows == [(2, {"姓名": "示一兰", "身份证号": NUMBER, "手机号": "19900000001"})]


def test_people_below_the_footer_are_named_not_dropped() -> None:
    listed = reading.read(sheet_xlsx([HEADER, ["1", "示一兰", NUMBER, ""], ["单位名称：", "示例工会"],
                                      ["经办人：示二梅", "", "19900000000"], ["2", "示二梅", woman(2)["身份证号"], ""]]))
    assert (listed.unit, listed.count) == ("示例工会", 1)
    assert [(fault.row, fault.fault) for fault in listed.faults] == [(5, "第 5 行在“单位名称”之后，没有读取")]


def _hidden(book: xlsxwriter.Workbook) -> None:
    book.add_worksheet("说明").write_string(0, 0, "请核对")
    hidden = book.add_worksheet("旧名单")
    hidden.write_row(0, 0, HEADER)
    hidden.write_row(1, 0, ["1", "示旧", woman(9)["身份证号"], ""])
    hidden.hide()
    sheet = book.add_worksheet("名单")
    sheet.write_row(0, 0, HEADER)
    sheet.write_row(1, 0, ["1", "示一兰", NUMBER, ""])
    book.worksheets()[0].activate()


def test_a_hidden_sheet_is_left_unread_and_said_so() -> None:
    rows, notes, _ = read(made(_hidden))
    assert [cells["姓名"] for _, cells in rows] == ["示一兰"]
    assert notes == ["隐藏的工作表“旧名单”没有读取"]


def _two(book: xlsxwriter.Workbook) -> None:
    for name in ("甲", "乙"):
        book.add_worksheet(name).write_row(0, 0, HEADER)


def _only_hidden(book: xlsxwriter.Workbook) -> None:
    book.add_worksheet("封面")
    sheet = book.add_worksheet("名单")
    sheet.write_row(0, 0, HEADER)
    sheet.hide()


def _bomb() -> bytes:
    """300 MB of blanks in 300 kB."""
    out = io.BytesIO(made(_two))
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive, archive.open("xl/worksheets/sheet9.xml", "w") as part:
        for _ in range(300):
            part.write(b" " * 1024 * 1024)
    return out.getvalue()


def _long() -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["姓名", "身份证号"])
        for row in range(1, 201_001):
            sheet.write_row(row, 0, ["示一兰", NUMBER])
    return out.getvalue()


@pytest.mark.parametrize(("content", "code", "words"), [
    (lambda: made(lambda book: None), "roster_header", "名单没有表头“序号、姓名、身份证号、职业”"),
    (lambda: made(_only_hidden), "roster_header", "名单没有表头“序号、姓名、身份证号、职业”；隐藏的工作表（名单）不读取"),
    (lambda: sheet_xlsx([HEADER]), "roster_empty", "名单里没有人员"),
    (lambda: workbook.template(BOOK), "roster_empty", "名单里没有人员"),
    (lambda: made(_two), "roster_two_sheets", "工作表 甲、乙 都有名单"),
    (lambda: sheet_xlsx([["姓名", "身份证号", "姓名"], ["示一兰", NUMBER, "示二梅"]]), "roster_header_twice", "表头有两列“姓名”"),
    (lambda: b"PK\x03\x04" + bytes(100 * 1024 * 1024), "file_too_large", "文件超过 50 MB"),
    (lambda: b"MZ\x90\x00" + bytes(4096), "roster_unreadable", "这个文件不是 XLSX 表格（只看内容，不看文件名）"),
    (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4096), "roster_unreadable", "这个文件不是 XLSX 表格（只看内容，不看文件名）"),
    (lambda: "姓名,身份证号\n示一兰,1".encode("gb18030"), "roster_unreadable", "这个文件不是 XLSX 表格（只看内容，不看文件名）"),
    (lambda: sheet_xlsx([HEADER])[:-60], "file_damaged", "文件已损坏，无法打开"),
    (_bomb, "file_bloated", "表格展开后过大"),
    (_long, "roster_too_long", "名单有 201000 人，超过 200000 人"),
    (lambda: b"", "file_empty", "文件是空的"),
], ids=["empty", "hidden", "nobody", "template", "two", "twice", "100MB", "exe", "xls", "csv", "damaged", "bomb", "long", "none"])
def test_a_file_that_cannot_be_enrolled_is_answered_clearly(db: Database, now: datetime, content: Callable[[], bytes], code: str,
                                                            words: str) -> None:
    world: World = build_world(db, now)
    with pytest.raises(InputError) as refused:
        enrol(db, world, content(), now)
    assert (refused.value.code, refused.value.message, refused.value.field) == (code, words, "content")
    assert refused.value.remedy


@pytest.mark.parametrize(("plan", "columns"), [
    (None, ["序号", "姓名", "身份证号", "职业", "份数", "缴费档次", "高危工种", "用工形式", "关系", "手机号", "开户行", "银行账号"]),
    ("nx-ankangbao", ["序号", "姓名", "身份证号", "职业", "用工形式", "关系", "手机号", "开户行", "银行账号"]),
    ("bj-accident", ["序号", "姓名", "身份证号", "职业", "缴费档次", "高危工种", "用工形式", "关系", "手机号", "开户行", "银行账号"])])
def test_the_wider_template(plan: str | None, columns: list[str]) -> None:
    content = workbook.template(registry.latest(plan) if plan else None)
    found = sheets(content)
    assert list(found) == ["参保人员名单", "填写说明"]
    assert found["参保人员名单"][1][0] == "单位名称："
    assert found["参保人员名单"][2] == columns
    part = zipfile.ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml").decode()
    assert ("26,50,74,100" in part) == (plan == "bj-accident")
    number = columns.index("身份证号") + 1
    assert f'<col min="{number}" max="{number}" width="24.7109375" style="1"' in part
    assert '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/><xf numFmtId="49"' in zipfile.ZipFile(
        io.BytesIO(content)).read("xl/styles.xml").decode()      # style 1 is format 49, text


def test_the_seeds_template_has_its_four_columns_and_footer() -> None:
    """Seed 003, annex 2."""
    assert sheets(workbook.template(BOOK, seed=True))["参保人员名单"] == [
        ["关爱女职工“安康保”参保人员名单", "", "", ""], ["序号", "姓名", "身份证号", "职业"], ["1", "", "", ""], ["2", "", "", ""],
        ["3", "", "", ""], ["单位名称：", "", "", ""]]


def test_a_filled_template_is_read_with_the_unit_above() -> None:
    lines = sheets(workbook.template(BOOK))["参保人员名单"]
    texts = [[str(cell) for cell in line] for line in lines]
    texts[1][0] = "单位名称：兴庆区示例一厂工会"
    filled = reading.read(sheet_xlsx([*texts, ["1", "示一兰", NUMBER, "职员", "临时(聘用超过一年)", "职工", "", "", ""]]))
    assert (filled.unit, filled.count) == ("兴庆区示例一厂工会", 1)
    assert [read_row(row, BOOK, Notes())[1] for row in filled.rows()] == [[]]
