"""An amount is what people write as one; what only Python reads as a number is refused with the field and an example."""

from __future__ import annotations

from decimal import Decimal

import pytest

from services.core.errors import InputError
from services.core.money import parse_yuan


@pytest.mark.parametrize(("written", "amount"), [
    ("12000.00", "12000.00"), (" 0.01 ", "0.01"), ("-5", "-5"), ("+7.5", "7.5"), ("9999999999999999.99", "9999999999999999.99")])
def test_taken(written: str, amount: str) -> None:
    assert parse_yuan(written, field="amount") == Decimal(amount)


@pytest.mark.parametrize("written", ["1_000", "1E+30", "1e3", "NaN", "Infinity", "１２", "12,000", ".5", "5.", "--1", "10000000000000000"])
def test_refused(written: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_yuan(written, field="amount")
    assert refused.value.field == "amount" and "12000.00" in refused.value.remedy
