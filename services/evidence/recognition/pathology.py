"""病理检查报告单: three dates stand side by side. The day the specimen was taken counts (seed rules: 标本提取日), not its receipt. Pure."""

from __future__ import annotations

import re
from dataclasses import replace

from services.evidence.recognition.common import (
    DOUBTED,
    TOLD,
    a_date,
    a_day,
    a_hospital,
    disease,
    disease_alone,
    hospital,
    name,
    one,
)
from services.evidence.recognition.dates import of
from services.evidence.recognition.labels import Labels
from services.evidence.recognition.layout import Page
from services.evidence.recognition.lines import Found
from services.evidence.recognition.places import Reader

SENT = 0.85     # a day of sending alone tells the day of taking only nearly
_LABELS = Labels("pathology")


def read(page: Page) -> list[Found]:
    """Name, hospital, number, the three dates and the diagnosis."""
    reader = Reader(page, _LABELS)
    number = reader.value("number", _number)
    return (name(reader) + (hospital(reader) or _sender(reader)) + one(page, "number", number, number.value if number else "")
            + _days(reader) + (disease(reader, most=6) or disease_alone(reader)))


def _sender(reader: Reader) -> list[Found]:
    """A laboratory that is no hospital reports to the one that sent: where the sheet names no other, that one is offered."""
    value = reader.value("sender", a_hospital)
    return one(reader.page, "hospital", value, value.value, min(value.confidence, TOLD)) if value else []


def _number(text: str) -> tuple[str, float] | None:
    """The digits of a number such as B2026-01234; a date is none."""
    if a_day(text):
        return None
    match = re.match(r"\s*[A-Za-z]{0,3}\s*-?\s*(\d[\d\s-]{2,16}\d)", text)
    if not match:
        return None
    return re.sub(r"\D", "", match[1]), 1.0


def _days(reader: Reader) -> list[Found]:
    """By their labels; those that no label names, by the words beside a date. Days out of order, or read twice, are doubted."""
    days: dict[str, Found] = {}
    for field, key in (("specimen_on", "taken"), ("sent", "sent"), ("received_on", "received"), ("reported_on", "reported")):
        days |= {told.name: told for told in a_date(reader, field, key)}
    missing = [field for field in ("specimen_on", "sent", "received_on", "reported_on") if field not in days]
    days |= {told.name: told for told in of(reader, *missing, taken=tuple(days.values()))}
    sent = days.pop("sent", None)
    if sent and "specimen_on" not in days:
        days["specimen_on"] = replace(sent, name="specimen_on", confidence=round(sent.confidence * SENT, 4))
    three = [days[field] for field in ("specimen_on", "received_on", "reported_on") if field in days]
    order = [told.value for told in three]
    doubted = order != sorted(order) or len({told.box for told in three}) < len(three)
    return [replace(told, confidence=min(told.confidence, DOUBTED)) if doubted else told for told in three]
