"""Values of letters that come after a decision: which decision is meant, and what is put right in it."""

from __future__ import annotations

from datetime import date

from documents.layout.context import LetterNumber, Text, Value


class Earlier(Value):
    """An earlier decision. `words` say what it gave, as a clause: 给付互助金60000.00元; 不予给付."""

    number: LetterNumber | None = None
    """Of its letter; absent when none was issued."""
    decided_on: date
    words: Text


class Change(Value):
    """One thing put right: as it was, as it is."""

    what: Text
    old: Text
    new: Text
