"""What the second person sees of a proposed rule-book: the whole wording, what it changes, its samples computed now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.models import Release
from services.releases import book_change
from services.releases.book_change import Sample
from services.reporting.wording import Section, wording
from services.rulebook import registry
from services.rulebook.schema import RuleBook
from services.rulebook.validation import Finding
from services.web.desks.plans import Change, changes


@dataclass(frozen=True, slots=True)
class Proposed:
    """A release's book. `before`: the wording that governs the day before it, None for a new plan; `same`: samples as proposed."""

    book: RuleBook | None
    findings: Sequence[Finding]
    sections: list[Section]
    before: RuleBook | None
    changed: list[tuple[str, list[Change]]]
    samples: list[Sample]
    same: bool
    text: str


def proposed(found: Release) -> Proposed | None:
    """The book of a release; None for another kind, or one that was proposed before files were kept."""
    text = found.payload.get("text")
    if found.kind != "rule_book" or not isinstance(text, str):
        return None
    plan = str(found.payload["plan"])
    book, findings = book_change.read(plan, text)
    if book is None:
        return Proposed(None, findings, [], None, [], [], False, text)
    kept = book_change.samples_of(found.payload)
    samples = book_change.computed(book, [(str(one["name"]), given) for one in kept if isinstance(given := one.get("input"), dict)])
    earlier = [one for one in registry.plans() if one.plan == plan and one.from_ < book.from_]
    before = earlier[-1] if earlier else None
    return Proposed(book, findings, wording(book), before, changes(before, book) if before else [], samples,
                    [sample.said for sample in samples] == [dict(one) for one in kept], text)
