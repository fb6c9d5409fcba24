"""补充材料一次性告知书: every paper still needed, told at once (保险法 22), with its effect on the clock."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from documents.layout.context import Due, Letter, Text, Value


class Item(Value):
    """One paper asked for: what, why, and how it is put right: what to bring and where to get it."""

    name: Text
    reason: Text
    remedy: Text


class Context(Letter):
    """Values of the list. A later list than the first says why it could not be asked at once."""

    items: Annotated[tuple[Item, ...], Field(min_length=1)]
    basis: Text
    """Source of the duty to supplement: the plan's clause, or 《中华人民共和国保险法》第二十二条."""
    asked_by: Text | None = None
    """The insurer, where the question is theirs."""
    later_round: bool = False
    """The decided claim is looked at again: unanswered, it is decided on what is on file."""
    first: bool = True
    further_reason: Text | None = None
    """Why a later list was needed, as a clause without full stop."""
    answer_due: Due
    clock_name: Text = "给付期限"
    answer_ways: Annotated[tuple[Text, ...], Field(min_length=1)]
    limitation: Due | None = None
    """Until when the claim may be taken up again."""

    @model_validator(mode="after")
    def _later_list_has_reason(self) -> Context:
        if self.first == (self.further_reason is not None):
            raise ValueError("再次告知须且仅须说明 further_reason")
        return self
