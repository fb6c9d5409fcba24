"""Dates, amounts, numbers, names and texts as readers spell them, with the slips that are mended and those that are not."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from services.evidence.recognition.values import amounts_in, count_in, days_in, name_in, upper_in, written


@pytest.mark.parametrize(("text", "days"), [
    ("2026-09-30", [(2026, 9, 30)]), ("2026年9月30日", [(2026, 9, 30)]), ("2026.09.30", [(2026, 9, 30)]), ("2026/9/3", [(2026, 9, 3)]),
    ("2026 年 9 月 3 日", [(2026, 9, 3)]), ("20260930", [(2026, 9, 30)]), ("二〇二六年九月三十日", [(2026, 9, 30)]),
    ("二○二六年十二月二十一日", [(2026, 12, 21)]),
    ("2026-09-3010:23:05", [(2026, 9, 30)]),                            # the blank before the hour was lost
    ("2O26年O9月3l日", [(2026, 9, 31)][:0]),                              # mended, it is a day that does not exist
    ("2O26年O9月3O日", [(2026, 9, 30)]), ("2026年9月30曰", [(2026, 9, 30)]),
    ("2026-02-29", []), ("2024-02-29", [(2024, 2, 29)]), ("2026-13-01", []), ("1899-01-01", []),
    ("2026年9月1日至9月12日", [(2026, 9, 1), (2026, 9, 12)]), ("2026.09.01-2026.09.12", [(2026, 9, 1), (2026, 9, 12)]),
    ("1234567890", []), ("640099198503070025", []), ("大小2.1×1.8×1.5cm", []), ("电话0951-2026-09", []),
])
def test_dates(text: str, days: list[tuple[int, int, int]]) -> None:
    assert [day.day for day in days_in(text)] == [date(*day) for day in days]


def test_a_mended_date_is_less_sure() -> None:
    assert days_in("2O26年9月30日")[0].sure < days_in("2026年9月30日")[0].sure == 1


@pytest.mark.parametrize(("text", "yuan"), [
    ("1,234.50", "1234.50"), ("¥1234.5", "1234.50"), ("￥ 12,345,678.90元".replace("￥", "¥"), "12345678.90"), ("0.00", "0.00"),
    ("1.234.50", "1234.50"),                                             # a comma read as a dot
    ("12,345", "12345.00"), ("1 234.50", "1234.50"), ("12OO.5O", "1200.50"), ("-12.30", "-12.30"), ("1200元", "1200.00"),
])
def test_amounts(text: str, yuan: str) -> None:
    assert [amount.written for amount in amounts_in(text)] == [yuan]


@pytest.mark.parametrize("text", ["2026.09.30", "85%", "（大写）", "", "2026年9月30日"])
def test_no_amounts(text: str) -> None:
    assert amounts_in(text) == []


def test_amounts_in_capitals() -> None:
    assert upper_in("人民币(大写):壹仟贰佰叁拾肆元伍角陆分") == ("壹仟贰佰叁拾肆元伍角陆分", Decimal("1234.56"), 8, 20)
    assert (upper_in("壹佰圆正") or ("",))[0] == "壹佰元整"
    assert upper_in("合计大写") is None and upper_in("元") is None


@pytest.mark.parametrize(("text", "name"), [
    ("示一兰", "示一兰"), ("示 一兰", "示一兰"), ("示一兰 女 45岁", "示一兰"), ("示一兰女,45岁", "示一兰"),
    ("买样丽·拟尔江", "买样丽·拟尔江"),
    ("买样丽•拟尔江", "买样丽·拟尔江"), ("患者示一兰,女", "示一兰"), ("示一兰性别:女", "示一兰"), ("李亚男", "李亚男"),
    ("否认高血压", None), ("承办人", None), ("45岁", None), ("", None), ("示", None), ("银川样本医院有限公司", None),
])
def test_names(text: str, name: str | None) -> None:
    assert name_in(text) == name


@pytest.mark.parametrize(("text", "count"), [
    ("12天", 12), ("共 12 日", 12), ("十二天", 12), ("二十天", 20), ("12.5", None), ("无", None), ("0", 0)])
def test_counts(text: str, count: int | None) -> None:
    assert count_in(text) == count


@pytest.mark.parametrize(("text", "shown"), [
    ("(右乳) 浸润性导管癌, II级", "（右乳）浸润性导管癌，II级"), ("  胆囊结石；", "胆囊结石"),
    ("HER2 阴性", "HER2阴性"), ("Ki-67 30%", "Ki-67 30%"),
])
def test_written_texts(text: str, shown: str) -> None:
    assert written(text) == shown
