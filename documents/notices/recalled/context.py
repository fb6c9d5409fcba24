"""收回移送材料告知书: the union took the file back from the insurer, why, and who goes on with it."""

from __future__ import annotations

from datetime import date

from pydantic import model_validator

from documents.layout.context import Due, Letter, LetterNumber, Text


class Context(Letter):
    """Values of the note. `reason` is the office's, as a clause without full stop."""

    insurer_name: Text
    forwarded_on: date | None = None
    """The day the file went to the insurer; absent when it had not left yet."""
    transfer_number: LetterNumber | None = None
    recalled_on: date
    reason: Text
    next_due: Due | None = None
    """Until when the papers are looked at again."""

    @model_validator(mode="after")
    def _in_order(self) -> Context:
        if self.forwarded_on is not None and self.forwarded_on > self.recalled_on:
            raise ValueError("收回日期不得早于移送日期")
        return self
