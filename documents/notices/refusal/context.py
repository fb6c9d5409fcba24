"""不予给付通知书: which clause, which fact, which paper, and what can still be done by when (保险法 24)."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from documents.layout.context import Clause, Due, Letter, Objection, Text, Value


class Reason(Value):
    """Why a benefit is not paid: the clause, the fact that meets it, the paper that shows the fact."""

    benefit: Text
    clause: Clause
    fact: Text
    paper: Text


class Remedy(Value):
    """Something the claimant can still do, as a sentence without full stop; `due` where it has a last day."""

    text: Text
    due: Due | None = None


class Context(Letter):
    """Values of the refusal."""

    decided_on: date
    facts: Annotated[tuple[Text, ...], Field(min_length=1)]
    reasons: Annotated[tuple[Reason, ...], Field(min_length=1)]
    remedies: Annotated[tuple[Remedy, ...], Field(min_length=1)]
    cover_effect: Text | None = None
    """What becomes of the cover, as a sentence."""
    advance_note: Text | None = None
    """What was paid ahead and covers the decided sum, or more: that nothing is to come, what is to be given back."""
    objection: Objection
