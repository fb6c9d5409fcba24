"""`huzhu plans show PLAN`: the whole wording as an office reads it, from who may join to the readings it rests on."""

from __future__ import annotations

from services.cli.output import say, say_item
from services.reporting.wording import Line, wording
from services.rulebook.schema import RuleBook

# Places in from the left, and how much more for the following lines of a paragraph.
_PLACES = {"text": (2, 4), "fact": (2, 4), "entry": (2, 4), "detail": (5, 6)}
_TITLES = {"readings": "所依据的解读（全文见 huzhu plans readings 编号）"}


def say_wording(book: RuleBook) -> None:
    """Print one wording from head to foot."""
    say(f"{book.name}（{book.plan} {book.version}）")
    for section in wording(book):
        if section.title:
            say(f"\n{_TITLES.get(section.key, section.title)}")
        for line in section.lines:
            _say(line)


def _say(line: Line) -> None:
    indent, hang = _PLACES[line.kind]
    say_item(line.said, indent=indent, hang=hang)
