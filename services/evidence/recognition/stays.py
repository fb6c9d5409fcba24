"""Stays in hospital on a sheet: from, to and days, one or several. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from services.evidence.recognition.common import DOUBTED, PROVEN, TOLD, a_day, count, found, two_days
from services.evidence.recognition.dates import of
from services.evidence.recognition.layout import Token, same_row
from services.evidence.recognition.lines import Box, Found
from services.evidence.recognition.places import Reader, Value
from services.evidence.recognition.values import Day, days_in

RECKONED = 0.5          # of a figure that was not read but follows from two others


@dataclass(frozen=True, slots=True)
class _Part:
    value: date | int
    confidence: float
    tokens: tuple[Token, ...]


@dataclass
class _Stay:
    admitted: _Part | None = None
    discharged: _Part | None = None
    days: _Part | None = None

    def proof(self) -> float | None:
        """Whether the three agree: days are counted with or without the day of discharge. None when one is missing."""
        if not (self.admitted and self.discharged):
            return None
        first, last = self.admitted.value, self.discharged.value
        assert isinstance(first, date) and isinstance(last, date)
        if last < first:
            return DOUBTED
        if self.days is None:
            return None
        if self.days.confidence == RECKONED:
            return None
        nights = (last - first).days
        return PROVEN if self.days.value in (nights, nights + 1) else DOUBTED


def stays(reader: Reader) -> list[Found]:
    """The stays' fields, stay after stay, so that place 0 of each field is the first stay."""
    return [field for stay in _read(reader) for field in _fields(reader, stay)]


def _read(reader: Reader) -> list[_Stay]:
    admitted = [_Part(value.value.day, value.confidence, value.tokens) for value in _in_order(reader, "admitted_on")]
    discharged = [_Part(value.value.day, value.confidence, value.tokens) for value in _in_order(reader, "discharged_on")]
    days = [_Part(value.value, value.confidence, value.tokens)
            for value in sorted(reader.values("days", count), key=lambda value: (value.mark.token.y, value.mark.token.left))]
    table = _table(reader)
    if len(table) > 1:
        return table
    if not admitted or not discharged:
        periods = sorted((*reader.values("stay", two_days), *reader.values("admitted_on", two_days)), key=lambda value: value.mark.token.y)
        spans = [(_Part(value.value[0].day, value.confidence, value.tokens), _Part(value.value[1].day, value.confidence, value.tokens))
                 for value in periods] or _told(reader)
        admitted = admitted or [span[0] for span in spans]
        discharged = discharged or [span[1] for span in spans]
    admitted = admitted or [_of(field) for field in of(reader, "admitted_on")]
    discharged = discharged or [_of(field) for field in of(reader, "discharged_on")]
    days = days or _days_told(reader) or _days_reckoned(reader, admitted, discharged)
    many = max(len(admitted), len(discharged))
    if min(len(admitted), len(discharged)) < many:      # a label named twice (in a head and in the text): the surest
        admitted, discharged = _surest(admitted), _surest(discharged)
        many = 1
    if many > 1:
        pairs = {(one.value, two.value) for one, two in zip(admitted, discharged, strict=True)}
        if len(pairs) < many:
            admitted, discharged, many = _surest(admitted), _surest(discharged), 1
    if len(days) != many:
        days = _fitting(admitted, discharged, days) if many == 1 else []
    return [_Stay(*(parts[place] if place < len(parts) else None for parts in (admitted, discharged, days)))
            for place in range(max(many, min(len(days), 1)))]


def _of(field: Found) -> _Part:
    box = field.box or Box(0, 0, 1, 1)
    return _Part(date.fromisoformat(field.value), field.confidence, (Token("", field.confidence, 0, 0, 0, 0, box),))


