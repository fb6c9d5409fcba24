"""Identity and card numbers. Every number here is an example of a standard or synthetic."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.core.identity import BANKS, REASONS, WARNINGS, age_on, bank_of, check_identity, luhn


def rows() -> list[dict[str, str]]:
    with (Path(__file__).parent / "cases/identity-numbers.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["number"])
def test_numbers_of_the_seed(row: dict[str, str]) -> None:
    found = check_identity(row["number"])
    assert found.valid is row["expect"].startswith("valid")
    if row["expect"] == "invalid date":
        assert "date" in found.reasons
        assert found.born is None


def test_what_a_number_says() -> None:
    found = check_identity("11010519491231002x")
    assert (found.valid, found.number, found.born, found.sex, found.region) == (
        True, "11010519491231002X", date(1949, 12, 31), "F", "北京市")
    old = check_identity("440524188001010014")
    assert (old.born, old.sex, old.region, old.reasons) == (date(1880, 1, 1), "M", "广东省", ())
    assert check_identity("640181198503070027").region == "宁夏回族自治区"


@pytest.mark.parametrize(("number", "reasons"), [
    ("110105194912310021", ("checksum",)), ("11010519491231002", ("pattern",)), ("1101051949123100XX", ("pattern",)),
    ("", ("pattern",)), ("１１０１０５１９４９１２３１００２Ｘ", ("pattern",)), ("010105194912310025", ("pattern",)),
])
def test_reasons(number: str, reasons: tuple[str, ...]) -> None:
    found = check_identity(number)
    assert (found.valid, found.reasons) == (False, reasons)
    assert set(reasons) <= set(REASONS)


def test_an_unknown_region_only_warns() -> None:
    # 99 is no province. By hand from the standard's own example (sum mod 11 = 2 for its X): 99 instead of 11 adds
    # 8×7 + 8×9 = 128, 128 mod 11 = 7, so the sum is 9 and the check digit 3.
    found = check_identity("990105194912310023")
    assert (found.valid, found.region, found.warnings) == (True, None, ("region_unknown",))
    assert found.warnings[0] in WARNINGS


@given(place=st.integers(0, 17), digit=st.sampled_from("0123456789"))
@settings(max_examples=80)
def test_one_wrong_digit_never_passes(place: int, digit: str) -> None:
    good = "11010519491231002X"
    changed = good[:place] + digit + good[place + 1:]
    assert check_identity(changed).valid is (changed == good)


@pytest.mark.parametrize(("born", "day", "age"), [
    (date(1966, 3, 2), date(2026, 3, 1), 59), (date(1966, 3, 1), date(2026, 3, 1), 60),
    (date(1966, 3, 2), date(2027, 3, 1), 60), (date(2008, 2, 29), date(2026, 2, 28), 17),
    (date(2008, 2, 29), date(2026, 3, 1), 18),
])
def test_age_in_completed_years(born: date, day: date, age: int) -> None:
    assert age_on(born, day) == age


def test_card_numbers() -> None:
    assert luhn("4111 1111 1111 1111")      # the card schemes' published test number
    assert not luhn("4111 1111 1111 1112")
    assert not luhn("4111")
    assert not luhn("not a card number")


@pytest.mark.parametrize(("card", "bank"), [("6222020000000000000", "ICBC"), ("6217 0000 0000 0000 000", "CCB"),
                                            ("6228480000000000000", "ABC"), ("6216600000000000000", "BOC"),
                                            ("6210300000000000000", "BOB_UNION_CARD"), ("9999990000000000", None)])
def test_bank_of_a_card(card: str, bank: str | None) -> None:
    assert bank_of(card) == bank
    assert bank is None or BANKS[bank]
