"""出院小结, 出院记录: who, where, from when to when, with what. Pure."""

from __future__ import annotations

from services.evidence.recognition.common import disease, disease_alone, hospital, name
from services.evidence.recognition.labels import Labels
from services.evidence.recognition.layout import Page
from services.evidence.recognition.lines import Found
from services.evidence.recognition.places import Reader
from services.evidence.recognition.stays import stays

_LABELS = Labels("discharge")


def read(page: Page) -> list[Found]:
    """Name, hospital, stays and the diagnosis at discharge."""
    reader = Reader(page, _LABELS)
    return name(reader) + hospital(reader) + stays(reader) + (disease(reader) or disease_alone(reader))
