"""The trial rule-book broken in one place."""

from __future__ import annotations

from pathlib import Path

from services.engine.checking.check import check
from services.rulebook.validation import Finding

TRIAL = Path(__file__).parent / "trial" / "2025-07-01.yaml"


def broken(file: Path, old: str, new: str) -> list[Finding]:
    """What is found after `old`, which stands once, became `new`."""
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1, old
    file.write_text(text.replace(old, new), encoding="utf-8")
    return check(file)


def line_of(path: Path, text: str) -> int:
    """The one line that holds the text."""
    found = [number for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1) if text in line]
    assert len(found) == 1, text
    return found[0]
