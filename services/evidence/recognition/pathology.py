"""病理检查报告单: three dates stand side by side. The day the specimen was taken counts (seed rules: 标本提取日), not its receipt. Pure."""

from __future__ import annotations

import re

from services.evidence.recognition.common import DOUBTED, a_day, disease, found, hospital, name, one
from services.evidence.recognition.labels import Labels, Reader, Value
from services.evidence.recognition.layout import Page
from services.evidence.recognition.lines import Found
from services.evidence.recognition.values import Day

SENT = 0.85     # a day of sending alone tells the day of taking only nearly
_LABELS = Labels("pathology")


def read(page: Page) -> list[Found]:
    """Name, hospital, number, the three dates and the diagnosis."""
    reader = Reader(page, _LABELS)
    number = reader.value("number", _number)
    return (name(reader) + hospital(reader) + one(page, "number", number, number.value if number else "") + _days(reader)
            + disease(reader, most=6))


def _number(text: str) -> tuple[str, float] | None:
    """The digits of a number such as B2026-01234; a date is none."""
    if a_day(text):
        return None
    match = re.match(r"\s*[A-Za-z]{0,3}\s*-?\s*(\d[\d\s-]{2,16}\d)", text)
    if not match:
        return None
    return re.sub(r"\D", "", match[1]), 1.0


def _days(reader: Reader) -> list[Found]:
    days: dict[str, Value[Day]] = {}
    for key in ("taken", "sent", "received", "reported"):
        value = reader.value(key, a_day)
        if value:
            days[key] = value
    parts: list[tuple[str, Value[Day], float]] = []
    if "taken" in days:
        parts.append(("specimen_on", days["taken"], days["taken"].confidence))
    elif "sent" in days:
        parts.append(("specimen_on", days["sent"], days["sent"].confidence * SENT))
    parts += [(field, days[key], days[key].confidence)
              for field, key in (("received_on", "received"), ("reported_on", "reported")) if key in days]
    order = [value.value.day for _, value, _ in parts]
    apart = len({_place(value) for _, value, _ in parts}) == len(parts)
    doubted = order != sorted(order) or not apart
    return [found(reader.page, name, value.value.day.isoformat(), min(sure, DOUBTED) if doubted else sure, value.tokens)
            for name, value, sure in parts]


def _place(value: Value[Day]) -> tuple[float, float, float, float]:
    box = value.tokens[0].box
    return box.left, box.top, box.right, box.bottom
