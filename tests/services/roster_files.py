"""Rosters for tests: any workbook by hand, and one with a fault of every kind, each with the words it must be answered with."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import xlsxwriter
from python_calamine import CalamineWorkbook

from services.simulate.synthetic import Synthetic, synthetic_id

HEADER = ("序号", "姓名", "身份证号", "职业", "份数", "缴费档次", "高危工种", "用工形式", "关系", "手机号", "开户行",
          "银行账号", "性别", "出生日期")
Cells = dict[str, str]


def workbook(fill: Callable[[xlsxwriter.Workbook], None]) -> bytes:
    """A workbook that `fill` writes."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        fill(book)
    return buffer.getvalue()


def sheets(content: bytes) -> dict[str, list[list[object]]]:
    """Every cell of every sheet."""
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    return {name: [list(line) for line in book.get_sheet_by_name(name).to_python(skip_empty_area=False)] for name in book.sheet_names}


def woman(serial: int) -> Cells:
    """Number `serial` of women born from 1970 on, none like another."""
    born = date(1970, 1, 1) + timedelta(days=serial // 500)
    return {"姓名": "示一兰", "身份证号": synthetic_id("640099", born, serial % 500, "F"), "职业": "职员"}


def _checksum(number: str) -> str:
    return number[:17] + ("1" if number[17] == "X" else "X")


@dataclass(frozen=True)
class Kind:
    """A fault: what is changed in a good row, and what must be said, `{row}`-free unless the words name a row."""

    cells: Mapping[str, str]
    column: str
    fault: str
    remedy: str


def row_kinds(turn: int = 0) -> list[Kind]:
    """Every kind of fault of a row by itself, under nx-ankangbao (women and wives of 16 to 60, one share, no tiers).

    Another `turn`, other people.
    """
    number = woman(6_000_000 + turn)["身份证号"]
    text_form = "按身份证核对；单元格设为“文本”格式"
    no_day = number[:6] + "19850230" + number[14:]
    return [
        Kind({"姓名": ""}, "姓名", "姓名为空", "按身份证填写姓名"),
        Kind({"姓名": "示3兰"}, "姓名", "姓名中有数字或符号，间隔符只能在字与字之间", "按身份证填写姓名"),
        Kind({"身份证号": "64009919850307"}, "身份证号", "须为17位数字加1位数字或X", text_form),
        Kind({"身份证号": _checksum(number)}, "身份证号", "校验码不符", text_form),
        Kind({"身份证号": synthetic_fixed(no_day)}, "身份证号", "出生日期不存在", text_form),
        Kind({"份数": "2"}, "份数", "份数“2”不对，本计划每人 1 至 1 份", "改正份数"),
        Kind({"缴费档次": "50"}, "缴费档次", "本计划不分缴费档次", "留空"),
        Kind({"高危工种": "或许"}, "高危工种", "“或许”不对", "填“是”或“否”；留空为否"),
        Kind({"用工形式": "临时"}, "用工形式", "用工形式“临时”不对",
             "填 正式、合同制、临时（聘用超过一年）、新就业形态，或留空；聘用未满一年的临时职工不能参加"),
        Kind({"关系": "朋友"}, "关系", "不认识的关系“朋友”", "填“职工”“配偶”或“子女”"),
        Kind({"手机号": "12345"}, "手机号", "手机号应为 11 位", "改正手机号，或留空"),
        Kind({"开户行": "工商银行"}, "银行账号", "开户行和银行账号须同时填写", "补全，或两项都留空"),
        Kind({"开户行": "示例银行", "银行账号": "6222020000000000018"}, "开户行", "不认识的开户行“示例银行”",
             "可填：中国工商银行、中国建设银行、中国农业银行、中国银行、北京银行（工会会员·京卡）"),
        Kind({"开户行": "工商银行", "银行账号": "6222020000000000019"}, "银行账号", "银行账号校验不通过",
             "按银行卡核对；单元格设为“文本”格式"),
        Kind({"开户行": "建设银行", "银行账号": "6222020000000000018"}, "开户行", "该账号属于中国工商银行", "核对开户行"),
        Kind({"性别": "男"}, "性别", "性别“男”与身份证号不符", "核对身份证号和性别"),
        Kind({"出生日期": "1999-09-09"}, "出生日期", "出生日期“1999-09-09”与身份证号不符",
             "核对身份证号和出生日期；日期写成 2026-02-13"),
        Kind({"身份证号": synthetic_id("640099", date(1985, 3, 7), turn, "M")}, "身份证号",
             "本计划只接受女性（第三条、第四条）", "从名单中删去"),
        Kind({"关系": "子女"}, "关系", "本计划只接受职工本人、男职工的配偶（第三条、第四条）", "核对关系，或从名单中删去"),
        Kind({"身份证号": synthetic_id("640099", date(2010, 4, 2), turn, "F")}, "身份证号",
             "生效日 15 周岁，不在参保年龄内（第三条、第四条）", "从名单中删去"),
    ]


def synthetic_fixed(number: str) -> str:
    """The number with the check digit that fits its first 17 places (GB 11643: weights 2^(17-i) mod 11)."""
    total = sum(int(sign) * pow(2, 17 - place, 11) for place, sign in enumerate(number[:17]))
    return number[:17] + next(sign for value, sign in zip(range(11), "0123456789X", strict=True)
                              if (total + (value if sign != "X" else 10)) % 11 == 1)


def known_kinds(enrolled: Synthetic, renamed: Synthetic, dead: Synthetic) -> list[Kind]:
    """Faults that only the database shows; the people are put there by the test."""
    return [
        Kind({"姓名": "示他名", "身份证号": renamed.id_number}, "姓名", "该身份证号已登记在另一姓名下", "核对姓名；确有更名的由办事处更正"),
        Kind({"姓名": dead.name, "身份证号": dead.id_number}, "姓名", "此人已登记死亡", "从名单中删去；登记有误的由办事处更正"),
        Kind({"姓名": enrolled.name, "身份证号": enrolled.id_number}, "身份证号",
             "保障期重叠：已有保障 {certificate}（2026-01-01 至 2026-12-31）", "生效日应在 2026-12-31 之后"),
    ]


@dataclass(frozen=True)
class Made:
    """A roster with faults: the file, and per faulty row its cells as uploaded and the words expected."""

    content: bytes
    people: int
    faulty: dict[int, tuple[list[str], str, str, str]]


def roster(rows: Sequence[Cells], unit: str) -> bytes:
    """Rows under the full header, footer below; a cell that is empty is not written."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"constant_memory": True}) as book:
        sheet = book.add_worksheet("名单")
        sheet.write_row(0, 0, HEADER)
        for place, cells in enumerate(rows, start=1):
            for column, name in enumerate(HEADER):
                if text := cells.get(name, str(place) if name == "序号" else ""):
                    sheet.write_string(place, column, text)
        sheet.write_string(len(rows) + 1, 0, f"单位名称：{unit}")
    return buffer.getvalue()


def with_faults(people: int, kinds: Callable[[int], Sequence[Kind]], unit: str, *, every: int = 100, certificate: str = "") -> Made:
    """A roster where each `every`th row has a fault, the kinds in turn; the last faulty row repeats the first person."""
    rows: list[Cells] = []
    faulty: dict[int, tuple[list[str], str, str, str]] = {}
    count = len(kinds(0))
    places = list(range(every - 1, people, every))
    for place in range(people):
        cells = woman(place)
        if place in places[:-1]:
            turn, which = divmod(place // every, count)
            kind = kinds(turn)[which]
            cells |= kind.cells
            faulty[place + 2] = (_line(place, cells), kind.fault.format(certificate=certificate), kind.column, kind.remedy)
        elif place == places[-1]:
            cells = woman(0)
            faulty[place + 2] = (_line(place, cells), "与第 2 行是同一人", "身份证号", "删去重复的一行")
        rows.append(cells)
    return Made(roster(rows, unit), people, faulty)


def _line(place: int, cells: Cells) -> list[str]:
    return [cells.get(name, str(place + 1) if name == "序号" else "") for name in HEADER]
