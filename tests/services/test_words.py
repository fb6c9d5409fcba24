"""Amounts in official Chinese."""

from __future__ import annotations

import csv
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.core.errors import InputError
from services.core.words import date_cn, read_back, uppercase


def rows() -> list[dict[str, str]]:
    with (Path(__file__).parent / "cases/amount-uppercase.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["amount"])
def test_amounts_of_the_seed(row: dict[str, str]) -> None:
    assert uppercase(Decimal(row["amount"])) == row["uppercase"]
    for spelling in filter(None, (row["uppercase"], row["also_accepted"])):
        assert read_back(spelling) == Decimal(row["amount"])


@pytest.mark.parametrize(("amount", "words"), [
    ("0", "人民币零元整"), ("0.05", "人民币伍分"), ("1.00", "人民币壹元整"), ("10.50", "人民币壹拾元零伍角"),
    ("100.05", "人民币壹佰元零伍分"), ("107000.53", "人民币壹拾万零柒仟元零伍角叁分"),
    ("6007.14", "人民币陆仟零柒元壹角肆分"), ("10010000", "人民币壹仟零壹万元整"),
    ("100000000", "人民币壹亿元整"), ("100020003.40", "人民币壹亿零贰万零叁元肆角"),
    ("999999999999.99", "人民币玖仟玖佰玖拾玖亿玖仟玖佰玖拾玖万玖仟玖佰玖拾玖元玖角玖分"),
])
def test_zeros_and_bounds(amount: str, words: str) -> None:
    assert uppercase(Decimal(amount)) == words


@given(fen=st.integers(0, 10**14 - 1))
@settings(max_examples=200)
def test_words_read_back(fen: int) -> None:
    amount = Decimal(fen).scaleb(-2)
    assert read_back(uppercase(amount)) == amount


@pytest.mark.parametrize("amount", ["-0.01", "1000000000000", "0.001", "NaN", "Infinity"])
def test_what_has_no_words_is_refused(amount: str) -> None:
    with pytest.raises(InputError) as refused:
        uppercase(Decimal(amount))
    assert refused.value.field == "amount"


@pytest.mark.parametrize("text", ["", "人民币", "人民币元", "人民币壹贰元整", "一千元", "人民币壹万壹亿元整",
                                  "人民币壹元零", "12.00"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        read_back(text)


def test_dates() -> None:
    assert date_cn(date(2026, 3, 12)) == "2026年3月12日"
