"""Shares by fen and the bank files byte by byte."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest

from services.core.clock import at_hour
from services.core.errors import InputError
from services.payment.banks import layout_of, recognised
from services.payment.port import Answer, Batch, Order
from services.payment.rules import purpose_of, share_of, split, whole

GOLDEN = Path(__file__).parents[1] / "golden" / "bank"
THIRD = Fraction(1, 3)
BATCH = Batch("P2026000007", at_hour(date(2026, 6, 11), 15, 30), [
    Order("P2026000007-00001", 6_000_000, "ICBC", "6222020000000003103", "样一兰", "互助金 XJ2026-0000-014"),
    Order("P2026000007-00002", 3_334, "ABC", "6228480000000007719", "买买提·样例", "互助金 XJ2026-0000-022"),
])
ANSWERS = [
    Answer(1, "P2026000007-00001", 6_000_000, "credited", "6222020000000003103", "样一兰", "20260612000041",
           at_hour(date(2026, 6, 12), 9, 5), ""),
    Answer(2, "P2026000007-00002", 3_334, "returned", "6228480000000007719", "买买提·样例", "20260612000042",
           at_hour(date(2026, 6, 12), 9, 6), "账户已销户"),
]


@pytest.mark.parametrize(("fen", "shares", "parts"), [
    (10_000, [THIRD] * 3, [3334, 3333, 3333]), (1, [Fraction(1, 2)] * 2, [1, 0]),
    (1_500_000, [Fraction(1, 2)] * 2, [750_000, 750_000]), (100, [Fraction(1, 7)] * 7, [15, 15, 14, 14, 14, 14, 14]),
    (999, [Fraction(1)], [999]),
])
def test_split_keeps_every_fen(fen: int, shares: list[Fraction], parts: list[int]) -> None:
    assert split(fen, shares) == parts


@pytest.mark.parametrize("shares", [[], [Fraction(1, 2)], [Fraction(2, 3), Fraction(2, 3)], [Fraction(3, 2), Fraction(-1, 2)]])
def test_shares_must_be_the_whole(shares: list[Fraction]) -> None:
    with pytest.raises(InputError):
        whole(shares)


@pytest.mark.parametrize("raw", ["1/2", [1], [1, 0], [1.0, 2], [True, 2], None])
def test_a_share_is_two_whole_numbers(raw: object) -> None:
    with pytest.raises(InputError, match="heir_share"):
        share_of(raw)


@pytest.mark.parametrize(("kind", "round_", "purpose"), [("pay", 1, "benefit"), ("pay", 2, "difference"),
                                                         ("refund", 1, "refund"), ("part", 1, "benefit")])
def test_purpose(kind: str, round_: int, purpose: str) -> None:
    assert purpose_of(kind, round_) == purpose


@pytest.mark.parametrize("bank", ["ICBC", "CCB"])
def test_payment_file_byte_by_byte(bank: str) -> None:
    layout = layout_of(bank)
    assert layout.file_name(BATCH) == f"{bank}_P2026000007.txt"
    assert layout.write(BATCH) == (GOLDEN / f"{bank}_P2026000007.txt").read_bytes()


@pytest.mark.parametrize("bank", ["ICBC", "CCB"])
def test_return_file_reads_back(bank: str) -> None:
    content = (GOLDEN / f"{bank}_return.txt").read_bytes()
    layout = recognised(content)
    assert layout.code == bank
    assert layout.read(content) == ANSWERS
    assert layout.answer("P2026000007", ANSWERS) == content


@pytest.mark.parametrize("bank", ["ICBC", "CCB"])
def test_a_changed_or_cut_file_is_refused(bank: str) -> None:
    content = (GOLDEN / f"{bank}_return.txt").read_bytes()
    for broken in (content.replace(b"6222020000000003103", b"6222020000000003104", 1), content[:-3],
                   content.split(b"\r\n", 1)[0] + b"\r\n"):
        with pytest.raises(InputError, match="bank_file_broken"):
            layout_of(bank).read(broken)


def test_other_bytes_are_no_bank_file() -> None:
    with pytest.raises(InputError, match="bank_file_unknown"):
        recognised(b"%PDF-1.7")


@pytest.mark.parametrize("bank", ["ICBC", "CCB"])
@pytest.mark.parametrize(("holder", "code"), [("王䶮", "bank_file_character"), ("王\n样", "bank_file_character")])
def test_a_name_the_file_cannot_carry(bank: str, holder: str, code: str) -> None:
    with pytest.raises(InputError, match=code) as caught:
        layout_of(bank).write(Batch("P1", BATCH.at, [Order("R", 1, "ICBC", "1", holder, "互助金")]))
    assert caught.value.field == "person.name"


def test_columns_have_their_width() -> None:
    with pytest.raises(InputError, match="bank_file_width"):
        layout_of("ICBC").write(Batch("P1", BATCH.at, [Order("R", 1, "ICBC", "1", "样" * 31, "互助金")]))
    with pytest.raises(InputError, match="bank_file_character"):
        layout_of("CCB").write(Batch("P1", BATCH.at, [Order("R", 1, "ICBC", "1", "样|例", "互助金")]))
