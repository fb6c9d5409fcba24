"""Free words that people write: bounded, never empty."""

from __future__ import annotations

from services.core.errors import InputError

LONGEST = 500


def written(words: str, field: str) -> str:
    """The words without blanks around them. InputError: none, or more than `LONGEST` characters."""
    text = words.strip()
    if not text or len(text) > LONGEST:
        raise InputError("text_length", f"须写明内容，最多 {LONGEST} 字", remedy="补上或缩短", field=field)
    return text
