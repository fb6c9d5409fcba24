"""住院费用结算单: who, where, when, and the parts into which the whole falls. Sums that close prove their parts. Pure."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from itertools import combinations

from services.evidence.recognition.common import (
    DOUBTED,
    PROVEN,
    TOLD,
    a_date,
    a_day,
    found,
    hospital,
    money,
    name,
    one,
    two_days,
)
from services.evidence.recognition.dates import of
from services.evidence.recognition.labels import Labels, Mark
from services.evidence.recognition.layout import Page
from services.evidence.recognition.lines import Found
from services.evidence.recognition.places import Reader, Value
from services.evidence.recognition.stays import stays
from services.evidence.recognition.values import amounts_in

_LABELS = Labels("settlement")
_WHOLES = frozenset({"total", "own_payment"})     # what a sum leads to is named by the sum
_UNPROVEN = 0.88        # an amount that no sum proves
_FUNDS, _OWN = ("pool_fund_paid", "large_fund_paid"), ("own_1", "own_2", "own_expense")
_AMOUNTS = ("total", *_FUNDS, *_OWN, "own_payment")


def read(page: Page) -> list[Found]:
    """All fields of the sheet; several stays on one sheet follow each other."""
    reader = Reader(page, _LABELS)
    number = reader.value("number", _number)
    day = a_date(reader, "settled_on") or _until(reader) or of(reader, "settled_on")
    return (name(reader) + hospital(reader) + one(page, "number", number, number.value if number else "")
            + _dated(stays(reader), day) + _amounts(reader))


def _dated(stayed: list[Found], settled: list[Found]) -> list[Found]:
    """Nobody settles before he leaves: then the day of settling is doubted, and so are days of a stay that nothing proves."""
    left = [field.value for field in stayed if field.name == "discharged_on"]
    if not settled or not left or settled[0].value >= min(left):
        return stayed + settled
    return [replace(field, confidence=min(field.confidence, DOUBTED)) if field.confidence < PROVEN else field
            for field in (*stayed, *settled)]


def _until(reader: Reader) -> list[Found]:
    """The last day of the period that is settled (结算期间 of the national list)."""
    value = reader.value("period", two_days)
    return one(reader.page, "settled_on", value, value.value[1].day.isoformat(), value.confidence * TOLD) if value else []


def _number(text: str) -> tuple[str, float] | None:
    match = re.match(r"[\s.:]*[A-Za-z]{0,6}\s*-?\s*(\d[\dA-Za-z\s-]{2,30}\d)", text)
    if not match or (a_day(text[:match.end()]) and len(re.sub(r"\D", "", match[1])) <= 8):
        return None
    return re.sub(r"\D", "", match[1]), 1.0


def _amounts(reader: Reader) -> list[Found]:
    values = {key: value for key in _AMOUNTS if (value := reader.value(key, money) or told(reader, key)) is not None}
    sure = _proofs({key: value.value for key, value in values.items()})
    sure |= {key: False for key in _FUNDS if key in values and _of_two(reader, values[key].value)}
    return [found(reader.page, key, f"{value.value:.2f}", _confidence(value, sure.get(key)), value.tokens) for key, value in values.items()]


def _of_two(reader: Reader, fund: Decimal) -> bool:
    """Whether two other amounts of the page add up to a fund's: then it tells of several funds as one, whatever its label says, and
    the sum of the whole closes with it just as well."""
    others = {amount.yuan for token in reader.tokens for amount in amounts_in(token.text)} - {fund, Decimal(0)}
    return any(fund - other in others and fund - other != other for other in others)


def _confidence(value: Value[Decimal], sure: bool | None) -> float:
    """A sum proves the amounts, and not which is which: a label that may name two things stays in doubt."""
    if not sure:
        return min(value.confidence, _UNPROVEN if sure is None else DOUBTED)
    told = value.mark.kin or value.mark.name in _LABELS.doubtful
    return PROVEN if not told or value.mark.key in _WHOLES else min(value.confidence, _UNPROVEN)


def told(reader: Reader, key: str) -> Value[Decimal] | None:
    """An amount behind its label in running text, where a label may be cut by the end of a line."""
    text = reader.running.text
    names = sorted((name for name, whose in _LABELS.keys.items() if whose == key), key=len, reverse=True)
    match = re.search(rf"({'|'.join(map(re.escape, names))})(?:为|共计|计|:)?\s*(¥?\s*\d[\d,]*\.\d\d)(?!\d)", text)
    if not match:
        return None
    tokens = tuple(reader.running.tokens(match.start(2), match.end(2)))
    amount, sure = money(match[2]) or (Decimal(0), 0.0)
    return Value(amount, min(token.confidence for token in tokens) * sure * _UNPROVEN, tokens, Mark(key, match[1], tokens[0], 0, 0, 1.0))


def _proofs(amounts: dict[str, Decimal]) -> dict[str, bool]:
    """Which amounts a sum proves (True) or puts in doubt (False): total = funds + own parts; own payment = own parts, or
    total − funds. A sum over fewer than three amounts that are not zero proves nothing."""
    proven: dict[str, bool] = {}
    own = [key for key in _OWN if key in amounts]
    funds = [key for key in _FUNDS if key in amounts]
    for whole, parts in (("total", [*funds, *own]), ("own_payment", own), ("total", [*funds, "own_payment"])):
        if whole not in amounts or any(key not in amounts for key in parts) or len(parts) < 2:
            continue
        closes = sum(amounts[key] for key in parts) == amounts[whole]
        if closes and sum(amounts[key] != 0 for key in (whole, *parts)) >= 3:
            proven |= dict.fromkeys((whole, *parts), True)
        elif not closes and whole == "total":
            proven |= {key: False for key in (whole, *parts) if key not in proven}
    if "own_payment" in amounts and "own_payment" not in proven and len(own) >= 2:
        for count in range(2, len(own) + 1):
            for parts_of in combinations(own, count):
                if sum(amounts[key] for key in parts_of) == amounts["own_payment"] != 0:
                    proven |= dict.fromkeys(("own_payment", *parts_of), True)
    return proven
