"""What kinds of papers are called, for those who show them."""

from __future__ import annotations

from collections.abc import Iterable

from services.evidence.rules import EXTRA, paper_name
from services.rulebook.schema import RuleBook

__all__ = ["EXTRA", "paper_name", "paper_names"]


def paper_names(book: RuleBook, kinds: Iterable[str]) -> dict[str, str]:
    """The Chinese name of each kind: the plan's own words, else the common ones."""
    return {kind: paper_name(book, kind) for kind in dict.fromkeys(kinds)}
