"""延期告知书: a promised day cannot be kept: which, why, what has been done, and what the reader may do."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from documents.layout.context import Due, Letter, Text


class Context(Letter):
    """Values of the note. `which` is the promise: to pay, or the insurer's assessment (保险法 23)."""

    which: Literal["pay", "assessment"]
    due: Due
    basis: Text
    stage: Text
    """Where the claim stands, as a clause: 正在由主任审批."""
    reason: Text
    """Why the day is missed, as a sentence without full stop."""
    reader_acts: Text | None = None
    """What the reader must do so that it goes on; absent when nothing waits for the reader."""
    insurer_name: Text | None = None

    @model_validator(mode="after")
    def _is_due(self) -> Context:
        if self.issued_on < self.due.on:
            raise ValueError("期限尚未届满，不发延期告知书")
        if self.which == "assessment" and self.insurer_name is None:
            raise ValueError("核定期限须写明保险公司")
        return self
