"""The released wordings that this unit of work knows, beside the program's own files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date

from services.rulebook.loader import Document
from services.rulebook.schema import RuleBook


@dataclass(frozen=True, slots=True)
class Released:
    """One released wording: the file as two persons answered for it. `book` is not yet joined with its bundle."""

    book: RuleBook
    document: Document
    release_id: str
    proposed_by: str
    released_by: str
    released_on: date
    samples: tuple[Mapping[str, object], ...] = ()      # the cases with which it was proposed, as computed then


class Shelf:
    """Released wordings; of two of one plan from one day the one released last. Never changed once made."""

    def __init__(self, books: Iterable[Released] = ()) -> None:
        kept = {(one.book.plan, one.book.from_): one for one in books}
        self.books: tuple[Released, ...] = tuple(kept.values())
        self.plans: dict[str, str] = {one.book.plan: one.book.office for one in self.books}
        self.made: dict[str, tuple[RuleBook, ...]] = {}        # what the registry has put together, by plan
        self._of: dict[str, tuple[Released, ...]] = {
            plan: tuple(one for one in self.books if one.book.plan == plan) for plan in self.plans}

    def of(self, plan: str) -> tuple[Released, ...]:
        """The released wordings of one plan."""
        return self._of.get(plan, ())


NONE = Shelf()
# A context's own, so that two databases in one process (tests, a simulated house) never see one another's plans in a unit of
# work; a context that has had none goes by what this process heard last.
_here: ContextVar[Shelf | None] = ContextVar("released_books", default=None)
_heard = [NONE]


def shelf() -> Shelf:
    """What the unit of work in hand knows; outside of any, what was heard last."""
    return _here.get() or _heard[0]


def use(found: Shelf) -> None:
    """From here on this context knows these."""
    _here.set(found)
    _heard[0] = found