def _table(reader: Reader) -> list[_Stay]:
    """Stays in rows under the heads of a table, as far down as both days stand in one row."""
    columns = {key: [cell for mark in reader.marks(key)[:1] for cell in reader.page.below(mark.token, rows=60)]
               for key in ("admitted_on", "discharged_on", "days")}
    out: list[_Stay] = []
    for first in columns["admitted_on"]:
        last = next((cell for cell in columns["discharged_on"] if same_row(first, cell) and cell is not first), None)
        days = [a_day(cell.text) if cell else None for cell in (first, last)]
        if last is None or reader.of(first) or not days[0] or not days[1] or len(days_in(first.text)) > 1:
            break
        number = next((cell for cell in columns["days"] if same_row(first, cell) and count(cell.text)), None)
        told = count(number.text) if number else None
        out.append(_Stay(_Part(days[0][0].day, first.confidence * 0.97, (first,)), _Part(days[1][0].day, last.confidence * 0.97, (last,)),
                         _Part(told[0], number.confidence * 0.97, (number,)) if told and number else None))
    return out


def _in_order(reader: Reader, key: str) -> list[Value[Day]]:
    return sorted(reader.values(key, a_day), key=lambda value: (value.mark.token.y, value.mark.token.left))


def _surest(parts: list[_Part]) -> list[_Part]:
    return sorted(parts, key=lambda part: -part.confidence)[:1]


def _fitting(admitted: list[_Part], discharged: list[_Part], days: list[_Part]) -> list[_Part]:
    if admitted and discharged:
        fitting = [part for part in days if _Stay(admitted[0], discharged[0], part).proof() == PROVEN]
        if fitting:
            return fitting[:1]
    return _surest(days)


_IN = re.compile(r"(?:入|人)\s*(?:我|本)?\s*院|收\s*(?:住|治)?\s*入?\s*院|收入|住院治疗|住入")
_OUT = re.compile(r"出\s*院|离院")


def _told(reader: Reader) -> list[tuple[_Part, _Part]]:
    """Days of a stay told in sentences: 于…入院, …出院; or 自…至…住院."""
    admitted = discharged = None
    text = reader.running.text
    days = days_in(text)
    for place, day in enumerate(days):
        following = text[day.end:days[place + 1].start if place + 1 < len(days) else len(text)]
        tokens = reader.running.tokens(day.start, day.end)
        part = _Part(day.day, min(token.confidence for token in tokens) * day.sure * TOLD, tuple(tokens))
        before = text[:day.start]
        begins = re.search(r"(?:自|从|于)\s*$", before) and place + 1 < len(days)
        if admitted is None and (_IN.search(following[:14]) or begins):
            admitted = part
        elif discharged is None and (_OUT.search(following[:12]) or (admitted and re.search(r"(?:至|到|-|~)\s*$", before))):
            discharged = part
    return [(admitted, discharged)] if admitted and discharged else []


def _days_reckoned(reader: Reader, admitted: list[_Part], discharged: list[_Part]) -> list[_Part]:
    """A figure that stands alone is easily overlooked: where the label stands and no figure was seen, the nights between the two
    days are offered for a person to look at."""
    marks = reader.marks("days")
    if not marks or len(admitted) != 1 or len(discharged) != 1:
        return []
    first, last = admitted[0].value, discharged[0].value
    assert isinstance(first, date) and isinstance(last, date)
    return [_Part((last - first).days, RECKONED, (marks[0].token,))] if first <= last else []


_DAYS = re.compile(r"(?:住\s*院\s*(?:治疗)?\s*(?:天数)?\s*(?:共|计)?\s*:?|(?<=[\d日院)( ,])\s*(?:共\s*(?:计|住)?|计)|(?<=[\d日 ])\()"
                   r"\s*(\d{1,3})\s*[天日](?!\s*[-/])")


def _days_told(reader: Reader) -> list[_Part]:
    match = _DAYS.search(reader.running.text)
    if not match:
        return []
    tokens = reader.running.tokens(match.start(1), match.end(1))
    return [_Part(int(match[1]), min(token.confidence for token in tokens) * TOLD, tuple(tokens))]


def _fields(reader: Reader, stay: _Stay) -> list[Found]:
    proof, out = stay.proof(), list[Found]()
    for name, part in (("admitted_on", stay.admitted), ("discharged_on", stay.discharged), ("days", stay.days)):
        if part is None:
            continue
        sure = part.confidence
        if proof is not None:
            sure = max(sure, proof) if proof == PROVEN else min(sure, proof)
        out.append(found(reader.page, name, str(part.value), sure, part.tokens))
    return out
