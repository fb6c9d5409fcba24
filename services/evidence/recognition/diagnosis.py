"""疾病诊断证明书: who, where, what and since when. Pure."""

from __future__ import annotations

import re

from services.evidence.recognition.common import (
    TOLD,
    a_day,
    diagnosis_text,
    disease,
    disease_alone,
    found,
    hospital,
    name,
    one,
)
from services.evidence.recognition.labels import Labels
from services.evidence.recognition.layout import Page
from services.evidence.recognition.lines import Found
from services.evidence.recognition.places import Reader
from services.evidence.recognition.values import days_in

_LABELS = Labels("diagnosis")
_TOLD = re.compile(r"(?:确\s*诊|诊\s*断|考虑)\s*(?:为|是)\s*[:“\"]?\s*([^。;；”\"]{2,40})")


def read(page: Page) -> list[Found]:
    """Name, hospital, disease and the day of diagnosis: of the certificate when no other is told."""
    reader = Reader(page, _LABELS)
    return name(reader) + hospital(reader) + (disease(reader) or _told(reader) or disease_alone(reader)) + _day(reader)


def _told(reader: Reader) -> list[Found]:
    for token in reader.tokens:
        match = _TOLD.search(token.text)
        if match and len(diagnosis_text(match[1])) > 1:
            text = re.split(r"[,，](?=建议|需|予|故|现|于|并(?!发)|目前|术后|恢复|病情|住院|给予|后续|拟)", match[1])[0]
            tokens = (token.part(match.start(1), match.end(1)),)
            return [found(reader.page, "disease", diagnosis_text(text), token.confidence * TOLD, tokens)]
    return []


def _day(reader: Reader) -> list[Found]:
    for key, sure in (("diagnosed_on", 1.0), ("issued", 0.99)):
        value = reader.value(key, a_day)
        if value:
            return one(reader.page, "diagnosed_on", value, value.value.day.isoformat(), value.confidence * sure)
    told = [(token, day) for token in reader.tokens for day in days_in(token.text)
            if not any(mark.key == "other" for mark in reader.of(token)) and not _claimed(reader, token)]
    sentence = [(token, day) for token, day in told if re.match(r"\s*[^。;]{0,16}(?:确诊|诊断)", token.text[day.end:])]
    bottom = [(token, day) for token, day in told
              if len(token.text) < 24 and not re.match(r"\s*(?:入|人|出|住|就诊|来)", token.text[day.end:])]
    for choice, sure in ((sentence[:1], TOLD), (bottom[-1:], TOLD)):
        for token, day in choice:
            tokens = (token.part(day.start, day.end),)
            return [found(reader.page, "diagnosed_on", day.day.isoformat(), token.confidence * day.sure * sure, tokens)]
    return []


def _claimed(reader: Reader, token: object) -> bool:
    return any(mark.key == "other" and any(part is token for part in reader.right(mark)) for mark in reader.all)
