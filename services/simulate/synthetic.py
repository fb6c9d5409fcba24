"""Synthetic people: numbers with right check digits, names from a short list, rosters in the seed's layout. Pure.

Numbers are made to pass the checks and belong to nobody: the region part is a province followed by 0099, a county
code never assigned, and card numbers carry a serial that no bank issues in order.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import xlsxwriter

Sex = Literal["F", "M"]
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
REGIONS = {"ningxia": "640099", "xinjiang": "650099"}
_SERIES = {"ICBC": "622202", "CCB": "621700", "ABC": "622848", "BOC": "621660", "BOB_UNION_CARD": "621030"}
FAMILY = ("示", "样", "例", "拟", "仿", "试")
FEMALE = ("一兰", "二梅", "三菊", "四莲", "五棠", "六荷", "七桂", "八蓉", "九芝", "十薇")
MALE = ("一松", "二柏", "三杉", "四桦", "五槐", "六榆", "七杨", "八桐", "九樟", "十楠")


def synthetic_id(region: str, born: date, serial: int, sex: Sex) -> str:
    """An 18-place number with a right check digit; `region` six digits, `serial` 0-499."""
    order = serial * 2 % 1000 + (sex == "M")
    body = f"{region}{born:%Y%m%d}{order:03d}"
    return body + _CHECKS[sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True)) % 11]


def synthetic_name(serial: int, sex: Sex) -> str:
    """A name that reads like one and belongs to nobody: the families are the words for sample, model, trial."""
    given = FEMALE if sex == "F" else MALE
    return FAMILY[serial // len(given) % len(FAMILY)] + given[serial % len(given)]


def synthetic_card(bank: str, serial: int) -> str:
    """A 19-place card number of the bank's series that passes the Luhn check."""
    body = f"{_SERIES[bank]}{serial:012d}"
    odd = sum(sum(divmod(2 * int(digit), 10)) for digit in body[-1::-2])
    return body + str(-(odd + sum(int(digit) for digit in body[-2::-2])) % 10)


def synthetic_phone(serial: int) -> str:
    """An 11-place number in a series that no operator has opened to people."""
    return f"199000{serial % 100000:05d}"


@dataclass(frozen=True, slots=True)
class Synthetic:
    """One synthetic person with the columns of a roster."""

    name: str
    id_number: str
    phone: str
    bank: str
    card: str
    occupation: str = "职员"
    shares: int = 1
    relation: str = "职工"


def synthetic_person(serial: int, *, sex: Sex = "F", born: date = date(1985, 3, 7), region: str = REGIONS["ningxia"],
                     bank: str = "ICBC", shares: int = 1, relation: str = "职工") -> Synthetic:
    """Person number `serial`: the same number gives the same person."""
    return Synthetic(synthetic_name(serial, sex), synthetic_id(region, born, serial % 500, sex), synthetic_phone(serial),
                     bank, synthetic_card(bank, serial), shares=shares, relation=relation)


WIDE = ("序号", "姓名", "身份证号", "职业", "份数", "关系", "手机号", "开户行", "银行账号")
SEED = WIDE[:4]     # seed 003, annex 2: 序号 姓名 身份证号 职业


def roster_xlsx(people: Sequence[Synthetic], *, unit: str, title: str = "关爱女职工“安康保”参保人员名单",
                wide: bool = True) -> bytes:
    """A roster as a unit would send it: title row, header, one row a person, footer 单位名称.

    `wide` adds our columns after the seed's four.
    """
    rows = [[str(place), person.name, person.id_number, person.occupation,
             *((str(person.shares), person.relation, person.phone, person.bank, person.card) if wide else ())]
            for place, person in enumerate(people, start=1)]
    return sheet_xlsx([[title], list(WIDE if wide else SEED), *rows, [f"单位名称：{unit}"]])


def sheet_xlsx(rows: Sequence[Sequence[str]]) -> bytes:
    """Any rows of text as a workbook of one sheet."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        sheet = book.add_worksheet("名单")
        for place, row in enumerate(rows):
            for column, text in enumerate(row):
                sheet.write_string(place, column, text)
    return buffer.getvalue()
