"""医疗收费票据, electronic or on paper: the amount stands twice, in figures and in capitals, and proves itself. Pure."""

from __future__ import annotations

import re
from decimal import Decimal

from services.evidence.recognition.common import (
    DOUBTED,
    PROVEN,
    a_day,
    found,
    hospital,
    money,
    name,
    one,
)
from services.evidence.recognition.labels import Labels, Parse, Reader, Value
from services.evidence.recognition.layout import Page, Token, joined
from services.evidence.recognition.lines import Found
from services.evidence.recognition.values import upper_in

_LABELS = Labels("invoice")


def read(page: Page) -> list[Found]:
    """Code, number, who paid whom, when, and how much."""
    reader = Reader(page, _LABELS)
    code, number = reader.value("code", _digits(8, 14)), reader.value("number", _digits(6, 20))
    issued = reader.value("issued_on", a_day)
    return (one(page, "code", code, code.value if code else "") + one(page, "number", number, number.value if number else "")
            + name(reader) + hospital(reader) + one(page, "issued_on", issued, issued.value.day.isoformat() if issued else "")
            + _amount(reader))


def _digits(least: int, most: int) -> Parse[str]:
    def parse(text: str) -> tuple[str, float] | None:
        match = re.match(r"\s*(\d(?:\s?\d)*)(?!\s*[年./-])", text)
        run = re.sub(r"\D", "", match[1]) if match else ""
        return (run, 1.0) if least <= len(run) <= most else None
    return parse


def _capitals(reader: Reader) -> tuple[str, Decimal, Token] | None:
    """An amount in capitals anywhere on the page; it may run on into the next line of words."""
    for token in reader.tokens:
        for tokens in ([token], [token, *reader.page.right_of(token)[:1]]):
            whole = joined(tokens)
            read = upper_in(whole.text)
            if read:
                words, yuan, start, end = read
                compact = whole.text.replace(" ", "")
                return words, yuan, token.part(start, end) if len(tokens) == 1 and compact == token.text else whole
    return None


def _amount(reader: Reader) -> list[Found]:
    """Figures behind 小写, else behind the sum's label, else those that the capitals say."""
    capitals = _capitals(reader)
    figures = reader.value("amount", money) or _summed(reader, capitals[1] if capitals else None)
    out: list[Found] = []
    agree = bool(capitals and figures and capitals[1] == figures.value)
    if figures:
        sure = PROVEN if agree else min(figures.confidence, DOUBTED) if capitals else figures.confidence
        out.append(found(reader.page, "amount", f"{figures.value:.2f}", sure, figures.tokens))
    if capitals:
        words, _, token = capitals
        sure = PROVEN if agree else min(token.confidence, DOUBTED) if figures else token.confidence * 0.97
        out.append(found(reader.page, "amount_in_words", words, sure, (token,)))
    return out


def _summed(reader: Reader, capitals: Decimal | None) -> Value[Decimal] | None:
    values = sorted(reader.values("whole", money), key=lambda value: -value.confidence)
    same = [value for value in values if value.value == capitals]
    return next(iter(same or values), None)
