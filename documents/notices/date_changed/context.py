"""期限变更告知书: a day that an earlier letter named has moved, because the year's days off were announced or changed."""

from __future__ import annotations

from datetime import date

from pydantic import Field, model_validator

from documents.layout.context import Due, Letter, Text


class Context(Letter):
    """Values of the note. The number of days stays; only which of them count has changed."""

    which: Text
    """The period: 给付期限."""
    old: date
    due: Due
    named_in: list[Text] = Field(min_length=1)
    """The letters that named the old day, each with its title in book marks and its number."""
    sources: list[Text] = Field(min_length=1)
    """The announcements by which it is counted now."""
    reader_acts: bool = False
    """The period is the reader's own, not the office's."""

    @model_validator(mode="after")
    def _has_moved(self) -> Context:
        if self.due.on == self.old:
            raise ValueError("日期没有变化，不发期限变更告知书")
        return self
