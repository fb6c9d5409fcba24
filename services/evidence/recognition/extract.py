"""From the words of one page to its fields. Pure rules: nothing here knows how the words were read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import NamedTuple

from services.evidence.recognition import (
    bank_card,
    diagnosis,
    discharge,
    fire,
    id_card,
    invoice,
    pathology,
    settlement,
)
from services.evidence.recognition.common import DOUBTED, PROVEN, TOLD
from services.evidence.recognition.kinds import UNSURE, kind_of
from services.evidence.recognition.layout import Page
from services.evidence.recognition.lines import Found, Words
from services.evidence.recognition.vocabulary import SHEETS

_READERS: dict[str, Callable[[Page], list[Found]]] = {
    "id_card": id_card.read, "bank_card": bank_card.read, "diagnosis": diagnosis.read, "pathology": pathology.read,
    "discharge": discharge.read, "settlement": settlement.read, "invoice": invoice.read, "fire": fire.read}
CERTAIN = 0.9           # from here on a field is shown as certain
# Most. Chosen on practice sheets 1 and 2 with a reader that had not met them: at a half and less, names of a notice about a fire
# were still certain and wrong; at two thirds nothing more was gained and known sheets lost twice as many certain fields.
FAMILIAR = 0.5


class Reading(NamedTuple):
    """One page read. `sheet` none when no kind speaks clearly; then there are no fields.

    `found` in reading order: several of one name (stays on one sheet) are the places 0, 1, 2 … of that field. The seal is no
    word: see `seal`.
    """

    sheet: str | None
    confidence: float
    found: list[Found]


def extract(words: Words) -> Reading:
    """Kind of sheet and its fields, each with value in the written form of the vocabulary, confidence and box. Never raises."""
    sheet, confidence = kind_of(words)
    if sheet is None:
        return Reading(None, 0.0, [])
    fields = _once(sheet, _READERS[sheet](Page(words)))
    if confidence < UNSURE:
        fields = [replace(field, confidence=min(field.confidence, DOUBTED)) for field in fields]
    elif not _familiar(sheet, fields):
        fields = [replace(field, confidence=min(field.confidence, TOLD)) if field.confidence < PROVEN else field for field in fields]
    return Reading(sheet, confidence, fields)


def _familiar(sheet: str, fields: Iterable[Found]) -> bool:
    """Whether most of the fields that such a sheet has stand behind a label of the tables without a rival, or are proven.

    A page of which the tables know less is of a kind nobody has seen: there a single label that fits may be of something else
    (当事人意见 of a notice that names its people otherwise), and only what proves itself is certain.
    """
    asked = {spec.name for spec in SHEETS[sheet].fields if spec.type != "flag"}
    sure = {field.name for field in fields if field.confidence >= CERTAIN}
    return len(sure) > FAMILIAR * len(asked)


def _once(sheet: str, found: list[Found]) -> list[Found]:
    """One date or amount at one place is one field's: where two fields took it, neither is sure, unless a sum or a count proved it."""
    kinds = {spec.name: spec.type for spec in SHEETS[sheet].fields}
    taken = Counter((field.box, field.value) for field in found if kinds[field.name] in ("date", "money"))
    return [replace(field, confidence=min(field.confidence, DOUBTED)) if taken[field.box, field.value] > 1 and field.confidence < PROVEN
            and sheet != "id_card" else field for field in found]
